"""What the ground floor keeps.

An **Account** is only a way to sign in: a name, a password, a second factor (kept by allauth). Who a person *is* lies
in `registry`. A **DataKey** is a key wrapped by the master key. An **AuditRow** says who changed what, without saying
what it held: ids, field names, keyed digests. It is written plain in the action's own transaction; a sealer later
orders the committed rows and chains them into an **AuditBlock**, whose head is anchored outside the database. A
**Receipt** remembers an action's idempotency key. A **StoredFile** is content by digest. A **Job** is long work:
its rows are staged unseen, then applied in short numbered batches, each an action, and can be undone.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from yincai.core.ids import new_id
from yincai.core.scope import ScopedModel

SERVICE_NAME = "yincai.service"


class AccountManager(BaseUserManager["Account"]):
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> Account:
        account = self.model(username=self.model.normalize_username(username), **fields)
        account.set_password(password)
        account.save(using=self._db)
        return account


class Account(AbstractBaseUser):
    """Sign-in only. `is_service`: the installation's own account, which has no password."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    username = models.CharField(
        "账号",
        max_length=40,
        unique=True,
        validators=[RegexValidator(r"^[\w.@+-]+$", "账号只能用字母、数字、汉字和 . _ - + @。")],
    )
    is_active = models.BooleanField(default=True)
    is_service = models.BooleanField(default=False)
    must_change_password = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    objects = AccountManager()
    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    is_staff = False
    is_superuser = False

    class Meta:
        verbose_name = "账号"
        verbose_name_plural = "账号"

    def __str__(self) -> str:
        return self.username

    @classmethod
    def normalize_username(cls, username: str) -> str:
        """One form: full-width letters to plain ones, no capitals, so that an input method keeps nobody out."""
        return super().normalize_username(username.strip()).lower()

    @classmethod
    def service(cls) -> Account:
        """The installation's service account, made on first use."""
        found = cls.objects.filter(username=SERVICE_NAME).first()
        if found is not None:
            return found
        try:
            with transaction.atomic():
                return cls.objects.create_user(SERVICE_NAME, is_service=True)
        except IntegrityError:  # another process was first
            return cls.objects.get(username=SERVICE_NAME)

    def has_perm(self, perm: str, obj: object | None = None) -> bool:
        return False

    def has_module_perms(self, app_label: str) -> bool:
        return False


class DataKey(models.Model):
    DATA, DIGEST, CLAIM = "data", "digest", "claim"

    id = models.UUIDField(primary_key=True, default=new_id)
    purpose = models.CharField(max_length=8)
    owner = models.UUIDField(null=True)
    wrapped = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["purpose", "owner"], name="one_key_each"),
            models.UniqueConstraint(
                fields=["purpose"], condition=models.Q(owner__isnull=True), name="one_key_of_nobody"
            ),
        ]


class AuditBlock(models.Model):
    """`head` is the chain's digest after the block's last row; the same line stands in the anchor file."""

    number = models.BigAutoField(primary_key=True)
    head = models.CharField(max_length=64)
    last_position = models.BigIntegerField()
    rows = models.IntegerField()
    sealed_at = models.DateTimeField()


class AuditRow(models.Model):
    """Append-only: triggers refuse every change but the one that seals."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(default=timezone.now)
    account = models.UUIDField()
    role = models.CharField(max_length=40)
    place = models.CharField(max_length=64)
    verb = models.CharField(max_length=80)
    kind = models.CharField(max_length=60)
    subject = models.CharField(max_length=64)
    fields = models.JSONField(default=dict)
    position = models.BigIntegerField(null=True, unique=True)
    chain = models.CharField(max_length=64, null=True)
    block = models.ForeignKey(AuditBlock, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="audit_unsealed", condition=models.Q(position__isnull=True)),
            models.Index(fields=["kind", "subject"], name="audit_subject"),
        ]


class Receipt(models.Model):
    """An action done under an idempotency key: the same key and arguments give the same result again."""

    key = models.UUIDField(primary_key=True)
    verb = models.CharField(max_length=80)
    account = models.UUIDField()
    arguments = models.CharField(max_length=64)
    result_kind = models.CharField(max_length=60, blank=True)
    result_id = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField(default=timezone.now)


class StoredFile(ScopedModel):
    """Content by digest under media/; `personal` content is encrypted with the owner's data key."""

    below = "place"
    shared = "place"

    id = models.UUIDField(primary_key=True, default=new_id)
    digest = models.CharField(max_length=64, db_index=True)
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=80)
    size = models.BigIntegerField()
    personal = models.BooleanField()
    owner = models.UUIDField(null=True)
    place = models.CharField(max_length=64)
    added_by = models.UUIDField()
    added_at = models.DateTimeField(default=timezone.now)


class Job(ScopedModel):
    below = "place"

    STAGED, APPLYING, DONE, UNDOING, UNDONE, FAILED = "staged", "applying", "done", "undoing", "undone", "failed"
    STATES = [
        (STAGED, "待确认"),
        (APPLYING, "写入中"),
        (DONE, "已完成"),
        (UNDOING, "撤销中"),
        (UNDONE, "已撤销"),
        (FAILED, "出错停下"),
    ]

    id = models.UUIDField(primary_key=True, default=new_id)
    kind = models.CharField(max_length=60)
    title = models.CharField(max_length=120)
    place = models.CharField(max_length=64)
    account = models.UUIDField()
    role = models.UUIDField(null=True)
    options = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=STATES, default=STAGED)
    total = models.IntegerField(default=0)
    applied = models.IntegerField(default=0)
    batch = models.IntegerField(default=0)
    message = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)


class JobRow(models.Model):
    """One staged row; `undo` is what takes it back."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="rows")
    number = models.IntegerField()
    payload = models.BinaryField()
    batch = models.IntegerField(null=True)
    undo = models.JSONField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="job_row_number")]


class PeriodicRun(models.Model):
    """When each periodic task was last enqueued, so that one beat among several processes enqueues it."""

    name = models.CharField(primary_key=True, max_length=120)
    last = models.DateTimeField()


class Fact(models.Model):
    """Small truths about the installation itself: whether it is a demo, when its key was copied out."""

    name = models.CharField(primary_key=True, max_length=60)
    value = models.JSONField()
    at = models.DateTimeField(default=timezone.now)

    @classmethod
    def read(cls, name: str, default: Any = None) -> Any:
        found = cls.objects.filter(pk=name).first()
        return found.value if found else default
