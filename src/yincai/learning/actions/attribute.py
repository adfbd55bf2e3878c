"""A teacher confirms or corrects the cause of a wrong answer; what is learned from it is in use from then on."""

from __future__ import annotations

from django.utils import timezone

from yincai.core.action import ActionError, action, changed_nothing, touched
from yincai.core.actors import Actor
from yincai.core.ids import new_id
from yincai.core.permissions import NotAllowed
from yincai.learning.actions.steering import TELL_THE_OFFICE, why_not
from yincai.learning.attributed import Judgement
from yincai.learning.attribution.causes import platform_candidates
from yincai.learning.attribution.choices import choices_for
from yincai.learning.attribution.stepping import workings_of
from yincai.learning.attribution.trained import in_use, train
from yincai.learning.attribution.words import name_of
from yincai.learning.policies import ATTRIBUTE
from yincai.records.models import ResponseFact
from yincai.records.queries import said_in
from yincai.records.recording import record
from yincai.records.statements import attributed
from yincai.registry.queries import class_of, people_of


@action(ATTRIBUTE)
def judge(fact: ResponseFact, cause: str, seen: int | None = None, *, acting_user: Actor) -> Judgement:
    """Say what caused a wrong answer: a statement, its row, and a newly trained model.

    The same word again changes nothing; another one takes the place of the first. `seen`: the judgement that stood on
    the page, 0 for none; where another stands by now, its word is told first. Raises ConsentMissing.
    """
    require_pupil(fact.pupil, acting_user)
    if fact.score >= 1:
        raise ActionError("这道题答对了，没有错因可判。")
    typed = said_in([fact.statement]).get(fact.statement, "")
    steps = workings_of([fact]).get(fact.statement)
    offered = platform_candidates(fact, typed, in_use(fact.subject), steps)
    if cause not in {one.cause for one in choices_for(fact, offered)}:
        raise ActionError("请在列出的错因里选一个；都不像，就选“看不出错因”。")
    before = Judgement.objects.filter(answer=fact.statement, superseded=False).first()
    if before and before.cause == cause:
        changed_nothing()
        return before
    if before and seen is not None and seen != before.pk:
        said = f"这一页打开以后，这道题已经定为“{name_of(before.cause)}”。"
        raise ActionError(f"{said}若仍要改成“{name_of(cause)}”，请再按一次“就这样定”。")
    Judgement.objects.filter(answer=fact.statement, superseded=False).update(superseded=True)
    row = _store(fact, offered[0].cause if offered else "", cause, acting_user)
    model = train(fact.subject, acting_user.account.pk)
    return touched(row, answer=fact.statement, cause=cause, model=model.pk)


def require_pupil(pupil: int, actor: Actor) -> None:
    person = people_of([pupil]).get(pupil)
    room = class_of(person) if person else None
    if room is None:
        raise NotAllowed("这名学生现在不在任何班里，不能判断他的错因。")
    if not ATTRIBUTE.can(actor, room):
        raise NotAllowed(f"{why_not(room, actor)}，不能判断这名学生的错因。{TELL_THE_OFFICE}")


def _store(fact: ResponseFact, said: str, cause: str, actor: Actor) -> Judgement:
    key, now = new_id(), timezone.now()
    statement = attributed(id=key, answer=fact.statement, cause=cause, said=said, at=now)
    record(statement, None, pupil=fact.pupil, acting_user=actor)
    return Judgement.objects.create(
        statement=key,
        answer=fact.statement,
        pupil=fact.pupil,
        subject=fact.subject,
        place=fact.place,
        said=said,
        cause=cause,
        at=now,
    )
