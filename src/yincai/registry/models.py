"""Who exists, where, and what may be known.

**Organisation** is one tree, city → district → school → grade → class, with a materialised path (four characters a
level), so that a subtree is a prefix. 学区 and 教育集团 are **overlays**: organisations of their own, to which schools
belong for a period. A **Person** is who somebody is; an account (core) is only how they sign in. People hold **roles**
at organisations for a period; a teacher's role is at the school, and **Teaching** says which classes and subjects; a
pupil's role is at the class, with the school number. **Guardianship** binds a guardian to a child.

Statements know a person only by a **Pseudonym**; this table is the one that maps it back, and no table outside this
package holds a person's key beside an outcome. **ConsentEntry** is a ledger: the newest row for a purpose holds.
**RuleEntry** is law and local rule as dated data. **Notice** is a sentence to a person.

学年, 学期, 周次 and 节次 are **SchoolYear**, **Term** (weeks are computed) and **Period**; **TimetableEntry** is the
plan, **Session** is people together for a time. **ImportRun** is a table somebody brought, from the upload to its
undoing.
"""

from __future__ import annotations

import secrets
from datetime import date
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from yincai.core import crypto
from yincai.core.ids import new_id
from yincai.core.models import Job, StoredFile
from yincai.core.scope import NOTHING, Scope, ScopedModel


def in_force(on: date | None = None, prefix: str = "") -> Q:
    """Rows with `since` and `until` that hold on a day (today)."""
    day = on or timezone.localdate()
    begun = Q(**{f"{prefix}since__lte": day})
    return begun & (Q(**{f"{prefix}until__isnull": True}) | Q(**{f"{prefix}until__gte": day}))


class OrganisationKind(models.TextChoices):
    CITY = "city", "市"
    DISTRICT = "district", "区（县）"
    SCHOOL = "school", "学校"
    GRADE = "grade", "年级"
    CLASS = "class", "班级"
    ZONE = "zone", "学区"
    GROUP = "group", "教育集团"


class SchoolKind(models.TextChoices):
    KINDERGARTEN = "kindergarten", "幼儿园"
    PRIMARY = "primary", "小学"
    JUNIOR = "junior", "初中"
    SENIOR = "senior", "高中"
    NINE_YEAR = "nine_year", "九年一贯"
    VOCATIONAL = "vocational", "中职"
    SPECIAL = "special", "特教"


class Stage(models.TextChoices):
    """The stages that rules know. A class's stage follows from its grade number (0: kindergarten)."""

    KINDERGARTEN = "kindergarten", "学前"
    LOWER_PRIMARY = "primary_1_3", "小学 1–3"
    UPPER_PRIMARY = "primary_4_6", "小学 4–6"
    JUNIOR = "junior", "初中"
    SENIOR = "senior", "高中/中职"


def stage_of(grade: int) -> str:
    bounds = ((0, Stage.KINDERGARTEN), (3, Stage.LOWER_PRIMARY), (6, Stage.UPPER_PRIMARY), (9, Stage.JUNIOR))
    return next((stage.value for most, stage in bounds if grade <= most), Stage.SENIOR.value)


class Organisation(ScopedModel):
    """A node of the tree, or an overlay (then `path` hangs under the city or district that runs it)."""

    below = "path"
    shared = "path"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=10, choices=OrganisationKind.choices)
    name = models.CharField("名称", max_length=80)
    code = models.CharField("代码", max_length=20, blank=True, db_index=True)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    path = models.CharField(max_length=64, unique=True)
    grade = models.SmallIntegerField("年级", null=True)  # grades and classes: 0 kindergarten, 1–9, 10–12
    order = models.IntegerField("次序", default=0)
    last_child = models.IntegerField(default=0)  # the number last given to a child's path; none is given twice
    since = models.DateField(default=timezone.localdate)
    until = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ("path",)
        constraints = [
            models.UniqueConstraint(fields=["kind", "code"], condition=~Q(code=""), name="one_code_each_kind")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def stage(self) -> str:
        return stage_of(self.grade) if self.grade is not None else ""


class School(ScopedModel):
    """What a school carries beside its place in the tree."""

    below = "organisation__path"
    shared = "organisation__path"

    organisation = models.OneToOneField(Organisation, primary_key=True, on_delete=models.CASCADE, related_name="school")
    kind = models.CharField("办学类型", max_length=14, choices=SchoolKind.choices)
    area = models.CharField("城乡类型", max_length=8, choices=[("urban", "城区"), ("town", "镇区"), ("rural", "乡村")])
    latitude = models.FloatField("纬度", null=True, blank=True)
    longitude = models.FloatField("经度", null=True, blank=True)
    teachers = models.IntegerField("教师数", null=True, blank=True)
    places = models.IntegerField("学位数", null=True, blank=True)


class OverlayMember(ScopedModel):
    """A school belongs to a 学区 or 教育集团 for a period."""

    below = "overlay__path"

    overlay = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="members")
    school = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="overlays")
    since = models.DateField(default=timezone.localdate)
    until = models.DateField(null=True, blank=True)


class Person(ScopedModel):
    """Somebody. Sealed fields are ciphertext under the key of the school that entered them (`keeper`)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.OneToOneField(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="person"
    )
    name = models.CharField("姓名", max_length=40)
    sex = models.CharField("性别", max_length=1, blank=True, choices=[("1", "男"), ("2", "女")])
    born = models.DateField("出生日期", null=True, blank=True)
    keeper = models.UUIDField(null=True)
    pupil_number_sealed = models.BinaryField(null=True)  # 全国学籍号
    pupil_number_digest = models.BinaryField(null=True, unique=True)
    identity_sealed = models.BinaryField(null=True)  # 身份证件号
    identity_digest = models.BinaryField(null=True, unique=True)
    phone_sealed = models.BinaryField(null=True)
    phone_digest = models.BinaryField(null=True, db_index=True)
    note_sealed = models.BinaryField(null=True)  # free text about the person
    erased_at = models.DateTimeField(null=True)

    SEALED: ClassVar[dict[str, bool]] = {"pupil_number": True, "identity": True, "phone": True, "note": False}

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name

    @classmethod
    def in_scope(cls, scope_now: Scope) -> Q:
        own = Q(pk__in=scope_now.people)
        if not scope_now.below:
            return own
        held = RoleHeld._base_manager.filter(scope_now.down("organisation__path"), in_force())
        children = Guardianship._base_manager.filter(child__in=held.values("person"), until__isnull=True)
        return Q(pk__in=held.values("person")) | Q(pk__in=children.values("guardian")) | own

    def put_sealed(self, name: str, text: str) -> None:
        """Set a sealed field (and its digest, by which it is found again); the empty text clears it."""
        setattr(self, f"{name}_sealed", crypto.seal(text, self.keeper) if text else None)
        if self.SEALED[name]:
            setattr(self, f"{name}_digest", crypto.digest(f"{name}:{text}") if text else None)

    def read_sealed(self, name: str) -> str:
        sealed = getattr(self, f"{name}_sealed")
        return crypto.unseal(sealed) if sealed else ""


def new_pseudonym() -> int:
    """A random number of 52 bits: fits a double, tells nothing of the order of entry."""
    return secrets.randbits(52) or 1


class Pseudonym(ScopedModel):
    """The one table that maps statements back to people. `keeps`: consent to keep practice records is in force
    (maintained by the consent action, so that the hot path reads one row)."""

    number = models.BigIntegerField(primary_key=True, default=new_pseudonym)
    name = models.UUIDField(unique=True, default=new_id)
    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="pseudonym")
    keeps = models.BooleanField(default=False)

    @classmethod
    def in_scope(cls, scope_now: Scope) -> Q:
        if not scope_now.below:
            return Q(person__in=scope_now.people)
        return Q(person__in=Person._base_manager.filter(Person.in_scope(scope_now)).values("pk"))


class RoleName(models.TextChoices):
    PUPIL = "pupil", "学生"
    GUARDIAN = "guardian", "家长"
    TEACHER = "teacher", "教师"
    HEAD = "head", "校长"
    SCHOOL_ADMIN = "school_admin", "学校管理员"
    RESEARCHER = "researcher", "教研员"
    DISTRICT_OFFICER = "district_officer", "区县教育局"
    CITY_OFFICER = "city_officer", "市教育局"
    ADMIN = "admin", "系统管理员"
    EXPERT = "expert", "专家"
    ENTERPRISE = "enterprise", "企业"


TWO_FACTOR_ROLES = frozenset({"school_admin", "district_officer", "city_officer", "admin"})


class RoleHeld(ScopedModel):
    """A role at an organisation for a period. `number`: a pupil's number in the class."""

    below = "organisation__path"
    person_lookup = "person"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="roles")
    name = models.CharField(max_length=20, choices=RoleName.choices)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="roles")
    number = models.IntegerField("学号（班内）", null=True, blank=True)
    since = models.DateField(default=timezone.localdate)
    until = models.DateField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "name"]),
            models.Index(fields=["person", "name"]),
        ]


class Teaching(ScopedModel):
    """A teacher teaches a subject to a class for a period; `leads`: 班主任."""

    below = "school_class__path"
    person_lookup = "person"

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="teachings")
    school_class = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="teachings")
    subject = models.CharField("学科", max_length=20)
    leads = models.BooleanField("班主任", default=False)
    since = models.DateField(default=timezone.localdate)
    until = models.DateField(null=True, blank=True)


class Guardianship(ScopedModel):
    """A guardian of a child; bound by the school or by a code, revocable (`until`)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    guardian = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="children")
    child = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="guardians")
    relation = models.CharField("关系", max_length=10, default="监护人")
    since = models.DateField(default=timezone.localdate)
    until = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["guardian", "child"], condition=Q(until__isnull=True), name="one_open_guardianship"
            )
        ]

    @classmethod
    def in_scope(cls, scope_now: Scope) -> Q:
        held = RoleHeld._base_manager.filter(scope_now.down("organisation__path"), in_force())
        own = Q(guardian__in=scope_now.people) | Q(child__in=scope_now.people) if scope_now.people else NOTHING
        return Q(child__in=held.values("person")) | own


class GuardianCode(ScopedModel):
    """A code that the school prints for one child: `label` is its readable first part, the rest is kept as a digest.
    Whoever enters it becomes a guardian of the child, once, until it expires."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    child = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    label = models.CharField(max_length=8, unique=True)
    digest = models.BinaryField()
    issued_by = models.UUIDField()
    issued_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    used_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    revoked_at = models.DateTimeField(null=True)

    @classmethod
    def in_scope(cls, scope_now: Scope) -> Q:
        held = RoleHeld._base_manager.filter(scope_now.down("organisation__path"), in_force())
        return Q(child__in=held.values("person"))


class Purpose(models.TextChoices):
    """What consent is asked for, one by one."""

    PRACTICE = "practice", "保存练习记录，形成学情"
    REPORT = "report", "向家长展示学习情况"


class ConsentEntry(ScopedModel):
    """One row a purpose and decision; never changed. The newest row for a purpose holds."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    child = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="consents")
    purpose = models.CharField(max_length=20, choices=Purpose.choices)
    granted = models.BooleanField()
    how = models.CharField(max_length=8, choices=[("online", "家长在线"), ("paper", "纸质")])
    given_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    signed_on = models.DateField()
    entered_by = models.UUIDField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["child", "purpose", "at"])]

    @classmethod
    def in_scope(cls, scope_now: Scope) -> Q:
        held = RoleHeld._base_manager.filter(scope_now.down("organisation__path"), in_force())
        return Q(child__in=held.values("person")) | scope_now.own("child")


class RuleEntry(ScopedModel):
    """A value of a rule at an organisation, from a day on. A lower level may only tighten (the action checks).
    Rows without an organisation are the rulebook that comes with this version (rulebook.toml)."""

    shared = "organisation__path"
    below = "organisation__path"

    rule = models.CharField(max_length=40)
    value = models.JSONField()
    effective_from = models.DateField()
    source = models.CharField(max_length=200)
    organisation = models.ForeignKey(Organisation, null=True, on_delete=models.CASCADE, related_name="+")
    stage = models.CharField(max_length=14, blank=True)  # a Stage, or grades as "1-2"; empty for all
    blocks = models.BooleanField(default=False)
    entered_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["rule", "effective_from"])]

    @classmethod
    def in_scope(cls, scope_now: Scope) -> Q:
        return Q(organisation__isnull=True) | scope_now.up("organisation__path") | scope_now.down("organisation__path")


class Notice(ScopedModel):
    person_lookup = "person"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="notices")
    sentence = models.CharField(max_length=300)
    link = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["person", "read_at"])]


class SchoolYear(ScopedModel):
    """学年, kept by the city (or a district, or a school that differs)."""

    shared = "organisation__path"
    below = "organisation__path"

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    name = models.CharField("学年", max_length=20)  # 2026–2027
    starts = models.DateField()
    ends = models.DateField()


class Term(ScopedModel):
    """学期; week 1 (周次) holds the first day."""

    shared = "year__organisation__path"
    below = "year__organisation__path"

    year = models.ForeignKey(SchoolYear, on_delete=models.CASCADE, related_name="terms")
    name = models.CharField("学期", max_length=20)  # 秋季学期
    starts = models.DateField()
    ends = models.DateField()

    def week_of(self, day: date) -> int:
        """周次 of a day; weeks begin on Monday."""
        monday = self.starts.toordinal() - self.starts.weekday()
        return (day.toordinal() - monday) // 7 + 1


class Period(ScopedModel):
    """节次 of a school."""

    shared = "school__path"
    below = "school__path"

    school = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="periods")
    number = models.SmallIntegerField("节次")
    starts = models.TimeField()
    ends = models.TimeField()

    class Meta:
        ordering = ("number",)
        constraints = [models.UniqueConstraint(fields=["school", "number"], name="one_period_each_number")]


class TimetableEntry(ScopedModel):
    """A lesson that recurs weekly in a term. `weeks`: empty for all, else odd or even."""

    below = "school_class__path"
    shared = "school_class__path"
    person_lookup = "teacher"

    term = models.ForeignKey(Term, on_delete=models.CASCADE, related_name="+")
    school_class = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="timetable")
    weekday = models.SmallIntegerField()  # 1 Monday … 7 Sunday
    period = models.SmallIntegerField()
    subject = models.CharField(max_length=20)
    teacher = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="timetable")
    room = models.CharField(max_length=30, blank=True)
    weeks = models.CharField(max_length=4, blank=True, choices=[("odd", "单周"), ("even", "双周")])

    class Meta:
        indexes = [models.Index(fields=["teacher", "weekday"])]


class Session(ScopedModel):
    """People together for a time: a class, co-presence, an exam, a training. Kinds bring their own policy."""

    below = "organisation__path"
    shared = "organisation__path"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=20)
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="sessions")
    opened_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    title = models.CharField(max_length=80, blank=True)
    starts_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(null=True)


class ImportRun(ScopedModel):
    """A table that somebody uploaded: read again for each preview, staged as a job when confirmed."""

    below = "organisation__path"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=20)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    job = models.OneToOneField(Job, null=True, on_delete=models.SET_NULL, related_name="+")
    by = models.UUIDField()
    by_name = models.CharField(max_length=40)
    at = models.DateTimeField(default=timezone.now)
    counts = models.JSONField(default=dict)

    class Meta:
        ordering = ("-at",)
