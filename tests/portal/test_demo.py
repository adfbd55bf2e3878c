"""The demo city: labelled, consistent, closed to real people, open to those it lists and nobody else."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from tests.cast import Cast
from yincai.core import crypto
from yincai.core.action import ActionError
from yincai.core.actors import installation
from yincai.core.models import Account, AuditRow, Fact
from yincai.core.scope import unscoped
from yincai.knowledge import items, pool
from yincai.learning.models import Assignment, Practice
from yincai.portal.actions.make_demo import Made, make_demo
from yincai.portal.demo import accounts, bank, calendar
from yincai.portal.demo.crew import Crew
from yincai.portal.demo.people import City, draw
from yincai.portal.demo.practice import SYNTHETIC, ClassTask, Practised, Workshop, term_of
from yincai.portal.demo.sizes import FULL, TINY
from yincai.records import histories, lake, readers, rebuild, statements
from yincai.records.models import ResponseFact, Statement
from yincai.registry.models import ConsentEntry, Organisation, Person, Pseudonym, RoleHeld, TimetableEntry
from yincai.registry.numbers import read_phone, read_pupil_number
from yincai.registry.queries import term_on

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    """What a process remembers of another test's database."""
    crypto.forget_keys()
    pool.forget()
    accounts.forget()
    yield
    accounts.forget()


def workshop(seed: int = 1, now: datetime = NOW) -> Workshop:
    term = term_of(TINY, calendar.around(now.date()), now, seed)
    return Workshop(term, bank.sources(), histories.in_use(bank.SUBJECT))


def make(seed: int = 1, now: datetime | None = None, shop: Workshop | None = None) -> Made:
    """A city of one school, simulated in this process."""
    now = now or timezone.localtime()
    with Crew(shop or workshop(seed, now), 0) as crew:
        year = calendar.around(now.date())
        return make_demo(TINY, seed, year, now, crew, lambda step, done, total: None, acting_user=installation())


# --- the whole of it --------------------------------------------------------------------------------------------------


def test_a_city_is_labelled_consistent_and_its_answers_are_like_any_others(db: None) -> None:
    made = make()
    assert (made.schools, made.pupils) == (1, 60)
    assert 700 < made.answers < 1800
    assert Fact.read("demo") is True
    assert AuditRow.objects.filter(verb="portal.make_demo").exists()
    with unscoped("the test looks at everything"):
        _states_follow_from_the_facts(made)
        _statements_say_they_are_synthetic_and_grade_alike()
        _nothing_is_kept_without_consent()
        _nobody_is_in_two_places()
        _only_listed_accounts_have_a_password()


def _states_follow_from_the_facts(made: Made) -> None:
    verdict = rebuild.check()
    assert (verdict.different, verdict.examples) == (0, [])
    assert verdict.compared == ResponseFact.objects.values("pupil").distinct().count() > 35
    assert Statement.objects.count() == ResponseFact.objects.count() == made.answers
    assert ResponseFact.objects.filter(at__gt=timezone.now()).count() == 0
    assert not ResponseFact.objects.exclude(practice__in=Practice.objects.values("pk")).exists()
    assert Assignment.objects.exists()


def _statements_say_they_are_synthetic_and_grade_alike() -> None:
    """The real grader gives each sampled answer the score and the cause that it was stored with."""
    facts = {fact.statement: fact for fact in ResponseFact.objects.all()}
    causes = 0
    for row in Statement.objects.order_by("id")[:: max(1, len(facts) // 120)]:
        body, fact = statements.unpack(row.body), facts[row.pk]
        assert body["context"]["extensions"][SYNTHETIC] is True
        graded = items.grade(fact.item, fact.version, fact.seed, body["result"]["response"])
        assert (graded.score, graded.cause) == (fact.score, fact.cause), body
        assert items.question(fact.item, fact.version, fact.seed).points == fact.slots
        causes += bool(fact.cause)
    assert causes > 3


def _nothing_is_kept_without_consent() -> None:
    without = set(Pseudonym.objects.filter(keeps=False).values_list("number", flat=True))
    assert without
    assert not ResponseFact.objects.filter(pupil__in=without).exists()
    granted = ConsentEntry.objects.filter(purpose="practice", granted=True).values_list("child", flat=True)
    kept = Pseudonym.objects.filter(keeps=True).values_list("person", flat=True)
    assert set(granted) == set(kept)
    assert set(ConsentEntry.objects.values_list("how", flat=True)) == {"online", "paper"}


def _nobody_is_in_two_places() -> None:
    for whose in ("teacher", "school_class"):
        held = Counter(TimetableEntry.objects.values_list(whose, "weekday", "period"))
        assert max(held.values()) == 1
    per_class = Counter(TimetableEntry.objects.values_list("school_class", flat=True))
    assert set(per_class.values()) == {30}, "a full week in every class"
    school = Organisation.objects.get(kind="school")
    running = term_on(timezone.localdate(), school)
    assert running is not None
    assert set(TimetableEntry.objects.values_list("term", flat=True)) == {running.pk}


def _only_listed_accounts_have_a_password() -> None:
    listed = {row["username"] for row in Fact.read(accounts.LIST)}
    able = {row.username for row in Account.objects.all() if row.has_usable_password()}
    assert able == listed
    assert not Account.objects.filter(username__in=listed, must_change_password=True).exists()
    roles = RoleHeld.objects.filter(person__account__username__in=listed).values_list("name", flat=True)
    assert set(roles) == set(RoleHeld.objects.values_list("name", flat=True)), "one account for each role"


# --- signing in -------------------------------------------------------------------------------------------------------


def test_the_sign_in_page_lists_accounts_and_a_shown_code_signs_in(db: None) -> None:
    make()
    browser = Client()
    page = browser.get("/signin/").content.decode()
    assert accounts.LABEL in page and accounts.PASSWORD in page
    for name in ("xuesheng", "xuesheng2", "jiazhang", "jiaoshi", "xiaozhang", "shiju", "guanli"):
        assert f'data-value="{name}"' in page
    signed = browser.post("/signin/", {"login": "guanli", "password": accounts.PASSWORD})
    second = browser.get(signed["Location"]).content.decode()
    code = re.search(r"系统管理员</b>.*?data-value=\"(\d{6})\"", second, re.DOTALL)
    assert code, "the second step shows the codes too"
    assert f"<code>{code[1]}</code>" in page or accounts.shown()[-1].code == code[1]
    home = browser.post(signed["Location"], {"code": code[1]})
    assert home.status_code == 302
    assert "全部数据为模拟生成" in browser.get("/", follow=True).content.decode()


def test_a_password_that_was_changed_is_shown_no_more(db: None) -> None:
    make()
    account = Account.objects.get(username="jiaoshi")
    account.set_password("my-Own-pass1")
    account.save()
    Authenticator.objects.filter(user__username="guanli").delete()
    shown = {one.username: one for one in accounts.shown()}
    assert shown["jiaoshi"].changed and not shown["xiaozhang"].changed
    assert shown["guanli"].code == "" and shown["shiju"].code
    page = Client().get("/signin/").content.decode()
    assert page.count("data-secret") == len(shown) - 1


def test_a_real_home_lists_nobody(cast: Cast) -> None:
    Fact.objects.create(
        name=accounts.LIST, value=[{"label": "x", "username": "guanliyuan", "about": "", "password": ""}]
    )
    page = Client().get("/signin/").content.decode()
    assert "guanliyuan" not in page and "模拟" not in page


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_a_home_with_real_people_is_never_made_a_demo(cast: Cast) -> None:
    with pytest.raises(CommandError, match="YINCAI_HOME=新目录 yincai demo") as refused:
        call_command("demo")
    assert refused.value.returncode == 2
    with pytest.raises(ActionError, match="真实"):
        make()
    with pytest.raises(CommandError):
        call_command("demo", facts_only=True, pupils=10)
    assert not Fact.read("demo")


def test_a_demo_is_not_made_twice(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    Fact.objects.create(name="demo", value=True)
    call_command("demo")
    assert "已经是示范市" in capsys.readouterr().out
    with pytest.raises(ActionError, match="已经是示范市"):
        make()


def test_what_breaks_off_leaves_nothing(db: None) -> None:
    class Broken(Workshop):
        def practise(self, task: ClassTask) -> Practised:
            raise KeyboardInterrupt

    good = workshop()
    with pytest.raises(KeyboardInterrupt):
        make(now=NOW, shop=Broken(good.term, bank.sources(), good.versions))
    assert not Person._base_manager.exists() and not Fact.read("demo")


# --- one seed, one city -----------------------------------------------------------------------------------------------


def test_the_same_seed_draws_the_same_city_and_answers(db: None) -> None:
    one, same, other = (drawn(seed) for seed in (5, 5, 6))
    assert outline(one) == outline(same) != outline(other)
    assert practice_of(one, 5) == practice_of(same, 5) != practice_of(one, 6)


def drawn(seed: int) -> City:
    return draw(TINY, seed, calendar.around(NOW.date()), NOW)


def outline(city: City) -> list[Any]:
    people = [(row.pk, row.name, row.born, row.account_id) for row in city.people]
    lessons = [(row.school_class_id, row.weekday, row.period, row.subject, row.teacher_id) for row in city.lessons]
    return [people, lessons, [(row.number, row.name, row.keeps) for row in city.pseudonyms]]


def practice_of(city: City, seed: int) -> list[Any]:
    each = city.classes[0]
    kept = [row for child in each.pupils[:3] if (row := city.pseudonym_of[child.pk]).keeps]
    task = ClassTask(0, each.organisation.path, 5, 0.0, tuple((row.number, row.name) for row in kept))
    return [(ready.facts, ready.statements, ready.state) for ready in workshop(seed).practise(task).ready]


def test_every_question_of_the_term_is_about_the_point_of_its_item(cast: Cast) -> None:
    with unscoped("test"):
        for source in bank.sources():
            assert {bank.asked(source, number).points for number in range(12)} == {items.points_of(source.item)}, source


def test_numbers_are_well_formed_and_belong_to_nobody(db: None) -> None:
    city = drawn(2)
    numbers = [row.read_sealed("pupil_number") for row in city.people if row.pupil_number_sealed]
    assert len(set(numbers)) == len(numbers) == 60
    for number in numbers:
        assert read_pupil_number(number, NOW.date()).region == "339900"
    phones = [row.read_sealed("phone") for row in city.people if row.phone_sealed]
    assert phones and all(read_phone(phone).startswith("0000") for phone in phones)


# --- bare facts -------------------------------------------------------------------------------------------------------


def test_bare_facts_lie_in_the_lake_as_readers_want_them(
    db: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("demo", facts_only=True, pupils=90, out=tmp_path, as_json=True)
    connection = readers.connect()
    facts = readers.facts(connection, tmp_path)
    schema = {name: str(kind).replace(", 6)", ")") for name, kind in facts.schema().items() if name != "day"}
    assert schema == readers.FACTS
    table = facts.execute()
    assert table["pupil"].nunique() == 90
    for _, own in table.sort_values("at", kind="stable").groupby("pupil"):
        assert sorted(own["number"]) == list(range(1, len(own) + 1))
    assert (table["at"].dt.tz_convert("Asia/Shanghai").dt.date == table["day"].map(_as_date)).all()
    assert set(table.loc[table["score"] == 1, "cause"]) == {""}
    assert table["id"].is_unique
    connection.disconnect()
    with pytest.raises(CommandError, match="空目录"):
        call_command("demo", facts_only=True, pupils=5, out=tmp_path)
    assert not Fact.read("demo"), "facts elsewhere make no demo of this home"


def _as_date(value: Any) -> date:
    return value if type(value) is date else value.date() if hasattr(value, "date") else date.fromisoformat(value)


def test_the_lake_of_a_demo_holds_its_answers(db: None, settings: Any, tmp_path: Path) -> None:
    settings.LAKE = tmp_path
    made = make()
    assert lake.write() == made.answers
    connection = readers.connect()
    assert readers.facts(connection, tmp_path).count().execute() == made.answers
    assert set(readers.mastery_now(connection, tmp_path).place.execute()) <= set(
        Organisation._base_manager.filter(kind="class").values_list("path", flat=True)
    )
    connection.disconnect()


def test_the_full_size_has_what_was_promised() -> None:
    kinds = {school.kind for school in FULL.schools}
    assert len(FULL.schools) == 12 and len(kinds) == 7
    assert {school.district for school in FULL.schools} == {0, 1, 2}
    assert {name for school in FULL.schools for name in school.overlays} == {"东湖学区", "明德教育集团"}
    assert timedelta(weeks=8) <= calendar.LEAST
