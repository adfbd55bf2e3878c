"""Taking in a bank: every row has an account, the same again when repeated; nothing is lost, nothing comes twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from tests.cast import Cast
from tests.knowledge.answers import answer
from tests.knowledge.bank import OPTIONS, bring, lines, tal, told
from yincai.core import jobs
from yincai.core.actors import acting
from yincai.core.models import AuditRow, Job
from yincai.core.scope import unscoped
from yincai.knowledge import items
from yincai.knowledge.actions import take_in as importing
from yincai.knowledge.intake.formats import COLUMNS, NotATable, read, route_names
from yincai.knowledge.intake.markup import from_latex_text, pieces, unbalanced
from yincai.knowledge.intake.same import digests, fold
from yincai.knowledge.models import Contradiction, ImportedRow, Item, ItemFlag, ItemStatus, Route
from yincai.knowledge.queries import graph
from yincai.knowledge.views.intake import LABELS

ITEMS = Path(__file__).resolve().parents[3] / "shared" / "data" / "items"
TAL_FILE = ITEMS / "tal-scq5k-cn-3k.jsonl"
CMATH_FILE = ITEMS / "cmath-600.jsonl"


@pytest.fixture(autouse=True)
def everywhere(request: pytest.FixtureRequest) -> Iterator[None]:
    if "cast" not in request.fixturenames:
        yield
        return
    with unscoped("tests look at all items"):
        yield


def imported() -> int:
    return Item.objects.filter(generator="").count()


MIXED = (
    tal("计算 $$x^2$$ 的值"),
    tal("计算　$$x^2$$的值 "),  # 2: the same but for white space
    tal("计算 $$ｘ^2$$ 的值"),  # 3: the same in full width
    tal("计算 $$x²$$ 的值"),  # 4: another text, which NFKC would make the same as 5
    tal("计算 $$x2$$ 的值"),  # 5
    tal("计算 $$x^2$$ 的值", options=OPTIONS[::-1]),  # 6: the same text with other options
    tal("哪个对？", "A"),
    tal("哪个对？", "B"),  # 8: the same text and options, another key
    tal("只有一个选项", options=["请写在答题卡上"]),  # 9
    tal("答案不在里面", "G"),  # 10
    "{不是 JSON}",  # 11
    tal("哪个对？", "B"),  # 12: an alias of 8
)


def test_every_row_has_its_account(cast: Cast) -> None:
    _, found = bring(lines(*MIXED), cast.system)
    assert found["rows"] == 12
    assert found["imported"] == 4
    assert found["aliases"] == [{"row": 2, "of": 1}, {"row": 3, "of": 1}, {"row": 12, "of": 8}]
    assert [(row["row"], row["with"]) for row in found["held"]] == [(7, 8), (8, 7)]
    assert "这里是 A，那里是 B" in found["held"][0]["reason"]
    assert "这里是 B，那里是 A" in found["held"][1]["reason"]
    assert [row["row"] for row in found["rejected"]] == [9, 10, 11]
    assert all(row["reason"] for row in found["rejected"])
    assert imported() == 6


def test_the_same_file_again_brings_nothing_and_says_the_same(cast: Cast) -> None:
    content = lines(*MIXED)
    _, first = bring(content, cast.system)
    job, second = bring(content, cast.system)
    assert job is None
    assert json.dumps(first) == json.dumps(second)
    assert imported() == 6


def test_what_people_decide_does_not_change_the_account(cast: Cast) -> None:
    content = lines(*MIXED)
    _, first = bring(content, cast.system)
    Item.objects.filter(status=ItemStatus.HELD).update(status=ItemStatus.RETIRED)
    Contradiction.objects.all().delete()
    assert bring(content, cast.system)[1] == first


def test_rows_of_another_file_are_named_by_the_code_of_the_item(cast: Cast) -> None:
    bring(lines(tal("第一次", "A"), tal("矛盾", "A")), cast.system)
    code = {row.plain[:2]: row.code for row in Item.objects.filter(generator="")}
    _, found = bring(lines(tal("第一次", "A"), tal("矛盾", "C")), cast.system)
    assert found["aliases"] == [{"row": 1, "of": code["第一"]}]
    assert [(row["row"], row["with"]) for row in found["held"]] == [(2, code["矛盾"])]
    assert Item.objects.get(code=code["矛盾"]).status == ItemStatus.HELD


def test_a_longer_file_accounts_for_the_rows_of_the_shorter_one_it_holds(cast: Cast) -> None:
    bring(lines(*MIXED[:5]), cast.system)
    _, whole = bring(lines(*MIXED), cast.system)
    with unscoped("counting"):
        Item.objects.filter(generator="").delete()
        ImportedRow.objects.all().delete()
    assert bring(lines(*MIXED), cast.system)[1] == whole


def test_three_keys_for_one_question_hold_all_three(cast: Cast) -> None:
    _, found = bring(lines(tal("同", "A"), tal("同", "B"), tal("同", "C")), cast.system)
    assert [(row["row"], row["with"]) for row in found["held"]] == [(1, 2), (2, 1), (3, 1)]
    assert not Item.objects.filter(generator="").exclude(status=ItemStatus.HELD).exists()


def test_a_killed_import_goes_on_where_it_was(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    content = lines(*[tal(f"第 {n} 题", "ABCD"[n % 4]) for n in range(90)], tal("第 5 题", "A"))
    kind = jobs.KINDS[importing.KIND]
    calls = []

    def dies(job: Job, rows: Any, actor: Any) -> Any:
        calls.append(len(rows))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return importing.apply(job, rows, actor)

    monkeypatch.setitem(jobs.KINDS, importing.KIND, jobs.JobKind(kind.name, kind.label, kind.permission, dies))
    with pytest.raises(KeyboardInterrupt):
        bring(content, cast.system)
    assert 0 < imported() < 90
    monkeypatch.setitem(jobs.KINDS, importing.KIND, kind)
    _, found = bring(content, cast.system)
    assert (found["imported"], len(found["held"])) == (89, 2)
    assert imported() == 91
    assert Job.objects.filter(kind=importing.KIND).count() == 1


def test_undo_takes_back_the_last_row(cast: Cast) -> None:
    bring(lines(tal("早就有的", "A")), cast.system)
    before = _everything()
    job, _ = bring(lines(*MIXED, tal("早就有的", "B")), cast.system)
    with acting(cast.system):
        jobs.undo(job, acting_user=cast.system)  # type: ignore[arg-type]
    assert _everything() == before
    assert bring(lines(*MIXED), cast.system)[1]["imported"] == 4


def _everything() -> list[Any]:
    rows = list(Item.objects.filter(generator="").values_list("code", "status"))
    return [rows, ImportedRow.objects.count(), Contradiction.objects.count(), ItemFlag.objects.count()]


def test_undo_keeps_an_item_that_was_answered_but_retires_it(cast: Cast) -> None:
    job, _ = bring(lines(tal("有人做过"), tal("没人做过")), cast.system)
    answer(cast, Item.objects.get(plain__startswith="有人做过"), "A")
    with acting(cast.system):
        jobs.undo(job, acting_user=cast.system)  # type: ignore[arg-type]
    assert [(row.plain[:4], row.status) for row in Item.objects.filter(generator="")] == [("有人做过", "retired")]


def test_a_school_cannot_hold_back_what_the_city_uses(cast: Cast) -> None:
    bring(lines(tal("全市在用", "A")), cast.system)
    _, found = bring(lines(tal("全市在用", "B")), cast.actor(cast.clerk))
    assert len(found["held"]) == 1
    city, school = Item.objects.filter(generator="").order_by("pk")
    assert (city.place, city.status) == ("", ItemStatus.READY)
    assert (school.place, school.status) == (cast.first.path, ItemStatus.HELD)
    assert ItemFlag.objects.filter(item=city).count() == 1


def test_schools_do_not_see_into_each_others_banks(cast: Cast) -> None:
    bring(lines(tal("各校各的", "A")), cast.actor(cast.clerk))
    district = bring(lines(tal("各校各的", "B")), cast.actor(cast.sun))[1]
    assert (district["imported"], district["held"]) == (1, [])


def test_an_item_with_doubts_is_kept_as_a_draft_with_a_flag(cast: Cast) -> None:
    same = ["$$1$$", "$$2$$", "$$1$$"]
    _, found = bring(lines(tal("公式没有收尾 $$x", "A"), tal("选项重复", "A", same)), cast.system)
    assert found["imported"] == 2
    assert {item.status for item in Item.objects.filter(generator="")} == {ItemStatus.DRAFT}
    said = " ".join(ItemFlag.objects.order_by("item").values_list("words", flat=True))
    assert "题干里公式的 $ 不成对" in said
    assert "答案 A 与选项 C 内容相同" in said


def test_routes_become_a_tree_without_loops(cast: Cast) -> None:
    bring(lines(tal("甲", knowledge_point_routes=["A->A->B->C", "D->B->C"])), cast.system)
    paths = set(Route.objects.values_list("path", flat=True))
    assert paths == {"A", "A / B", "A / B / C", "D", "D / B", "D / B / C"}
    assert route_names(" A -> A->B ") == ["A", "B"]


def test_the_audit_knows_each_batch(cast: Cast) -> None:
    bring(lines(tal("甲")), cast.system)
    assert AuditRow.objects.filter(kind="core.Job").exists()


# -- sameness


@given(st.text(), st.text(alphabet=" \t\n\u3000\u2003\xa0"))
def test_white_space_never_matters(text: str, blank: str) -> None:
    middle = len(text) // 2
    assert fold(text[:middle] + blank + text[middle:]) == fold(text)
    assert fold(fold(text)) == fold(text)


@given(st.text(alphabet=st.characters(min_codepoint=0x21, max_codepoint=0x7E)))
def test_full_width_forms_are_their_plain_ones(text: str) -> None:
    wide = "".join(chr(ord(char) + 0xFEE0) for char in text)
    assert fold(wide) == text


@pytest.mark.parametrize(("one", "other"), [("x²", "x2"), ("½", "1/2"), ("①", "1"), ("㎡", "m2"), ("ﬁ", "fi")])
def test_what_nfkc_would_fold_stays_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)


def test_options_count_in_their_order_and_not_run_together() -> None:
    assert digests("t", ["ab", "c"], "A").options != digests("t", ["a", "bc"], "A").options
    assert digests("t", ["a", "b"], "A").options != digests("t", ["b", "a"], "A").options
    assert digests("t", ["a", "b"], "a").whole == digests("t", ["a", "b"], " A ").whole


# -- markup


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("小数$$0.25$$和$$4$$ ", "小数$0.25$和$4$"),
        ("``甲''说", "“甲”说"),
        ("共有~\\uline{~~~~~~~~~~}~本．", "共有____本．"),
        ("最大值是（~ ）．", "最大值是（　　）．"),
        ("$$a\\textless{}b$$", "$a<b$"),
        ("$$\\textbark\\textbar$$", "$| k|$"),
        ("第一句．  第二句．", "第一句．\n\n第二句．"),
        ("<p>一</p><p>二</p>", "一\n\n\n\n二"),
        ("\\textbf{（2018 $$A$$ 卷）}题", "（2018 $A$ 卷）题"),
        (
            "$$\\left { \\begin{matrix}1\\&2\\end{matrix} \\right.$$",
            "$\\left\\{ \\begin{matrix}1&2\\end{matrix} \\right.$",
        ),
        ("没有收尾 $$x", "没有收尾 $$x"),
        ("20\\%与\\#", "20%与#"),
    ],
)
def test_latex_text_becomes_our_markup(theirs: str, ours: str) -> None:
    assert from_latex_text(theirs) == ours


@given(st.text(alphabet="ab$ \\{}中", max_size=40))
def test_pieces_lose_nothing(text: str) -> None:
    if unbalanced(text):
        return
    joined = "".join(piece if not formula else f"␞{piece}␞" for piece, formula in pieces(text))
    assert joined.replace("␞", "").replace("$", "") == text.replace("$", "")


# -- our own formats


OWN = {"kind": "numeric", "stem": "计算 $\\frac{1}{2}+\\frac{1}{3}$", "answer": "5/6"}


def test_all_kinds_come_in_lines_of_json(cast: Cast) -> None:
    content = lines(
        OWN | {"code": "a-1", "points": ["m5.frac.add-unlike"], "hints": ["分母不同，先怎样？", "通分"], "unit": "米"},
        {"kind": "single", "stem": "选一个", "options": ["甲", "乙"], "answer": "B", "difficulty": 1.5, "grade": 5},
        {"kind": "multiple", "stem": "选几个", "options": ["甲", "乙", "丙"], "answer": "AC"},
        {"kind": "expression", "stem": "展开", "answer": {"kind": "expression", "key": "x^2-1"}},
        {"kind": "expression", "stem": "解不等式", "answer": "x>3"},
    )
    _, found = bring(content, cast.system, "jsonl")
    assert (found["imported"], found["rejected"]) == (5, [])
    first = Item.objects.get(code="a-1")
    asked = items.question(first.pk, 1)
    slot = graph()["m5.frac.add-unlike"].slot
    assert (asked.kind, asked.unit, asked.hint_levels, asked.points) == ("numeric", "米", 2, (slot,))
    assert items.grade(first.pk, 1, None, "10/12米").outcome == "right"
    assert items.hint(first.pk, 1, None, 2) == "通分"
    multiple = Item.objects.get(kind="multiple")
    assert items.grade(multiple.pk, 1, None, "CA").outcome == "right"
    assert items.grade(multiple.pk, 1, None, "A").outcome == "wrong"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (OWN | {"kind": "essay"}, "题型“essay”不认识"),
        (OWN | {"stem": " "}, "缺少题干"),
        (OWN | {"answer": None}, "缺少答案"),
        (OWN | {"answer": "1/("}, "读不懂"),
        (OWN | {"options": ["1", "2"]}, "不应有选项"),
        (OWN | {"points": ["m9.no.such"]}, "没有这样的知识点：m9.no.such"),
        (OWN | {"colour": "red"}, "不认识的字段：colour"),
        (OWN | {"difficulty": 9}, "应在 -4 到 4 之间"),
        (OWN | {"hints": ["1", "2", "3", "4"]}, "提示最多 3 步"),
        (OWN | {"unit": "光年"}, "单位“光年”不在单位表里"),
        ({"kind": "single", "stem": "s", "options": ["甲"], "answer": "A"}, "要有 2 至 10 个选项"),
        ({"kind": "single", "stem": "s", "options": ["甲", " "], "answer": "A"}, "选项 B 是空的"),
        ({"kind": "single", "stem": "s", "options": ["甲", "乙"], "answer": "C"}, "应是选项 AB 中的字母"),
        ("[1, 2]", "应是一个 JSON 对象"),
        ('{"kind": ', "不是合法的 JSON"),
        ("[" * 100_000, "嵌套太深"),
    ],
)
def test_a_refused_row_says_why(cast: Cast, row: dict[str, Any] | str, reason: str) -> None:
    _, found = bring(lines(row), cast.system, "jsonl")
    assert found["imported"] == 0
    assert reason in found["rejected"][0]["reason"]


def test_a_code_is_never_given_to_another_question(cast: Cast) -> None:
    bring(lines(OWN | {"code": "a-1"}), cast.system, "jsonl")
    _, found = bring(lines(OWN | {"code": "a-1", "stem": "另一题"}), cast.system, "jsonl")
    assert "编号 a-1 已是另一道题的" in found["rejected"][0]["reason"]


def sheet(*rows: dict[str, Any], header: list[str] | None = None) -> bytes:
    book, names = Workbook(), header or list(COLUMNS)
    page = book.active
    assert page is not None
    page.append(names)
    for row in rows:
        page.append([row.get(name) for name in names])
    kept = BytesIO()
    book.save(kept)
    return kept.getvalue()


def test_a_spreadsheet_comes_in_and_numbers_stay_what_they_were(cast: Cast) -> None:
    content = sheet(
        {
            "题型": "填数",
            "题干": "3+4",
            "答案": 7,
            "知识点": "m3.add.two-digit",
            "难度": "易",
            "年级": 3,
            "提示": "数一数",
        },
        {},
        {"题型": "单选", "题干": "哪个大", "选项A": 0.5, "选项B": "1/3", "答案": "a"},
        {"题型": "单选", "题干": "哪个大", "选项A": 0.5, "答案": "A"},
    )
    _, found = bring(content, cast.system, "xlsx")
    assert (found["rows"], found["imported"]) == (3, 2)
    assert [row["row"] for row in found["rejected"]] == [4]
    numeric = Item.objects.get(kind="numeric", generator="")
    assert (numeric.difficulty, numeric.grade) == (-1.0, 3)
    assert items.grade(numeric.pk, 1, None, "7").outcome == "right"


def test_the_template_of_the_page_comes_in_as_it_is(cast: Cast) -> None:
    content = cast.client(cast.sun).get("/bank/import/template.xlsx").content
    assert load_workbook(BytesIO(content)).active is not None
    _, found = bring(content, cast.system, "xlsx")
    assert (found["imported"], found["rejected"]) == (1, [])


def test_a_file_that_is_no_table_is_told_apart() -> None:
    with pytest.raises(NotATable, match="不是能读的"):
        list(read("xlsx", b"PK\x03\x04 broken"))
    with pytest.raises(NotATable, match="表头缺少列：答案"):
        list(read("xlsx", sheet(header=["题型", "题干"])))


# -- the command


def test_the_command_speaks_the_promised_json(cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bank.jsonl"
    file.write_bytes(lines(*MIXED))
    said = []
    for _ in range(2):
        call_command("import_items", str(file), format="tal-scq5k", as_json=True)
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]
    found = json.loads(said[0])
    assert list(found) == ["rows", "imported", "aliases", "held", "rejected"]
    total = found["imported"] + len(found["aliases"]) + len(found["held"]) + len(found["rejected"])
    assert total == found["rows"] == 12


def test_the_command_takes_an_import_back(cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bank.jsonl"
    file.write_bytes(lines(*MIXED))
    call_command("import_items", str(file), format="tal-scq5k", as_json=True)
    capsys.readouterr()
    call_command("import_items", str(file), format="tal-scq5k", as_json=True, undo=True)
    assert json.loads(capsys.readouterr().out) == {"undone": 12}
    assert (imported(), ImportedRow.objects.count()) == (0, 0)
    with pytest.raises(CommandError, match="没有可撤销的导入") as refused:
        call_command("import_items", str(file), format="tal-scq5k", undo=True)
    assert refused.value.returncode == 1


def test_a_missing_file_is_wrong_use(cast: Cast, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="读不了文件") as refused:
        call_command("import_items", str(tmp_path / "none.jsonl"), format="jsonl")
    assert refused.value.returncode == 2


def test_every_format_can_be_chosen_on_the_page() -> None:
    from yincai.knowledge.intake.formats import FORMATS

    assert set(LABELS) == set(FORMATS)


# -- real banks


@pytest.mark.real
@pytest.mark.skipif(not TAL_FILE.exists(), reason=f"the real bank is not there: {TAL_FILE.name}")
def test_all_three_thousand_real_items_are_accounted_for(cast: Cast) -> None:
    job, found = bring(TAL_FILE.read_bytes(), cast.system)
    assert job is not None
    assert found["rows"] == 3000
    assert found["imported"] + len(found["aliases"]) + len(found["held"]) + len(found["rejected"]) == 3000
    assert {(row["row"], row["with"]) for row in found["held"]} == {(188, 1718), (1718, 188), (287, 721), (721, 287)}
    assert {"row": 92, "of": 58} in found["aliases"]
    assert {row["row"] for row in found["rejected"]} == {210, 568, 708, 831, 1154, 1664}
    assert imported() == found["imported"] + len(found["held"])


@pytest.mark.real
@pytest.mark.skipif(not TAL_FILE.exists(), reason=f"the real bank is not there: {TAL_FILE.name}")
def test_the_real_bank_repeated_and_undone(cast: Cast) -> None:
    """Aliases are counted here another way: pairwise, over the raw rows."""
    content = TAL_FILE.read_bytes()
    job, first = bring(content, cast.system)
    assert bring(content, cast.system) == (None, first)
    rows = [json.loads(line) for line in content.splitlines()]
    seen: dict[Any, int] = {}
    for number, row in enumerate(rows, start=1):
        if len(row["answer_option_list"]) < 2:
            continue
        says = [row["problem"], *(option[0]["content"] for option in row["answer_option_list"]), row["answer_value"]]
        key = tuple(
            "".join(part.split()).translate({code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}) for part in says
        )
        if key in seen:
            assert {"row": number, "of": seen[key]} in first["aliases"]
        seen.setdefault(key, number)
    with acting(cast.system):
        jobs.undo(job, acting_user=cast.system)  # type: ignore[arg-type]
    assert (imported(), ImportedRow.objects.count()) == (0, 0)


@pytest.mark.skipif(not CMATH_FILE.exists(), reason=f"the real bank is not there: {CMATH_FILE.name}")
def test_real_word_problems_come_in_by_our_own_format(cast: Cast) -> None:
    rows = [json.loads(line) for line in CMATH_FILE.read_text(encoding="utf-8").splitlines()]
    own = [
        {
            "kind": "numeric",
            "stem": row["input"],
            "answer": row["golden"],
            "grade": row["grade"],
            "licence": "CC BY 4.0",
        }
        for row in rows
    ]
    _, found = bring(lines(*own), cast.system, "jsonl")
    assert found["imported"] + len(found["aliases"]) + len(found["held"]) + len(found["rejected"]) == len(rows)
    assert found["imported"] > 590
    item = Item.objects.filter(generator="").first()
    assert item is not None
    assert items.grade(item.pk, 1, None, rows[0]["golden"]).outcome == "right"


def test_an_account_of_rows_that_were_never_taken_in_is_empty(cast: Cast) -> None:
    rows = importing.keyed("jsonl", read("jsonl", lines(OWN)))
    assert told(rows) == {"rows": 1, "imported": 0, "aliases": [], "held": [], "rejected": []}
