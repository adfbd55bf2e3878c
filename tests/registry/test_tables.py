"""Tables out of files: encodings, headings, cells, and what cannot be read."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.styles import Font

from yincai.registry.imports.tables import LOST, Column, TableError, decode, letter, read_table

COLUMNS = (
    Column("name", "姓名", ("学生姓名",), required=True),
    Column("number", "学号", ("座号",)),
    Column("born", "出生日期"),
)
CHINESE = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=6)


def workbook(*rows: list[Any]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def sheet(*rows: list[str]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue()


@given(
    st.lists(st.tuples(CHINESE, st.integers(1, 60)), min_size=1, max_size=8),
    st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]),
)
def test_a_csv_reads_the_same_in_every_encoding(people: list[tuple[str, int]], encoding: str) -> None:
    text = sheet(["姓名", "学号"], *[[name, str(number)] for name, number in people])
    table = read_table("名单.csv", text.encode(encoding), COLUMNS)
    assert [(row["name"], row["number"]) for row in table.rows] == [(name, str(number)) for name, number in people]
    assert [row.number for row in table.rows] == list(range(2, len(people) + 2))


@given(st.text(max_size=60))
def test_whatever_is_utf_8_decodes_to_itself(text: str) -> None:
    assert decode(text.encode()) == text.removeprefix("\ufeff")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_in_words(content: bytes) -> None:
    for name in ("a.csv", "a.xlsx"):
        try:
            read_table(name, content, COLUMNS)
        except TableError as error:
            assert str(error).endswith("。")


def test_tabs_semicolons_and_line_ends() -> None:
    for text in ("姓名\t学号\r\n小明\t1\r\n", "姓名;学号\n小明;1\n"):
        assert read_table("a.csv", text.encode(), COLUMNS).rows[0]["number"] == "1"


def test_headings_by_other_names_below_a_title_in_any_order() -> None:
    content = workbook(["五（1）班名单"], ["座号", "学生姓名 *", "特长"], [3, "小明", "篮球"])
    table = read_table("a.xlsx", content, COLUMNS)
    assert table.rows[0].cells == {"number": "3", "name": "小明"}
    assert table.rows[0].number == 3
    assert table.letters == {"number": "A", "name": "B"}
    assert table.ignored == ["特长"]


def test_a_cell_merged_over_rows_counts_in_each_of_them() -> None:
    book = Workbook()
    for row in (["名单", None], ["学号", "姓名"], [3, "小明"], [None, "小红"], [4, "小刚"]):
        book.active.append(row)
    book.active.merge_cells("A1:B1")
    book.active.merge_cells("A3:A4")
    file = io.BytesIO()
    book.save(file)
    rows = read_table("a.xlsx", file.getvalue(), COLUMNS).rows
    assert [row.cells for row in rows] == [
        {"number": "3", "name": "小明"},
        {"number": "3", "name": "小红"},
        {"number": "4", "name": "小刚"},
    ]


def test_empty_sheets_before_the_table_are_passed_over() -> None:
    book = Workbook()
    for row in (["姓名", "学号"], ["小明", 1]):
        book.create_sheet("名单") if len(book.sheetnames) == 1 else None
        book["名单"].append(row)
    file = io.BytesIO()
    book.save(file)
    assert read_table("a.xlsx", file.getvalue(), COLUMNS).rows[0]["name"] == "小明"


def test_a_title_above_the_headings_does_not_hide_the_separator() -> None:
    assert read_table("a.csv", "名单\n姓名;学号\n小明;1\n".encode(), COLUMNS).rows[0]["number"] == "1"


def test_cells_become_plain_text() -> None:
    content = workbook(["姓名", "学号", "出生日期"], [" 小　明 ", 3.0, date(2015, 3, 1)], ["小红", "", None])
    rows = read_table("a.xlsx", content, COLUMNS).rows
    assert rows[0].cells == {"name": "小 明", "number": "3", "born": "2015-03-01"}
    assert rows[1].cells == {"name": "小红", "number": "", "born": ""}


def test_a_long_number_that_lost_its_digits_is_marked() -> None:
    content = workbook(["姓名", "学号"], ["小明", 330102201503010123])
    assert read_table("a.xlsx", content, COLUMNS).rows[0]["number"].startswith(LOST)


def test_examples_remarks_and_empty_rows_are_left_out() -> None:
    content = workbook(["姓名", "学号"], ["例：张三", 1], [None, None], ["小明", 2], ["说明：带 * 的必填"])
    rows = read_table("a.xlsx", content, COLUMNS).rows
    assert [(row.number, row["name"]) for row in rows] == [(4, "小明")]


def test_an_export_of_our_own_reads_back_what_it_guarded() -> None:
    assert read_table("a.csv", sheet(["姓名", "学号"], ["'=小明", "1"]).encode(), COLUMNS).rows[0]["name"] == "=小明"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([["甲", "乙"], ["1", "2"]], "没有找到表头"),
        ([["学号", "出生日期"], ["1", ""]], "缺少：姓名"),
        ([["姓名", "学号"]], "没有内容"),
    ],
)
def test_what_a_table_lacks_is_said(rows: list[list[str]], said: str) -> None:
    with pytest.raises(TableError, match=said):
        read_table("a.csv", sheet(*rows).encode(), COLUMNS)


@pytest.mark.parametrize("place", ["XFD1048576", "AAA40000"])
def test_a_cell_far_off_does_not_take_all_memory(place: str) -> None:
    book = Workbook()
    book.active["A1"], book.active["B1"], book.active["A2"] = "姓名", "学号", "小明"
    book.active[place] = "手滑"
    file = io.BytesIO()
    book.save(file)
    with pytest.raises(TableError, match=place):
        read_table("a.xlsx", file.getvalue(), COLUMNS)


def test_a_stray_cell_to_the_right_or_empty_ones_with_a_format_are_no_trouble() -> None:
    book = Workbook()
    book.active["A1"], book.active["B1"], book.active["A2"] = "姓名", "学号", "小明"
    book.active["XFD2"] = "手滑"
    book.active["XFD9000"].font = Font(bold=True)
    file = io.BytesIO()
    book.save(file)
    assert [row["name"] for row in read_table("a.xlsx", file.getvalue(), COLUMNS).rows] == ["小明"]


def test_a_bomb_is_not_unpacked() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(40):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", b"0" * 10_000_000)
    with pytest.raises(TableError, match="展开后太大"):
        read_table("a.xlsx", file.getvalue(), COLUMNS)


def test_column_letters() -> None:
    assert [letter(index) for index in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
