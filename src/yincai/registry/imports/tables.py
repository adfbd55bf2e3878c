"""Reading a table from the bytes of an .xlsx or .csv file: every cell as text, rows under their number in the sheet."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from yincai.core.action import ActionError
from yincai.core.exports import SYNTHETIC

HEADER_WITHIN = 10  # rows in which the header must stand
MOST_ROWS = 50_000
MOST_UNPACKED = 300 * 1024 * 1024
MOST_CELLS = 10_000_000  # a sheet is read as a full rectangle: one cell far off makes it huge
FAR_CELL = re.compile(rb"""<(?:\w+:)?c\b[^>]*?\sr\s*=\s*["']([A-Za-z]+)(\d+)["'][^>]*?(?<!/)>""")
LOST_DIGITS = 1e15  # from here on a spreadsheet number no longer holds all its digits
LOST = "≈"
EXAMPLE, REMARKS = "例：", ("说明：", "因材 ·", SYNTHETIC)  # what our own exports say under a table
FORMULA_GUARD = re.compile(r"'(?=[=+\-@＝＋－＠])")


class TableError(ActionError):
    """The file as a whole cannot be read; says what to do."""


@dataclass(frozen=True)
class Column:
    key: str
    title: str
    aliases: tuple[str, ...] = ()
    required: bool = False
    example: str = ""
    most: int = 500  # characters in a cell

    @property
    def names(self) -> set[str]:
        return {plain(name) for name in (self.title, *self.aliases)}


@dataclass
class Row:
    """`number`: as the spreadsheet counts. `cells`: text by column key; a missing column is the empty text."""

    number: int
    cells: dict[str, str]

    def __getitem__(self, key: str) -> str:
        return self.cells.get(key, "")


@dataclass
class Table:
    rows: list[Row]
    letters: dict[str, str] = field(default_factory=dict)  # column key → A, B, …
    ignored: list[str] = field(default_factory=list)  # headings that nobody asked for


def read_table(name: str, content: bytes, columns: Sequence[Column]) -> Table:
    grid = list(_xlsx(content) if name.lower().endswith(".xlsx") else _csv(content))
    if len(grid) > MOST_ROWS:
        raise TableError(f"这张表有 {len(grid)} 行，一次最多 {MOST_ROWS} 行，请分成几张。")
    header, places, ignored = _header(grid, columns)
    rows = [
        Row(number, {key: cells[index] for key, index in places.items() if index < len(cells)})
        for number, cells in enumerate(grid[header + 1 :], start=header + 2)
        if not _skipped(cells)
    ]
    if not rows:
        raise TableError("表头下面没有内容。请从第一行数据填起；以“例：”开头的示例行不算。")
    return Table(rows, {key: letter(index) for key, index in places.items()}, ignored)


def decode(content: bytes) -> str:
    """A .csv as Excel, WPS or a program saves it: UTF-8 with or without mark, else GB18030."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TableError("这个 CSV 的文字编码认不出来。请另存为“CSV UTF-8”或 .xlsx 再传。")


def plain(title: str) -> str:
    """A heading without white space, marks and what stands in brackets."""
    folded = unicodedata.normalize("NFKC", title)
    return re.sub(r"\(.*?\)|[\s*:：、/]", "", folded)


def letter(index: int) -> str:
    """
    >>> letter(0), letter(27)
    ('A', 'AB')
    """
    name = ""
    index += 1
    while index:
        index, digit = divmod(index - 1, 26)
        name = chr(ord("A") + digit) + name
    return name


def _header(grid: list[list[str]], columns: Sequence[Column]) -> tuple[int, dict[str, int], list[str]]:
    """The row of headings: the one among the first that knows most of the columns, at least two."""
    best: tuple[int, dict[str, int]] = (0, {})
    for number, cells in enumerate(grid[:HEADER_WITHIN]):
        places: dict[str, int] = {}
        for index, cell in enumerate(cells):
            found = next((column.key for column in columns if plain(cell) in column.names), None)
            if found and found not in places:
                places[found] = index
        if len(places) > len(best[1]):
            best = (number, places)
    number, places = best
    if len(places) < min(2, len(columns)):
        raise TableError(f"没有找到表头。表头应有：{'、'.join(column.title for column in columns)}。可以先下载模板。")
    missing = [column.title for column in columns if column.required and column.key not in places]
    if missing:
        raise TableError(f"第 {number + 1} 行的表头里缺少：{'、'.join(missing)}。请补上这一列再传。")
    taken = set(places.values())
    ignored = [cell for index, cell in enumerate(grid[number]) if cell and index not in taken]
    return number, places, ignored


def _skipped(cells: list[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return not filled or filled[0].startswith(EXAMPLE) or (len(filled) == 1 and filled[0].startswith(REMARKS))


def _csv(content: bytes) -> Iterator[list[str]]:
    text = decode(content)
    head = "\n".join(text.split("\n", HEADER_WITHIN)[:HEADER_WITHIN])
    delimiter = max(",\t;", key=head.count)
    try:
        for cells in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            yield [_text(FORMULA_GUARD.sub("", cell, count=1) if cell[:1] == "'" else cell) for cell in cells]
    except csv.Error as error:
        raise TableError(f"CSV 读到一半读不下去（{error}）。请用 Excel 或 WPS 打开后另存为 .xlsx 再传。") from None


def _xlsx(content: bytes) -> Iterator[list[str]]:
    from python_calamine import CalamineError, CalamineWorkbook  # here, because few pages need it

    _refuse_bomb(content)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheets = (book.get_sheet_by_name(name) for name in book.sheet_names)
        sheet = next((one for one in sheets if one.height), book.get_sheet_by_index(0))
        grid = sheet.to_python(skip_empty_area=False)
    except (CalamineError, ValueError, IndexError, OSError):
        raise TableError("这个 .xlsx 打不开，可能已损坏或加了密码。请用 Excel 或 WPS 另存一份再传。") from None
    _fill_merged(grid, sheet.merged_cell_ranges or [])
    for cells in grid:
        yield [_text(cell) for cell in cells]


def _fill_merged(grid: list[list[Any]], merged: Iterable[tuple[tuple[int, int], tuple[int, int]]]) -> None:
    """A cell merged over several rows, as people do with the class, counts in each of them."""
    for (top, left), (bottom, _) in merged:
        for cells in grid[top + 1 : bottom + 1]:
            cells[left] = grid[top][left]


def _refuse_bomb(content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_UNPACKED:
                raise TableError("这个 .xlsx 展开后太大。请删去多余的工作表和空行，另存再传。")
            for entry in archive.infolist():
                _refuse_far_cells(archive.read(entry))
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError):
        raise TableError("这个 .xlsx 打不开，可能没有传完整。请重新选择文件。") from None


def _refuse_far_cells(part: bytes) -> None:
    width, height = 1, 1
    for found in FAR_CELL.finditer(part):
        width, height = max(width, _column(found[1])), max(height, int(found[2][:9]))
        if width * height > MOST_CELLS:
            where = (found[1] + found[2]).decode().upper()
            raise TableError(f"这张表在很远的地方（{where}）还有内容，读不了。请删去右边和下面多余的内容，另存再传。")


def _column(letters: bytes) -> int:
    number = 0
    for one in letters.upper()[:4]:
        number = number * 26 + one - ord("A") + 1
    return number


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        if abs(value) >= LOST_DIGITS:
            return f"{LOST}{value:.0f}"
        return str(int(value)) if value.is_integer() else str(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    if isinstance(value, date | time):
        return value.isoformat()
    return " ".join(str(value).replace("\u3000", " ").split())
