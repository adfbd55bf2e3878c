"""Consent: the guardian's page of a child, and the school's entry of paper forms for a class."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from yincai.core.action import ActionError, form_key
from yincai.core.http import Request
from yincai.core.permissions import requires
from yincai.core.rules import rule
from yincai.registry.actions.consent import Entered, enter_paper_consents, give_consent
from yincai.registry.consent import WORDS, current, how_long, in_force_for
from yincai.registry.models import ConsentEntry, Organisation, OrganisationKind, Person, Purpose
from yincai.registry.policies import CONSENT_ENTER, CONSENT_GIVE
from yincai.registry.queries import children_of, class_of, classes_below, classes_taught, pupils_of, school_of
from yincai.registry.views.common import reached


@requires(CONSENT_GIVE)
@require_GET
def children(request: Request) -> HttpResponse:
    """A guardian's children, and what was decided for each."""
    found = children_of(request.actor.person) if request.actor.person else []
    decided = current([child.pk for child in found])
    rows = [
        (child, class_of(child), [(words.title, decided.get(child.pk, {}).get(name)) for name, words in WORDS.items()])
        for child in found
    ]
    return render(request, "registry/children.html", {"rows": rows})


@requires(CONSENT_GIVE)
@require_http_methods(["GET", "POST"])
def consent(request: Request, pk: UUID) -> HttpResponse:
    """One child, each purpose with what is kept, who sees it, how long; given and taken back in one click."""
    child = next((one for one in children_of(request.actor.person or pk) if one.pk == pk), None)
    if child is None:
        raise Http404
    if request.method == "POST":
        return _decide(request, child)
    school_class = class_of(child)
    now = in_force_for(child)
    values = {
        "child": child,
        "school_class": school_class,
        "school": school_of(school_class) if school_class else None,
        "purposes": [(words, now.get(name)) for name, words in WORDS.items()],
        "how_long": how_long(child),
        "age": rule("pi.u14", school_class.path if school_class else "").value,
        "history": ConsentEntry.objects.filter(child=child).order_by("-at", "-id")[:20],
    }
    return render(request, "registry/consent.html", values)


def _decide(request: Request, child: Person) -> HttpResponse:
    granted = request.POST.get("granted") == "yes"
    purpose = request.POST.get("purpose", "")
    try:
        give_consent(child, purpose, granted, acting_user=request.actor, key=form_key(request))
    except ActionError as error:
        messages.error(request, str(error))
    else:
        said = "已同意" if granted else "已记下不同意"
        messages.success(request, f"{said}：{WORDS[purpose].title}。从现在起生效。")
    return redirect("registry-consent", child.pk)


class PaperForm(forms.Form):
    purpose = forms.ChoiceField(label="同意的事项", choices=[(name, words.title) for name, words in WORDS.items()])
    signed_on = forms.DateField(label="签字日期", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))


@requires(CONSENT_ENTER)
@require_GET
def consent_classes(request: Request) -> HttpResponse:
    """The classes whose paper forms one may enter, and how many are still missing."""
    rows = []
    for school_class in classes_reached(request):
        pupils = pupils_of(school_class)
        rows.append((school_class, len(pupils), sum(pupil.pseudonym.keeps for pupil in pupils)))
    return render(request, "registry/consent_classes.html", {"rows": rows})


def classes_reached(request: Request) -> list[Organisation]:
    """The classes one teaches, or those of the school that one runs."""
    actor = request.actor
    if actor.role_name == "teacher" and actor.person:
        return classes_taught(actor.person)
    place = Organisation.objects.filter(pk=actor.role.organisation).first() if actor.role else None
    return classes_below(place) if place else []


@requires(CONSENT_ENTER)
@require_http_methods(["GET", "POST"])
def class_consents(request: Request, pk: UUID) -> HttpResponse:
    classes = Organisation.objects.filter(kind=OrganisationKind.CLASS)
    school_class: Organisation = reached(request, CONSENT_ENTER, classes, pk)
    first = {"purpose": request.GET.get("purpose") or Purpose.PRACTICE, "signed_on": timezone.localdate()}
    form = PaperForm(request.POST or None, initial=first)
    if request.method == "POST" and form.is_valid() and (done := _enter(request, form, school_class)):
        return done
    given, refused = set(request.POST.getlist("given")), set(request.POST.getlist("refused"))
    decided = current([pupil.person.pk for pupil in pupils_of(school_class)])
    rows = [
        (pupil, decided.get(pupil.person.pk, {}), str(pupil.person.pk) in given, str(pupil.person.pk) in refused)
        for pupil in pupils_of(school_class)
    ]
    values = {"school_class": school_class, "form": form, "rows": rows, "words": list(WORDS.items())}
    return render(request, "registry/class_consents.html", values, status=422 if form.errors else 200)


def _enter(request: Request, form: PaperForm, school_class: Organisation) -> HttpResponse | None:
    signed_on: date = form.cleaned_data["signed_on"]
    try:
        entered: Entered | None = enter_paper_consents(
            school_class,
            form.cleaned_data["purpose"],
            _ids(request, "given"),
            _ids(request, "refused"),
            signed_on,
            acting_user=request.actor,
            key=form_key(request),
        )
    except ActionError as error:
        form.add_error(None, str(error))
        return None
    messages.success(request, f"已录入 {entered.count} 份。" if entered else "这一批刚才已经录入。")
    if entered and entered.later:
        later = "、".join(entered.later)
        messages.warning(request, f"{later}：家长在 {signed_on} 之后另有决定，以后来的为准，没有改动。")
    return redirect("registry-consent-class", school_class.pk)


def _ids(request: Request, name: str) -> list[UUID]:
    try:
        return [UUID(text) for text in request.POST.getlist(name)]
    except ValueError:
        raise ActionError("勾选的学生编号不对，请刷新页面后再录。") from None
