"""The formulas: against their plain definitions and against differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yincai.measurement import irt
from yincai.measurement.irt.curves import curve_tables

BANKS = [
    irt.bank("2pl", [irt.Item(1.3, 0.4)]),
    irt.bank("3pl", [irt.Item(1.3, 0.4, 0.2)]),
    irt.bank("grm", [irt.Item(1.3, (-1.0, 0.2, 1.5))]),
    irt.bank("gpcm", [irt.Item(0.7, (0.5, -1.0, 1.5))]),
]


def plain(bank: irt.Bank, theta: float) -> list[float]:
    item = bank.item(0)
    b = np.atleast_1d(item.b)
    if bank.model.name == "gpcm":
        weights = np.exp(np.concatenate([[0.0], np.cumsum(item.a * (theta - b))]))
        return list(weights / weights.sum())
    above = item.c + (1 - item.c) / (1 + np.exp(-item.a * (theta - b)))
    return list(-np.diff(np.concatenate([[1.0], above, [0.0]])))


@pytest.mark.parametrize("bank", BANKS, ids=lambda bank: bank.model.name)
@settings(max_examples=30, deadline=None)
@given(theta=st.floats(-4, 4))
def test_probabilities_and_derivatives(bank: irt.Bank, theta: float) -> None:
    assert bank.probabilities(theta)[0, 0] == pytest.approx(plain(bank, theta), abs=1e-12)
    step = 1e-5
    low, here, high = (
        curve_tables(bank.model.family, bank.xi, bank.first, np.array([theta + h])) for h in (-step, 0, step)
    )
    assert here[1] == pytest.approx((high[0] - low[0]) / (2 * step), abs=1e-8)
    assert here[2] == pytest.approx((high[1] - low[1]) / (2 * step), abs=1e-8)
    for place in range(bank.xi.shape[1]):
        if bank.xi[0, place] < -100:
            continue
        up, down = bank.xi.copy(), bank.xi.copy()
        up[0, place] += step
        down[0, place] -= step
        sides = [np.log(curve_tables(bank.model.family, xi, bank.first, np.array([theta]))[0]) for xi in (up, down)]
        assert here[3][:, place, 0] == pytest.approx(((sides[0] - sides[1]) / (2 * step))[:, 0], abs=1e-6)


@pytest.mark.parametrize("theta", [-80.0, 80.0])
@pytest.mark.parametrize("bank", BANKS, ids=lambda bank: bank.model.name)
def test_far_out_all_stays_finite(bank: irt.Bank, theta: float) -> None:
    for table in curve_tables(bank.model.family, bank.xi, bank.first, np.array([theta])):
        assert np.isfinite(table).all()


def test_a_bank_refuses_what_is_no_item() -> None:
    for model, item in [
        ("2pl", irt.Item(0.0, 1.0)),
        ("2pl", irt.Item(1.0, 1.0, 0.2)),
        ("rasch", irt.Item(2.0, 1.0)),
        ("2pl", irt.Item(1.0, (0.0, 1.0))),
        ("grm", irt.Item(1.0, (1.0, 0.0))),
    ]:
        with pytest.raises(ValueError, match="item1"):
            irt.bank(model, [item])
    with pytest.raises(ValueError, match="no model"):
        irt.bank("4pl", [irt.Item(1.0, 0.0)])
