"""The sets of numbers of tracing that this installation fitted to its own answers, and which one is in use.

A **ModelVersion** begins when a refit is asked for; what came of it is proposed where it predicts better for pupils who
were left out, and a named person puts it into use or not. Its content never changes. The set that was in use before is
kept, so that going back is one more switch; a shipped set gets a row when somebody goes back to it.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone


class VersionState(models.TextChoices):
    RUNNING = "running", "正在计算"
    PROPOSED = "proposed", "待决定"
    IN_USE = "in_use", "在用"
    RETIRED = "retired", "用过"
    DROPPED = "dropped", "没有采用"
    FAILED = "failed", "没有算成"


class ModelVersion(models.Model):
    """`evidence`: `fitting.Compared` of the set in use and this one; `metrics`: those of its card to be, on pupils who
    were left out. `digest`: of the content, "" where there is none (or it lies in a file of the package).
    `message`: why it failed, or was not proposed. Not scoped: it tells nothing of a pupil."""

    subject = models.CharField(max_length=20, default="math")
    name = models.CharField(max_length=40, unique=True)
    state = models.CharField(max_length=8, choices=VersionState.choices, default=VersionState.RUNNING)
    made_at = models.DateTimeField(default=timezone.now)
    made_by = models.UUIDField()  # account
    before = models.CharField(max_length=40, blank=True)  # the set it was compared with
    facts = models.IntegerField(default=0)
    pupils = models.IntegerField(default=0)
    evidence = models.JSONField(default=dict)
    metrics = models.JSONField(default=list)
    message = models.CharField(max_length=300, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    content = models.BinaryField(default=b"")
    decided_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    why = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("-pk",)
        constraints = [
            models.UniqueConstraint(fields=["subject"], condition=Q(state="in_use"), name="one_version_in_use")
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        return f"本地拟合第 {self.pk} 版" if self.name.startswith("local-") else f"出厂的 {self.name}"
