"""Monitorings: a sample, the same pupils again, never an exam in disguise."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.cast import Cast
from tests.evaluation.conftest import FIRST, SECOND, Town, plan
from yincai.core.action import ActionError
from yincai.core.actors import acting
from yincai.core.models import Fact
from yincai.evaluation.actions.monitor import draw_participants, plan_monitoring
from yincai.evaluation.models import Monitoring, Participant
from yincai.evaluation.queries import turnout
from yincai.evaluation.sample import drawn, school_path
from yincai.registry.imports.kinds import IMPORTS
from yincai.registry.imports.tables import read_table


def test_the_same_pupils_are_drawn_again_and_never_more_than_the_share() -> None:
    chain, pupils = UUID(int=7), range(1000, 1101)
    first = drawn(chain, pupils, 50)
    assert len(first) == 50
    later = drawn(chain, list(pupils)[:90], 50)  # eleven have left
    assert len(later) == 45
    assert len(later & first) >= 40
    assert drawn(UUID(int=8), pupils, 50) != first


def test_a_sample_is_drawn_school_by_school_with_a_trace(town: Town) -> None:
    officer = town.cast.actor(town.cast.qian)
    row = plan_monitoring(town.cast.city, plan(), acting_user=officer)
    for _ in range(2):
        draw_participants.func(account=str(officer.account.pk), role=str(officer.held.id), monitoring=str(row.pk))
    row.refresh_from_db()
    assert row.drawn_at is not None
    by_school: dict[str, int] = {}
    for place in Participant._base_manager.values_list("place", flat=True):
        by_school[school_path(place)] = by_school.get(school_path(place), 0) + 1
    counts = [by_school[school.path] for school in town.schools]
    assert counts == [(60 + 3) // 2, (48 + 1) // 2, 30, 4]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"share": 80}, "监测是抽样.*2025 年 12 月"),
        ({"share": 0}, "1% 到 50%"),
        ({"grade": 2}, "一、二年级"),
        ({"grade": 8, "share": 10}, "没有8年级"),
        ({"scale_mean": 2000.0}, "平均分"),
        ({"scale_se": 0.0}, "标准误"),
    ],
)
def test_what_rules_forbid_or_makes_no_sense_is_refused(town: Town, changed: dict[str, object], why: str) -> None:
    with pytest.raises(ActionError, match=why):
        plan_monitoring(town.cast.city, plan(**changed), acting_user=town.cast.actor(town.cast.qian))  # type: ignore[arg-type]
    assert not Monitoring._base_manager.exists()


def test_a_monitoring_continues_the_one_a_grade_below_on_its_scale(monitored: Town) -> None:
    row, before = monitored.monitoring(SECOND), monitored.monitoring(FIRST)
    assert row.root == before
    assert row.scale == before.scale
    with pytest.raises(ActionError, match="已经接有"):
        plan_monitoring(
            monitored.cast.city,
            plan(code="ANOTHER", before=before),
            acting_user=monitored.cast.actor(monitored.cast.qian),
        )
    with pytest.raises(ActionError, match="低一个年级"):
        plan_monitoring(
            monitored.cast.city,
            plan(code="ANOTHER", before=row, on=timezone.localdate() + timedelta(days=300)),
            acting_user=monitored.cast.actor(monitored.cast.qian),
        )


def test_the_page_counts_and_shows_no_score(monitored: Town) -> None:
    cast, row = monitored.cast, monitored.monitoring(SECOND)
    page = cast.client(cast.qian).get(reverse("evaluation-monitoring", args=[row.pk])).content.decode()
    assert "不是考试" in page
    assert "关于进一步加强中小学日常考试管理的通知" in page
    with acting(cast.actor(cast.qian)):
        lines = turnout(row)
    assert [line.school for line in lines] == sorted(monitored.schools, key=lambda school: school.code)
    assert all(line.scored + line.missing + line.without == line.drawn for line in lines)
    assert [line.scored for line in lines][2:] == [30, 4]
    with acting(cast.actor(cast.li)):
        assert [line.school for line in turnout(row)] == [cast.first]


def test_a_plan_with_a_mistake_keeps_what_was_typed(town: Town) -> None:
    client = town.cast.client(town.cast.qian)
    typed = {
        "place": town.cast.city.pk, "title": "春季监测", "code": "JC2026-M5", "subject": "math", "grade": "5",
        "on": timezone.localdate().isoformat(), "share": "90", "scale_mean": "500", "scale_sd": "100",
        "scale_low": "0", "scale_high": "1000", "scale_se": "30",
    }  # fmt: skip
    answer = client.post(reverse("evaluation-plan"), typed)
    assert answer.status_code == 422
    assert "春季监测" in answer.content.decode()
    assert "抽取比例应在 1% 到 50% 之间" in answer.content.decode()
    answer = client.post(reverse("evaluation-plan"), {**typed, "share": "50"})
    assert answer.status_code == 302
    assert Monitoring._base_manager.get().planned_by == town.cast.qian.account_id


def test_the_roster_of_a_school_can_be_brought_back(monitored: Town) -> None:
    cast, row = monitored.cast, monitored.monitoring(SECOND)
    answer = cast.client(cast.clerk).get(reverse("evaluation-roster", args=[row.pk]), {"as": "csv"})
    lines = answer.content.decode("utf-8-sig").strip().splitlines()
    assert lines[0] == "监测编号,学校代码,年级,班级,学号,姓名,量尺分,标准误"
    assert len(lines) - 1 == Participant._base_manager.filter(monitoring=row, place__startswith=cast.first.path).count()


def test_what_a_demo_home_says_under_its_tables_is_no_row(monitored: Town) -> None:
    cast, row = monitored.cast, monitored.monitoring(SECOND)
    Fact.objects.create(name="demo", value=True)
    answer = cast.client(cast.clerk).get(reverse("evaluation-roster", args=[row.pk]), {"as": "xlsx"})
    table = read_table("roster.xlsx", answer.content, IMPORTS["scores"].columns)
    assert (
        len(table.rows) == Participant._base_manager.filter(monitoring=row, place__startswith=cast.first.path).count()
    )


def test_another_districts_monitoring_is_not_there(cast: Cast, monitored: Town) -> None:
    officer = cast.actor(cast.qian)
    with acting(officer):
        theirs = Monitoring.objects.create(
            organisation=cast.west, code="W5", title="西城监测", subject="math", year="", grade=5,
            on=timezone.localdate(), share=50, planned_by=officer.account.pk,
        )  # fmt: skip
    assert cast.client(cast.zhao).get(reverse("evaluation-monitoring", args=[theirs.pk])).status_code == 404
