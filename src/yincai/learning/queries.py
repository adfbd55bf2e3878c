"""Reads of learning status: the pupil's calm map, a class's points × pupils, common errors, a child's three sentences.

Pupils stand in school-number order, never by strength; every figure comes with its n and, for a class, an interval.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Count, Max, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from yincai.core.actors import Actor
from yincai.core.rules import rule
from yincai.knowledge.generators import malrule
from yincai.knowledge.graph import Point, Unit
from yincai.knowledge.graph.loader import TERMS
from yincai.knowledge.pool import pool
from yincai.knowledge.queries import graph
from yincai.learning.attribution.words import TEACHERS, name_of
from yincai.learning.keeping import Given
from yincai.learning.models import Assignment, Judgement, Practice
from yincai.learning.sitting import class_word, grades, stocked
from yincai.learning.states import all_traced, traced_of
from yincai.learning.tracing.state import Traced
from yincai.measurement.intervals import wilson
from yincai.measurement.tracing import GROWING, LABELS, MASTERED, STARTING, UNSEEN, Masteries, State
from yincai.records.folds import Fact
from yincai.records.models import ResponseFact
from yincai.records.queries import facts_of, in_force
from yincai.registry.consent import allows
from yincai.registry.models import Organisation, Person, Purpose
from yincai.registry.queries import Pupil, pseudonym_of, pupils_of

SUBJECT = "math"
WINDOW = timedelta(days=28)
GRADE_NAMES = "零一二三四五六七八九"


@dataclass(frozen=True)
class PointView:
    """A knowledge point on a map: its level (0 未学 … 3 掌握) and, in words, why."""

    point: Point
    level: int
    n: int
    value: float
    se: float

    @property
    def label(self) -> str:
        return LABELS[self.level]


@dataclass(frozen=True)
class UnitView:
    """`ready`: there is something to practise in it."""

    unit: Unit
    points: tuple[PointView, ...]
    ready: bool = False

    @property
    def begun(self) -> bool:
        return any(view.level != UNSEEN for view in self.points)

    @property
    def mastered(self) -> bool:
        return all(view.level == MASTERED for view in self.points)


@dataclass(frozen=True)
class MapPart:
    title: str
    units: tuple[UnitView, ...]


@dataclass(frozen=True)
class CalmMap:
    """What the pupil has met, under way first; no parts at all where the grade has nothing to practise."""

    finding: str
    parts: tuple[MapPart, ...]


def calm_map(subject: str, state: Traced, actor: Actor) -> CalmMap:
    """The units of the pupil's grade, and others that were begun; no numbers on a point, only how far it is."""
    grade = grade_of(actor)
    if grade not in grades(subject):
        return CalmMap("你的年级现在还没有练习题", ())
    stock = stocked(pool(subject, actor.place))
    views = [
        UnitView(view.unit, view.points, any(stock[one.point.slot] for one in view.points))
        for view in unit_views(subject, state)
    ]
    under_way = [view for view in views if view.begun and not view.mastered]
    ahead = [view for view in views if view.unit.grade == grade and not view.begun]
    halves = [(term, [view for view in ahead if view.unit.term == term]) for term in TERMS]
    parts = [("正在学", under_way[::-1])]
    parts += [(f"{GRADE_NAMES[grade]}年级{term}册", units) for term, units in halves]
    parts += [("已经掌握", [view for view in views if view.mastered])]
    return CalmMap(_finding(views), tuple(MapPart(title, tuple(units)) for title, units in parts if units))


def _finding(views: Sequence[UnitView]) -> str:
    counts = Counter(one.level for view in views for one in view.points)
    growing = f"{counts[GROWING]} 个正在成长" if counts[GROWING] else ""
    if counts[MASTERED]:
        return f"你已经掌握 {counts[MASTERED]} 个知识点" + (f"，还有 {growing}" if growing else "")
    if growing:
        return f"你有 {counts[GROWING]} 个知识点正在成长"
    return "刚刚起步，多练几次就能看到变化" if counts[STARTING] else "从这里开始，想练哪一块都可以"


def unit_views(subject: str, state: Traced) -> list[UnitView]:
    """Every unit, as a class meets them."""
    known = graph(subject)
    table = state.masteries(timezone.now().timestamp(), known.width)
    return [
        UnitView(unit, tuple(_point_view(point, table) for point in known.of_unit(unit.code)))
        for unit in sorted(known.units.values(), key=lambda unit: unit.when)
    ]


def _point_view(point: Point, table: Masteries) -> PointView:
    slot = point.slot
    return PointView(point, int(table.label[slot]), int(table.n[slot]), float(table.value[slot]), float(table.se[slot]))


def grade_of(actor: Actor) -> int:
    """The grade of a pupil's class; 0 for whoever is in none."""
    return class_word(actor.role.organisation).grade if actor.role else 0


# --- a sitting --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Summary:
    """What a sitting came to, in words."""

    answered: int
    right: int
    points: tuple[PointView, ...]

    @property
    def sentence(self) -> str:
        if not self.answered:
            return "这次还没有答题，下次再来。"
        if not self.right:
            return f"做了 {self.answered} 题，都还差一点。下次没有头绪，先看看提示。"
        return f"做了 {self.answered} 题，答对 {self.right} 题。"


def sitting_summary(subject: str, given: Sequence[Given], state: Traced) -> Summary:
    known = graph(subject)
    table = state.masteries(timezone.now().timestamp(), known.width)
    slots = dict.fromkeys(slot for each in given for slot in each.points if slot in known.by_slot)
    points = tuple(_point_view(known.by_slot[slot], table) for slot in slots)
    return Summary(len(given), sum(each.score >= 0.5 for each in given), points)


@dataclass(frozen=True)
class SetPractice:
    """A practice that a teacher set, and how many of its questions the pupil has answered."""

    assignment: Assignment
    done: int

    @property
    def pk(self) -> UUID:
        return self.assignment.pk

    @property
    def title(self) -> str:
        return self.assignment.title

    @property
    def questions(self) -> int:
        return self.assignment.questions

    @property
    def due(self) -> date | None:
        return self.assignment.due

    @property
    def finished(self) -> bool:
        return self.done >= self.assignment.questions


def open_assignments(actor: Actor, pupil: int) -> list[SetPractice]:
    """Practices set for this pupil that are neither withdrawn, nor past their day, nor done; the most urgent first."""
    if actor.role is None:
        return []
    rows = Assignment.objects.filter(
        Q(due__isnull=True) | Q(due__gte=timezone.localdate()),
        school_class=actor.role.organisation,
        withdrawn_at__isnull=True,
    )
    mine = [row for row in rows if not row.pupils or pupil in row.pupils]
    done = answers_given(mine, [pupil])
    found = [SetPractice(row, done[row.pk, pupil]) for row in mine]
    return sorted((one for one in found if not one.finished), key=lambda one: one.due or date.max)


def answers_given(assignments: Sequence[Assignment], pupils: Sequence[int]) -> Counter[tuple[UUID, int]]:
    """How many questions of each set practice each pupil has answered, over all its sittings."""
    counts: Counter[tuple[UUID, int]] = Counter()
    if not assignments or not pupils:
        return counts
    sittings = dict(
        Practice.objects.filter(assignment__in=assignments, pupil__in=pupils).values_list("pk", "assignment")
    )
    since = min(row.set_at for row in assignments)
    facts = in_force().filter(subject=SUBJECT, pupil__in=pupils, source="assigned", at__gte=since)
    for practice, pupil, n in facts.order_by().values_list("practice", "pupil").annotate(n=Count("pk")):
        if practice in sittings:
            counts[sittings[practice], pupil] += n
    return counts


@dataclass(frozen=True)
class Today:
    """What the pupil's home says: what comes next, and what the teacher set."""

    unit: str
    minutes: int
    due: int
    ready: bool
    keeps: bool
    set_by_teacher: tuple[SetPractice, ...]
    started: bool


def pupil_today(actor: Actor) -> Today:
    """The state of the day for a pupil; honest where practice has nothing for the grade."""
    pseudonym = pseudonym_of(actor.person_id)
    known = graph(SUBJECT)
    state = traced_of(pseudonym.number, SUBJECT).mastery.grown(known.width)
    now = timezone.now().timestamp()
    due = state.points["due"][: known.width]
    return Today(
        unit=_unit_in_progress(state),
        minutes=10,
        due=int(((due > 0) & (due <= now)).sum()),
        ready=grade_of(actor) in grades(SUBJECT),
        keeps=pseudonym.keeps,
        set_by_teacher=tuple(open_assignments(actor, pseudonym.number)),
        started=bool(len(state.seen)),
    )


def _unit_in_progress(state: State) -> str:
    """The unit of the point answered last."""
    known = graph(SUBJECT)
    if not len(state.seen):
        return ""
    newest = max(state.seen.tolist(), key=lambda slot: float(state.points["last"][slot]))
    point = known.by_slot.get(newest)
    return known.units[point.unit].name if point else ""


# --- a class ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PointRow:
    """One point of a class. `levels` in the order of `pupils` (None: nothing is kept of that pupil). `least`: the
    number of pupils below which a share is not shown."""

    point: Point
    levels: tuple[int | None, ...]
    mastered: int
    n: int
    low: float
    high: float
    cause: str = ""
    cause_name: str = ""
    cause_people: int = 0
    pupils: tuple[Pupil, ...] = ()
    least: int = 0

    @property
    def point_code(self) -> str:
        return self.point.code

    @property
    def name(self) -> str:
        return self.point.name

    @property
    def share(self) -> float | None:
        """Of those who tried, how many master it; None where these are fewer than the rule allows to show."""
        return self.mastered / self.n if self.n >= max(self.least, 1) else None

    @property
    def cells(self) -> list[tuple[Pupil, int | None]]:
        return list(zip(self.pupils, self.levels, strict=True))

    @property
    def by_level(self) -> list[tuple[str, list[Pupil]]]:
        """Who stands where, in school-number order: first those just starting, last those not seen yet."""
        levels = [(level, LABELS[level]) for level in (STARTING, GROWING, MASTERED, UNSEEN)]
        found = [(label, [pupil for pupil, has in self.cells if has == level]) for level, label in levels]
        return [(label, people) for label, people in found if people]


@dataclass(frozen=True)
class ClassStatus:
    """`as_of`: the newest answer of the last four weeks. `unkept`: pupils without consent."""

    school_class: Organisation
    pupils: tuple[Pupil, ...]
    points: tuple[PointRow, ...]
    unit: Unit | None
    units: tuple[Unit, ...]
    as_of: datetime | None

    @property
    def unkept(self) -> int:
        return sum(not pupil.pseudonym.keeps for pupil in self.pupils)


def class_status(school_class: Organisation, on: date | None = None, unit: str = "") -> ClassStatus:
    """Points × pupils of one unit: the unit asked for, else the one most practised lately."""
    pupils = tuple(pupils_of(school_class, on))
    numbers = _kept(pupils)
    practised, newest = _practised_units(numbers)
    units = _units_for(school_class, practised)
    chosen = next((one for one in units if one.code == unit), None) or _busiest(units, practised)
    if chosen is None:
        return ClassStatus(school_class, pupils, (), None, units, None)
    tables, causes = _tables(numbers), _causes(numbers)
    least = int(rule("pi.minimum", school_class.path).value)
    points = graph(SUBJECT).of_unit(chosen.code)
    rows = tuple(replace(_point_row(point, pupils, tables, causes), least=least) for point in points)
    return ClassStatus(school_class, pupils, rows, chosen, units, newest)


def _kept(pupils: Sequence[Pupil]) -> list[int]:
    return [pupil.pseudonym.number for pupil in pupils if pupil.pseudonym.keeps]


def _lately(numbers: Sequence[int]) -> QuerySet[ResponseFact]:
    facts = in_force().filter(subject=SUBJECT, pupil__in=numbers, at__gte=timezone.now() - WINDOW)
    return facts.order_by()


def _practised_units(numbers: Sequence[int]) -> tuple[Counter[str], datetime | None]:
    """How many answers of the last weeks touch each unit, and when the newest came."""
    known, counts, newest = graph(SUBJECT), Counter[str](), None
    for points, n, last in _lately(numbers).values_list("points").annotate(n=Count("pk"), last=Max("at")):
        newest = max(newest, last) if newest else last
        for unit in {known.by_slot[slot].unit for slot in map(int, points.split()) if slot in known.by_slot}:
            counts[unit] += n
    return counts, newest


@dataclass(frozen=True)
class _Caused:
    """How often a pupil showed a cause at the points of some items."""

    pupil: int
    slots: tuple[int, ...]
    cause: str
    count: int


def _causes(numbers: Sequence[int]) -> list[_Caused]:
    """What the bank recognised; where a teacher judged an answer, the teacher's word instead."""
    judged = dict(Judgement.objects.filter(pupil__in=numbers, superseded=False).values_list("answer", "cause"))
    lately = _lately(numbers)
    rows = lately.exclude(cause="").exclude(statement__in=list(judged)).values_list("pupil", "points", "cause")
    found = [(pupil, points, cause, n) for pupil, points, cause, n in rows.annotate(n=Count("pk"))]
    for pupil, points, answer in lately.filter(statement__in=list(judged)).values_list("pupil", "points", "statement"):
        if judged[answer] not in TEACHERS:
            found.append((pupil, points, judged[answer], 1))
    return [_Caused(pupil, tuple(map(int, points.split())), cause, n) for pupil, points, cause, n in found]


def _tables(numbers: Sequence[int]) -> dict[int, Masteries]:
    width, now = graph(SUBJECT).width, timezone.now().timestamp()
    return {pupil: state.masteries(now, width) for pupil, state in all_traced(numbers, SUBJECT).items()}


def _units_for(school_class: Organisation, practised: Counter[str]) -> tuple[Unit, ...]:
    known = graph(SUBJECT)
    units = [unit for unit in known.units.values() if unit.grade == school_class.grade or unit.code in practised]
    return tuple(sorted(units, key=lambda unit: unit.when))


def _busiest(units: Sequence[Unit], practised: Counter[str]) -> Unit | None:
    return max(units, key=lambda unit: practised[unit.code], default=None)


def _point_row(
    point: Point, pupils: tuple[Pupil, ...], tables: dict[int, Masteries], causes: Sequence[_Caused]
) -> PointRow:
    levels = tuple(_level(tables.get(pupil.pseudonym.number), point.slot, pupil) for pupil in pupils)
    tried = [level for level in levels if level not in (None, UNSEEN)]
    mastered = sum(level == MASTERED for level in tried)
    low, high = wilson(mastered, len(tried)) if tried else (0.0, 1.0)
    cause, people = _leading_cause(causes, point.slot)
    return PointRow(
        point, levels, mastered, len(tried), low, high, cause, name_of(cause) if cause else "", people, pupils
    )


def _level(table: Masteries | None, slot: int, pupil: Pupil) -> int | None:
    if not pupil.pseudonym.keeps:
        return None
    return UNSEEN if table is None else int(table.label[slot])


def _leading_cause(causes: Sequence[_Caused], slot: int) -> tuple[str, int]:
    """The cause most pupils share at a point, and how many share it."""
    people: dict[str, set[int]] = defaultdict(set)
    for one in causes:
        if slot in one.slots:
            people[one.cause].add(one.pupil)
    cause = max(people, key=lambda each: (len(people[each]), each), default="")
    return cause, len(people.get(cause, ()))


@dataclass(frozen=True)
class CommonError:
    """A cause that several pupils of a class share; `people` in school-number order."""

    cause: str
    name: str
    words: str
    point: Point | None
    people: tuple[Pupil, ...]
    count: int
    practice_url: str


def common_errors(school_class: Organisation, limit: int = 5) -> list[CommonError]:
    """The causes that most pupils of the class showed in the last four weeks."""
    pupils = pupils_of(school_class)
    counts: Counter[str] = Counter()
    people: dict[str, set[int]] = defaultdict(set)
    for one in _causes(_kept(pupils)):
        counts[one.cause] += one.count
        people[one.cause].add(one.pupil)
    leading = sorted(people, key=lambda cause: (-len(people[cause]), -counts[cause], cause))[:limit]
    return [_common_error(cause, pupils, people[cause], counts[cause], school_class) for cause in leading]


def _common_error(
    cause: str, pupils: Sequence[Pupil], numbers: set[int], count: int, school_class: Organisation
) -> CommonError:
    known = graph(SUBJECT)
    try:
        rule = malrule(cause)
        words, point = rule.explain, known.points.get(rule.point)
    except LookupError:
        words, point = "", None
    behind = tuple(pupil for pupil in pupils if pupil.pseudonym.number in numbers)
    address = reverse("learning-set", args=[school_class.pk])
    return CommonError(cause, name_of(cause), words, point, behind, count, f"{address}?cause={cause}")


# --- one pupil --------------------------------------------------------------------------------------------------------


def child_sentences(child: Person | UUID) -> list[str]:
    """Three sentences about a child: what was practised, what has grown, what comes next. Never a comparison."""
    pseudonym = pseudonym_of(child)
    if not pseudonym.keeps:
        return ["还没有您的同意，孩子可以练习，但不保存记录，所以这里暂时没有内容。"]
    if not allows(child, Purpose.REPORT):
        return ["您没有同意在这里展示学习情况，所以没有内容；练习和老师那边不受影响，随时可以打开。"]
    facts = facts_of([pseudonym.number], SUBJECT, timezone.now() - timedelta(days=7))
    state = traced_of(pseudonym.number, SUBJECT)
    return [_practised(facts), _grown(state), _next_step(state)]


def _practised(facts: Sequence[Fact]) -> str:
    if not facts:
        return "最近七天没有练习数学。"
    days = len({timezone.localtime(fact.at).date() for fact in facts})
    minutes = max(1, round(sum(fact.duration_ms for fact in facts) / 60000))
    return f"最近七天有 {days} 天练了数学，一共 {len(facts)} 题、约 {minutes} 分钟。"


def _named(state: Traced, level: int) -> list[str]:
    known = graph(SUBJECT)
    table = state.masteries(timezone.now().timestamp(), known.width)
    return [point.name for point in known if int(table.label[point.slot]) == level]


def _grown(state: Traced) -> str:
    mastered, growing = _named(state, MASTERED), _named(state, GROWING)
    if mastered:
        return f"已经掌握 {len(mastered)} 个知识点，如“{mastered[-1]}”。"
    if growing:
        return f"正在成长的有 {len(growing)} 个知识点，如“{growing[-1]}”。"
    return "还在起步，多练几次就能看到变化。"


def _next_step(state: Traced) -> str:
    growing, starting = _named(state, GROWING), _named(state, STARTING)
    if starting:
        return f"可以和孩子聊聊“{starting[0]}”：请孩子讲给您听，比多做题更有用。"
    if growing:
        return f"接下来会继续巩固“{growing[0]}”。"
    return "接下来会从本年级的第一个单元开始。"
