"""Sealing: a key for each school, its id in every ciphertext, nothing opened by the wrong key."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from yincai.config import env
from yincai.core import crypto, home
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


def test_a_database_without_its_key_never_gets_a_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keys" / "master.key"
    monkeypatch.setenv("YINCAI_HOME", str(tmp_path))
    monkeypatch.delenv("YINCAI_KEY_FILE", raising=False)
    home.database_file().touch()
    with pytest.raises(home.HomeError, match="主密钥"):
        home.make_key()
    with pytest.raises(home.HomeError, match=r"db\.example/yincai"):
        home.make_key("db.example/yincai", lambda: True)
    assert not path.exists()
    home.make_key("db.example/yincai", lambda: False)  # a new city; the file beside it is another's
    assert len(home.read_key(path)) == home.KEY_BYTES


def test_a_server_is_asked_whether_it_holds_a_city() -> None:
    if connection.vendor == "postgresql":
        given = connection.settings_dict
        at = f"postgresql://{given['USER']}@{given['HOST']}:{given['PORT']}"
        assert env.holds_a_city(f"{at}/{given['NAME']}")
        assert not env.holds_a_city(f"{at}/template1")
    with pytest.raises(env.SettingError, match="连不上"):
        env.holds_a_city("postgresql://nobody@127.0.0.1:1/nothing")
    assert env.server_of("postgresql://city:secret@db.example:5433/yincai") == "db.example/yincai"


def test_a_database_of_another_master_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    crypto.check_master_key()
    monkeypatch.setattr(crypto, "master_fingerprint", lambda *_: "another")
    with pytest.raises(HomeError, match="不是这个数据库的那一把"):
        crypto.check_master_key()
