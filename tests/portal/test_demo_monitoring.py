"""The demo city's monitorings: labelled, linked, some missing and moved, growth computed as everywhere."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from yincai.core.actors import acting, installation
from yincai.core.scope import unscoped
from yincai.evaluation.models import GrowthRun, Participant, SchoolGrowth
from yincai.portal.actions.make_demo import _monitor, _write_city
from yincai.portal.demo import calendar
from yincai.portal.demo.people import draw
from yincai.portal.demo.practice import SYNTHETIC
from yincai.portal.demo.sizes import SchoolSize, Size
from yincai.records import statements
from yincai.records.models import ScoreFact, Statement
from yincai.registry.models import Pseudonym, SchoolKind

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
GRADES = ("四年级", "五年级")
SMALL = Size(
    schools=tuple(
        SchoolSize(district, name, SchoolKind.PRIMARY, "town", 29.8, 121.5, 2, 36, level, grades=GRADES)
        for district, name, level in ((0, "甲小学", 0.2), (1, "乙小学", 0.0), (2, "丙小学", -0.2))
    ),
    answers=0,
)


@pytest.fixture
def runs(db: None) -> list[GrowthRun]:
    city = draw(SMALL, 1, calendar.around(NOW.date()), NOW)
    with acting(installation()):
        _write_city(city, lambda step, done, total: None)
        _monitor(city, 1, NOW, lambda step, done, total: None, installation())
        return list(GrowthRun.objects.select_related("monitoring__before").order_by("monitoring__grade"))


def test_two_years_are_linked_labelled_and_compared(runs: list[GrowthRun]) -> None:
    assert [run.monitoring.code for run in runs] == ["JC2026-M4", "JC2026-M5"]
    with unscoped("the test looks at everything"):
        for run in runs:
            _is_honest(run)
        assert not ScoreFact.objects.filter(pupil__in=Pseudonym.objects.filter(keeps=False).values("number")).exists()
        for row in Statement.objects.all()[::40]:
            assert statements.unpack(row.body)["context"]["extensions"][SYNTHETIC] is True


def _is_honest(run: GrowthRun) -> None:
    before = run.monitoring.before
    assert before is not None
    assert (before.grade, "（模拟）" in before.title) == (run.monitoring.grade - 1, True)
    assert 80 < run.counts["included"] < 108
    assert all(run.counts.get(fate, 0) for fate in ("without_consent", "moved_out"))
    assert run.counts.get("absent_now", 0) + run.counts.get("absent_before", 0) + run.counts.get("moved_in", 0) > 3
    drawn = Participant.objects.filter(monitoring=run.monitoring).count()
    assert drawn == 3 * 36
    figures = list(SchoolGrowth.objects.filter(run=run))
    assert len(figures) == 3
    assert all(row.growth is not None and row.low < row.growth < row.high for row in figures)
