"""Close an organisation from a day on, or open it again. Its history stays."""

from __future__ import annotations

from datetime import date

from yincai.core.action import ActionError, action, touched
from yincai.core.actors import Actor
from yincai.registry.actions.add_organisation import refuse_same_name
from yincai.registry.models import Organisation, RoleHeld, RoleName, in_force
from yincai.registry.policies import ORGANISATION_MEND


@action(ORGANISATION_MEND)
def close_organisation(row: Organisation, until: date, *, acting_user: Actor) -> Organisation:
    """Close it and all that is open below it; refused while somebody is still there."""
    ORGANISATION_MEND.require(acting_user, row)
    if row.parent_id is None:
        raise ActionError("市是这棵树的根，不能停用。")
    if until < row.since:
        raise ActionError(f"停用日期不能早于启用日期 {row.since}。")
    _refuse_while_inhabited(row, until)
    below = Organisation.objects.filter(path__startswith=row.path, until__isnull=True)
    for one in below.exclude(pk=row.pk):
        touched(one, until=until)
    below.update(until=until)
    row.until = until
    row.save(update_fields=["until"])
    return touched(row, until=until)


@action(ORGANISATION_MEND)
def reopen_organisation(row: Organisation, *, acting_user: Actor) -> Organisation:
    """Open it again; what lies below stays closed until opened in turn."""
    ORGANISATION_MEND.require(acting_user, row)
    if row.parent and row.parent.until is not None:
        raise ActionError(f"{row.parent.name}还停用着，请先恢复它。")
    if row.parent:
        refuse_same_name(row.parent, row.kind, row.name, but=row)
    row.until = None
    row.save(update_fields=["until"])
    return touched(row, until=None)


def _refuse_while_inhabited(row: Organisation, until: date) -> None:
    held = RoleHeld.objects.filter(in_force(until), organisation__path__startswith=row.path)
    pupils = held.filter(name=RoleName.PUPIL).count()
    others = held.exclude(name=RoleName.PUPIL).count()
    if pupils or others:
        raise ActionError(f"{row.name}还有 {pupils} 名学生、{others} 个教职或家长身份。请先转出或结束，再停用。")
