"""The fold of practice: each fact moves the traced abilities and the review schedule of its points.

It reads the fact and the versioned numbers below, nothing else. A fact from before the newest one counts as the same
moment, so no time ever passes backwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property

from fsrs import Card, Rating, Scheduler
from fsrs import State as Phase

from yincai.knowledge.graph import load
from yincai.measurement import tracing
from yincai.measurement.tracing import ItemInfo, Parameters, State, update
from yincai.records.folds import Fact, Versions

SUBJECT = "math"
RIGHT = 0.5  # a score from here on counts as known
NEWEST = "1"


class PracticeFold:
    """Registered with records for mathematics. A version's numbers are never changed: a better set gets a new name."""

    parameters = {"1": Parameters()}
    schedules = {"1": Scheduler(desired_retention=0.9, learning_steps=(), relearning_steps=(), enable_fuzzing=False)}

    @cached_property
    def versions(self) -> Versions:
        return Versions(tracing.MODEL, NEWEST, str(load().version))

    def knows(self, versions: Versions) -> bool:
        return versions.model == tracing.MODEL and versions.parameters in self.parameters

    def fold(self, state: bytes, facts: Sequence[Fact], versions: Versions) -> bytes:
        parameters, scheduler = self.parameters[versions.parameters], self.schedules[versions.parameters]
        current = State.unpack(state, parameters)
        for fact in facts:
            item = ItemInfo(fact.points, fact.difficulty, fact.guess)
            after = update(current, item, fact.score, fact.at.timestamp(), parameters, item_id=fact.item)
            _schedule(current, after, fact, scheduler)
            current = after
        return current.pack()

    def differences(self, one: bytes, other: bytes) -> list[str]:
        return State.unpack(one).differences(State.unpack(other))


def _schedule(before: State, after: State, fact: Fact, scheduler: Scheduler) -> None:
    """Set the next review of each point of the fact, in the state that `update` just made."""
    rating = rating_of(fact)
    for slot in fact.points:
        point = after.points[slot]
        moment = datetime.fromtimestamp(float(point["last"]), UTC)
        card, _ = scheduler.review_card(_card(before, slot), rating, moment)
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
