"""What schools add, and how that is known.

A **Monitoring** (监测) is a sample of pupils of one grade who sit a test on a stated scale. It is not an exam: rules
forbid exams across schools, so it takes at most a share of a school's pupils, and gives no result to pupils or classes.
Who is meant to take part are its **Participants**, drawn by a number that each pupil keeps from one monitoring to the
next that continues it: the same pupils are met again, and new ones come in at the same rate. Scores are statements
(`records.scores`), under the monitoring's code.

A **GrowthRun** compares a monitoring with the one before it: what each school's pupils were expected to reach from
their earlier scores, and what came. It is computed once and never changed; a later run stands beside it. Its figures
are **SchoolGrowth** rows, of schools only: no figure of a pupil or a class is kept or shown. An **Appeal** (申诉) is a
school's objection to its figures, answered by whoever runs the monitoring.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from yincai.core.ids import new_id
from yincai.core.scope import ScopedModel
from yincai.records.models import PLACE, SUBJECT
from yincai.registry.models import Organisation

UNTOLD = 100.0  # a variance between schools of so many times that within says only that it cannot be told


class Monitoring(ScopedModel):
    """`code` names the test in scores. `on`: the day it is sat, on which classes are taken as they then are. The scale
    is made once for a chain of monitorings: mean and deviation at its beginning, lowest and highest score."""

    below = "organisation__path"
    shared = "organisation__path"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    code = models.CharField("监测编号", max_length=40, unique=True)
    title = models.CharField("名称", max_length=60)
    subject = models.CharField("学科", max_length=SUBJECT)
    year = models.CharField("学年", max_length=20)
    grade = models.SmallIntegerField("年级")
    on = models.DateField("监测日期")
    before = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="after")
    share = models.SmallIntegerField("抽取比例（%）")
    scale_mean = models.FloatField("量尺平均分", default=500.0)
    scale_sd = models.FloatField("量尺标准差", default=100.0)
    scale_low = models.FloatField("最低分", default=0.0)
    scale_high = models.FloatField("最高分", default=1000.0)
    scale_se = models.FloatField("测量标准误", default=30.0)  # where a score is brought without one
    drawn_at = models.DateTimeField(null=True)
    planned_by = models.UUIDField()
    planned_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-on", "grade", "subject")

    def __str__(self) -> str:
        return self.title

    @property
    def scale(self) -> str:
        """What scores say they are numbers of."""
        return f"{self.scale_mean:g}±{self.scale_sd:g}"

    @property
    def root(self) -> Monitoring:
        """The first of the chain that this one continues."""
        first: Monitoring = self
        while first.before is not None:
            first = first.before
        return first


class Participant(ScopedModel):
    """Somebody who is meant to take part; `place`: the class on the day of the drawing, under its school's present
    path."""

    below = "place"

    id = models.BigAutoField(primary_key=True)
    monitoring = models.ForeignKey(Monitoring, on_delete=models.CASCADE, related_name="participants")
    pupil = models.BigIntegerField()
    place = models.CharField(max_length=PLACE)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["monitoring", "pupil"], name="one_participant")]


class GrowthRun(ScopedModel):
    """`model`: what the numbers were computed with (name, version, coefficients, interval); `counts`: who is included
    and who is missing, over all schools; `least`: the least n of a figure at that time. Append-only."""

    below = "monitoring__organisation__path"
    shared = "monitoring__organisation__path"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    monitoring = models.ForeignKey(Monitoring, on_delete=models.PROTECT, related_name="runs")
    model = models.JSONField()
    counts = models.JSONField()
    least = models.IntegerField()
    inputs = models.BinaryField()
    at = models.DateTimeField(default=timezone.now)
    by = models.UUIDField()

    class Meta:
        ordering = ("-at",)

    @property
    def level(self) -> str:
        """How sure the intervals are."""
        return f"{self.model.get('confidence', 0.95):.0%}"

    @property
    def shrinks(self) -> bool:
        """Two or three schools may be spread as far as one likes: their figures are then not drawn towards nought."""
        return float(self.model["between"]) < UNTOLD * float(self.model["within"])

    @property
    def slope_ten(self) -> float:
        """Points expected now for ten more points then, the error of measurement taken out."""
        return 10.0 * float(self.model["slopes"][0])

    @property
    def naive_ten(self) -> float:
        """The same if the scores then had no error."""
        return 10.0 * float(self.model["naive_slopes"][0])


class SchoolGrowth(ScopedModel):
    """One school in a run, in points of the scale; below the least n only the counts. `growth`: what came beyond what
    was expected, shrunken, with its interval; `percentile`: the mean growth percentile of the school. Append-only."""

    below = "school__path"

    ABOVE, AS_EXPECTED, BELOW = "above", "as_expected", "below"
    WORDS: ClassVar[dict[str, str]] = {ABOVE: "高于预期", AS_EXPECTED: "与预期相当", BELOW: "低于预期"}

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey(GrowthRun, on_delete=models.PROTECT, related_name="schools")
    school = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    counts = models.JSONField()
    n = models.IntegerField()
    before = models.FloatField(null=True)
    expected = models.FloatField(null=True)
    came = models.FloatField(null=True)
    growth = models.FloatField(null=True)
    se = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    percentile = models.FloatField(null=True)
    percentile_low = models.FloatField(null=True)
    percentile_high = models.FloatField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "school"], name="one_school_growth")]

    @property
    def verdict(self) -> str:
        """Beside or within what was expected: only an interval that leaves it out says more."""
        if self.low is None or self.high is None:
            return ""
        return self.ABOVE if self.low > 0 else self.BELOW if self.high < 0 else self.AS_EXPECTED


class Appeal(ScopedModel):
    """A school's objection to its figures; `answer` and `state` by whoever runs the monitoring."""

    below = "growth__school__path"

    OPEN, UPHELD, DECLINED = "open", "upheld", "declined"
    STATES: ClassVar[list[tuple[str, str]]] = [
        (OPEN, "待答复"),
        (UPHELD, "成立，将更正后重算"),
        (DECLINED, "维持原结果"),
    ]
    REASONS: ClassVar[list[tuple[str, str]]] = [
        ("roster", "学生归属不对（转入、转出、重名）"),
        ("score", "成绩录错或漏录"),
        ("circumstance", "监测当天有特殊情况"),
        ("method", "对算法有疑问"),
        ("other", "其他"),
    ]

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    growth = models.ForeignKey(SchoolGrowth, on_delete=models.PROTECT, related_name="appeals")
    reason = models.CharField("理由", max_length=14, choices=REASONS)
    text = models.CharField("说明", max_length=1000)
    state = models.CharField(max_length=10, choices=STATES, default=OPEN)
    answer = models.CharField("答复", max_length=1000, blank=True)
    by = models.UUIDField()
    by_person = models.UUIDField(null=True)
    by_name = models.CharField(max_length=40)
    at = models.DateTimeField(default=timezone.now)
    answered_by_name = models.CharField(max_length=40, blank=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-at",)
