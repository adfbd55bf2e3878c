"""The role source: which roles an account's person holds today, and the scope each opens."""

from __future__ import annotations

from uuid import UUID

from yincai.core.actors import Actor, Role
from yincai.core.models import Account
from yincai.core.scope import Scope, unscoped
from yincai.registry.models import Guardianship, OverlayMember, Person, RoleHeld, RoleName, Teaching, in_force


def actor_of(account: Account, chosen: UUID | None) -> Actor:
    """The actor for an account: in the chosen role if it still holds, else in the first one held."""
    with unscoped("an account's own roles decide its scope"):
        person = Person.objects.filter(account=account, erased_at__isnull=True).first()
        if person is None:
            return Actor(account=account, scope=Scope())
        roles = _roles_of(person)
        role = next((one for one in roles if one.id == chosen), roles[0] if roles else None)
        reach = _scope_of(person, role) if role else Scope(people=frozenset({person.pk}))
    return Actor(account=account, scope=reach, person=person.pk, name=person.name, role=role, roles=tuple(roles))


def _roles_of(person: Person) -> list[Role]:
    held = RoleHeld.objects.filter(in_force(), person=person).select_related("organisation").order_by("since", "id")
    return [
        Role(
            row.pk,
            row.name,
            RoleName(row.name).label,
            row.organisation_id,
            row.organisation.name,
            row.organisation.path,
        )
        for row in held
    ]


def _scope_of(person: Person, role: Role) -> Scope:
    """What a role may read: heads their school, officers their district, teachers the classes they teach."""
    people = {person.pk}
    if role.name == RoleName.PUPIL:
        return Scope(at=(role.path,), people=frozenset(people))
    if role.name == RoleName.GUARDIAN:
        children = Guardianship.objects.filter(guardian=person, until__isnull=True).values_list("child", flat=True)
        people.update(children)
        return Scope(at=(role.path, *_places_of_children(people)), people=frozenset(people))
    if role.name == RoleName.TEACHER:
        classes = Teaching.objects.filter(in_force(), person=person).values_list("school_class__path", flat=True)
        return Scope(below=tuple(sorted(set(classes))), at=(role.path,), people=frozenset(people))
    if role.name in (RoleName.EXPERT, RoleName.ENTERPRISE):
        return Scope(at=(role.path,), people=frozenset(people))
    return Scope(below=_governed(role), at=(role.path,), people=frozenset(people))


def _places_of_children(people: set[UUID]) -> list[str]:
    held = RoleHeld.objects.filter(in_force(), person__in=people, name=RoleName.PUPIL)
    return list(held.values_list("organisation__path", flat=True))


def _governed(role: Role) -> tuple[str, ...]:
    """The subtree of an organisation; of an overlay, the subtrees of the schools that belong to it today."""
    schools = OverlayMember.objects.filter(in_force(), overlay=role.organisation).values_list("school__path", flat=True)
    return (role.path, *schools)
