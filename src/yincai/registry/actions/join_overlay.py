"""A school joins a 学区 or 教育集团, or leaves it."""

from __future__ import annotations

from datetime import date

from django.db.models import Q

from yincai.core.action import ActionError, action, touched
from yincai.core.actors import Actor
from yincai.registry.models import Organisation, OrganisationKind, OverlayMember
from yincai.registry.policies import OVERLAY_MEND

OVERLAYS = (OrganisationKind.ZONE, OrganisationKind.GROUP)


@action(OVERLAY_MEND)
def join_overlay(overlay: Organisation, school: Organisation, since: date, *, acting_user: Actor) -> OverlayMember:
    OVERLAY_MEND.require(acting_user, overlay)
    OVERLAY_MEND.require(acting_user, school)
    if overlay.kind not in OVERLAYS or school.kind != OrganisationKind.SCHOOL:
        raise ActionError("只有学校能加入学区或教育集团。")
    still = Q(until__isnull=True) | Q(until__gte=since)
    there = OverlayMember.objects.filter(still, school=school, overlay__kind=overlay.kind)
    for member in there.select_related("overlay"):
        if member.overlay_id == overlay.pk or overlay.kind == OrganisationKind.ZONE:
            raise ActionError(f"{school.name}从 {member.since} 起属于{member.overlay.name}。请先让它退出。")
    return touched(OverlayMember.objects.create(overlay=overlay, school=school, since=since), since=since)


@action(OVERLAY_MEND)
def leave_overlay(member: OverlayMember, until: date, *, acting_user: Actor) -> OverlayMember:
    OVERLAY_MEND.require(acting_user, member.overlay)
    if until < member.since:
        raise ActionError(f"退出日期不能早于加入日期 {member.since}。")
    member.until = until
    member.save(update_fields=["until"])
    return touched(member, until=until)
