"""LSAT6 and LSAT7 against R mirt, by the library and by the command."""

from __future__ import annotations

import json

import pytest

from tests.exact import Exact
from tests.measurement.irt.numbers import real, reference
from yincai.cli import measure
from yincai.measurement import irt
from yincai.records.readers.responses import read_wide

CASES = [(data, model) for data in ("lsat6", "lsat7") for model in ("Rasch", "2PL")]
pytestmark = pytest.mark.real


@pytest.mark.parametrize(("data", "model"), CASES)
def test_as_mirt(data: str, model: str, exact: Exact) -> None:
    wanted = reference()[data][model]
    read = read_wide(real(f"irt_cdm/{data}.csv"))
    found = irt.fit(read.scores, model.lower(), items=read.items)
    assert found.converged
    case = f"{data.upper()} {model} as R mirt"
    exact(f"{case}: log-likelihood", found.log_likelihood, wanted["logLik"], 1e-3)
    exact(f"{case}: a", found.a, wanted["a"], 2e-3)
    exact(f"{case}: b", found.b, wanted["b"], 2e-3)
    exact(f"{case}: latent variance", found.latent.variance, wanted["latent_var"], 2e-3)
    scores = found.scores(read.scores)
    exact(f"{case}: EAP", scores.theta[:10], wanted["eap_first10"], 2e-3)
    exact(f"{case}: SE of EAP", scores.se[:10], wanted["eap_se_first10"], 2e-3)
    exact(f"{case}: empirical reliability", scores.reliability, wanted["empirical_reliability"], 2e-3)
    exact(f"{case}: EAP for sums", found.eapsum().theta, wanted["eapsum"], 2e-3)


def test_by_the_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "KINDS", ("irt",))
    path = real("irt_cdm/lsat7.csv")
    assert measure.main(["irt", "--responses", str(path), "--model", "2pl", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    wanted = reference()["lsat7"]["2PL"]
    assert said["log_likelihood"] == pytest.approx(wanted["logLik"], abs=1e-3)
    assert [item["b"] for item in said["items"]] == pytest.approx(wanted["b"], abs=2e-3)
    assert said["items"][0]["item"] == "Item.1"
