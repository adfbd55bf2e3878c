"""Consent: given or taken back by a guardian online, or entered by the school from paper. The ledger only grows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.utils import timezone

from yincai.core.action import ActionError, action, changed_nothing, touched, touched_many
from yincai.core.actors import Actor
from yincai.core.permissions import NotAllowed
from yincai.registry.consent import current
from yincai.registry.models import ConsentEntry, Guardianship, Organisation, Person, Pseudonym, Purpose
from yincai.registry.policies import CONSENT_ENTER, CONSENT_GIVE
from yincai.registry.queries import pseudonym_of, pupils_of


@dataclass(frozen=True)
class Entered:
    """How many decisions were entered, and for whom a later one already stands."""

    count: int
    later: tuple[str, ...] = ()


@action(CONSENT_GIVE)
def give_consent(child: Person, purpose: str, granted: bool, *, acting_user: Actor) -> ConsentEntry:
    """A guardian decides about a child of theirs."""
    bond = Guardianship.objects.filter(guardian=acting_user.person, child=child, until__isnull=True)
    if not bond.exists():
        raise NotAllowed("您现在不是这个孩子登记的监护人。")
    _check_purpose(purpose)
    last = current([child.pk]).get(child.pk, {}).get(purpose)
    if last is not None and last.granted == granted:
        changed_nothing()
        return last
    row: ConsentEntry = ConsentEntry.objects.create(
        child=child,
        purpose=purpose,
        granted=granted,
        how="online",
        given_by_id=acting_user.person,
        signed_on=timezone.localdate(),
        entered_by=acting_user.account.pk,
    )
    _follow(child.pk, purpose)
    return touched(row, child=child.pk, purpose=purpose, granted=granted)


@action(CONSENT_ENTER)
def enter_paper_consents(
    school_class: Organisation,
    purpose: str,
    given: list[UUID],
    refused: list[UUID],
    signed_on: date,
    *,
    acting_user: Actor,
) -> Entered:
    """Enter the paper forms of a class. What already stands so is left; a later decision is not overruled."""
    CONSENT_ENTER.require(acting_user, school_class)
    _check_purpose(purpose)
    if signed_on > timezone.localdate():
        raise ActionError("签字日期不能晚于今天。")
    if both := set(given) & set(refused):
        raise ActionError(f"有 {len(both)} 位学生同时勾了“同意”和“不同意”，请只留一个。")
    decisions = {**dict.fromkeys(given, True), **dict.fromkeys(refused, False)}
    pupils = {pupil.person.pk: pupil.person for pupil in pupils_of(school_class)}
    if not decisions.keys() <= pupils.keys():
        raise ActionError("有的学生已不在这个班，请刷新页面后再录。")
    rows, later = _new_rows(decisions, purpose, signed_on, pupils, acting_user)
    if not rows:
        changed_nothing()
        return Entered(0, later)
    ConsentEntry.objects.bulk_create(rows)
    for row in rows:
        _follow(row.child_id, purpose)
    touched_many(ConsentEntry, [row.pk for row in rows], purpose=purpose, signed_on=signed_on)
    return Entered(len(rows), later)


def _new_rows(
    decisions: dict[UUID, bool], purpose: str, signed_on: date, pupils: dict[UUID, Person], actor: Actor
) -> tuple[list[ConsentEntry], tuple[str, ...]]:
    standing = current(decisions)
    rows, later = [], []
    for child, granted in decisions.items():
        last = standing.get(child, {}).get(purpose)
        if last is not None and last.granted == granted:
            continue
        if last is not None and last.signed_on > signed_on:
            later.append(pupils[child].name)
            continue
        rows.append(
            ConsentEntry(
                child_id=child,
                purpose=purpose,
                granted=granted,
                how="paper",
                signed_on=signed_on,
                entered_by=actor.account.pk,
            )
        )
    return rows, tuple(later)


def _check_purpose(purpose: str) -> None:
    if purpose not in Purpose.values:
        raise ActionError("没有这一项同意。")


def _follow(child: UUID, purpose: str) -> None:
    """The hot path reads one flag: whether consent to keep practice is in force."""
    if purpose != Purpose.PRACTICE:
        return
    row = current([child]).get(child, {}).get(Purpose.PRACTICE)
    pseudonym = pseudonym_of(child)
    Pseudonym.objects.filter(pk=pseudonym.pk).update(keeps=row is not None and row.granted)
