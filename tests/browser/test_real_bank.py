"""The real bank at work: its 3,000 items come in, a pupil practises them, and the teacher's page moves."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import at_rest, check_access, picture
from tests.browser.test_bank import TAL_FILE, as_person
from tests.cast import Cast
from tests.knowledge.bank import bring
from yincai.core.scope import unscoped
from yincai.knowledge.actions.map_routes import confirm_many
from yincai.knowledge.actions.suggest import suggest
from yincai.knowledge.models import Item, RouteMapping
from yincai.learning.actions.steering import set_practice
from yincai.records.models import ResponseFact

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not TAL_FILE.exists(), reason=f"the real bank is not there: {TAL_FILE.name}"),
]
QUESTIONS = 5


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return Cast()


def map_routes(cast: Cast) -> None:
    """A person confirms the best of what the machine suggests."""
    with unscoped("the city's bank"):
        suggest(acting_user=cast.system)
        alike = RouteMapping.objects.filter(score__gte=0.5).order_by("route", "-score")
        best = {mapping.route_id: mapping for mapping in reversed(alike)}
        confirm_many([mapping.pk for mapping in best.values()], acting_user=cast.actor(cast.admin))


def test_a_pupil_practises_the_real_bank_and_the_teachers_page_moves(cast: Cast, pc: Page, phone: Page) -> None:
    bring(TAL_FILE.read_bytes(), cast.system)
    map_routes(cast)
    set_practice(
        cast.class51,
        "真题练习",
        points=[],
        items=real_items(),
        pupils=[],
        questions=QUESTIONS,
        due=None,
        acting_user=cast.actor(cast.wang),
    )
    as_person(phone, cast, cast.ming).goto("/learn/")
    phone.click("button:has-text('去做'), button:has-text('做')")
    for number in range(QUESTIONS):
        expect(phone.locator(".question")).to_be_visible()
        expect(phone.locator(".question .katex").first).to_be_visible()
        at_rest(phone)
        phone.locator("label.choice").nth(number % 2).click()
        phone.click("button.go:has-text('交答案')")
        expect(phone.locator(".verdict")).to_be_visible()
        expect(phone.locator(".verdict")).to_contain_text("讲解")
        check_access(phone)
        if number == 0:
            picture(phone, "real-item-phone", whole=True)
        if number < QUESTIONS - 1:
            phone.click("[data-next]")
            expect(phone.locator(".verdict")).to_have_count(0)
    with unscoped("what was kept"):
        assert ResponseFact.objects.filter(source="assigned").count() == QUESTIONS
    as_person(pc, cast, cast.wang).goto(f"/classes/{cast.class51.pk}")
    expect(pc.locator("main")).to_contain_text("最近一次作答", use_inner_text=True)
    check_access(pc)


def real_items() -> list[int]:
    """Mapped items of the bank with a formula in the question and an analysis."""
    with unscoped("the city's bank"):
        found = Item.objects.filter(
            status="ready", generator="", versions__stem__contains="$", points__isnull=False
        ).exclude(versions__analysis="")
        return list(found.order_by("pk").values_list("pk", flat=True).distinct()[:QUESTIONS])
