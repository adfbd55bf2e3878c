"""A sitting: what a practice is about, where the pupil stands, and the next question put on the desk.

What belongs to the class (grade, target, the teacher's words on items) is read once in a while for all its pupils; a
teacher's change shows at once in this process and within CLASS_KEPT seconds in the others.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

import numpy as np
from django.core.cache import cache
from numpy.typing import NDArray

from yincai.knowledge import items
from yincai.knowledge.items import Question
from yincai.knowledge.models import Item
from yincai.knowledge.pool import Pool, pool
from yincai.knowledge.queries import graph
from yincai.learning import forms
from yincai.learning.models import ClassSetting, ItemRule, Practice
from yincai.learning.selection import Standing, Wish, pick
from yincai.measurement import tracing
from yincai.measurement.tracing import ItemBatch, State
from yincai.registry.models import Organisation

CLASS_KEPT = 15  # seconds
TARGET = 0.75  # success rate aimed at, unless the teacher says otherwise
SEEDS = 2**31
_dice = np.random.default_rng(secrets.randbits(128))


@dataclass(frozen=True)
class ClassWord:
    """What a class brings to each sitting of its pupils."""

    grade: int
    target: float
    pinned: frozenset[int]
    banned: frozenset[int]
    order: tuple[int, ...]


@dataclass(frozen=True)
class Asked:
    """A question on the desk, with its signed form and why it was chosen."""

    question: Question
    form: forms.AnswerForm
    reason: str

    @property
    def token(self) -> str:
        return self.form.token()


def class_word(school_class: UUID) -> ClassWord:
    key = f"learning.class.{school_class}"
    found = cache.get(key)
    if found is None:
        found = _read_class(school_class)
        cache.set(key, found, CLASS_KEPT)
    return found


def forget_class(school_class: UUID) -> None:
    cache.delete(f"learning.class.{school_class}")


def _read_class(school_class: UUID) -> ClassWord:
    rules = list(ItemRule.objects.filter(school_class=school_class).values_list("kind", "item"))
    setting = ClassSetting.objects.filter(school_class=school_class).first()
    grade = Organisation.objects.filter(pk=school_class).values_list("grade", flat=True).first()
    return ClassWord(
        grade=grade or 0,
        target=setting.target if setting else TARGET,
        pinned=frozenset(item for kind, item in rules if kind == ItemRule.PIN),
        banned=frozenset(item for kind, item in rules if kind == ItemRule.BAN),
        order=tuple(item for kind, item in rules if kind == ItemRule.ORDER),
    )


def wish_of(practice: Practice, school_class: UUID) -> Wish:
    word = class_word(school_class)
    set_ = practice.assignment
    slots = frozenset(set_.points) if set_ else unit_slots(practice.subject, practice.unit)
    sequence = tuple(set_.items) if set_ and set_.items else (() if practice.unit or set_ else word.order)
    return Wish(word.grade, word.target, slots, sequence, word.pinned, word.banned)


def unit_slots(subject: str, unit: str) -> frozenset[int]:
    return frozenset(point.slot for point in graph(subject).of_unit(unit)) if unit else frozenset()


def ask(practice: Practice, place: str, school_class: UUID, state: State, number: int, now: float) -> Asked | None:
    """Put the next question on the desk, or None when nothing fits."""
    choices = pool(practice.subject, place)
    wish = wish_of(practice, school_class)
    if wish.sequence and practice.assignment_id and not wish.slots:
        found = _ask_in_order(practice, wish, state, number, now)
        if found or not len(choices):
            return found
    chosen = pick(choices, standing(practice.subject, choices, state, now), wish, _dice)
    if chosen is None:
        return None
    item, version = int(choices.items[chosen.index]), int(choices.versions[chosen.index])
    seed = secrets.randbelow(SEEDS) if choices.is_generator[chosen.index] else None
    return _put(practice, item, version, seed, number, chosen.reason, now)


def _ask_in_order(practice: Practice, wish: Wish, state: State, number: int, now: float) -> Asked | None:
    """A set list of items: the teacher may also set items that are never chosen adaptively."""
    at = number - 1
    if at >= len(wish.sequence):
        return None
    item, version, generator = Item.objects.values_list("pk", "version", "generator").get(pk=wish.sequence[at])
    seed = secrets.randbelow(SEEDS) if generator else None
    return _put(practice, item, version, seed, number, "老师布置的题", now)


def _put(practice: Practice, item: int, version: int, seed: int | None, number: int, reason: str, now: float) -> Asked:
    form = forms.issue(
        pupil=practice.pupil, item=item, version=version, seed=seed, practice=practice.pk, number=number, shown=now
    )
    return Asked(items.question(item, version, seed), form, reason)


def standing(subject: str, choices: Pool, state: State, now: float) -> Standing:
    """Where the pupil stands, as the arrays that selection reads."""
    width = graph(subject).width
    grown = state.grown(width)
    table = tracing.masteries(grown, now)
    chance, doubt = tracing.predict(grown, _batch(choices), now)
    known = table.value[:width]
    needs = _needs(subject)
    ready = np.where(needs >= 0, known[np.maximum(needs, 0)], 1.0).min(axis=1)
    due = grown.points["due"][:width]
    recent = {int(item): ago for ago, item in enumerate(reversed(grown.recent["item"].tolist()))}
    return Standing(
        known=known,
        seen=table.n[:width],
        due=(due > 0) & (due <= now),
        ready=ready,
        chance=chance,
        doubt=doubt,
        recent=recent,
        last_slot=_last_slot(choices, grown),
    )


def _last_slot(choices: Pool, state: State) -> int:
    if not len(state.recent):
        return -1
    at = choices.position(int(state.recent["item"][-1]))
    return -1 if at is None else int(choices.slots[at, 0])


@lru_cache(maxsize=8)
def _batch(choices: Pool) -> ItemBatch:
    return ItemBatch(choices.slots, choices.difficulty, choices.guess)  # type: ignore[arg-type]


@lru_cache(maxsize=8)
def _needs(subject: str) -> NDArray[np.int64]:
    """For each slot its prerequisites' slots, padded with -1."""
    known = graph(subject)
    most = max((len(point.needs) for point in known), default=0) or 1
    table = np.full((known.width, most), -1, dtype=np.int64)
    for point in known:
        slots = [known[code].slot for code in point.needs]
        table[point.slot, : len(slots)] = slots
    return table
