"""Importing a bank on a page: choose the file, look at what is in it, take it in, see the account, undo."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from yincai.core.action import ActionError
from yincai.core.exports import Cell, Column, Linked, Sheet, export
from yincai.core.files import TABLES
from yincai.core.http import Request
from yincai.core.jobs import payloads
from yincai.core.models import Job
from yincai.core.permissions import requires
from yincai.core.tasks import enqueue
from yincai.knowledge.actions.run_import import run_import, undo_import
from yincai.knowledge.actions.take_in import KIND, keyed, stage
from yincai.knowledge.intake.account import account
from yincai.knowledge.intake.draft import Draft
from yincai.knowledge.intake.formats import COLUMNS, read
from yincai.knowledge.items import LETTERS
from yincai.knowledge.policies import IMPORT

LABELS = {"xlsx": "表格（.xlsx，用本页的模板）", "jsonl": "JSON Lines（.jsonl）", "tal-scq5k": "TAL-SCQ5K（.jsonl）"}
SAMPLE = 3
SHOWN = 200
EXAMPLE: dict[str, str | int] = {
    "编号": "第一小学-五上-001",
    "题型": "填数",
    "题干": "计算：$\\frac{1}{2}+\\frac{1}{3}$",
    "答案": "5/6",
    "提示": "分母不同，先怎样？",
    "解析": "通分：$\\frac{3}{6}+\\frac{2}{6}=\\frac{5}{6}$",
    "知识点": "m5.frac.add-unlike",
    "难度": "中",
    "年级": 5,
    "来源": "校本作业",
    "许可": "原创",
}


class FileForm(forms.Form):
    format = forms.ChoiceField(label="格式", choices=list(LABELS.items()))
    file = forms.FileField(label="文件", help_text="最大 20 MB。先看一遍里面有什么，再决定要不要入库。")

    def clean_file(self) -> Any:
        upload = self.cleaned_data["file"]
        if upload.size > TABLES.most:
            raise forms.ValidationError(
                f"文件有 {upload.size / 2**20:.1f} MB，最多 {TABLES.most // 2**20} MB。请分成几份。"
            )
        return upload


@requires(IMPORT)
def upload(request: Request) -> HttpResponse:
    form = FileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        name, file = form.cleaned_data["format"], form.cleaned_data["file"]
        content = file.read()
        try:
            rows = keyed(name, read(name, content))
            if not rows:
                raise ActionError("文件里没有题目。请检查选的格式对不对。")
            job = stage(name, file.name, content, rows, acting_user=request.actor)
            return redirect("knowledge-intake", job.pk)
        except ActionError as error:
            form.add_error("file", str(error))
    recent = Job.objects.filter(kind=KIND).order_by("-created_at")[:10]
    return render(
        request, "knowledge/upload.html", {"form": form, "recent": recent}, status=422 if form.errors else 200
    )


@requires(IMPORT)
def intake(request: Request, job: UUID) -> HttpResponse:
    row = get_object_or_404(Job.objects.filter(kind=KIND), pk=job)
    values: dict[str, Any] = {"job": row, "working": row.state in (Job.APPLYING, Job.UNDOING)}
    if row.state == Job.STAGED:
        values |= _preview(row)
    elif row.state == Job.DONE:
        told = account([(payload["row"], payload["key"]) for payload in payloads(row)])
        values |= {"told": told, "rejected": told["rejected"][:SHOWN], "held": told["held"][:SHOWN]}
    template = "knowledge/_intake.html" if request.htmx else "knowledge/intake.html"
    return render(request, template, values)


def _preview(job: Job) -> dict[str, Any]:
    """What the staged rows hold: how many can be read, why others cannot, the first few as pupils would see them."""
    good, refused = 0, []
    samples: list[dict[str, Any]] = []
    for payload in payloads(job):
        if payload["draft"] is None:
            refused.append({"row": payload["row"], "reason": payload["reason"]})
            continue
        good += 1
        if len(samples) < SAMPLE:
            draft = Draft(**payload["draft"])
            samples.append({"stem": draft.stem, "options": list(zip(LETTERS, draft.options, strict=False))})
    return {"good": good, "samples": samples, "refused": refused[:SHOWN], "refused_count": len(refused)}


@requires(IMPORT)
@require_POST
def start(request: Request, job: UUID) -> HttpResponse:
    row = get_object_or_404(Job.objects.filter(kind=KIND, state__in=(Job.STAGED, Job.APPLYING, Job.FAILED)), pk=job)
    Job.objects.filter(pk=row.pk, state=Job.STAGED).update(state=Job.APPLYING)
    enqueue(run_import, acting_user=request.actor, import_id=str(row.pk))
    return redirect("knowledge-intake", row.pk)


@requires(IMPORT)
@require_POST
def undo(request: Request, job: UUID) -> HttpResponse:
    row = get_object_or_404(Job.objects.filter(kind=KIND, state=Job.DONE), pk=job)
    Job.objects.filter(pk=row.pk).update(state=Job.UNDOING)
    enqueue(undo_import, acting_user=request.actor, import_id=str(row.pk))
    messages.info(request, "正在撤销。有学生做过的题不会删除，只会停用。")
    return redirect("knowledge-intake", row.pk)


@requires(IMPORT)
def template(request: Request) -> HttpResponse:
    """The empty spreadsheet, with one example to overwrite."""
    names = list(COLUMNS)
    example: list[Cell | Linked] = [EXAMPLE.get(name, "") for name in names]
    sheet = Sheet("题目导入模板", [Column(name) for name in names], [example])
    return export(sheet, "xlsx", acting_user=request.actor)
