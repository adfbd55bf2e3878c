"""Growth percentiles: as R's SGP has them, uniform where they should be, and the table of a city."""

from __future__ import annotations

import csv
import doctest
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exact import Exact
from yincai.measurement.growth import percentiles
from yincai.measurement.growth.percentiles import CUTS, Long, of_groups, of_table
from yincai.measurement.growth.splines import Knots

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
REFERENCES = Path(__file__).resolve().parents[2] / "references"


def test_examples() -> None:
    assert doctest.testmod(percentiles).failed == 0


def long(pupils: int, years: int, seed: int) -> Long:
    rng = np.random.default_rng(seed)
    able = rng.normal(size=pupils)
    pupil, year = np.repeat(np.arange(pupils), years), np.tile(np.arange(years), pupils) + 2020
    score = np.round(500 + 50 * able[pupil] + 20 * rng.normal(size=len(pupil)) + 10 * (year - 2020))
    return Long(pupil, year, year - 2017, np.zeros(len(pupil), np.int64), score)


def test_percentiles_are_uniform_whatever_the_prior() -> None:
    table = long(1500, 2, 1)
    found = of_table(table)
    last = table.year == 2021
    prior = table.score[table.year == 2020]
    sgp = found.sgp[last].astype(float)
    assert abs(sgp.mean() - 50) < 1.5
    for part in np.array_split(np.argsort(prior), 5):
        assert abs(sgp[part].mean() - 50) < 4
        assert 25 < sgp[part].std() < 33


def test_each_row_uses_the_priors_it_has_and_the_rest_is_counted() -> None:
    table = long(1200, 3, 2)
    kept = np.ones(len(table.score), dtype=bool)
    kept[:30:3] = False  # ten pupils without the first year
    table = Long(*(each[kept] for each in (table.pupil, table.year, table.grade, table.subject, table.score)))
    table.score[-1] = np.nan
    found = of_table(table)
    last = table.year == 2022
    assert np.bincount(found.n_priors[last]).tolist() == [1, 10, 1189]
    assert found.without == {"no score": 1, "no prior": int((table.year == 2020).sum()) + 10, "small cohort": 0}
    assert np.isnan(found.cuts[found.n_priors == 0]).all()
    assert (np.diff(found.cuts[found.n_priors > 0], axis=1) >= 0).all()
    only = of_table(table, years=[2022])
    assert (only.sgp[last] == found.sgp[last]).all()
    assert not only.sgp[~last].any()


def test_small_and_constant_cohorts_get_none() -> None:
    small = of_table(long(40, 2, 3))
    assert small.without["small cohort"] == 40
    flat = long(300, 2, 3)
    flat.score[flat.year == 2020] = 500.0
    assert not of_table(flat).sgp.any()
    nobody = of_table(Long(*(np.zeros(0, np.int64) for _ in range(4)), np.zeros(0)))
    assert len(nobody.sgp) == 0
    with pytest.raises(ValueError, match="two scores"):
        of_table(Long(*(np.zeros(2, np.int64) for _ in range(4)), np.zeros(2)))


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 100))
def test_new_names_and_another_order_change_nothing(seed: int) -> None:
    table = long(250, 2, seed)
    rng = np.random.default_rng(seed)
    order, names = rng.permutation(len(table.score)), rng.permutation(5000)[:250]
    other = Long(
        names[table.pupil][order], table.year[order], table.grade[order], table.subject[order] + 1, table.score[order]
    )
    found, again = of_table(table), of_table(other)
    assert np.abs(found.sgp[order].astype(int) - again.sgp).max() <= 1
    assert (found.sgp[order] == again.sgp).mean() > 0.97


def test_groups_show_a_mean_with_its_interval_or_nothing() -> None:
    sgp = np.array([10, 20, 90, 0, 50, 60], dtype=np.int8)
    first, second = of_groups(sgp, np.array([1, 1, 1, 1, 2, 2]), minimum=3)
    assert (first.n, first.mean) == (3, 40.0)
    assert first.low is not None
    assert first.low < 40.0
    assert (second.n, second.mean, second.low) == (2, None, None)


def test_refuses_missing_priors() -> None:
    with pytest.raises(ValueError, match="finite"):
        percentiles.percentiles(np.ones(3), np.array([[1.0], [np.nan], [2.0]]))
    with pytest.raises(ValueError, match="knots"):
        percentiles.percentiles(np.ones(3), np.ones((3, 2)), [Knots((0.5,), (0.0, 1.0))])


def reference() -> tuple[np.ndarray, np.ndarray, list[dict[str, str]], dict[str, list[float]]]:
    theirs = list(csv.DictReader((DATA / "reference" / "sgp_reading_2024_g4.csv").open()))
    mine = {row["ID"]: row for row in csv.DictReader((DATA / "reference" / "sgp_g34_input.csv").open())}
    prior = np.array([float(mine[row["ID"]]["SS_2023"]) for row in theirs])
    score = np.array([float(mine[row["ID"]]["SS_2024"]) for row in theirs])
    return prior, score, theirs, json.loads((DATA / "reference" / "reference_numbers.json").read_text())["sgp_g4"]


@pytest.mark.real
def test_equal_to_r_with_the_knots_told(exact: Exact) -> None:
    prior, score, theirs, told = reference()
    knots = Knots(tuple(told["knots_grade3"]), tuple(told["boundaries_grade3"]))
    found = percentiles.percentiles(score, prior[:, None], [knots])
    away = np.abs(found.sgp - np.array([int(row["SGP"]) for row in theirs]))
    exact.at_least("SGP as R, knots of the data: share equal", float((away == 0).mean()), 0.94)
    exact.at_least("SGP as R, knots of the data: share within ±1", float((away <= 1).mean()), 0.999)


@pytest.mark.real
def test_equal_to_r_in_every_figure_with_the_knots_of_all_pupils_of_the_grade() -> None:
    """R took the quintiles of all third-graders of 2023, not only of those who were there a year later."""
    _, _, theirs, _ = reference()
    rows = [
        (int(row["ID"]), year, int(row[f"GRADE_{year}"]), 0, float(row[f"SS_{year}"]))
        for row in csv.DictReader((DATA / "growth" / "sgpData_wide_reading.csv").open())
        for year in (2023, 2024)
        if row[f"GRADE_{year}"] and row[f"SS_{year}"]
    ]
    whole = [np.array(column) for column in zip(*rows, strict=True)]
    table = Long(*whole)
    found = of_table(table, most_priors=1)
    place = {int(pupil): i for i, (pupil, year) in enumerate(zip(table.pupil, table.year, strict=True)) if year == 2024}
    mine = [place[int(row["ID"])] for row in theirs]
    assert found.sgp[mine].tolist() == [int(row["SGP"]) for row in theirs]
    cuts = [[float(row[f"PERCENTILE_CUT_{cut}"]) for cut in CUTS] for row in theirs]
    assert np.round(found.cuts[mine]).tolist() == cuts


@pytest.mark.parametrize("priors", [2, 3])
def test_two_and_three_priors_are_those_of_rs_quantreg(priors: int) -> None:
    """Synthetic scores; `tests/references/sgp_quantreg.R` draws them and computes R's figures."""
    rows = list(csv.DictReader((REFERENCES / "sgp_two_three_priors.csv").open()))
    table = {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}
    earlier = np.column_stack([table[f"prior{k + 1}"] for k in range(priors)])
    found = percentiles.percentiles(table["score"], earlier)
    assert (found.sgp == table[f"sgp{priors}"]).all()
    theirs = np.column_stack([table[f"p{cut}_{priors}"] for cut in CUTS])
    assert np.abs(found.cuts - theirs).max() < 0.0011
