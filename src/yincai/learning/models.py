"""Practice: what a pupil works through, and what a teacher decides about it.

What a pupil *knows* is a learner state in `records`, derived from facts by this package's fold; nothing of it is kept
here. A **Practice** is one sitting: a subject, perhaps a unit or a teacher's **Assignment**, when it began, and when
the eyes last rested. The question in front of the pupil is no row: it is a signed form (`forms.py`) that carries
everything needed to grade it, so that a question shown costs no write. **HintUse** counts help on the server. An
**ItemRule** is a teacher's word on an item for a class: pinned, banned, or in order. **ClassSetting** holds the success
rate aimed at.

摸底诊断 is a practice with another purpose: its answers are facts like any others, its questions are chosen to measure
(`placing.py`). What it came to is a **PlacementResult**, which can be computed again from the facts. The same on paper
is a **PlacementPaper** with two parallel forms; a **PaperMark** is what a teacher entered for one pupil, from which the
facts follow in the background.

What teachers said of the causes of wrong answers, and the steps that pupils wrote out, stand in `attributed.py`; the
numbers of tracing that were fitted here in `model_versions.py`.

Pupils appear here only by the number of their pseudonym.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from yincai.core.ids import new_id
from yincai.core.scope import Scope, ScopedModel
from yincai.learning.attributed import AttributionModel as AttributionModel
from yincai.learning.attributed import Grown as Grown
from yincai.learning.attributed import Judgement as Judgement
from yincai.learning.attributed import Working as Working
from yincai.learning.model_versions import ModelVersion as ModelVersion
from yincai.learning.model_versions import VersionState as VersionState
from yincai.registry.models import Organisation, Pseudonym

SUBJECTS = {"math": "数学"}


class OfPupil(ScopedModel):
    """Rows of pupils, reached through the pseudonyms in scope."""

    class Meta:
        abstract = True

    @classmethod
    def in_scope(cls, scope_now: Scope) -> Q:
        return Q(pupil__in=Pseudonym._base_manager.filter(Pseudonym.in_scope(scope_now)).values("number"))


class Assignment(ScopedModel):
    """A practice that a teacher set for some pupils of a class: points or chosen items, how many questions, by when."""

    below = "school_class__path"
    shared = "school_class__path"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    school_class = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="assignments")
    subject = models.CharField(max_length=20, default="math")
    title = models.CharField("标题", max_length=60)
    points = models.JSONField(default=list)  # slots
    items = models.JSONField(default=list)  # item ids, in order; empty: chosen for each pupil
    pupils = models.JSONField(default=list)  # pseudonym numbers; empty: the whole class
    questions = models.SmallIntegerField("题数", default=10)
    due = models.DateField("截止", null=True, blank=True)
    set_by = models.UUIDField()
    set_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-set_at",)


class Purpose(models.TextChoices):
    PRACTICE = "practice", "练习"
    PLACEMENT = "placement", "摸底"
    PAPER = "paper", "纸面摸底"


class Practice(OfPupil):
    """One sitting. `stretch_from`: since when without a rest for the eyes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    pupil = models.BigIntegerField()
    subject = models.CharField(max_length=20)
    unit = models.CharField(max_length=40, blank=True)
    assignment = models.ForeignKey(Assignment, null=True, on_delete=models.SET_NULL, related_name="+")
    place = models.CharField(max_length=64)
    purpose = models.CharField(max_length=10, choices=Purpose.choices, default=Purpose.PRACTICE)
    started_at = models.DateTimeField(default=timezone.now)
    stretch_from = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["pupil", "started_at"])]

    @property
    def measures(self) -> bool:
        """No help and no verdict after each answer: the questions are there to see where to begin."""
        return self.purpose != Purpose.PRACTICE


class HintUse(OfPupil):
    """A step of help given before the answer; `form` is the id of the answer form."""

    form = models.UUIDField()
    level = models.SmallIntegerField()
    pupil = models.BigIntegerField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["form", "level"], name="one_use_each_step")]


class ItemRule(ScopedModel):
    """A teacher's word on an item for a class."""

    PIN, BAN, ORDER = "pin", "ban", "order"
    KINDS = [(PIN, "优先出"), (BAN, "不出"), (ORDER, "按顺序出")]

    below = "school_class__path"
    shared = "school_class__path"

    school_class = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    item = models.BigIntegerField()
    kind = models.CharField(max_length=5, choices=KINDS)
    position = models.IntegerField(default=0)
    set_by = models.UUIDField()
    set_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("position", "id")
        constraints = [models.UniqueConstraint(fields=["school_class", "item"], name="one_word_each_item")]


class ClassSetting(ScopedModel):
    below = "school_class__path"
    shared = "school_class__path"

    school_class = models.OneToOneField(Organisation, primary_key=True, on_delete=models.CASCADE, related_name="+")
    target = models.FloatField("目标答对率", default=0.75)


class PlacementPaper(ScopedModel):
    """Two parallel forms for a class. `forms`: letter → [[item, version, seed], …]; `curves`: the abilities looked at
    and the information of each form there; `calibration`: the parameters they were made with (None: priors)."""

    MAKING, READY, FAILED = "making", "ready", "failed"
    STATES = [(MAKING, "正在组卷"), (READY, "可以打印"), (FAILED, "没有组成")]

    below = "school_class__path"
    shared = "school_class__path"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    school_class = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    subject = models.CharField(max_length=20, default="math")
    grade = models.SmallIntegerField()
    length = models.SmallIntegerField()
    state = models.CharField(max_length=8, choices=STATES, default=MAKING)
    message = models.CharField(max_length=300, blank=True)
    forms = models.JSONField(default=dict)
    curves = models.JSONField(default=dict)
    calibration = models.BigIntegerField(null=True)
    made_by = models.UUIDField()
    made_at = models.DateTimeField(default=timezone.now)
    on = models.DateField("测的日期", null=True)

    class Meta:
        ordering = ("-made_at",)


class PaperMark(OfPupil):
    """What was entered for one pupil: a sign for each question, 1 right, 0 wrong, - not answered.

    `counted`: the marks that are facts already.
    """

    paper = models.ForeignKey(PlacementPaper, on_delete=models.CASCADE, related_name="entered")
    pupil = models.BigIntegerField()
    form = models.CharField(max_length=1)
    marks = models.CharField(max_length=40)
    counted = models.CharField(max_length=40, blank=True)
    entered_by = models.UUIDField()
    entered_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["paper", "pupil"], name="one_mark_each_pupil")]


class PlacementResult(OfPupil):
    """Where a pupil stood. `ability` on the bank's scale, for no page; `share` of typical questions of the grade that
    the pupil would answer rightly, with its interval; `band` and the bands the interval reaches.

    `units`: [[code, share, asked], …] in teaching order; `begin`: the unit to begin with, empty where all is known.
    `score`: the statement of the score (`records.scores`). Voided: a teacher said that it counts no more.
    """

    pupil = models.BigIntegerField()
    practice = models.UUIDField(unique=True)
    paper = models.ForeignKey(PlacementPaper, null=True, on_delete=models.SET_NULL, related_name="+")
    place = models.CharField(max_length=64)
    subject = models.CharField(max_length=20)
    grade = models.SmallIntegerField()
    at = models.DateTimeField()
    n = models.SmallIntegerField()
    reason = models.CharField(max_length=12)
    ability = models.FloatField()
    se = models.FloatField()
    share = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    band = models.SmallIntegerField()
    band_low = models.SmallIntegerField()
    band_high = models.SmallIntegerField()
    units = models.JSONField(default=list)
    begin = models.CharField(max_length=40, blank=True)
    calibration = models.BigIntegerField(null=True)
    score = models.UUIDField(null=True)
    voided_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["pupil", "at"])]
