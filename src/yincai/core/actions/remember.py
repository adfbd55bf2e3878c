from __future__ import annotations

from typing import Any

from django.utils import timezone

from yincai.core.action import action, touched
from yincai.core.actors import Actor
from yincai.core.models import Fact
from yincai.core.permissions import permission

MAINTAIN = permission("core.installation.maintain", "维护本系统", ())


@action(MAINTAIN)
def remember(name: str, value: Any, *, acting_user: Actor) -> Fact:
    """Keep a small truth about the installation, in place of the former one."""
    fact, _ = Fact.objects.update_or_create(pk=name, defaults={"value": value, "at": timezone.now()})
    return touched(fact, value=value)
