"""A class session begins and ends."""

from __future__ import annotations

from django.utils import timezone

from yincai.core.action import ActionError, action, changed_nothing, touched
from yincai.core.actors import Actor
from yincai.registry.models import Organisation, OrganisationKind, Session
from yincai.registry.policies import SESSION_RUN

CLASS_SESSION = "class"


@action(SESSION_RUN)
def open_session(school_class: Organisation, title: str = "", *, acting_user: Actor) -> Session:
    SESSION_RUN.require(acting_user, school_class)
    if school_class.kind != OrganisationKind.CLASS:
        raise ActionError("上课要选一个班级。")
    running = Session.objects.filter(organisation=school_class, kind=CLASS_SESSION, ends_at__isnull=True).first()
    if running:
        raise ActionError(
            f"{school_class.name}正在上课（{timezone.localtime(running.starts_at):%H:%M} 开始），请先下课。"
        )
    row = Session.objects.create(
        kind=CLASS_SESSION, organisation=school_class, opened_by_id=acting_user.person, title=title.strip()
    )
    return touched(row, organisation=school_class.pk)


@action(SESSION_RUN)
def close_session(session: Session, *, acting_user: Actor) -> Session:
    SESSION_RUN.require(acting_user, session.organisation)
    if session.ends_at is not None:
        changed_nothing()
        return session
    session.ends_at = timezone.now()
    session.save(update_fields=["ends_at"])
    return touched(session, ends_at=session.ends_at)
