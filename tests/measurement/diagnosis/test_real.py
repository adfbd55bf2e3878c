"""Tatsuoka's fraction subtraction, against R CDM 8.2-6."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.exact import Exact
from yincai.measurement import diagnosis
from yincai.records.readers.qmatrix import read_q_matrix
from yincai.records.readers.responses import read_wide

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def table() -> tuple[np.ndarray, np.ndarray]:
    if not DATA.exists():
        pytest.skip("../shared/data is not there")
    wide = read_wide(DATA / "irt_cdm" / "fraction_subtraction.csv")
    return wide.scores, read_q_matrix(DATA / "irt_cdm" / "fraction_subtraction_q.csv", wide.items).needed


@pytest.fixture(scope="module")
def reference() -> dict:
    return dict(json.loads((DATA / "reference" / "reference_numbers.json").read_text())["dina"])


def test_dina_is_that_of_r(table: tuple[np.ndarray, np.ndarray], reference: dict, exact: Exact) -> None:
    found = diagnosis.fit(*table, starts=4)
    wanted = reference["fraction_subtraction"]
    exact("Fraction subtraction, DINA as R CDM: log-likelihood", found.log_likelihood, wanted["ll"], 0.01)
    assert found.aic == pytest.approx(wanted["aic"], abs=0.02)
    place = [int(item) - 1 for item in wanted["item"]]
    theirs = list(wanted["item"].values())
    exact("Fraction subtraction, DINA: guess", found.guess[place], [values["g"] for values in theirs], 2e-3)
    exact("Fraction subtraction, DINA: slip", found.slip[place], [values["s"] for values in theirs], 2e-3)
    exact("Fraction subtraction, DINA: skills", found.skill_probability, wanted["skills"], 5e-3)
    assert found.starts.agreeing >= 2


def test_dino_is_that_of_r(table: tuple[np.ndarray, np.ndarray], reference: dict, exact: Exact) -> None:
    found = diagnosis.fit(*table, "dino").log_likelihood
    exact("Fraction subtraction, DINO as R CDM: log-likelihood", found, reference["dino_ll"], 0.01)


def test_gdina_holds_dina_and_dino(table: tuple[np.ndarray, np.ndarray]) -> None:
    saturated = diagnosis.fit(*table, "gdina")
    assert saturated.log_likelihood > diagnosis.fit(*table, "dina").log_likelihood
    assert len(diagnosis.validate_q(saturated, table[0])) == 20


def test_a_search_finds_higher_maxima_of_gdina(table: tuple[np.ndarray, np.ndarray]) -> None:
    plain = diagnosis.fit(*table, "gdina", standard_errors=False)
    found = diagnosis.fit(*table, "gdina", search=True, standard_errors=False)
    assert found.starts.gained > 5
    assert found.log_likelihood > plain.log_likelihood + 5


@pytest.mark.slow
def test_a_higher_maximum_of_gdina_on_this_design_knows_no_more_of_the_pupils(
    table: tuple[np.ndarray, np.ndarray],
) -> None:
    """Why the search is not the default: 536 simulated pupils, the test's own Q-matrix, six times."""
    q = np.asarray(table[1]).astype(bool)
    right, higher = np.zeros((6, 2)), np.zeros(6)
    for seed in range(6):
        rng = np.random.default_rng(seed)
        ability = 0.8 * rng.normal(size=(536, 1)) + 0.6 * rng.normal(size=(536, 8))
        holds = ability > 0.5 * rng.normal(size=8)
        share = (holds @ q.T) / q.sum(axis=1)
        guess, slip = rng.uniform(0.05, 0.25, (2, 20))
        answers = (rng.random(share.shape) < guess + (1 - guess - slip) * share).astype(float)
        fits = [diagnosis.fit(answers, q, "gdina", search=on, standard_errors=False) for on in (False, True)]
        higher[seed] = fits[1].log_likelihood - fits[0].log_likelihood
        right[seed] = [((diagnosis.score(fit, answers).skills > 0.5) == holds).mean() for fit in fits]
    assert higher.mean() > 3, higher
    assert right[:, 1].mean() < right[:, 0].mean() + 0.01, right
