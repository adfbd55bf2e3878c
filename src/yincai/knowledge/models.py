"""What there is to learn, and what can be asked about it.

A **KnowledgePoint** and its **Edge**s are the subject graph as rows; the graph itself is a file under version control
(`graph/`), and these rows follow it (`sync.py`), so that items can hang on points and pages can list them.

An **Item** is a question as an institution owns it: a code, an owner (`place`, an organisation path; empty: the whole
city), a status. What it says is an **ItemVersion**, which never changes: an edit is a new version, and every answer
names the version it was given to. An item generator is an item too, one for each depth, and where the problems of a
depth are about one point or another (its topics), one for each of these; its versions are the generator's, and a
variant is a seed kept in the answer, never a row. **ItemPoint** hangs items on points: `given` by a person, or
following from a route; a person's word comes first. Points are not part of the version, because an answer keeps the
points it was counted for.

An imported bank brings its own hierarchy. A **Route** is one whole path of it, so a name under two parents is two
routes and the hierarchy is a tree whatever the source says. A **RouteMapping** says that a route is one of our points:
suggested by the machine, confirmed or refused by a person. An item none of whose routes is confirmed can be found and
set by a teacher, and is never chosen adaptively.

Every row of an imported file leaves an **ImportedRow**: what became of it, so that the same file again gives the same
account and brings nothing new. Two rows with the same text are told apart by three digests of the item (text; text and
options; text, options and key): all three equal is an alias, the first two a **Contradiction**, which holds both back
until a person decides, and the first alone makes linked items, found by the digest. An **ItemFlag** is somebody's
题目有误. A **PoolVersion** changes whenever something adaptive practice may choose changes.

How hard an item is follows from a rule (`priors.py`) until answers say better. A **Calibration** is one look at the
installation's own answers: what came of it for each item at a version are **ItemParameters**, put into use as a whole
by a named person and never changed afterwards.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from yincai.core.ids import new_id
from yincai.core.scope import Scope, ScopedModel

SUBJECT = "math"
PLACE = 64  # characters of an organisation path


class KnowledgePoint(models.Model):
    """A point of a subject graph. `slot`: its place in every learner state, never reused."""

    subject = models.CharField(max_length=20)
    code = models.CharField(max_length=60)
    slot = models.IntegerField()
    name = models.CharField(max_length=60)
    can = models.CharField(max_length=200)
    grade = models.SmallIntegerField()
    term = models.CharField(max_length=1)
    unit = models.CharField(max_length=40)
    unit_name = models.CharField(max_length=60)
    order = models.IntegerField()
    graph_version = models.IntegerField()
    retired = models.BooleanField(default=False)

    class Meta:
        ordering = ("order",)
        constraints = [
            models.UniqueConstraint(fields=["subject", "slot"], name="one_point_each_slot"),
            models.UniqueConstraint(fields=["subject", "code"], name="one_point_each_code"),
        ]

    def __str__(self) -> str:
        return f"{self.grade} 年级{self.term} · {self.unit_name} · {self.name}"


class Edge(models.Model):
    """`point` directly stands on `needs`."""

    point = models.ForeignKey(KnowledgePoint, on_delete=models.CASCADE, related_name="needs")
    needs = models.ForeignKey(KnowledgePoint, on_delete=models.CASCADE, related_name="unlocks")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["point", "needs"], name="one_edge")]

    def __str__(self) -> str:
        return f"{self.point_id} ← {self.needs_id}"


class ItemKind(models.TextChoices):
    SINGLE = "single", "单选"
    MULTIPLE = "multiple", "多选"
    NUMERIC = "numeric", "填数"
    EXPRESSION = "expression", "填式"


class ItemStatus(models.TextChoices):
    DRAFT = "draft", "草稿"
    READY = "ready", "可用"
    HELD = "held", "待裁定"
    RETIRED = "retired", "停用"


class Item(ScopedModel):
    """A question. `version` is the number of its current version; `difficulty` that version's, for finding.

    `grade`: the grade the source names, if any. The digests are empty for generators. `topic`: the code of the point
    that is asked about, where the depth of a generator asks about several.
    """

    below = "place"
    shared = "place"

    id = models.BigAutoField(primary_key=True)
    code = models.CharField("编号", max_length=60, unique=True)
    subject = models.CharField(max_length=20, default=SUBJECT)
    kind = models.CharField("题型", max_length=10, choices=ItemKind.choices)
    place = models.CharField(max_length=PLACE, blank=True)
    status = models.CharField("状态", max_length=8, choices=ItemStatus.choices, default=ItemStatus.DRAFT)
    version = models.IntegerField(default=1)
    grade = models.SmallIntegerField("年级", null=True, blank=True)
    difficulty = models.FloatField(default=0.0)
    generator = models.CharField(max_length=40, blank=True)
    depth = models.SmallIntegerField(null=True)
    topic = models.CharField(max_length=60, blank=True)
    collection = models.CharField("题集", max_length=40, blank=True)
    plain = models.TextField(blank=True)  # the text without white space, folded, for finding
    text_digest = models.CharField(max_length=32, blank=True, db_index=True)
    options_digest = models.CharField(max_length=32, blank=True, db_index=True)
    digest = models.CharField(max_length=32, blank=True, db_index=True)
    made_at = models.DateTimeField(default=timezone.now)
    points = models.ManyToManyField(KnowledgePoint, through="ItemPoint", related_name="items")
    routes: models.ManyToManyField[Route, Any] = models.ManyToManyField("Route", related_name="items")

    class Meta:
        ordering = ("id",)
        indexes = [models.Index(fields=["subject", "status"])]
        constraints = [
            models.UniqueConstraint(
                fields=["generator", "depth", "topic"], condition=~Q(generator=""), name="one_item_each_topic"
            )
        ]

    def __str__(self) -> str:
        return self.code


class ItemVersion(models.Model):
    """What an item says, for ever. Not scoped: whoever was shown the item names it by id and number.

    `answer`: data of `grading.rules.AnswerSpec`; empty for a generator's version, whose number is the generator's.
    `hints`: [[name, text], …] before the attempt. `images`: [{"file": id, "alt": words}, …].
    """

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="versions")
    number = models.IntegerField()
    stem = models.TextField("题干", blank=True)
    options = models.JSONField(default=list)
    answer = models.JSONField(default=dict)
    hints = models.JSONField(default=list)
    analysis = models.TextField("解析", blank=True)
    images = models.JSONField(default=list)
    difficulty = models.FloatField("难度", default=0.0)  # logit: 0 is even odds for an average pupil of the grade
    guess = models.FloatField(default=0.0)
    source = models.CharField("来源", max_length=200, blank=True)
    licence = models.CharField("许可", max_length=60, blank=True)
    why = models.CharField("修改说明", max_length=200, blank=True)
    made_by = models.UUIDField(null=True)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("number",)
        constraints = [models.UniqueConstraint(fields=["item", "number"], name="one_version_each_number")]

    def __str__(self) -> str:
        return f"{self.item_id} 第 {self.number} 版"


class ItemPoint(models.Model):
    """An item practises a point. Where any row of an item is `given` by a person, the others do not stand beside it."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="tags")
    point = models.ForeignKey(KnowledgePoint, on_delete=models.PROTECT, related_name="tags")
    given = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "point"], name="one_tag_each_point")]

    def __str__(self) -> str:
        return f"{self.item_id} · {self.point_id}"


class Route(models.Model):
    """A node of an imported hierarchy, by its whole path from the root (` / ` between names).

    `looked`: suggestions have been sought for it. `refused`: a person said that none of our points is it.
    """

    hierarchy = models.CharField(max_length=20)
    path = models.CharField(max_length=400)
    name = models.CharField(max_length=120)
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="children")
    depth = models.SmallIntegerField()
    looked = models.BooleanField(default=False)
    refused = models.BooleanField(default=False)

    class Meta:
        ordering = ("path",)
        constraints = [models.UniqueConstraint(fields=["hierarchy", "path"], name="one_route_each_path")]

    def __str__(self) -> str:
        return self.path


class MappingState(models.TextChoices):
    SUGGESTED = "suggested", "建议"
    CONFIRMED = "confirmed", "已确认"
    REFUSED = "refused", "不对应"


class RouteMapping(models.Model):
    """`score`: how alike the machine found them, 0 to 1; kept when a person decides."""

    route = models.ForeignKey(Route, on_delete=models.CASCADE, related_name="mappings")
    point = models.ForeignKey(KnowledgePoint, on_delete=models.CASCADE, related_name="mappings")
    state = models.CharField(max_length=10, choices=MappingState.choices, default=MappingState.SUGGESTED)
    score = models.FloatField(default=0.0)
    decided_by = models.UUIDField(null=True)  # account
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["route", "point"], name="one_mapping_each_pair")]
        indexes = [models.Index(fields=["state"])]

    def __str__(self) -> str:
        return f"{self.route} → {self.point}"


class PoolVersion(models.Model):
    """A new token whenever the pool of a subject changes; random, so that no process mistakes an old one for it.

    `rehearsed`: the token under which the tests of the pool were rehearsed last (`rehearsals`); `limits`: what came of
    it, by test the probability with which an item (its id as text) may appear, where below 1; `up_to`: the newest item
    that took part.
    """

    subject = models.CharField(primary_key=True, max_length=20)
    token = models.UUIDField(default=new_id)
    rehearsed = models.UUIDField(null=True)
    limits = models.JSONField(default=dict)
    up_to = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.subject} {self.token}"


class Outcome(models.TextChoices):
    IMPORTED = "imported", "入库"
    ALIAS = "alias", "重复"
    HELD = "held", "待裁定"
    REJECTED = "rejected", "退回"


class ImportedRow(models.Model):
    """What became of one row of an imported file. `key` is the same whenever the same row comes again.

    `item`: the item that the row made, or is an alias of. `other`: the row it repeats or contradicts, if that came from
    a file too; `met`: the item it contradicts.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    key = models.CharField(max_length=64, unique=True)
    origin = models.CharField(max_length=20)
    external = models.CharField(max_length=80, blank=True)
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    reason = models.CharField(max_length=300, blank=True)
    item = models.ForeignKey(Item, null=True, on_delete=models.SET_NULL, related_name="rows")
    met = models.ForeignKey(Item, null=True, on_delete=models.SET_NULL, related_name="+")
    other = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")
    job = models.UUIDField()

    class Meta:
        indexes = [models.Index(fields=["job"])]

    def __str__(self) -> str:
        return f"{self.origin} {self.external}：{self.outcome}"


class Contradiction(models.Model):
    """Two items with the same text and options and another key. `kept`: what a person decided; empty: neither."""

    first = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="contradictions")
    kept = models.ForeignKey(Item, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    why = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["first", "second"], name="one_contradiction_each_pair")]
        indexes = [models.Index(fields=["decided_at"])]

    def __str__(self) -> str:
        return f"{self.first_id} ≠ {self.second_id}"


class FlagReason(models.TextChoices):
    KEY = "key", "答案不对"
    TEXT = "text", "题目看不懂或有错字"
    SHOWN = "shown", "公式或图显示不对"
    BEYOND = "beyond", "还没学过"
    OTHER = "other", "别的问题"


class FlagEnd(models.TextChoices):
    MENDED = "mended", "已改正"
    RETIRED = "retired", "已停用"
    KEPT = "kept", "题目没有错"


class ItemFlag(ScopedModel):
    """题目有误, said by anyone about an item at a version (and a variant), closed with an answer to them."""

    person_lookup = "person"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="flags")
    version = models.IntegerField()
    seed = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=8, choices=FlagReason.choices)
    words = models.CharField(max_length=300, blank=True)
    person = models.UUIDField(null=True)
    place = models.CharField(max_length=PLACE, blank=True)
    at = models.DateTimeField(default=timezone.now)
    end = models.CharField(max_length=8, choices=FlagEnd.choices, blank=True)
    answer = models.CharField(max_length=300, blank=True)
    closed_by = models.UUIDField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("at",)
        indexes = [models.Index(fields=["closed_at", "at"])]

    @classmethod
    def in_scope(cls, scope_now: Scope) -> Q:
        return scope_now.down("place") | scope_now.down("item__place") | scope_now.own("person")


class CalibrationState(models.TextChoices):
    RUNNING = "running", "正在计算"
    PROPOSED = "proposed", "待决定"
    IN_USE = "in_use", "在用"
    RETIRED = "retired", "用过"
    DROPPED = "dropped", "没有采用"
    FAILED = "failed", "没有算成"


class Calibration(models.Model):
    """A run over the answers there were, and what a person decided about it. `evidence`: what speaks for it
    (`calibration.Evidence`); `tests`: how tests go with it (`rehearsals.Rehearsed`, item ids as text); `message`: why
    it failed, or what it did not change."""

    subject = models.CharField(max_length=20, default=SUBJECT)
    state = models.CharField(max_length=8, choices=CalibrationState.choices, default=CalibrationState.RUNNING)
    made_at = models.DateTimeField(default=timezone.now)
    made_by = models.UUIDField()  # account
    facts = models.IntegerField(default=0)
    pupils = models.IntegerField(default=0)
    items = models.IntegerField(default=0)  # with parameters of their own
    evidence = models.JSONField(default=dict)
    tests = models.JSONField(default=list)
    message = models.CharField(max_length=300, blank=True)
    decided_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    why = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("-pk",)
        constraints = [
            models.UniqueConstraint(fields=["subject"], condition=Q(state="in_use"), name="one_calibration_in_use")
        ]

    def __str__(self) -> str:
        return f"第 {self.pk} 次校准"


class ParameterSource(models.TextChoices):
    PRIOR = "prior", "先验"
    CALIBRATED = "calibrated", "校准"


class ItemParameters(models.Model):
    """P(right) = c + (1 − c) / (1 + exp(−a (θ − b))) of an item at a version, as one calibration left it.

    `source`: what the values rest on; with too few answers (`n`) they stay the prior. `drift`: how far b moved from
    what was in use, in standard errors. Not scoped: whoever sees the item sees its parameters.
    """

    calibration = models.ForeignKey(Calibration, on_delete=models.CASCADE, related_name="rows")
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="parameters")
    version = models.IntegerField()
    depth = models.SmallIntegerField(null=True)
    a = models.FloatField()
    b = models.FloatField()
    c = models.FloatField()
    se_a = models.FloatField()
    se_b = models.FloatField()
    source = models.CharField(max_length=10, choices=ParameterSource.choices)
    n = models.IntegerField(default=0)
    drift = models.FloatField(null=True)
    since = models.DateTimeField(null=True)  # in use since

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["calibration", "item", "version"], name="one_row_each_calibration")
        ]

    def __str__(self) -> str:
        return f"{self.item_id} 第 {self.version} 版：a {self.a:.2f}，b {self.b:.2f}"
