"""What a pupil's wrong answers on a point mean together, in words, with the answers behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from yincai.knowledge import items
from yincai.knowledge.graph import Point
from yincai.knowledge.items import UnknownItem
from yincai.knowledge.queries import graph
from yincai.learning.attribution.causes import Wrong, attribute
from yincai.learning.attribution.words import TEACHERS, name_of
from yincai.learning.states import traced_of
from yincai.measurement.errors.patterns import Attempt, Pattern, patterns
from yincai.records.models import ResponseFact
from yincai.records.queries import in_force

SINCE = timedelta(days=90)
MOST = 200  # answers looked at
WORTH_SAYING = 0.15  # an explanation less probable than this is left out
SLIP, MISSING = "slip", "missing prerequisite"


@dataclass(frozen=True)
class Explanation:
    """One reading of the wrong answers; `answers` are those it rests on."""

    sentence: str
    probability: float
    answers: tuple[Wrong, ...]


@dataclass(frozen=True)
class PointPattern:
    """`explanations`: the most probable first. `wrong` of `n` answers were wrong; `others`: those on which none of the
    explanations rests."""

    point: Point
    n: int
    wrong: int
    explanations: tuple[Explanation, ...]
    others: tuple[Wrong, ...]


def patterns_of(pupil: int, subject: str) -> list[PointPattern]:
    """Each point with a wrong answer in the last months, in teaching order."""
    rows = in_force().filter(pupil=pupil, subject=subject, at__gte=timezone.now() - SINCE)
    facts = list(rows.order_by("-at", "-pk")[:MOST])[::-1]
    wrong = {one.fact.pk: one for one in attribute(facts, subject)}
    known = graph(subject)
    table = traced_of(pupil, subject).masteries(timezone.now().timestamp(), known.width)
    found = []
    for point in known:
        here = [fact for fact in facts if point.slot in fact.slots]
        if any(fact.pk in wrong for fact in here):
            slots = [known[code].slot for code in point.needs if code in known]
            needs = {known.by_slot[slot].code: float(table.value[slot]) for slot in slots if table.n[slot]}
            found.append(_pattern(point, here, wrong, needs, subject))
    return found


def _pattern(
    point: Point, facts: Sequence[ResponseFact], wrong: dict[int, Wrong], needs: dict[str, float], subject: str
) -> PointPattern:
    history = [_attempt(fact, wrong.get(fact.pk)) for fact in facts]
    told = [one for one in patterns(history, needs) if one.probability >= WORTH_SAYING]
    explanations = tuple(
        Explanation(
            _sentence(one, subject),
            one.probability,
            tuple(wrong[facts[place].pk] for place in one.evidence),
        )
        for one in told
    )
    here = [wrong[fact.pk] for fact in facts if fact.pk in wrong]
    told_of = {one.fact.pk for explanation in explanations for one in explanation.answers}
    others = tuple(one for one in here if one.fact.pk not in told_of)
    return PointPattern(point, len(facts), len(here), explanations, others)


def _attempt(fact: ResponseFact, wrong: Wrong | None) -> Attempt:
    if wrong is None:
        return Attempt(True, None, _chances(fact))
    cause = wrong.cause if wrong.cause and wrong.cause not in TEACHERS else None
    return Attempt(False, cause, _chances(fact))


def _chances(fact: ResponseFact) -> frozenset[str]:
    """The malrules that would have shown in this variant."""
    try:
        held = items.held(fact.item, fact.version)
        if not held.generator or fact.seed is None:
            return frozenset()
        return frozenset(fault.malrule for fault in items.variant(held, fact.seed).faults)
    except (UnknownItem, LookupError, ValueError):
        return frozenset()


def _sentence(one: Pattern, subject: str) -> str:
    if one.kind == SLIP:
        return f"像是粗心：{one.chances} 题里错 {one.shown} 题，错法不固定"
    if one.kind == MISSING:
        return f"像是前面的“{graph(subject)[one.what or ''].name}”还没学牢"
    return f"像是有误解“{name_of(one.what or '')}”：能看出来的 {one.chances} 题里出现 {one.shown} 次"
