"""Mixed models: lme4's figures, the likelihood written out, truth found again, formulas."""

from __future__ import annotations

import csv
import doctest
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from tests.exact import Exact
from yincai.measurement.growth import formula, mixed
from yincai.measurement.growth.mixed import RandomTerm

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


def crossed(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, list[RandomTerm]]:
    rng = np.random.default_rng(seed)
    pupil, teacher = rng.integers(0, 25, n), rng.integers(0, 8, n)
    x = np.column_stack([np.ones(n), rng.normal(size=n)])
    slope = rng.multivariate_normal([0, 0], [[0.6, 0.2], [0.2, 0.3]], 8)
    y = x @ [1.0, 0.5] + 0.7 * rng.normal(size=25)[pupil] + (slope[teacher] * x).sum(axis=1) + rng.normal(size=n)
    return y, x, [RandomTerm.intercept("pupil", pupil), RandomTerm("teacher", teacher, x, ("1", "x"), 8)]


def spread(terms: list[RandomTerm], found: mixed.MixedFit) -> np.ndarray:
    total = found.residual * np.eye(found.n)
    for term, variance in zip(terms, found.variances, strict=True):
        total += (term.z @ variance @ term.z.T) * (term.group[:, None] == term.group[None, :])
    return total


def test_examples() -> None:
    for module in (mixed, formula):
        assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("reml", [False, True])
def test_likelihood_effects_and_errors_are_those_of_the_dense_matrix(reml: bool) -> None:
    y, x, terms = crossed(160, 1)
    found = mixed.fit(y, x, terms, reml)
    v = spread(terms, found)
    inverse = np.linalg.inv(v)
    information = x.T @ inverse @ x
    expected = multivariate_normal(x @ found.beta, v).logpdf(y)
    if reml:
        expected += (x.shape[1] * np.log(2 * np.pi) - np.linalg.slogdet(information)[1]) / 2
    assert found.log_likelihood == pytest.approx(expected, abs=1e-8)
    assert np.allclose(found.covariance, np.linalg.inv(information), rtol=1e-6)
    assert np.allclose(found.beta, np.linalg.solve(information, x.T @ inverse @ y), rtol=1e-6)
    for term, variance, effects in zip(terms, found.variances, found.effects, strict=True):
        z = np.concatenate([term.z * (term.group == level)[:, None] for level in range(term.levels)], axis=1)
        prior = np.kron(np.eye(term.levels), variance)
        assert np.allclose(effects.effect.ravel(), prior @ z.T @ inverse @ (y - x @ found.beta), atol=1e-6)
        left = prior - prior @ z.T @ inverse @ z @ prior
        assert np.allclose(effects.se.ravel() ** 2, np.diag(left), atol=1e-6)


@pytest.mark.parametrize("reml", [False, True])
def test_the_slope_of_the_deviance_is_that_of_differences(reml: bool) -> None:
    y, x, terms = crossed(200, 2)
    sums = mixed.sums_of(y, x, terms, 1000)
    theta = np.array([0.7, 0.8, -0.3, 0.5])
    _, slope = mixed._deviance(sums, theta, reml)
    for k, step in enumerate(1e-5 * np.eye(4)):
        up, down = (mixed._deviance(sums, theta + sign * step, reml)[0] for sign in (1, -1))
        assert slope[k] == pytest.approx((up - down) / 2e-5, abs=1e-4)


def test_print_tells_correlations_and_what_did_not_converge() -> None:
    rng = np.random.default_rng(1)
    school, x = np.repeat(np.arange(20), 20), rng.normal(size=400)
    columns = np.column_stack([np.ones(400), x])
    y = x + rng.normal(size=20)[school] * (1 + x) + rng.normal(size=400)
    found = mixed.fit(y, columns, [RandomTerm("school", school, columns, ("(Intercept)", "x"), 20)])
    v = found.variances[0]
    assert f"{v[0, 1] / np.sqrt(v[0, 0] * v[1, 1]):.4f}" in str(found)
    assert "correlation school (Intercept), x" in str(found)
    assert "NOT converged" in str(replace(found, converged=False)) and "NOT" not in str(found)


def test_balanced_reml_is_the_analysis_of_variance() -> None:
    rng = np.random.default_rng(4)
    group = np.repeat(np.arange(30), 8)
    y = rng.normal(size=30)[group] + rng.normal(size=240)
    found = mixed.fit(y, np.ones((240, 1)), [RandomTerm.intercept("g", group)], reml=True)
    means = y.reshape(30, 8).mean(axis=1)
    within = ((y - means[group]) ** 2).sum() / (240 - 30)
    between = 8 * means.var(ddof=1)
    assert found.residual == pytest.approx(within, rel=1e-5)
    assert found.variances[0][0, 0] == pytest.approx((between - within) / 8, rel=1e-4)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000))
def test_order_names_and_unit_of_the_scores(seed: int) -> None:
    y, x, terms = crossed(150, seed)
    rng = np.random.default_rng(seed)
    order = rng.permutation(150)
    names = [rng.permutation(term.levels) for term in terms]
    moved = [
        RandomTerm(t.factor, name[t.group][order], t.z[order], t.names, t.levels)
        for t, name in zip(terms, names, strict=True)
    ]
    plain = mixed.fit(y, x, terms)
    again = mixed.fit(10 * y[order], x[order], moved[::-1])
    assert again.log_likelihood == pytest.approx(plain.log_likelihood - 150 * np.log(10), abs=1e-3)
    assert np.allclose(again.beta, 10 * plain.beta, atol=0.02)
    assert np.allclose(again.effects[1].effect[names[0]], 10 * plain.effects[0].effect, atol=0.05)


def test_finds_the_truth_again() -> None:
    rng = np.random.default_rng(8)
    pupil, teacher = rng.integers(0, 400, 9000), rng.integers(0, 120, 9000)
    x = np.column_stack([np.ones(9000), rng.normal(size=9000)])
    effects = 0.5 * rng.normal(size=400), 0.8 * rng.normal(size=120)
    y = x @ [2.0, -1.0] + effects[0][pupil] + effects[1][teacher] + rng.normal(size=9000)
    found = mixed.fit(y, x, [RandomTerm.intercept("p", pupil), RandomTerm.intercept("t", teacher)])
    assert np.abs((found.beta[1] + 1) / found.se[1]) < 3
    assert [v[0, 0] for v in found.variances] == pytest.approx([0.25, 0.64], rel=0.25)
    for each, true in zip(found.effects, effects, strict=True):
        centred = each.effect[:, 0] + found.beta[0] - 2.0 - true if each.factor == "t" else each.effect[:, 0] - true
        assert 0.85 < np.std(centred / each.se[:, 0]) < 1.15


def test_no_variance_between_groups_is_zero_and_not_a_failure() -> None:
    group = np.repeat(np.arange(10), 4)
    y = np.tile([1.0, 2.0, 3.0, 4.0], 10)
    found = mixed.fit(y, np.ones((40, 1)), [RandomTerm.intercept("g", group)])
    assert found.variances[0][0, 0] == pytest.approx(0, abs=1e-6)
    assert np.abs(found.effects[0].effect).max() < 1e-6


@pytest.mark.parametrize(
    ("y", "x", "match"),
    [
        (np.ones(20), np.ones((20, 1)), "nothing is left"),
        (np.arange(20.0), np.ones((20, 2)), "depend"),
        (np.r_[np.arange(19.0), np.nan], np.ones((20, 1)), "finite"),
        (np.zeros(0), np.ones((0, 1)), "y must be"),
        (np.arange(3.0), np.ones((20, 1)), "y must be"),
    ],
)
def test_refuses(y: np.ndarray, x: np.ndarray, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        mixed.fit(y, x, [RandomTerm.intercept("g", np.repeat(np.arange(2), 10)[: len(y)])])


def test_refuses_as_many_groups_as_rows() -> None:
    with pytest.raises(ValueError, match="as many effects"):
        mixed.fit(np.random.default_rng(0).normal(size=9), np.ones((9, 1)), [RandomTerm.intercept("g", np.arange(9))])


def columns() -> dict[str, list[str]]:
    return {
        "score": ["1", "2", "4", "", "3"],
        "年级": ["三", "四", "三", "四", "四"],
        "x": ["0.5", "1", "1.5", "2", "NA"],
        "school": ["a", "a", "b", "b", "b"],
        "class": ["1", "2", "1", "1", "2"],
    }


def test_formula_builds_dummies_nested_groups_and_slopes() -> None:
    model = formula.build(formula.parse("score ~ x*年级 + (1 + x | school/class)"), columns())
    assert model.rows.tolist() == [0, 1, 2]
    assert model.names == ("(Intercept)", "x", "年级四", "x:年级四")
    assert model.x[1].tolist() == [1.0, 1.0, 1.0, 1.0]
    assert [term.factor for term in model.terms] == ["school", "class:school"]
    assert model.labels[1] == ("1:a", "1:b", "2:a")
    assert model.terms[0].names == ("(Intercept)", "x")
    apart = formula.parse("score ~ 0 + x + (1 + x || school) + (0 + x | class)")
    assert not apart.intercept
    assert [(term.intercept, term.columns) for term in apart.random] == [(True, ()), (False, ("x",)), (False, ("x",))]


def test_names_between_backticks_factors_and_no_intercept() -> None:
    held = {"分 数": list("123456"), "前~测 (1)": list("214365"), "班": ["10", "9"] * 3, "学 校": list("ababab")}
    model = formula.build(formula.parse("`分 数` ~ `前~测 (1)` + factor(班) + (1 | `学 校`)"), held)
    assert model.names == ("(Intercept)", "前~测 (1)", "factor(班)10")
    assert model.x[:, 2].tolist() == [1, 0] * 3
    assert model.terms[0].factor == "学 校"
    assert formula.build(formula.parse("`分 数` ~ 班 + (1 | `学 校`)"), held).names == ("(Intercept)", "班")
    for text in ("y ~ -1 + x + (1 | g)", "y ~ 0 + x + (1 | g)", "y ~ x - 1 + (1 | g)"):
        assert formula.parse(text) == formula.Formula("y", False, (("x",),), formula.parse(text).random)
    assert formula.parse("y ~ C(h) + (1|g)").fixed == formula.parse("y ~ as.factor(h) + (1|g)").fixed
    with pytest.raises(ValueError, match=r"“poly\(x,2\)”不是列名.*先在表里算好"):
        formula.parse("y ~ poly(x,2) + (1 | g)")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("score", "~"),
        ("score ~ x", "随机效应"),
        ("score ~ x + (1 | school", "括号"),
        ("score ~ + x + (1 | school)", "缺少项"),
        ("score ~ log(x) + (1 | school)", "不是列名"),
        ("score ~ x + (school)", "随机效应要写成"),
        ("score ~ x + (0 | school)", "没有任何项"),
        ("score ~ y + (1 | school)", "没有列“y”"),
        ("score ~ x + (年级 | school)", "随机斜率"),
        ("年级 ~ x + (1 | school)", "不是数"),
    ],
)
def test_formulas_that_cannot_be_read_say_why(text: str, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        formula.build(formula.parse(text), columns())


def exam() -> tuple[dict[str, list[str]], dict[str, dict[str, object]]]:
    rows = list(csv.DictReader((DATA / "growth" / "Exam.csv").open()))
    told = json.loads((DATA / "reference" / "reference_numbers.json").read_text())["value_added"]
    return {name: [row[name] for row in rows] for name in rows[0]}, told


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "text", "reml"),
    [
        ("Exam_ri", "normexam ~ standLRT + (1 | school)", False),
        ("Exam_ri_REML", "normexam ~ standLRT + (1 | school)", True),
        ("Exam_rs", "normexam ~ standLRT + (1 + standLRT | school)", False),
    ],
)
def test_exam_as_lme4(name: str, text: str, reml: bool, exact: Exact) -> None:
    read, told = exam()
    model = formula.build(formula.parse(text), read)
    found = mixed.fit(model.y, model.x, model.terms, reml, model.names)
    wanted = told[name]
    exact(f"{name} as lme4: log-likelihood", found.log_likelihood, wanted["logLik"], 1e-4)
    exact(f"{name} as lme4: fixed effects", found.beta, list(wanted["fixef"].values()), 1e-4)
    variance = found.variances[0]
    ours = (
        [variance[0, 0], found.residual] if len(variance) == 1 else [*np.diag(variance), variance[0, 1], found.residual]
    )
    assert ours == pytest.approx([each["vcov"] for each in wanted["var"]], rel=2e-3)
    if name == "Exam_ri":
        theirs = {
            row["school"]: row for row in csv.DictReader((DATA / "reference" / "exam_lme4_school_effects.csv").open())
        }
        assert len(theirs) == 65
        of_r = [theirs[school] for school in model.labels[0]]
        exact("Exam as lme4: school effects", found.effects[0].effect[:, 0], [float(row["u"]) for row in of_r], 1e-4)
        exact("Exam as lme4: their SE", found.effects[0].se[:, 0], [float(row["se"]) for row in of_r], 1e-4)
