"""The cast's city after some weeks of practice: larger classes, a timetable, recorded answers, a written lake.

    practise(cast)     # in the test's database; the answers go through records.record like any other

Points and causes are those of the unit on adding fractions, so that the teacher's page has something to say.
"""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from tests.cast import BEGAN, Cast
from yincai.core.actors import Actor, Role
from yincai.core.ids import new_id
from yincai.core.scope import Scope, scope, unscoped
from yincai.indicators import results
from yincai.knowledge.generators import all_generators, malrule
from yincai.knowledge.queries import graph
from yincai.records import lake
from yincai.records.recording import Response, record
from yincai.records.statements import answered
from yincai.registry.models import (
    Organisation,
    Period,
    Person,
    Pseudonym,
    RoleHeld,
    RoleName,
    SchoolYear,
    Term,
    TimetableEntry,
)

UNIT = "5b.frac-add"
FAMILY, GIVEN = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨", "子涵雨桐浩然思远欣怡宇轩梓萱诗琪俊杰佳宁一诺梦瑶明哲若溪"


def practise(cast: Cast, pupils: int = 24, answers: int = 9) -> None:
    """Fill 五（1）班 and 五（2）班 of 第一小学 and 五（1）班 of 第二小学, and let most of their pupils practise."""
    chance = random.Random(20260901)
    with unscoped("the test's city"):
        for place, share in ((cast.class51, 0.95), (cast.class52, 0.8), (cast.other_class, 0.6)):
            for person, number in _fill(place, pupils, chance):
                if chance.random() < share:
                    _answers(cast, person, number, place, chance, answers)
        cast.teach(cast.wang, cast.class52)
        _fill(cast.class71, pupils, chance)
        _timetable(cast)
    figures_now()


def figures_now() -> None:
    """What the background worker does every few minutes."""
    lake.write()
    results.refresh()


def _fill(place: Organisation, size: int, chance: random.Random) -> list[tuple[Person, int]]:
    there = RoleHeld.objects.filter(organisation=place, name=RoleName.PUPIL).count()
    people = [
        Person(name=chance.choice(FAMILY) + "".join(chance.sample(GIVEN, 2)), born=date(2015, 9, 1))
        for _ in range(size - there)
    ]
    Person.objects.bulk_create(people)
    Pseudonym.objects.bulk_create(Pseudonym(person=person, keeps=True) for person in people)
    RoleHeld.objects.bulk_create(
        RoleHeld(person=person, name=RoleName.PUPIL, organisation=place, number=number, since=BEGAN)
        for number, person in enumerate(people, start=there + 1)
    )
    held = RoleHeld.objects.filter(organisation=place, name=RoleName.PUPIL, person__pseudonym__keeps=True)
    return [(row.person, row.person.pseudonym.number) for row in held.select_related("person__pseudonym")]


def _actor(cast: Cast, person: Person, place: Organisation) -> Actor:
    """A pupil without an account of their own, acting as they would."""
    role = Role(new_id(), RoleName.PUPIL, "学生", place.pk, place.name, place.path)
    return Actor(
        account=cast.ming.account,
        scope=Scope(at=(place.path,), people=frozenset({person.pk})),
        person=person.pk,
        role=role,
        roles=(role,),
    )


def _answers(cast: Cast, person: Person, number: int, place: Organisation, chance: random.Random, count: int) -> None:
    points = graph("math").of_unit(UNIT)
    causes = _causes()
    ability, actor = chance.gauss(0.7, 1.0), _actor(cast, person, place)
    begun = timezone.now() - timedelta(days=4, minutes=chance.randint(0, 600))
    with scope(actor.scope):
        for nth in range(count):
            point = points[nth % len(points)]
            right = chance.random() < 1 / (1 + 2.7 ** -(ability - 0.5 * (nth % len(points))))
            given = Response(
                pupil=number,
                subject="math",
                place=place.path,
                item=1 + nth % 5,
                version=1,
                seed=nth,
                points=(point.slot,),
                difficulty=0.0,
                guess=0.0,
                score=float(right),
                duration_ms=chance.randint(20_000, 90_000),
                at=begun + timedelta(minutes=2 * nth),
                cause="" if right else causes.get(point.code, ""),
            )
            record(_said(given), given, acting_user=actor)


def _causes() -> dict[str, str]:
    """One faulty procedure for each knowledge point that has any."""
    return {malrule(code).point: code for generator in all_generators() for code in generator.malrules}


def _said(given: Response) -> dict[str, Any]:
    return answered(
        id=new_id(),
        subject=given.subject,
        item=given.item,
        version=given.version,
        seed=given.seed,
        typed="1/2",
        score=given.score,
        success=given.score >= 1,
        at=given.at,
        duration_ms=given.duration_ms,
        cause=given.cause,
    )


def _timetable(cast: Cast) -> None:
    """Three lessons today for 王静; the second is going on now."""
    now = timezone.localtime()
    year = SchoolYear.objects.create(
        organisation=cast.city,
        name=f"{now.year}–{now.year + 1}",
        starts=now.date() - timedelta(days=80),
        ends=now.date() + timedelta(days=220),
    )
    term = Term.objects.create(
        year=year, name="秋季学期", starts=now.date() - timedelta(days=78), ends=now.date() + timedelta(days=60)
    )
    hours = ((1, -60, -20), (2, -10, 30), (5, 120, 160))
    for number, begins, ends in hours:
        Period.objects.create(school=cast.first, number=number, starts=_clock(now, begins), ends=_clock(now, ends))
    for number, place in ((1, cast.class52), (2, cast.class51), (5, cast.class51)):
        TimetableEntry.objects.create(
            term=term,
            school_class=place,
            weekday=now.isoweekday(),
            period=number,
            subject="数学",
            teacher=cast.wang,
            room="三楼 302",
        )


def _clock(now: datetime, minutes: int) -> time:
    """A time of today, however near midnight it is."""
    there = now + timedelta(minutes=minutes)
    if there.date() < now.date():
        return time(0, 0)
    return time(23, 59) if there.date() > now.date() else there.time().replace(second=0, microsecond=0)
