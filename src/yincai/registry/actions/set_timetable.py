"""A class's timetable of a term."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from yincai.core.action import ActionError, action, changed_nothing, touched
from yincai.core.actors import Actor
from yincai.core.scope import unscoped
from yincai.registry.models import Organisation, Person, Term, TimetableEntry
from yincai.registry.policies import TIMETABLE_MEND

WEEKDAYS = "零一二三四五六日"
Slot = tuple[int, int]


@dataclass(frozen=True)
class Lesson:
    """A lesson to be held weekly, or in odd or even weeks only."""

    weekday: int
    period: int
    subject: str
    teacher: UUID | None = None
    weeks: str = ""
    room: str = ""

    @property
    def slot(self) -> Slot:
        return (self.weekday, self.period)

    def meets(self, weeks: str) -> bool:
        """Do both take place in some same week?"""
        return not self.weeks or not weeks or self.weeks == weeks

    @property
    def when(self) -> str:
        weeks = {"odd": "单周", "even": "双周"}.get(self.weeks, "")
        return f"{weeks}星期{WEEKDAYS[self.weekday]}第 {self.period} 节"


class DoubleBooking(ActionError):
    """`clashes`: a sentence for each lesson that cannot be."""

    def __init__(self, clashes: Sequence[str]) -> None:
        super().__init__("；".join(clashes) + "。请换一节，或先改另一个班的课表。")
        self.clashes = list(clashes)


@action(TIMETABLE_MEND)
def set_timetable(
    school_class: Organisation, term: Term, lessons: Sequence[Lesson], *, acting_user: Actor
) -> Organisation:
    """Make the class's timetable just this; a teacher who is already elsewhere at that time is told, not taken."""
    TIMETABLE_MEND.require(acting_user, school_class)
    _refuse_twice(lessons)
    clashes = clashes_of(school_class, term, lessons)
    if clashes:
        raise DoubleBooking([sentence for _, sentence in clashes])
    before = {_content(row) for row in TimetableEntry.objects.filter(term=term, school_class=school_class)}
    if before == set(lessons):
        changed_nothing()
        return school_class
    TimetableEntry.objects.filter(term=term, school_class=school_class).delete()
    put_lessons(school_class, term, lessons)
    return touched(school_class, "registry.set_timetable", term=term.pk, lessons=sorted(map(str, lessons)))


def put_lessons(school_class: Organisation, term: Term, lessons: Iterable[Lesson]) -> list[TimetableEntry]:
    """Part of an action."""
    return TimetableEntry._base_manager.bulk_create(
        TimetableEntry(
            term=term,
            school_class=school_class,
            weekday=lesson.weekday,
            period=lesson.period,
            subject=lesson.subject,
            teacher_id=lesson.teacher,
            weeks=lesson.weeks,
            room=lesson.room,
        )
        for lesson in lessons
    )


def clashes_of(
    school_class: Organisation, term: Term, lessons: Iterable[Lesson], ignoring: Collection[int] = ()
) -> list[tuple[Lesson, str]]:
    """Lessons whose teacher is in another class then; also one at a school that the actor does not see.
    `ignoring`: entries about to be replaced."""
    wanted = [lesson for lesson in lessons if lesson.teacher]
    with unscoped("a teacher may stand in two schools"):
        rows = TimetableEntry.objects.filter(
            teacher__in={lesson.teacher for lesson in wanted}, term__starts__lte=term.ends, term__ends__gte=term.starts
        )
        booked: dict[tuple[UUID, Slot], list[TimetableEntry]] = {}
        for row in rows.exclude(school_class=school_class).exclude(pk__in=ignoring).select_related("school_class"):
            booked.setdefault((row.teacher_id, (row.weekday, row.period)), []).append(row)
        names = dict(Person.objects.filter(pk__in={lesson.teacher for lesson in wanted}).values_list("pk", "name"))
    school = school_class.path[: -2 * 4]
    return [
        (lesson, f"{lesson.when}，{names[lesson.teacher]}已经在{_told(row.school_class, school)}上{row.subject}")
        for lesson in wanted
        if lesson.teacher
        for row in booked.get((lesson.teacher, lesson.slot), ())
        if lesson.meets(row.weeks)
    ]


def _told(elsewhere: Organisation, school_path: str) -> str:
    return elsewhere.name if elsewhere.path.startswith(school_path) else "另一所学校"


def _refuse_twice(lessons: Sequence[Lesson]) -> None:
    seen: dict[Slot, list[Lesson]] = {}
    for lesson in lessons:
        if any(lesson.meets(other.weeks) for other in seen.get(lesson.slot, ())):
            raise ActionError(f"{lesson.when}排了两门课。")
        seen.setdefault(lesson.slot, []).append(lesson)


def _content(row: TimetableEntry) -> Lesson:
    return Lesson(row.weekday, row.period, row.subject, row.teacher_id, row.weeks, row.room)
