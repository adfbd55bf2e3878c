"""What an audit of a model found, kept: figures themselves are never stored here, they are computed from the lake.

A **ModelAudit** is one look at one model: over how many answers of how many pupils, the calibration of all and of each
group (groups of too few people are not in it), what differs between groups, how it went over time, and the findings in
words. It holds no pupil and no class. Rows are only added.
"""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from yincai.core.ids import new_id


class ModelAudit(models.Model):
    """`report`: as `auditing.report_of`; `findings`: sentences; `failing`: the card's metrics beyond their bounds."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    model = models.CharField(max_length=40)
    version = models.CharField(max_length=60)
    at = models.DateTimeField(default=timezone.now)
    by = models.UUIDField()  # account
    n = models.IntegerField()
    pupils = models.IntegerField()
    report = models.JSONField(default=dict)
    findings = models.JSONField(default=list)
    failing = models.JSONField(default=list)

    class Meta:
        ordering = ("-at",)
        indexes = [models.Index(fields=["model", "-at"], name="newest_audit")]

    def __str__(self) -> str:
        return f"{self.model} {self.at:%Y-%m-%d}"
