"""Pages for when something cannot be shown."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from yincai.core.action import ActionError, Conflict


def not_allowed(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "core/problem.html", {"title": "这里需要别的身份", "why": str(exception or "")}, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(
        request, "core/problem.html", {"title": "没有这一页", "why": "地址可能已变，或不在您能看的范围里。"}, status=404
    )


def refused(request: HttpRequest, refusal: ActionError) -> HttpResponse:
    """What an action refused, in its own words; 409 where the idempotency key stands for something else."""
    status = 409 if isinstance(refusal, Conflict) else 400
    return render(request, "core/problem.html", {"title": "这次没有做成", "why": str(refusal)}, status=status)


def broken(request: HttpRequest) -> HttpResponse:
    return render(
        request,
        "core/problem.html",
        {"title": "系统出了错", "why": "您填的内容没有提交成功。请退回上一页重试；若仍不行，请告诉管理员出错的时间。"},
        status=500,
    )
