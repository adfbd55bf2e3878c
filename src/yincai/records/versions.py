"""Versions of states: which one is in use, and how the next is built beside it and switched."""

from __future__ import annotations

from functools import lru_cache

from django.db import IntegrityError, transaction

from yincai.records.folds import FOLDS, Versions
from yincai.records.models import StateVersion


def active(subject: str) -> StateVersion:
    """The version in use; the first one of a subject is made from its registered fold."""
    found = StateVersion.objects.filter(subject=subject, status=StateVersion.ACTIVE).first()
    if found is not None:
        return found
    model, parameters, graph = FOLDS[subject].versions if subject in FOLDS else Versions("", "", "")
    try:
        with transaction.atomic():
            return StateVersion.objects.create(
                subject=subject, model=model, parameters=parameters, graph=graph, status=StateVersion.ACTIVE
            )
    except IntegrityError:
        return StateVersion.objects.get(subject=subject, status=StateVersion.ACTIVE)


@lru_cache(maxsize=64)
def versions_of(version: int) -> Versions:
    """What a version stands for; the row never changes in these."""
    row = StateVersion.objects.get(pk=version)
    return Versions(row.model, row.parameters, row.graph)
