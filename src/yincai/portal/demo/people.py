"""Drawing the city: the tree, its pupils and their families, staff and officers, consents, timetables.

Everything is drawn with dice that the seed decides, as rows that are not saved yet; `build` writes them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from uuid import UUID

from django.contrib.auth.hashers import make_password

from yincai.core.models import Account
from yincai.portal.demo import staff, timetable
from yincai.portal.demo.calendar import Calendar
from yincai.portal.demo.names import Names
from yincai.portal.demo.sizes import (
    CITY,
    CITY_CODE,
    DISTRICTS,
    GRADES,
    GROUP,
    PRACTISING,
    ZONE,
    SchoolSize,
    Size,
)
from yincai.registry.actions.add_organisation import in_base_36
from yincai.registry.actions.enter_person import LETTERS, OFFICER
from yincai.registry.calendar import DAYS, bells
from yincai.registry.models import (
    ConsentEntry,
    Guardianship,
    Organisation,
    OrganisationKind,
    OverlayMember,
    Period,
    Person,
    Pseudonym,
    Purpose,
    RoleHeld,
    RoleName,
    School,
    SchoolYear,
    Teaching,
    Term,
    TimetableEntry,
)
from yincai.registry.naming import GRADES as GRADE_NAMES
from yincai.registry.naming import class_name
from yincai.registry.numbers import check_character

FOUNDED = date(2008, 9, 1)
GUARDED, SIBLINGS = 0.95, 0.07  # share of pupils with a guardian; of those, in a family that is there already
ONLINE = 0.4  # share of consents given online
GRANTED, REFUSED = 0.95, 0.02  # the rest has not answered
REGION = CITY_CODE  # no real ID number begins with it
ROOMS = {
    "体育与健康": "操场",
    "运动与保健": "操场",
    "音乐": "音乐教室",
    "美术": "美术教室",
    "信息科技": "机房",
    "信息技术": "机房",
    "专业实训": "实训室",
}


@dataclass
class ClassDrawn:
    """A class with its pupils; `level` of its school."""

    organisation: Organisation
    school: Organisation
    kind: str
    level: float
    pupils: list[Person] = field(default_factory=list)

    @property
    def practises(self) -> bool:
        return self.kind in PRACTISING and self.organisation.grade in GRADES


@dataclass
class City:
    """All rows, in the order in which they can be written."""

    organisations: list[Organisation] = field(default_factory=list)
    schools: list[School] = field(default_factory=list)
    members: list[OverlayMember] = field(default_factory=list)
    years: list[SchoolYear] = field(default_factory=list)
    terms: list[Term] = field(default_factory=list)
    periods: list[Period] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    pseudonyms: list[Pseudonym] = field(default_factory=list)
    roles: list[RoleHeld] = field(default_factory=list)
    teachings: list[Teaching] = field(default_factory=list)
    bonds: list[Guardianship] = field(default_factory=list)
    consents: list[ConsentEntry] = field(default_factory=list)
    lessons: list[TimetableEntry] = field(default_factory=list)

    classes: list[ClassDrawn] = field(default_factory=list)
    pseudonym_of: dict[UUID, Pseudonym] = field(default_factory=dict)  # by person

    def rows(self) -> Iterable[list]:  # type: ignore[type-arg]
        yield from (self.organisations, self.schools, self.members, self.years, self.terms, self.periods)
        yield from (self.accounts, self.people, self.pseudonyms, self.roles, self.teachings, self.bonds)
        yield from (self.consents, self.lessons)

    def holding(self, role: str, below: str = "") -> list[Person]:
        """Who holds a role at or under a path, in the order they were drawn."""
        by_id = {person.pk: person for person in self.people}
        held = (row for row in self.roles if row.name == role and row.organisation.path.startswith(below))
        return [by_id[row.person_id] for row in held]


@dataclass
class Family:
    guardian: Person
    relation: str
    surname: str
    classes: set[UUID]
    schools: set[UUID]


class Draw:
    """The dice, and what has been drawn so far."""

    def __init__(self, size: Size, seed: int, calendar: Calendar, now: datetime) -> None:
        self.size = size
        self.dice = Random(seed)  # noqa: S311 - no secret
        self.names = Names(self.dice)
        self.calendar = calendar
        self.now = now
        self.city = City()
        self._serials: dict[str, int] = defaultdict(int)
        self._born: dict[date, int] = defaultdict(int)
        self._ids = int(now.timestamp() * 1000) << 12
        self._phones = 0
        self.families: dict[UUID | None, list[Family]] = defaultdict(list)  # by district

    # --- rows -------------------------------------------------------------------------------------------------------

    def id(self) -> UUID:
        """A UUIDv7 like any other, but the same for the same seed and moment."""
        self._ids += 1
        stamp, counter = divmod(self._ids, 1 << 12)
        return UUID(int=stamp << 80 | 7 << 76 | counter << 64 | 2 << 62 | self.dice.getrandbits(62))

    def organisation(
        self, kind: str, name: str, parent: Organisation | None, code: str = "", grade: int | None = None
    ) -> Organisation:
        number = 1
        if parent is not None:
            number = parent.last_child = parent.last_child + 1
        row = Organisation(
            id=self.id(),
            kind=kind,
            name=name,
            code=code,
            parent=parent,
            path=(parent.path if parent else "") + in_base_36(number),
            grade=grade,
            order=number,
            since=self.calendar.year.starts if kind == OrganisationKind.CLASS else FOUNDED,
        )
        self.city.organisations.append(row)
        return row

    def person(self, name: str, sex: str, born: date, role: str, place: Organisation) -> Person:
        """Person, account without a password, role."""
        head = LETTERS.get(RoleName(role), OFFICER) + place.code[-6:]
        self._serials[head] += 1
        account = Account(
            id=self.id(),
            username=f"{head}{self._serials[head]:04d}",
            password=make_password(None),
            must_change_password=True,
            created_at=self.now,
        )
        row = Person(id=self.id(), account=account, name=name, sex=sex, born=born, keeper=place.pk)
        self.city.accounts.append(account)
        self.city.people.append(row)
        return row

    def role(self, person: Person, role: str, place: Organisation, since: date, number: int | None = None) -> None:
        self.city.roles.append(
            RoleHeld(id=self.id(), person=person, name=role, organisation=place, number=number, since=since)
        )

    def grown(self, role: str, place: Organisation, sex: str = "", surname: str = "") -> Person:
        """An adult with a role."""
        sex = sex or self.dice.choice("12")
        born = date(self.now.year - self.dice.randint(27, 56), self.dice.randint(1, 12), self.dice.randint(1, 28))
        person = self.person(self.names.grown(sex, surname), sex, born, role, place)
        since = date(self.now.year - self.dice.randint(1, 4), 9, 1)
        self.role(person, role, place, min(since, self.calendar.year.starts))
        return person

    def phone(self) -> str:
        """No telephone network has these."""
        self._phones += 1
        return f"0000{self._phones:08d}"

    def pupil_number(self, born: date, sex: str) -> str:
        """A 全国学籍号 of a region that does not exist."""
        self._born[born] += 1
        serial = 2 * self._born[born] + (sex == "1") - 2
        seventeen = f"{REGION}{born:%Y%m%d}{serial:03d}"
        return f"G{seventeen}{check_character(seventeen)}"

    def moment(self, day: date, hour: float) -> datetime:
        """An hour of a day at the city's place."""
        return datetime.combine(day, time(), self.now.tzinfo or UTC) + timedelta(hours=hour)


def draw(size: Size, seed: int, calendar: Calendar, now: datetime) -> City:
    """The whole city. `now` carries the city's time zone."""
    drawing = Draw(size, seed, calendar, now)
    city = drawing.organisation("city", CITY, None, CITY_CODE)
    _calendar(drawing, city)
    wanted = {school.district for school in size.schools}
    districts = {
        number: drawing.organisation("district", name, city, code)
        for number, (name, code) in enumerate(DISTRICTS)
        if number in wanted
    }
    overlays = {
        ZONE: drawing.organisation("zone", ZONE, districts[min(wanted)]),
        GROUP: drawing.organisation("group", GROUP, city),
    }
    _offices(drawing, city, list(districts.values()))
    for number, school in enumerate(size.schools, start=1):
        _school(drawing, school, districts[school.district], number, overlays)
    _consents(drawing)
    return drawing.city


def _calendar(drawing: Draw, city: Organisation) -> None:
    year = drawing.calendar.year
    row = SchoolYear(organisation=city, name=year.name, starts=year.starts, ends=year.ends)
    drawing.city.years.append(row)
    for term in drawing.calendar.terms:
        drawing.city.terms.append(Term(year=row, name=term.name, starts=term.starts, ends=term.ends))


def _offices(drawing: Draw, city: Organisation, districts: list[Organisation]) -> None:
    for role in (RoleName.ADMIN, RoleName.CITY_OFFICER, RoleName.CITY_OFFICER, RoleName.RESEARCHER):
        drawing.grown(role, city)
    for role in (RoleName.EXPERT, RoleName.EXPERT, RoleName.ENTERPRISE):
        drawing.grown(role, city)
    for district in districts:
        for role in (RoleName.DISTRICT_OFFICER, RoleName.DISTRICT_OFFICER, RoleName.RESEARCHER):
            drawing.grown(role, district)


# --- a school -------------------------------------------------------------------------------------------------------


def _school(
    drawing: Draw, size: SchoolSize, district: Organisation, number: int, overlays: dict[str, Organisation]
) -> None:
    school = drawing.organisation("school", size.name, district, f"{district.code}{number:04d}")
    for name in size.overlays:
        drawing.city.members.append(OverlayMember(overlay=overlays[name], school=school, since=FOUNDED))
    drawing.city.periods += [
        Period(school=school, number=bell.number, starts=bell.starts, ends=bell.ends) for bell in bells(size.kind)
    ]
    classes = _classes(drawing, size, school)
    drawing.grown(RoleName.HEAD, school)
    drawing.grown(RoleName.SCHOOL_ADMIN, school)
    teachers = _staff(drawing, size, school, classes)
    for each in classes:
        _pupils(drawing, size, each)
    drawing.city.classes += classes
    drawing.city.schools.append(
        School(
            organisation=school,
            kind=size.kind,
            area=size.area,
            latitude=size.latitude,
            longitude=size.longitude,
            teachers=teachers,
            places=round(len(classes) * size.pupils * 1.1),
        )
    )


def _classes(drawing: Draw, size: SchoolSize, school: Organisation) -> list[ClassDrawn]:
    found = []
    for grade, name, _ in GRADE_NAMES[size.kind]:
        if size.grades and name not in size.grades:
            continue
        above = drawing.organisation("grade", name, school, grade=grade)
        for number in range(1, size.classes + 1):
            row = drawing.organisation("class", class_name(name, number), above, grade=grade)
            found.append(ClassDrawn(row, school, size.kind, size.level))
    return found


def _staff(drawing: Draw, size: SchoolSize, school: Organisation, classes: list[ClassDrawn]) -> int:
    needs = [
        staff.ClassNeed(
            each.organisation.pk,
            staff.curriculum(size.kind, each.organisation.grade or 0),
            by_maths=each.organisation.order % 2 == 0,
        )
        for each in classes
    ]
    posts = {drawing.grown(RoleName.TEACHER, school): post for post in staff.posts_of(size.kind, needs)}
    rooms = {each.organisation.pk: each.organisation for each in classes}
    for person, post in posts.items():
        _teachings(drawing, person, post, rooms)
    placed = timetable.timetable(
        staff.taught({person.pk: post for person, post in posts.items()}),
        DAYS[size.kind].morning + DAYS[size.kind].afternoon,
        drawing.dice,
    )
    term = next(
        row
        for row in drawing.city.terms
        if (row.name, row.starts) == (drawing.calendar.term.name, drawing.calendar.term.starts)
    )
    drawing.city.lessons += [
        TimetableEntry(
            term=term,
            school_class=rooms[one.school_class],
            weekday=one.weekday,
            period=one.period,
            subject=one.subject,
            teacher_id=one.teacher,
            room=ROOMS.get(one.subject, ""),
        )
        for one in placed
    ]
    return len(posts)


def _teachings(drawing: Draw, person: Person, post: staff.Post, classes: dict[UUID, Organisation]) -> None:
    """One row each class and subject; the class led is marked at the main subject held there."""
    led = max(
        ((hours, subject) for (place, subject), hours in post.lessons.items() if place == post.leads), default=(0, "")
    )[1]
    for place, subject in post.lessons:
        drawing.city.teachings.append(
            Teaching(
                person=person,
                school_class=classes[place],
                subject=subject,
                leads=place == post.leads and subject == led,
                since=drawing.calendar.year.starts,
            )
        )


# --- pupils and families --------------------------------------------------------------------------------------------


def _pupils(drawing: Draw, size: SchoolSize, each: ClassDrawn) -> None:
    taken: set[str] = set()
    for number in range(1, size.pupils + 1):
        family = _family(drawing, each)
        surname = family.surname if family else drawing.names.surname()
        sex = drawing.dice.choice("12")
        born = _born(drawing, each)
        child = drawing.person(drawing.names.child(sex, surname, taken), sex, born, RoleName.PUPIL, each.school)
        child.put_sealed("pupil_number", drawing.pupil_number(born, sex))
        drawing.role(child, RoleName.PUPIL, each.organisation, drawing.calendar.year.starts, number)
        each.pupils.append(child)
        if family is None and drawing.dice.random() < GUARDED:
            family = _guardian(drawing, each, surname)
        if family:
            _bind(drawing, family, child, each)


def _family(drawing: Draw, each: ClassDrawn) -> Family | None:
    """Now and then a family of the district that has a child in another class."""
    there = drawing.families[each.school.parent_id]
    if not there or drawing.dice.random() >= GUARDED * SIBLINGS:
        return None
    family = drawing.dice.choice(there)
    return None if each.organisation.pk in family.classes or len(family.classes) > 2 else family


def _guardian(drawing: Draw, each: ClassDrawn, surname: str) -> Family:
    chance = drawing.dice.random()
    relation, sex = ("母亲", "2") if chance < 0.55 else ("父亲", "1") if chance < 0.93 else ("祖母", "2")
    born = date(drawing.now.year - drawing.dice.randint(32, 48) - 25 * (relation == "祖母"), 1, 1)
    born += timedelta(days=drawing.dice.randint(0, 364))
    name = drawing.names.grown(sex, surname if relation == "父亲" else "")
    guardian = drawing.person(name, sex, born, RoleName.GUARDIAN, each.school)
    guardian.put_sealed("phone", drawing.phone())
    family = Family(guardian, relation, surname, set(), set())
    drawing.families[each.school.parent_id].append(family)
    return family


def _bind(drawing: Draw, family: Family, child: Person, each: ClassDrawn) -> None:
    since = drawing.calendar.year.starts
    drawing.city.bonds.append(
        Guardianship(id=drawing.id(), guardian=family.guardian, child=child, relation=family.relation, since=since)
    )
    if each.school.pk not in family.schools:
        drawing.role(family.guardian, RoleName.GUARDIAN, each.school, since)
    family.schools.add(each.school.pk)
    family.classes.add(each.organisation.pk)


def _born(drawing: Draw, each: ClassDrawn) -> date:
    """Between the two Septembers that the grade asks for."""
    grade = each.organisation.grade or 0
    if grade == 0:  # 小班, 中班, 大班
        grade = "小中大".index(each.organisation.name[0]) - 2
    first = date(drawing.calendar.year.starts.year - grade - 6, 9, 1)
    return first + timedelta(days=drawing.dice.randint(0, 364))


# --- consent --------------------------------------------------------------------------------------------------------


def _consents(drawing: Draw) -> None:
    """Most agree, on paper or online; some refuse, some have not answered. Children under a city's roof are asked in
    every school: the ledger is the school's, whether practice is open there yet or not."""
    guardian_of = {bond.child_id: bond.guardian for bond in drawing.city.bonds}
    clerk_of = {row.organisation_id: row.person for row in drawing.city.roles if row.name == RoleName.SCHOOL_ADMIN}
    for each in drawing.city.classes:
        clerk = account_of(clerk_of[each.school.pk])
        for position, child in enumerate(each.pupils):
            granted = _decision(drawing, position)
            _keep(drawing, child, granted is True)
            if granted is not None:
                _enter(drawing, child, granted, guardian_of.get(child.pk), clerk)


def _decision(drawing: Draw, position: int) -> bool | None:
    """The seventh of each class refuses, so that what follows can always be seen."""
    chance = drawing.dice.random()
    if position == 6 or GRANTED <= chance < GRANTED + REFUSED:
        return False
    return True if chance < GRANTED else None


def _keep(drawing: Draw, child: Person, keeps: bool) -> None:
    row = Pseudonym(
        number=drawing.dice.getrandbits(52) or 1,
        name=UUID(int=drawing.dice.getrandbits(128), version=4),
        person=child,
        keeps=keeps,
    )
    drawing.city.pseudonyms.append(row)
    drawing.city.pseudonym_of[child.pk] = row


def _enter(drawing: Draw, child: Person, granted: bool, guardian: Person | None, clerk: UUID) -> None:
    online = guardian is not None and drawing.dice.random() < ONLINE
    day = drawing.calendar.term.starts + timedelta(days=drawing.dice.randint(0, 4))
    day = min(day, drawing.now.date())
    for purpose in (Purpose.PRACTICE, Purpose.REPORT):
        drawing.city.consents.append(
            ConsentEntry(
                id=drawing.id(),
                child=child,
                purpose=purpose,
                granted=granted,
                how="online" if online else "paper",
                given_by=guardian if online else None,
                signed_on=day,
                entered_by=account_of(guardian) if online and guardian else clerk,
                at=drawing.moment(day, 18 + 3 * drawing.dice.random()),
            )
        )


def account_of(person: Person) -> UUID:
    assert person.account_id is not None  # noqa: S101 - everybody drawn has one
    return person.account_id
