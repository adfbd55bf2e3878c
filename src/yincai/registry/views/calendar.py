"""Pages of time: the school calendar, 节次, timetables, class sessions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from yincai.core.action import ActionError, form_key
from yincai.core.permissions import requires
from yincai.registry.actions.run_session import CLASS_SESSION, close_session, open_session
from yincai.registry.actions.set_calendar import (
    add_year,
    default_bells,
    mend_term,
    set_periods,
    too_early,
)
from yincai.registry.actions.set_timetable import WEEKDAYS, DoubleBooking, set_timetable
from yincai.registry.calendar import Bell, year_holding
from yincai.registry.forms_calendar import (
    WITHOUT_TEACHER,
    Option,
    PeriodsForm,
    SessionForm,
    TermForm,
    TimetableForm,
    YearForm,
)
from yincai.registry.models import (
    Organisation,
    OrganisationKind,
    Period,
    RoleName,
    SchoolYear,
    Session,
    Teaching,
    Term,
    TimetableEntry,
    in_force,
)
from yincai.registry.policies import (
    CALENDAR_MEND,
    CALENDAR_SEE,
    PERIODS_MEND,
    SESSION_RUN,
    TIMETABLE_MEND,
    TIMETABLE_SEE,
)
from yincai.registry.queries import (
    ancestor_paths,
    class_of,
    classes_below,
    classes_taught,
    school_of,
    term_on,
)
from yincai.registry.school_start import earliest_start, start_rule
from yincai.registry.views.common import actor_of, attempt, attempt_or_say, form_page, reached, trail

DEFAULT_PERIODS = range(1, 8)


# --- 学年, 学期, 周次 ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Week:
    number: int
    monday: date
    now: bool

    @property
    def sunday(self) -> date:
        return self.monday + timedelta(days=6)


@requires(CALENDAR_SEE)
def calendar(request: HttpRequest) -> HttpResponse:
    place = _place(request)
    today = timezone.localdate()
    terms = Prefetch("terms", queryset=Term._base_manager.order_by("starts"))
    years = (
        SchoolYear.objects.filter(organisation__path__in=ancestor_paths(place.path))
        .select_related("organisation")
        .prefetch_related(terms)
        .order_by("-starts", "-organisation__path")
    )
    now = term_on(today, place)
    mends = CALENDAR_MEND.can(actor_of(request), place)
    values = {
        "place": place,
        "years": [(year, [(term, _weeks(term, today)) for term in year.terms.all()]) for year in years],
        "now": now,
        "week": now.week_of(today) if now else None,
        "today": today,
        "may_add": mends,
        "may_mend": {year.pk for year in years if mends and actor_of(request).scope.covers(year.organisation.path)},
    }
    return render(request, "registry/calendar.html", values)


def _place(request: HttpRequest) -> Organisation:
    role = actor_of(request).role
    place = Organisation.objects.filter(pk=role.organisation).first() if role else None
    if place is None:
        raise Http404
    return place


def _weeks(term: Term, today: date) -> list[Week]:
    monday = term.starts - timedelta(days=term.starts.weekday())
    count = term.week_of(term.ends)
    mondays = [monday + timedelta(weeks=number) for number in range(count)]
    return [Week(number, day, day <= today < day + timedelta(weeks=1)) for number, day in enumerate(mondays, start=1)]


@requires(CALENDAR_MEND)
def year_add(request: HttpRequest, pk: UUID) -> HttpResponse:
    place = reached(request, CALENDAR_MEND, Organisation.objects.all(), pk)
    last = SchoolYear.objects.filter(organisation=place).order_by("-starts").first()
    first = last.starts.year + 1 if last else year_holding(timezone.localdate()).starts.year
    form = YearForm(request.POST or None, initial=YearForm.starting(first))
    if form.is_valid():
        made = attempt(
            form,
            lambda: add_year(place, form.year, form.terms, acting_user=actor_of(request), key=form_key(request)),
        )
        if made:
            messages.success(request, f"已加{made.name}。")
            return redirect("registry-calendar")
    return form_page(
        request,
        form,
        title=f"为{place.name}加一个学年",
        sub="这里和下面没有自己校历的学校都按它。",
        button="加学年",
        back=reverse("registry-calendar"),
        two=True,
    )


@requires(CALENDAR_MEND)
def term_mend(request: HttpRequest, pk: int) -> HttpResponse:
    term = Term.objects.filter(pk=pk).select_related("year__organisation").first()
    if term is None or not actor_of(request).scope.covers(term.year.organisation.path):
        raise Http404
    form = TermForm(request.POST or None, initial={"starts": term.starts, "ends": term.ends})
    if form.is_valid():
        data = form.cleaned_data
        if attempt(form, lambda: mend_term(term, **data, acting_user=actor_of(request), key=form_key(request))):
            messages.success(request, "已保存。")
            return redirect("registry-calendar")
    return form_page(
        request,
        form,
        title=f"修改{term.year.name}{term.name}",
        sub=f"第 1 周就是含开始日期的那一周（{term.year.organisation.name}）。",
        button="保存",
        back=reverse("registry-calendar"),
    )


# --- 节次 -----------------------------------------------------------------------------------------------


@requires(PERIODS_MEND)
def periods(request: HttpRequest, pk: UUID) -> HttpResponse:
    schools = Organisation.objects.filter(kind=OrganisationKind.SCHOOL).select_related("school")
    school = reached(request, PERIODS_MEND, schools, pk)
    stored = [Bell(row.number, row.starts, row.ends) for row in Period.objects.filter(school=school)]
    form = PeriodsForm(request.POST or None, bells=stored or default_bells(school))
    if form.is_valid() and attempt(
        form, lambda: set_periods(school, form.bells, acting_user=actor_of(request), key=form_key(request))
    ):
        _warn_when_early(request, school, form.bells)
        messages.success(request, f"{school.name}的节次已保存。")
        return redirect("registry-organisation", school.pk)
    values = {
        "form": form,
        "school": school,
        "stored": bool(stored),
        "rule": start_rule(school),
        "earliest": earliest_start(school),
        "trail": trail(request, school),
    }
    return render(request, "registry/periods.html", values, status=422 if form.errors else 200)


def _warn_when_early(request: HttpRequest, school: Organisation, bells: list[Bell]) -> None:
    rule, earliest = start_rule(school), earliest_start(school)
    if rule and earliest and bells[0].starts < earliest:
        messages.warning(request, too_early(bells[0].starts, earliest, rule))


# --- timetables ---------------------------------------------------------------------------------------------------


@requires(TIMETABLE_SEE)
def timetable(request: HttpRequest, pk: UUID) -> HttpResponse:
    school_class = _class(request, pk)
    term = _term(request, school_class)
    entries = TimetableEntry.objects.filter(school_class=school_class, term=term).select_related("teacher")
    return _grid_page(
        request,
        entries,
        title=f"{school_class.name}课表",
        term=term,
        terms=_terms(school_class),
        hours=_hours([school_class]),
        school_class=school_class,
        school=school_of(school_class),
        may_mend=TIMETABLE_MEND.can(actor_of(request), school_class),
        trail=trail(request, school_class),
    )


@requires(TIMETABLE_SEE)
def my_timetable(request: HttpRequest) -> HttpResponse:
    """A teacher's week; a pupil's or a child's class's."""
    actor = actor_of(request)
    today = timezone.localdate()
    if actor.role_name != RoleName.TEACHER:
        return _to_own_class(request)
    classes = classes_taught(actor.person) if actor.person else []
    entries = TimetableEntry.objects.filter(
        teacher=actor.person, term__starts__lte=today, term__ends__gte=today
    ).select_related("school_class", "teacher")
    place = _place(request)
    return _grid_page(
        request, entries, title=f"{actor.name}的课表", term=term_on(today, place), hours=_hours(classes), mine=True
    )


def _to_own_class(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    for person in sorted(actor.scope.people, key=lambda one: one != actor.person):
        found = class_of(person)
        if found:
            return redirect("registry-timetable", found.pk)
    return redirect("registry-organisations")


def _grid_page(request: HttpRequest, entries: Iterable[TimetableEntry], **values: Any) -> HttpResponse:
    cells: dict[tuple[int, int], list[TimetableEntry]] = {}
    for entry in entries:
        cells.setdefault((entry.period, entry.weekday), []).append(entry)
    hours: dict[int, Period] = values.pop("hours")
    numbers = sorted({*hours, *(period for period, _ in cells)})
    days = [day for day in range(1, 8) if day < 6 or any(weekday == day for _, weekday in cells)]
    values |= {
        "days": [f"星期{WEEKDAYS[day]}" for day in days],
        "rows": [(number, hours.get(number), [cells.get((number, day), []) for day in days]) for number in numbers],
        "lessons": sum(map(len, cells.values())),
    }
    return render(request, "registry/timetable.html", values)


@requires(TIMETABLE_MEND)
def timetable_mend(request: HttpRequest, pk: UUID) -> HttpResponse:
    school_class = _class(request, pk)
    if not TIMETABLE_MEND.can(actor_of(request), school_class):
        raise Http404
    term = _term(request, school_class)
    if term is None:
        messages.error(request, "还没有学期，请先在校历里加学年。")
        return redirect("registry-calendar")
    entries = list(
        TimetableEntry.objects.filter(school_class=school_class, term=term).select_related("teacher").order_by("pk")
    )
    numbers = sorted({*_hours([school_class]), *(row.period for row in entries)}) or DEFAULT_PERIODS
    form = TimetableForm(
        _options(school_class, entries), numbers, entries, request.POST if request.method == "POST" else None
    )
    if request.method == "POST" and _save(request, school_class, term, form):
        messages.success(request, f"{school_class.name}的课表已保存。")
        return redirect(f"{reverse('registry-timetable', args=[school_class.pk])}?term={term.pk}")
    values = {
        "form": form,
        "school_class": school_class,
        "term": term,
        "weekdays": [(str(day), f"星期{WEEKDAYS[day]}") for day in range(1, 8)],
        "trail": trail(request, school_class),
    }
    return render(request, "registry/timetable_mend.html", values, status=422 if form.error or form.clashes else 200)


def _save(request: HttpRequest, school_class: Organisation, term: Term, form: TimetableForm) -> bool:
    try:
        set_timetable(school_class, term, form.lessons(), acting_user=actor_of(request), key=form_key(request))
    except DoubleBooking as error:
        form.clashes = error.clashes
        return False
    except (ActionError, ValueError) as error:
        form.error = str(error)
        return False
    return True


def _options(school_class: Organisation, entries: list[TimetableEntry]) -> list[Option]:
    taught = Teaching.objects.filter(in_force(), school_class=school_class).select_related("person").order_by("subject")
    found = [Option(row.subject, row.person_id, row.person.name) for row in taught]
    found += [Option(row.subject, row.teacher_id, row.teacher.name if row.teacher else "") for row in entries]
    found += [Option(subject) for subject in WITHOUT_TEACHER]
    return list({option.value: option for option in found}.values())


def _class(request: HttpRequest, pk: UUID) -> Organisation:
    row = Organisation.objects.filter(pk=pk, kind=OrganisationKind.CLASS).first()
    if row is None:
        raise Http404
    return row


def _terms(place: Organisation) -> list[Term]:
    terms = Term.objects.filter(year__organisation__path__in=ancestor_paths(place.path))
    return list(terms.select_related("year").order_by("-starts"))


def _term(request: HttpRequest, place: Organisation) -> Term | None:
    """The term asked for; else today's; else the next, or the last there is."""
    terms = _terms(place)
    asked = request.GET.get("term", "")
    today = timezone.localdate()
    coming = [term for term in terms if term.ends >= today]
    return next((term for term in terms if str(term.pk) == asked), None) or (
        coming[-1] if coming else next(iter(terms), None)
    )


def _hours(classes: list[Organisation]) -> dict[int, Period]:
    above = {path for one in classes for path in ancestor_paths(one.path)}
    return {period.number: period for period in Period.objects.filter(school__path__in=above)}


# --- class sessions -----------------------------------------------------------------------------------------------


@requires(SESSION_RUN)
def sessions(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    classes = classes_taught(actor.person) if actor.role_name == "teacher" and actor.person else []
    if actor.role_name in ("head", "school_admin"):
        classes = classes_below(_place(request))
    recent = Session.objects.filter(
        kind=CLASS_SESSION, organisation__in=classes, starts_at__gte=timezone.now() - timedelta(days=7)
    ).select_related("organisation", "opened_by")
    running = {row.organisation_id: row for row in recent if row.ends_at is None}
    values = {
        "classes": [(one, running.get(one.pk)) for one in classes],
        "recent": [row for row in recent.order_by("-starts_at") if row.ends_at][:20],
        "running": len(running),
    }
    return render(request, "registry/sessions.html", values)


@requires(SESSION_RUN)
def session_open(request: HttpRequest, pk: UUID) -> HttpResponse:
    school_class = reached(request, SESSION_RUN, Organisation.objects.filter(kind=OrganisationKind.CLASS), pk)
    form = SessionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = attempt(
            form,
            lambda: open_session(
                school_class, form.cleaned_data["title"], acting_user=actor_of(request), key=form_key(request)
            ),
        )
        if made:
            messages.success(request, f"{school_class.name}开始上课。")
            return redirect("registry-sessions")
    return form_page(
        request, form, title=f"给{school_class.name}上课", button="开始上课", back=reverse("registry-sessions")
    )


@require_POST
@requires(SESSION_RUN)
def session_close(request: HttpRequest, pk: UUID) -> HttpResponse:
    row = Session.objects.filter(pk=pk, kind=CLASS_SESSION).select_related("organisation").first()
    if row is None or not SESSION_RUN.can(actor_of(request), row.organisation):
        raise Http404
    attempt_or_say(
        request, lambda: close_session(row, acting_user=actor_of(request), key=form_key(request)), "已下课。"
    )
    return redirect("registry-sessions")
