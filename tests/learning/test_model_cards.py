"""What the tracing model said before each answer, folded anew for the audit."""

from __future__ import annotations

import numpy as np
import pytest

from tests.cast import Cast
from tests.practised import practise
from yincai.core.actors import acting
from yincai.core.scope import unscoped
from yincai.indicators.auditing import audit_model
from yincai.indicators.cards import MODELS
from yincai.learning.fold import PracticeFold
from yincai.learning.model_cards import predictions
from yincai.learning.tracing.state import Traced
from yincai.measurement.tracing import ItemBatch, ItemInfo
from yincai.records.queries import facts_of


@pytest.mark.django_db
def test_predictions_are_of_before_the_answer_and_the_audit_runs_on_them(cast: Cast) -> None:
    practise(cast)
    with acting(cast.system):
        rows = predictions(10_000)
        row = audit_model(MODELS["tracing"], acting_user=cast.system)
    assert row.n == len(rows.predicted) > 300 and row.report["groups"] and rows.predicted.min() > 0
    with unscoped("one pupil's facts, folded by hand"):
        pupil = int(rows.pupil[0])
        facts = facts_of([pupil], "math")
    fold = PracticeFold()
    state = Traced.unpack(fold.fold(b"", facts[:3], fold.versions))
    fact = facts[3]
    item, moment = ItemInfo(fact.points, fact.difficulty, fact.guess), fact.at.timestamp()
    alone = state.by_mastery(ItemBatch.of([item]), moment)
    expected = state.chances(np.array([fact.points]), moment, alone)[0][0]
    assert expected != pytest.approx(alone[0][0])
    assert rows.predicted[rows.pupil == pupil][3] == pytest.approx(expected)
