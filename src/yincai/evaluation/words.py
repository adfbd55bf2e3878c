"""Growth in words. A number never stands without its interval and n."""

from __future__ import annotations

from yincai.core.figures import WITHHELD, signed
from yincai.evaluation.gathering import CHANGED_SCHOOL, FATES, Fate
from yincai.evaluation.models import GrowthRun, Monitoring, SchoolGrowth
from yincai.registry.naming import DIGITS

SUBJECTS = {"math": "数学"}


def points(value: float, digits: int = 1) -> str:
    """
    >>> points(3.25), points(-2.0, 0), points(0.0)
    ('+3.2', '−2', '0.0')
    """
    return signed(value, digits)


def points_said(row: SchoolGrowth) -> str:
    """`+2.1 分（−6.3 至 +10.5，43 人）`, or that there are too few."""
    if row.growth is None or row.low is None or row.high is None:
        return withheld_words(row)
    return f"{points(row.growth)} 分（{points(row.low)} 至 {points(row.high)}，{row.n} 人）"


def withheld_words(row: SchoolGrowth) -> str:
    """Why there is no figure: nobody, too few, or another school that it would give away."""
    if not row.n:
        return "没有两次都有成绩的学生"
    return WITHHELD if row.n < row.run.least else "为保护人数少的学校，不显示"


def verdict_said(row: SchoolGrowth) -> str:
    return SchoolGrowth.WORDS.get(row.verdict) or "—"


def percentile_said(row: SchoolGrowth) -> str:
    if row.percentile is None or row.percentile_low is None or row.percentile_high is None:
        return withheld_words(row) if row.growth is None else "学生太少，不画曲线"
    return f"{row.percentile:.0f}（{row.percentile_low:.0f} 至 {row.percentile_high:.0f}，{row.n} 人）"


def model_words(run: GrowthRun) -> str:
    """What the figures were computed with."""
    told = run.model
    spread = f"学校间标准差 {told['between'] ** 0.5:.1f} 分" if run.shrinks else "学校太少，学校间的差别估不出来"
    return (
        f"线性混合模型（REML）：预期 = {told['intercept']:.1f} + {told['slopes'][0]:.3f} × 扣除误差后的上次成绩；"
        f"{spread}，校内标准差 {told['within'] ** 0.5:.1f} 分；共 {told['n']} 名学生。"
    )


def grade_of(monitoring: Monitoring) -> str:
    return f"{DIGITS[monitoring.grade]}年级{SUBJECTS.get(monitoring.subject, monitoring.subject)}"


def school_finding(row: SchoolGrowth) -> str:
    """The title of a school's page."""
    what = grade_of(row.run.monitoring)
    if row.growth is None and row.n >= row.run.least:
        return f"{what}：为了不让人推算出人数太少的学校，{row.school.name}这次也不给数字"
    if row.growth is None:
        return f"{what}：两次都有成绩的只有 {row.n} 人，人数太少，不给增值数字"
    return f"{what}：{row.school.name}的进步{verdict_said(row)}"


def own_finding(rows: list[SchoolGrowth]) -> str:
    """The title of a head's list: how many comparisons came out how."""
    shown = [row for row in rows if row.growth is not None]
    counts = {word: sum(row.verdict == key for row in shown) for key, word in SchoolGrowth.WORDS.items()}
    said = "，".join(f"{count} 个年级{word}" for word, count in counts.items() if count)
    return f"本校的进步：{said}" if said else "本校两次都有成绩的学生太少，不给增值数字"


def run_finding(run: GrowthRun, rows: list[SchoolGrowth]) -> str:
    """How many schools stand where, without saying which is before which."""
    shown = [row for row in rows if row.growth is not None]
    if not shown:
        return f"{grade_of(run.monitoring)}：各校人数都太少，不给增值数字"
    counts = {word: sum(row.verdict == key for row in shown) for key, word in SchoolGrowth.WORDS.items()}
    said = "，".join(f"{count} 所{word}" for word, count in counts.items() if count)
    return f"{grade_of(run.monitoring)}：{len(shown)} 所学校中，{said}"


def who_is_counted(counts: dict[str, int]) -> list[tuple[str, int]]:
    """Each fate in words, in a fixed order; the included first."""
    lines = [(FATES[fate], counts.get(fate, 0)) for fate in Fate]
    if counts.get(CHANGED_SCHOOL):
        lines.insert(1, ("其中上次在本市另一所学校", counts[CHANGED_SCHOOL]))
    return lines
