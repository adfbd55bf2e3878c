"""The indicators of practice: what heads and officers see of it. Each row counted is a pupil, a class or a school."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from yincai.indicators.definitions import Indicator, Tables, register
from yincai.measurement.tracing import GROWING, LABELS, MASTERED, STARTING

if TYPE_CHECKING:
    import ibis

GRADES = (3, 8)  # those of the subject graph (a test holds that); other grades have nothing to practise yet
DAYS = 7
SUBJECT = "math"
LEVELS = (STARTING, GROWING, MASTERED)
POPULATION = "三至八年级（现有练习内容的年级）"
SOURCE = "练习中的作答记录（湖中事实表，已按更正改判），名单来自学籍。"


def _in_grades(table: ibis.Table) -> ibis.Table:
    return table.filter(table.grade.between(*GRADES))


def _recent(tables: Tables, day: date) -> ibis.Table:
    """Answers of the last seven days, today included."""
    begin = timezone.make_aware(datetime.combine(day - timedelta(days=DAYS - 1), time.min))
    facts = tables.facts
    return facts.filter(facts.subject == SUBJECT, facts.at >= begin)


def _classes(tables: Tables) -> ibis.Table:
    places = tables.places
    return _in_grades(places.filter(places.kind == "class"))


def active_classes(tables: Tables, day: date) -> ibis.Table:
    classes = _classes(tables)
    seen = _recent(tables, day).select("place").distinct().rename(seen="place")
    joined = classes.left_join(seen, classes.place == seen.seen)
    return joined.select(place=joined.place, key=joined.place, value=joined.seen.notnull().cast("float64"))


def active_schools(tables: Tables, day: date) -> ibis.Table:
    classes = active_classes(tables, day)
    schools = _classes(tables).select(at="place", school="school")
    joined = classes.join(schools, classes.place == schools.at)
    whole = joined.group_by("school").aggregate(value=joined.value.max())
    return whole.select(place=whole.school, key=whole.school, value=whole.value)


def coverage(tables: Tables, day: date) -> ibis.Table:
    roll = _in_grades(tables.roll)
    came = _recent(tables, day).select(came="pupil").distinct()
    joined = roll.left_join(came, roll.key == came.came)
    return joined.select(place=joined.place, key=joined.key, value=joined.came.notnull().cast("float64"))


def mastery_distribution(tables: Tables, day: date) -> ibis.Table:
    """For each pupil, the shares of the points tried that stand at each level: each pupil counts once."""
    import ibis

    rows = tables.mastery
    tried = rows.filter(rows.subject == SUBJECT, rows.n > 0)
    roll = _in_grades(tables.roll)
    joined = tried.select(pupil="pupil", label="label").join(roll, tried.pupil == roll.key)
    pupils = joined.group_by("pupil", "place").aggregate(
        points=joined.count(), **{f"at{level}": (joined.label == level).sum() for level in LEVELS}
    )
    return ibis.union(
        *(
            pupils.select(
                place=pupils.place,
                key=pupils.pupil,
                part=ibis.literal(number),
                value=pupils[f"at{level}"] / pupils.points,
            )
            for number, level in enumerate(LEVELS)
        )
    )


ACTIVE_CLASSES = Indicator(
    code="practice.active-classes",
    label="活跃班级",
    question="最近七天，有多少个班做过数学练习？",
    finding="最近七天有 {figure}做过数学练习",
    population=f"{POPULATION}的班级",
    formula_words="最近七天（含今天）至少有一名学生作答一题的班级数。",
    source=SOURCE,
    formula=active_classes,
    kind="count",
    unit="个班",
    order=10,
)
ACTIVE_SCHOOLS = Indicator(
    code="practice.active-schools",
    label="活跃学校",
    question="最近七天，有多少所学校做过数学练习？",
    finding="最近七天有 {figure}做过数学练习",
    population=f"有{POPULATION}的学校",
    formula_words="最近七天（含今天）至少有一个班活跃的学校数。",
    source=SOURCE,
    formula=active_schools,
    kind="count",
    unit="所学校",
    order=20,
)
COVERAGE = Indicator(
    code="practice.coverage",
    label="练习覆盖",
    question="最近七天，有多少学生练习过数学？",
    finding="最近七天练习过数学的学生占 {figure}",
    population=f"{POPULATION}的在册学生；没有同意保存记录的学生计入人数，不计入练习过",
    formula_words="最近七天（含今天）至少有一条作答记录的学生数 ÷ 在册学生数；区间为 Wilson 80% 区间。",
    source=SOURCE,
    formula=coverage,
    row_words=("没有练习", "练习过"),
    order=30,
)
MASTERY = Indicator(
    code="practice.mastery",
    label="掌握分布",
    question="学生练过的知识点，有多少在起步、成长、掌握？",
    finding="学生练过的知识点平均掌握 {figure}",
    population=f"{POPULATION}中至少练过一个知识点的学生",
    formula_words="每名学生练过的知识点中处于各级的比例，再对学生取平均；区间按学生之间的差异计算（80%；人人相同时按比例的区间）。",
    source="学习状态（由作答记录折算，模型和版本随行记录），名单来自学籍。",
    formula=mastery_distribution,
    kind="mean",
    parts=tuple(LABELS[level] for level in LEVELS),
    order=40,
)


def register_indicators() -> None:
    register(ACTIVE_CLASSES, ACTIVE_SCHOOLS, COVERAGE, MASTERY)
