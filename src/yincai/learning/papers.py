"""Forms on paper: assembled from the questions of the placement, as parallel as an optimisation finds them; and how
the marks of a pupil become facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING
from uuid import uuid5

import numpy as np
from django.db import transaction
from django.utils import timezone

from yincai.core.actors import Actor
from yincai.knowledge import items
from yincai.knowledge.items import Question
from yincai.knowledge.models import Item
from yincai.knowledge.parameters import calibration_in_use
from yincai.knowledge.queries import graph
from yincai.learning.actions.placement import keep_result
from yincai.learning.keeping import Kept
from yincai.learning.models import PaperMark, PlacementPaper, Practice, Purpose
from yincai.learning.placing import Bench, Drawn, bench_of, outcome
from yincai.records.corrections import correct
from yincai.records.models import ResponseFact
from yincai.records.recording import ConsentMissing, Response, record
from yincai.records.statements import answered

if TYPE_CHECKING:
    from yincai.measurement import adaptive
    from yincai.measurement.adaptive.forms import Forms

LENGTHS = (12, 16, 20)
LETTERS = ("A", "B")
EACH_ITEM = 4  # fixed variants of a generator's item that the assembly looks at
ABILITIES = (-1.0, 0.0, 1.0)  # where the curves are to meet, in deviations of the grade
SHOWN = np.linspace(-2.0, 2.0, 17)
SECONDS, TOLERANCE = 20.0, 0.02
SIGNS = {"1": (1.0, "√"), "0": (0.0, "×")}
SUBJECT = "math"


# --- assembly ---------------------------------------------------------------------------------------------------------


def assemble(paper: PlacementPaper) -> None:
    """Find the two forms and keep them, or say why there are none."""
    from yincai.measurement.adaptive.program import Infeasible  # brings the solver

    test = bench_of(paper.school_class.path, paper.grade)
    try:
        if test is None:
            raise Infeasible(())
        _assemble(paper, test)
    except Infeasible:
        paper.state = PlacementPaper.FAILED
        paper.message = f"现有的题凑不出两套各 {paper.length} 题、内容相当的卷子。请选少一些的题数，或先给题库加题。"
    paper.save()


def _assemble(paper: PlacementPaper, test: Bench) -> None:
    from yincai.measurement import adaptive
    from yincai.measurement.adaptive.program import Infeasible

    try:
        questions, pool, found = _search(test, paper.length, each=1)
    except Infeasible:
        questions, pool, found = _search(test, paper.length, each=2)
    calibration = calibration_in_use(SUBJECT)
    paper.forms, paper.curves = {}, {"at": SHOWN.tolist(), "deviation": found.deviation}
    for letter, form in zip(LETTERS, found.forms, strict=True):
        order = sorted(form.items, key=lambda item: float(pool.b[item]))  # from easy to hard
        paper.forms[letter] = [list(questions[item].drawn) for item in order]
        curve = adaptive.information(pool, SHOWN + test.plan.rules.mean)[order].sum(axis=0)
        paper.curves[letter] = np.round(curve, 3).tolist()
    paper.calibration = calibration.pk if calibration else None
    paper.state = PlacementPaper.READY


@dataclass(frozen=True)
class Printable:
    """A question that can be printed, and the place of the test that it could stand at."""

    drawn: Drawn
    place: int


def _search(test: Bench, length: int, each: int) -> tuple[list[Printable], adaptive.Pool, Forms]:
    """The forms where each takes at most `each` variants of an item. Raises Infeasible."""
    from yincai.measurement.adaptive import forms

    questions = _printable(test)
    pool = _pool_on_paper(test, questions, each)
    thetas = tuple(test.plan.rules.mean + step for step in ABILITIES)
    targets = tuple(float(value) for value in forms.typical_target(pool, length, thetas))
    blueprint = forms.Blueprint(length, thetas, targets, _contents(pool, length))
    found = forms.assemble(pool, blueprint, forms=len(LETTERS), tolerance=TOLERANCE, seconds=SECONDS)
    return questions, pool, found


def _printable(test: Bench) -> list[Printable]:
    """Questions without pictures, a few variants of each generator's item."""
    found = []
    for item, places in test.of_item.items():
        first = test.entries[places[0]]
        if not first.seeds and items.question(item, first.version).images:
            continue
        variants: list[int | None] = [seed for place in places for seed in test.entries[place].seeds]
        found += [Printable(Drawn(item, first.version, seed), places[0]) for seed in variants[:EACH_ITEM] or [None]]
    return found


def _pool_on_paper(test: Bench, questions: Sequence[Printable], each: int) -> adaptive.Pool:
    """Of the variants of an item a form takes at most `each`."""
    from yincai.measurement import adaptive

    groups: dict[int, list[int]] = {}
    for turn, question in enumerate(questions):
        groups.setdefault(question.drawn.item, []).append(turn)
    places = [question.place for question in questions]
    p, units = test.parameters.chosen(places), test.plan.pool.attributes["unit"][places]
    apart = [tuple(group[turn::each]) for group in groups.values() for turn in range(each)]
    enemies = tuple(group for group in apart if len(group) > 1)
    return adaptive.Pool(a=p.a, b=p.b, c=p.c, se_a=p.se_a, se_b=p.se_b, attributes={"unit": units}, enemies=enemies)


def _contents(pool: adaptive.Pool, length: int) -> tuple[adaptive.Constraint, ...]:
    """Every unit has its part: at least one question where there is room, at most twice its equal share."""
    from yincai.measurement import adaptive

    codes = sorted(set(pool.attributes["unit"].tolist()))
    most, least = max(2, -(-2 * length // len(codes))), int(len(codes) <= length)
    return tuple(adaptive.Constraint("unit", (code,), least=least, most=most) for code in codes)


# --- what is printed --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Printed:
    number: int
    question: Question
    key: str
    unit: str
    code: str


def printed(paper: PlacementPaper, letter: str) -> list[Printed]:
    """The questions of a form with their keys, in order."""
    rows = paper.forms.get(letter, [])
    codes = dict(Item.objects.filter(pk__in=[row[0] for row in rows]).values_list("pk", "code"))
    known = graph(SUBJECT)
    found = []
    for number, (item, version, seed) in enumerate(rows, start=1):
        asked = items.question(item, version, seed)
        points = [known.by_slot[slot] for slot in asked.points if slot in known.by_slot]
        spec = items.spec_of(item, version, seed)
        names = "、".join(point.name for point in points)
        found.append(Printed(number, asked, items.shown_answer(spec, asked.options), names, codes.get(item, "")))
    return found


# --- counting ---------------------------------------------------------------------------------------------------------


def count(paper: PlacementPaper, *, acting_user: Actor) -> int:
    """Make facts of what was entered and is not counted yet, pupil by pupil; returns how many pupils."""
    waiting = [row for row in PaperMark.objects.filter(paper=paper) if row.marks != row.counted]
    return sum(_count_pupil(paper, row, acting_user) for row in waiting)


def moment_of(on: date, now: datetime) -> datetime:
    """Noon of the day of the test; on the day itself never later than now, for what has not come yet cannot fade."""
    return min(timezone.make_aware(datetime.combine(on, time(12))), now)


@transaction.atomic
def _count_pupil(paper: PlacementPaper, row: PaperMark, actor: Actor) -> bool:
    if paper.on is None:
        return False
    practice = _sitting(paper, row.pupil, moment_of(paper.on, timezone.now()))
    at = practice.started_at
    try:
        for number, sign in enumerate(row.marks):
            if sign in SIGNS:
                _count_one(paper, row, number, practice, at, actor)
        _keep_outcome(paper, row, practice, at, actor)
    except ConsentMissing:
        return False  # withdrawn since the marks were entered
    row.counted = row.marks
    row.save(update_fields=["counted"])
    return True


def _keep_outcome(paper: PlacementPaper, row: PaperMark, practice: Practice, at: datetime, actor: Actor) -> None:
    test = bench_of(practice.place, paper.grade)
    found = outcome(test, Kept(row.pupil, actor).given(practice), "paper") if test else None
    if found:
        keep_result(row.pupil, practice, found, at, paper, row.form, acting_user=actor)


def _sitting(paper: PlacementPaper, pupil: int, at: datetime) -> Practice:
    row, _ = Practice.objects.get_or_create(
        pk=uuid5(paper.pk, str(pupil)),
        defaults={
            "pupil": pupil,
            "subject": paper.subject,
            "place": paper.school_class.path,
            "purpose": Purpose.PAPER,
            "started_at": at,
            "stretch_from": at,
            "ended_at": at,
        },
    )
    return row


def _count_one(
    paper: PlacementPaper, row: PaperMark, number: int, practice: Practice, at: datetime, actor: Actor
) -> None:
    """One mark: a new fact, or the correction of one that was entered wrongly."""
    key = uuid5(paper.pk, f"{row.pupil} {row.form} {number}")
    score, typed = SIGNS[row.marks[number]]
    held = ResponseFact.objects.filter(pupil=row.pupil, subject=paper.subject, statement=key).first()
    if held:
        correct(held, score=score, acting_user=actor)
        return
    item, version, seed = paper.forms[row.form][number]
    asked = items.question(item, version, seed)
    statement = answered(
        id=key,
        subject=paper.subject,
        item=item,
        version=version,
        seed=seed,
        typed=typed,
        score=score,
        success=score >= 1,
        at=at,
        duration_ms=0,
        practice=practice.pk,
        source=SOURCE,
    )
    record(statement, _response(row.pupil, practice, asked, score, at), acting_user=actor)


SOURCE = "placement-paper"


def _response(pupil: int, practice: Practice, asked: Question, score: float, at: datetime) -> Response:
    return Response(
        pupil=pupil,
        subject=practice.subject,
        place=practice.place,
        item=asked.item,
        version=asked.version,
        seed=asked.seed,
        points=asked.points,
        difficulty=asked.difficulty,
        guess=asked.guess,
        score=score,
        duration_ms=0,
        source=SOURCE,
        practice=practice.pk,
        at=at.astimezone(UTC),
    )
