"""The causes of wrong answers: a teacher's word before what the pupil's steps show, before an exact malrule, before
what the search finds.

Nothing of this happens while an answer is given. It is worked out for whoever opens a report or a pupil's page, a
bounded number of new searches a page; what was searched is remembered in the process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from yincai.knowledge import items
from yincai.knowledge.items import UnknownItem
from yincai.learning.attributed import Judgement, Working
from yincai.learning.attribution import stepping
from yincai.learning.attribution.exercise import exercise_of, value_of
from yincai.learning.attribution.trained import Trained, in_use
from yincai.learning.attribution.words import UNKNOWN, name_of, searched
from yincai.measurement.errors import answers
from yincai.records.models import ResponseFact
from yincai.records.queries import said_in

TEACHER, STEP, EXACT, SEARCH = "teacher", "step", "exact", "search"
HOW = {TEACHER: "老师判断", STEP: "步骤里看到", EXACT: "与常见错误完全吻合", SEARCH: "按算式推算"}
ENOUGH = 0.5  # a cause less probable than this is offered, not named
SEARCHES = 60  # new ones a page: some tenths of a second
OFFERED = 4
KEPT = 8192  # searches remembered in a process


@dataclass(frozen=True)
class Candidate:
    """A possible cause with its probability; `evidence` says what speaks for it."""

    cause: str
    probability: float
    how: str
    evidence: str

    @property
    def name(self) -> str:
        return name_of(self.cause)

    @property
    def said(self) -> str:
        return HOW[self.how]


@dataclass(frozen=True)
class Wrong:
    """A wrong answer with what may have caused it, the most probable first. `waits`: not searched yet."""

    fact: ResponseFact
    typed: str
    candidates: tuple[Candidate, ...]
    judged: bool = False
    waits: bool = False

    @property
    def named(self) -> Candidate | None:
        """The cause that is said of it, if any is probable enough."""
        first = self.candidates[0] if self.candidates else None
        return first if first and first.probability >= ENOUGH and first.cause != UNKNOWN else None

    @property
    def cause(self) -> str:
        return self.named.cause if self.named else ""


def attribute(facts: Sequence[ResponseFact], subject: str) -> list[Wrong]:
    """Every wrong answer among the facts with its candidates, in the order given."""
    wrong = [fact for fact in facts if fact.score < 1]
    judged, typed, model = judgements_of(wrong), said_in(fact.statement for fact in wrong), in_use(subject)
    worked = stepping.workings_of(wrong)
    budget, found = SEARCHES, []
    for fact in wrong:
        said = typed.get(fact.statement, "")
        teacher = judged.get(fact.statement)
        task = None if fact.cause else _task(fact, said)
        steps = worked.get(fact.statement)
        new = task is not None and (model.version, *task) not in _found
        new |= steps is not None and not stepping.is_known(fact, steps, model)
        waits = new and budget == 0
        budget -= new and not waits
        candidates = platform_candidates(fact, said, model, steps, search=not waits)
        found.append(Wrong(fact, said, _with_teacher(candidates, teacher), teacher is not None, waits))
    return found


def judgements_of(facts: Sequence[ResponseFact]) -> dict[UUID, str]:
    """What teachers said, by the statement of the answer."""
    pupils = {fact.pupil for fact in facts}
    rows = Judgement.objects.filter(pupil__in=pupils, superseded=False)
    return dict(rows.values_list("answer", "cause"))


def platform_candidates(
    fact: ResponseFact, typed: str, model: Trained, steps: Working | None = None, *, search: bool = True
) -> list[Candidate]:
    """Without what a teacher said. `steps`: the working behind the answer, if there is one that breaks."""
    seen = stepping.seen_in(fact, steps, model) if steps and search else None
    found = [Candidate(cause, probability, STEP, why) for cause, probability, why in seen.causes] if seen else []
    known = {one.cause for one in found}
    return [*found, *(one for one in _by_answer(fact, typed, model, search=search) if one.cause not in known)]


def _by_answer(fact: ResponseFact, typed: str, model: Trained, *, search: bool) -> list[Candidate]:
    """What the answer alone shows."""
    if fact.cause:
        return [Candidate(fact.cause, model.trust(fact.cause), EXACT, _exact_evidence(typed))]
    task = _task(fact, typed)
    if task is None or not search:
        return []
    exercise, value = task
    return [
        Candidate(searched(names), probability, SEARCH, f"把 {_shown(exercise)} 这样算，正好得 {typed}")
        for names, probability in _ways(exercise, value, model)
    ]


def _exact_evidence(typed: str) -> str:
    return f"这样算正好得 {typed}，别的常见错误得不到这个数" if typed else "这样算正好得到这个答案"


def _with_teacher(candidates: list[Candidate], cause: str | None) -> tuple[Candidate, ...]:
    if cause is None:
        return tuple(candidates)
    others = [one for one in candidates if one.cause != cause]
    return (Candidate(cause, 1.0, TEACHER, "老师看过这道题后的判断"), *others)


def _task(fact: ResponseFact, typed: str) -> tuple[str, str] | None:
    """The calculation and the wrong number that came out, where both can be told."""
    value = value_of(typed) if typed else None
    if value is None:
        return None
    try:
        question = items.question(fact.item, fact.version, fact.seed)
        if question.is_choice:
            return None
        key = items.spec_of(fact.item, fact.version, fact.seed).key
        exercise = _exercise(fact.item, fact.version, fact.seed, question.stem, key)
    except (UnknownItem, LookupError, ValueError):
        return None
    return (exercise, str(value)) if exercise and value != value_of(key) else None


@lru_cache(maxsize=KEPT)
def _exercise(item: int, version: int, seed: int | None, stem: str, key: str) -> str:
    """The solution is written out only where the stem says no calculation: for a generator that takes a while."""
    return exercise_of(stem, "", key) or exercise_of("", items.explanation(item, version, seed), key)


Ways = tuple[tuple[tuple[str, ...], float], ...]
_found: dict[tuple[int, str, str], Ways] = {}


def _ways(exercise: str, value: str, model: Trained) -> Ways:
    """What the search finds, without the empty way; its share of the probability is what is left."""
    key = (model.version, exercise, value)
    if key not in _found:
        if len(_found) >= KEPT:
            _found.clear()
        _found[key] = _search(exercise, value, model)
    return _found[key]


def _search(exercise: str, value: str, model: Trained) -> Ways:
    try:
        ways = answers.causes(exercise, value, model.search)
    except ValueError:
        return ()
    return tuple((way.malrules, way.probability) for way in ways if way.malrules)[:OFFERED]


def _shown(exercise: str) -> str:
    return exercise.replace("*", "×").replace("-", "−")


def forget() -> None:
    """What was searched; for tests, whose versions come again."""
    _found.clear()
    stepping.forget()
