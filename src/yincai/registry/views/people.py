"""Pages of people: finding, entering, mending, roles over time, transfers, the reveal of masked fields."""

from __future__ import annotations

import re
from uuid import UUID

from django.contrib import messages
from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from yincai.core import crypto
from yincai.core.action import ActionError, form_key
from yincai.core.permissions import requires
from yincai.registry.actions.add_guardian import add_guardian, end_guardianship
from yincai.registry.actions.add_pupil import add_pupil, admit_pupil, release_pupil, renumber_pupil, transfer_pupil
from yincai.registry.actions.add_staff import (
    MAY_GIVE,
    WHERE,
    add_staff,
    end_role,
    end_teaching,
    give_role,
    reopen_role,
    teach,
)
from yincai.registry.actions.mend_person import mend_person
from yincai.registry.actions.reveal import FIELDS, FOR_TEACHERS, PURPOSES, reveal
from yincai.registry.forms_people import (
    SUBJECTS,
    AdmitForm,
    GuardianForm,
    NumberForm,
    PersonForm,
    PupilForm,
    PupilMendForm,
    RevealForm,
    RoleForm,
    StaffForm,
    TeachingForm,
    TransferForm,
    UntilForm,
)
from yincai.registry.models import (
    Guardianship,
    Organisation,
    OrganisationKind,
    Person,
    RoleHeld,
    RoleName,
    Teaching,
    in_force,
)
from yincai.registry.numbers import fold
from yincai.registry.policies import (
    PASSWORDS_GIVE,
    PEOPLE_SEE,
    PERSON_MEND,
    PUPIL_ENTER,
    REVEAL,
    ROLE_GIVE,
    STAFF,
    STAFF_ENTER,
    TEACHING_MEND,
)
from yincai.registry.views.common import actor_of, attempt, attempt_or_say, form_page, paged, reached

CLASSES = Q(kind=OrganisationKind.CLASS)


# --- finding ------------------------------------------------------------------------------------------------------


@requires(PEOPLE_SEE)
def people(request: HttpRequest) -> HttpResponse:
    words, role = request.GET.get("q", "").strip(), request.GET.get("role", "")
    found = _found(request, words, role)
    page = paged(request, found)
    values = {
        "page": page,
        "people": page.object_list,
        "q": words,
        "role": role,
        "roles": [(one.value, one.label) for one in RoleName],
        "may_import": actor_of(request).role_name in ("admin", "school_admin", "district_officer", "city_officer"),
    }
    return render(request, "registry/people.html", values)


def _found(request: HttpRequest, words: str, role: str) -> QuerySet[Person]:
    held_now = RoleHeld.objects.filter(in_force()).select_related("organisation").order_by("since")
    rows = PEOPLE_SEE.filter(actor_of(request), Person.objects.filter(erased_at__isnull=True))
    if role in RoleName.values:
        rows = rows.filter(pk__in=RoleHeld.objects.filter(in_force(), name=role).values("person"))
    if words:
        rows = rows.filter(_matching(words))
    return rows.select_related("account").prefetch_related(Prefetch("roles", queryset=held_now, to_attr="held_now"))


def _matching(words: str) -> Q:
    """By part of the name, by account, or by a whole number (found by its keyed digest, never shown)."""
    by_name = Q(name__contains=words) | Q(account__username__startswith=words.lower())
    number = fold(words)
    if not re.fullmatch(r"[GJL]?[0-9]{7,18}[0-9X]", number):
        return by_name
    digests = {f"{field}_digest": crypto.digest(f"{field}:{number}") for field in ("pupil_number", "identity", "phone")}
    for name, value in digests.items():
        by_name |= Q(**{name: value})
    return by_name


@requires(PEOPLE_SEE)
def departed(request: HttpRequest) -> HttpResponse:
    """Roles that have ended in the scope; an end set by mistake is taken back here."""
    rows = ROLE_GIVE.filter(actor_of(request), RoleHeld.objects.filter(until__isnull=False))
    if actor_of(request).role_name in ("city_officer", "district_officer"):
        rows = rows.filter(name__in=STAFF)
    page = paged(request, rows.select_related("person", "organisation").order_by("-until", "-id"))
    return render(request, "registry/departed.html", {"page": page})


# --- one person ---------------------------------------------------------------------------------------------------


@requires(PEOPLE_SEE)
def person(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _person_page(request, reached(request, PEOPLE_SEE, _people(), pk))


def _people() -> QuerySet[Person]:
    return Person.objects.select_related("account").filter(erased_at__isnull=True)


def _person_page(request: HttpRequest, row: Person, shown: dict[str, str] | None = None) -> HttpResponse:
    actor = actor_of(request)
    roles = list(RoleHeld.objects.filter(person=row).select_related("organisation__parent").order_by("since", "id"))
    open_roles = [role for role in roles if role.until is None]
    pupil = next((role for role in open_roles if role.name == RoleName.PUPIL), None)
    visible = FOR_TEACHERS if actor.role_name == RoleName.TEACHER else frozenset(FIELDS)
    fields = [(name, label, _masked(row, name)) for name, label in FIELDS.items()]
    values = {
        "person": row,
        "roles": roles,
        "pupil": pupil,
        "now": open_roles[0] if open_roles else None,
        "fields": fields,
        "openable": [(name, label) for name, label, masked in fields if masked and name in visible],
        "purposes": PURPOSES.items(),
        "shown": shown,
        "teachings": Teaching.objects.filter(in_force(), person=row).select_related("school_class"),
        "guardians": Guardianship.objects.filter(child=row, until__isnull=True).select_related("guardian"),
        "children": Guardianship.objects.filter(guardian=row, until__isnull=True).select_related("child"),
        "may_mend": PERSON_MEND.can(actor, row),
        "may_password": pupil is not None and PASSWORDS_GIVE.can(actor, pupil.organisation),
        "may_reveal": REVEAL.can(actor, row),
        "may_pupil": pupil is not None and PUPIL_ENTER.can(actor, pupil.organisation),
        "may_end": {role.pk for role in open_roles if _may_end(request, role)},
        "may_teach": TEACHING_MEND.can(actor) and any(role.name == RoleName.TEACHER for role in open_roles),
        "may_give": bool(MAY_GIVE.get(actor.role_name)) and PERSON_MEND.can(actor, row),
    }
    return render(request, "registry/person.html", values)


def _may_end(request: HttpRequest, role: RoleHeld) -> bool:
    actor = actor_of(request)
    may = role.name in MAY_GIVE.get(actor.role_name, ()) and ROLE_GIVE.held_by(actor)
    return may and actor.scope.covers(role.organisation.path)


def _masked(row: Person, field: str) -> str:
    """Enough to recognise, too little to use."""
    text = row.read_sealed(field)
    if not text:
        return ""
    if field == "note":
        return f"共 {len(text)} 字"
    return (
        f"{text[:3]}{'*' * (len(text) - 5)}{text[-2:]}" if field == "phone" else f"{'*' * (len(text) - 2)}{text[-2:]}"
    )


@require_POST
@requires(REVEAL)
def person_reveal(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Shows the field on this one answer; the page read again hides it."""
    row = reached(request, REVEAL, _people(), pk)
    form = RevealForm(request.POST)
    if not form.is_valid():
        messages.error(request, "请选择要看哪一项、为了什么。")
        return redirect("registry-person", pk)
    field, purpose = form.cleaned_data["field"], form.cleaned_data["purpose"]
    try:
        reveal(row, field, purpose, acting_user=actor_of(request))
    except ActionError as error:
        messages.error(request, str(error))
        return redirect("registry-person", pk)
    return _person_page(
        request, row, {"label": FIELDS[field], "text": row.read_sealed(field), "why": PURPOSES[purpose]}
    )


@requires(PERSON_MEND)
def person_mend(request: HttpRequest, pk: UUID) -> HttpResponse:
    row = reached(request, PERSON_MEND, _people(), pk)
    kind = PupilMendForm if RoleHeld.objects.filter(person=row, name=RoleName.PUPIL).exists() else PersonForm
    held = [name for name in Person.SEALED if getattr(row, f"{name}_sealed")]
    form = kind(request.POST or None, held=held, initial={"name": row.name, "sex": row.sex, "born": row.born})
    if form.is_valid():
        done = attempt(
            form, lambda: mend_person(row, form.details, acting_user=actor_of(request), key=form_key(request))
        )
        if done:
            messages.success(request, "已保存。")
            return redirect("registry-person", pk)
    return form_page(request, form, title=f"修改{row.name}的信息", button="保存", back=_address(row), two=True)


# --- entering -----------------------------------------------------------------------------------------------------


@requires(STAFF_ENTER)
def staff_add(request: HttpRequest, pk: UUID) -> HttpResponse:
    place = reached(request, STAFF_ENTER, Organisation.objects.all(), pk)
    roles = [role for role in MAY_GIVE.get(actor_of(request).role_name, ()) if place.kind in WHERE[role]]
    if not roles:
        raise Http404
    form = StaffForm(request.POST or None, roles=roles)
    if form.is_valid():
        data = form.cleaned_data
        made = attempt(
            form,
            lambda: add_staff(
                place, data["role"], form.details, data["since"], acting_user=actor_of(request), key=form_key(request)
            ),
        )
        if made:
            messages.success(request, f"已登记{made.name}，账号 {made.account}。首次密码由管理员或班主任打印。")
            return redirect("registry-person", made.pk)
    back = reverse("registry-organisation", args=[place.pk])
    return form_page(
        request, form, title=f"在{place.name}登记教职人员", button="登记", back=back, place=place, two=True
    )


@requires(PUPIL_ENTER)
def pupil_add(request: HttpRequest, pk: UUID) -> HttpResponse:
    place = reached(request, PUPIL_ENTER, Organisation.objects.filter(CLASSES), pk)
    form = PupilForm(request.POST or None, initial={"number": _next_number(place)})
    if form.is_valid():
        data = form.cleaned_data
        made = attempt(
            form,
            lambda: add_pupil(
                place, form.details, data["number"], data["since"], acting_user=actor_of(request), key=form_key(request)
            ),
        )
        if made:
            messages.success(request, f"已登记{made.name}，学号 {data['number']}，账号 {made.account}。")
            again = "again" in request.POST
            return redirect("registry-pupil-add", place.pk) if again else redirect("registry-organisation", place.pk)
    back = reverse("registry-organisation", args=[place.pk])
    return form_page(
        request,
        form,
        title=f"在{place.name}登记学生",
        sub="一次登记很多人，用“导入”更快。",
        button="登记",
        back=back,
        place=place,
        two=True,
        again="登记并继续下一个",
    )


def _next_number(school_class: Organisation) -> int:
    held = RoleHeld.objects.filter(in_force(), organisation=school_class, name=RoleName.PUPIL)
    return max((number or 0 for number in held.values_list("number", flat=True)), default=0) + 1


@requires(PUPIL_ENTER)
def pupil_admit(request: HttpRequest, pk: UUID) -> HttpResponse:
    place = reached(request, PUPIL_ENTER, Organisation.objects.filter(CLASSES), pk)
    form = AdmitForm(request.POST or None, initial={"number": _next_number(place)})
    if form.is_valid():
        data = form.cleaned_data
        made = attempt(form, lambda: admit_pupil(place, **data, acting_user=actor_of(request), key=form_key(request)))
        if made:
            messages.success(request, f"{made.name}已转入{place.name}。")
            return redirect("registry-person", made.pk)
    return form_page(
        request,
        form,
        title=f"学生转入{place.name}",
        sub="原学校办了转出之后，用学籍号和姓名转入；学情随学生过来。",
        button="转入",
        back=reverse("registry-organisation", args=[place.pk]),
        place=place,
    )


@requires(PUPIL_ENTER)
def guardian_add(request: HttpRequest, pk: UUID) -> HttpResponse:
    child = reached(request, PEOPLE_SEE, _people(), pk)
    form = GuardianForm(request.POST or None)
    if form.is_valid():
        relation = form.cleaned_data["relation"]
        made = attempt(
            form,
            lambda: add_guardian(child, form.details, relation, acting_user=actor_of(request), key=form_key(request)),
        )
        if made:
            messages.success(request, f"{made.guardian.name}已登记为{child.name}的{made.relation}。")
            return redirect("registry-person", pk)
    return form_page(request, form, title=f"登记{child.name}的家长", button="登记", back=_address(child), two=True)


@requires(PUPIL_ENTER)
def guardianship_end(request: HttpRequest, pk: UUID) -> HttpResponse:
    bond = Guardianship.objects.filter(pk=pk, until__isnull=True).select_related("guardian", "child").first()
    if bond is None:
        raise Http404
    form = UntilForm(request.POST or None)
    if form.is_valid():
        until = form.cleaned_data["until"]
        if attempt(form, lambda: end_guardianship(bond, until, acting_user=actor_of(request), key=form_key(request))):
            messages.success(request, f"已解除{bond.guardian.name}与{bond.child.name}的关联。")
            return redirect("registry-person", bond.child_id)
    return form_page(
        request,
        form,
        title=f"解除{bond.guardian.name}与{bond.child.name}的关联",
        button="解除",
        back=_address(bond.child),
        danger=True,
    )


# --- roles, teaching, transfers -----------------------------------------------------------------------------------


@requires(ROLE_GIVE)
def role_give(request: HttpRequest, pk: UUID) -> HttpResponse:
    row = reached(request, PERSON_MEND, _people(), pk)
    actor = actor_of(request)
    roles = MAY_GIVE.get(actor.role_name, ())
    kinds = {kind for role in roles for kind in WHERE[role]}
    places = STAFF_ENTER.filter(actor, Organisation.objects.filter(in_force(), kind__in=kinds))
    form = RoleForm(request.POST or None, roles=roles, places=places.select_related("parent").order_by("path"))
    if form.is_valid():
        data = form.cleaned_data
        if attempt(form, lambda: give_role(row, **data, acting_user=actor, key=form_key(request))):
            messages.success(request, f"{row.name}现在也是{data['place'].name}的{RoleName(data['role']).label}。")
            return redirect("registry-person", pk)
    return form_page(request, form, title=f"给{row.name}加一个身份", button="加身份", back=_address(row))


@requires(ROLE_GIVE)
def role_end(request: HttpRequest, pk: UUID) -> HttpResponse:
    rows = RoleHeld.objects.filter(until__isnull=True).select_related("person", "organisation")
    held = reached(request, ROLE_GIVE, rows, pk)
    form = UntilForm(request.POST or None)
    if form.is_valid():
        until = form.cleaned_data["until"]
        if attempt(form, lambda: end_role(held, until, acting_user=actor_of(request), key=form_key(request))):
            messages.success(request, f"{held.person.name}的{held.get_name_display()}身份到 {until} 结束。")
            return redirect("registry-people")
    return form_page(
        request,
        form,
        title=f"结束{held.person.name}的{held.get_name_display()}身份",
        sub=f"{held.organisation.name}。任课安排一同结束；可以在“离开的人”里恢复。",
        button="结束",
        back=_address(held.person),
        danger=True,
    )


@require_POST
@requires(ROLE_GIVE)
def role_reopen(request: HttpRequest, pk: UUID) -> HttpResponse:
    rows = RoleHeld.objects.filter(until__isnull=False).select_related("person", "organisation")
    held = reached(request, ROLE_GIVE, rows, pk)
    attempt_or_say(
        request,
        lambda: reopen_role(held, acting_user=actor_of(request), key=form_key(request)),
        f"{held.person.name}的{held.get_name_display()}身份已恢复。",
    )
    return redirect("registry-departed")


@requires(TEACHING_MEND)
def teaching_add(request: HttpRequest, pk: UUID) -> HttpResponse:
    row = reached(request, PEOPLE_SEE, _people(), pk)
    form = TeachingForm(request.POST or None, classes=_classes(request, row))
    if form.is_valid():
        data = form.cleaned_data
        if attempt(form, lambda: teach(row, **data, acting_user=actor_of(request), key=form_key(request))):
            messages.success(request, f"{row.name}教{data['school_class'].name}{data['subject']}。")
            return redirect("registry-person", pk)
    return form_page(request, form, title=f"安排{row.name}的任课", button="安排", back=_address(row), subjects=SUBJECTS)


def _classes(request: HttpRequest, teacher: Person) -> QuerySet[Organisation]:
    """The classes of the schools where the teacher holds a role, as far as the actor governs them."""
    held = RoleHeld.objects.filter(in_force(), person=teacher, organisation__kind=OrganisationKind.SCHOOL)
    at_schools = Q(pk__in=[])
    for path in held.values_list("organisation__path", flat=True):
        at_schools |= Q(path__startswith=path)
    classes = Organisation.objects.filter(CLASSES, in_force()).filter(at_schools)
    return TEACHING_MEND.filter(actor_of(request), classes).select_related("parent").order_by("path")


@require_POST
@requires(TEACHING_MEND)
def teaching_end(request: HttpRequest, pk: int) -> HttpResponse:
    row = Teaching.objects.filter(pk=pk, until__isnull=True).select_related("school_class", "person").first()
    if row is None or not TEACHING_MEND.can(actor_of(request), row.school_class):
        raise Http404
    form = UntilForm(request.POST if "until" in request.POST else {"until": timezone.localdate()})
    if form.is_valid():
        until = form.cleaned_data["until"]
        attempt_or_say(
            request,
            lambda: end_teaching(row, until, acting_user=actor_of(request), key=form_key(request)),
            f"{row.person.name}不再教{row.school_class.name}{row.subject}。",
        )
    return redirect("registry-person", row.person_id)


def _pupil_role(request: HttpRequest, pk: UUID) -> RoleHeld:
    rows = RoleHeld.objects.filter(pk=pk, name=RoleName.PUPIL, until__isnull=True)
    held = rows.select_related("person", "organisation__parent").first()
    if held is None or not PUPIL_ENTER.can(actor_of(request), held.organisation):
        raise Http404
    return held


@requires(PUPIL_ENTER)
def pupil_transfer(request: HttpRequest, pk: UUID) -> HttpResponse:
    held = _pupil_role(request, pk)
    classes = Organisation.objects.filter(CLASSES, in_force()).exclude(pk=held.organisation_id)
    classes = PUPIL_ENTER.filter(actor_of(request), classes).select_related("parent").order_by("path")
    form = TransferForm(request.POST or None, classes=classes)
    if form.is_valid():
        data = form.cleaned_data
        done = attempt(form, lambda: transfer_pupil(held, **data, acting_user=actor_of(request), key=form_key(request)))
        if done:
            messages.success(request, f"{held.person.name}从 {data['on']} 起在{data['school_class'].name}。")
            return redirect("registry-person", held.person_id)
    return form_page(
        request,
        form,
        title=f"给{held.person.name}调班",
        sub=f"现在在{held.organisation.name}。以前的记录留在原来的班。",
        button="调班",
        back=_address(held.person),
    )


@requires(PUPIL_ENTER)
def pupil_renumber(request: HttpRequest, pk: UUID) -> HttpResponse:
    held = _pupil_role(request, pk)
    form = NumberForm(request.POST or None, initial={"number": held.number})
    if form.is_valid():
        number = form.cleaned_data["number"]
        if attempt(form, lambda: renumber_pupil(held, number, acting_user=actor_of(request), key=form_key(request))):
            messages.success(request, f"{held.person.name}的学号改为 {number}。")
            return redirect("registry-person", held.person_id)
    return form_page(request, form, title=f"改{held.person.name}的学号", button="保存", back=_address(held.person))


@requires(PUPIL_ENTER)
def pupil_release(request: HttpRequest, pk: UUID) -> HttpResponse:
    held = _pupil_role(request, pk)
    form = UntilForm(request.POST or None)
    if form.is_valid():
        until = form.cleaned_data["until"]
        if attempt(form, lambda: release_pupil(held, until, acting_user=actor_of(request), key=form_key(request))):
            messages.success(request, f"{held.person.name}到 {until} 转出。新学校可以用学籍号和姓名转入。")
            return redirect("registry-organisation", held.organisation_id)
    return form_page(
        request,
        form,
        title=f"给{held.person.name}办转出",
        sub="转出后这里不再看到这名学生；可以在“离开的人”里恢复。",
        button="转出",
        back=_address(held.person),
        danger=True,
    )


def _address(row: Person) -> str:
    return reverse("registry-person", args=[row.pk])
