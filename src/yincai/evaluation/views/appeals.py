"""Pages of appeals: making one, the list, one with its answer."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from yincai.core.action import form_key
from yincai.core.http import Request
from yincai.core.permissions import requires
from yincai.evaluation.actions.appeal import answer_appeal, appeal
from yincai.evaluation.forms import AnswerForm, AppealForm
from yincai.evaluation.models import Appeal
from yincai.evaluation.policies import APPEAL, APPEAL_ANSWER, APPEALS_SEE
from yincai.evaluation.queries import appeals_for, appeals_waiting
from yincai.evaluation.views.growth import growth_or_404
from yincai.evaluation.words import grade_of, points_said, verdict_said
from yincai.registry.views.common import attempt, form_page


@require_http_methods(["GET", "POST"])
@requires(APPEAL)
def make(request: Request, pk: UUID, school: UUID) -> HttpResponse:
    row = growth_or_404(request, pk, school)
    form = AppealForm(request.POST or None)
    if form.is_valid():
        data = form.cleaned_data
        made = attempt(
            form,
            lambda: appeal(row, data["reason"], data["text"], acting_user=request.actor, key=form_key(request)),
        )
        if made:
            messages.success(request, "申诉已提交，答复会用通知告诉您。")
            return redirect("evaluation-appeal-page", made.pk)
    return form_page(
        request,
        form,
        title=f"对{grade_of(row.run.monitoring)}的增值结果提出申诉",
        sub=f"{row.school.name} · {points_said(row)} · {verdict_said(row)}",
        button="提交申诉",
        back=reverse("evaluation-school", args=[pk, school]),
    )


@require_GET
@requires(APPEALS_SEE)
def index(request: Request) -> HttpResponse:
    rows = list(appeals_for(request.actor))
    waiting = [row for row in rows if row.state == Appeal.OPEN]
    values = {"rows": rows, "waiting": len(waiting), "mine": appeals_waiting(request.actor)}
    return render(request, "evaluation/appeals.html", values)


@require_http_methods(["GET", "POST"])
@requires(APPEALS_SEE)
def page(request: Request, pk: UUID) -> HttpResponse:
    """One appeal; an officer who may answer does so here."""
    row, actor = appeals_for(request.actor).filter(pk=pk).first(), request.actor
    if row is None:
        raise Http404
    may_answer = row.state == Appeal.OPEN and APPEAL_ANSWER.can(actor, row)
    form = AnswerForm(request.POST or None) if may_answer else None
    if form is not None and form.is_valid():
        data = form.cleaned_data
        done = attempt(
            form,
            lambda: answer_appeal(row, data["state"], data["answer"], acting_user=actor, key=form_key(request)),
        )
        if done:
            messages.success(request, f"已答复，{row.growth.school.name}会收到通知。")
            return redirect("evaluation-appeal-page", pk)
    if request.method == "POST" and row.state != Appeal.OPEN:
        messages.warning(request, f"{row.answered_by_name}已经答复过这条申诉，您这次填的没有记下。")
    status = 422 if form is not None and form.errors else 200
    values = {"row": row, "form": form, "said": points_said(row.growth), "what": grade_of(row.growth.run.monitoring)}
    return render(request, "evaluation/appeal.html", values, status=status)
