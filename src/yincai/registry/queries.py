"""Reads that other packages share. All are bound to the current scope: what is out of reach is not found.

A `person` may be given as a row or as an id (`request.actor.person`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from yincai.core.scope import STEP, unscoped
from yincai.registry.models import (
    ConsentEntry,
    Guardianship,
    Organisation,
    OrganisationKind,
    Period,
    Person,
    Pseudonym,
    Purpose,
    RoleHeld,
    RoleName,
    School,
    Teaching,
    Term,
    TimetableEntry,
    in_force,
)

PersonOrId = Person | UUID


@dataclass(frozen=True)
class Pupil:
    """A pupil of a class: `number` is the school number (学号) within it."""

    person: Person
    number: int | None
    pseudonym: Pseudonym


@dataclass(frozen=True)
class Lesson:
    """A lesson of a timetable on a day; `starts` and `ends` are None where the school has not entered its 节次."""

    entry: TimetableEntry
    school_class: Organisation
    subject: str
    period: int
    room: str
    starts: time | None
    ends: time | None


def id_of(person: PersonOrId) -> UUID:
    return person.pk if isinstance(person, Person) else person


def ancestor_paths(path: str) -> list[str]:
    """The path itself and those above it, the nearest first."""
    return [path[:length] for length in range(len(path), 0, -STEP)]


# --- the tree -------------------------------------------------------------------------------------------------------


def ancestors(organisation: Organisation) -> list[Organisation]:
    """The organisation and those above it, the nearest first."""
    return list(Organisation.objects.filter(path__in=ancestor_paths(organisation.path)).order_by("-path"))


def school_of(organisation: Organisation) -> Organisation | None:
    """The school an organisation is, or lies in; None above schools."""
    if organisation.kind == OrganisationKind.SCHOOL:
        return organisation
    return school_at(organisation.path)


def school_at(path: str) -> Organisation | None:
    """The school at or above a path."""
    return Organisation.objects.filter(path__in=ancestor_paths(path), kind=OrganisationKind.SCHOOL).first()


def school_facts(school: Organisation) -> School | None:
    return School.objects.filter(organisation=school).first()


def classes_below(organisation: Organisation, on: date | None = None) -> list[Organisation]:
    """The classes of a school, a grade or a district."""
    classes = Organisation.objects.filter(in_force(on), kind=OrganisationKind.CLASS, path__startswith=organisation.path)
    return list(classes.order_by("path"))


# --- people and classes ---------------------------------------------------------------------------------------------


def classes_taught(person: PersonOrId, on: date | None = None) -> list[Organisation]:
    """The classes that a teacher teaches on a day, each once."""
    taught = Teaching.objects.filter(in_force(on), person=id_of(person)).values("school_class")
    return list(Organisation.objects.filter(pk__in=taught).order_by("grade", "path"))


def subjects_taught(person: PersonOrId, school_class: Organisation, on: date | None = None) -> list[str]:
    taught = Teaching.objects.filter(in_force(on), person=id_of(person), school_class=school_class)
    return sorted(set(taught.values_list("subject", flat=True)))


def leads(person: PersonOrId, school_class: Organisation, on: date | None = None) -> bool:
    """Is the person 班主任 of the class?"""
    return Teaching.objects.filter(in_force(on), person=id_of(person), school_class=school_class, leads=True).exists()


def pupils_of(school_class: Organisation, on: date | None = None) -> list[Pupil]:
    """The pupils of a class in school-number order."""
    held = RoleHeld.objects.filter(
        in_force(on), organisation=school_class, name=RoleName.PUPIL, person__erased_at__isnull=True
    )
    rows = held.select_related("person__pseudonym").order_by("number", "person__name", "id")
    return [Pupil(row.person, row.number, _named(row.person)) for row in rows]


def class_of(person: PersonOrId, on: date | None = None) -> Organisation | None:
    """The class a pupil is in on a day."""
    held = RoleHeld.objects.filter(in_force(on), person=id_of(person), name=RoleName.PUPIL)
    row = held.select_related("organisation").order_by("-since", "-id").first()
    return row.organisation if row else None


def children_of(guardian: PersonOrId) -> list[Person]:
    """The children of a guardian, the eldest bond first."""
    bonds = Guardianship.objects.filter(guardian=id_of(guardian), until__isnull=True, child__erased_at__isnull=True)
    return [bond.child for bond in bonds.select_related("child").order_by("since", "id")]


def guardians_of(child: PersonOrId) -> list[Guardianship]:
    bonds = Guardianship.objects.filter(child=id_of(child), until__isnull=True)
    return list(bonds.select_related("guardian").order_by("since", "id"))


def guardians_of_class(school_class: Organisation) -> list[tuple[Person, str]]:
    """The guardians of a class's pupils in school-number order, each once, with whose guardian they are."""
    children = [pupil.person.pk for pupil in pupils_of(school_class)]
    bonds = Guardianship.objects.filter(child__in=children, until__isnull=True)
    rows = list(bonds.select_related("guardian__account", "child"))
    found: dict[UUID, tuple[Person, list[str]]] = {}
    for bond in sorted(rows, key=lambda one: (children.index(one.child_id), one.since, one.pk)):
        _, whose = found.setdefault(bond.guardian_id, (bond.guardian, []))
        whose.append(f"{bond.child.name}的{bond.relation}")
    return [(guardian, "、".join(whose)) for guardian, whose in found.values()]


# --- pseudonyms -----------------------------------------------------------------------------------------------------


def pseudonym_of(person: PersonOrId) -> Pseudonym:
    """The pseudonym by which statements know a person within the scope. DoesNotExist for a stranger."""
    found = Pseudonym.objects.filter(person=id_of(person)).first()
    return found or give_pseudonym(Person.objects.get(pk=id_of(person)))


def pseudonyms_of(people: Iterable[UUID]) -> dict[UUID, Pseudonym]:
    """By person id, for those within the scope."""
    rows = Person.objects.filter(pk__in=list(people)).select_related("pseudonym")
    return {row.pk: _named(row) for row in rows}


def _named(person: Person) -> Pseudonym:
    """The pseudonym of a person read with `select_related("pseudonym")`."""
    found: Pseudonym | None = getattr(person, "pseudonym", None)
    return found or give_pseudonym(person)


def give_pseudonym(person: Person) -> Pseudonym:
    """A person's pseudonym, made when first needed: a random number that says nothing, so no audit row."""
    with unscoped("a person just entered may not lie in the scope yet"):
        row: Pseudonym = Pseudonym.objects.get_or_create(person=person)[0]
    return row


def people_of(pseudonyms: Iterable[int]) -> dict[int, Person]:
    """Pseudonym numbers back to people, as far as the scope reaches."""
    rows = Pseudonym.objects.filter(number__in=list(pseudonyms)).select_related("person")
    return {row.number: row.person for row in rows}


def sexes_of(pseudonyms: Iterable[int]) -> dict[int, str]:
    """男 or 女 by pseudonym's number, where it is entered: for figures of groups, as far as the scope reaches."""
    numbers, found = list(pseudonyms), dict[int, str]()
    said = dict(Person._meta.get_field("sex").flatchoices)
    for start in range(0, len(numbers), ASKED_AT_ONCE):
        rows = Pseudonym.objects.filter(number__in=numbers[start : start + ASKED_AT_ONCE]).exclude(person__sex="")
        found |= {number: str(said[sex]) for number, sex in rows.values_list("number", "person__sex")}
    return found


ASKED_AT_ONCE = 500


# --- the calendar ---------------------------------------------------------------------------------------------------


def term_on(day: date, organisation: Organisation) -> Term | None:
    """The term that a day lies in, by the calendar kept nearest to the organisation."""
    return term_at(day, organisation.path)


def term_at(day: date, path: str) -> Term | None:
    terms = Term.objects.filter(starts__lte=day, ends__gte=day, year__organisation__path__in=ancestor_paths(path))
    return terms.select_related("year").order_by("-year__organisation__path").first()


def timetable_today(teacher: PersonOrId, day: date | None = None) -> list[Lesson]:
    """A teacher's lessons on a day, in the order of the day."""
    return _lessons(Q(teacher=id_of(teacher)), day or timezone.localdate())


def timetable_of_class(school_class: Organisation, day: date | None = None) -> list[Lesson]:
    return _lessons(Q(school_class=school_class), day or timezone.localdate())


def _lessons(whose: Q, day: date) -> list[Lesson]:
    entries = TimetableEntry.objects.filter(
        whose, term__starts__lte=day, term__ends__gte=day, weekday=day.isoweekday()
    ).select_related("term", "school_class")
    held = [entry for entry in entries if _held_in_week(entry, day)]
    hours = _hours({entry.school_class.path for entry in held})
    lessons = [_lesson(entry, hours) for entry in held]
    return sorted(lessons, key=lambda lesson: (lesson.starts or time.max, lesson.period, lesson.entry.pk))


def _held_in_week(entry: TimetableEntry, day: date) -> bool:
    odd = entry.term.week_of(day) % 2 == 1
    return not entry.weeks or (entry.weeks == "odd") == odd


def _hours(class_paths: set[str]) -> dict[tuple[str, int], Period]:
    """节次 by the school's path and number."""
    above = {path for class_path in class_paths for path in ancestor_paths(class_path)}
    periods = Period.objects.filter(school__path__in=above).select_related("school")
    return {(period.school.path, period.number): period for period in periods}


def _lesson(entry: TimetableEntry, hours: dict[tuple[str, int], Period]) -> Lesson:
    above = ancestor_paths(entry.school_class.path)
    hour = next((hours[(path, entry.period)] for path in above if (path, entry.period) in hours), None)
    return Lesson(
        entry=entry,
        school_class=entry.school_class,
        subject=entry.subject,
        period=entry.period,
        room=entry.room,
        starts=hour.starts if hour else None,
        ends=hour.ends if hour else None,
    )


def why_not_kept(person: PersonOrId) -> str:
    """Why a pupil's practice leaves no trace, in words for the pupil and the teacher; empty when it is kept."""
    if pseudonym_of(person).keeps:
        return ""
    decisions = ConsentEntry.objects.filter(child=id_of(person), purpose=Purpose.PRACTICE)
    last = decisions.order_by("signed_on", "at", "id").last()
    if last is None:
        return (
            "家长还没有同意保存练习记录：可以照常练习，但做过的题不留存，退出后就清空。"
            "家长可在线同意，也可交纸质同意书给老师。"
        )
    return (
        f"家长在 {last.signed_on:%Y-%m-%d} 选择了不保存练习记录：可以照常练习，但做过的题不留存，退出后就清空。"
        "家长可以随时改为同意。"
    )
