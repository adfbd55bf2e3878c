"""摸底 on paper: parallel forms, what is printed, marks that become facts, and what is refused."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.cast import Cast
from tests.learning.desk import counts, facts, number_of
from yincai.core.actors import acting
from yincai.core.models import AuditRow
from yincai.core.scope import unscoped
from yincai.learning import papers
from yincai.learning.actions.steering import rule_items
from yincai.learning.models import ItemRule, PaperMark, PlacementPaper, PlacementResult
from yincai.records.models import LearnerState
from yincai.records.queries import scores_in_force


@pytest.fixture
def wang(cast: Cast) -> Client:
    return cast.client(cast.wang)


def made(cast: Cast, client: Client, length: int = 12) -> PlacementPaper:
    reply = client.post(f"/classes/{cast.class51.pk}/placement/paper", {"length": str(length)})
    assert reply.status_code == 302, reply.content.decode()
    with acting(cast.actor(cast.wang)):
        row = PlacementPaper.objects.select_related("school_class").get()
        papers.assemble(row)
    return row


def enter(cast: Cast, client: Client, row: PlacementPaper, status: int = 302, **fields: str) -> str:
    data = {"on": timezone.localdate().isoformat(), **fields}
    reply = client.post(f"/classes/papers/{row.pk}/marks", data)
    assert reply.status_code == status, reply.content.decode()
    with acting(cast.actor(cast.wang)):
        papers.count(
            PlacementPaper.objects.select_related("school_class").get(pk=row.pk), acting_user=cast.actor(cast.wang)
        )
    return reply.content.decode()


def marks_of(cast: Cast, signs: str, form: str = "A") -> dict[str, str]:
    number = number_of(cast.ming)
    return {
        f"f{number}": form,
        **{f"m{number}-{turn}": sign for turn, sign in enumerate(signs, start=1) if sign != "-"},
    }


def test_two_forms_share_nothing_and_measure_alike(cast: Cast, wang: Client) -> None:
    row = made(cast, wang)
    assert row.state == PlacementPaper.READY
    first, second = ({(item, seed) for item, _, seed in row.forms[letter]} for letter in "AB")
    assert len(first) == len(second) == 12 and not first & second
    for one, other in zip(row.curves["A"], row.curves["B"], strict=True):
        assert abs(one - other) < 0.12 * max(one, other)
    page = wang.get(f"/classes/papers/{row.pk}").content.decode()
    assert "A、B 两卷各 12 题" in page and "登记对错" in page


def test_what_is_printed(cast: Cast, wang: Client) -> None:
    row = made(cast, wang)
    form = wang.get(f"/classes/papers/{row.pk}/print/A").content.decode()
    assert form.count('class="blank"') == 12 and "不是考试" in form and "知识点" not in form
    key = wang.get(f"/classes/papers/{row.pk}/print/key").content.decode()
    assert "登记单" in key and key.index("小明") < key.index("小红") and "B 卷" in key
    with unscoped("test"):
        assert AuditRow.objects.filter(kind="learning.PaperPrinted").count() == 1
    assert wang.get(f"/classes/papers/{row.pk}/print/C").status_code == 404


def test_marks_become_facts_states_and_a_result_once(cast: Cast, wang: Client) -> None:
    row = made(cast, wang)
    signs = "1111101000-0"
    enter(cast, wang, row, **marks_of(cast, signs))
    kept = facts()
    assert len(kept) == 11 and {fact.source for fact in kept} == {"placement-paper"}
    assert sum(fact.score for fact in kept) == 6
    with unscoped("test"):
        result, before = PlacementResult.objects.get(), LearnerState.objects.get().number
    assert result.n == 11 and result.paper_id == row.pk
    enter(cast, wang, row, **marks_of(cast, signs))
    assert counts()[1] == 11
    page = wang.get(f"/classes/{cast.class51.pk}/placement").content.decode()
    assert "1 人做过摸底" in page and "纸面" in page
    report = wang.get(f"/classes/{cast.class51.pk}/report").content.decode()
    assert "5 次没有写出答案" in report and "看不出错因" not in report and "逐个看" not in report
    with unscoped("test"):
        assert LearnerState.objects.get().number == before
    assert "可以从“" in cast.client(cast.ming).get("/learn/placement").content.decode()


def test_what_a_teacher_banned_is_not_printed_and_says_nothing(cast: Cast, wang: Client) -> None:
    row = made(cast, wang)
    enter(cast, wang, row, **marks_of(cast, "111110100010"))
    with unscoped("test"):
        before = PlacementResult.objects.get()
    assert "设成了“不出”" not in wang.get(f"/classes/papers/{row.pk}").content.decode()
    out = row.forms["A"][2][0]
    with acting(cast.actor(cast.wang)):
        rule_items(cast.class51, [out], ItemRule.BAN, acting_user=cast.actor(cast.wang))
        again = PlacementPaper.objects.create(school_class=cast.class51, grade=5, length=12, made_by=row.made_by)
        papers.assemble(again)
    assert out not in {one[0] for letter in "AB" for one in again.forms[letter]}
    page = wang.get(f"/classes/papers/{row.pk}").content.decode()
    assert "A 卷第 3 题" in page and "设成了“不出”" in page
    enter(cast, wang, row, **marks_of(cast, "111110100011"))
    with unscoped("test"):
        after = PlacementResult.objects.get()
    banned = sum(one[0] == out for one in row.forms["A"])
    assert after.n == before.n - banned and after.pk == before.pk


def test_a_form_on_paper_is_a_score_and_a_mended_mark_corrects_it(cast: Cast, wang: Client) -> None:
    row = made(cast, wang)
    enter(cast, wang, row, **marks_of(cast, "111111000000"))
    with unscoped("test"):
        (first,) = scores_in_force()
    assert first.form.startswith("A-") and first.test == "placement-math-5" and first.source == "sitting"
    assert timezone.localdate(first.at) == timezone.localdate()
    enter(cast, wang, row, **marks_of(cast, "111111000000"))
    enter(cast, wang, row, **marks_of(cast, "011111000000"))
    with unscoped("test"):
        (second,) = scores_in_force()
    assert second.replaces == first.statement and second.score and first.score and second.score < first.score


def test_a_mark_entered_wrongly_is_corrected(cast: Cast, wang: Client) -> None:
    row = made(cast, wang)
    enter(cast, wang, row, **marks_of(cast, "111111000000"))
    enter(cast, wang, row, **marks_of(cast, "011111000000"))
    kept = facts()
    assert kept[-1].replaces == 1 and kept[-1].score == 0.0
    page = enter(cast, wang, row, 400, **marks_of(cast, "-11111000000"))
    assert "不能改成没做" in page
    assert "不能改成 B 卷" in enter(cast, wang, row, 400, **marks_of(cast, "011111000000", "B"))
    wang.get(f"/classes/papers/{row.pk}")  # what was said before is read
    enter(cast, wang, row, **marks_of(cast, "011111000000"))
    assert "没有改动" in wang.get(f"/classes/papers/{row.pk}").content.decode()


def test_a_slip_of_the_hand_loses_nothing(cast: Cast, wang: Client) -> None:
    row = made(cast, wang)
    page = enter(cast, wang, row, 400, **marks_of(cast, "11111170000-"))
    assert "小明：第 7 题没有读懂，每题只填 1" in page and 'value="7"' in page and 'class="mend"' in page
    tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()
    assert "在今天之后" in enter(cast, wang, row, 400, on=tomorrow, **marks_of(cast, "1" * 12))
    with unscoped("test"):
        assert not PaperMark.objects.exists()


def test_a_sheet_with_nothing_on_it_is_not_saved(cast: Cast, wang: Client) -> None:
    row = made(cast, wang)
    assert "一格也没有填" in enter(cast, wang, row, 400)
    with unscoped("test"):
        row.refresh_from_db()
    assert row.on is None


def test_the_moment_of_a_paper_is_never_to_come() -> None:
    day = date(2026, 11, 27)
    early, late = (timezone.make_aware(datetime.combine(day, time(hour))) for hour in (5, 18))
    assert papers.moment_of(day, early) == early
    assert papers.moment_of(day, late) == papers.moment_of(day, late + timedelta(days=3)) == late.replace(hour=12)


def test_who_has_no_consent_is_not_entered(cast: Cast, wang: Client) -> None:
    row = made(cast, wang)
    number = number_of(cast.gang)
    assert "没有家长同意" in wang.get(f"/classes/papers/{row.pk}/marks").content.decode()
    page = enter(cast, wang, row, 400, **{f"f{number}": "A", f"m{number}-1": "1"})
    assert "没有家长同意" in page and counts() == (0, 0, 0)


@pytest.mark.parametrize("grade", [1, 2])
def test_grades_one_and_two_get_no_paper(cast: Cast, wang: Client, grade: int) -> None:
    with unscoped("test"):
        cast.class51.grade = grade
        cast.class51.save(update_fields=["grade"])
    page = wang.get(f"/classes/{cast.class51.pk}/placement").content.decode()
    assert "一、二年级不组织纸笔测试" in page and "组一套" not in page
    assert "还没有摸底可做" in page and "还没有做" not in page and "自己做，约十五分钟" not in page
    reply: Any = wang.post(f"/classes/{cast.class51.pk}/placement/paper", {"length": "12"}, follow=True)
    assert "一、二年级不组织纸笔测试" in reply.content.decode()
    with unscoped("test"):
        assert not PlacementPaper.objects.exists()
