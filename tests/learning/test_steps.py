"""Steps written out after a wrong answer: the first line that does not follow, gently; kept as the pupil's own record,
shown to the teacher as evidence, and judged like any other cause."""

from __future__ import annotations

import html
import re
from uuid import UUID

import pytest
from django.http import HttpResponse
from django.test import Client

from tests.cast import Cast
from tests.learning.desk import (
    HTMX,
    begin,
    counts,
    facts,
    generator_item,
    give,
    issue,
    now,
    number_of,
    right_answer,
    write_item,
)
from yincai.core.models import AuditRow
from yincai.core.scope import scope, unscoped
from yincai.knowledge.generators import get
from yincai.learning import forms, keeping
from yincai.learning.attribution import causes
from yincai.learning.attribution.stepping import workings_of
from yincai.learning.attribution.trained import Trained, _rules, in_use
from yincai.learning.attribution.words import STEP_WORDS, STEPS, name_of, point_of, probe, stepped, words_of
from yincai.learning.attribution.worked import check, read_rows, start_of
from yincai.learning.models import Judgement, Practice, Purpose, Working
from yincai.measurement.errors import answers, moves
from yincai.records.models import Statement
from yincai.records.statements import unpack
from yincai.registry.models import Pseudonym

VARIANT = get("linear-equation", 1).make(7, 1)
TASK = start_of(VARIANT.stem, VARIANT.answer)
EQUATION = start_of("解方程：$2x+3=7$，$x=$？", "2")
CALCULATION = start_of(r"计算：$3+4\times 2$", "11")
KEPT_SIGN = VARIANT.faults[0].answer  # 4x+4=-20 → 4x=-20+4


@pytest.fixture
def ming(cast: Cast) -> Client:
    return cast.client(cast.ming)


def wrong_form(cast: Cast, client: Client, typed: str = KEPT_SIGN) -> str:
    """An equation answered wrongly on the desk; the token of its form."""
    begin(client)
    token = issue(cast.ming, generator_item("linear-equation"))
    assert "还差一点" in give(client, token, typed, headers=HTMX).content.decode()
    return token


def write(client: Client, token: str, *lines: str, htmx: bool = True, **data: str) -> HttpResponse:
    headers = HTMX if htmx else {}
    return client.post("/learn/steps", {"answered": token, "line": list(lines), **data}, headers=headers)


def page_of(reply: HttpResponse) -> str:
    return html.unescape(reply.content.decode())


def workings() -> list[Working]:
    with unscoped("test"):
        return list(Working.objects.order_by("pk"))


# --- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stem", "key", "latex"),
    [
        (r"小军列出方程 $4x+4=-20$，请帮忙求出 $x$ 的值。", "-6", "4x+4 = -20"),
        (r"当 $x$ 是多少时，等式 $\frac{x+3}{6}-2=-3$ 成立？", "-9", r"\frac{x+3}{6}-2 = -3"),
        (r"计算：$177-9\times 14+3$", "54", r"177-9 \times 14+3"),
        (r"计算：$3+4=$", "7", "3+4"),
        (r"展开：$(y-4)^2$", "y^2-8y+16", r"\left(y-4\right)^{2}"),
        ("解不等式 $2x+3<7$", "x<2", "2x+3 < 7"),
        (r"解方程 $2x+1=5$", "3", None),  # somebody else's key
        (r"一共有 $12$ 个", "12", None),  # nothing to be done
        ("解方程 $x^2=4$", "2", None),
        ("没有算式", "7", None),
        (r"$\frac{1}{0}+x=2$，$\sqrt{x}=2$", "4", None),
    ],
)
def test_where_the_working_of_an_item_starts(stem: str, key: str, latex: str | None) -> None:
    task = start_of(stem, key)
    assert (task.latex if task else None) == latex


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_each_equation_of_the_generator_can_be_worked(depth: int, seed: int) -> None:
    made = get("linear-equation", 1).make(seed, depth)
    task = start_of(made.stem, made.answer)
    assert task is not None
    assert check(task, read_rows(task, [f"x={made.answer}"])).solved
    fault = check(task, read_rows(task, [f"x={made.faults[0].answer}"]))
    assert fault.broken == 0 and fault.found is not None
    assert made.faults[0].malrule in [stepped(cause.steps, True) for cause in fault.found.causes]


@pytest.mark.parametrize(
    ("rows", "verdicts"),
    [
        (["2x=7−3", "2x=4", "x=2"], ["follows", "follows", "follows"]),
        (["2x＝7+3", "x=5"], ["breaks", "after"]),
        (["x=(7-3)÷2"], ["follows"]),
        (["2x=4", "2x"], ["follows", ""]),  # no equation any more: goes back
        (["√x=2"], [""]),
        (["2y=4"], [""]),
        (["2x=4米"], [""]),
        (["__import__('os')"], [""]),
        (["((((((x^4)^4)^4)^4)^4)^4)^4=1"], [""]),
        (["x^99=1"], [""]),
        (["9" * 40 + "x=1"], ["breaks"]),
        (["x=1/0"], [""]),
        (["(" * 38 + "x" + ")" * 38 + "=2"], ["follows"]),
        (["1/x=1/2"], ["untold"]),
    ],
)
def test_lines_are_read_by_the_banks_own_reader_and_nothing_else(rows: list[str], verdicts: list[str]) -> None:
    assert EQUATION is not None
    worked = check(EQUATION, read_rows(EQUATION, rows))
    assert [row.verdict for row in worked.rows] == verdicts
    assert all(bool(row.problem) == (row.verdict == "") for row in worked.rows)


def test_a_calculation_may_go_on_behind_a_sign_of_equality() -> None:
    assert CALCULATION is not None
    for rows in (["=3+8", "=11"], ["3+4×2=3+8", "11"], ["3+8=11"]):
        assert check(CALCULATION, read_rows(CALCULATION, rows)).solved
    broken = check(CALCULATION, read_rows(CALCULATION, ["3+8=12", "12"]))
    assert [row.verdict for row in broken.rows] == ["breaks", "after"]


def test_at_most_so_many_rows_are_read() -> None:
    assert EQUATION is not None
    assert len(read_rows(EQUATION, ["x=2"] * 500)) == 12
    assert read_rows(EQUATION, ["x=2" + " " * 500])[0].problem


def test_each_faulty_step_has_a_name_and_a_question() -> None:
    assert set(STEPS) == set(moves.NAMES) and not set(STEPS) & set(answers.NAMES)
    for name, ids in STEPS.items():
        for in_equation in (True, False):
            cause = stepped((name,), in_equation)
            assert cause in ids and name_of(cause) != cause and words_of(cause) and "？" in probe(cause)
    assert {cause for ids in STEPS.values() for cause in ids if cause.startswith("step:")} == set(STEP_WORDS)
    for name in answers.NAMES:
        assert re.search("[？。]", probe(stepped((name,), False))) and not re.search(
            r"\d", probe(stepped((name,), False))
        )


# --- the pupil --------------------------------------------------------------------------------------------------------


def test_offered_after_a_wrong_answer_with_steps_and_only_then(cast: Cast, ming: Client) -> None:
    begin(ming)
    equation = generator_item("linear-equation")
    assert "写出步骤" in page_of(give(ming, issue(cast.ming, equation), KEPT_SIGN, headers=HTMX))
    assert "写出步骤" not in page_of(give(ming, issue(cast.ming, equation), VARIANT.answer, headers=HTMX))
    assert "写出步骤" not in page_of(give(ming, issue(cast.ming, write_item("c1"), None), "A", headers=HTMX))


def test_the_first_line_that_does_not_follow_is_marked_with_a_question_and_without_the_answer(
    cast: Cast, ming: Client
) -> None:
    token = wrong_form(cast, ming)
    page = page_of(write(ming, token, "4x=-20+4", "4x=-16", "x=-4"))
    assert "第 1 行和题目接不上" in page and "符号变了吗" in page
    assert [re.search(r'class="(\w*)"', li)[0] for li in re.findall(r"<li [^>]*>", page)][:3] == [
        'class="breaks"', 'class="after"', 'class="after"'
    ]  # fmt: skip
    assert 'value="4x=-16"' in page  # nothing typed is lost
    assert not re.search(r"-24|(?<!\d)-6(?!\d)", page)
    mended = page_of(write(ming, token, "4x=-20-4", "4x=-24", "x=-6"))
    assert "每一行都接得上" in mended and "和题目接不上" not in mended


def test_what_was_written_is_a_statement_once_and_no_attempt(cast: Cast, ming: Client) -> None:
    token = wrong_form(cast, ming)
    before, audits = counts(), AuditRow.objects.count()
    for _ in range(2):
        write(ming, token, "4x = −20+4", "x=-4")
    write(ming, token, "4x=-24", "x=-6")
    assert counts() == (before[0] + 2, before[1], before[2])  # no fact, no state
    assert AuditRow.objects.count() == audits
    first, second = workings()
    assert (first.lines, first.broken, second.broken) == (["4x=-20+4", "x=-4"], 0, None)
    with unscoped("test"):
        row = Statement.objects.get(pk=first.statement)
    body = unpack(row.body)
    assert row.verb == "worked" and body["object"] == {"objectType": "StatementRef", "id": str(first.answer)}
    assert body["result"] == {"extensions": {"https://w3id.org/yincai/lines": ["4x=-20+4", "x=-4"]}}
    assert row.pupil == first.pupil and str(cast.ming.pk) not in str(body)


def test_what_cannot_be_read_goes_back_and_nothing_is_kept(cast: Cast, ming: Client) -> None:
    token = wrong_form(cast, ming)
    page = page_of(write(ming, token, "4x=-20-4", "我叫小明"))
    assert "第 2 行还没有读懂" in page and "我叫小明" in page and 'class="follows"' in page
    assert workings() == []


def test_without_consent_it_is_checked_and_nothing_is_kept(cast: Cast, ming: Client) -> None:
    with unscoped("test"):
        Pseudonym.objects.filter(person=cast.ming).update(keeps=False)
    token = unkept_form(cast, ming)
    assert give(ming, token, KEPT_SIGN, headers=HTMX).status_code == 200
    before = counts()
    assert "第 1 行和题目接不上" in page_of(write(ming, token, "4x=-20+4"))
    assert counts() == before and workings() == []


def unkept_form(cast: Cast, client: Client) -> str:
    practice = UUID(begin(client).rstrip("/").rsplit("/", 1)[1])
    item, number = generator_item("linear-equation"), number_of(cast.ming)
    return forms.issue(
        pupil=number, item=item.pk, version=item.version, seed=7, practice=practice, number=1, shown=now()
    ).token()


def test_no_steps_before_the_answer_after_a_right_one_or_with_anothers_form(cast: Cast, ming: Client) -> None:
    begin(ming)
    token = issue(cast.ming, generator_item("linear-equation"))
    assert write(ming, token, "4x=-24").status_code == 400
    give(ming, token, right_answer(token, cast.ming))
    assert write(ming, token, "4x=-24").status_code == 400
    assert write(ming, "nonsense", "4x=-24").status_code == 400
    mine = wrong_form(cast, ming)
    assert write(cast.client(cast.hong), mine, "4x=-24").status_code == 409
    assert workings() == []


def test_no_steps_while_a_placement_measures(cast: Cast, ming: Client) -> None:
    token = wrong_form(cast, ming)
    with unscoped("test"):
        Practice.objects.update(purpose=Purpose.PLACEMENT)
    assert write(ming, token, "4x=-24").status_code == 400


def test_more_rows_without_a_look_and_a_whole_page_without_javascript(cast: Cast, ming: Client) -> None:
    token = wrong_form(cast, ming)
    page = page_of(write(ming, token, "4x=-24", htmx=False, more="1"))
    assert "<html" in page and page.count('name="line"') == 4 and "接得上" not in page
    assert page_of(write(ming, token, *["4x=-24"] * 5, more="1")).count('name="line"') == 7
    full = page_of(write(ming, token, *["4x=-24"] * 20))
    assert full.count('name="line"') == 12 and "再加几行" not in full
    assert len(workings()) == 1


def test_the_same_steps_are_not_kept_without_end(cast: Cast, ming: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "WORKINGS", 2)
    token = wrong_form(cast, ming)
    assert [write(ming, token, f"4x=-24+{more}").status_code for more in (1, 2, 2, 3)] == [200] * 4
    assert len(workings()) == 2


def test_confirmations_are_learned_from() -> None:
    model = Trained(1, {}, {"step:sign": (300, 0), "eq-move-keeps-sign": (1, 2)}).moves
    assert model.probability("sign of a term") > 0.9


# --- the teacher ------------------------------------------------------------------------------------------------------


@pytest.fixture
def wang(cast: Cast) -> Client:
    causes.forget()
    return cast.client(cast.wang)


def test_a_step_is_evidence_with_the_line_before_and_is_confirmed_like_any_cause(
    cast: Cast, ming: Client, wang: Client
) -> None:
    """The answer alone (99) says nothing; the steps do."""
    token = wrong_form(cast, ming, "99")
    write(ming, token, "4x=-20-4", "4x=-24", "x=-24-4")
    write(ming, token, "4x=-20-4", "4x=-24", "x=-6")  # mended: the first one still counts
    answer = workings()[0].answer
    page = page_of(wang.get(f"/classes/answers/{answer}"))
    assert "可能是“系数化为 1 时用了减法”" in page
    assert "步骤里从 $4x = -24$ 到 $x = -24-4$" in page and "学生写出的步骤" in page
    assert len(re.findall('<li class="breaks">', page)) == 1
    report = page_of(wang.get(f"/classes/{cast.class51.pk}/report"))
    assert "系数化为 1 时用了减法" in report and "步骤里看到 1 次" in report
    wang.post(f"/classes/answers/{answer}", {"cause": "eq-coefficient-subtracted"})
    with unscoped("test"):
        row = Judgement.objects.get()
        assert row.confirmed
        assert in_use("math").moves.counts["coefficient subtracted"] > moves.PRIOR_COUNTS["coefficient subtracted"]


def test_a_correction_takes_the_place_of_what_the_steps_showed(cast: Cast, ming: Client, wang: Client) -> None:
    token = wrong_form(cast, ming)
    write(ming, token, "4x=-20+4")
    answer = workings()[0].answer
    wang.post(f"/classes/answers/{answer}", {"cause": "step:sign"})
    page = page_of(wang.get(f"/classes/answers/{answer}"))
    assert "老师判断是“一项的符号抄错或算错了”" in page and "移项没有变号" in page


def test_steps_and_answer_that_show_the_same_count_once(cast: Cast, ming: Client, wang: Client) -> None:
    token = wrong_form(cast, ming)
    write(ming, token, "4x=-20+4", "x=-4")
    with unscoped("test"):
        found = causes.attribute(facts(), "math")
    names = [one.cause for one in found[0].candidates]
    assert names.count("eq-move-keeps-sign") == 1 and found[0].candidates[0].how == causes.STEP


def test_steps_of_another_school_are_out_of_reach(cast: Cast, ming: Client) -> None:
    token = wrong_form(cast, ming)
    write(ming, token, "4x=-20+4")
    answer = workings()[0].answer
    assert cast.client(cast.chen).get(f"/classes/answers/{answer}").status_code in (403, 404)
    given = facts()
    for person, reached in ((cast.wang, 1), (cast.ming, 1), (cast.hong, 0), (cast.far, 0)):
        with scope(cast.actor(person).scope):
            assert len(workings_of(given)) == reached


class TestTwoFaultsInOneLine:
    TASK = start_of("解方程：$5x+3=2x+9$，$x=$？", "2")
    CAUSE = "two:eq-move-keeps-sign+eq-unknown-keeps-sign"

    def test_both_are_named(self) -> None:
        assert self.TASK is not None
        found = check(self.TASK, read_rows(self.TASK, ["7x=12"])).found
        assert found is not None and stepped(found.causes[0].steps, True) == self.CAUSE
        first, second = (name_of(cause) for cause in ("eq-move-keeps-sign", "eq-unknown-keeps-sign"))
        assert name_of(self.CAUSE) == f"{first}，又{second}"
        assert words_of("eq-move-keeps-sign") in words_of(self.CAUSE)
        assert probe(self.CAUSE) == probe("eq-move-keeps-sign"), "the pupil is asked about one thing at a time"
        point = point_of(self.CAUSE, "math")
        assert point is not None and point == point_of("eq-move-keeps-sign", "math")

    def test_confirming_it_counts_for_each(self) -> None:
        rules = _rules({("", self.CAUSE): 3, (self.CAUSE, "slip"): 1})
        counts = Trained(1, {}, {rule: (pair[0], pair[1]) for rule, pair in rules.items()}).moves.counts
        for name in ("moved without changing the sign", "letter moved without changing the sign"):
            assert counts[name] == moves.MoveModel().counts[name] + 3
