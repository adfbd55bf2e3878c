"""What happened, and what is known from it.

A **Statement** says that somebody did something: xAPI-shaped, stored once, never changed. It knows a person only as an
account with a random pseudonym. From an answer follows a **ResponseFact**, the typed row that measurement reads; it
carries the next number of that pupil and subject, the pupil's place at that time, and all that a fold may look at. A
correction is a fact of its own that names the fact it replaces. Both tables are append-only in the database itself,
which lets one change through: the path of a place that moved (**PlaceMove**). The statement's body keeps the former.

A **ScoreFact** is the typed row of a score on a test (statements `scored`, `corrected`, `voided`): of a monitoring that
was imported, or of a sitting. It folds into no state; a row in force is one that no further row replaces.

A **LearnerState** is one compact row for each pupil and subject: everything the facts up to `folded` say, folded in
the order of their numbers. Its lock gives out the numbers. `waiting` marks a state that does not hold all of its
facts, or holds a replaced one. Each state belongs to one **StateVersion**: a model, its parameters and the subject's
graph. A new version is built beside the old one as **StateDraft** rows and switched row by row, under the same lock.

**Cursor** is how far a reader of everybody's facts has come, in order of arrival; **StateChange** tells such a reader
that a state changed without a new fact.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from yincai.core.scope import NOTHING, Scope, ScopedModel
from yincai.records.arrival import Arrived
from yincai.registry.models import Pseudonym

SUBJECT = 20  # characters of a subject's code
PLACE = 64  # characters of an organisation's path


def pupils_in(scope_now: Scope) -> Q:
    """Rows of pupils who are in the scope today."""
    return Q(pupil__in=Pseudonym._base_manager.filter(Pseudonym.in_scope(scope_now)).values("number"))


def own_pupils(scope_now: Scope) -> Q:
    """Rows of oneself and one's children, wherever they were at the time."""
    if not scope_now.people:
        return NOTHING
    return Q(pupil__in=Pseudonym._base_manager.filter(person__in=scope_now.people).values("number"))


class OfPlace(ScopedModel):
    """Belongs to the organisation where it happened: after a transfer the old school keeps it, and a school that comes
    under another district takes it along (`places`)."""

    class Meta:
        abstract = True

    @classmethod
    def in_scope(cls, scope_now: Scope) -> Q:
        return scope_now.down("place") | own_pupils(scope_now)


class Statement(OfPlace):
    """`digest` is over what the sender said, without what the server measured (statements.identity); `body` is the
    canonical form, compressed. `number` leads to the fact of an answer."""

    id = models.UUIDField(primary_key=True)
    digest = models.BinaryField(max_length=32)
    pupil = models.BigIntegerField()
    verb = models.CharField(max_length=20)
    subject = models.CharField(max_length=SUBJECT, blank=True)
    number = models.IntegerField(null=True)
    place = models.CharField(max_length=PLACE)
    stored_at = models.DateTimeField()
    body = models.BinaryField()


class ResponseFact(OfPlace):
    """One answer. `points`: slots of the subject's knowledge points, parted by spaces. `arrived`: see arrival.py."""

    id = models.BigAutoField(primary_key=True)
    pupil = models.BigIntegerField()
    subject = models.CharField(max_length=SUBJECT)
    number = models.IntegerField()
    replaces = models.IntegerField(null=True)
    statement = models.UUIDField()
    place = models.CharField(max_length=PLACE)
    item = models.BigIntegerField()
    version = models.IntegerField()
    seed = models.BigIntegerField(null=True)
    points = models.CharField(max_length=80)
    difficulty = models.FloatField()
    guess = models.FloatField(default=0.0)
    score = models.FloatField()
    duration_ms = models.IntegerField()
    attempt = models.SmallIntegerField()
    hints = models.SmallIntegerField()
    source = models.CharField(max_length=20)
    cause = models.CharField(max_length=60, blank=True)
    practice = models.UUIDField(null=True)
    at = models.DateTimeField()
    arrived = models.BigIntegerField(db_default=Arrived())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pupil", "subject", "number"], name="fact_number"),
            models.UniqueConstraint(
                fields=["pupil", "subject", "replaces"],
                condition=Q(replaces__isnull=False),
                name="fact_replaced_once",
            ),
        ]
        indexes = [
            models.Index(fields=["arrived", "id"], name="fact_arrival"),
            models.Index(fields=["item", "version"], name="fact_item"),
        ]

    @property
    def slots(self) -> tuple[int, ...]:
        return tuple(map(int, self.points.split()))


class ScoreFact(OfPlace):
    """One score on a test. `replaces`: the statement whose place this one takes; `score` None then says that nothing
    stands there any more (voided). `scale`: of what the score is a number; `grade` and `place`: at that time."""

    IMPORT, SITTING = "import", "sitting"

    id = models.BigAutoField(primary_key=True)
    pupil = models.BigIntegerField()
    place = models.CharField(max_length=PLACE)
    subject = models.CharField(max_length=SUBJECT)
    test = models.CharField(max_length=40)
    form = models.CharField(max_length=20, blank=True)
    scale = models.CharField(max_length=40)
    score = models.FloatField(null=True)
    se = models.FloatField(null=True)
    at = models.DateTimeField()
    grade = models.SmallIntegerField()
    source = models.CharField(max_length=10)
    statement = models.UUIDField(unique=True)
    replaces = models.UUIDField(null=True, unique=True)
    arrived = models.BigIntegerField(db_default=Arrived())

    class Meta:
        indexes = [
            models.Index(fields=["arrived", "id"], name="score_arrival"),
            models.Index(fields=["test", "pupil"], name="score_test"),
        ]


class StateVersion(models.Model):
    """What a state was computed with. Live answers of a subject begin states of the ACTIVE version."""

    BUILDING, ACTIVE, RETIRED = "building", "active", "retired"
    STATUSES: ClassVar[list[tuple[str, str]]] = [(BUILDING, "重算中"), (ACTIVE, "使用中"), (RETIRED, "已停用")]

    id = models.AutoField(primary_key=True)
    subject = models.CharField(max_length=SUBJECT)
    model = models.CharField(max_length=40)
    parameters = models.CharField(max_length=40)
    graph = models.CharField(max_length=40)
    status = models.CharField(max_length=10, choices=STATUSES, default=BUILDING)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject", "model", "parameters", "graph"], name="state_version_once"),
            models.UniqueConstraint(fields=["subject"], condition=Q(status="active"), name="one_active_state_version"),
        ]

    def __str__(self) -> str:
        return f"{self.subject}: {self.model}, {self.parameters}, {self.graph}"


class LearnerState(ScopedModel):
    """`number`: the last number given; `folded`: the facts 1…folded are in `state`, 0 when it must be folded anew."""

    id = models.BigAutoField(primary_key=True)
    pupil = models.BigIntegerField()
    subject = models.CharField(max_length=SUBJECT)
    version = models.ForeignKey(StateVersion, on_delete=models.PROTECT, related_name="states")
    number = models.IntegerField(default=0)
    folded = models.IntegerField(default=0)
    waiting = models.BooleanField(default=False)
    state = models.BinaryField(default=b"")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pupil", "subject"], name="one_state")]
        indexes = [models.Index(fields=["id"], name="state_waiting", condition=Q(waiting=True))]

    @classmethod
    def in_scope(cls, scope_now: Scope) -> Q:
        return pupils_in(scope_now)


class StateDraft(models.Model):
    """A state of a version that is being built; it catches up and takes its place in the switch."""

    id = models.BigAutoField(primary_key=True)
    version = models.ForeignKey(StateVersion, on_delete=models.CASCADE, related_name="drafts")
    pupil = models.BigIntegerField()
    folded = models.IntegerField()
    state = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "pupil"], name="one_draft")]


class StateChange(models.Model):
    """A state was refolded, switched or moved with its pupil: readers of states look at it again."""

    id = models.BigAutoField(primary_key=True)
    pupil = models.BigIntegerField()
    subject = models.CharField(max_length=SUBJECT)
    arrived = models.BigIntegerField(db_default=Arrived())

    class Meta:
        indexes = [models.Index(fields=["arrived", "id"], name="state_change_arrival")]


class PlaceMove(models.Model):
    """An organisation got another path (`former` → `present`), and with it all that happened there. As long as it is
    not done, the database lets just this change of `place` through. `lake_at`: when the lake had followed."""

    id = models.BigAutoField(primary_key=True)
    former = models.CharField(max_length=PLACE)
    present = models.CharField(max_length=PLACE)
    at = models.DateTimeField(default=timezone.now)
    lake_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)


class Cursor(models.Model):
    """How far a reader has come (`arrived`, `id`), and the end of the batch it is at work on (`next_…`): after a crash
    it does exactly that batch again."""

    name = models.CharField(primary_key=True, max_length=60)
    batch = models.BigIntegerField(default=0)
    arrived = models.BigIntegerField(default=-1)
    last = models.BigIntegerField(default=0)
    next_arrived = models.BigIntegerField(null=True)
    next_last = models.BigIntegerField(null=True)
    at = models.DateTimeField(null=True)
