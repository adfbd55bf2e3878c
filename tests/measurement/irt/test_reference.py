"""LSAT6 and LSAT7 against R mirt, by the library and by the command."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.measurement.irt.numbers import real, reference
from yincai.cli import measure
from yincai.measurement import irt
from yincai.records.readers.responses import read_wide

CASES = [(data, model) for data in ("lsat6", "lsat7") for model in ("Rasch", "2PL")]
pytestmark = pytest.mark.real


@pytest.mark.parametrize(("data", "model"), CASES)
def test_as_mirt(data: str, model: str) -> None:
    wanted = reference()[data][model]
    read = read_wide(real(f"irt_cdm/{data}.csv"))
    found = irt.fit(read.scores, model.lower(), items=read.items)
    assert found.converged
    assert found.log_likelihood == pytest.approx(wanted["logLik"], abs=1e-3)
    assert found.a == pytest.approx(np.array(wanted["a"]), abs=2e-3)
    assert found.b == pytest.approx(np.array(wanted["b"]), abs=2e-3)
    assert found.latent.variance == pytest.approx(wanted["latent_var"], abs=2e-3)
    scores = found.scores(read.scores)
    assert scores.theta[:10] == pytest.approx(np.array(wanted["eap_first10"]), abs=2e-3)
    assert scores.se[:10] == pytest.approx(np.array(wanted["eap_se_first10"]), abs=2e-3)
    assert scores.reliability == pytest.approx(wanted["empirical_reliability"], abs=2e-3)
    assert found.eapsum().theta == pytest.approx(np.array(wanted["eapsum"]), abs=2e-3)


def test_by_the_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "KINDS", ("irt",))
    path = real("irt_cdm/lsat7.csv")
    assert measure.main(["irt", "--responses", str(path), "--model", "2pl", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    wanted = reference()["lsat7"]["2PL"]
    assert said["log_likelihood"] == pytest.approx(wanted["logLik"], abs=1e-3)
    assert [item["b"] for item in said["items"]] == pytest.approx(wanted["b"], abs=2e-3)
    assert said["items"][0]["item"] == "Item.1"
