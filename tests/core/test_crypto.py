"""Sealing: a key for each school, its id in every ciphertext, nothing opened by the wrong key."""

from __future__ import annotations

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yincai.core import crypto
from yincai.core.crypto import SealError
from yincai.core.home import HomeError
from yincai.core.models import DataKey

pytestmark = pytest.mark.django_db
SCHOOL, OTHER = uuid4(), uuid4()


@pytest.fixture(autouse=True)
def keys() -> None:
    crypto.forget_keys()


def test_each_school_has_its_key_and_every_ciphertext_names_it() -> None:
    one, other = crypto.seal("330102", SCHOOL), crypto.seal("330102", OTHER)
    assert one[1:17] == DataKey.objects.get(owner=SCHOOL).pk.bytes
    assert other[1:17] == DataKey.objects.get(owner=OTHER).pk.bytes
    assert crypto.unseal(one) == crypto.unseal(other) == "330102"


def test_the_same_text_never_looks_the_same_but_has_one_digest() -> None:
    assert crypto.seal("13800000000", SCHOOL) != crypto.seal("13800000000", SCHOOL)
    assert crypto.digest("13800000000") == crypto.digest("13800000000") != crypto.digest("13800000001")


@given(st.text(max_size=200))
def test_what_is_sealed_opens_again(text: str) -> None:
    crypto.forget_keys()
    assert crypto.unseal(crypto.seal(text, None)) == text


@pytest.mark.parametrize("place", [0, 5, 20, -1])
def test_a_changed_byte_is_noticed(place: int) -> None:
    sealed = bytearray(crypto.seal("学籍号", SCHOOL))
    sealed[place] ^= 1
    with pytest.raises(SealError):
        crypto.unseal(bytes(sealed))


def test_a_replaced_data_key_leaves_old_rows_readable() -> None:
    old = crypto.seal("旧", SCHOOL)
    DataKey.objects.filter(owner=SCHOOL).update(purpose="retired")
    crypto.forget_keys()
    new = crypto.seal("新", SCHOOL)
    assert old[1:17] != new[1:17]
    assert (crypto.unseal(old), crypto.unseal(new)) == ("旧", "新")


def test_a_database_of_another_master_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    crypto.check_master_key()
    monkeypatch.setattr(crypto, "master_fingerprint", lambda *_: "another")
    with pytest.raises(HomeError, match="不是这个数据库的那一把"):
        crypto.check_master_key()
