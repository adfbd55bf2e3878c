"""The bank in a browser: formulas under the content policy, writing with a live preview, mapping by keyboard."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import at_rest, check_access, picture
from tests.cast import Cast
from tests.knowledge.bank import bring, lines, tal
from yincai.core.scope import unscoped
from yincai.knowledge.actions.flag import raise_flag
from yincai.knowledge.actions.suggest import suggest
from yincai.knowledge.models import Item, MappingState, RouteMapping

TAL_FILE = Path(__file__).resolve().parents[3] / "shared" / "data" / "items" / "tal-scq5k-cn-3k.jsonl"
BANK = (
    tal(
        "若关于$$x$$的方程$$\\frac{x-1}{2}-\\frac{a}{3}=1$$的解是正数，则$$a$$的取值范围是（~ ）．",
        "B",
        [
            "$$a\\textgreater-\\frac{9}{2}$$",
            "$$a>-\\dfrac{3}{2}$$",
            "$$a\\leqslant \\sqrt{2}$$",
            "$$\\left { \\begin{matrix}1\\&2\\end{matrix} \\right.$$",
        ],
        answer_analysis=["去分母，得$$3(x-1)-2a=6$$．  移项，得$$x=\\frac{9+2a}{3}$$．"],
        knowledge_point_routes=["课内体系->知识点->方程与不等式->一元一次方程->解一元一次方程"],
    ),
    tal(
        "把$$\\frac{12}{18}$$化成最简分数是多少？",
        "A",
        knowledge_point_routes=["拓展思维->拓展思维->计算模块->分数->分数的约分"],
    ),
    tal("甲、乙两数的和是$$12$$，差是$$4$$，甲是几？", "C", knowledge_point_routes=["拓展思维->应用题模块->和差问题"]),
    tal("甲、乙两数的和是$$12$$，差是$$4$$，甲是几？", "D", knowledge_point_routes=["拓展思维->应用题模块->和差问题"]),
    tal("公式写坏了：$$\\frac{1}{$$，看看怎样", "A"),
)


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return Cast()


def as_person(page: Page, cast: Cast, person: Any) -> Page:
    context: BrowserContext = page.context
    cookie = cast.client(person).cookies[settings.SESSION_COOKIE_NAME]
    base = page.evaluate("location.origin") if page.url.startswith("http") else ""
    page.goto("/accounts/login/") if not base else None
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": page.evaluate("location.origin")}])
    return page


@pytest.fixture
def bank(cast: Cast) -> None:
    bring(lines(*BANK), cast.system)
    suggest(acting_user=cast.system)
    with unscoped("the test's own items"):
        item = Item.objects.get(plain__startswith="若关于")
        raise_flag(item, 1, None, "key", "我觉得应该选 C", acting_user=cast.actor(cast.ming))


def test_formulas_are_shown_under_the_content_policy(pc: Page, phone: Page, cast: Cast, bank: None) -> None:
    for page, name in ((pc, "pc"), (phone, "phone")):
        as_person(page, cast, cast.sun).goto("/bank/?q=正数")
        expect(page.locator(".asked .katex").first).to_be_visible()
        expect(page.locator(".asked math").nth(3)).to_be_attached()  # MathML for readers
        check_access(page)
        picture(page, f"bank-{name}")
        page.click("article a")
        expect(page).to_have_url(re.compile(r"/bank/\d+$"))
        expect(page.locator(".katex").first).to_be_visible()
        check_access(page)
        picture(page, f"bank-item-{name}", whole=True)


def test_a_broken_formula_stays_as_it_was_typed(pc: Page, cast: Cast, bank: None) -> None:
    as_person(pc, cast, cast.sun).goto("/bank/?q=公式写坏了")
    expect(pc.locator(".asked code")).to_contain_text("\\frac{1}{")


def test_an_item_is_written_with_a_live_preview(pc: Page, cast: Cast) -> None:
    as_person(pc, cast, cast.wang).goto("/bank/new")
    pc.fill("#id_stem", "算一算：$\\frac{1}{2}+\\frac{1}{3}$\n\n要化成最简。")
    expect(pc.locator("[data-stem] .katex").first).to_be_visible()
    expect(pc.locator("[data-stem] p")).to_have_count(2)
    pc.fill("#id_option_A", "$\\frac{5}{6}$")
    pc.fill("#id_option_B", "$\\frac{2}{5}$")
    pc.fill("#id_answer", "A")
    expect(pc.locator("[data-options] li.right .katex")).to_be_visible()
    check_access(pc)
    picture(pc, "bank-new", whole=True)
    pc.check('input[name="kind"][value="numeric"]')
    expect(pc.locator("#id_option_A")).to_be_hidden()
    expect(pc.locator("#id_unit")).to_be_visible()
    pc.fill("#id_answer", "5/6")
    pc.click("button.go")
    expect(pc.locator("h1")).to_contain_text("Q")
    expect(pc.locator(".question .katex").first).to_be_visible()


def test_routes_are_mapped_by_keyboard_alone(pc: Page, phone: Page, cast: Cast, bank: None) -> None:
    as_person(pc, cast, cast.sun).goto("/bank/routes/")
    check_access(pc)
    picture(pc, "bank-routes-sure")
    pc.click("text=确认选中的")
    expect(pc.locator(".say.success, .say")).to_contain_text("已确认")
    pc.goto("/bank/routes/?show=open")
    pc.locator("[data-route]").first.focus()
    picture(pc, "bank-routes-open")
    pc.keyboard.press("x")
    expect(pc.locator("[data-route]").first).to_contain_text("不对应我们的任何知识点")
    check_access(pc)
    with unscoped("counting"):
        assert RouteMapping.objects.filter(state=MappingState.CONFIRMED).exists()
    as_person(phone, cast, cast.sun).goto("/bank/routes/?show=open")
    check_access(phone)
    picture(phone, "bank-routes-phone")


def test_the_waiting_things_at_both_sizes(pc: Page, phone: Page, cast: Cast, bank: None) -> None:
    for page, name in ((pc, "pc"), (phone, "phone")):
        as_person(page, cast, cast.admin)
        for address in ("held", "flags", "import"):
            page.goto(f"/bank/{address}")
            check_access(page)
            picture(page, f"bank-{address}-{name}", whole=True)
    as_person(phone, cast, cast.ming)


def test_a_pupil_reports_an_item_on_a_phone(phone: Page, cast: Cast, bank: None) -> None:
    with unscoped("the test's own items"):
        pk = Item.objects.get(plain__startswith="若关于").pk
    as_person(phone, cast, cast.ming).goto(f"/bank/{pk}/flag?version=1")
    expect(phone.locator(".katex").first).to_be_visible()
    check_access(phone)
    picture(phone, "bank-flag-phone", whole=True)
    phone.check('input[value="text"]')
    phone.click("text=告诉老师")
    expect(phone.locator("main")).to_contain_text("还没有人看到")


@pytest.mark.real
@pytest.mark.skipif(not TAL_FILE.exists(), reason=f"the real bank is not there: {TAL_FILE.name}")
def test_the_real_banks_formulas_are_shown(pc: Page, phone: Page, cast: Cast) -> None:
    """A tenth of the 3,000, over all stages: nearly all formulas can be read, none breaks the page."""
    rows = TAL_FILE.read_bytes().splitlines()[::10]
    bring(b"\n".join(rows), cast.system)
    as_person(pc, cast, cast.admin)
    formulas = broken = 0
    for number in range(1, 16):
        pc.goto(f"/bank/?collection=TAL-SCQ5K&page={number}")
        expect(pc.locator(".asked .katex").first).to_be_visible()
        at_rest(pc)
        formulas += pc.locator(".asked .katex").count()
        broken += pc.locator(".asked code").count()
        assert pc.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert formulas > 1000
    assert broken <= formulas / 500
    picture(pc, "bank-real-pc", whole=True)
    as_person(phone, cast, cast.admin).goto("/bank/?collection=TAL-SCQ5K&page=3")
    expect(phone.locator(".asked .katex").first).to_be_visible()
    check_access(phone)
    picture(phone, "bank-real-phone", whole=True)
