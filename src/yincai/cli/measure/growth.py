"""`yincai measure growth`: growth percentiles (research), mixed models, and a school's growth computed again."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yincai.cli.measure import write_json
from yincai.records.readers import Unreadable
from yincai.records.readers.scores import (
    Bundle,
    LongScores,
    bundle_bytes,
    read_bundle,
    read_columns,
    read_knots,
    read_long,
)

if TYPE_CHECKING:
    from yincai.measurement.growth.formula import Model
    from yincai.measurement.growth.mixed import MixedFit
    from yincai.measurement.growth.percentiles import LongPercentiles
    from yincai.measurement.growth.value_added import BySimex, Growth
    from yincai.records.readers.scores import Floats

HELP = "成长与增值：成长百分位（仅供研究）、混合模型、学校增值的重算"
RESEARCH = (
    "说明：这是对您自己文件的研究计算。成长百分位是学生之间的比较，平台的任何页面、接口和导出都不显示、不保存学生的百分位"
    "（义务教育阶段不排名）；平台只用学校一级的增值，并带区间。\n"
)
WHY = {
    "no score": "本次没有分数",
    "no prior": "没有上一年低一年级的同科分数（新转入、留级或首年）",
    "small cohort": "可比人数太少",
}
LABELS = {"above expected": "高于预期", "as expected": "与预期无法区分", "below expected": "低于预期"}
DIFFERENT = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(metavar="算什么", required=True)
    sgp = kinds.add_parser("sgp", help="成长百分位（研究用）", description=RESEARCH)
    sgp.add_argument("--scores", type=Path, required=True, metavar="LONG.csv", help="列：id,year,grade,subject,score")
    sgp.add_argument(
        "--knots", type=Path, metavar="FILE", help="列：grade,subject 和样条的节点与边界（默认由数据的五分位）"
    )
    sgp.add_argument("--out", type=Path, required=True, metavar="OUT.csv", help="写结果的文件")
    sgp.add_argument(
        "--priors", type=int, default=3, choices=range(1, 9), metavar="N", help="最多用几年先前成绩（默认 3）"
    )
    sgp.add_argument("--json", action="store_true", help="另在标准输出写一份 JSON：各有多少行")
    sgp.add_argument("--year", action="append", metavar="年", help="只算这一年（可重复；默认全部）")
    sgp.set_defaults(growth=run_sgp)
    mixed = kinds.add_parser("mixed", help="线性混合模型", description="线性混合模型，公式写法同 R 的 lme4。")
    mixed.add_argument("--data", type=Path, required=True, metavar="FILE", help="有表头的 csv")
    mixed.add_argument("--formula", required=True, metavar="公式", help='如 "normexam ~ standLRT + (1 | school)"')
    mixed.add_argument("--reml", action="store_true", help="用约束最大似然（默认最大似然）")
    mixed.add_argument("--json", action="store_true", help="只输出一份 JSON")
    mixed.set_defaults(growth=run_mixed)
    added = kinds.add_parser("value-added", help="学校增值：计算，或按下载包重算")
    source = added.add_mutually_exclusive_group(required=True)
    source.add_argument("--replay", type=Path, metavar="FILE", help="增值页面的下载包（zip 或 json），重算并核对")
    source.add_argument("--data", type=Path, metavar="FILE", help="有表头的 csv，一行一名学生")
    added.add_argument("--school", default="school", metavar="列名", help="学校所在的列（默认 school）")
    added.add_argument("--score", default="score", metavar="列名", help="本次分数所在的列（默认 score）")
    added.add_argument("--priors", default="prior", metavar="列名[,列名]", help="先前分数所在的列（默认 prior）")
    added.add_argument(
        "--prior-se", metavar="数|列名[,…]", help="先前分数的测量标准误，每列一个数，或每列一个写着每人标准误的列"
    )
    added.add_argument("--minimum", type=int, default=30, metavar="N", help="少于这么多人的学校不显示（默认 30）")
    added.add_argument(
        "--simex",
        type=int,
        metavar="N",
        help="另用模拟外推法（SIMEX，每步 N 次）算一遍，看结果多大程度上取决于怎样处理误差；要有 --prior-se",
    )
    added.add_argument("--bundle", type=Path, metavar="OUT.zip", help="另写一份可重算的下载包")
    added.add_argument("--json", action="store_true", help="只输出一份 JSON")
    added.set_defaults(growth=run_value_added)


def run(asked: argparse.Namespace) -> int:
    code: int = asked.growth(asked)
    return code


def run_sgp(asked: argparse.Namespace) -> int:
    from yincai.measurement.growth import percentiles
    from yincai.measurement.growth.splines import Knots

    read = read_long(asked.scores)
    years = _years(read, asked.year)
    try:
        given = read_knots(asked.knots) if asked.knots else {}
        knots = _knots(read, given, Knots)
        if given and not {(grade, subject) for grade, subject in knots} & _pairs(read):
            raise Unreadable(
                f"{asked.knots}：没有一行的年级和学科出现在成绩表里；成绩表的学科有：{'、'.join(read.subjects)}。"
            )
        table = percentiles.Long(read.pupil, read.year, read.grade, read.subject, read.score)
        found = percentiles.of_table(table, knots, asked.priors, years)
    except ValueError as problem:
        raise (
            problem if isinstance(problem, Unreadable) else Unreadable(f"{asked.scores}：算不了：{problem}")
        ) from problem
    _write_percentiles(asked.out, read, found)
    written = int((found.n_priors > 0).sum())
    sys.stderr.write(f"{RESEARCH}{written} 个成长百分位写到 {asked.out}。\n")
    for why, count in found.without.items():
        if count:
            sys.stderr.write(f"没有百分位：{count} 行，{WHY[why]}。\n")
    if read.doubled:
        sys.stderr.write(f"重复的行：{read.doubled} 行（同一学生、年份、年级和学科），留最高分。\n")
    if asked.json:
        write_json({"out": str(asked.out), "percentiles": written, "without": found.without, "doubled": read.doubled})
    return 0


def _years(read: LongScores, wanted: list[str] | None) -> list[int] | None:
    if not wanted:
        return None
    numbers = {label: number for number, label in read.years.items()}
    strange = [each for each in wanted if each not in numbers]
    if strange:
        raise Unreadable(f"--year {strange[0]}：文件里没有这一年；有：{'、'.join(sorted(numbers))}。")
    return [numbers[each] for each in wanted]


def _knots(read: LongScores, given: dict[tuple[int, str], Any], make: Any) -> dict[tuple[int, int], Any]:
    places = {subject: place for place, subject in enumerate(read.subjects)}
    return {(grade, places[subject]): make(*each) for (grade, subject), each in given.items() if subject in places}


def _pairs(read: LongScores) -> set[tuple[int, int]]:
    """Grades with subjects that the table has."""
    return set(zip(read.grade.tolist(), read.subject.tolist(), strict=True))


def _write_percentiles(path: Path, read: LongScores, found: LongPercentiles) -> None:
    from yincai.measurement.growth.percentiles import CUTS

    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", "year", "grade", "subject", "n_priors", "sgp", *(f"p{cut}" for cut in CUTS)])
        writer.writerows(_percentile_rows(read, found))


def _percentile_rows(read: LongScores, found: LongPercentiles) -> Iterator[list[Any]]:
    rows = found.n_priors.nonzero()[0]
    columns = (read.pupil[rows], read.year[rows], read.grade[rows], read.subject[rows])
    figures = (found.n_priors[rows].tolist(), found.sgp[rows].tolist(), found.cuts[rows].round(3).tolist())
    for pupil, year, grade, subject, priors, sgp, cuts in zip(
        *(each.tolist() for each in columns), *figures, strict=True
    ):
        yield [read.ids[pupil], read.years[year], grade, read.subjects[subject], priors, sgp, *cuts]


def run_mixed(asked: argparse.Namespace) -> int:
    from yincai.measurement.growth import formula, mixed

    columns = read_columns(asked.data)
    try:
        model = formula.build(formula.parse(asked.formula), columns)
        found = mixed.fit(model.y, model.x, model.terms, asked.reml, model.names)
    except ValueError as problem:
        raise Unreadable(f"{asked.data}：{problem}") from problem
    left_out = len(next(iter(columns.values()))) - len(model.rows)
    if asked.json:
        write_json({**mixed_document(found, model), "n": found.n, "left_out": left_out, "converged": found.converged})
    else:
        sys.stdout.write(f"{found}\n用了 {found.n} 行，{left_out} 行有空值没有用。\n")
    return 0 if found.converged else 1


def mixed_document(found: MixedFit, model: Model) -> dict[str, Any]:
    """The stable JSON; term2 is null for a variance, both terms are null for the residual."""
    fixed = zip(found.names, found.beta.tolist(), found.se.tolist(), strict=True)
    variances: list[dict[str, Any]] = []
    effects: list[dict[str, Any]] = []
    for each, variance, labels in zip(found.effects, found.variances, model.labels, strict=True):
        for i, first in enumerate(each.names):
            variances += [
                {"factor": each.factor, "term1": first, "term2": second, "value": float(variance[i, j])}
                for j, second in [(i, None), *list(enumerate(each.names))[i + 1 :]]
            ]
            effects += [
                {"factor": each.factor, "group": label, "term": first, "effect": effect, "se": se}
                for label, effect, se in zip(labels, each.effect[:, i].tolist(), each.se[:, i].tolist(), strict=True)
            ]
    variances.append({"factor": "Residual", "term1": None, "term2": None, "value": found.residual})
    return {
        "log_likelihood": found.log_likelihood,
        "fixed": [{"term": term, "value": value, "se": se} for term, value, se in fixed],
        "variance": variances,
        "effects": effects,
    }


def run_value_added(asked: argparse.Namespace) -> int:
    return _replay(asked) if asked.replay else _value_added(asked)


def _replay(asked: argparse.Namespace) -> int:
    """Computes a bundle again, prints the schools' figures only, and says whether they are those of the bundle."""
    from yincai.measurement.growth import value_added

    bundle = read_bundle(asked.replay)
    found = _computed(asked.replay, bundle)
    theirs = [value_added.School(**row) for row in bundle.figures]
    different = value_added.differences(found.schools, theirs)
    if asked.json:
        write_json({**_growth_document(found), "equal": not different, "differences": different})
    else:
        _write_schools(found, {})
        sys.stdout.write("重算的结果与下载包里的学校数字相同。\n" if not different else "与下载包里的数字不同：\n")
        sys.stdout.writelines(f"  {each}\n" for each in different)
    return DIFFERENT if different else 0


def _computed(path: Path, bundle: Bundle) -> Growth:
    from yincai.measurement.growth import value_added

    settings = bundle.settings
    try:
        return value_added.fit(
            bundle.score,
            bundle.priors,
            bundle.school,
            settings.get("prior_se") if bundle.errors is None else bundle.errors,
            int(settings["minimum"]),
            float(settings["confidence"]),
            bool(settings.get("positive", False)),
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise Unreadable(f"{path}：算不了：{problem}") from problem


def _value_added(asked: argparse.Namespace) -> int:
    import numpy as np

    columns = read_columns(asked.data)
    priors = [each.strip() for each in asked.priors.split(",")]
    for name in (asked.school, asked.score, *priors):
        if name not in columns:
            raise Unreadable(f"{asked.data}：没有列“{name}”；有的列是：{'、'.join(columns)}。")
    names = sorted(set(columns[asked.school]))
    school = np.searchsorted(np.array(names), np.array(columns[asked.school])).astype(np.int64)
    table = np.column_stack([_column(asked.data, name, columns[name]) for name in (asked.score, *priors)])
    same, own = _errors(asked, columns)
    settings = {"minimum": asked.minimum, "confidence": 0.8, "positive": True, "prior_se": same, "priors": priors}
    bundle = Bundle(np.arange(len(school)), school, table[:, 0], table[:, 1:], settings, errors=own)
    found = _computed(asked.data, bundle)
    if asked.bundle:
        whole = replace(bundle, coefficients=found.coefficients, figures=_rows(found))
        asked.bundle.write_bytes(bundle_bytes(whole))
    checked = _by_simex(asked, bundle) if asked.simex is not None else None
    if asked.json:
        more = {} if checked is None else {"simex": asdict(checked)}
        write_json({**_growth_document(found), "names": names, **more})
    else:
        _write_schools(found, dict(enumerate(names)))
        if checked:
            _write_simex(found, checked, names)
    return 0


def _by_simex(asked: argparse.Namespace, bundle: Bundle) -> BySimex:
    import numpy as np

    from yincai.measurement.growth import value_added

    errors = bundle.settings["prior_se"] if bundle.errors is None else bundle.errors
    if errors is None:
        raise Unreadable("--simex 要知道先前分数的测量误差：请同时给出 --prior-se。")
    rng = np.random.default_rng(0)
    try:
        return value_added.by_simex(bundle.score, bundle.priors, bundle.school, errors, rng, asked.simex, asked.minimum)
    except ValueError as problem:
        raise Unreadable(f"{asked.data}：算不了：{problem}") from problem


def _write_simex(found: Growth, checked: BySimex, names: list[str]) -> None:
    sys.stdout.write(f"模拟外推法（SIMEX，每步 {checked.draws} 次）对照：\n")
    slopes = zip(found.naive_slopes, found.slopes, checked.slopes, checked.slopes_se, strict=True)
    for number, (naive, ours, theirs, se) in enumerate(slopes, start=1):
        sys.stdout.write(
            f"  先前成绩 {number} 的斜率：不管误差 {naive:.3f}，回归校准 {ours:.3f}，SIMEX {theirs:.3f} ± {se:.3f}\n"
        )
    for each in found.schools:
        if each.growth is not None:
            sys.stdout.write(
                f"  学校 {names[each.school]}：增值 {each.growth:+.2f}，SIMEX {checked.growth[each.school]:+.2f}\n"
            )


def _errors(asked: argparse.Namespace, columns: dict[str, list[str]]) -> tuple[list[float] | None, Floats | None]:
    """Standard errors of the priors: one number for each, or a column of each pupil's own."""
    import numpy as np

    if asked.prior_se is None:
        return None, None
    given = [each.strip() for each in asked.prior_se.split(",")]
    if all(each in columns for each in given):
        return None, np.column_stack([_column(asked.data, name, columns[name]) for name in given])
    return [_number(asked.data, "--prior-se", each) for each in given], None


def _column(path: Path, name: str, texts: list[str]) -> list[float]:
    return [float("nan") if text in {"", "NA"} else _number(path, f"列“{name}”", text) for text in texts]


def _number(path: Path, where: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as problem:
        raise Unreadable(f"{path}：{where}里的“{text}”不是数；缺失的留空或写 NA。") from problem


def _rows(found: Growth) -> tuple[dict[str, Any], ...]:
    return tuple(asdict(each) for each in found.schools)


def _growth_document(found: Growth) -> dict[str, Any]:
    return {"schools": list(_rows(found)), "coefficients": found.coefficients, "confidence": found.confidence}


def _write_schools(found: Growth, names: dict[int, str]) -> None:
    sys.stdout.write(
        f"学校增值：{found.n} 名学生参与，{found.missing} 名缺分数；"
        f"区间为 {found.confidence:.0%}；按学校编号排列，不排名。\n"
    )
    for each in found.schools:
        name = names.get(each.school, str(each.school))
        if each.growth is None or each.label is None:
            sys.stdout.write(f"  学校 {name}：{each.n} 人（缺 {each.missing}），人数少于 {found.minimum}，不显示\n")
            continue
        sys.stdout.write(
            f"  学校 {name}：{each.n} 人（缺 {each.missing}），预期 {each.expected:.2f}，实际 {each.came:.2f}，"
            f"增值 {each.growth:+.2f}（{each.low:+.2f} 至 {each.high:+.2f}），"
            f"可靠性 {each.reliability:.2f}，{LABELS[each.label]}\n"
        )
