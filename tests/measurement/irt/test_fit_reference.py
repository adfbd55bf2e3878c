"""Item and model fit of LSAT6 and LSAT7 against R mirt."""

from __future__ import annotations

import numpy as np
import pytest

from tests.exact import Exact
from tests.measurement.irt.numbers import real, reference
from yincai.measurement import irt
from yincai.records.readers.responses import read_wide

pytestmark = pytest.mark.real


@pytest.mark.parametrize("data", ["lsat6", "lsat7"])
def test_as_mirt(data: str, exact: Exact) -> None:
    wanted = reference()[data]["2PL"]
    scores = read_wide(real(f"irt_cdm/{data}.csv")).scores
    found = irt.fit(scores, tolerance=1e-6)
    items = irt.item_fit(found, scores)
    exact(f"{data.upper()} 2PL as R mirt: S-X²", items.s_x2, wanted["S_X2"], 5e-3)
    assert items.p == pytest.approx(np.array(wanted["S_X2_p"]), abs=2e-3)
    whole, m2 = irt.model_fit(found, scores), wanted["M2"]
    exact(f"{data.upper()} 2PL as R mirt: M2", whole.m2, m2["M2"], 5e-3)
    assert whole.df == m2["df"]
    assert whole.p == pytest.approx(m2["p"], abs=1e-3)
    assert (whole.rmsea, whole.rmsea_low) == pytest.approx((m2["RMSEA"], m2["RMSEA_5"]), abs=1e-4)
    assert whole.rmsea_high == pytest.approx(m2["RMSEA_95"], abs=1e-4)
    assert whole.srmsr == pytest.approx(m2["SRMSR"], abs=1e-4)
    assert (whole.tli, whole.cfi) == pytest.approx((m2["TLI"], m2["CFI"]), abs=1e-3)
    assert found.scores(scores).reliability == pytest.approx(wanted["empirical_reliability"], abs=1e-3)
