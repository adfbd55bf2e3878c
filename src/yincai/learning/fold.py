"""The fold of practice: each fact moves both heads of the traced state and the review schedule of its points.

It reads the fact and the versioned numbers (`tracing.versions`), nothing else. A fact from before the newest one counts
as the same moment, so no time ever passes backwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from fsrs import Card, Rating, Scheduler
from fsrs import State as Phase

from yincai.knowledge.graph import load
from yincai.learning.tracing.numbers import MODEL, Numbers
from yincai.learning.tracing.state import Traced, name_in
from yincai.learning.tracing.versions import FIRST, UnknownNumbers, name_in_use, numbers_of
from yincai.measurement import tracing
from yincai.measurement.tracing import ItemInfo, State, update
from yincai.records.folds import Damaged, Fact, Versions

SUBJECT = "math"
RIGHT = 0.5  # a score from here on counts as known
SCHEDULE = Scheduler(desired_retention=0.9, learning_steps=(), relearning_steps=(), enable_fuzzing=False)


class PracticeFold:
    """Registered with records for mathematics. The parameters of a version are the name of a set of numbers; what a set
    holds is never changed, and neither is SCHEDULE: a better one comes with a new model."""

    @property
    def versions(self) -> Versions:
        return Versions(MODEL, name_in_use(), str(load().version))

    def knows(self, versions: Versions) -> bool:
        if versions.model != (tracing.MODEL if versions.parameters == FIRST else MODEL):
            return False
        try:
            return bool(self.numbers(versions.parameters))
        except UnknownNumbers:
            return False

    def numbers(self, name: str) -> Numbers:
        return numbers_of(name)

    def fold(self, state: bytes, facts: Sequence[Fact], versions: Versions) -> bytes:
        numbers = self.numbers(versions.parameters)
        before = Traced.unpack(state, numbers)
        mastery = before.mastery
        for fact in facts:
            item, moment = ItemInfo(fact.points, fact.difficulty, fact.guess), fact.at.timestamp()
            after = update(mastery, item, fact.score, moment, numbers.mastery, item_id=fact.item)
            _schedule(mastery, after, fact)
            mastery = after
        return Traced(numbers, mastery, _followed(before.trees, facts, numbers)).pack()

    def opened(self, state: bytes, versions: Versions) -> Traced:
        """Both heads unpacked. Raises UnknownNumbers too."""
        numbers = self.numbers(versions.parameters)
        try:
            return Traced.unpack(state, numbers).checked()
        except ValueError as wrong:
            raise Damaged(str(wrong)) from wrong

    def differences(self, one: bytes, other: bytes) -> list[str]:
        first, second = (Traced.unpack(each, self.numbers(name_in(each))) if each else None for each in (one, other))
        if first is None or second is None:
            return [] if first is second else ["one of them is empty"]
        return first.differences(second)


def _followed(packed: bytes, facts: Sequence[Fact], numbers: Numbers) -> bytes:
    """The prediction head after the facts."""
    if not numbers.predicts:
        return b""
    trees = numbers.trees
    state = trees.unpack(packed)
    for fact in facts:
        state = trees.update(state, numbers.unit_of(fact.points), fact.score, fact.at.timestamp())
    return trees.pack(state)


def _schedule(before: State, after: State, fact: Fact) -> None:
    """Set the next review of each point of the fact, in the state that `update` just made."""
    rating = rating_of(fact)
    for slot in fact.points:
        point = after.points[slot]
        moment = datetime.fromtimestamp(float(point["last"]), UTC)
        card, _ = SCHEDULE.review_card(_card(before, slot), rating, moment)
        point["stability"], point["hardness"], point["due"] = card.stability, card.difficulty, card.due.timestamp()


def _card(state: State, slot: int) -> Card:
    """The point as fsrs sees it; number and due date are given, for it would ask the clock for them."""
    if slot >= state.slots or not state.points[slot]["n"]:
        return Card(card_id=0, state=Phase.Learning, step=0, due=datetime.fromtimestamp(0, UTC))
    point = state.points[slot]
    return Card(
        card_id=0,
        state=Phase.Review,
        stability=float(point["stability"]),
        difficulty=float(point["hardness"]),
        due=datetime.fromtimestamp(float(point["due"]), UTC),
        last_review=datetime.fromtimestamp(float(point["last"]), UTC),
    )


def rating_of(fact: Fact) -> Rating:
    """Wrong: again. Right with help, or not at the first attempt: hard. Right at once: good."""
    if fact.score < RIGHT:
        return Rating.Again
    return Rating.Hard if fact.hints or fact.attempt > 1 else Rating.Good
