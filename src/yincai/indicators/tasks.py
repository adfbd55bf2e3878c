"""Background: figures are computed anew whenever the lake was written (every three minutes); pages only read them.

Once a week each model that predicts is looked at: right for everybody, and still right?
"""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse

from yincai.core.actors import Actor
from yincai.core.notices import notify
from yincai.core.tasks import background, enqueue, long_background, register_periodic
from yincai.indicators import results
from yincai.indicators.auditing import TooFew, audit_model
from yincai.indicators.cards import MODELS, models

EVERY = timedelta(minutes=1)
WEEKLY = timedelta(days=7)


@background
def refresh_indicators(*, acting_user: Actor) -> int:
    return results.refresh_if_needed()


@long_background
def audit_one(code: str, *, acting_user: Actor) -> int:
    """How many findings; nothing is kept where answers are too few, and who asked is told so."""
    try:
        return len(audit_model(MODELS[code], acting_user=acting_user).findings)
    except TooFew as few:
        if acting_user.person_id:
            address = reverse("indicators-model", args=[code])
            notify([acting_user.person_id], f"模型“{MODELS[code].card().label}”这次没有检查：{few}", address)
        return 0


@background
def audit_all(*, acting_user: Actor) -> None:
    for model in models():
        if model.predictions is not None:
            enqueue(audit_one, acting_user=acting_user, code=model.code)


register_periodic(refresh_indicators, EVERY)
register_periodic(audit_all, WEEKLY, at_once=False)
