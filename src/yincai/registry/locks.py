"""Pausing after failed tries, by django-axes, on what is tried and the address together: a school is one address.

Beside passwords (which axes watches by itself) the second factor, the change of a password and guardians' codes are
watched, each under a name of its own.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from yincai.core.middleware import client_address
from yincai.core.models import Account
from yincai.core.rules import UnknownRule
from yincai.registry import rules

FEWEST_TRIES = 8  # where no rule is in the database yet


def failure_limit(request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
    """How many failures are let pass (for axes)."""
    try:
        return int(rules.installation_rule("mlps3.attempts").value)
    except UnknownRule:
        return FEWEST_TRIES


def username_of(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """What is being tried, in one form, so that capitals and full-width letters do not make it another (for axes)."""
    typed = (credentials or {}).get("username") or request.POST.get("login") or ""
    return Account.normalize_username(str(typed))


def locked_out(request: HttpRequest, response: HttpResponse | None, credentials: dict[str, Any] | None) -> HttpResponse:
    """The page of a paused account (for axes): says how long."""
    name = username_of(request, credentials)
    minutes = minutes_left(request, name) or 1
    return render(request, "registry/locked.html", {"minutes": minutes, "name": name.partition("/")[0]}, status=429)


def minutes_left(request: HttpRequest, what: str) -> int:
    """Minutes until `what` may be tried again from this address; 0: now."""
    if AxesProxyHandler.is_allowed(request, {"username": what}):
        return 0
    tries = AccessAttempt.objects.filter(username=what, ip_address=client_address(request))
    last = tries.aggregate(last=Max("attempt_time"))["last"] or timezone.now()
    left = last + (get_cool_off(request) or timedelta()) - timezone.now()
    return max(1, math.ceil(left.total_seconds() / 60))


def failed(request: HttpRequest, what: str) -> None:
    AxesProxyHandler.user_login_failed(sender=__name__, credentials={"username": what}, request=request)


def succeeded(request: HttpRequest, what: str) -> None:
    AxesProxyHandler.reset_attempts(username=what, ip_address=client_address(request))
