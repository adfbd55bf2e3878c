"""The home of each role: what it says, what it opens, and that it is honest where there is nothing yet."""

from __future__ import annotations

from datetime import date, time
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from tests.cast import BEGAN, PASSWORD, Cast
from tests.practised import figures_now, practise
from yincai.core.models import Account
from yincai.core.scope import unscoped
from yincai.portal.calendar import counted, day_words
from yincai.portal.teaching import LessonLine, finding_of
from yincai.registry.models import Guardianship, Person, Purpose, SchoolYear, Term


@pytest.fixture(autouse=True)
def own_lake(settings: Any, tmp_path: Any) -> None:
    settings.LAKE = tmp_path


def home(cast: Cast, person: Person, address: str = "/") -> str:
    response = cast.client(person).get(address)
    assert response.status_code == 200, response.status_code
    return str(response.content.decode())


# --- nothing has happened yet -----------------------------------------------------------------------------------------


def test_who_is_not_signed_in_is_sent_to_the_door(db: None) -> None:
    assert Client().get("/")["Location"].startswith("/signin/")


def test_each_role_has_a_home_that_says_something_before_anything_happened(cast: Cast) -> None:
    figures_now()
    for role, person in cast.everybody().items():
        page = home(cast, person)
        assert page.count("<h1>") == 1, role
        assert page.count("btn go") <= 1, f"{role}: one primary button on a page"


def test_an_account_without_a_role_is_told_whom_to_ask(cast: Cast) -> None:
    with unscoped("somebody without a role"):
        person = Person.objects.create(name="新来的", account=Account.objects.create_user("nobody", PASSWORD))
    assert "先请管理员给您一个身份" in home(cast, person)


def test_before_the_first_answer_officers_read_that_and_no_made_up_number(cast: Cast) -> None:
    figures_now()
    page = home(cast, cast.qian)
    assert "还没有学生开始练习" in page
    assert "先让一个班做一次练习" in page


def test_a_pupil_whose_practice_is_not_kept_reads_why(cast: Cast) -> None:
    assert "家长还没有同意保存练习记录" in home(cast, cast.gang)
    assert "家长还没有同意保存练习记录" not in home(cast, cast.ming)


def test_a_pupil_of_a_grade_without_practice_reads_so(cast: Cast) -> None:
    with unscoped("a first-grader"):
        one = cast.organisation("grade", "一年级", "", cast.first, grade=1)
        room = cast.organisation("class", "一（1）班", "", one, grade=1)
        small = cast.pupil("小小", "xiaoxiao", room, 1)
    assert "你的年级现在还没有练习题" in home(cast, small)


def test_a_guardian_without_a_child_is_shown_the_way(cast: Cast) -> None:
    with unscoped("a guardian nobody has bound yet"):
        alone = cast.person("小红爸爸", "baba", ("guardian", cast.first))
    page = home(cast, alone)
    assert "还没有和您关联的孩子" in page
    assert "输入关联码" in page


# --- after some weeks -------------------------------------------------------------------------------------------------


@pytest.fixture
def city(cast: Cast) -> Cast:
    practise(cast, pupils=12, answers=3)
    return cast


def test_a_teacher_reads_the_day_and_what_waits_and_nothing_of_another_school(city: Cast) -> None:
    page = home(city, city.wang)
    assert "今天有三节课" in page
    assert "人同一种错因" in page and "给他们一组练习" in page
    assert "异分母分数加减" in page
    assert f"/classes/{city.class51.pk}" in page
    assert page.count('class="dot') >= 12 * 3

    stranger = home(city, city.chen)
    assert str(city.class51.pk) not in stranger
    assert "今天没有课" in stranger


def test_a_pupil_goes_on_where_the_last_answer_was_and_a_guardian_reads_of_one_child(city: Cast) -> None:
    pupil = home(city, city.ming)
    assert "接着练“分数的加法和减法”" in pupil
    assert "排名" not in pupil and "积分" not in pupil
    for child in (city.ming, city.far):
        city.consent(child, Purpose.REPORT)
    with unscoped("a second child"):
        Guardianship.objects.create(guardian=city.mother, child=city.far, relation="母亲", since=BEGAN)
    first = home(city, city.mother)
    assert "小明：最近七天" in first
    assert f"/children/{city.ming.pk}/consent/" in first
    second = home(city, city.mother, f"/?child={city.far.pk}")
    assert "小远：" in second
    stranger = home(city, city.mother, f"/?child={city.hong.pk}")
    assert "小红" not in stranger


def test_an_officer_reads_which_district_is_idle_and_opens_each_number_a_head_sees_one_school(city: Cast) -> None:
    page = home(city, city.qian)
    assert "西城区最近七天没有练习，其余都在进行" in page
    for code in ("practice.active-schools", "practice.active-classes", "practice.coverage", "practice.mastery"):
        assert f"/figures/{code}/" in page
    assert "成长" in page and "<rect" in page
    head = home(city, city.li)
    assert "/ 2 个班" in head
    assert "第二小学" not in head and "西城" not in head


def test_an_idle_school_within_an_active_district_is_named_to_the_city(city: Cast) -> None:
    with unscoped("a school that has not begun"):
        third = city.school("示范市第三小学", "3301020003", city.east, "primary")
        grade = city.organisation("grade", "五年级", "", third, grade=5)
        room = city.organisation("class", "五（1）班", "", grade, grade=5)
        city.pupil("小静", "xiaojing", room, 1)
    figures_now()
    page = home(city, city.qian)
    assert "两个单位最近七天没有练习，其余都在进行" in page
    assert "示范市第三小学" in page and "西城区" in page


# --- words ------------------------------------------------------------------------------------------------------------


def line(state: str, starts: time | None = time(9, 10)) -> LessonLine:
    return LessonLine(SimpleNamespace(starts=starts), state, True)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("states", "wanted"),
    [
        ([], "今天没有课"),
        (["over", "now", "next"], "今天有三节课，第二节正在进行"),
        (["over", "over"], "今天有两节课，都上完了"),
        (["next"], "今天有一节课，第一节 9:10"),
        (["over", "next"], "今天有两节课，下一节 9:10"),
    ],
)
def test_the_title_says_how_the_day_stands(states: list[str], wanted: str) -> None:
    assert finding_of([line(state) for state in states]) == wanted


def test_a_day_without_bell_times_is_only_counted() -> None:
    assert finding_of([line("next", None), line("next", None)]) == "今天有两节课"


def test_a_day_is_told_in_the_words_of_the_calendar(cast: Cast) -> None:
    with unscoped("a calendar"):
        year = SchoolYear.objects.create(
            organisation=cast.city, name="2026–2027", starts=date(2026, 8, 31), ends=date(2027, 7, 9)
        )
        Term.objects.create(year=year, name="秋季学期", starts=date(2026, 9, 1), ends=date(2027, 1, 20))
        said = day_words(date(2026, 11, 18), cast.class51.path)
        assert said == "2026–2027 学年秋季学期 · 第 12 周 · 11 月 18 日 · 星期三"
        assert "不在学期内" in day_words(date(2026, 8, 3), cast.class51.path)
    assert (counted(2), counted(10), counted(12)) == ("两", "十", "12")
