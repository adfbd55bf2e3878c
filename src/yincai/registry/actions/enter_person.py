"""Making and changing the row of a person; parts of the actions that enter pupils, staff and guardians."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from django.utils import timezone

from yincai.core import crypto
from yincai.core.action import ActionError
from yincai.core.models import Account
from yincai.core.scope import unscoped
from yincai.registry.models import Organisation, Person, Pseudonym, RoleName
from yincai.registry.numbers import FEMALE, MALE, Identity, NumberError, read_identity, read_phone, read_pupil_number

LETTERS = {
    RoleName.PUPIL: "s",
    RoleName.GUARDIAN: "j",
    RoleName.TEACHER: "t",
    RoleName.HEAD: "t",
    RoleName.SCHOOL_ADMIN: "t",
    RoleName.RESEARCHER: "y",
    RoleName.EXPERT: "z",
    RoleName.ENTERPRISE: "q",
}
OFFICER = "g"
SEX = {"男": MALE, "女": FEMALE, MALE: MALE, FEMALE: FEMALE, "": ""}


@dataclass(frozen=True)
class Details:
    """What is written down about a person. Empty: not known (when mending: leave as it is)."""

    name: str
    sex: str = ""
    born: date | None = None
    pupil_number: str = ""
    identity: str = ""
    phone: str = ""
    note: str = ""

    def checked(self) -> Details:
        """With numbers in their one written form, sex and birth taken from them; raises with what contradicts."""
        name = " ".join(self.name.split())
        if not name:
            raise ActionError("请填姓名。")
        today = timezone.localdate()
        if self.born and not date(1900, 1, 1) <= self.born <= today:
            raise ActionError(f"出生日期 {self.born} 不合常理。")
        try:
            checked = replace(self, name=name, phone=read_phone(self.phone) if self.phone else "")
            if checked.identity:
                checked = checked.agreeing(read_identity(checked.identity, today), "identity", "身份证件号")
            if checked.pupil_number:
                checked = checked.agreeing(read_pupil_number(checked.pupil_number, today), "pupil_number", "学籍号")
        except NumberError as error:
            raise ActionError(f"{error}。") from None
        if checked.pupil_number[:1] == "G" and checked.identity not in ("", checked.pupil_number[1:]):
            raise ActionError("学籍号（G 开头）里的身份证件号和填的身份证件号不一样，请核对。")
        return checked

    def agreeing(self, told: Identity, field: str, label: str) -> Details:
        if self.born and self.born != told.born:
            raise ActionError(f"出生日期 {self.born} 和{label}里的 {told.born} 不一样，请核对。")
        if self.sex and told.sex and self.sex != told.sex:
            raise ActionError(f"性别和{label}里的不一样，请核对。")
        known = replace(self, born=told.born, sex=self.sex or told.sex)
        return replace(known, identity=told.number) if field == "identity" else replace(known, pupil_number=told.number)


def make_person(details: Details, keeper: Organisation | None, account_name: str) -> Person:
    """Person and account (without a password: one is printed for the first sign-in). `details` are checked."""
    refuse_known_numbers(details)
    account = Account.objects.create_user(account_name, None, must_change_password=True)
    person = Person(
        account=account, name=details.name, sex=details.sex, born=details.born, keeper=keeper.pk if keeper else None
    )
    for field in Person.SEALED:
        person.put_sealed(field, getattr(details, field))
    person.save(force_insert=True)
    return person


def change_person(person: Person, details: Details) -> dict[str, object]:
    """Write what differs; returns the changed fields. What `details` leaves empty stays as it is."""
    refuse_known_numbers(details, but=person)
    changes: dict[str, object] = {}
    for field in ("name", "sex", "born"):
        value = getattr(details, field)
        if value and value != getattr(person, field):
            setattr(person, field, value)
            changes[field] = value
    for field in Person.SEALED:
        value = getattr(details, field)
        if value and value != person.read_sealed(field):
            person.put_sealed(field, value)
            changes[field] = value
    if changes:
        person.save(update_fields=columns(changes))
    return changes


def refuse_future(since: date | None) -> date:
    """The day from which a new person belongs: today unless said, and not to come, for until then nobody would see
    them and they would be entered once more."""
    today = timezone.localdate()
    if since and since > today:
        raise ActionError(f"{since} 还没有到；到那天再登记，或把日期填成今天。")
    return since or today


def columns(fields: object) -> list[str]:
    """The columns behind these fields of a person."""
    names: list[str] = []
    for field in fields:  # type: ignore[attr-defined]
        if field not in Person.SEALED:
            names.append(field)
            continue
        names.append(f"{field}_sealed")
        if Person.SEALED[field]:
            names.append(f"{field}_digest")
    return names


def refuse_known_numbers(details: Details, but: Person | None = None) -> None:
    """A number belongs to one person in the whole installation, also beyond what the actor sees."""
    for field, label in (("pupil_number", "学籍号"), ("identity", "身份证件号")):
        text = getattr(details, field)
        other = person_by_number(field, text) if text else None
        if other is not None and other != but:
            raise ActionError(f"这个{label}已经登记给了另一个人。若是同一个人转来，请用“转入”；若不是，请核对号码。")


def person_by_number(field: str, number: str) -> Person | None:
    with unscoped("a number belongs to one person in the whole installation"):
        return Person.objects.filter(**{f"{field}_digest": crypto.digest(f"{field}:{number}")}).first()


def new_account_name(role: str, place: Organisation) -> str:
    return next(account_names(role, place))


def account_names(role: str, place: Organisation) -> Iterator[str]:
    """Free account names, in order: a letter for the role, the end of the place's code, a serial number."""
    head = LETTERS.get(RoleName(role), OFFICER) + (place.code[-6:] or place.path[-6:].lower())
    taken = Account.objects.filter(username__gte=f"{head}0000", username__lte=f"{head}9999").order_by("-username")
    names = (name[len(head) :] for name in taken.values_list("username", flat=True)[:20])
    serial = next((int(tail) for tail in names if tail.isdigit() and len(tail) == 4), 0)
    while serial < 9999:
        serial += 1
        yield f"{head}{serial:04d}"
    raise ActionError(f"{place.name}的账号编号已用完（{head}9999）。")


def give_pseudonym(person: Person) -> Pseudonym:
    """A pupil is known to statements from the start; nothing is kept until somebody consents."""
    return Pseudonym.objects.create(person=person, keeps=False)
