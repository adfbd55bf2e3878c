"""The home at "/": what each role meets first. One view; which home it is follows from the role acted in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from yincai.core.actors import Actor
from yincai.core.http import Request
from yincai.core.navigation import rail_for
from yincai.core.permissions import SIGNED_IN, requires
from yincai.learning.queries import child_sentences, pupil_today
from yincai.portal.calendar import day_words
from yincai.portal.governing import governing_home
from yincai.portal.teaching import teaching_home
from yincai.registry.models import RoleName
from yincai.registry.queries import children_of, why_not_kept

Home = Callable[[Request], tuple[str, dict[str, Any]]]


@requires(SIGNED_IN)
def home(request: Request) -> HttpResponse:
    template, values = HOMES.get(request.actor.role_name, plain)(request)
    return render(request, template, {"day": day_words(timezone.localdate(), request.actor.place), **values})


def pupil(request: Request) -> tuple[str, dict[str, Any]]:
    """One card: today."""
    today = pupil_today(request.actor)
    values = {
        "today": today,
        "finding": _pupils_finding(today.set_by_teacher, today.unit, today.ready),
        "not_kept": "" if today.keeps else why_not_kept(request.actor.person_id),
    }
    return "portal/pupil.html", values


def _pupils_finding(set_by_teacher: tuple[Any, ...], unit: str, ready: bool) -> str:
    if set_by_teacher:
        return f"老师给你布置了“{set_by_teacher[0].title}”"
    if not ready:
        return "你的年级现在还没有练习题"
    return f"接着练“{unit}”" if unit else "今天从这里开始"


def guardian(request: Request) -> tuple[str, dict[str, Any]]:
    """One child, three sentences."""
    children = children_of(request.actor.person_id)
    asked = request.GET.get("child", "")
    child = next((one for one in children if str(one.pk) == asked), children[0] if children else None)
    values = {"children": children, "child": child, "sentences": child_sentences(child) if child else []}
    return "portal/guardian.html", values


def teacher(request: Request) -> tuple[str, dict[str, Any]]:
    return "portal/teacher.html", {"home": teaching_home(request.actor, timezone.localtime())}


def governing(request: Request) -> tuple[str, dict[str, Any]]:
    return "portal/governing.html", {"home": governing_home(request.actor, rail_for(request.actor, "/"))}


def plain(request: Request) -> tuple[str, dict[str, Any]]:
    """What the role can open, and how much waits there."""
    links = [link for link in rail_for(request.actor, "/") if not link.current]
    return "portal/plain.html", {"links": links, "finding": _plain_finding(request.actor, links)}


def _plain_finding(actor: Actor, links: list[Any]) -> str:
    if actor.role is None:
        return "您的账号还没有身份"
    waiting = sum(link.waiting for link in links)
    return f"有 {waiting} 件事等您决定" if waiting else "现在没有等您决定的事"


HOMES: dict[str, Home] = {
    RoleName.PUPIL: pupil,
    RoleName.GUARDIAN: guardian,
    RoleName.TEACHER: teacher,
    RoleName.HEAD: governing,
    RoleName.DISTRICT_OFFICER: governing,
    RoleName.CITY_OFFICER: governing,
}
