"""The answer form: bound to pupil, item, version, seed and practice; and what the same form twice may mean."""

from __future__ import annotations

import base64

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from tests.cast import Cast
from tests.learning.desk import (
    HTMX,
    ask,
    begin,
    counts,
    facts,
    generator_item,
    give,
    issue,
    mend_key,
    now,
    right_answer,
    take_hint,
    token_in,
    write_item,
)
from yincai.core.ids import new_id
from yincai.core.scope import unscoped
from yincai.knowledge import pool
from yincai.knowledge.generators import get
from yincai.learning import forms
from yincai.learning.models import HintUse
from yincai.records.models import Statement

RIGHT = get("fraction-add", 1).make(7, 1).answer
REVEALING = ("正确答案", "讲解", "对了", "还差一点", RIGHT)


@pytest.fixture
def ming(cast: Cast) -> Client:
    return cast.client(cast.ming)


def fraction_form(cast: Cast, client: Client) -> str:
    begin(client)
    return issue(cast.ming, generator_item("fraction-add"))


numbers = st.integers(0, 2**62)


@given(pupil=numbers, item=numbers, version=st.integers(0, 2**31), seed=st.none() | numbers, number=st.integers(0, 999))
def test_a_form_comes_back_as_it_was_issued(pupil: int, item: int, version: int, seed: int | None, number: int) -> None:
    issued = forms.issue(
        pupil=pupil, item=item, version=version, seed=seed, practice=new_id(), number=number, shown=1.7e9
    )
    assert forms.read(issued.token(), pupil=pupil, now=1.7e9) == issued


@given(at=st.integers(0, 1000), bit=st.integers(0, 7))
def test_no_bit_of_a_form_can_be_changed(at: int, bit: int) -> None:
    token = forms.issue(pupil=1, item=2, version=3, seed=4, practice=new_id(), number=1, shown=1.7e9).token()
    raw = bytearray(base64.urlsafe_b64decode(token))
    raw[at % len(raw)] ^= 1 << bit
    with pytest.raises((forms.FormRefused, forms.FormOfAnother)):
        forms.read(base64.urlsafe_b64encode(raw).decode(), pupil=1, now=1.7e9)


@pytest.mark.parametrize("token", ["", "abc", "A" * 120, "题", "=" * 9, "x" * 5000])
def test_a_form_that_was_not_issued_here_is_refused(ming: Client, token: str) -> None:
    refused = give(ming, token, "1", headers=HTMX)
    assert refused.status_code == 400 and "请刷新页面" in refused.content.decode()
    assert take_hint(ming, token, 1).status_code == 400
    assert counts() == (0, 0, 0)


@pytest.mark.parametrize("shift", [-25 * 3600, 3600])
def test_a_form_too_old_or_from_the_future_is_refused(cast: Cast, ming: Client, shift: float) -> None:
    begin(ming)
    token = issue(cast.ming, generator_item("fraction-add"), shown=now() + shift)
    assert give(ming, token, RIGHT).status_code == 400
    assert counts() == (0, 0, 0)


def test_a_form_of_a_sitting_that_is_not_the_pupils_is_refused(cast: Cast, ming: Client) -> None:
    begin(ming)
    assert give(ming, issue(cast.ming, generator_item("fraction-add"), practice=new_id()), RIGHT).status_code == 400
    assert counts() == (0, 0, 0)


def test_a_form_of_another_pupil_is_a_conflict_that_reveals_nothing(cast: Cast, ming: Client) -> None:
    token = fraction_form(cast, ming)
    for answered in (False, True):
        if answered:
            give(ming, token, RIGHT)
        for person in (cast.hong, cast.gang, cast.far):  # the class, without consent, another school
            stranger = cast.client(person)
            for typed in (RIGHT, "1/+", "999"):
                refused = give(stranger, token, typed)
                assert refused.status_code == 409
                assert not any(word in refused.content.decode() for word in REVEALING)
            assert take_hint(stranger, token, 1).status_code in (400, 409)
    assert counts() == (1, 1, 1)
    with unscoped("test"):
        assert not HintUse.objects.exists()


def test_the_same_form_with_the_same_answer_has_the_stored_result_again(cast: Cast, ming: Client) -> None:
    token = fraction_form(cast, ming)
    first, again = give(ming, token, RIGHT, headers=HTMX), give(ming, token, RIGHT, headers=HTMX)
    assert "对了" in first.content.decode() and "对了" in again.content.decode()
    assert token_in(again) != token
    assert counts() == (1, 1, 1)


@pytest.mark.parametrize("second", ["999", "1/+", "", " "])
def test_the_same_form_with_another_answer_is_a_conflict_that_reveals_nothing(
    cast: Cast, ming: Client, second: str
) -> None:
    token = fraction_form(cast, ming)
    give(ming, token, RIGHT)
    refused = give(ming, token, second)
    assert refused.status_code == 409
    assert not any(word in refused.content.decode() for word in REVEALING)
    assert counts() == (1, 1, 1)


def test_a_hint_after_the_answer_is_refused_and_changes_no_count(cast: Cast, ming: Client) -> None:
    token = fraction_form(cast, ming)
    take_hint(ming, token, 1)
    give(ming, token, RIGHT)
    late = take_hint(ming, token, 2)
    assert late.status_code == 400 and "已经交过" in late.content.decode()
    give(ming, token, RIGHT)
    assert facts()[0].hints == 1
    with unscoped("test"):
        assert HintUse.objects.count() == 1
        hints = [value for name, value in _extensions().items() if name.endswith("hints")]
    assert hints == [1]


def _extensions() -> dict[str, object]:
    from yincai.records.statements import unpack

    return unpack(Statement.objects.get().body)["context"]["extensions"]


def test_two_tabs_are_two_questions(cast: Cast, ming: Client) -> None:
    address = begin(ming)
    one, other = token_in(ming.get(address)), token_in(ming.get(address))
    assert one != other
    for token in (other, one):
        assert give(ming, token, right_answer(token, cast.ming)).status_code == 200
    assert counts() == (2, 2, 1)
    assert "第 3 题" in ming.get(address).content.decode()


def test_after_the_end_an_answer_is_kindly_refused(cast: Cast, ming: Client) -> None:
    address, token = ask(ming)
    ming.post(address + "/stop")
    for reply in (give(ming, token, right_answer(token, cast.ming), headers=HTMX), take_hint(ming, token, 1)):
        assert reply.status_code == 400 and "已经结束" in reply.content.decode()
        assert "learn/" in reply.content.decode()
    assert counts() == (0, 0, 0)


def test_after_the_end_what_was_stored_is_told_again(cast: Cast, ming: Client) -> None:
    """The reply was lost on the way and the pupil has stopped in another tab."""
    address, token = ask(ming)
    answer = right_answer(token, cast.ming)
    give(ming, token, answer)
    ming.post(address + "/stop")
    again = give(ming, token, answer).content.decode()
    assert "对了" in again and "这次练习已经结束" in again
    assert give(ming, token, "999").status_code == 409
    assert counts() == (1, 1, 1)


def test_consent_given_or_taken_back_in_the_middle(cast: Cast, ming: Client) -> None:
    """The sitting of before is over; the pupil is told, nothing is kept that should not be, and a new one works."""
    token = fraction_form(cast, ming)
    with unscoped("test"):
        type(cast.ming.pseudonym).objects.filter(person=cast.ming).update(keeps=False)
    assert give(ming, token, RIGHT).status_code == 400
    assert counts() == (0, 0, 0)
    _, fresh = ask(ming)
    assert "对了" in give(ming, fresh, right_answer(fresh, cast.ming)).content.decode()
    assert counts() == (0, 0, 0)


# --- a wrong key mended while pupils practise -------------------------------------------------------------------------


def test_a_question_shown_before_its_key_was_mended_is_graded_by_the_new_key(cast: Cast, ming: Client) -> None:
    begin(ming)
    item = write_item("wrong-key", point="m5.frac.add-unlike", key="A")
    token = issue(cast.ming, item, seed=None)
    mend_key(item, "B")
    assert "对了" in give(ming, token, "B").content.decode()
    assert [(fact.version, fact.score) for fact in facts()] == [(2, 1.0)]


def test_an_unmapped_item_is_graded_by_the_new_key_too(cast: Cast, ming: Client) -> None:
    begin(ming)
    item = write_item("loose", key="A")
    token = issue(cast.ming, item, seed=None)
    mend_key(item, "B")
    assert "对了" in give(ming, token, "B").content.decode()


def test_an_answer_sent_again_after_its_key_was_mended_is_no_conflict(cast: Cast, ming: Client) -> None:
    begin(ming)
    item = write_item("wrong-key", point="m5.frac.add-unlike", key="A")
    token = issue(cast.ming, item, seed=None)
    assert "还差一点" in give(ming, token, "B").content.decode()
    mend_key(item, "B")
    again = give(ming, token, "B")
    assert again.status_code == 200 and "对了" in again.content.decode()
    assert give(ming, token, "C").status_code == 409
    assert counts() == (1, 1, 1)


def test_other_options_are_another_question_and_graded_as_shown(cast: Cast, ming: Client) -> None:
    begin(ming)
    item = write_item("reworded", point="m5.frac.add-unlike", key="A")
    token = issue(cast.ming, item, seed=None)
    mend_key(item, "B")
    with unscoped("test"):
        newest = item.versions.get(number=2)
        newest.options = newest.options[::-1]
        newest.save()
        pool.changed("math")
    assert "对了" in give(ming, token, "A").content.decode()
    assert facts()[0].version == 1


def test_an_item_that_is_gone_is_refused_kindly(cast: Cast, ming: Client) -> None:
    begin(ming)
    refused = give(ming, issue(cast.ming, generator_item("fraction-add"), version=99), RIGHT)
    assert refused.status_code == 400 and "已经撤下" in refused.content.decode()
