"""A look at a model, asked for by a person; the background does the same every week."""

from __future__ import annotations

from yincai.core.action import ActionError, action, noted
from yincai.core.actors import Actor
from yincai.core.tasks import enqueue
from yincai.indicators.cards import Model
from yincai.indicators.policies import AUDIT_MODELS
from yincai.indicators.tasks import audit_one


@action(AUDIT_MODELS)
def audit_now(model: Model, *, acting_user: Actor) -> None:
    """The audit runs in the background, as whoever asked."""
    if model.predictions is None:
        raise ActionError(f"“{model.card().label}”不预测答题，没有可以检查的预测。")
    enqueue(audit_one, acting_user=acting_user, code=model.code)
    noted("indicators.ModelAudit", model.code, asked=True)
