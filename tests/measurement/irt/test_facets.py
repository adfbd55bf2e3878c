"""Many-facet Rasch: recovers the truth within its errors; equals the partial credit model when there is one rater."""

from __future__ import annotations

import numpy as np
import pytest

from tests.measurement.irt.numbers import drawn
from yincai.measurement import irt

Ratings = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def ratings(learners: int, items: int, raters: int, each: int, seed: int) -> tuple[Ratings, dict[str, np.ndarray]]:
    """Each learner's answers marked by `each` raters drawn for the learner, on a scale 0 … 3."""
    rng = np.random.default_rng(seed)
    severity = rng.normal(size=raters) * 0.5
    true = {"severity": severity - severity.mean(), "difficulty": rng.normal(size=items) * 0.7}
    true["thresholds"] = np.array([-1.0, 0.0, 1.0])
    chosen = np.array([rng.permutation(raters)[:each] for _ in range(learners)])
    person, item, place = (x.ravel() for x in np.meshgrid(range(learners), range(items), range(each), indexing="ij"))
    rater = chosen[person, place]
    at = (rng.normal(size=learners) * 1.2)[person] - true["difficulty"][item] - true["severity"][rater]
    logits = np.cumsum(np.hstack([np.zeros((len(at), 1)), at[:, None] - true["thresholds"]]), axis=1)
    score = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    return (person, item, rater, score), true


@pytest.mark.slow
@pytest.mark.parametrize("scale", ["rating", "partial"])
def test_recovers_the_truth_within_its_standard_errors(scale: str) -> None:
    rows, true = ratings(600, 5, 20, 2, seed=1)
    found = irt.fit_facets(*rows, scale=scale)
    assert found.converged
    assert found.connected
    for name in ("severity", "difficulty", "thresholds"):
        pull = (getattr(found, name) - true[name]) / getattr(found, "se_" + name)
        assert np.abs(pull).max() < 4
        assert 0.4 < np.sqrt(np.mean(pull**2)) < 1.7
    assert found.severity.sum() == pytest.approx(0, abs=1e-9)
    assert found.variance == pytest.approx(1.44, abs=0.25)
    assert np.abs(found.rater_fit.infit - 1).max() < 0.3
    assert "severity" in str(found)


def test_one_rater_is_the_partial_credit_model() -> None:
    _, scores = drawn("pcm", 500, 5, seed=3, steps=2)
    person, item = (each.ravel() for each in np.indices(scores.shape))
    facets = irt.fit_facets(
        person, item, np.zeros(scores.size, int), scores.ravel().astype(int), scale="partial", tolerance=1e-5
    )
    plain = irt.fit(scores, "pcm", tolerance=1e-5)
    assert facets.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-3)
    assert facets.difficulty[:, None] + facets.thresholds == pytest.approx(plain.b, abs=1e-3)
    assert facets.variance == pytest.approx(plain.latent.variance, abs=1e-2)
    assert facets.theta == pytest.approx(plain.scores(scores).theta, abs=2e-3)


def test_rasch_with_raters_has_the_errors_of_rasch() -> None:
    """One rater and right or wrong: standard errors as those of `fit`, from another series."""
    _, scores = drawn("rasch", 800, 8, seed=3)
    person, item = (each.ravel() for each in np.indices(scores.shape))
    facets = irt.fit_facets(person, item, np.zeros(scores.size, int), scores.ravel().astype(int))
    assert facets.se_difficulty == pytest.approx(irt.fit(scores, "rasch").se_b, rel=0.02)


def test_a_careless_rater_is_seen_and_order_does_not_matter() -> None:
    (person, item, rater, score), _ = ratings(300, 4, 6, 2, seed=5)
    careless = rater == 2
    score[careless] = np.random.default_rng(0).integers(0, 4, careless.sum())
    found = irt.fit_facets(person, item, rater, score)
    assert np.argmax(found.rater_fit.infit) == 2
    order = np.random.default_rng(1).permutation(len(score))
    swapped = np.array([5, 3, 1, 0, 2, 4])
    again = irt.fit_facets(person[order], item[order], swapped[rater[order]], score[order])
    assert again.severity[swapped] == pytest.approx(found.severity, abs=2e-3)


def test_parts_that_share_nobody_are_told() -> None:
    (person, item, rater, score), _ = ratings(200, 3, 4, 2, seed=5)
    apart = (person % 2) * 4 + rater
    assert not irt.fit_facets(person, item, apart, score).connected


def test_extreme_learners_have_finite_measures() -> None:
    (person, item, rater, score), _ = ratings(100, 4, 4, 2, seed=5)
    score[person == 0], score[person == 1] = 3, 0
    found = irt.fit_facets(person, item, rater, score)
    assert np.isfinite(found.theta).all()
    assert found.theta[0] > 1 > -1 > found.theta[1]


@pytest.mark.parametrize(("which", "said"), [("item", "item2"), ("rater", "rater2")])
@pytest.mark.parametrize("extreme", [0, 3])
def test_a_level_without_a_finite_measure_is_refused_by_name(which: str, said: str, extreme: int) -> None:
    """It used to be called converged, with the severities of all others moved by ten."""
    (person, item, rater, score), _ = ratings(100, 4, 4, 2, seed=5)
    score[(item if which == "item" else rater) == 1] = extreme
    with pytest.raises(ValueError, match=f"{said}: every score is {extreme}"):
        irt.fit_facets(person, item, rater, score)


def test_an_item_with_thresholds_of_its_own_needs_every_score() -> None:
    (person, item, rater, score), _ = ratings(100, 4, 4, 2, seed=5)
    score[(item == 1) & (score == 2)] = 1
    assert irt.fit_facets(person, item, rater, score).converged
    with pytest.raises(ValueError, match="item2: nobody has the score 2"):
        irt.fit_facets(person, item, rater, score, scale="partial")


@pytest.mark.parametrize(
    ("rows", "scale"),
    [
        (([], [], [], []), "rating"),
        (([0, 1], [0, 0], [0, 0], [0]), "rating"),
        (([0, 1], [0, 0], [0, 0], [0, 0]), "rating"),
        (([0, 1], [0, 2], [0, 0], [0, 1]), "rating"),
        (([0, 1], [0, 0], [0, 0], [0, 1]), "odd"),
        (([0, 1], [0, 0], [0, 0], [0.5, 1]), "rating"),
    ],
)
def test_refused(rows: tuple[list[float], ...], scale: str) -> None:
    with pytest.raises(ValueError, match=r"must|scale|scores"):
        irt.fit_facets(*rows, scale=scale)
