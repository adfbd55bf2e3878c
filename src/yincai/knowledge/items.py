"""One question, asked and graded: the door through which practice, homework and tests use the bank.

    seed = variant_seed(item, version, 1234)       # any number; None for an item that is no generator
    asked = question(item, version, seed)          # what to show
    hint(item, version, seed, level)               # 1 … asked.hint_levels, before the attempt
    verdict = grade(item, version, seed, "3/4")    # right, wrong with its cause, unreadable, undecided
    explanation(item, version, seed)               # after the attempt

Versions never change, so a process keeps what it has read. Text is plain, with LaTeX between `$` (inline) or `$$`
(displayed), and an empty line between paragraphs; `formula.js` shows it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse

from yincai.knowledge import pool
from yincai.knowledge.generators import Variant, get, malrule
from yincai.knowledge.grading import units
from yincai.knowledge.grading.grade import Outcome, match_fault
from yincai.knowledge.grading.grade import grade as judge
from yincai.knowledge.grading.lex import Unreadable
from yincai.knowledge.grading.parse import parse
from yincai.knowledge.grading.rules import Accept, AnswerSpec
from yincai.knowledge.grading.show import to_latex
from yincai.knowledge.grading.tree import Quantity
from yincai.knowledge.models import Item, ItemVersion
from yincai.knowledge.queries import graph, slots_of

LETTERS = "ABCDEFGHIJ"
KEPT = 4000  # versions kept in a process
VARIANT_HINTS = 3


@dataclass(frozen=True, slots=True)
class Image:
    file: UUID
    alt: str

    @property
    def url(self) -> str:
        return reverse("knowledge-image", args=[self.file])


@dataclass(frozen=True, slots=True)
class Question:
    """What a pupil is asked. `kind`: single, multiple, numeric or expression. `points`: slots of the subject graph."""

    item: int
    version: int
    seed: int | None
    subject: str
    kind: str
    stem: str
    options: tuple[str, ...]
    multiple: bool
    unit: str
    points: tuple[int, ...]
    difficulty: float
    guess: float
    hint_levels: int
    images: tuple[Image, ...]
    source: str
    licence: str

    @property
    def lettered(self) -> tuple[tuple[str, str], ...]:
        return tuple(zip(LETTERS, self.options, strict=False))

    @property
    def is_choice(self) -> bool:
        return self.kind in ("single", "multiple")


@dataclass(frozen=True, slots=True)
class Held:
    """A version as read from the database, with what its item says of it."""

    item: int
    subject: str
    kind: str
    generator: str
    depth: int
    topic: str
    version: ItemVersion
    spec: AnswerSpec | None


class UnknownItem(LookupError):
    """No such item at that version."""


_versions: OrderedDict[tuple[int, int], Held] = OrderedDict()
_points: dict[int, tuple[int, ...]] = {}
_token: UUID | None = None


def _fresh() -> None:
    """Forget what was read when the bank has changed since: points of an item may, its versions may be withdrawn."""
    global _token
    now = pool.token()
    if now is None or now != _token:
        _versions.clear()
        _points.clear()
        _token = now


def held(item: int, version: int) -> Held:
    _fresh()
    key = (item, version)
    found = _versions.get(key)
    if found is None:
        found = _versions[key] = _read(item, version)
        if len(_versions) > KEPT:
            _versions.popitem(last=False)
    return found


def _read(item: int, version: int) -> Held:
    row = ItemVersion.objects.filter(item=item, number=version).select_related("item").first()
    if row is None:
        raise UnknownItem(f"没有编号为 {item} 的题目的第 {version} 版。")
    owner: Item = row.item
    spec = None if owner.generator else AnswerSpec.from_data(row.answer)
    return Held(item, owner.subject, owner.kind, owner.generator, owner.depth or 0, owner.topic, row, spec)


def points_of(item: int) -> tuple[int, ...]:
    _fresh()
    if item not in _points:
        _points[item] = slots_of([item]).get(item, ())
    return _points[item]


def question(item: int, version: int, seed: int | None = None) -> Question:
    found = held(item, version)
    if found.generator:
        return _variant_question(found, seed)
    row = found.version
    return Question(
        item=item,
        version=version,
        seed=None,
        subject=found.subject,
        kind=found.kind,
        stem=row.stem,
        options=tuple(row.options),
        multiple=found.kind == "multiple",
        unit=row.answer.get("unit", ""),
        points=points_of(item),
        difficulty=row.difficulty,
        guess=row.guess,
        hint_levels=len(row.hints),
        images=tuple(Image(UUID(image["file"]), image["alt"]) for image in row.images),
        source=row.source,
        licence=row.licence,
    )


def _variant_question(found: Held, seed: int | None) -> Question:
    made = variant(found, seed)
    kind = "single" if made.kind == "choice" else made.kind
    return Question(
        item=found.item,
        version=found.version.number,
        seed=seed,
        subject=found.subject,
        kind=kind,
        stem=made.stem,
        options=made.options,
        multiple=False,
        unit=made.unit,
        points=_slots(found.subject, made.points),
        difficulty=made.difficulty,
        guess=1 / len(made.options) if made.options else 0.0,
        hint_levels=VARIANT_HINTS,
        images=(),
        source=found.version.source,
        licence=found.version.licence,
    )


def variant_seed(item: int, version: int, start: int) -> int | None:
    """The seed of a variant to ask, found from any number: one that is about what the item is about."""
    found = held(item, version)
    if not found.generator:
        return None
    return get(found.generator, version).seed_about(found.topic, start, found.depth)


def variant(found: Held, seed: int | None) -> Variant:
    if seed is None:
        raise ValueError(f"item {found.item} is a generator: a question of it needs a seed")
    return get(found.generator, found.version.number).make(seed, found.depth)


def _slots(subject: str, codes: tuple[str, ...]) -> tuple[int, ...]:
    known = graph(subject)
    return tuple(sorted(known[code].slot for code in codes if code in known))


def hint(item: int, version: int, seed: int | None, level: int) -> str:
    """A step of the ladder, counted from 1. None of them states the answer."""
    return _ladder(item, version, seed)[level - 1][1]


def hint_names(item: int, version: int, seed: int | None) -> tuple[str, ...]:
    """What the steps are called, in order: 提示, 方法, 例题."""
    return tuple(name for name, _ in _ladder(item, version, seed))


def _ladder(item: int, version: int, seed: int | None) -> tuple[tuple[str, str], ...]:
    found = held(item, version)
    if found.generator:
        return variant(found, seed).hints.before
    return tuple((name, text) for name, text in found.version.hints)


def explanation(item: int, version: int, seed: int | None = None) -> str:
    """讲解: the worked solution, for after the attempt."""
    found = held(item, version)
    if found.generator:
        return variant(found, seed).hints.solution
    return found.version.analysis


@dataclass(frozen=True, slots=True)
class Graded:
    """`outcome`: right, wrong, unreadable (goes back, no attempt) or undecided (nobody could tell; no attempt).

    `cause` is the malrule that gives just this wrong answer. `understood` and `latex` say how the answer was read;
    `position` is where an unreadable one went wrong; `message` is for the pupil; `answer` is the right one.
    """

    outcome: str
    score: float
    cause: str = ""
    cause_name: str = ""
    cause_words: str = ""
    understood: str = ""
    latex: str = ""
    position: int | None = None
    message: str = ""
    answer: str = ""


def spec_of(item: int, version: int, seed: int | None = None) -> AnswerSpec:
    """What the item declares about its answer."""
    found = held(item, version)
    if found.generator:
        return variant_spec(variant(found, seed))
    return AnswerSpec.from_data(found.version.answer)


def grade(item: int, version: int, seed: int | None, typed: str) -> Graded:
    """The verdict on an answer; choices are typed as letters, `B` or `AC`."""
    found = held(item, version)
    if found.spec:
        return _graded(found.spec, (), found.version.options, typed)
    made = variant(found, seed)
    faults = tuple((fault.malrule, fault.answer) for fault in made.faults)
    return _graded(variant_spec(made), faults, made.options, typed)


def variant_spec(made: Variant) -> AnswerSpec:
    if made.kind == "choice":
        return AnswerSpec("single", made.answer, options=LETTERS[: len(made.options)])
    # The unit stands beside the answer field: another one typed there is not converted.
    rules = Accept(
        convert=False, must_be_expanded=made.form == "expanded", must_be_simplified=made.form == "simplified"
    )
    unit = made.unit if units.known(made.unit) else ""
    return AnswerSpec("number" if made.kind == "numeric" else "expression", made.answer, rules, unit)


def _graded(spec: AnswerSpec, faults: tuple[tuple[str, str], ...], options: Sequence[str], typed: str) -> Graded:
    verdict = judge(spec, typed)
    cause = match_fault(spec, faults, typed) if verdict.outcome is Outcome.WRONG else None
    rule = malrule(cause) if cause else None
    return Graded(
        outcome=str(verdict.outcome),
        score=verdict.score,
        cause=cause or "",
        cause_name=rule.name if rule else "",
        cause_words=rule.explain if rule else "",
        understood=verdict.normal,
        latex=verdict.latex,
        position=verdict.position,
        message=verdict.message,
        answer=shown_answer(spec, options),
    )


def shown_answer(spec: AnswerSpec, options: Sequence[str]) -> str:
    """The right answer as a page shows it: the letters with what they stand for, or the value with its unit."""
    if spec.kind in ("single", "multiple"):
        chosen = dict(zip(LETTERS, options, strict=False))
        return "；".join(f"{letter}．{chosen.get(letter, '')}".rstrip("．") for letter in spec.key)
    try:
        key = parse(spec.key, spec.reading())
    except Unreadable:
        return spec.key + spec.unit
    return f"${to_latex(key)}$ {'' if isinstance(key, Quantity) else spec.unit}".strip()
