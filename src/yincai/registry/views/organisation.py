"""Pages of the tree: an organisation, what lies below it, adding, mending, closing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, QuerySet
from django.db.models.functions import Substr
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from yincai.core.action import form_key
from yincai.core.exports import Cell, Column, Linked, Sheet, export, wanted_format
from yincai.core.permissions import requires
from yincai.core.scope import STEP
from yincai.registry.actions.add_organisation import MAY_HOLD, add_classes, add_organisation, add_school
from yincai.registry.actions.close_organisation import close_organisation, reopen_organisation
from yincai.registry.actions.join_overlay import join_overlay, leave_overlay
from yincai.registry.actions.mend_organisation import mend_organisation, mend_school
from yincai.registry.actions.move_school import move_school
from yincai.registry.forms_organisation import (
    ClassesForm,
    CloseForm,
    JoinForm,
    MendForm,
    MoveForm,
    NodeForm,
    SchoolFactsForm,
    SchoolForm,
)
from yincai.registry.models import (
    Organisation,
    OrganisationKind,
    OverlayMember,
    RoleHeld,
    RoleName,
    School,
    Teaching,
    in_force,
)
from yincai.registry.naming import class_name
from yincai.registry.policies import (
    CONSENT_ENTER,
    GUARDIANS_BIND,
    ORGANISATION_ADD,
    ORGANISATION_MEND,
    ORGANISATION_SEE,
    OVERLAY_MEND,
    PASSWORDS_GIVE,
    PUPIL_ENTER,
    SCHOOL_MEND,
    SCHOOL_MOVE,
    STAFF_ENTER,
    TIMETABLE_MEND,
)
from yincai.registry.queries import classes_taught, pupils_of
from yincai.registry.views.common import actor_of, attempt, attempt_or_say, form_page, paged, reached, to, trail

Kind = OrganisationKind
OVERLAYS = (Kind.ZONE, Kind.GROUP)
CLASS_PAGES = (
    ("学生的初始密码", "registry-passwords", PASSWORDS_GIVE),
    ("家长的初始密码", "registry-guardian-passwords", PUPIL_ENTER),
    ("录入纸质同意书", "registry-consent-class", CONSENT_ENTER),
    ("家长绑定码", "registry-codes", GUARDIANS_BIND),
)
ADDED_BY_FORM = (Kind.DISTRICT, Kind.ZONE, Kind.GROUP, Kind.CLASS)


@requires(ORGANISATION_SEE)
def organisations(request: HttpRequest) -> HttpResponse:
    """Where the actor stands."""
    actor = actor_of(request)
    if actor.role is None:
        raise Http404
    if actor.role_name == RoleName.TEACHER and actor.person:
        return render(request, "registry/my_classes.html", {"classes": classes_taught(actor.person)})
    return redirect("registry-organisation", actor.role.organisation)


@requires(ORGANISATION_SEE)
def organisation(request: HttpRequest, pk: UUID) -> HttpResponse:
    row = _seen(request, pk)
    if row.kind == Kind.CLASS:
        return _class_page(request, row)
    children = _children(row, closed="closed" in request.GET)
    wanted = wanted_format(request)
    if wanted:
        return export(_children_sheet(row, children), wanted, acting_user=actor_of(request))
    counts = _counts(row)
    page = paged(request, children)
    values = _common(request, row) | {
        "page": page,
        "children": [(child, counts.get(child.path, {})) for child in page],
        "total": _total(counts),
        "closed": "closed" in request.GET,
        "overlays": _overlays_of(row),
    }
    return render(request, "registry/organisation.html", values)


def _seen(request: HttpRequest, pk: UUID) -> Organisation:
    return reached(request, ORGANISATION_SEE, Organisation.objects.select_related("school", "parent"), pk)  # type: ignore[no-any-return]


def _common(request: HttpRequest, row: Organisation) -> dict[str, Any]:
    actor = actor_of(request)
    add = ORGANISATION_ADD.can(actor, row) and row.until is None
    return {
        "row": row,
        "trail": trail(request, row, itself=False),
        "school": School.objects.filter(organisation=row).first() if row.kind == Kind.SCHOOL else None,
        "may_add": [(kind, Kind(kind).label) for kind in MAY_HOLD.get(row.kind, ()) if kind != Kind.GRADE]
        if add
        else [],
        "may_make_classes": add and row.kind == Kind.SCHOOL,
        "may_mend": ORGANISATION_MEND.can(actor, row),
        "may_mend_school": row.kind == Kind.SCHOOL and SCHOOL_MEND.can(actor),
        "may_move": row.kind == Kind.SCHOOL and SCHOOL_MOVE.can(actor, row),
        "may_enter_staff": row.kind not in (Kind.GRADE, Kind.CLASS) and STAFF_ENTER.can(actor, row),
        "may_enter_pupils": row.kind == Kind.CLASS and PUPIL_ENTER.can(actor, row),
        "may_mend_timetable": row.kind == Kind.CLASS and TIMETABLE_MEND.can(actor, row),
        "members": _members(row),
        "may_join": row.kind in OVERLAYS and OVERLAY_MEND.can(actor, row),
        "sees_people": actor.role_name in ("teacher", "head", "school_admin", "admin"),
    }


def _children(row: Organisation, *, closed: bool) -> QuerySet[Organisation]:
    below = Organisation.objects.filter(parent=row).exclude(kind__in=OVERLAYS).select_related("school")
    return (below if closed else below.filter(in_force())).order_by("order", "path")


def _counts(row: Organisation) -> dict[str, dict[str, int]]:
    """Classes, pupils and teachers below each child, by the child's path: three queries whatever the size."""
    length = len(row.path) + STEP
    classes = Organisation.objects.filter(in_force(), path__startswith=row.path, kind=Kind.CLASS)
    held = RoleHeld.objects.filter(in_force(), organisation__path__startswith=row.path)
    found: dict[str, dict[str, int]] = {}
    for name, rows, path in (
        ("classes", classes, "path"),
        ("pupils", held.filter(name=RoleName.PUPIL), "organisation__path"),
        ("teachers", held.filter(name=RoleName.TEACHER), "organisation__path"),
    ):
        by_child = rows.order_by().annotate(child=Substr(path, 1, length)).values("child").annotate(n=Count("pk"))
        for entry in by_child:
            found.setdefault(entry["child"], {})[name] = entry["n"]
    return found


def _total(counts: dict[str, dict[str, int]]) -> dict[str, int]:
    return {name: sum(one.get(name, 0) for one in counts.values()) for name in ("classes", "pupils", "teachers")}


def _children_sheet(row: Organisation, children: QuerySet[Organisation]) -> Sheet:
    counts = _counts(row)
    columns = [
        Column("名称"),
        Column("类别"),
        Column("代码"),
        Column("班级数", "number"),
        Column("学生数", "number"),
        Column("教师数", "number"),
        Column("启用", "date"),
        Column("停用", "date"),
    ]
    rows: list[list[Cell | Linked]] = [
        [
            child.name,
            child.get_kind_display(),
            child.code,
            *(counts.get(child.path, {}).get(name, 0) for name in ("classes", "pupils", "teachers")),
            child.since,
            child.until,
        ]
        for child in children
    ]
    return Sheet(f"{row.name}的组织", columns, rows)


def _overlays_of(row: Organisation) -> list[Organisation]:
    if row.kind not in (Kind.CITY, Kind.DISTRICT):
        return []
    return list(
        Organisation.objects.filter(in_force(), parent=row, kind__in=OVERLAYS)
        .annotate(n=Count("members", filter=in_force(prefix="members__")))
        .order_by("order", "path")
    )


def _members(row: Organisation) -> list[OverlayMember]:
    """Of an overlay its schools; of a school the overlays it belongs to."""
    if row.kind in OVERLAYS:
        rows = OverlayMember.objects.filter(overlay=row)
    elif row.kind == Kind.SCHOOL:
        rows = OverlayMember._base_manager.filter(in_force(), school=row)
    else:
        return []
    return list(rows.select_related("overlay", "school", "school__parent").order_by("until", "since", "pk"))


def _class_page(request: HttpRequest, row: Organisation) -> HttpResponse:
    values = _common(request, row)
    pupils = pupils_of(row) if values["sees_people"] else []
    if wanted_format(request) and values["sees_people"]:
        sheet = Sheet(
            f"{row.name}名单",
            [Column("学号", "number", True), Column("姓名"), Column("性别")],
            [[one.number, one.person.name, one.person.get_sex_display()] for one in pupils],
            pupils=True,
        )
        return export(sheet, wanted_format(request), acting_user=actor_of(request))
    values["pupils"] = pupils
    values["class_links"] = [
        (label, reverse(name, args=[row.pk]))
        for label, name, needed in CLASS_PAGES
        if row.until is None and needed.can(actor_of(request), row)
    ]
    values["pupil_count"] = RoleHeld.objects.filter(in_force(), organisation=row, name=RoleName.PUPIL).count()
    values["teachings"] = list(
        Teaching.objects.filter(in_force(), school_class=row).select_related("person").order_by("-leads", "subject")
    )
    return render(request, "registry/class.html", values)


# --- adding -------------------------------------------------------------------------------------------------------


@requires(ORGANISATION_ADD)
def organisation_add(request: HttpRequest, pk: UUID, kind: str) -> HttpResponse:
    parent = reached(request, ORGANISATION_ADD, Organisation.objects.all(), pk)
    if kind not in ADDED_BY_FORM or kind not in MAY_HOLD.get(parent.kind, ()):
        raise Http404
    initial = {"name": _next_class_name(parent)} if kind == Kind.CLASS else {}
    form = NodeForm(request.POST or None, kind=kind, initial=initial)
    if form.is_valid():
        made = attempt(
            form,
            lambda: add_organisation(
                parent,
                kind,
                form.cleaned_data["name"],
                form.cleaned_data.get("code", ""),
                acting_user=actor_of(request),
                key=form_key(request),
            ),
        )
        if made:
            messages.success(request, f"已建{made.name}。")
            return to(made if kind != Kind.CLASS else parent)
    label = Kind(kind).label
    return form_page(
        request, form, title=f"在{parent.name}新建{label}", button=f"新建{label}", back=_address(parent), place=parent
    )


def _next_class_name(grade: Organisation) -> str:
    names = set(Organisation.objects.filter(parent=grade, until__isnull=True).values_list("name", flat=True))
    return next(name for number in range(1, 100) if (name := class_name(grade.name, number)) not in names)


@requires(ORGANISATION_ADD)
def school_add(request: HttpRequest, pk: UUID) -> HttpResponse:
    parent = reached(request, ORGANISATION_ADD, Organisation.objects.all(), pk)
    if Kind.SCHOOL not in MAY_HOLD.get(parent.kind, ()):
        raise Http404
    form = SchoolForm(request.POST or None)
    if form.is_valid():
        data = form.cleaned_data
        made = attempt(
            form,
            lambda: add_school(
                parent,
                data["name"],
                data["code"],
                form.details,
                form.classes,
                acting_user=actor_of(request),
                key=form_key(request),
            ),
        )
        if made:
            count = sum(form.classes.values())
            messages.success(request, f"已建{made.name}" + (f"，连同 {count} 个班。" if count else "。"))
            return to(made)
    return form_page(
        request,
        form,
        title=f"在{parent.name}新建学校",
        button="新建学校",
        back=_address(parent),
        place=parent,
        two=True,
    )


@requires(ORGANISATION_ADD)
def school_classes(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Grades × number of classes, made in one step."""
    row = reached(request, ORGANISATION_ADD, Organisation.objects.filter(kind=Kind.SCHOOL).select_related("school"), pk)
    there = dict(
        Organisation.objects.filter(in_force(), parent__parent=row, kind=Kind.CLASS)
        .order_by()
        .values_list("parent__name")
        .annotate(n=Count("pk"))
    )
    form = ClassesForm(request.POST or None, school=row.school, there=there)
    if form.is_valid():
        made = attempt(
            form, lambda: add_classes(row, form.wanted, acting_user=actor_of(request), key=form_key(request))
        )
        if made:
            messages.success(request, "年级和班级已建好。")
            return to(row)
    return form_page(
        request,
        form,
        title=f"{row.name}：各年级有几个班",
        sub="只会新建，不会删；要停用某个班，请到那个班的页面。",
        button="建年级和班级",
        back=_address(row),
        place=row,
        two=True,
    )


# --- mending ------------------------------------------------------------------------------------------------------


@requires(ORGANISATION_MEND)
def organisation_mend(request: HttpRequest, pk: UUID) -> HttpResponse:
    row = reached(request, ORGANISATION_MEND, Organisation.objects.select_related("parent"), pk)
    form = MendForm(request.POST or None, initial={"name": row.name, "code": row.code, "order": row.order})
    if form.is_valid():
        data = form.cleaned_data
        if attempt(form, lambda: mend_organisation(row, **data, acting_user=actor_of(request), key=form_key(request))):
            messages.success(request, "已保存。")
            return to(row)
    return form_page(request, form, title=f"修改{row.name}", button="保存", back=_address(row), place=row)


@requires(SCHOOL_MEND)
def school_mend(request: HttpRequest, pk: UUID) -> HttpResponse:
    school = reached(request, SCHOOL_MEND, School.objects.select_related("organisation"), pk)
    form = SchoolFactsForm(
        request.POST or None, initial={name: getattr(school, name) for name in SchoolFactsForm.Meta.fields}
    )
    if form.is_valid() and attempt(
        form, lambda: mend_school(school, form.details, acting_user=actor_of(request), key=form_key(request))
    ):
        messages.success(request, "已保存。")
        return to(school.organisation)
    row = school.organisation
    return form_page(
        request, form, title=f"{row.name}的学校信息", button="保存", back=_address(row), place=row, two=True
    )


@requires(ORGANISATION_MEND)
def organisation_close(request: HttpRequest, pk: UUID) -> HttpResponse:
    row = reached(request, ORGANISATION_MEND, Organisation.objects.select_related("parent"), pk)
    form = CloseForm(request.POST or None)
    if form.is_valid():
        until = form.cleaned_data["until"]
        if attempt(form, lambda: close_organisation(row, until, acting_user=actor_of(request), key=form_key(request))):
            messages.success(request, f"{row.name}到 {until} 停用。")
            return to(row.parent)
    return form_page(
        request,
        form,
        title=f"停用{row.name}",
        sub="它下面的年级和班级一同停用。历史都留着，随时可以恢复。",
        button="停用",
        back=_address(row),
        place=row,
        danger=True,
    )


@require_POST
@requires(ORGANISATION_MEND)
def organisation_reopen(request: HttpRequest, pk: UUID) -> HttpResponse:
    row = reached(request, ORGANISATION_MEND, Organisation.objects.select_related("parent"), pk)
    attempt_or_say(
        request,
        lambda: reopen_organisation(row, acting_user=actor_of(request), key=form_key(request)),
        f"{row.name}已恢复。",
    )
    return to(row)


@requires(SCHOOL_MOVE)
def school_move(request: HttpRequest, pk: UUID) -> HttpResponse:
    row = reached(request, SCHOOL_MOVE, Organisation.objects.filter(kind=Kind.SCHOOL), pk)
    parents = SCHOOL_MOVE.filter(
        actor_of(request), Organisation.objects.filter(in_force(), kind__in=(Kind.CITY, Kind.DISTRICT))
    ).exclude(pk=row.parent_id)
    form = MoveForm(request.POST or None, parents=parents.select_related("parent"))
    if form.is_valid():
        parent = form.cleaned_data["parent"]
        if attempt(form, lambda: move_school(row, parent, acting_user=actor_of(request), key=form_key(request))):
            messages.success(request, f"{row.name}已归到{parent.name}。")
            return to(row)
    return form_page(
        request,
        form,
        title=f"调整{row.name}的隶属",
        sub="学校、年级、班级和其中的人一同过去；调整以前的学情数据仍算在原来的区县。",
        button="调整",
        back=_address(row),
        place=row,
    )


# --- overlays -----------------------------------------------------------------------------------------------------


@requires(OVERLAY_MEND)
def overlay_join(request: HttpRequest, pk: UUID) -> HttpResponse:
    row = reached(request, OVERLAY_MEND, Organisation.objects.filter(kind__in=OVERLAYS), pk)
    near = Organisation.objects.filter(in_force(), kind=Kind.SCHOOL, path__startswith=row.path[:-STEP])
    schools = OVERLAY_MEND.filter(actor_of(request), near).select_related("parent").order_by("path")
    form = JoinForm(request.POST or None, schools=schools)
    if form.is_valid():
        data = form.cleaned_data
        made = attempt(
            form,
            lambda: join_overlay(
                row, data["school"], data["since"], acting_user=actor_of(request), key=form_key(request)
            ),
        )
        if made:
            messages.success(request, f"{data['school'].name}已加入{row.name}。")
            return to(row)
    return form_page(request, form, title=f"让学校加入{row.name}", button="加入", back=_address(row), place=row)


@requires(OVERLAY_MEND)
def overlay_leave(request: HttpRequest, pk: int) -> HttpResponse:
    member = OverlayMember.objects.filter(pk=pk).select_related("overlay", "school").first()
    if member is None or not OVERLAY_MEND.can(actor_of(request), member.overlay):
        raise Http404
    form = CloseForm(request.POST or None)
    form.fields["until"].label, form.fields["until"].help_text = "退出日期", ""
    if form.is_valid():
        until = form.cleaned_data["until"]
        if attempt(form, lambda: leave_overlay(member, until, acting_user=actor_of(request), key=form_key(request))):
            messages.success(request, f"{member.school.name}到 {until} 退出{member.overlay.name}。")
            return to(member.overlay)
    return form_page(
        request,
        form,
        title=f"{member.school.name}退出{member.overlay.name}",
        button="退出",
        back=_address(member.overlay),
        place=member.overlay,
        danger=True,
    )


def _address(row: Organisation) -> str:
    return reverse("registry-organisation", args=[row.pk])
