"""What teachers said of causes, and what was learned from it.

A **Judgement** is the typed row of a statement `attributed`: somebody who teaches the pupil confirmed the cause that
the platform named for a wrong answer, or put another in its place. The newest of an answer counts; who judged stands
in the audit. An **AttributionModel** is what all judgements in force come to: one row for each time it was trained,
never changed, the newest in use. **Grown** keeps what was computed for a report of a class; it follows from the facts
and may be thrown away.

A **Working** is the typed row of a statement `worked`: the lines that a pupil wrote out after a wrong answer, as they
were read. `broken` is the place of the first that did not follow.

Part of `models.py`, which explains the rest.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from yincai.core.scope import Scope, ScopedModel
from yincai.records.models import OfPlace, pupils_in


class Judgement(OfPlace):
    """`answer`: the statement of the answer; `said`: the cause that the platform had named, `cause`: the teacher's.
    `place`: of the answer."""

    id = models.BigAutoField(primary_key=True)
    statement = models.UUIDField(unique=True)
    answer = models.UUIDField()
    pupil = models.BigIntegerField()
    subject = models.CharField(max_length=20)
    place = models.CharField(max_length=64)
    said = models.CharField(max_length=120, blank=True)
    cause = models.CharField(max_length=120)
    superseded = models.BooleanField(default=False)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["answer"], condition=Q(superseded=False), name="one_judgement_in_force")
        ]
        indexes = [models.Index(fields=["pupil", "subject"], name="judgement_pupil")]

    @property
    def confirmed(self) -> bool:
        return self.said == self.cause


class Working(OfPlace):
    """`answer`: the statement of the answer behind which these steps stand."""

    id = models.BigAutoField(primary_key=True)
    statement = models.UUIDField(unique=True)
    answer = models.UUIDField()
    pupil = models.BigIntegerField()
    subject = models.CharField(max_length=20)
    place = models.CharField(max_length=64)
    lines = models.JSONField(default=list)
    broken = models.SmallIntegerField(null=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["pupil", "answer"], name="working_pupil")]


class AttributionModel(models.Model):
    """`counts`: how often each faulty procedure of the search is expected; `rules`: for a generator's malrule, how
    often teachers agreed and how often not. `judgements`: how many it was trained on; `by`: whose was the newest."""

    id = models.AutoField(primary_key=True)
    subject = models.CharField(max_length=20)
    counts = models.JSONField(default=dict)
    rules = models.JSONField(default=dict)
    judgements = models.IntegerField()
    by = models.UUIDField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"第 {self.pk} 版，{self.judgements} 次判断"


class Grown(ScopedModel):
    """A pupil's mastery before the fact `first` and after the fact `last`: slot → [value, value, level, level]."""

    pupil = models.BigIntegerField()
    subject = models.CharField(max_length=20)
    first = models.IntegerField()
    last = models.IntegerField()
    figures = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pupil", "subject", "first", "last"], name="grown_once_each_stretch")
        ]

    @classmethod
    def in_scope(cls, scope_now: Scope) -> Q:
        return pupils_in(scope_now)
