"""Pages of imports: templates, upload, preview, progress, undo."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from yincai.core.action import ActionError, form_key
from yincai.core.exports import Column, Sheet, export
from yincai.core.models import Job
from yincai.core.permissions import requires
from yincai.registry.actions.import_table import (
    WAITING,
    bring_table,
    confirm_import,
    in_demo,
    kinds_for,
    preview,
    resume_import,
    undo_import,
)
from yincai.registry.forms_imports import UploadForm
from yincai.registry.imports import IMPORTS
from yincai.registry.imports.kinds import BAD, CHANGED, NEW, UNCHANGED
from yincai.registry.imports.tables import EXAMPLE
from yincai.registry.models import ImportRun, Organisation, OrganisationKind, in_force
from yincai.registry.policies import IMPORT_SEE
from yincai.registry.views.common import actor_of, attempt, attempt_or_say, paged

Kind = OrganisationKind
STATES = ((NEW, "新增"), (CHANGED, "更改"), (UNCHANGED, "不变"), (BAD, "有问题"))


@requires(IMPORT_SEE)
def imports(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    kinds = kinds_for(actor)
    places = Organisation.objects.filter(in_force(), actor.scope.down("path"))
    places = places.filter(kind__in=(Kind.CITY, Kind.DISTRICT, Kind.SCHOOL)).select_related("parent").order_by("path")
    asked = {"kind": request.GET.get("kind", "")}  # from a page that leads here for one kind
    form = UploadForm(request.POST or None, request.FILES or None, kinds=kinds, places=places, initial=asked)
    if form.is_valid():
        file = form.cleaned_data["file"]
        made = attempt(
            form,
            lambda: bring_table(
                form.cleaned_data["kind"], form.cleaned_data["place"], file.name, file.read(), acting_user=actor
            ),
        )
        if made:
            return redirect("registry-import", made.pk)
    recent = ImportRun.objects.filter(job__isnull=False).select_related("job", "organisation", "file")[:20]
    values = {"form": form, "kinds": kinds, "recent": [(run, IMPORTS[run.kind].label) for run in recent]}
    values["demo"] = in_demo()
    return render(request, "registry/imports.html", values, status=422 if form.errors else 200)


@requires(IMPORT_SEE)
def template(request: HttpRequest, kind: str) -> HttpResponse:
    """An empty table with an example row, which is left out when read."""
    wanted = next((one for one in kinds_for(actor_of(request)) if one.name == kind), None)
    if wanted is None:
        raise Http404
    example = [column.example for column in wanted.columns]
    example[0] = f"{EXAMPLE}{example[0]}"
    columns = [Column(f"{one.title}*" if one.required else one.title) for one in wanted.columns]
    notes = ["说明：带 * 的列必填。以“例：”开头的示例行不会导入。", f"说明：{wanted.help}"]
    sheet = Sheet(f"{wanted.label}导入模板", columns, [example], notes)
    return export(sheet, "xlsx", acting_user=actor_of(request))


def _run(request: HttpRequest, pk: UUID) -> ImportRun:
    run = ImportRun.objects.filter(pk=pk).select_related("job", "organisation", "file").first()
    if run is None or not IMPORTS[run.kind].permission.can(actor_of(request), run.organisation):
        raise Http404
    return run


@requires(IMPORT_SEE)
def import_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    run = _run(request, pk)
    if run.job is not None:
        return render(request, "registry/import_job.html", _job_values(run))
    return _preview_page(request, run)


def _preview_page(request: HttpRequest, run: ImportRun, error: str = "") -> HttpResponse:
    try:
        found = preview(run, actor_of(request))
    except ActionError as problem:
        unreadable = {"run": run, "kind": IMPORTS[run.kind], "error": str(problem)}
        return render(request, "registry/import_preview.html", unreadable, status=422)
    counts = found.counts
    show = request.GET.get("show", "")
    if show not in dict(STATES):
        show = next((state for state in (BAD, NEW, CHANGED, UNCHANGED) if counts[state]), NEW)
    values: dict[str, Any] = {
        "run": run,
        "kind": found.kind,
        "counts": counts,
        "states": [(state, label, counts[state]) for state, label in STATES],
        "show": show,
        "page": paged(request, found.of(show), 100),
        "ignored": found.ignored,
        "to_write": len(found.to_write),
        "error": error,
        "demo": in_demo(),
        "leave_out": "leave_out" in request.POST,
    }
    return render(request, "registry/import_preview.html", values, status=422 if error else 200)


@require_POST
@requires(IMPORT_SEE)
def import_confirm(request: HttpRequest, pk: UUID) -> HttpResponse:
    run = _run(request, pk)
    try:
        confirm_import(run, "leave_out" in request.POST, acting_user=actor_of(request), key=form_key(request))
    except ActionError as error:
        run.refresh_from_db()
        if run.job is None:
            return _preview_page(request, run, str(error))
    return redirect("registry-import", pk)


@requires(IMPORT_SEE)
def import_progress(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The fragment that asks again each second while a worker is at it."""
    return render(request, "registry/_import_progress.html", _job_values(_run(request, pk)))


@require_POST
@requires(IMPORT_SEE)
def import_resume(request: HttpRequest, pk: UUID) -> HttpResponse:
    run = _run(request, pk)
    attempt_or_say(
        request,
        lambda: resume_import(run, acting_user=actor_of(request), key=form_key(request)),
        "接着写入，请稍后刷新这一页。",
    )
    return redirect("registry-import", pk)


@require_POST
@requires(IMPORT_SEE)
def import_undo(request: HttpRequest, pk: UUID) -> HttpResponse:
    run = _run(request, pk)
    attempt_or_say(
        request,
        lambda: undo_import(run, acting_user=actor_of(request), key=form_key(request)),
        "开始撤销，可以离开这一页。",
    )
    return redirect("registry-import", pk)


def _job_values(run: ImportRun) -> dict[str, Any]:
    job = run.job
    assert job is not None  # noqa: S101 - asked for only when there is one
    return {
        "run": run,
        "kind": IMPORTS[run.kind],
        "job": job,
        "running": job.state in WAITING,
        "may_undo": job.state in (Job.DONE, Job.FAILED),
        "notes": [*([job.message] if job.message else []), *job.options.get("notes", [])],
    }
