"""The demo city as rows: everything in one transaction, so that a home is a whole demo or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from yincai.core import home
from yincai.core.action import ActionError, action, touched_many
from yincai.core.actors import Actor
from yincai.core.models import Fact
from yincai.evaluation.actions.grow import compute_and_keep
from yincai.evaluation.models import Participant
from yincai.knowledge.queries import graph
from yincai.learning.models import Assignment, Practice
from yincai.portal.demo import accounts, bank
from yincai.portal.demo.calendar import Calendar
from yincai.portal.demo.crew import Crew
from yincai.portal.demo.monitoring import monitored
from yincai.portal.demo.people import City, ClassDrawn, account_of, draw
from yincai.portal.demo.practice import SYNTHETIC, ClassTask
from yincai.portal.demo.sizes import Size
from yincai.records import histories, rows, scores
from yincai.records.models import ResponseFact
from yincai.registry.models import Organisation, Person
from yincai.registry.policies import INSTALLATION

Progress = Callable[[str, int, int], None]
ASSIGNED = 3  # every so many classes that practise have a practice set for these days


@dataclass(frozen=True)
class Made:
    """What was made, for whoever asked."""

    schools: int
    classes: int
    pupils: int
    teachers: int
    guardians: int
    answers: int
    accounts: int


def refuse_unless_empty() -> None:
    """A home with anybody in it is never made a demo."""
    if Fact.read(accounts.DEMO):
        raise ActionError(f"{home.folder()} 已经是示范市。{another()}")
    if Person._base_manager.exists() or Organisation._base_manager.exists() or ResponseFact._base_manager.exists():
        raise ActionError(f"{home.folder()} 里已有真实的机构或人员，不能放入模拟数据。{another()}")


def another() -> str:
    return "另建一个：YINCAI_HOME=新目录 yincai demo"


@action(INSTALLATION)
def make_demo(
    size: Size, seed: int, calendar: Calendar, now: datetime, crew: Crew, progress: Progress, *, acting_user: Actor
) -> Made:
    """Draw the city, have its practice simulated meanwhile, and write both."""
    refuse_unless_empty()
    progress("画出城市", 0, 1)
    city = draw(size, seed, calendar, now)
    listed = accounts.choose(city)
    tasks = [_task(city, number, each) for number, each in enumerate(city.classes) if each.practises]
    practised = crew.practise(tasks)
    _write_city(city, progress)
    answers = 0
    for done, part in enumerate(practised, start=1):
        answers += histories.store(part.ready)
        rows.insert_prepared(Practice, part.sittings)
        progress("一学期的练习", done, len(tasks))
    Assignment._base_manager.bulk_create(_assignments(city, now))
    _monitor(city, seed, now, progress, acting_user)
    accounts.write(listed, city)
    touched_many(Person, [row.pk for row in city.people], demo=seed)
    touched_many(Organisation, [row.pk for row in city.organisations], demo=seed)
    return Made(
        schools=len(city.schools),
        classes=len(city.classes),
        pupils=len(city.pseudonyms),
        teachers=sum(row.name == "teacher" for row in city.roles),
        guardians=len({row.guardian_id for row in city.bonds}),
        answers=answers,
        accounts=len(listed),
    )


def _task(city: City, number: int, each: ClassDrawn) -> ClassTask:
    kept = [row for child in each.pupils if (row := city.pseudonym_of[child.pk]).keeps]
    grade = each.organisation.grade or 0
    return ClassTask(number, each.organisation.path, grade, each.level, tuple((row.number, row.name) for row in kept))


def _write_city(city: City, progress: Progress) -> None:
    every = list(city.rows())
    for done, some in enumerate(every):
        progress("机构、人员、课表、同意书", done, len(every))
        if some:
            type(some[0])._base_manager.bulk_create(some, batch_size=2000)
    progress("机构、人员、课表、同意书", len(every), len(every))


def _monitor(city: City, seed: int, now: datetime, progress: Progress, acting_user: Actor) -> None:
    """Two linked yearly monitorings a grade, and what schools added, by the way of every other computation."""
    every = list(monitored(city, seed, now.date()))
    for done, each in enumerate(every):
        progress("监测和增值", done, len(every))
        each.before.save(force_insert=True)
        each.now.save(force_insert=True)
        Participant._base_manager.bulk_create(each.participants, batch_size=2000)
        scores.load(each.scores, acting_user=acting_user, extensions={SYNTHETIC: True})
        compute_and_keep(each.now, acting_user=acting_user)
    progress("监测和增值", len(every), max(len(every), 1))


def _assignments(city: City, now: datetime) -> Iterator[Assignment]:
    """A practice of this week's topic, set by the teacher of mathematics."""
    maths = {row.school_class.pk: row.person for row in city.teachings if row.subject == "数学"}
    newest = {source.grade: source for source in bank.sources()}
    practising = [each for each in city.classes if each.practises]
    for each in practising[1::ASSIGNED]:
        source = newest[each.organisation.grade or 0]
        points = sorted({slot for number in range(20) for slot in bank.asked(source, number).points})
        unit = graph(bank.SUBJECT).by_slot[points[0]].name
        yield Assignment(
            school_class=each.organisation,
            title=f"巩固：{unit}",
            points=points,
            questions=10,
            due=(now + timedelta(days=3)).date(),
            set_by=account_of(maths[each.organisation.pk]),
            set_at=now - timedelta(days=1),
        )
