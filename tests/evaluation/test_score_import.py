"""Bringing scores of a monitoring: each cell checked, statements kept once, an undo that voids."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

import pytest
from django.urls import reverse

from tests.evaluation.conftest import SECOND, Town, plan
from yincai.core import jobs
from yincai.core.actors import Actor, acting
from yincai.core.models import Job
from yincai.evaluation.actions.monitor import draw_participants, plan_monitoring
from yincai.evaluation.models import Participant
from yincai.records.models import ScoreFact, Statement
from yincai.records.queries import scores_on
from yincai.registry.actions.import_table import Preview, bring_table, preview, stage_import
from yincai.registry.imports.kinds import BAD, CHANGED, NEW, UNCHANGED
from yincai.registry.imports.tables import TableError
from yincai.registry.models import ImportRun, Organisation, Pseudonym, RoleHeld

HEAD = ("监测编号", "学校代码", "班级", "学号", "姓名", "量尺分", "标准误")
Seat = tuple[str, str, int, str]


def table(*rows: Iterable[object], head: Iterable[str] = HEAD) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows([head, *rows])
    return file.getvalue().encode()


@pytest.fixture
def sat(town: Town) -> Town:
    officer = town.cast.actor(town.cast.qian)
    row = plan_monitoring(town.cast.city, plan(), acting_user=officer)
    draw_participants.func(account=str(officer.account.pk), role=str(officer.held.id), monitoring=str(row.pk))
    return town


def seats(town: Town, school: Organisation) -> list[Seat]:
    """School's code, class, number and name of those drawn, in order."""
    drawn = Participant._base_manager.filter(place__startswith=school.path).values("pupil")
    people = Pseudonym._base_manager.filter(number__in=drawn, keeps=True).values("person")
    held = RoleHeld._base_manager.filter(person__in=people, name="pupil").select_related("organisation", "person")
    rows = held.order_by("organisation__path", "number")
    return [(school.code, row.organisation.name, row.number, row.person.name) for row in rows]


def rows_of(town: Town, *values: object) -> list[tuple[object, ...]]:
    return [(SECOND, *seat, value, "") for seat, value in zip(seats(town, town.cast.first), values, strict=False)]


def seen(content: bytes, place: Organisation, actor: Actor) -> Preview:
    run = bring_table("scores", place, "a.csv", content, acting_user=actor)
    with acting(actor):
        return preview(run, actor)


def written(content: bytes, place: Organisation, actor: Actor) -> ImportRun:
    run = stage_import(bring_table("scores", place, "a.csv", content, acting_user=actor), False, acting_user=actor)
    assert run.job is not None
    with acting(actor):
        jobs.run(run.job, acting_user=actor)
    return run


def kept(town: Town) -> list[float | None]:
    with acting(town.cast.system):
        return sorted(row.score or 0.0 for row in scores_on(SECOND).values())


def states(found: Preview) -> list[str]:
    return [row.state for row in found.rows]


def test_scores_are_kept_once_mended_and_taken_back(sat: Town) -> None:
    clerk, school = sat.cast.actor(sat.cast.clerk), sat.cast.first
    run = written(table(*rows_of(sat, 512, 430.5, 601)), school, clerk)
    assert kept(sat) == [430.5, 512.0, 601.0]
    assert states(seen(table(*rows_of(sat, 512, 430.5, 601)), school, clerk)) == [UNCHANGED] * 3
    again = table(*rows_of(sat, 512, 440, 601, 555))
    assert states(seen(again, school, clerk)) == [UNCHANGED, CHANGED, UNCHANGED, NEW]
    second = written(again, school, clerk)
    assert kept(sat) == [440.0, 512.0, 555.0, 601.0]
    with acting(clerk):
        jobs.undo(Job.objects.get(pk=second.job_id), acting_user=clerk)
    assert kept(sat) == [430.5, 512.0, 601.0]
    with acting(clerk):
        jobs.undo(Job.objects.get(pk=run.job_id), acting_user=clerk)
    assert kept(sat) == []
    assert Statement._base_manager.count() == ScoreFact._base_manager.count() == 10
    written(table(*rows_of(sat, 512)), school, clerk)
    assert kept(sat) == [512.0]


def test_a_forgotten_score_is_told_from_somebody_absent(sat: Town) -> None:
    clerk, school = sat.cast.actor(sat.cast.clerk), sat.cast.first
    rows = rows_of(sat, 512, "", "缺测")
    notes = [row.notes for row in seen(table(*rows), school, clerk).rows]
    assert notes == [[], ["没有填分数：当作缺测，计入缺测人数"], ["缺测：计入缺测人数"]]
    written(table(*rows), school, clerk)
    again = seen(table(*rows_of(sat, "")), school, clerk)
    assert [row.notes for row in again.rows] == [["没有填分数：已有的 512 分不动"]]


def test_the_preview_counts_lines_as_the_spreadsheet_does(sat: Town) -> None:
    """Not as the class does: a line has a cell with the pupil's number, too."""
    clerk, rows = sat.cast.clerk, rows_of(sat, 512, 430)
    run = bring_table("scores", sat.cast.first, "a.csv", table(*rows), acting_user=sat.cast.actor(clerk))
    page = sat.cast.client(clerk).get(reverse("registry-import", args=[run.pk])).content.decode()
    assert re.findall(r'<td class="num narrow">(\d+)</td>', page) == ["2", "3"]


def test_who_did_not_sit_or_has_no_consent_is_counted_not_kept(sat: Town) -> None:
    clerk, school = sat.cast.actor(sat.cast.clerk), sat.cast.first
    rows = rows_of(sat, 512, "缺测", 480)
    name = rows[2][4]
    Pseudonym._base_manager.filter(person__name=name).update(keeps=False)
    found = seen(table(*rows), school, clerk)
    assert states(found) == [NEW, UNCHANGED, UNCHANGED]
    assert "缺测人数" in found.rows[1].notes[0]
    assert "没有同意" in found.rows[2].notes[0]
    written(table(*rows), school, clerk)
    assert kept(sat) == [512.0]


def test_each_wrong_cell_is_named_with_what_to_do(sat: Town) -> None:
    clerk, school = sat.cast.actor(sat.cast.clerk), sat.cast.first
    good = rows_of(sat, 512, 500, 490)
    room, left_out = not_drawn(sat)
    found = seen(
        table(
            ("JC1999", *good[0][1:]),
            (*good[0][:5], 1200, ""),
            (*good[1][:5], "优", ""),
            (*good[2][:5], 490, 300),
            (SECOND, school.code, room, "", left_out, 480, ""),
            (SECOND, school.code, room, "", "没这个人", 480, ""),
            good[0],
            good[0],
        ),
        school,
        clerk,
    )
    assert states(found) == [BAD] * 6 + [NEW, BAD]
    said = [row.problems[0].what if row.problems else "" for row in found.rows]
    for what, expected in zip(
        said,
        (
            "没有编号为",
            "不在这次监测的量尺里",
            "应是数字",
            "标准差 100",
            "不在这次监测的抽样名单里",
            "没有叫",
            "",
            "第 8 行",
        ),
        strict=True,
    ):
        assert expected in what


def not_drawn(town: Town) -> tuple[str, str]:
    """Class and name of somebody of 第一小学 who was not drawn. A small class may have been drawn whole."""
    held = RoleHeld._base_manager.filter(name="pupil", organisation__path__startswith=town.cast.first.path)
    drawn = Participant._base_manager.values("pupil")
    left_out = held.exclude(person__pseudonym__number__in=drawn).order_by("-organisation__path", "number")
    return left_out.values_list("organisation__name", "person__name")[0]


def test_a_table_without_scores_is_refused(sat: Town) -> None:
    with pytest.raises(TableError, match="缺少“量尺分”"):
        seen(table((SECOND, "1"), head=("监测编号", "学号")), sat.cast.first, sat.cast.actor(sat.cast.clerk))


def test_the_city_brings_all_schools_at_once(sat: Town) -> None:
    rows = [(SECOND, *seats(sat, school)[0], 500, "") for school in sat.schools]
    written(table(*rows), sat.cast.city, sat.cast.actor(sat.cast.qian))
    assert kept(sat) == [500.0] * 4
