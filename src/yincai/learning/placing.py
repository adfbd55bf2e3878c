"""摸底诊断: which questions show where a pupil should begin, and what the answers say about it.

The test draws from what a class has met by now, the two grades before included, balanced over units. Its state is the
answers themselves: they are laid anew on the items' parameters each time, so nothing but facts is kept, and an item
that was withdrawn, or banned by the class's teacher, drops out of the estimate with its answer.

Who sees what: an item of a generator stands for its fixed variants, one of which is drawn when its turn comes, so that
neighbours who are asked the same kind of question read different ones. What is chosen for its information is one of
the AMONG best, and a written item may appear in so many sittings as the last rehearsal found (`exposure.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

import numpy as np
from django.utils import timezone
from numpy.typing import NDArray

from yincai.knowledge.fixed import fixed_seeds
from yincai.knowledge.models import Item
from yincai.knowledge.parameters import parameters_of
from yincai.knowledge.pool import Pool, pool
from yincai.knowledge.priors import Parameters, average_of
from yincai.knowledge.queries import graph
from yincai.knowledge.rehearsals import Kept, limits_of
from yincai.learning.keeping import Given, Keeping
from yincai.learning.limits import kept_limits
from yincai.learning.models import ItemRule, Practice
from yincai.learning.sitting import Asked, grades, half_of, open_slots, put, when

if TYPE_CHECKING:
    from yincai.measurement import adaptive

SUBJECT = "math"
LONGEST, SHORTEST = 20, 10  # questions
FEWEST_HELD = 8  # items without which no test is offered
FEWEST_SAID = 5  # answers below which nothing is said
TWICE = 2  # an item of a generator comes at most so often
AMONG = 3  # the next question is one of so many that tell most
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
    """A place in the test: an item at its version, and for a generator the fixed variants that may stand there."""

    item: int
    version: int
    seeds: tuple[int, ...]
    unit: str
    grade: int


class Drawn(NamedTuple):
    """A question as it is put: an item at its version, and for a generator the variant."""

    item: int
    version: int
    seed: int | None


@dataclass(frozen=True, eq=False)
class Bench:
    """All questions for a grade at a half of the year, under the rules of the test."""

    grade: int
    entries: tuple[Entry, ...]
    parameters: Parameters
    plan: adaptive.Plan

    @cached_property
    def at(self) -> dict[tuple[int, int | None], int]:
        return {
            (entry.item, seed): place for place, entry in enumerate(self.entries) for seed in entry.seeds or (None,)
        }

    @cached_property
    def of_item(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for place, entry in enumerate(self.entries):
            found.setdefault(entry.item, []).append(place)
        return found

    @cached_property
    def typical(self) -> list[int]:
        """One place of each item: what stands for the questions of a grade or a unit."""
        return [places[0] for places in self.of_item.values()]


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
def bench(choices: Pool, grade: int, half: str, banned: frozenset[int] = frozenset()) -> Bench | None:
    """The questions for a grade without those that a teacher banned, or None where there are too few for a test."""
    if grade not in grades(SUBJECT):
        return None
    return made(choices, parameters_of(choices), grade, half, banned, limits_of(code_of(grade, half)))


def banned_at(place: str) -> frozenset[int]:
    """What the teachers of the class at a path will not have asked."""
    rules = ItemRule.objects.filter(school_class__path=place, kind=ItemRule.BAN)
    return frozenset(rules.values_list("item", flat=True))


def code_of(grade: int, half: str) -> str:
    """The name under which a calibration keeps what it says of this test."""
    return f"placement-{SUBJECT}-{grade}{half}"


def made(
    choices: Pool,
    parameters: Parameters,
    grade: int,
    half: str,
    banned: frozenset[int] = frozenset(),
    limits: Kept | None = None,
) -> Bench | None:
    """The same under other parameters (of the whole pool) and limits of exposure; None: no limits."""
    entries, owners = _entries(choices, _met(choices, grade, half, banned))
    longest = min(LONGEST, len(entries))
    if longest < FEWEST_HELD:
        return None
    own = parameters.chosen(owners)
    may = np.ones(len(entries)) if limits is None else kept_limits(entries, longest, limits)
    return Bench(grade, entries, own, _plan(entries, own, grade, longest, may if (may < 1).any() else None))


def bench_of(place: str, grade: int) -> Bench | None:
    """The questions for a grade of the class at a path, by today."""
    return bench(pool(SUBJECT, place), grade, half_of(timezone.localdate()), banned_at(place))


def _met(choices: Pool, grade: int, half: str, banned: frozenset[int]) -> list[int]:
    """The items all of whose points have been met."""
    met, real = open_slots(SUBJECT, grade, half), choices.slots >= 0
    whole = np.all(met[choices.slots] | ~real, axis=1)
    return [int(row) for row in np.flatnonzero(whole) if int(choices.items[row]) not in banned]


def _entries(choices: Pool, rows: Sequence[int]) -> tuple[tuple[Entry, ...], list[int]]:
    """The places of the test, and which item of the pool each belongs to; a generator's has TWICE."""
    made = {
        item: (generator, depth, topic)
        for item, generator, depth, topic in Item.objects.filter(pk__in=choices.items[rows].tolist())
        .exclude(generator="")
        .values_list("pk", "generator", "depth", "topic")
    }
    known = graph(SUBJECT).by_slot
    entries, owners = [], []
    for row in rows:
        item, version = int(choices.items[row]), int(choices.versions[row])
        last = max((known[int(slot)] for slot in choices.slots[row] if slot >= 0), key=when)
        for seeds in _turns(made.get(item), version):
            entries.append(Entry(item, version, seeds, last.unit, last.grade))
            owners.append(row)
    return tuple(entries), owners


def _turns(made: tuple[str, int, str] | None, version: int) -> list[tuple[int, ...]]:
    """For each place of an item the variants that may stand there; a written item has one place and no variants."""
    if made is None:
        return [()]
    generator, depth, topic = made
    seeds = fixed_seeds(generator, version, depth, topic)
    return [seeds[turn::TWICE] for turn in range(min(TWICE, len(seeds)))]


def _plan(
    entries: tuple[Entry, ...], parameters: Parameters, grade: int, longest: int, exposure: Floats | None
) -> adaptive.Plan:
    from yincai.measurement import adaptive  # compiled code: loaded by the first test, not by the first page

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
        randomesque=AMONG,
        start=adaptive.Start("at", low=mean - BAND),
        mean=mean,
    )
    p = parameters
    pool_ = adaptive.Pool(a=p.a, b=p.b, c=p.c, se_a=p.se_a, se_b=p.se_b, attributes=attributes, exposure=exposure)
    return adaptive.plan(pool_, rules)


def _balance(units: Sequence[str], longest: int) -> tuple[adaptive.Constraint, ...]:
    """No unit takes more than twice its equal part, so that the test looks at all of them."""
    from yincai.measurement import adaptive

    most = max(2, -(-2 * longest // len(units)))
    return tuple(adaptive.Constraint("unit", (code,), most=most) for code in range(len(units)))


def laid(test: Bench, given: Sequence[Given], lot: int = 0) -> adaptive.Sitting:
    """The answers so far on the items' parameters. `lot` decides which questions of limited exposure may come."""
    from yincai.measurement import adaptive

    sitting, used = adaptive.begin(test.plan, seed=lot), set[int]()
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


def next_question(test: Bench, given: Sequence[Given], practice: UUID) -> tuple[Drawn | None, str]:
    """The next question, or None with the reason why the test is over. Asking again gives the same question."""
    from yincai.measurement import adaptive

    sitting = laid(test, given, practice.int % 2**64)
    reason = adaptive.done(test.plan, sitting)
    if reason or len(given) >= LONGEST:
        return None, reason or "length"
    dice = np.random.default_rng([practice.int % 2**64, len(given)])
    try:
        choice = adaptive.next_item(test.plan, sitting, dice)
    except LookupError:
        return None, "exhausted"
    entry = test.entries[choice.item]
    return Drawn(entry.item, entry.version, int(dice.choice(entry.seeds)) if entry.seeds else None), ""


def ask_measured(keeping: Keeping, practice: Practice, grade: int, number: int) -> tuple[Asked | None, str]:
    """Put the next question of a placement on the desk, or None and why there is none."""
    test = bench_of(practice.place, grade)
    if test is None:
        return None, "exhausted"
    drawn, reason = next_question(test, keeping.given(practice), practice.pk)
    if drawn is None:
        return None, reason
    return put(practice, *drawn, number, "", timezone.now().timestamp()), ""


def outcome(test: Bench, given: Sequence[Given], reason: str = "stopped") -> Outcome | None:
    """What the answers say; None when they are too few to say anything."""
    from yincai.measurement import adaptive

    sitting = laid(test, given)
    if len(sitting.asked) < FEWEST_SAID:
        return None
    found = adaptive.result(test.plan, sitting)
    cuts, low, high = test.plan.rules.cuts, *found.interval
    units = _units(test, sitting)
    own = [place for place in test.typical if test.entries[place].grade == test.grade]
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
    chosen = test.parameters.chosen(places or test.typical)
    return float(np.mean(1.0 / (1.0 + np.exp(-chosen.a * (ability - chosen.b)))))


def _units(test: Bench, sitting: adaptive.Sitting) -> tuple[UnitView, ...]:
    """Each unit in teaching order: what the ability says, drawn towards the unit's own answers."""
    from yincai.measurement import adaptive

    known, ability = graph(SUBJECT).units, adaptive.result(test.plan, sitting).ability
    answers = list(zip(sitting.asked, sitting.scores, strict=True))
    found = []
    for code in sorted({entry.unit for entry in test.entries}, key=lambda one: known[one].when):
        places = [place for place in test.typical if test.entries[place].unit == code]
        scores = [int(score) for place, score in answers if test.entries[place].unit == code]
        share = (WEIGHT * _expected(test, places, ability) + sum(scores)) / (WEIGHT + len(scores))
        found.append(UnitView(code, round(share, 3), len(scores)))
    return tuple(found)
