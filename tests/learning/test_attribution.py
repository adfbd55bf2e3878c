"""From a wrong answer to its cause: found, judged by a teacher, learned from; patterns of one pupil."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from django.test import Client

from tests.cast import Cast
from tests.learning.desk import HTMX, begin, generator_item, give, issue, number_of, write_item
from tests.learning.sat import answer, days_ago
from yincai.core.action import ActionError
from yincai.core.models import AuditRow
from yincai.core.permissions import NotAllowed
from yincai.core.scope import unscoped
from yincai.knowledge.generators import get
from yincai.knowledge.models import Item
from yincai.learning.actions.attribute import judge
from yincai.learning.attributed import AttributionModel, Judgement
from yincai.learning.attribution import causes
from yincai.learning.attribution.exercise import exercise_of, value_of
from yincai.learning.attribution.trained import in_use
from yincai.learning.attribution.words import PROCEDURES, name_of, procedures_of, searched
from yincai.learning.reports.patterns import patterns_of
from yincai.measurement.errors.answers import NAMES
from yincai.records.models import ResponseFact, Statement
from yincai.records.recording import ConsentMissing
from yincai.records.statements import unpack
from yincai.registry.models import Pseudonym, Purpose

FAULT = get("fraction-add", 1).make(7, 1).faults[0]
ACROSS = searched(("numerators and denominators apart",))


@pytest.fixture(autouse=True)
def fresh() -> None:
    causes.forget()


@pytest.fixture
def wang(cast: Cast) -> Client:
    return cast.client(cast.wang)


def numeric(code: str = "half-and-third") -> Item:
    """A bank item with a number for its key; its stem says the calculation."""
    return write_item(code, point="m5.frac.add-unlike", kind="numeric", key="5/6")


def wrong(cast: Cast, typed: str, item: Item | None = None) -> UUID:
    who = (cast.ming, number_of(cast.ming))
    return answer(cast, who, cast.class51, item or numeric(), typed, at=days_ago(1))


def fact_of(statement: UUID) -> ResponseFact:
    with unscoped("test"):
        return ResponseFact.objects.get(statement=statement)


def post(client: Client, statement: UUID, cause: str) -> str:
    reply = client.post(f"/classes/answers/{statement}", {"cause": cause})
    return reply.content.decode() if reply.status_code != 302 else reply["Location"]


# --- finding ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stem", "solution", "key", "found"),
    [
        (r"计算：$\frac{1}{2}+\frac{1}{3}$", "", "5/6", "(1/2)+(1/3)"),
        ("小明有 52 元，用去 38 元，还剩多少元？", r"$52-38=14$（元）", "14", "52-38"),
        ("25×4-30÷5 等于多少？", "", "94", "25*4-30/5"),
        (r"$1\frac{1}{2}\times 4=$", "", "6", "(1+1/2)* 4"),
        ("一共多少？", r"$3+4=7$，$7\div 2=3.5$", "3.5", "7/ 2"),
        ("没有算式", "也没有", "7", ""),
        (r"$3+4$", "", "8", ""),  # comes to something else
        (r"解方程 $2x+1=5$", r"$x=2$", "2", ""),
    ],
)
def test_the_calculation_behind_an_item(stem: str, solution: str, key: str, found: str) -> None:
    assert exercise_of(stem, solution, key) == found


def test_numbers_are_read_with_their_units() -> None:
    assert str(value_of("14 元")) == "14" and str(value_of(r"$\frac{2}{4}$")) == "1/2"
    assert str(value_of("1 1/2")) == str(value_of("1又1/2")) == str(value_of(r"$1\frac{1}{2}$")) == "3/2"
    assert value_of("不知道") is None and value_of("") is None


def test_each_procedure_of_the_search_has_a_name() -> None:
    assert set(PROCEDURES) == set(NAMES)
    assert procedures_of(ACROSS) == ("numerators and denominators apart",)
    assert procedures_of("calc:999") == () and procedures_of("frac-add-across") == ()
    assert name_of(searched((NAMES[0], NAMES[1]))) == "结果的正负号错了，又该减的时候加了"


def test_a_free_answer_that_no_malrule_matches_gets_causes_with_probability(cast: Cast, wang: Client) -> None:
    statement = wrong(cast, "2/5")
    page = wang.get(f"/classes/answers/{statement}").content.decode()
    assert "可能是“分子分母分别相加减”" in page and "正好得 2/5" in page
    assert re.search(r"约 9\d%", page)


def test_an_answer_that_nothing_explains_says_so(cast: Cast, wang: Client) -> None:
    page = wang.get(f"/classes/answers/{wrong(cast, '77/13')}").content.decode()
    assert "还看不出错因" in page and "看不出错因" in page


def test_searches_of_a_page_are_bounded_and_go_on_next_time(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    item = numeric()
    facts = [fact_of(wrong(cast, typed, item)) for typed in ("2/5", "1/5", "1/6", "2/6")]
    monkeypatch.setattr(causes, "SEARCHES", 2)
    with unscoped("test"):
        assert [one.waits for one in causes.attribute(facts, "math")] == [False, False, True, True]
        assert [one.waits for one in causes.attribute(facts, "math")] == [False] * 4


def test_an_answer_on_the_desk_searches_nothing(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yincai.measurement.errors.answers.causes", lambda *_: pytest.fail("searched while answering"))
    ming = cast.client(cast.ming)
    begin(ming)
    assert give(ming, issue(cast.ming, numeric(), None), "2/5", headers=HTMX).status_code == 200


# --- a teacher's word -------------------------------------------------------------------------------------------------


def test_a_teacher_confirms_and_it_is_a_statement_an_audit_row_and_a_model(cast: Cast, wang: Client) -> None:
    statement = wrong(cast, "2/5")
    assert post(wang, statement, ACROSS) == f"/classes/pupils/{cast.ming.pk}"
    with unscoped("test"):
        row = Judgement.objects.get()
        said = Statement.objects.get(pk=row.statement)
        model = AttributionModel.objects.get()
        audit = AuditRow.objects.get(verb="learning.judge")
    assert row.confirmed and row.answer == statement and row.place == cast.class51.path
    body = unpack(said.body)
    assert said.verb == "attributed" and body["object"] == {"objectType": "StatementRef", "id": str(statement)}
    assert str(cast.wang.pk) not in str(body) and str(cast.wang.account_id) not in str(body)
    assert (model.judgements, model.by, audit.account) == (1, cast.wang.account_id, cast.wang.account_id)


def test_a_correction_changes_what_is_shown_and_what_is_believed(cast: Cast, wang: Client) -> None:
    item = generator_item("fraction-add")
    first = wrong(cast, FAULT.answer, item)
    room = f"/classes/{cast.class51.pk}"
    assert "分子分母分别相加减" in wang.get(room).content.decode()
    for _ in range(2):  # said twice, it is said once
        post(wang, first, "slip")
    with unscoped("test"):
        assert Judgement.objects.count() == 1 and AttributionModel.objects.count() == 1
        model = in_use("math")
    assert model.rules[FAULT.malrule] == (0, 1) and model.trust(FAULT.malrule) < 0.9
    assert "分子分母分别相加减” " not in wang.get(room).content.decode()
    assert "近四周没有成片的错因" in wang.get(room).content.decode()
    assert "粗心笔误" in wang.get(f"{room}/report").content.decode()
    other = wrong(cast, FAULT.answer, item)
    assert "约 82%" in wang.get(f"/classes/answers/{other}").content.decode()  # 9 of 11


def test_a_second_word_takes_the_place_of_the_first(cast: Cast, wang: Client) -> None:
    statement = wrong(cast, "2/5")
    post(wang, statement, "unknown")
    post(wang, statement, ACROSS)
    with unscoped("test"):
        assert Judgement.objects.filter(superseded=False).get().cause == ACROSS
        assert Judgement.objects.count() == 2 and AttributionModel.objects.first().judgements == 1
        assert in_use("math").counts["numerators and denominators apart"] > 20 / 38 * 4


def test_who_decides_on_a_stale_page_is_told_first(cast: Cast, wang: Client) -> None:
    statement = wrong(cast, "2/5")
    address = f"/classes/answers/{statement}"

    def seen() -> str:
        found = re.search(r'name="seen" value="(\d+)"', wang.get(address).content.decode())
        assert found
        return found[1]

    before = seen()
    wang.post(address, {"cause": "slip", "seen": before})
    page = wang.post(address, {"cause": ACROSS, "seen": before}).content.decode()
    assert "已经定为“粗心笔误”" in page and f'value="{ACROSS}" checked' in page, "and what was ticked stays"
    with unscoped("test"):
        assert Judgement.objects.get(superseded=False).cause == "slip"
    assert wang.post(address, {"cause": "slip", "seen": before}).status_code == 302, "the same is no quarrel"
    assert wang.post(address, {"cause": ACROSS, "seen": seen()}).status_code == 302
    with unscoped("test"):
        assert Judgement.objects.get(superseded=False).cause == ACROSS


def test_confirmations_move_the_search(cast: Cast, wang: Client) -> None:
    item = numeric()
    with unscoped("test"):
        before = in_use("math").search.probability("numerators and denominators apart")
    for _ in range(3):
        post(wang, wrong(cast, "2/5", item), ACROSS)
    with unscoped("test"):
        assert in_use("math").search.probability("numerators and denominators apart") > before
        assert AttributionModel.objects.count() == 3


def test_what_cannot_be_judged_is_said_and_nothing_is_kept(cast: Cast, wang: Client) -> None:
    statement = wrong(cast, "2/5")
    for cause in ("", "nix", "calc:999"):
        assert "请在列出的错因里选一个" in post(wang, statement, cause)
    right = fact_of(wrong(cast, "5/6", numeric("another")))
    with unscoped("test"), pytest.raises(ActionError, match="答对了"):
        judge(right, "slip", acting_user=cast.actor(cast.wang))
    with unscoped("test"):
        assert not Judgement.objects.exists()
        Pseudonym.objects.filter(person=cast.ming).update(keeps=False)
        with pytest.raises(ConsentMissing):
            judge(fact_of(statement), "slip", acting_user=cast.actor(cast.wang))


def test_only_who_teaches_the_pupil_judges(cast: Cast) -> None:
    statement = wrong(cast, "2/5")
    assert cast.client(cast.chen).get(f"/classes/answers/{statement}").status_code == 404
    assert cast.client(cast.li).get(f"/classes/answers/{statement}").status_code == 403
    with unscoped("test"), pytest.raises(NotAllowed):
        judge(fact_of(statement), "slip", acting_user=cast.actor(cast.chen))


def test_who_teaches_the_pupil_another_subject_does_not_judge(cast: Cast) -> None:
    statement = wrong(cast, "2/5")
    with unscoped("test"):
        lin = cast.person("林语", "linlaoshi", ("teacher", cast.first))
        cast.teach(lin, cast.class51, "语文")
    client = cast.client(lin)
    for reply in (
        client.get(f"/classes/answers/{statement}"),
        client.post(f"/classes/answers/{statement}", {"cause": "slip"}),
    ):
        assert reply.status_code == 403
        assert "任课里没有这个班的数学，不能判断这名学生的错因" in reply.content.decode()
    assert f"/classes/answers/{statement}" not in client.get(f"/classes/{cast.class51.pk}/report").content.decode()


def test_back_leads_to_our_own_pages_only(cast: Cast, wang: Client) -> None:
    statement = wrong(cast, "2/5")
    report = f"/classes/{cast.class51.pk}/report"
    reply = wang.post(f"/classes/answers/{statement}", {"cause": ACROSS, "back": report})
    assert reply["Location"] == report
    for elsewhere in ("https://example.org/", "//example.org"):
        reply = wang.post(f"/classes/answers/{statement}", {"cause": ACROSS, "back": elsewhere})
        assert reply["Location"] == f"/classes/pupils/{cast.ming.pk}"


# --- patterns ---------------------------------------------------------------------------------------------------------


def test_the_same_fault_again_and_again_is_a_misconception(cast: Cast, wang: Client) -> None:
    item = generator_item("fraction-add")
    for _ in range(4):
        wrong(cast, FAULT.answer, item)
    with unscoped("test"):
        (one,) = patterns_of(number_of(cast.ming), "math")
    first = one.explanations[0]
    assert "像是有误解“分子分母分别相加减”" in first.sentence and first.probability > 0.5
    assert len(first.answers) == 4
    page = wang.get(f"/classes/pupils/{cast.ming.pk}").content.decode()
    assert "错误从哪里来" in page and page.count("/classes/answers/") >= 4


def test_one_error_among_many_right_answers_is_a_slip(cast: Cast) -> None:
    item, who = generator_item("fraction-add"), (cast.ming, number_of(cast.ming))
    for day in range(12, 2, -1):
        answer(cast, who, cast.class51, item, None, seed=day, at=days_ago(day))
    answer(cast, who, cast.class51, item, "77/13", at=days_ago(1))
    with unscoped("test"):
        (one,) = patterns_of(number_of(cast.ming), "math")
    assert one.explanations[0].sentence.startswith("像是粗心：11 题里错 1 题")


# --- the pupil and the guardian ---------------------------------------------------------------------------------------


def test_pupil_and_guardian_see_growth_and_next_steps_and_never_others(cast: Cast) -> None:
    item, who = generator_item("fraction-add"), (cast.ming, number_of(cast.ming))
    for day in (50, 49):
        answer(cast, who, cast.class51, item, FAULT.answer, at=days_ago(day))
    for day in range(9, 1, -1):
        answer(cast, who, cast.class51, item, None, seed=day, at=days_ago(day))
    ming = cast.client(cast.ming).get("/learn/").content.decode()
    assert "最近四周有进步：“异分母分数加减”从起步到" in ming
    mother = cast.client(cast.mother).get(f"/children/{cast.ming.pk}").content.decode()
    assert "最近四周有进步" not in mother  # she did not agree to see it
    cast.consent(cast.ming, Purpose.PRACTICE, Purpose.REPORT)
    mother = cast.client(cast.mother).get(f"/children/{cast.ming.pk}").content.decode()
    assert "最近四周的进步" in mother and "从起步到" in mother
    for page in (ming, mother):
        assert not re.search(r"小红|小刚|名次|百分位|全班|平均|比别人", page)
