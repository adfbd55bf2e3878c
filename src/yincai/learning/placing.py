"""摸底诊断: which questions show where a pupil should begin, and what the answers say about it.

The test draws from what a class has met by now, the two grades before included, balanced over units. Its state is the
answers themselves: they are laid anew on the items' parameters each time, so nothing but facts is kept, and a
withdrawn item drops out of the estimate with its answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from uuid import UUID

import numpy as np
from django.utils import timezone
from numpy.typing import NDArray

from yincai.core.ids import new_id
from yincai.knowledge.fixed import fixed_seeds
from yincai.knowledge.graph.loader import TERMS
from yincai.knowledge.models import Item
from yincai.knowledge.parameters import parameters_of
from yincai.knowledge.pool import Pool, pool
from yincai.knowledge.priors import MIDDLE, Parameters, average_of
from yincai.knowledge.queries import graph
from yincai.learning.keeping import Given, Keeping
from yincai.learning.models import Practice
from yincai.learning.sitting import Asked, grades, half_of, open_slots, put, when
from yincai.measurement import adaptive

SUBJECT = "math"
LONGEST, SHORTEST = 20, 10  # questions
FEWEST_HELD = 8  # items without which no test is offered
FEWEST_SAID = 5  # answers below which nothing is said
TWICE = 2  # a depth of a generator comes at most so often
PRECISION = 0.42  # standard error at which it stops, in deviations of a grade
BAND = 0.7  # half-width of "at the grade", in deviations
CONFIDENCE = 0.9
# Expected shares of a unit's typical questions from which it is known, and is right to practise. An average pupil has
# even odds at the questions of the own grade, about two in three at those of two grades before.
SURE, FIT = 0.6, 0.35
WEIGHT = 4  # answers that the estimate of ability counts as, beside the unit's own
BANDS = ("先补一补前面的内容", "跟得上本年级", "本年级学过的大多会了")
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Entry:
    """A question of the test: an item at its version, and for a generator one of its fixed variants."""

    item: int
    version: int
    seed: int | None
    unit: str
    grade: int


@dataclass(frozen=True, eq=False)
class Bench:
    """All questions for a grade at a half of the year, under the rules of the test."""

    grade: int
    entries: tuple[Entry, ...]
    parameters: Parameters
    plan: adaptive.Plan

    @cached_property
    def at(self) -> dict[tuple[int, int | None], int]:
        return {(entry.item, entry.seed): place for place, entry in enumerate(self.entries)}

    @cached_property
    def of_item(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for place, entry in enumerate(self.entries):
            found.setdefault(entry.item, []).append(place)
        return found


@dataclass(frozen=True)
class UnitView:
    """A unit in a result: `share` of its typical questions that the pupil is expected to answer, `asked` of them."""

    code: str
    share: float
    asked: int

    @property
    def name(self) -> str:
        unit = graph(SUBJECT).units.get(self.code)
        return unit.label if unit else self.code

    @property
    def level(self) -> int:
        """As the dots of mastery: 3 known, 2 right to practise, 1 to lay the ground for."""
        return 3 if self.share >= SURE else 2 if self.share >= FIT else 1


@dataclass(frozen=True)
class Outcome:
    """What a placement came to; see `models.PlacementResult`."""

    grade: int
    n: int
    reason: str
    ability: float
    se: float
    share: float
    low: float
    high: float
    band: int
    band_low: int
    band_high: int
    units: tuple[UnitView, ...]
    begin: str


@lru_cache(maxsize=64)
def bench(choices: Pool, grade: int, half: str) -> Bench | None:
    """The questions for a grade, or None where there are too few for a test."""
    if grade not in grades(SUBJECT):
        return None
    rows = _met(choices, grade, half)
    entries, owners = _entries(choices, rows)
    longest = _longest(choices, rows)
    if longest < FEWEST_HELD:
        return None
    parameters = parameters_of(choices).chosen(owners)
    return Bench(grade, entries, parameters, _plan(entries, parameters, grade, longest))


def bench_of(place: str, grade: int) -> Bench | None:
    return bench(pool(SUBJECT, place), grade, half_of(timezone.localdate()))


def _met(choices: Pool, grade: int, half: str) -> list[int]:
    """The items all of whose points have been met."""
    met, real = open_slots(SUBJECT, grade, half), choices.slots >= 0
    whole = np.all(met[choices.slots] | ~real, axis=1)
    return [int(row) for row in np.flatnonzero(whole)]


def _entries(choices: Pool, rows: Sequence[int]) -> tuple[tuple[Entry, ...], list[int]]:
    made = {
        item: (generator, depth)
        for item, generator, depth in Item.objects.filter(pk__in=choices.items[rows].tolist())
        .exclude(generator="")
        .values_list("pk", "generator", "depth")
    }
    known = graph(SUBJECT).by_slot
    entries, owners = [], []
    for row in rows:
        item, version = int(choices.items[row]), int(choices.versions[row])
        last = max((known[int(slot)] for slot in choices.slots[row] if slot >= 0), key=when)
        seeds: Sequence[int | None] = (None,)
        if item in made:
            seeds = fixed_seeds(made[item][0], version, made[item][1])
        entries += [Entry(item, version, seed, last.unit, last.grade) for seed in seeds]
        owners += [row] * len(seeds)
    return tuple(entries), owners


def _longest(choices: Pool, rows: Sequence[int]) -> int:
    depths = int(choices.is_generator[rows].sum())
    return min(LONGEST, depths * TWICE + len(rows) - depths)


def _plan(entries: tuple[Entry, ...], parameters: Parameters, grade: int, longest: int) -> adaptive.Plan:
    units = sorted({entry.unit for entry in entries})
    attributes = {"unit": np.array([units.index(entry.unit) for entry in entries], np.int32)}
    mean = float(average_of(grade))
    rules = adaptive.Rules(
        length=longest,
        least_items=min(SHORTEST, longest),
        precision=PRECISION,
        cuts=(mean - BAND, mean + BAND),
        classify=True,
        confidence=CONFIDENCE,
        constraints=_balance(units, longest),
        randomesque=3,
        start=adaptive.Start("at", low=mean - BAND),
        mean=mean,
    )
    return adaptive.plan(
        adaptive.Pool(
            a=parameters.a,
            b=parameters.b,
            c=parameters.c,
            se_a=parameters.se_a,
            se_b=parameters.se_b,
            attributes=attributes,
            enemies=_not_together(entries),
        ),
        rules,
    )


def _balance(units: Sequence[str], longest: int) -> tuple[adaptive.Constraint, ...]:
    """No unit takes more than twice its equal part, so that the test looks at all of them."""
    most = max(2, -(-2 * longest // len(units)))
    return tuple(adaptive.Constraint("unit", (code,), most=most) for code in range(len(units)))


def _not_together(entries: Sequence[Entry]) -> tuple[tuple[int, ...], ...]:
    """The variants of a depth in TWICE groups, of each of which a test takes one."""
    of_item: dict[int, list[int]] = {}
    for place, entry in enumerate(entries):
        if entry.seed is not None:
            of_item.setdefault(entry.item, []).append(place)
    groups = (tuple(places[turn::TWICE]) for places in of_item.values() for turn in range(TWICE))
    return tuple(group for group in groups if len(group) > 1)


def laid(test: Bench, given: Sequence[Given]) -> adaptive.Sitting:
    """The answers so far on the items' parameters."""
    sitting, used = adaptive.begin(test.plan), set[int]()
    for one in given:
        place = _place(test, one, used)
        if place is not None:
            used.add(place)
            sitting = adaptive.answer(test.plan, sitting, place, int(one.score >= 1.0))
    return sitting


def _place(test: Bench, one: Given, used: set[int]) -> int | None:
    """The entry of an answer; for a variant that is fixed no more (the generator has a new version), another one."""
    found = test.at.get((one.item, one.seed))
    if found is not None and found not in used:
        return found
    return next((place for place in test.of_item.get(one.item, ()) if place not in used), None)


def next_entry(test: Bench, given: Sequence[Given], practice: UUID) -> tuple[Entry | None, str]:
    """The next question, or None with the reason why the test is over. Asking again gives the same question."""
    sitting = laid(test, given)
    reason = adaptive.done(test.plan, sitting)
    if reason or len(given) >= LONGEST:
        return None, reason or "length"
    dice = np.random.default_rng([practice.int % 2**64, len(given)])
    try:
        choice = adaptive.next_item(test.plan, sitting, dice)
    except LookupError:
        return None, "exhausted"
    return test.entries[choice.item], ""


def ask_measured(keeping: Keeping, practice: Practice, grade: int, number: int) -> tuple[Asked | None, str]:
    """Put the next question of a placement on the desk, or None and why there is none."""
    test = bench_of(practice.place, grade)
    if test is None:
        return None, "exhausted"
    entry, reason = next_entry(test, keeping.given(practice), practice.pk)
    if entry is None:
        return None, reason
    now = timezone.now().timestamp()
    return put(practice, entry.item, entry.version, entry.seed, number, "", now), ""


def outcome(test: Bench, given: Sequence[Given], reason: str = "stopped") -> Outcome | None:
    """What the answers say; None when they are too few to say anything."""
    sitting = laid(test, given)
    if len(sitting.asked) < FEWEST_SAID:
        return None
    found = adaptive.result(test.plan, sitting)
    cuts, low, high = test.plan.rules.cuts, *found.interval
    units = _units(test, sitting)
    own = [place for place, entry in enumerate(test.entries) if entry.grade == test.grade]
    return Outcome(
        grade=test.grade,
        n=found.n,
        reason=reason,
        ability=found.ability,
        se=found.se,
        share=_expected(test, own, found.ability),
        low=_expected(test, own, low),
        high=_expected(test, own, high),
        band=_band(found.ability, cuts),
        band_low=_band(low, cuts),
        band_high=_band(high, cuts),
        units=units,
        begin=next((unit.code for unit in units if unit.share < SURE), ""),
    )


def _band(ability: float, cuts: Sequence[float]) -> int:
    return sum(ability >= cut for cut in cuts)


def _expected(test: Bench, places: Sequence[int], ability: float) -> float:
    """The share of these questions that somebody of this ability knows (guessing left out)."""
    chosen = test.parameters.chosen(places or range(len(test.entries)))
    return float(np.mean(1.0 / (1.0 + np.exp(-chosen.a * (ability - chosen.b)))))


def _units(test: Bench, sitting: adaptive.Sitting) -> tuple[UnitView, ...]:
    """Each unit in teaching order: what the ability says, drawn towards the unit's own answers."""
    known, ability = graph(SUBJECT).units, adaptive.result(test.plan, sitting).ability
    found = []
    for code in sorted({entry.unit for entry in test.entries}, key=lambda one: known[one].when):
        places = [place for place, entry in enumerate(test.entries) if entry.unit == code]
        scores = [int(score) for place, score in zip(sitting.asked, sitting.scores, strict=True) if place in places]
        share = (WEIGHT * _expected(test, places, ability) + sum(scores)) / (WEIGHT + len(scores))
        found.append(UnitView(code, round(share, 3), len(scores)))
    return tuple(found)


def rehearse() -> None:
    """A short test that nobody sits, for what is compiled when it is first used."""
    test = bench(pool(SUBJECT, ""), MIDDLE, TERMS[0])
    given: list[Given] = []
    practice = new_id()
    while test and len(given) < FEWEST_SAID:
        entry, _ = next_entry(test, given, practice)
        if entry is None:
            break
        given.append(Given(entry.item, (), float(len(given) % 2), entry.seed))
    if test:
        outcome(test, given)
