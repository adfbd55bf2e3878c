"""Reads of learning status: the pupil's calm map, a class's points × pupils, common errors, a child's three sentences.

Pupils stand in school-number order, never by strength; every figure comes with its n and, for a class, an interval.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import sqrt
from uuid import UUID

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from yincai.core.actors import Actor
from yincai.knowledge.generators import malrule
from yincai.knowledge.graph import Point, Unit
from yincai.knowledge.queries import cause_name, graph
from yincai.learning.keeping import Given
from yincai.learning.models import Assignment
from yincai.measurement import tracing
from yincai.measurement.tracing import GROWING, LABELS, MASTERED, STARTING, UNSEEN, Masteries, State
from yincai.records.folds import Fact
from yincai.records.queries import facts_of, state_of, states_of
from yincai.registry.models import Organisation, Person
from yincai.registry.queries import Pupil, pseudonym_of, pupils_of

SUBJECT = "math"
WINDOW = timedelta(days=28)
Z80 = 1.2816  # 80 % intervals
LEAST = 10  # pupils below which a share is not shown as one


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
    unit: Unit
    points: tuple[PointView, ...]

    @property
    def begun(self) -> bool:
        return any(view.level != UNSEEN for view in self.points)


def calm_map(subject: str, state: State, actor: Actor) -> list[UnitView]:
    """The units of the pupil's grade, and earlier ones that were begun; no numbers, only how far each point is."""
    grade = _grade_of(actor)
    views = unit_views(subject, state)
    near = [view for view in views if view.unit.grade == grade or (view.begun and view.unit.grade < grade)]
    return sorted(near, key=lambda view: (-view.unit.grade, view.unit.when))


def unit_views(subject: str, state: State) -> list[UnitView]:
    known = graph(subject)
    table = tracing.masteries(state.grown(known.width), timezone.now().timestamp())
    return [
        UnitView(unit, tuple(_point_view(point, table) for point in known.of_unit(unit.code)))
        for unit in sorted(known.units.values(), key=lambda unit: unit.when)
    ]


def _point_view(point: Point, table: Masteries) -> PointView:
    slot = point.slot
    return PointView(point, int(table.label[slot]), int(table.n[slot]), float(table.value[slot]), float(table.se[slot]))


def _grade_of(actor: Actor) -> int:
    if actor.role is None:
        return 0
    return Organisation.objects.filter(pk=actor.role.organisation).values_list("grade", flat=True).first() or 0


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
        return f"做了 {self.answered} 题，答对 {self.right} 题。"


def sitting_summary(subject: str, given: Sequence[Given], packed: bytes) -> Summary:
    known = graph(subject)
    table = tracing.masteries(State.unpack(packed).grown(known.width), timezone.now().timestamp())
    slots = dict.fromkeys(slot for each in given for slot in each.points if slot in known.by_slot)
    points = tuple(_point_view(known.by_slot[slot], table) for slot in slots)
    return Summary(len(given), sum(each.score >= 0.5 for each in given), points)


def open_assignments(actor: Actor, pupil: int) -> list[Assignment]:
    """Practices set for this pupil that are neither withdrawn nor past their day."""
    if actor.role is None:
        return []
    rows = Assignment.objects.filter(
        Q(due__isnull=True) | Q(due__gte=timezone.localdate()),
        school_class=actor.role.organisation,
        withdrawn_at__isnull=True,
    )
    return [row for row in rows if not row.pupils or pupil in row.pupils]


@dataclass(frozen=True)
class Today:
    """What the pupil's home says: what comes next, and what the teacher set."""

    unit: str
    minutes: int
    due: int
    ready: bool
    keeps: bool
    set_by_teacher: tuple[Assignment, ...]
    started: bool


def pupil_today(actor: Actor) -> Today:
    """The state of the day for a pupil; honest where practice has nothing for the grade."""
    pseudonym = pseudonym_of(actor.person_id)
    known = graph(SUBJECT)
    state = State.unpack(state_of(pseudonym.number, SUBJECT)).grown(known.width)
    now = timezone.now().timestamp()
    due = state.points["due"][: known.width]
    return Today(
        unit=_unit_in_progress(state),
        minutes=10,
        due=int(((due > 0) & (due <= now)).sum()),
        ready=any(unit.grade <= _grade_of(actor) for unit in known.units.values()),
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
    """One point of a class. `levels` in the pupils' order (None: nothing is kept of that pupil)."""

    point: Point
    levels: tuple[int | None, ...]
    mastered: int
    n: int
    low: float
    high: float
    cause: str = ""
    cause_name: str = ""
    cause_people: int = 0

    @property
    def point_code(self) -> str:
        return self.point.code

    @property
    def name(self) -> str:
        return self.point.name

    @property
    def share(self) -> float | None:
        return self.mastered / self.n if self.n >= LEAST else None


@dataclass(frozen=True)
class ClassStatus:
    school_class: Organisation
    pupils: tuple[Pupil, ...]
    points: tuple[PointRow, ...]
    unit: Unit | None
    units: tuple[Unit, ...]
    as_of: datetime | None


def class_status(school_class: Organisation, on: date | None = None, unit: str = "") -> ClassStatus:
    """Points × pupils of one unit: the unit asked for, else the one most practised lately."""
    pupils = tuple(pupils_of(school_class, on))
    numbers = [pupil.pseudonym.number for pupil in pupils if pupil.pseudonym.keeps]
    facts = facts_of(numbers, SUBJECT, timezone.now() - WINDOW)
    units = _units_for(school_class, facts)
    chosen = next((one for one in units if one.code == unit), None) or _busiest(units, facts)
    if chosen is None:
        return ClassStatus(school_class, pupils, (), None, units, None)
    tables = _tables(numbers)
    rows = tuple(_point_row(point, pupils, tables, facts) for point in graph(SUBJECT).of_unit(chosen.code))
    return ClassStatus(school_class, pupils, rows, chosen, units, max((fact.at for fact in facts), default=None))


def _tables(numbers: Sequence[int]) -> dict[int, Masteries]:
    width, now = graph(SUBJECT).width, timezone.now().timestamp()
    states = states_of(numbers, SUBJECT)
    return {pupil: tracing.masteries(State.unpack(packed).grown(width), now) for pupil, packed in states.items()}


def _units_for(school_class: Organisation, facts: Sequence[Fact]) -> tuple[Unit, ...]:
    known = graph(SUBJECT)
    practised = {known.by_slot[slot].unit for fact in facts for slot in fact.points if slot in known.by_slot}
    units = [unit for unit in known.units.values() if unit.grade == school_class.grade or unit.code in practised]
    return tuple(sorted(units, key=lambda unit: unit.when))


def _busiest(units: Sequence[Unit], facts: Sequence[Fact]) -> Unit | None:
    known = graph(SUBJECT)
    counts = Counter(known.by_slot[slot].unit for fact in facts for slot in fact.points if slot in known.by_slot)
    return max(units, key=lambda unit: counts[unit.code], default=None)


def _point_row(point: Point, pupils: Sequence[Pupil], tables: dict[int, Masteries], facts: Sequence[Fact]) -> PointRow:
    levels = tuple(_level(tables.get(pupil.pseudonym.number), point.slot, pupil) for pupil in pupils)
    tried = [level for level in levels if level not in (None, UNSEEN)]
    mastered = sum(level == MASTERED for level in tried)
    low, high = wilson(mastered, len(tried))
    cause, people = _leading_cause(facts, point.slot)
    return PointRow(point, levels, mastered, len(tried), low, high, cause, cause_name(cause) if cause else "", people)


def _level(table: Masteries | None, slot: int, pupil: Pupil) -> int | None:
    if not pupil.pseudonym.keeps:
        return None
    return UNSEEN if table is None else int(table.label[slot])


def _leading_cause(facts: Sequence[Fact], slot: int) -> tuple[str, int]:
    """The cause most pupils share at a point, and how many share it."""
    people: dict[str, set[int]] = defaultdict(set)
    for fact in facts:
        if fact.cause and slot in fact.points:
            people[fact.cause].add(fact.pupil)
    cause = max(people, key=lambda each: (len(people[each]), each), default="")
    return cause, len(people.get(cause, ()))


def wilson(right: int, n: int, z: float = Z80) -> tuple[float, float]:
    """Wilson's interval of a proportion; (0, 1) where n is 0."""
    if not n:
        return 0.0, 1.0
    share, wide = right / n, z * z / n
    middle = (share + wide / 2) / (1 + wide)
    reach = z * sqrt(share * (1 - share) / n + wide / (4 * n)) / (1 + wide)
    return max(0.0, middle - reach), min(1.0, middle + reach)


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
    numbers = [pupil.pseudonym.number for pupil in pupils if pupil.pseudonym.keeps]
    counts: Counter[str] = Counter()
    people: dict[str, set[int]] = defaultdict(set)
    for fact in facts_of(numbers, SUBJECT, timezone.now() - WINDOW):
        if fact.cause:
            counts[fact.cause] += 1
            people[fact.cause].add(fact.pupil)
    leading = sorted(people, key=lambda cause: (-len(people[cause]), -counts[cause], cause))[:limit]
    return [_common_error(cause, pupils, people[cause], counts[cause], school_class) for cause in leading]


def _common_error(
    cause: str, pupils: Sequence[Pupil], numbers: set[int], count: int, school_class: Organisation
) -> CommonError:
    known = graph(SUBJECT)
    try:
        rule = malrule(cause)
        words, point = rule.explain, known.points.get(rule.point)
    except KeyError:
        words, point = "", None
    behind = tuple(pupil for pupil in pupils if pupil.pseudonym.number in numbers)
    address = reverse("learning-set", args=[school_class.pk])
    return CommonError(cause, cause_name(cause), words, point, behind, count, f"{address}?cause={cause}")


# --- one pupil --------------------------------------------------------------------------------------------------------


def child_sentences(child: Person | UUID) -> list[str]:
    """Three sentences about a child: what was practised, what has grown, what comes next. Never a comparison."""
    pseudonym = pseudonym_of(child)
    if not pseudonym.keeps:
        return ["还没有您的同意，孩子可以练习，但不保存记录，所以这里暂时没有内容。"]
    facts = facts_of([pseudonym.number], SUBJECT, timezone.now() - timedelta(days=7))
    state = State.unpack(state_of(pseudonym.number, SUBJECT))
    return [_practised(facts), _grown(state), _next_step(state)]


def _practised(facts: Sequence[Fact]) -> str:
    if not facts:
        return "最近七天没有练习数学。"
    days = len({timezone.localtime(fact.at).date() for fact in facts})
    minutes = max(1, round(sum(fact.duration_ms for fact in facts) / 60000))
    return f"最近七天有 {days} 天练了数学，一共 {len(facts)} 题、约 {minutes} 分钟。"


def _named(state: State, level: int) -> list[str]:
    known = graph(SUBJECT)
    table = tracing.masteries(state.grown(known.width), timezone.now().timestamp())
    return [point.name for point in known if int(table.label[point.slot]) == level]


def _grown(state: State) -> str:
    mastered, growing = _named(state, MASTERED), _named(state, GROWING)
    if mastered:
        return f"已经掌握 {len(mastered)} 个知识点，如“{mastered[-1]}”。"
    if growing:
        return f"正在成长的有 {len(growing)} 个知识点，如“{growing[-1]}”。"
    return "还在起步，多练几次就能看到变化。"


def _next_step(state: State) -> str:
    growing, starting = _named(state, GROWING), _named(state, STARTING)
    if starting:
        return f"接下来可以和孩子聊聊“{starting[0]}”：请他讲给您听，比多做题更有用。"
    if growing:
        return f"接下来会继续巩固“{growing[0]}”。"
    return "接下来会从本年级的第一个单元开始。"
