"""DIF of graded items: worked out by hand, against an optimiser, as right or wrong answers have it, and simulated."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit

from yincai.measurement import irt
from yincai.measurement.irt import graded_dif
from yincai.measurement.irt.graded_dif import cumulative_logits

from .test_dif import drawn

NAN = float("nan")


def graded(
    shift: float = 0.0, learners: int = 3000, items: int = 8, impact: float = -0.5, slope: float = 1.0, seed: int = 8
) -> tuple[np.ndarray, np.ndarray]:
    """Scores 0–3; the focal group is less able by `impact`; the first item is harder for it by `shift` and tells
    ability with another slope there."""
    rng = np.random.default_rng(seed)
    focal = np.arange(learners) % 2
    theta = rng.normal(size=learners) + impact * focal
    b = np.linspace(-1, 1, items) + np.outer(focal, np.eye(items)[0] * shift)
    a = 1 + np.outer(focal, np.eye(items)[0] * (slope - 1))
    x = a * (theta[:, None] - b) + rng.logistic(size=(learners, items))
    return sum((x > cut).astype(float) for cut in (-1.2, 0.0, 1.2)), focal.astype(float)


def test_the_running_examples() -> None:
    found = doctest.testmod(graded_dif)
    assert found.attempted > 0
    assert found.failed == 0


def test_mantel_by_hand() -> None:
    """Two strata. Reference 0,1,2: (2, 3, 5) and (1, 1, 8); focal (4, 3, 3) and (2, 4, 4).

    First stratum: n = 10 + 10, sum of scores 6 + 8 + 8 = 3·2 + (3 + 3)·… in points: reference 13, focal 9, all 22;
    squares 6·1 + 8·4 = 38; E = 11; V = 100·(20·38 − 22²)/(400·19) = 100·276/7600.
    Second: reference 17, focal 12, all 29; squares 5 + 48 = 53; E = 14.5; V = 100·(20·53 − 29²)/7600 = 100·219/7600.
    χ² = (21 − 25.5)² / (49500/7600). SMD = ½(.9 − 1.3) + ½(1.2 − 1.7) = −.45, variance ¼·(.2²)·V = .01·49500/7600.
    """
    counts = {(0, 0): (2, 3, 5), (0, 1): (4, 3, 3), (1, 0): (1, 1, 8), (1, 1): (2, 4, 4)}
    rows = [
        (stratum, group, score) for (stratum, group), n in counts.items() for score in range(3) for _ in range(n[score])
    ]
    match, group, score = np.array(rows, float).T
    found = irt.mantel(score[:, None], group, matching=match, fewest=1)
    assert found.chi2[0] == pytest.approx(4.5**2 / (49500 / 7600))
    assert found.smd[0] == pytest.approx(-0.45)
    assert found.se_smd[0] == pytest.approx(np.sqrt(0.01 * 49500 / 7600))
    assert found.effect[0] == pytest.approx(-0.45 / score.std(ddof=1))
    assert (found.n_reference[0], found.n_focal[0]) == (20, 20)
    assert "SMD -0.450" in str(found)


def test_right_or_wrong_is_mantel_haenszel_without_correction_and_logistic_dif() -> None:
    scores, focal = drawn(0.6)
    total, off, spread = scores.sum(axis=1), 0.0, 0.0
    for k in np.unique(total):
        (a, b), (c, d) = [
            [float(((total == k) & (focal == g) & (scores[:, 0] == x)).sum()) for x in (1, 0)] for g in (0, 1)
        ]
        n = a + b + c + d
        if n > 1:
            off += a - (a + b) * (a + c) / n
            spread += (a + b) * (c + d) * (a + c) * (b + d) / (n * n * (n - 1))
    assert irt.mantel(scores, focal, purify=False).chi2[0] == pytest.approx(off**2 / spread)
    one, other = irt.ordinal_dif(scores, focal), irt.logistic_dif(scores, focal)
    for name in ("uniform", "nonuniform", "both", "r2", "log_odds", "se_log_odds"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-6)
    assert one.zumbo_thomas == other.zumbo_thomas
    assert one.jodoin_gierl == other.jodoin_gierl


def test_cumulative_logits_are_those_of_a_general_optimiser() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(40, 2))
    z = x @ [0.8, -0.5] + rng.logistic(size=(30, 40))
    counts = np.stack(
        [((z > low) & (z <= high)).sum(axis=0) for low, high in ((-99, -1), (-1, 0.5), (0.5, 99))], axis=1
    )

    def loss(w: np.ndarray) -> float:
        eta, first = x @ w[2:], w[0]
        one, two = expit(eta - first), expit(eta - first - np.exp(w[1]))
        return -float((counts * np.log(np.column_stack([1 - one, one - two, two]))).sum())

    best = minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-8})
    value, beta, covariance = cumulative_logits(x, counts.astype(float))
    assert value == pytest.approx(-best.fun, abs=1e-7)
    assert beta == pytest.approx([best.x[0], best.x[0] + np.exp(best.x[1]), *best.x[2:]], abs=1e-4)
    far = 1e-3 * np.eye(4)
    bends = [[loss(best.x + u + v) - loss(best.x + u) - loss(best.x + v) + best.fun for u in far] for v in far]
    errors = np.sqrt(np.diag(np.linalg.inv(np.array(bends) / 1e-6)))
    assert np.sqrt(np.diag(covariance))[2:] == pytest.approx(errors[2:], rel=0.03)


def test_both_methods_find_it_and_nothing_else() -> None:
    scores, focal = graded(0.9)
    found = irt.mantel(scores, focal)
    assert found.ets == ("CC", *["AA"] * 7)
    assert found.smd[0] < 0
    ordinal = irt.ordinal_dif(scores, focal)
    assert ordinal.p_uniform[0] < 1e-6
    assert ordinal.log_odds[0] == pytest.approx(-0.9, abs=4 * ordinal.se_log_odds[0])
    assert ordinal.r2[0] > ordinal.r2[1:].max()
    assert ordinal.mcfadden[0] > ordinal.mcfadden[1:].max()
    assert set(ordinal.zumbo_thomas[1:]) == {"A"}


def test_another_slope_is_seen_as_nonuniform() -> None:
    scores, focal = graded(impact=0.0, slope=0.3)
    found = irt.ordinal_dif(scores, focal)
    assert found.p_nonuniform[0] < 1e-6
    assert found.p_nonuniform[1:].min() > 1e-3


def test_the_rate_of_false_alarms_and_the_power() -> None:
    """Groups differ in ability alone: 5 % of items are significant by chance (binomial bounds of 200 items)."""
    p, smd, se = [], [], []
    for seed in range(25):
        scores, focal = graded(learners=800, impact=-0.5, seed=seed)
        found = irt.mantel(scores, focal, purify=False)
        p.append([found.p, irt.ordinal_dif(scores, focal).p_uniform])
        smd.append(found.smd), se.append(found.se_smd)
    alarms = (np.array(p) < 0.05).mean(axis=(0, 2))
    assert (alarms > 0.01).all()
    assert (alarms < 0.085).all()
    assert np.std(smd) == pytest.approx(np.mean(se), rel=0.2)  # 0.066 and 0.068 over 200 seeds
    seen = [irt.mantel(*graded(0.5, learners=800, seed=seed)).p[0] < 0.05 for seed in range(20)]
    assert np.mean(seen) > 0.8


def test_missing_answers_gaps_and_scores_from_one() -> None:
    scores, focal = graded(1.0, learners=2000)
    moved = irt.mantel(scores + 1, focal)
    assert moved.smd == pytest.approx(irt.mantel(scores, focal).smd)
    gaps = np.where(scores == 3, 5, scores)
    rng = np.random.default_rng(0)
    gaps[rng.random(gaps.shape) < 0.3] = NAN
    focal[:50] = NAN
    found = irt.mantel(gaps, focal)
    assert found.ets[0] == "CC"
    assert "CC" not in found.ets[1:]
    assert found.n_reference[0] + found.n_focal[0] <= np.isfinite(gaps[50:, 0]).sum()
    assert irt.ordinal_dif(gaps, focal).p_uniform[0] < 1e-6


def test_too_few_all_alike_and_separated() -> None:
    scores, focal = graded(learners=150)
    assert set(irt.mantel(scores, focal).ets) == {""}
    assert np.isnan(irt.ordinal_dif(scores, focal).p_both).all()
    scores, focal = graded()
    scores[:, 3] = 2
    assert irt.mantel(scores, focal).ets[3] == ""
    assert np.isnan(irt.ordinal_dif(scores, focal).p_both[3])
    split = np.column_stack([np.where(focal == 1, 0, 2), scores[:, :2]])
    assert np.isnan(irt.ordinal_dif(split, focal, matching=scores[:, 1]).p_both[0])


@pytest.mark.parametrize(
    ("scores", "group"),
    [([[0, 1]], [2]), ([[0, 1]], [0]), ([[0, 0.5], [0, 1]], [0, 1]), ([], []), ([[-1, 1], [0, 1]], [0, 1])],
)
@pytest.mark.parametrize("method", [irt.mantel, irt.ordinal_dif])
def test_refused(method: object, scores: list[list[float]], group: list[float]) -> None:
    with pytest.raises(ValueError, match=r"group|scores|responses|shape|learners"):
        method(scores, group)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_order_does_not_matter_and_groups_change_the_sign(seed: int) -> None:
    scores, focal = graded(0.6, learners=600, items=5)
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(600), rng.permutation(5)
    one = irt.mantel(scores, focal, purify=False)
    other = irt.mantel(scores[np.ix_(rows, columns)], focal[rows], purify=False)
    assert other.smd == pytest.approx(one.smd[columns])
    assert irt.mantel(scores, 1 - focal, purify=False).chi2 == pytest.approx(one.chi2)
    ordinal = irt.ordinal_dif(scores, focal)
    assert irt.ordinal_dif(scores[np.ix_(rows, columns)], focal[rows]).both == pytest.approx(ordinal.both[columns])
    assert irt.ordinal_dif(scores, 1 - focal).log_odds == pytest.approx(-ordinal.log_odds)
