"""Put a school under another district (or directly under the city)."""

from __future__ import annotations

from yincai.core.action import ActionError, action, touched
from yincai.core.actors import Actor
from yincai.core.models import Job, StoredFile
from yincai.registry.actions.add_organisation import MAY_HOLD, next_path, refuse_same_name
from yincai.registry.models import Organisation, OrganisationKind
from yincai.registry.moves import move_rows, tell
from yincai.registry.policies import SCHOOL_MOVE


@action(SCHOOL_MOVE)
def move_school(school: Organisation, parent: Organisation, *, acting_user: Actor) -> Organisation:
    """The whole subtree gets new paths, and what happened there goes along (`register_follower`): the district that it
    leaves reads no more of it."""
    SCHOOL_MOVE.require(acting_user, school)
    SCHOOL_MOVE.require(acting_user, parent)
    if school.kind != OrganisationKind.SCHOOL or OrganisationKind.SCHOOL not in MAY_HOLD.get(parent.kind, ()):
        raise ActionError("只有学校能调整隶属，而且只能归到市或区（县）。")
    if school.parent_id == parent.pk:
        raise ActionError(f"{school.name}已经在{parent.name}。")
    refuse_same_name(parent, school.kind, school.name)
    old, new = school.path, next_path(parent)
    for model, field in ((Organisation, "path"), (StoredFile, "place"), (Job, "place")):
        move_rows(model, field, old, new)
    tell(old, new)
    Organisation.objects.filter(pk=school.pk).update(parent=parent)
    school.refresh_from_db()
    return touched(school, parent=parent.pk, path=new)
