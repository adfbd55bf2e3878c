"""Scores from files: the long table of growth percentiles, its knots, a table for a mixed model, the bundle of a
growth page.

All csv files have a header line, are UTF-8 (with or without a mark) or GB 18030, and may be gzipped.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yincai.records.readers import Unreadable
from yincai.records.readers.text import MISSING, text_of

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
LONG = {
    "id": ("id", "pupil", "student", "编号", "学号"),
    "year": ("year", "学年", "年份"),
    "grade": ("grade", "年级"),
    "subject": ("subject", "content_area", "学科", "科目"),
    "score": ("score", "scale_score", "分数", "成绩"),
}
KNOT = ("knot", "节点")
BOUND = ("bound", "lower", "upper", "边界", "下界", "上界")
BUNDLE, VERSION = "yincai-growth", 1
SETTINGS, COEFFICIENTS, FIGURES, PUPILS = "settings.json", "coefficients.json", "schools.csv", "pupils.csv"
FIGURE_COLUMNS = ("school", "n", "missing", "expected", "came", "growth", "se", "low", "high", "reliability", "label")
WHOLE = {"school", "n", "missing"}


@dataclass(frozen=True)
class LongScores:
    """`ids`, `years`, `grades` and `subjects` are the texts of the file; the arrays number them row by row.

    `year` and `grade` are the numbers written in the texts (2023 of 2022_2023 is its first, 2022); NaN is a missing
    score. `doubled` rows (same pupil, year, grade, subject) were left out, the highest score stays.
    """

    ids: tuple[str, ...]
    years: Mapping[int, str]
    subjects: tuple[str, ...]
    pupil: Integers
    year: Integers
    grade: Integers
    subject: Integers
    score: Floats
    doubled: int


@dataclass(frozen=True)
class Bundle:
    """What a growth page lets people download: pupils by numbers drawn for that download, no name, no percentile.

    `settings`: `minimum`, `confidence`, `prior_se` (list or null), and whatever else describes the page. `figures`
    are the rows of the page, one for each school, null where suppressed. `errors`: the standard error of each prior
    score (n, k), where each has its own; they come before `prior_se`.
    """

    number: Integers
    school: Integers
    score: Floats
    priors: Floats
    settings: Mapping[str, Any]
    coefficients: Mapping[str, Any] = field(default_factory=dict)
    figures: tuple[Mapping[str, Any], ...] = ()
    errors: Floats | None = None


def read_long(path: Path) -> LongScores:
    """A csv with the columns id, year, grade, subject, score."""
    table = _arrow(path)
    names = _named(path, table.column_names, LONG)
    for key in ("id", "year", "grade", "subject"):
        _no_gaps(path, key, table.column(names[key]))
    ids, pupil = _coded(table.column(names["id"]))
    years, year = _coded(table.column(names["year"]))
    grades, grade = _coded(table.column(names["grade"]))
    subjects, subject = _coded(table.column(names["subject"]))
    score = _scores(path, table.column(names["score"]))
    year_numbers, grade_numbers = _numbers(path, "year", years), _numbers(path, "grade", grades)
    year, grade = year_numbers[year], grade_numbers[grade]
    kept = _once(pupil, year, grade, subject, score)
    labels = dict(zip(year_numbers.tolist(), years, strict=True))
    pupil, year, grade, subject = (each[kept] for each in (pupil, year, grade, subject))
    return LongScores(ids, labels, subjects, pupil, year, grade, subject, score[kept], len(score) - len(kept))


def _no_gaps(path: Path, key: str, column: Any) -> None:
    from pyarrow import compute

    blank = np.flatnonzero(compute.equal(compute.utf8_trim_whitespace(column), "").to_numpy())
    if len(blank):
        raise Unreadable(
            f"{path} 第 {blank[0] + 2} 行：{key} 是空的（共 {len(blank)} 行）。"
            "请补上，或删去这些行；只有 score 可以留空。"
        )


def _arrow(path: Path) -> Any:
    """All columns as text."""
    from pyarrow import ArrowInvalid
    from pyarrow import csv as arrow_csv

    content = text_of(path)
    if not content.strip():
        raise Unreadable(f"{path}：文件是空的。")
    text = io.BytesIO(content.encode())
    try:
        header = text.readline().decode().rstrip("\r\n")
        names = [name.strip() for name in next(csv.reader([header]), [])]
        if len(set(names)) != len(names) or not names:
            raise Unreadable(f"{path}：表头为空或有重名的列：{'、'.join(names)}。每列起一个不同的名字。")
        if not text.getvalue()[text.tell() :].strip():
            raise Unreadable(f"{path}：只有表头，没有数据行。")
        options = arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, "string"), strings_can_be_null=False)
        found = arrow_csv.read_csv(text, arrow_csv.ReadOptions(column_names=names), convert_options=options)
    except ArrowInvalid as problem:
        raise Unreadable(f"{path}：读不成表格：{problem}。请存成有表头的 csv，每行列数相同。") from problem
    return found


def _named(path: Path, header: list[str], wanted: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    lower = {name.lower(): name for name in header}
    found = {key: lower[name] for key, names in wanted.items() for name in reversed(names) if name in lower}
    lacking = [key for key in wanted if key not in found]
    if lacking:
        raise Unreadable(
            f"{path}：缺少列 {'、'.join(lacking)}；现有列：{'、'.join(header)}。表头要有 {','.join(wanted)}。"
        )
    return found


def _coded(column: Any) -> tuple[tuple[str, ...], Integers]:
    """(distinct texts, number of each row's text)."""
    coded = column.combine_chunks().dictionary_encode()
    return tuple(coded.dictionary.to_pylist()), coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)


def _scores(path: Path, column: Any) -> Floats:
    import pyarrow as pa
    from pyarrow import compute

    empty = compute.is_in(column, value_set=pa.array(list(MISSING)))
    try:
        values = compute.if_else(empty, None, column).cast("float64")
    except pa.ArrowInvalid as problem:
        place, text = next((at, each) for at, each in enumerate(column.to_pylist()) if not _fits(each))
        raise Unreadable(f"{path} 第 {place + 2} 行：score 是“{text}”，不是数。缺失的分数留空或写 NA。") from problem
    numbers = np.asarray(values.to_numpy(), dtype=np.float64)
    if np.isinf(numbers).any():
        raise Unreadable(f"{path}：score 列里有无穷大。")
    return numbers


def _fits(text: str) -> bool:
    try:
        return text in MISSING or bool(float(text) + 1)
    except ValueError:
        return False


def _numbers(path: Path, name: str, texts: tuple[str, ...]) -> Integers:
    """The first whole number in each text; two texts with one number are refused."""
    found = [re.search(r"\d+", text) for text in texts]
    strange = [text for text, each in zip(texts, found, strict=True) if each is None]
    if strange:
        raise Unreadable(f"{path}：{name} 列的“{strange[0]}”里没有数。年份和年级要写成数，如 2024、4。")
    numbers = np.array([int(each.group()) for each in found if each], dtype=np.int64)
    if len(set(numbers.tolist())) != len(texts):
        raise Unreadable(f"{path}：{name} 列里不同的写法表示同一个数：{'、'.join(sorted(texts))}。请统一写法。")
    return numbers


def _once(pupil: Integers, year: Integers, grade: Integers, subject: Integers, score: Floats) -> Integers:
    """Rows to keep, in the order of the file: of doubled ones that with the highest score."""
    order = np.lexsort((-np.nan_to_num(score, nan=-np.inf), subject, grade, year, pupil))
    same = np.ones(len(order), dtype=bool)
    same[0] = False
    for column in (pupil, year, grade, subject):
        same[1:] &= column[order][1:] == column[order][:-1]
    return np.sort(order[~same])


def read_knots(path: Path) -> dict[tuple[int, str], tuple[tuple[float, ...], tuple[float, float]]]:
    """(grade, subject) → (inner knots, bounds). Columns grade and subject, and the numbers.

    Where a column's name has "knot" or 节点, the knots are in such columns and the bounds in those of "bound", "lower",
    "upper", 边界 … . Otherwise every number in the other columns belongs to them: the smallest and the largest are the
    bounds, those between the knots. Several rows of one grade and subject add up, a cell may hold several numbers.
    """
    content = text_of(path)
    if not content.strip():
        raise Unreadable(f"{path}：文件是空的。")
    reader = csv.DictReader(io.StringIO(content))
    header = [name.strip() for name in reader.fieldnames or ()]
    names = _named(path, header, {key: LONG[key] for key in ("grade", "subject")})
    others = [name for name in header if name not in names.values()]
    inner = [name for name in others if any(word in name.lower() for word in KNOT)]
    outer = [name for name in others if any(word in name.lower() for word in BOUND)]
    found: dict[tuple[int, str], tuple[list[float], list[float]]] = {}
    for row in reader:
        plain = {(key or "").strip(): value for key, value in row.items() if isinstance(value, str)}
        grade = int(_numbers(path, "grade", (plain.get(names["grade"], ""),))[0])
        knots, bounds = found.setdefault((grade, plain.get(names["subject"], "").strip()), ([], []))
        knots += _all_numbers(plain, inner if inner and outer else others)
        bounds += _all_numbers(plain, outer if inner and outer else [])
    if not found:
        raise Unreadable(f"{path}：只有表头，没有节点。每个年级和学科一行。")
    return {key: _one_set(path, key, *numbers) for key, numbers in found.items()}


def _all_numbers(row: Mapping[str, str], names: Sequence[str]) -> list[float]:
    cells = (row.get(name, "") for name in names)
    return [float(each) for cell in cells for each in re.findall(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?", cell)]


def _one_set(
    path: Path, key: tuple[int, str], knots: list[float], bounds: list[float]
) -> tuple[tuple[float, ...], tuple[float, float]]:
    ordered = sorted([*knots, *bounds])
    if len(ordered) < 3 or ordered[0] == ordered[-1] or (bounds and len(bounds) < 2):
        raise Unreadable(f"{path}：年级 {key[0]}、学科 {key[1]} 要有至少一个节点和两个边界，现有 {ordered}。")
    if bounds and (min(bounds) > min(knots, default=np.inf) or max(bounds) < max(knots, default=-np.inf)):
        raise Unreadable(
            f"{path}：年级 {key[0]}、学科 {key[1]} 的节点 {sorted(knots)} 不全在边界 {sorted(bounds)} 之内。"
        )
    return tuple(ordered[1:-1]), (ordered[0], ordered[-1])


def read_columns(path: Path) -> dict[str, list[str]]:
    """Column name → its texts, for a mixed model."""
    table = _arrow(path)
    return {name: [value.strip() for value in table.column(name).to_pylist()] for name in table.column_names}


def bundle_bytes(bundle: Bundle) -> bytes:
    """The bundle as a zip of settings.json, coefficients.json, schools.csv and pupils.csv; the same bytes each time."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in _parts(bundle).items():
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return held.getvalue()


def _parts(bundle: Bundle) -> dict[str, str]:
    pupils = io.StringIO()
    writer = csv.writer(pupils, lineterminator="\n")
    priors = range(1, bundle.priors.shape[1] + 1)
    errors = () if bundle.errors is None else (bundle.errors,)
    writer.writerow(
        ["number", "school", "score", *(f"prior{k}" for k in priors), *(f"se{k}" for k in priors if errors)]
    )
    numbers = np.column_stack([bundle.score, bundle.priors, *errors])
    for number, school, row in zip(bundle.number, bundle.school, numbers, strict=True):
        writer.writerow([int(number), int(school), *(_cell(each) for each in row)])
    schools = io.StringIO()
    table = csv.DictWriter(schools, FIGURE_COLUMNS, lineterminator="\n", extrasaction="ignore")
    table.writeheader()
    table.writerows(bundle.figures)
    head = {"kind": BUNDLE, "version": VERSION, **bundle.settings}
    return {
        SETTINGS: json.dumps(head, ensure_ascii=False, indent=1),
        COEFFICIENTS: json.dumps(dict(bundle.coefficients), ensure_ascii=False, indent=1),
        FIGURES: schools.getvalue(),
        PUPILS: pupils.getvalue(),
    }


def _cell(value: float) -> str:
    return "" if np.isnan(value) else repr(float(value))


def read_bundle(path: Path) -> Bundle:
    """A bundle as `bundle_bytes` writes it, or one JSON document with settings, coefficients, schools and pupils."""
    try:
        if zipfile.is_zipfile(path):
            return _from_zip(path)
        return _from_json(path)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, zipfile.BadZipFile) as problem:
        if isinstance(problem, Unreadable):
            raise
        raise Unreadable(
            f"{path}：不是增值评价的下载包，或已损坏：{problem}。请用页面上“下载全部计算”得到的原文件。"
        ) from problem


def _from_zip(path: Path) -> Bundle:
    with zipfile.ZipFile(path) as archive:
        texts = {name: archive.read(name).decode("utf-8-sig") for name in (SETTINGS, COEFFICIENTS, FIGURES, PUPILS)}
    header, *pupils = csv.reader(io.StringIO(texts[PUPILS]))
    figures = tuple(_figure(row) for row in csv.DictReader(io.StringIO(texts[FIGURES])))
    return _bundle(path, json.loads(texts[SETTINGS]), json.loads(texts[COEFFICIENTS]), figures, header, pupils)


def _from_json(path: Path) -> Bundle:
    held = json.loads(path.read_text(encoding="utf-8-sig"))
    rows = held["pupils"]
    pupils = [
        [each["number"], each["school"], each["score"], *each["priors"], *each.get("errors", ())] for each in rows
    ]
    header = [*("number", "school", "score"), *("prior" for _ in rows[0]["priors"])]
    header += ["se" for _ in rows[0].get("errors", ())]
    figures = tuple(_figure(each) for each in held["schools"])
    return _bundle(path, held["settings"], held["coefficients"], figures, header, pupils)


def _bundle(
    path: Path, settings: dict[str, Any], coefficients: Any, figures: Any, header: list[str], pupils: list[list[Any]]
) -> Bundle:
    if settings.get("kind") != BUNDLE or settings.get("version") != VERSION:
        raise Unreadable(f"{path}：不是本版本（{BUNDLE} {VERSION}）的下载包。")
    table = np.array([[np.nan if cell in ("", None) else float(cell) for cell in row] for row in pupils])
    if table.ndim != 2 or table.shape[1] < 4:
        raise Unreadable(f"{path}：{PUPILS} 要有 number、school、score 和至少一列先前成绩。")
    number, school = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
    errors = [at for at, name in enumerate(header) if name.startswith("se")]
    end = errors[0] if errors else table.shape[1]
    priors, own = table[:, 3:end], table[:, end:]
    return Bundle(number, school, table[:, 2], priors, settings, coefficients, figures, own if errors else None)


def _figure(row: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key in FIGURE_COLUMNS:
        value = row[key]
        if value in ("", None):
            made[key] = None
        else:
            made[key] = str(value) if key == "label" else int(value) if key in WHOLE else float(value)
    return made
