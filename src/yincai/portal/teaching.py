"""A teacher's day: the lessons, what waits to be decided, and where the class now in front stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from yincai.core.actors import Actor
from yincai.learning.queries import ClassStatus, CommonError, PointRow, class_status, common_errors
from yincai.portal.calendar import counted, nth
from yincai.registry.models import Organisation
from yincai.registry.queries import Lesson, classes_taught, subjects_taught, timetable_today

SUBJECT = "数学"  # the subject that has practice so far
SHARED_BY = 3  # pupils with one cause before it is worth a decision
MOST_POINTS = 8
MOST_CLASSES = 6


@dataclass(frozen=True)
class LessonLine:
    lesson: Lesson
    state: str  # over, now, next
    has_practice: bool

    @property
    def note(self) -> str:
        said = {"over": "已上完", "now": "正在进行"}.get(self.state, "")
        room = self.lesson.room
        return " · ".join(text for text in (said, room) if text)


@dataclass(frozen=True)
class Decision:
    """Something that waits: what, why, and the one click that settles it."""

    title: str
    note: str
    url: str
    label: str


@dataclass(frozen=True)
class TeachingHome:
    finding: str
    lessons: list[LessonLine]
    decisions: list[Decision]
    classes: list[Organisation]
    status: ClassStatus | None

    @property
    def points(self) -> list[PointRow]:
        """The points of the unit that somebody of the class has tried, as many as fit."""
        return [row for row in self.status.points if row.n][:MOST_POINTS] if self.status else []


def teaching_home(actor: Actor, now: datetime) -> TeachingHome:
    classes = classes_taught(actor.person_id, now.date())
    practised = [one for one in classes if SUBJECT in subjects_taught(actor.person_id, one, now.date())]
    lessons = [_line(lesson, now, practised) for lesson in timetable_today(actor.person_id, now.date())]
    front = _class_in_front(lessons, practised)
    return TeachingHome(
        finding=finding_of(lessons),
        lessons=lessons,
        decisions=[decision for one in practised[:MOST_CLASSES] for decision in _decisions(one)],
        classes=practised,
        status=class_status(front, now.date()) if front else None,
    )


def _line(lesson: Lesson, now: datetime, practised: list[Organisation]) -> LessonLine:
    clock = now.time()
    over = lesson.ends is not None and lesson.ends < clock
    begun = lesson.starts is not None and lesson.starts <= clock
    state = "over" if over else "now" if begun else "next"
    return LessonLine(lesson, state, lesson.subject == SUBJECT and lesson.school_class in practised)


def finding_of(lessons: list[LessonLine]) -> str:
    """今天有三节课，第二节正在进行: the lessons are counted as the teacher's own."""
    if not lessons:
        return "今天没有课"
    whole = f"今天有{counted(len(lessons))}节课"
    for number, line in enumerate(lessons, start=1):
        if line.state == "now":
            return f"{whole}，第{nth(number)}节正在进行"
    following = next((line for line in lessons if line.state == "next"), None)
    if following is None:
        return f"{whole}，都上完了"
    if following.lesson.starts is None:
        return whole
    return f"{whole}，{'下' if lessons[0].state == 'over' else '第'}一节 {following.lesson.starts:%-H:%M}"


def _class_in_front(lessons: list[LessonLine], practised: list[Organisation]) -> Organisation | None:
    """The class now being taught; else the next, else the last one today, else the first of all."""
    for state in ("now", "next", "over"):
        for line in lessons:
            if line.state == state and line.has_practice:
                return line.lesson.school_class
    return practised[0] if practised else None


def _decisions(school_class: Organisation) -> list[Decision]:
    """The cause that most pupils of a class share, if enough do."""
    errors = common_errors(school_class, limit=1)
    return [_about(error, school_class) for error in errors if len(error.people) >= SHARED_BY]


def _about(error: CommonError, school_class: Organisation) -> Decision:
    return Decision(
        title=f"{school_class.name} {len(error.people)} 人同一种错因",
        note=error.name,
        url=error.practice_url or reverse("learning-set", args=[school_class.pk]),
        label="给他们一组练习",
    )
