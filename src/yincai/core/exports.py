"""Everything that leaves, leaves through here: a sheet as .xlsx, as .csv or on paper.

An export is an action: the audit knows who took what, how many rows, in which form. What a machine generated carries
the label of policy P10 (标识办法, GB 45438-2025): a visible line and the `AIGC` metadata. Each format brings a
function that reads its label back, and `export` sends nothing generated whose label cannot be read.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.http import content_disposition_header

from yincai.core.action import ActionError, action, noted
from yincai.core.actors import Actor
from yincai.core.figures import percent_text
from yincai.core.ids import new_id
from yincai.core.models import Fact
from yincai.core.permissions import SIGNED_IN

SYNTHETIC = "示范数据，全部为模拟生成，不涉及任何真实的人和学校。"
LABEL = "本内容由人工智能生成，请核对后使用。"
NUMERIC = frozenset({"number", "percent"})
NO_RANKS = re.compile(r"排名|名次|位次|百分位")  # policy P14: never in a table of pupils
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Cell = str | int | float | date | datetime | None


class LabelMissingError(RuntimeError):
    """Generated content was about to leave without its label: a programming error; nothing is sent."""


@dataclass(frozen=True)
class Linked:
    """A cell that opens something on the page; on paper and in files only its value."""

    value: Cell
    url: str


@dataclass(frozen=True)
class Column:
    """`kind`: text, number, percent, date or datetime. `sortable` None: as the sheet allows."""

    label: str
    kind: str = "text"
    sortable_here: bool | None = None
    pupils: bool = False

    @property
    def numeric(self) -> bool:
        return self.kind in NUMERIC

    @property
    def sortable(self) -> bool:
        """A table of pupils is never sorted by a result."""
        return self.sortable_here if self.sortable_here is not None else not (self.pupils and self.numeric)


@dataclass(frozen=True)
class Sheet:
    """`pupils`: rows are pupils (no rank, no sorting by a result). `generated`: a machine made some of the content."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell | Linked]]
    notes: Sequence[str] = ()
    generated: bool = False
    pupils: bool = False

    def __post_init__(self) -> None:
        if self.pupils:
            object.__setattr__(self, "columns", tuple(_of_pupils(column) for column in self.columns))


def _of_pupils(column: Column) -> Column:
    if NO_RANKS.search(column.label):
        raise ActionError(f"学生的表里不能有“{column.label}”一栏：义务教育阶段不排名。")
    return Column(column.label, column.kind, column.sortable_here, pupils=True)


@dataclass(frozen=True)
class Leaving:
    """A sheet on its way out: which export, by whom, when."""

    sheet: Sheet
    id: str
    by: str
    at: datetime

    @property
    def metadata(self) -> str:
        """GB 45438-2025: Label 1 (generated), who produced and who spreads it, and the content's number at each."""
        producer = settings.AI_LABEL_PRODUCER
        fields = {
            "Label": "1",
            "ContentProducer": producer,
            "ProduceID": self.id,
            "ReservedCode1": "",
            "ContentPropagator": producer,
            "PropagateID": self.id,
            "ReservedCode2": "",
        }
        return json.dumps({"AIGC": fields}, ensure_ascii=False)


@dataclass(frozen=True)
class Format:
    """`labelled`: reads a finished export back and says whether it carries the visible line and the metadata."""

    name: str
    label: str
    media_type: str
    suffix: str
    write: Callable[[Leaving], bytes]
    labelled: Callable[[bytes], bool]


FORMATS: dict[str, Format] = {}


def register_format(form: Format) -> None:
    FORMATS[form.name] = form


def wanted_format(request: HttpRequest) -> str:
    """The format that a page's `?as=` asks for; empty for the page itself."""
    named = request.GET.get("as", "")
    return named if named in FORMATS else ""


@action(SIGNED_IN, verb="core.export")
def export(sheet: Sheet, name: str, *, acting_user: Actor) -> HttpResponse:
    """Send a sheet out in the format `name`."""
    form = FORMATS.get(name)
    if form is None:
        raise ActionError(f"没有“{name}”这种导出格式，可用：{'、'.join(FORMATS)}。")
    if Fact.read("demo"):
        sheet = replace(sheet, notes=(*sheet.notes, SYNTHETIC))
    leaving = Leaving(sheet, str(new_id()), acting_user.name, timezone.localtime())
    content = form.write(leaving)
    if sheet.generated and not form.labelled(content):
        raise LabelMissingError(f"{form.name} lost the label of generated content")
    noted("core.Export", leaving.id, form=name, rows=len(sheet.rows), title=sheet.title, generated=sheet.generated)
    response = HttpResponse(content, content_type=form.media_type)
    if form.suffix:
        filename = f"{_file_name(sheet.title)}{leaving.at:%Y%m%d}{form.suffix}"
        response.headers["Content-Disposition"] = content_disposition_header(True, filename) or "attachment"
    return response


@action(SIGNED_IN, verb="core.export")
def export_file(
    title: str, content: bytes, suffix: str, media_type: str, *, rows: int, acting_user: Actor
) -> HttpResponse:
    """Send out a file that is no sheet (a bundle for a program). None of its words may be a machine's."""
    moment = timezone.localtime()
    noted("core.Export", new_id(), form=suffix, rows=rows, title=title, generated=False)
    mark = "示范数据_" if Fact.read("demo") else ""
    filename = f"{mark}{_file_name(title)}{moment:%Y%m%d}{suffix}"
    response = HttpResponse(content, content_type=media_type)
    response.headers["Content-Disposition"] = content_disposition_header(True, filename) or "attachment"
    return response


def _file_name(title: str) -> str:
    return re.sub(r"[\\/:*?\"<>|\s]+", "_", title)[:60] or "导出"


def _value(cell: Cell | Linked) -> Cell:
    return cell.value if isinstance(cell, Linked) else cell


def _source_line(leaving: Leaving) -> str:
    return f"因材 · {leaving.at:%Y-%m-%d %H:%M} 由{leaving.by or '系统'}导出"


# --- .xlsx: plain cells that Excel and WPS read alike -------------------------------------------------------------

NUMBER_FORMATS = {"percent": "0%", "date": "yyyy-mm-dd", "datetime": "yyyy-mm-dd hh:mm"}


def _write_xlsx(leaving: Leaving) -> bytes:
    from openpyxl import Workbook  # here, because it takes a quarter of a second to load
    from openpyxl.packaging.custom import StringProperty
    from openpyxl.utils import get_column_letter

    sheet = leaving.sheet
    book: Any = Workbook(write_only=True)
    page = book.create_sheet(re.sub(r"[\[\]:*?/\\]", " ", sheet.title)[:31] or "导出")
    above = [sheet.title, *([LABEL] if sheet.generated else [])]
    page.freeze_panes = f"A{len(above) + 2}"
    for index, column in enumerate(sheet.columns):
        page.column_dimensions[get_column_letter(index + 1)].width = _width(sheet, index, column)
    for line in above:
        page.append([_cell(page, line, bold=True)])
    page.append([_cell(page, column.label, bold=True) for column in sheet.columns])
    for row in sheet.rows:
        page.append([_cell(page, _value(cell), column.kind) for cell, column in zip(row, sheet.columns, strict=True)])
    for line in (*sheet.notes, _source_line(leaving)):
        page.append([_cell(page, line)])
    if sheet.generated:
        book.custom_doc_props.append(StringProperty(name="AIGC", value=leaving.metadata))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _cell(page: Any, value: Cell, kind: str = "text", *, bold: bool = False) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    cell: Any = WriteOnlyCell(page)
    if isinstance(value, str):  # said to be text, so that no spreadsheet takes it for a formula
        cell.value, cell.data_type = NOT_IN_XML.sub("", value), "s"
    else:
        cell.value = _local(value)
        if kind in NUMBER_FORMATS:
            cell.number_format = NUMBER_FORMATS[kind]
    if bold:
        cell.font = Font(bold=True)
    return cell


def _local(value: Cell) -> Cell:
    """Times as the clock on the wall shows them: spreadsheets know no zones."""
    if isinstance(value, datetime) and timezone.is_aware(value):
        return timezone.localtime(value).replace(tzinfo=None)
    return value


def _width(sheet: Sheet, index: int, column: Column) -> float:
    """Wide enough for what stands there; a Chinese character takes two."""
    seen = [column.label, *(str(_value(row[index])) for row in sheet.rows[:200])]
    longest = max(sum(2 if ord(letter) > 255 else 1 for letter in text) for text in seen)
    return float(min(60, max(8, longest + 2)))


def _xlsx_labelled(content: bytes) -> bool:
    from openpyxl import load_workbook

    book: Any = load_workbook(io.BytesIO(content))
    said = {prop.name: str(prop.value) for prop in book.custom_doc_props.props}
    visible = any(LABEL in str(cell) for row in book.active.iter_rows(values_only=True) for cell in row)
    return visible and _is_metadata(said.get("AIGC", ""))


def _is_metadata(text: str) -> bool:
    try:
        fields = json.loads(text)["AIGC"]
    except (ValueError, KeyError, TypeError):
        return False
    return fields.get("Label") == "1" and bool(fields.get("ContentProducer")) and bool(fields.get("ProduceID"))


# --- .csv: with a mark that Excel takes for UTF-8, and no cell that it takes for a formula ----------------------------


def _write_csv(leaving: Leaving) -> bytes:
    sheet = leaving.sheet
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([_harmless(column.label) for column in sheet.columns])
    for row in sheet.rows:
        writer.writerow([_csv_value(_value(cell)) for cell in row])
    if SYNTHETIC in sheet.notes:
        writer.writerow([SYNTHETIC])
    if sheet.generated:
        writer.writerow([LABEL, leaving.metadata])
    return ("\ufeff" + file.getvalue()).encode()


def _csv_value(value: Cell) -> str | int | float:
    value = _local(value)
    if isinstance(value, date):
        return _date_said(value)
    return _harmless(value) if isinstance(value, str) else ("" if value is None else value)


def _date_said(value: date) -> str:
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else value.isoformat()


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text


def _csv_labelled(content: bytes) -> bool:
    last = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))[-1:]
    return bool(last) and len(last[0]) == 2 and last[0][0] == LABEL and _is_metadata(last[0][1])


# --- paper: an A4 page that the browser prints -----------------------------------------------------------------------


def _write_paper(leaving: Leaving) -> bytes:
    values = {
        "sheet": leaving.sheet,
        "rows": page_cells(leaving.sheet),
        "label": LABEL if leaving.sheet.generated else "",
        "metadata": leaving.metadata if leaving.sheet.generated else "",
        "source": _source_line(leaving),
    }
    return render_to_string("core/export.html", values).encode()


META = re.compile(r'<meta name="AIGC" content="([^"]*)">')


def _paper_labelled(content: bytes) -> bool:
    from html import unescape

    page = content.decode()
    found = META.search(page)
    return f'<p class="ai">{LABEL}</p>' in page and found is not None and _is_metadata(unescape(found[1]))


register_format(Format("xlsx", "Excel", XLSX, ".xlsx", _write_xlsx, _xlsx_labelled))
register_format(Format("csv", "CSV", "text/csv; charset=utf-8", ".csv", _write_csv, _csv_labelled))
register_format(Format("print", "打印", "text/html; charset=utf-8", "", _write_paper, _paper_labelled))


# --- the same sheet as a table of a page -----------------------------------------------------------------------------


@dataclass(frozen=True)
class PageCell:
    text: str
    numeric: bool
    sort_value: float | str | None
    link: str


def page_cells(sheet: Sheet) -> list[list[PageCell]]:
    return [[_page_cell(cell, column) for cell, column in zip(row, sheet.columns, strict=True)] for row in sheet.rows]


def _page_cell(cell: Cell | Linked, column: Column) -> PageCell:
    value = _value(cell)
    number = value if isinstance(value, int | float) else None
    sort_value = value.isoformat() if isinstance(value, date) else number
    return PageCell(_said(value, column.kind), column.numeric, sort_value, cell.url if isinstance(cell, Linked) else "")


def _said(value: Cell, kind: str) -> str:
    value = _local(value)
    if value is None:
        return "—"
    if isinstance(value, str):
        return value
    if isinstance(value, date):
        return _date_said(value)
    if kind == "percent":
        return percent_text(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}".removesuffix("0")  # 573.0 beside 573.6
