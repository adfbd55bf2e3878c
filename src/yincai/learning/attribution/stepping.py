"""What the steps that pupils wrote out show of the causes of their wrong answers.

Of the workings behind an answer the first that breaks counts: the later ones were mended with a hint at the line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from yincai.learning.attributed import Working
from yincai.learning.attribution.trained import Trained
from yincai.learning.attribution.words import stepped
from yincai.learning.attribution.worked import Worked, read_again, shown, task_of
from yincai.measurement.errors.lines import Line as Expression
from yincai.measurement.errors.working import Cause
from yincai.records.models import ResponseFact

KEPT = 4096  # remembered in a process


@dataclass(frozen=True)
class Line:
    """One line as it is shown: LaTeX, and whether it is the first that does not follow."""

    latex: str
    breaks: bool = False


@dataclass(frozen=True)
class Seen:
    """`causes`: (id, probability, what speaks for it), the most probable first; `lines` from the task on."""

    lines: tuple[Line, ...]
    causes: tuple[tuple[str, float, str], ...]


_seen: dict[tuple[object, ...], Seen | None] = {}


def workings_of(facts: Sequence[ResponseFact]) -> dict[UUID, Working]:
    """The first breaking working behind each answer, by its statement, as far as the scope reaches."""
    if not facts:
        return {}
    answers, since = {fact.statement for fact in facts}, min(fact.at for fact in facts)
    rows = Working.objects.filter(pupil__in={fact.pupil for fact in facts}, broken__isnull=False, at__gte=since)
    return {row.answer: row for row in rows.order_by("-pk") if row.answer in answers}


def is_known(fact: ResponseFact, row: Working, model: Trained) -> bool:
    return _key(fact, row, model) in _seen


def seen_in(fact: ResponseFact, row: Working, model: Trained) -> Seen | None:
    """None where today's reading finds no break, or the item is gone."""
    key = _key(fact, row, model)
    if key not in _seen:
        if len(_seen) >= KEPT:
            _seen.clear()
        _seen[key] = _look(fact, row, model)
    return _seen[key]


def _key(fact: ResponseFact, row: Working, model: Trained) -> tuple[object, ...]:
    return model.version, fact.item, fact.version, fact.seed, *row.lines


def _look(fact: ResponseFact, row: Working, model: Trained) -> Seen | None:
    task = task_of(fact.item, fact.version, fact.seed)
    worked = read_again(task, row.lines, model.moves, model.search) if task else None
    if task is None or worked is None or worked.broken is None or worked.found is None:
        return None
    rows = [Line(each.latex, place == worked.broken) for place, each in enumerate(worked.rows)]
    evidence, line = _between(worked), rows[worked.broken].latex
    causes = tuple(
        (
            stepped(cause.steps, bool(task.line.sign)),
            cause.probability,
            f"{evidence}{_shows(cause, line)}",
        )
        for cause in worked.found.causes
    )
    return Seen((Line(task.latex), *rows), _each_once(causes))


def _each_once(causes: tuple[tuple[str, float, str], ...]) -> tuple[tuple[str, float, str], ...]:
    found: dict[str, tuple[str, float, str]] = {}
    for cause in causes:
        found.setdefault(cause[0], cause)
    return tuple(found.values())


def _between(worked: Worked) -> str:
    before = worked.found.before if worked.found else None
    line = worked.rows[worked.broken or 0].latex
    return f"步骤里从 ${shown(before)}$ 到 ${line}$" if before else f"步骤里写到 ${line}$"


def _shows(cause: Cause, line: str) -> str:
    if cause.wrong is not None and len(cause.steps) == 2:
        return f"：先错成 ${shown(cause.wrong)}$，再错一处，正好是写的这一行"
    if cause.wrong is not None and shown(cause.wrong) == line:
        return "，正好是这样错的样子"
    if cause.wrong is not None:
        return f"：这样错会得到 ${shown(cause.wrong)}$，和写的这一行是一回事"
    if cause.part is not None:
        return f"：把 ${shown(Expression(cause.part[0]))}$ 算成了 ${shown(Expression(cause.part[1]))}$"
    return "：只有一个数对不上"


def forget() -> None:
    """What was seen; for tests, whose versions come again."""
    _seen.clear()
