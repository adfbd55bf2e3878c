"""A small city to monitor: three schools of the cast's tree with two classes of grade five, grown from grade four."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from tests.cast import BEGAN, Cast
from yincai.core.actors import acting
from yincai.core.scope import unscoped
from yincai.evaluation.actions.monitor import Plan, draw_participants, plan_monitoring
from yincai.evaluation.models import Monitoring, Participant
from yincai.records import scores
from yincai.registry.models import Organisation, Person, Pseudonym, RoleHeld

FIRST, SECOND = "JC2025-M4", "JC2026-M5"
EACH = 30  # pupils of a class


@dataclass
class Town:
    """`schools`: 第一小学, 第二小学, a third and a small one. `pupils`: pseudonym's number → class path now."""

    cast: Cast
    schools: list[Organisation] = field(default_factory=list)
    pupils: dict[int, str] = field(default_factory=dict)

    def monitoring(self, code: str) -> Monitoring:
        return Monitoring._base_manager.select_related("organisation", "before").get(code=code)


@pytest.fixture
def town(cast: Cast) -> Town:
    made = Town(cast)
    with unscoped("a town for monitorings"):
        third = cast.school("示范市第三小学", "3301020003", cast.east, "primary")
        small = cast.school("示范市村小", "3301030009", cast.west, "primary")
        for school, classes in ((cast.first, 2), (cast.second, 2), (third, 2), (small, 1)):
            made.schools.append(school)
            grade = Organisation.objects.filter(parent=school, grade=5).first()
            grade = grade or cast.organisation("grade", "五年级", "", school, grade=5)
            for number in range(classes):
                room = cast.organisation("class", f"五（{number + 3}）班", "", grade, grade=5)
                _fill(made, room, 8 if school is small else 24 if school == cast.second else EACH)
    return made


def _fill(made: Town, room: Organisation, count: int) -> None:
    people = [Person(name=f"{room.path[-12:]}号{number}") for number in range(1, count + 1)]
    Person.objects.bulk_create(people)
    held = [
        RoleHeld(person=one, name="pupil", organisation=room, number=number, since=BEGAN)
        for number, one in enumerate(people, 1)
    ]
    RoleHeld.objects.bulk_create(held)
    named = [Pseudonym(person=one, keeps=True) for one in people]
    Pseudonym.objects.bulk_create(named)
    made.pupils |= {one.number: room.path for one in named}


def plan(grade: int = 5, code: str = SECOND, **changed: Any) -> Plan:
    given = {
        "title": f"{grade}年级数学监测",
        "code": code,
        "subject": "math",
        "grade": grade,
        "on": timezone.localdate(),
    }
    return Plan(**{**given, "share": 50, **changed})


@pytest.fixture
def monitored(town: Town) -> Town:
    """Two linked monitorings with scores: schools at −45, 0, +45 and a small one. Of the cast nobody sat them."""
    drawn = _this_year(town)
    effects = dict(zip((school.path for school in town.schools), (-45.0, 0.0, 45.0, 0.0), strict=True))
    now, before = town.monitoring(SECOND), town.monitoring(FIRST)
    dice = {path: np.random.default_rng([5, number]) for number, path in enumerate(effects)}
    lines = []
    for pupil, place in drawn.items():
        if pupil not in town.pupils:
            continue
        rng = dice[place[:-8]]  # the school's own, so that its scores do not hang on who was drawn
        true = rng.normal(500, 90)
        came = 30 + true + effects[place[:-8]] + rng.normal(0, 30)
        for test, score in ((before, true + rng.normal(0, 25)), (now, came + rng.normal(0, 25))):
            lines.append(_score(test, pupil, place, float(np.clip(round(score), 0, 1000))))
    with acting(town.cast.system):
        scores.load(lines, acting_user=town.cast.system)
    return town


def _this_year(town: Town) -> dict[int, str]:
    """Grade four of last year is drawn as it was: the same pupils, under the classes that they have now."""
    officer = town.cast.actor(town.cast.qian)
    with acting(officer):
        before = Monitoring.objects.create(
            organisation=town.cast.city,
            code=FIRST,
            title="四年级数学监测",
            subject="math",
            year="2024–2025",
            grade=4,
            on=timezone.localdate() - timedelta(days=365),
            share=50,
            planned_by=officer.account.pk,
            drawn_at=timezone.now() - timedelta(days=365),
        )
        row = plan_monitoring(town.cast.city, plan(before=before), acting_user=officer)
        draw_participants.func(account=str(officer.account.pk), role=str(officer.held.id), monitoring=str(row.pk))
        drawn = dict(Participant.objects.filter(monitoring=row).values_list("pupil", "place"))
        Participant.objects.bulk_create(
            Participant(monitoring=before, pupil=pupil, place=place) for pupil, place in drawn.items()
        )
    return drawn


def _score(test: Monitoring, pupil: int, place: str, score: float) -> scores.Score:
    return scores.Score(
        pupil=pupil,
        place=place,
        subject="math",
        test=test.code,
        scale=test.scale,
        score=score,
        se=25.0,
        at=timezone.make_aware(datetime.combine(test.on, time(12))),
        grade=test.grade,
    )
