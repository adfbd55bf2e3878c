"""A sitting: what a practice is about, where the pupil stands, and the next question put on the desk.

What belongs to the class (grade, target, the teacher's words on items) is read once in a while for all its pupils; a
teacher's change shows at once in this process and within CLASS_KEPT seconds in the others.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from uuid import UUID

import numpy as np
from django.core.cache import cache
from django.utils import timezone
from numpy.typing import NDArray

from yincai.knowledge import items
from yincai.knowledge.actions.regrade import may_regrade
from yincai.knowledge.graph import Point
from yincai.knowledge.graph.loader import TERMS
from yincai.knowledge.items import Question
from yincai.knowledge.models import SUBJECT, Item, ItemStatus
from yincai.knowledge.pool import Pool, pool
from yincai.knowledge.queries import graph
from yincai.learning import forms
from yincai.learning.keeping import Keeping
from yincai.learning.models import ClassSetting, ItemRule, Practice
from yincai.learning.selection import Floats, Mask, Places, Standing, Wish, pick
from yincai.learning.tracing.state import Traced
from yincai.measurement.tracing import ItemBatch, State
from yincai.registry.models import Organisation

CLASS_KEPT = 15  # seconds
TARGET = 0.75  # success rate aimed at, unless the teacher says otherwise
SEEDS = 2**31
YEARS_BACK = 2  # grades below the pupil's own that the platform goes back to
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


def wish_of(practice: Practice, word: ClassWord, seen: Mask, sequence: tuple[int, ...] = ()) -> Wish:
    """The teacher's set points, or a unit; else what the class has met by now and what the pupil has practised."""
    subject, set_ = practice.subject, practice.assignment
    if set_:
        wanted = np.zeros(graph(subject).width, dtype=bool)
        wanted[[slot for slot in set_.points if slot < wanted.size]] = True
    elif practice.unit:
        wanted = unit_slots(subject, practice.unit)
    else:
        wanted = open_slots(subject, word.grade, half_of(timezone.localdate()))
        wanted = wanted | seen if wanted.any() else wanted
    free = not set_ and not practice.unit
    return Wish(word.grade, word.target, wanted, free, sequence, word.pinned, word.banned)


@lru_cache(maxsize=64)
def unit_slots(subject: str, unit: str) -> Mask:
    wanted = np.zeros(graph(subject).width, dtype=bool)
    wanted[[point.slot for point in graph(subject).of_unit(unit)]] = True
    return wanted


@lru_cache(maxsize=64)
def open_slots(subject: str, grade: int, half: str) -> Mask:
    """What a pupil of a grade has met by this half of the year, the two grades before included. None at all for a
    grade that the graph does not reach: its pupils are past what there is."""
    wanted = np.zeros(graph(subject).width, dtype=bool)
    if grade in grades(subject):
        now = (grade, TERMS.index(half))
        met = [point for point in graph(subject) if (grade - YEARS_BACK, 0) <= when(point) <= now]
        wanted[[point.slot for point in met]] = True
    return wanted


@lru_cache(maxsize=8)
def grades(subject: str) -> frozenset[int]:
    """The grades that have something to practise."""
    return frozenset(unit.grade for unit in graph(subject).units.values())


def when(point: Point) -> tuple[int, int]:
    return point.grade, TERMS.index(point.term)


def half_of(day: date) -> str:
    """上册 is taught from September to January, 下册 from February on; in the holidays the one just over."""
    return TERMS[0] if day.month >= 9 or day.month == 1 else TERMS[1]


def ask(
    keeping: Keeping, practice: Practice, school_class: UUID, state: Traced, number: int, now: float
) -> Asked | None:
    """Put the next question on the desk, or None when nothing fits."""
    word = class_word(school_class)
    set_ = practice.assignment
    if set_ and number <= len(set_.items):
        found = _ask_in_order(practice, set_.items, word.banned, number, now)
        if found or not set_.points:
            return found
    elif set_ and not set_.points:
        return None
    order = () if set_ or practice.unit else _not_yet(keeping, word.order)
    choices = pool(practice.subject, practice.place)
    where = standing(practice.subject, choices, state, now)
    wish = wish_of(practice, word, where.seen > 0, order)

    def by_both_heads(few: Places) -> tuple[Floats, Floats]:
        return state.chances(choices.slots[few], now, (where.chance[few], where.doubt[few]))

    chosen = pick(choices, where, wish, _dice, by_both_heads)
    if chosen is None:
        return None
    item, version = int(choices.items[chosen.index]), int(choices.versions[chosen.index])
    return put(practice, item, version, _any_seed(item, version), number, chosen.reason, now)


def _any_seed(item: int, version: int) -> int | None:
    return items.variant_seed(item, version, secrets.randbelow(SEEDS))


def _not_yet(keeping: Keeping, order: tuple[int, ...]) -> tuple[int, ...]:
    """What a teacher put in order comes once to each pupil."""
    if not order:
        return ()
    done = keeping.done_of(order)
    return tuple(item for item in order if item not in done)


def _ask_in_order(
    practice: Practice, wanted: Sequence[int], banned: frozenset[int], number: int, now: float
) -> Asked | None:
    """The next of a set list: it may hold items that are never chosen adaptively; one withdrawn since is left out."""
    rows = Item.objects.filter(pk__in=wanted[number - 1 :], status=ItemStatus.READY)
    found = dict(rows.values_list("pk", "version"))
    for place, item in enumerate(wanted[number - 1 :], start=number):
        if item in found and item not in banned:
            version = found[item]
            return put(practice, item, version, _any_seed(item, version), place, "老师布置的题", now)
    return None


def put(practice: Practice, item: int, version: int, seed: int | None, number: int, reason: str, now: float) -> Asked:
    """A question on the desk, in a form of its own."""
    form = forms.issue(
        pupil=practice.pupil, item=item, version=version, seed=seed, practice=practice.pk, number=number, shown=now
    )
    return Asked(items.question(item, version, seed), form, reason)


def version_that_counts(practice: Practice, form: forms.AnswerForm) -> int:
    """The version a question is graded by: a newer one where its key alone was mended since the question was shown."""
    choices = pool(practice.subject, practice.place)
    at = choices.position(form.item)
    if at is not None:
        newest = int(choices.versions[at])
    else:
        newest = Item.objects.filter(pk=form.item).values_list("version", flat=True).first() or form.version
    if newest == form.version:
        return newest
    older, newer = items.held(form.item, form.version), items.held(form.item, newest)
    return newest if may_regrade(older.version, newer.version) else form.version


def standing(subject: str, choices: Pool, state: Traced, now: float) -> Standing:
    """Where the pupil stands, as the arrays that selection reads."""
    width = graph(subject).width
    table, grown = state.masteries(now, width), state.mastery.grown(width)
    chance, doubt = state.by_mastery(_batch(choices), now)
    known = table.value[:width]
    needs = _needs(subject)
    ready = np.where(needs >= 0, known[np.maximum(needs, 0)], 1.0).min(axis=1)
    due = grown.points["due"][:width]
    latest = grown.recent["item"].tolist()
    recent = {item: ago for ago, item in zip(range(len(latest) - 1, -1, -1), latest, strict=True)}
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
def stocked(choices: Pool) -> Mask:
    """The slots that have at least one item in the pool."""
    held = np.zeros(graph(SUBJECT).width, dtype=bool)
    held[choices.slots[choices.slots >= 0]] = True
    return held


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
