"""The formats a bank may come in. Each reader yields every row of the file: a draft, or the reason against it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from yincai.core.action import ActionError
from yincai.knowledge.grading.rules import CHOICES
from yincai.knowledge.intake.draft import LADDER, LETTERS, Draft, Refused, check, choice_answer
from yincai.knowledge.intake.markup import from_latex_text
from yincai.knowledge.models import ItemKind


@dataclass(frozen=True)
class Row:
    """One row of a file, numbered from 1; `reason` says why there is no draft."""

    number: int
    draft: Draft | None
    reason: str = ""


Reader = Callable[[bytes], Iterator[Row]]


def read(name: str, content: bytes) -> Iterator[Row]:
    """All rows of a file in a named format."""
    return FORMATS[name](content)


def _row(number: int, make: Callable[[], Draft]) -> Row:
    try:
        draft = make()
        check(draft)
    except Refused as error:
        return Row(number, None, str(error))
    return Row(number, draft)


# -- lines of JSON


def _lines(content: bytes, make: Callable[[Mapping[str, Any]], Draft]) -> Iterator[Row]:
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if line.strip():
            yield _row(number, lambda line=line: make(_object(line)))  # type: ignore[misc]


def _object(line: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(line.decode())
    except UnicodeDecodeError:
        raise Refused("这一行不是 UTF-8 编码的文字。") from None
    except json.JSONDecodeError as error:
        raise Refused(f"这一行不是合法的 JSON：第 {error.colno} 个字符处出错。") from None
    except RecursionError:
        raise Refused("这一行的 JSON 嵌套太深。") from None
    if not isinstance(found, dict):
        raise Refused("这一行应是一个 JSON 对象 {…}。")
    return found


def _text(row: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = row.get(name, default)
    if value is None:
        raise Refused(f"缺少字段 {name}。")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Refused(f"字段 {name} 应是文字。")
    return str(value)


def _texts(row: Mapping[str, Any], name: str) -> list[str]:
    value = row.get(name, [])
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise Refused(f"字段 {name} 应是文字的列表。")
    return value


# -- TAL-SCQ5K

# The bank's 0…4 as log-odds against an average pupil of the grade that the competition is for.
TAL_DIFFICULTY = {"0": -1.0, "1": 0.0, "2": 1.0, "3": 2.0, "4": 3.0}
TAL = "tal"
_GRADES = "一二三四五六七八九"
_GRADE = re.compile(r"([一二三四五六七八九]|[1-9])年级|(初|高)([一二三])")
NO_ANALYSIS = {"无", "略", "暂无", "暂无解析"}


def _tal(row: Mapping[str, Any]) -> Draft:
    if _text(row, "qtype") != "single_choice":
        raise Refused(f"题型“{row['qtype']}”还不支持，只收单选题（single_choice）。")
    options = _tal_options(row)
    raw_stem, key = _text(row, "problem"), _text(row, "answer_value").strip().upper()
    if len(options) < 2:
        raise Refused(f"只有 {len(options)} 个选项（“{' '.join(options)[:20].strip()}”），不成选择题。")
    if key not in LETTERS[: len(options)]:
        raise Refused(f"答案“{key}”不在选项 {LETTERS[: len(options)]} 中。")
    level = _text(row, "difficulty", "1")
    sources = _texts(row, "competition_source_list")
    analysis = "\n\n".join(from_latex_text(part) for part in _texts(row, "answer_analysis"))
    return Draft(
        kind=ItemKind.SINGLE,
        stem=from_latex_text(raw_stem),
        options=[from_latex_text(option) for option in options],
        answer=choice_answer("single", key, len(options)),
        analysis="" if analysis.strip("。．. ") in NO_ANALYSIS else analysis,
        difficulty=TAL_DIFFICULTY.get(level, 0.0),
        grade=_grade_in(sources),
        source=" · ".join(["TAL-SCQ5K", *sources[:1]])[:200],
        licence="MIT",
        collection="TAL-SCQ5K",
        external=_text(row, "queId", ""),
        hierarchy=TAL,
        routes=[route for route in map(route_names, _texts(row, "knowledge_point_routes")) if route],
        loops=[name for route in _texts(row, "knowledge_point_routes") for name in self_loops(route)],
        raw_stem=raw_stem,
        raw_options=options,
    )


def _tal_options(row: Mapping[str, Any]) -> list[str]:
    try:
        found = [option[0] for option in row["answer_option_list"]]
        labels, texts = [option["aoVal"] for option in found], [str(option["content"]) for option in found]
    except (KeyError, TypeError, IndexError):
        raise Refused("字段 answer_option_list 的结构不对：应是 [[{aoVal, content}], …]。") from None
    if labels != list(LETTERS[: len(labels)]):
        raise Refused(f"选项的字母是 {'、'.join(map(str, labels))}，不是从 A 起的顺序。")
    return texts


def route_names(route: str) -> list[str]:
    """The names along a route. A node that is its own child (拓展思维->拓展思维) stands once."""
    names: list[str] = []
    for name in (part.strip() for part in route.split("->")):
        if name and (not names or names[-1] != name):
            names.append(name)
    return names


def self_loops(route: str) -> list[str]:
    names = [part.strip() for part in route.split("->")]
    return [one for one, other in pairwise(names) if one and one == other]


def _grade_in(sources: Iterable[str]) -> int | None:
    """The first grade that a source names: 五年级 5, 初二 8, 高一 10."""
    for source in sources:
        found = _GRADE.search(source)
        if found:
            named, stage, year = found.groups()
            if stage:
                return _GRADES.index(year) + (7 if stage == "初" else 10)
            return int(named) if named.isdigit() else _GRADES.index(named) + 1
    return None


# -- our own lines

_OWN = {
    *("code", "kind", "stem", "options", "answer", "unit", "hints", "analysis", "difficulty", "grade", "points"),
    *("routes", "hierarchy", "source", "licence", "collection"),
}


def _own(row: Mapping[str, Any]) -> Draft:
    unknown = sorted(set(row) - _OWN)
    if unknown:
        raise Refused(f"不认识的字段：{'、'.join(unknown)}。")
    kind, options = _text(row, "kind"), _texts(row, "options")
    code = _text(row, "code", "").strip()
    return Draft(
        kind=kind,
        stem=_text(row, "stem"),
        options=options,
        answer=_answer(kind, row.get("answer"), _text(row, "unit", ""), len(options)),
        hints=_hints(_texts(row, "hints")),
        analysis=_text(row, "analysis", ""),
        difficulty=_number(row.get("difficulty", 0), "difficulty", -4, 4),
        grade=int(_number(row["grade"], "grade", 1, 12)) if row.get("grade") is not None else None,
        source=_text(row, "source", "")[:200],
        licence=_text(row, "licence", "")[:60],
        collection=_text(row, "collection", "")[:40],
        code=_code(code),
        external=code,
        points=_texts(row, "points"),
        hierarchy=_text(row, "hierarchy", "")[:20] or "own",
        routes=[route for route in map(route_names, _texts(row, "routes")) if route],
    )


def _code(code: str) -> str:
    if code and not re.fullmatch(r"[\w.\-]{1,40}", code):
        raise Refused(f"编号“{code[:40]}”只能用字母、数字、汉字和 . - _，最多 40 个字。")
    return code


def _hints(texts: list[str]) -> list[list[str]]:
    filled = [text.strip() for text in texts if text.strip()]
    if len(filled) > len(LADDER):
        raise Refused(f"提示最多 {len(LADDER)} 步（{'、'.join(LADDER)}），这里有 {len(filled)} 步。")
    return [[name, text] for name, text in zip(LADDER, filled, strict=False)]


def _answer(kind: str, value: object, unit: str, options: int) -> dict[str, Any]:
    """Answer data, whole (an object) or from the key alone."""
    if isinstance(value, dict):
        return value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Refused("缺少答案。" if value is None else "字段 answer 应是文字、数或对象。")
    return answer_data(kind, str(value), unit, options)


def answer_data(kind: str, key: str, unit: str, options: int) -> dict[str, Any]:
    if kind in CHOICES:
        return choice_answer(kind, key, options)
    spec = "number" if kind == ItemKind.NUMERIC else _spec_of(key)
    return {"kind": spec, "key": key.strip(), **({"unit": unit.strip()} if unit.strip() else {})}


def _spec_of(key: str) -> str:
    """What a key of an expression item is by its looks: x=3 a solution, x>3 or y=2x+1 a relation."""
    if re.search(r"[<>≤≥≠＜＞]|\\[lg]eq?", key):
        return "equation"
    parts = re.split(r"[,，;；、或]", key)
    if "=" not in key:
        return "expression"
    return "solution" if all(re.match(r"\s*[a-zA-Z]\s*=[^a-zA-Z]*$", part) for part in parts) else "equation"


def _number(value: object, name: str, least: float, most: float) -> float:
    try:
        found = float(str(value))
    except ValueError:
        raise Refused(f"字段 {name} 应是一个数，而不是“{value}”。") from None
    if not least <= found <= most:
        raise Refused(f"字段 {name} 是 {found:g}，应在 {least:g} 到 {most:g} 之间。")
    return found


# -- our spreadsheet

COLUMNS = {
    "编号": "code",
    "题型": "kind",
    "题干": "stem",
    **{f"选项{letter}": f"option{letter}" for letter in LETTERS[:8]},
    "答案": "answer",
    "单位": "unit",
    "提示": "提示",
    "方法": "方法",
    "例题": "例题",
    "解析": "analysis",
    "知识点": "points",
    "难度": "difficulty",
    "年级": "grade",
    "来源": "source",
    "许可": "licence",
}
HEAD = 10  # rows among which the header is sought
NEEDED = ("题型", "题干", "答案")
LEVELS = {"易": -1.0, "较易": -0.5, "中": 0.0, "较难": 0.8, "难": 1.6}
_KINDS = {label: value for value, label in ItemKind.choices}


class NotATable(ActionError):
    pass


def _sheet(content: bytes) -> Iterator[Row]:
    """Row 1 is the first under the header (which may stand under a title); empty rows are passed over."""
    try:
        rows = CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, ValueError, IndexError) as error:
        raise NotATable("这不是能读的 .xlsx 文件。请在表格软件里另存为 .xlsx 后再传。") from error
    top = _header(rows)
    header = [str(cell).strip() for cell in rows[top]]
    for number, cells in enumerate(rows[top + 1 :], start=1):
        named = {COLUMNS[name]: _cell(cell) for name, cell in zip(header, cells, strict=False) if name in COLUMNS}
        if any(named.get(COLUMNS[name]) for name in NEEDED):  # not an empty row, nor a note under the table
            yield _row(number, lambda named=named: _from_cells(named))  # type: ignore[misc]


def _header(rows: list[list[Any]]) -> int:
    """Where the header stands, among the first rows."""
    said = [[str(cell).strip() for cell in row] for row in rows[:HEAD]]
    missing = min(([name for name in NEEDED if name not in row] for row in said), key=len, default=list(NEEDED))
    if missing:
        raise NotATable(f"表头缺少列：{'、'.join(missing)}。可先下载模板，把题目填在里面。")
    return next(place for place, row in enumerate(said) if all(name in row for name in NEEDED))


def _cell(value: object) -> str:
    """A cell as text: 3.0, which the sheet makes of 3, is 3."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _from_cells(cells: Mapping[str, str]) -> Draft:
    kind = _KINDS.get(cells.get("kind", ""), cells.get("kind", ""))
    options = [cells.get(f"option{letter}", "") for letter in LETTERS[:8]]
    while options and not options[-1]:
        options.pop()
    level = cells.get("difficulty", "")
    return _own(
        {
            "code": cells.get("code", ""),
            "kind": kind,
            "stem": cells.get("stem", ""),
            "options": options,
            "answer": cells.get("answer") or None,
            "unit": cells.get("unit", ""),
            "hints": [cells.get(name, "") for name in LADDER],
            "analysis": cells.get("analysis", ""),
            "difficulty": LEVELS.get(level, level or 0),
            "grade": cells.get("grade") or None,
            "points": [code for code in re.split(r"[\s,，;；、]+", cells.get("points", "")) if code],
            "source": cells.get("source", ""),
            "licence": cells.get("licence", ""),
        }
    )


FORMATS: dict[str, Reader] = {
    "tal-scq5k": lambda content: _lines(content, _tal),
    "jsonl": lambda content: _lines(content, _own),
    "xlsx": _sheet,
}
