"""学年, 学期, 周次, 节次; timetables without double-booking; class sessions."""

from __future__ import annotations

from datetime import date, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from tests.cast import Cast
from yincai.core.action import ActionError
from yincai.core.actors import acting
from yincai.registry.actions.add_staff import teach
from yincai.registry.actions.run_session import close_session, open_session
from yincai.registry.actions.set_calendar import add_year, default_bells, mend_term, set_periods
from yincai.registry.actions.set_timetable import DoubleBooking, Lesson, set_timetable
from yincai.registry.calendar import DAYS, Bell, Span, bells, terms_of, year_holding
from yincai.registry.models import Period, Session, Term, TimetableEntry

DAY = st.dates(date(2000, 1, 1), date(2100, 1, 1))


@given(DAY)
def test_every_day_lies_in_one_school_year_with_two_terms_inside(day: date) -> None:
    year = year_holding(day)
    assert year.starts <= day <= year.ends or (day.month == 8 and year.starts - day < timedelta(days=32))
    autumn, spring = terms_of(year)
    assert year.starts <= autumn.starts < autumn.ends < spring.starts < spring.ends <= year.ends
    assert autumn.starts.weekday() < 5
    assert spring.starts.weekday() < 5


@pytest.mark.parametrize("kind", list(DAYS))
@given(hour=st.integers(7, 9), minute=st.integers(0, 59))
def test_bells_follow_one_another_and_none_rings_too_early(kind: str, hour: int, minute: int) -> None:
    rung = bells(kind, time(hour, minute))
    assert [bell.number for bell in rung] == list(range(1, len(rung) + 1))
    assert rung[0].starts >= time(hour, minute)
    for bell, following in pairwise(rung):
        assert bell.starts < bell.ends < following.starts


def test_weeks_are_counted_from_the_monday_of_the_first_day() -> None:
    term = Term(starts=date(2026, 9, 1), ends=date(2027, 1, 29))  # a Tuesday
    assert [term.week_of(day) for day in (date(2026, 9, 1), date(2026, 9, 6), date(2026, 9, 7))] == [1, 1, 2]


@pytest.fixture
def term(cast: Cast) -> Term:
    year = year_holding(timezone.localdate())
    whole = Span("秋季学期", year.starts, date(year.starts.year + 1, 1, 29))
    spring = Span("春季学期", date(year.starts.year + 1, 2, 22), date(year.starts.year + 1, 8, 31))
    add_year(cast.city, year, [whole, spring], acting_user=cast.actor(cast.qian))
    today = timezone.localdate()
    terms = Term._base_manager.order_by("starts")
    return next((one for one in terms if one.ends >= today), terms[0])


def test_years_and_terms_do_not_cross(cast: Cast, term: Term) -> None:
    qian, year = cast.actor(cast.qian), year_holding(timezone.localdate())
    with pytest.raises(ActionError, match="日期重叠"):
        add_year(cast.city, year, terms_of(year), acting_user=qian)
    autumn, spring = Term._base_manager.select_related("year__organisation").order_by("starts")
    with pytest.raises(ActionError, match="重叠了"):
        mend_term(autumn, autumn.starts, spring.starts, acting_user=qian)
    with pytest.raises(ActionError, match="超出了"):
        mend_term(spring, spring.starts, spring.ends + timedelta(days=30), acting_user=qian)
    with pytest.raises(PermissionDenied):
        mend_term(autumn, autumn.starts, autumn.ends, acting_user=cast.actor(cast.zhao))


def test_lessons_of_a_day_are_suggested_by_kind_and_by_the_rule(cast: Cast) -> None:
    with acting(cast.actor(cast.clerk)):
        suggested = default_bells(cast.first)
    assert len(suggested) == 6
    assert suggested[0].starts >= time(8, 20)


def test_lessons_of_a_day_must_follow_one_another(cast: Cast) -> None:
    clerk = cast.actor(cast.clerk)
    crossing = [Bell(1, time(8, 30), time(9, 10)), Bell(2, time(9, 0), time(9, 40))]
    with pytest.raises(ActionError, match="第 2 节 09:00 上课，第 1 节 09:10 才下课"):
        set_periods(cast.first, crossing, acting_user=clerk)
    set_periods(cast.first, [Bell(1, time(8, 30), time(9, 10))], acting_user=clerk)
    set_periods(cast.first, [Bell(1, time(8, 40), time(9, 20))], acting_user=clerk)
    assert [row.starts for row in Period._base_manager.filter(school=cast.first)] == [time(8, 40)]


# --- timetables -----------------------------------------------------------------------------------------------------


def maths(cast: Cast, weekday: int = 1, period: int = 1, weeks: str = "") -> Lesson:
    return Lesson(weekday, period, "数学", cast.wang.pk, weeks)


def test_a_teacher_is_never_in_two_classes_at_once(cast: Cast, term: Term) -> None:
    clerk = cast.actor(cast.clerk)
    set_timetable(cast.class51, term, [maths(cast)], acting_user=clerk)
    with pytest.raises(DoubleBooking, match="星期一第 1 节，王静已经在五（1）班上数学"):
        set_timetable(cast.class52, term, [maths(cast), maths(cast, 2)], acting_user=clerk)
    assert not TimetableEntry._base_manager.filter(school_class=cast.class52).exists()


def test_odd_and_even_weeks_do_not_clash(cast: Cast, term: Term) -> None:
    clerk = cast.actor(cast.clerk)
    set_timetable(cast.class51, term, [maths(cast, weeks="odd")], acting_user=clerk)
    set_timetable(cast.class52, term, [maths(cast, weeks="even")], acting_user=clerk)
    with pytest.raises(DoubleBooking):
        set_timetable(cast.class52, term, [maths(cast)], acting_user=clerk)
    with pytest.raises(ActionError, match="排了两门课"):
        set_timetable(cast.class51, term, [maths(cast), Lesson(1, 1, "音乐", None, "odd")], acting_user=clerk)


def test_a_teacher_at_another_school_is_told_without_saying_where(cast: Cast, term: Term) -> None:
    set_timetable(cast.other_class, term, [maths(cast)], acting_user=cast.actor(cast.admin))
    with pytest.raises(DoubleBooking, match="已经在另一所学校上数学"):
        set_timetable(cast.class51, term, [maths(cast)], acting_user=cast.actor(cast.clerk))


def test_the_same_timetable_again_changes_nothing(cast: Cast, term: Term) -> None:
    clerk = cast.actor(cast.clerk)
    lessons = [maths(cast), Lesson(1, 2, "班会")]
    set_timetable(cast.class51, term, lessons, acting_user=clerk)
    ids = set(TimetableEntry._base_manager.values_list("pk", flat=True))
    set_timetable(cast.class51, term, list(reversed(lessons)), acting_user=clerk)
    assert set(TimetableEntry._base_manager.values_list("pk", flat=True)) == ids


def test_the_grid_is_filled_on_a_page_and_keeps_what_was_chosen_when_refused(cast: Cast, term: Term) -> None:
    client, clerk = cast.client(cast.clerk), cast.actor(cast.clerk)
    teach(cast.wang, cast.class52, "数学", acting_user=clerk)
    value = f"数学|{cast.wang.pk}"
    address = reverse("registry-timetable-mend", args=[cast.class51.pk])
    grid = {"c-1-1": value, "c-2-3": "班会|", "rows": "1"}
    odd = {"x-0-weekday": "3", "x-0-period": "4", "x-0-weeks": "odd", "x-0-lesson": "劳动|"}
    assert client.post(address, grid | odd).status_code == 302
    stored = TimetableEntry._base_manager.filter(school_class=cast.class51)
    assert {(row.weekday, row.period, row.subject, row.weeks) for row in stored} == {
        (1, 1, "数学", ""),
        (2, 3, "班会", ""),
        (3, 4, "劳动", "odd"),
    }
    again = reverse("registry-timetable-mend", args=[cast.class52.pk])
    answer = client.post(again, {"c-1-1": value, "c-5-5": "自习|", "rows": "0"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "王静已经在五（1）班上数学" in page
    assert page.count(" selected") == 2
    half = {"rows": "1", "x-0-weekday": "3", "x-0-period": "", "x-0-weeks": "odd", "x-0-lesson": ""}
    assert "第 1 行没有填全" in client.post(again, half).content.decode()


def test_pupil_teacher_and_guardian_see_their_timetable(cast: Cast, term: Term) -> None:
    set_timetable(cast.class51, term, [maths(cast)], acting_user=cast.actor(cast.clerk))
    for person in (cast.ming, cast.mother, cast.wang):
        page = cast.client(person).get(reverse("registry-my-timetable"), follow=True).content.decode()
        assert "数学" in page
        assert "第 1 节" in page
    stranger = cast.client(cast.far).get(reverse("registry-timetable", args=[cast.class51.pk]))
    assert stranger.status_code == 404


def test_calendar_pages(cast: Cast, term: Term, django_assert_max_num_queries: Any) -> None:
    client = cast.client(cast.qian)
    with django_assert_max_num_queries(19):
        page = client.get(reverse("registry-calendar")).content.decode()
    assert "第 1 周" in page
    first = Term._base_manager.order_by("starts").first()
    assert first is not None
    form = {"starts": first.starts + timedelta(days=1), "ends": first.ends}
    assert client.post(reverse("registry-term-mend", args=[first.pk]), form).status_code == 302
    year = year_holding(timezone.localdate()).starts.year + 1
    autumn, spring = terms_of(year_holding(date(year, 9, 1)))
    new = {"first": year, "autumn_starts": autumn.starts, "autumn_ends": autumn.ends}
    new |= {"spring_starts": spring.starts, "spring_ends": spring.ends}
    assert client.post(reverse("registry-year-add", args=[cast.city.pk]), new).status_code == 302
    assert Term._base_manager.count() == 4
    assert cast.client(cast.zhao).get(reverse("registry-term-mend", args=[first.pk])).status_code == 404


def test_periods_page_suggests_and_tells_gaps(cast: Cast) -> None:
    client, address = cast.client(cast.clerk), reverse("registry-periods", args=[cast.first.pk])
    assert "还没有保存" in client.get(address).content.decode()
    gap = {"starts_1": "08:30", "ends_1": "09:10", "starts_3": "10:00", "ends_3": "10:40"}
    assert "第 2 节空着" in client.post(address, gap).content.decode()
    good = {"starts_1": "08:30", "ends_1": "09:10", "starts_2": "09:20", "ends_2": "10:00"}
    assert client.post(address, good).status_code == 302
    assert Period._base_manager.filter(school=cast.first).count() == 2


# --- sessions -------------------------------------------------------------------------------------------------------


def test_a_class_has_one_session_at_a_time(cast: Cast) -> None:
    wang = cast.actor(cast.wang)
    running = open_session(cast.class51, "分数", acting_user=wang)
    with pytest.raises(ActionError, match="正在上课"):
        open_session(cast.class51, acting_user=wang)
    with pytest.raises(PermissionDenied):
        open_session(cast.other_class, acting_user=wang)
    closed = close_session(running, acting_user=wang)
    close_session(closed, acting_user=wang)
    open_session(cast.class51, acting_user=wang)
    assert Session._base_manager.count() == 2


def test_sessions_on_pages(cast: Cast) -> None:
    client = cast.client(cast.wang)
    client.post(reverse("registry-session-open", args=[cast.class51.pk]), {"title": "分数"})
    assert "正在上课" in client.get(reverse("registry-sessions")).content.decode()
    row = Session._base_manager.get()
    assert cast.client(cast.chen).post(reverse("registry-session-close", args=[row.pk])).status_code == 404
    client.post(reverse("registry-session-close", args=[row.pk]))
    assert Session._base_manager.get().ends_at is not None
