"""One wrong answer as a teacher looks at it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from yincai.knowledge import items
from yincai.knowledge.items import Image, UnknownItem
from yincai.learning.attributed import Judgement
from yincai.learning.attribution.causes import Candidate, attribute
from yincai.learning.attribution.choices import GENERAL, Choice, choices_for
from yincai.learning.attribution.stepping import Line, seen_in, workings_of
from yincai.learning.attribution.trained import in_use
from yincai.records.models import ResponseFact


@dataclass(frozen=True)
class Shown:
    """`chosen`: the cause that is ticked when the page opens; `groups`: what may be ticked, by where it comes from;
    `steps`: the lines that the pupil wrote out, from the task on; `judgement`: the one in force, 0 for none."""

    stem: str
    images: tuple[Image, ...]
    options: tuple[tuple[str, str], ...]
    typed: str
    key: str
    candidates: tuple[Candidate, ...]
    judgement: int
    chosen: str
    groups: tuple[tuple[str, tuple[Choice, ...]], ...]
    steps: tuple[Line, ...] = ()

    @property
    def folded(self) -> str:
        """The group that stays folded away: it is long, and seldom wanted."""
        return GENERAL

    @property
    def finding(self) -> str:
        first = self.candidates[0] if self.candidates else None
        if self.judgement and first:
            return f"老师判断是“{first.name}”"
        return f"可能是“{first.name}”（约 {first.probability:.0%}）" if first else "还看不出错因"


def shown_answer(fact: ResponseFact) -> Shown:
    wrong = next(iter(attribute([fact], fact.subject)), None)
    candidates = wrong.candidates if wrong else ()
    choices = choices_for(fact, candidates)
    groups = tuple((name, tuple(some)) for name, some in groupby(choices, key=lambda one: one.group))
    stem, images, options, key = _question(fact)
    return Shown(
        stem=stem,
        images=images,
        options=options,
        typed=wrong.typed if wrong else "",
        key=key,
        candidates=candidates,
        judgement=_judgement_of(fact),
        chosen=candidates[0].cause if candidates else "",
        groups=groups,
        steps=_steps(fact),
    )


def _judgement_of(fact: ResponseFact) -> int:
    row = Judgement.objects.filter(answer=fact.statement, superseded=False).first()
    return row.pk if row else 0


def _steps(fact: ResponseFact) -> tuple[Line, ...]:
    row = workings_of([fact]).get(fact.statement)
    seen = seen_in(fact, row, in_use(fact.subject)) if row else None
    return seen.lines if seen else ()


def _question(fact: ResponseFact) -> tuple[str, tuple[Image, ...], tuple[tuple[str, str], ...], str]:
    try:
        asked = items.question(fact.item, fact.version, fact.seed)
        spec = items.spec_of(fact.item, fact.version, fact.seed)
        return asked.stem, asked.images, asked.lettered, items.shown_answer(spec, asked.options)
    except (UnknownItem, LookupError, ValueError):
        return "这道题已不在题库里。", (), (), ""
