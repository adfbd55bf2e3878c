"""The attribution model in use: what the search expects, and how far a malrule's match is to be trusted.

Trained on all judgements in force, anew each time, so that it follows from the judgements alone.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from uuid import UUID

from django.db.models import Count

from yincai.core.scope import unscoped
from yincai.learning.attributed import AttributionModel, Judgement
from yincai.learning.attribution.words import STEPS, procedures_of, steps_of
from yincai.measurement.errors import moves
from yincai.measurement.errors.answers import NAMES, AnswerModel, updated
from yincai.measurement.errors.moves import MoveModel

# Before anybody judged, a malrule that gives just this answer is believed as nine of ten would be.
AGREED, REFUSED = 9.0, 1.0


@dataclass(frozen=True)
class Trained:
    """`version` 0: nobody has judged yet. `rules`: malrule → (agreed, refused)."""

    version: int = 0
    counts: dict[str, float] = field(default_factory=dict)
    rules: dict[str, tuple[int, int]] = field(default_factory=dict)

    @cached_property
    def search(self) -> AnswerModel:
        known = AnswerModel()
        return AnswerModel({**known.counts, **{name: n for name, n in self.counts.items() if name in NAMES}})

    @cached_property
    def moves(self) -> MoveModel:
        """How often teachers said of an answer that it came from each faulty step."""
        agreed = {name: sum(self.rules.get(rule, (0, 0))[0] for rule in ids) for name, ids in STEPS.items()}
        return moves.updated(MoveModel(), agreed)

    def trust(self, rule: str) -> float:
        """How probable it is that an answer a malrule gives came from that malrule."""
        agreed, refused = self.rules.get(rule, (0, 0))
        return (AGREED + agreed) / (AGREED + REFUSED + agreed + refused)


def in_use(subject: str) -> Trained:
    row = AttributionModel.objects.filter(subject=subject).first()
    if row is None:
        return Trained()
    return Trained(row.pk, row.counts, {rule: (int(pair[0]), int(pair[1])) for rule, pair in row.rules.items()})


def train(subject: str, by: UUID) -> AttributionModel:
    """A new version from the judgements in force, over the whole installation."""
    with unscoped("the model belongs to the installation; it holds counts, no pupil and no teacher"):
        rows = Judgement.objects.filter(subject=subject, superseded=False).order_by()
        pairs = {(said, cause): n for said, cause, n in rows.values_list("said", "cause").annotate(n=Count("pk"))}
    confirmed = [procedures_of(cause) for (_, cause), n in sorted(pairs.items()) for _ in range(n)]
    return AttributionModel.objects.create(
        subject=subject,
        counts=dict(updated(AnswerModel(), confirmed).counts),
        rules=_rules(pairs),
        judgements=sum(pairs.values()),
        by=by,
    )


def _rules(pairs: dict[tuple[str, str], int]) -> dict[str, list[int]]:
    """For each malrule that was named: agreed, refused."""
    agreed, refused = Counter[str](), Counter[str]()
    for (said, cause), n in pairs.items():
        agreed.update(dict.fromkeys(steps_of(cause) or (cause,), n))
        if said and said != cause:
            refused[said] += n
    named = {rule for rule in {**agreed, **refused} if not procedures_of(rule)}
    return {rule: [agreed[rule], refused[rule]] for rule in sorted(named)}
