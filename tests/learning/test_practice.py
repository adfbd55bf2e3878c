"""Practice as a pupil meets it: questions, answers, hints, rest, the end; with consent and without."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

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
    right_answer,
    take_hint,
    token_in,
    write_item,
)
from yincai.core.models import AuditRow
from yincai.core.scope import unscoped
from yincai.knowledge.generators import get
from yincai.learning.models import HintUse, Practice


@pytest.fixture
def ming(cast: Cast) -> Client:
    return cast.client(cast.ming)


def fraction_form(cast: Cast, client: Client) -> str:
    begin(client)
    return issue(cast.ming, generator_item("fraction-add"))


RIGHT = get("fraction-add", 1).make(7, 1).answer


def test_a_right_answer_moves_the_state_and_the_next_question_is_there(cast: Cast, ming: Client) -> None:
    _, token = ask(ming)
    reply = give(ming, token, right_answer(token, cast.ming), headers=HTMX)
    page = reply.content.decode()
    assert "对了" in page and "下一题" in page and "<html" not in page
    assert counts() == (1, 1, 1)
    assert token_in(reply) != token


def damage_states() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE records_learnerstate SET state = %s", [b"\x02\x07\x00nothing"])


def test_a_damaged_state_is_mended_and_the_pupil_notices_nothing(cast: Cast, ming: Client) -> None:
    """In an answer, in the same one sent again, and on each page that reads the state."""
    address, token = ask(ming)
    damage_states()
    answer = right_answer(token, cast.ming)
    page = give(ming, token, answer, headers=HTMX).content.decode()
    assert "对了" in page and "下一题" in page
    damage_states()
    assert "对了" in give(ming, token, answer, headers=HTMX).content.decode()
    wang = cast.client(cast.wang)
    for client, url in ((ming, address), (ming, "/learn/"), (wang, f"/classes/{cast.class51.pk}")):
        damage_states()
        assert client.get(url).status_code == 200
    assert counts() == (1, 1, 1)
    with unscoped("test"):
        assert AuditRow.objects.filter(verb="records.mend_state").count() == 4


def test_without_javascript_every_step_is_a_whole_page(cast: Cast, ming: Client) -> None:
    token = fraction_form(cast, ming)
    hinted = ming.post("/learn/hint", {"form": token, "level": "1", "answer": "1/"}).content.decode()
    assert "<html" in hinted and 'class="why' in hinted and 'value="1/"' in hinted and token in hinted
    answered = give(ming, token, RIGHT).content.decode()
    assert "<html" in answered and "对了" in answered
    assert facts()[0].hints == 1


def test_what_cannot_be_read_goes_back_with_the_place_marked_and_is_no_attempt(cast: Cast, ming: Client) -> None:
    token = fraction_form(cast, ming)
    take_hint(ming, token, 1)
    page = give(ming, token, "1/+2").content.decode()
    assert 'value="1/+2"' in page and 'role="alert"' in page and "<mark>+</mark>" in page
    assert 'class="why' in page  # the hint that was read stays
    assert token in page
    assert counts() == (0, 0, 0)
    assert "对了" in give(ming, token, RIGHT).content.decode()


@pytest.mark.parametrize("typed", ["", "   ", "9" * 300])
def test_nothing_and_too_much_go_back_too(cast: Cast, ming: Client, typed: str) -> None:
    page = give(ming, fraction_form(cast, ming), typed)
    assert page.status_code == 200 and 'role="alert"' in page.content.decode()
    assert counts() == (0, 0, 0)


def test_a_choice_not_made_goes_back_with_the_question(cast: Cast, ming: Client) -> None:
    begin(ming)
    token = issue(cast.ming, write_item("c1"), seed=None)
    page = ming.post("/learn/answer", {"form": token}).content.decode()
    assert 'role="alert"' in page and token in page
    assert counts() == (0, 0, 0)


def test_several_options_are_kept_as_letters_in_order(cast: Cast, ming: Client) -> None:
    begin(ming)
    token = issue(cast.ming, write_item("m1", kind="multiple", key="AC"), seed=None)
    page = give(ming, token, ["C", "A"]).content.decode()
    assert "对了" in page and r"A．$\frac{2}{5}$；C．$\frac{1}{6}$" in page


def test_a_wrong_answer_names_its_cause_and_is_explained(cast: Cast, ming: Client) -> None:
    token = fraction_form(cast, ming)
    fault = get("fraction-add", 1).make(7, 1).faults[0]
    page = give(ming, token, fault.answer).content.decode()
    assert "还差一点" in page and "正确答案" in page and "讲解" in page
    assert facts()[0].cause == fault.malrule


def test_hints_come_in_order_and_are_counted_on_the_server(cast: Cast, ming: Client) -> None:
    token = fraction_form(cast, ming)
    assert take_hint(ming, token, 2).status_code == 400
    assert ming.post("/learn/hint", {"form": token, "level": "²"}).status_code == 400
    assert [take_hint(ming, token, level).status_code for level in (1, 1, 2)] == [200, 200, 200]
    give(ming, token, RIGHT)
    assert facts()[0].hints == 2
    with unscoped("test"):
        assert HintUse.objects.count() == 2


def test_time_at_a_question_is_never_more_than_has_passed(cast: Cast, ming: Client) -> None:
    begin(ming)
    item = generator_item("fraction-add")
    ming.post("/learn/answer", {"form": issue(cast.ming, item), "answer": RIGHT, "spent": "99999999"})
    ming.post("/learn/answer", {"form": issue(cast.ming, item), "answer": RIGHT, "spent": "²"})
    assert all(fact.duration_ms < 5000 for fact in facts())


def test_the_progress_counts_on_over_a_reload(cast: Cast, ming: Client) -> None:
    address, token = ask(ming)
    give(ming, token, right_answer(token, cast.ming))
    assert "第 2 题" in ming.get(address).content.decode()


def test_a_rest_is_due_after_the_minutes_of_the_rule(cast: Cast, ming: Client) -> None:
    address = begin(ming)
    with unscoped("test"):
        Practice.objects.update(stretch_from=timezone.now() - timedelta(minutes=15))
    page = ming.get(address).content.decode()
    assert "已经练了 15 分钟，歇一会儿" in page and 'name="form"' not in page
    assert ming.post(address + "/rested").status_code == 302
    assert 'name="form"' in ming.get(address).content.decode()


def test_a_new_sitting_right_after_another_is_no_rest(cast: Cast, ming: Client) -> None:
    address, token = ask(ming)
    with unscoped("test"):
        Practice.objects.update(stretch_from=timezone.now() - timedelta(minutes=14, seconds=30))
    give(ming, token, right_answer(token, cast.ming))
    ming.post(address + "/stop")
    second = begin(ming)
    with unscoped("test"):
        newest = Practice.objects.get(pk=UUID(second.rpartition("/")[2]))
    assert timezone.now() - newest.stretch_from > timedelta(minutes=14)


def test_a_sitting_begun_another_day_starts_fresh(cast: Cast, ming: Client) -> None:
    begin(ming)
    with unscoped("test"):
        Practice.objects.update(stretch_from=timezone.now() - timedelta(days=1))
    assert 'name="form"' in ming.get(begin(ming)).content.decode()


def test_stopping_says_what_was_practised(cast: Cast, ming: Client) -> None:
    address, token = ask(ming)
    give(ming, token, right_answer(token, cast.ming))
    assert "做了 1 题，答对 1 题" in ming.post(address + "/stop").content.decode()
    assert ming.post(address + "/stop")["Location"] == "/learn/"
    assert ming.get(address)["Location"] == "/learn/"


def test_a_sitting_of_another_pupil_is_not_found(cast: Cast, ming: Client) -> None:
    address = begin(ming)
    hong = cast.client(cast.hong)
    for reply in (hong.get(address), hong.post(address + "/stop"), hong.post(address + "/rested")):
        assert reply["Location"] == "/learn/"
    with unscoped("test"):
        assert Practice.objects.get().ended_at is None


def test_practice_of_a_unit_stays_in_it(cast: Cast, ming: Client) -> None:
    address = begin(ming, unit="5a.polygon")
    page = ming.get(address).content.decode()
    assert '<h1 class="quiet" id="title">多边形的面积</h1>' in page


def test_a_unit_without_items_says_so(cast: Cast, ming: Client) -> None:
    page = ming.get(begin(ming, unit="5a.position")).content.decode()
    assert "这里暂时没有合适的题" in page and "换一个单元" in page


@pytest.mark.parametrize("grade", [None, 0, 1, 2, 9, 10, 12])
def test_a_grade_without_practice_is_told_so_and_nothing_begins(cast: Cast, ming: Client, grade: int | None) -> None:
    with unscoped("test"):
        cast.class51.grade = grade
        cast.class51.save(update_fields=["grade"])
    page = ming.get("/learn/").content.decode()
    assert "你的年级现在还没有练习题" in page and "/learn/start" not in page
    assert ming.post("/learn/start")["Location"] == "/learn/"
    with unscoped("test"):
        assert not Practice.objects.exists()


# --- without consent --------------------------------------------------------------------------------------------------


def test_without_consent_practice_works_and_nothing_is_kept(cast: Cast) -> None:
    client = cast.client(cast.gang)
    address, token = ask(client)
    assert "不留存" in client.get(address).content.decode()
    assert take_hint(client, token, 1).status_code == 200
    assert "对了" in give(client, token, right_answer(token, cast.gang)).content.decode()
    assert counts() == (0, 0, 0)
    with unscoped("test"):
        assert not Practice.objects.exists() and not HintUse.objects.exists()
    assert client.session["unkept_practice"]["states"]
    client.logout()
    assert "unkept_practice" not in client.session


def test_without_consent_an_answer_asks_for_no_set_of_numbers(cast: Cast) -> None:
    client = cast.client(cast.gang)
    _, token = ask(client)
    token = token_in(give(client, token, right_answer(token, cast.gang)))
    answer = right_answer(token, cast.gang)
    with CaptureQueriesContext(connection) as asked:
        give(client, token, answer)
    assert not [query["sql"] for query in asked if "learning_modelversion" in query["sql"]]


def test_without_consent_the_rules_of_the_desk_are_the_same(cast: Cast) -> None:
    client = cast.client(cast.gang)
    address, token = ask(client)
    answer = right_answer(token, cast.gang)
    assert give(client, token, answer).status_code == 200
    assert give(client, token, answer).status_code == 200
    assert len(client.session["unkept_practice"]["seen"]) == 1
    assert give(client, token, "999").status_code == 409
    assert take_hint(client, token, 1).status_code == 400
    assert "第 2 题" in client.get(address).content.decode()
    assert "做了 1 题" in client.post(address + "/stop").content.decode()
    other = issue_unkept(client, token, cast)
    assert give(client, other, "1").status_code == 400
    assert give(client, token, answer).status_code == 200


def issue_unkept(client: Client, token: str, cast: Cast) -> str:
    """A second question of the same sitting."""
    from tests.learning.desk import now, number_of
    from yincai.learning import forms

    form = forms.read(token, pupil=number_of(cast.gang), now=now())
    return forms.issue(
        pupil=form.pupil,
        item=form.item,
        version=form.version,
        seed=form.seed,
        practice=form.practice,
        number=2,
        shown=now(),
    ).token()


def test_without_consent_the_session_holds_a_few_sittings_only(cast: Cast) -> None:
    client = cast.client(cast.gang)
    addresses = [begin(client) for _ in range(5)]
    assert len(client.session["unkept_practice"]["sittings"]) == 3
    assert client.get(addresses[0])["Location"] == "/learn/"
    assert client.get(addresses[3]).status_code == 200
