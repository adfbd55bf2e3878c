"""Exports: what leaves, in which form; and that nothing generated leaves without its label."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from tests.cast import Cast
from yincai.core import exports
from yincai.core.action import ActionError
from yincai.core.exports import FORMATS, Column, LabelMissingError, Leaving, Linked, Sheet, export
from yincai.core.models import AuditRow, Fact

SHEET = Sheet(
    "五（1）班：练习 [九月]",
    (Column("姓名"), Column("掌握", "percent"), Column("题数", "number"), Column("最近", "date")),
    [(Linked("小明", "/x"), 0.62, 120, date(2026, 9, 1)), ("=1+1", None, -3, None)],
    notes=("n 为学生人数",),
)
GENERATED = replace(SHEET, generated=True)


def test_a_workbook_holds_values_of_their_kind_and_no_formula(cast: Cast) -> None:
    response = export(SHEET, "xlsx", acting_user=cast.actor(cast.wang))
    page: Any = load_workbook(io.BytesIO(response.content)).active
    rows = list(page.iter_rows(values_only=True))
    assert rows[0][0] == SHEET.title
    assert rows[1] == ("姓名", "掌握", "题数", "最近")
    assert rows[2] == ("小明", 0.62, 120, datetime(2026, 9, 1))  # noqa: DTZ001 - spreadsheets know no zones
    assert rows[3][0] == "=1+1"
    assert page["A4"].data_type == "s"
    assert page["B3"].number_format == "0%"
    assert "filename*=utf-8''" in response["Content-Disposition"]


def test_a_csv_opens_in_excel_as_utf8_and_runs_nothing(cast: Cast) -> None:
    content = export(SHEET, "csv", acting_user=cast.actor(cast.wang)).content
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert rows[1] == ["小明", "0.62", "120", "2026-09-01"]
    assert rows[2] == ["'=1+1", "", "-3", ""]


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_in_a_demo_city_every_sheet_says_that_it_is_synthetic(cast: Cast, form: str) -> None:
    Fact.objects.create(name="demo", value=True)
    content = export(SHEET, form, acting_user=cast.actor(cast.wang)).content
    if form == "xlsx":
        page: Any = load_workbook(io.BytesIO(content)).active
        content = "\n".join(str(cell) for row in page.iter_rows(values_only=True) for cell in row).encode()
    assert exports.SYNTHETIC in content.decode()


@given(st.text(max_size=30))
def test_no_text_becomes_a_formula_in_a_csv(text: str) -> None:
    leaving = Leaving(Sheet("表", (Column("甲"),), [(text,)]), "1", "", datetime(2026, 9, 1, tzinfo=UTC))
    content = exports._write_csv(leaving).decode("utf-8-sig")
    cell = list(csv.reader(io.StringIO(content, newline="")))[1:2]
    assert not cell or not cell[0] or not cell[0][0].startswith(exports.FORMULA)


def test_paper_is_an_a4_page_without_the_shell(cast: Cast) -> None:
    page = export(SHEET, "print", acting_user=cast.actor(cast.wang)).content.decode()
    assert '<main class="a4"' in page
    assert "62%" in page
    assert 'class="rail"' not in page


def test_a_sheet_of_many_columns_lies_across_the_paper(cast: Cast) -> None:
    broad = Sheet("宽表", [Column(f"第 {n} 列") for n in range(9)], [["一"] * 9])
    for sheet, lies in ((broad, True), (SHEET, False)):
        page = export(sheet, "print", acting_user=cast.actor(cast.wang)).content.decode()
        assert ('<div class="broad">' in page) is lies


def test_an_export_leaves_an_audit_row_without_content(cast: Cast) -> None:
    export(SHEET, "csv", acting_user=cast.actor(cast.wang))
    row = AuditRow.objects.get(verb="core.export")
    assert set(row.fields) == {"form", "rows", "title", "generated"}
    assert "五（1）班" not in json.dumps(row.fields, ensure_ascii=False)


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_generated_content_carries_the_visible_label_and_the_metadata(cast: Cast, name: str) -> None:
    content = export(GENERATED, name, acting_user=cast.actor(cast.wang)).content
    assert FORMATS[name].labelled(content)
    assert not FORMATS[name].labelled(export(SHEET, name, acting_user=cast.actor(cast.wang)).content)


def test_the_metadata_has_the_fields_of_the_standard() -> None:
    fields = json.loads(Leaving(GENERATED, "abc", "王静", datetime(2026, 9, 1, tzinfo=UTC)).metadata)["AIGC"]
    assert list(fields) == [
        "Label",
        "ContentProducer",
        "ProduceID",
        "ReservedCode1",
        "ContentPropagator",
        "PropagateID",
        "ReservedCode2",
    ]
    assert (fields["Label"], fields["ProduceID"]) == ("1", "abc")


@pytest.mark.parametrize("name", sorted(FORMATS))
@pytest.mark.parametrize("lost", ["visible", "metadata"])
def test_nothing_labelled_leaves_when_a_format_loses_its_label(
    cast: Cast, name: str, lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if lost == "visible":
        whole = FORMATS[name]

        def forgetful(leaving: Leaving) -> bytes:
            return whole.write(replace(leaving, sheet=replace(leaving.sheet, generated=False)))

        monkeypatch.setitem(FORMATS, name, replace(whole, write=forgetful))
    else:
        monkeypatch.setattr(Leaving, "metadata", "{}")
    with pytest.raises(LabelMissingError):
        export(GENERATED, name, acting_user=cast.actor(cast.wang))
    assert not AuditRow.objects.filter(verb="core.export").exists()


def test_an_unknown_format_says_which_there_are(cast: Cast) -> None:
    with pytest.raises(ActionError, match="xlsx"):
        export(SHEET, "pdf", acting_user=cast.actor(cast.wang))


def test_a_table_of_pupils_has_no_rank_and_does_not_sort_by_a_result() -> None:
    with pytest.raises(ActionError, match="不排名"):
        Sheet("成绩", (Column("姓名"), Column("班级排名", "number")), [], pupils=True)
    sheet = Sheet(
        "学情", (Column("学号", "number", sortable_here=True), Column("掌握", "percent")), [(1, 0.5)], pupils=True
    )
    assert [column.sortable for column in sheet.columns] == [True, False]


def test_no_other_code_sends_a_file() -> None:
    """Attachments leave by core.exports alone; a kept file of somebody's own goes by core.files."""
    source = Path(exports.__file__).parents[1]
    senders = {
        str(path.relative_to(source))
        for path in source.rglob("*.py")
        if re.search(r"Content-Disposition|FileResponse|as_attachment", path.read_text())
    }
    assert senders <= {"core/exports.py", "core/files.py"}
