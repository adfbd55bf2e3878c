"""School years and terms, a school's 节次."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time

from yincai.core.action import ActionError, action, changed_nothing, touched
from yincai.core.actors import Actor
from yincai.core.rules import RuleValue
from yincai.registry import calendar
from yincai.registry.calendar import Bell, Span
from yincai.registry.models import Organisation, OrganisationKind, Period, SchoolYear, Term, TimetableEntry
from yincai.registry.policies import CALENDAR_MEND, PERIODS_MEND
from yincai.registry.school_start import earliest_start, start_rule


@action(CALENDAR_MEND)
def add_year(place: Organisation, year: Span, terms: Sequence[Span], *, acting_user: Actor) -> SchoolYear:
    """A school year with its terms, for the place and all below that keep none of their own."""
    CALENDAR_MEND.require(acting_user, place)
    return touched(put_year(place, year, terms), name=year.name, starts=year.starts, ends=year.ends)


@action(CALENDAR_MEND)
def mend_term(term: Term, starts: date, ends: date, *, acting_user: Actor) -> Term:
    CALENDAR_MEND.require(acting_user, term.year.organisation)
    if (term.starts, term.ends) == (starts, ends):
        changed_nothing()
        return term
    others = [Span(one.name, one.starts, one.ends) for one in term.year.terms.exclude(pk=term.pk)]
    year = Span(term.year.name, term.year.starts, term.year.ends)
    refuse_crossing(year, [*others, Span(term.name, starts, ends)])
    term.starts, term.ends = starts, ends
    term.save(update_fields=["starts", "ends"])
    return touched(term, starts=starts, ends=ends)


@action(PERIODS_MEND)
def set_periods(school: Organisation, bells: Sequence[Bell], *, acting_user: Actor) -> Organisation:
    """The school's lessons of a day, in order; none before the time that the rule sets."""
    PERIODS_MEND.require(acting_user, school)
    refuse_bells(school, bells)
    _refuse_losing_lessons(school, {bell.number for bell in bells})
    put_periods(school, bells)
    return touched(school, "registry.set_periods", periods=[(bell.number, bell.starts, bell.ends) for bell in bells])


def put_year(place: Organisation, year: Span, terms: Sequence[Span]) -> SchoolYear:
    """Part of an action."""
    refuse_crossing(year, terms)
    crossing = SchoolYear._base_manager.filter(organisation=place, starts__lte=year.ends, ends__gte=year.starts).first()
    if crossing:
        raise ActionError(f"{place.name}已经有{crossing.name}（{crossing.starts} 至 {crossing.ends}），日期重叠。")
    row = SchoolYear.objects.create(organisation=place, name=year.name, starts=year.starts, ends=year.ends)
    Term._base_manager.bulk_create(Term(year=row, name=one.name, starts=one.starts, ends=one.ends) for one in terms)
    return row


def put_default_year(place: Organisation, day: date) -> SchoolYear:
    year = calendar.year_holding(day)
    return put_year(place, year, calendar.terms_of(year))


def put_periods(school: Organisation, bells: Sequence[Bell]) -> None:
    """Part of an action."""
    Period.objects.filter(school=school).delete()
    Period._base_manager.bulk_create(
        Period(school=school, number=bell.number, starts=bell.starts, ends=bell.ends) for bell in bells
    )


def default_bells(school: Organisation) -> list[Bell]:
    return calendar.bells(school.school.kind, earliest_start(school))


def refuse_crossing(year: Span, terms: Sequence[Span]) -> None:
    last: Span | None = None
    for one in sorted(terms, key=lambda span: span.starts):
        if one.ends <= one.starts:
            raise ActionError(f"{one.name}的结束日期要晚于开始日期。")
        if not year.starts <= one.starts <= one.ends <= year.ends:
            raise ActionError(f"{one.name}超出了{year.name}（{year.starts} 至 {year.ends}）。")
        if last and one.starts <= last.ends:
            raise ActionError(f"{one.name}和{last.name}的日期重叠了。")
        last = one


def refuse_bells(school: Organisation, bells: Sequence[Bell]) -> None:
    if not bells:
        raise ActionError("请至少填一节课。")
    before: Bell | None = None
    for bell in bells:
        if bell.ends <= bell.starts:
            raise ActionError(f"第 {bell.number} 节的下课时间要晚于上课时间。")
        if before and bell.starts < before.ends:
            raise ActionError(
                f"第 {bell.number} 节 {bell.starts:%H:%M} 上课，第 {before.number} 节 {before.ends:%H:%M} 才下课。"
            )
        before = bell
    rule, earliest = start_rule(school), earliest_start(school)
    if earliest and rule and rule.blocks and bells[0].starts < earliest:
        raise ActionError(too_early(bells[0].starts, earliest, rule))


def too_early(starts: time, earliest: time, rule: RuleValue) -> str:
    return f"第 1 节 {starts:%H:%M} 上课，早于规定的 {earliest:%H:%M}（{rule.source}）。"


def _refuse_losing_lessons(school: Organisation, numbers: set[int]) -> None:
    lessons = TimetableEntry.objects.filter(school_class__path__startswith=school.path).exclude(period__in=numbers)
    first = lessons.select_related("school_class").first()
    if first and school.kind == OrganisationKind.SCHOOL:
        raise ActionError(f"{first.school_class.name}的课表还用着第 {first.period} 节，请先改课表。")
