"""The prior of an item's parameters, fixed variants, and what there is to test with."""

from __future__ import annotations

import numpy as np
import pytest

from tests.cast import Cast
from yincai.core.scope import unscoped
from yincai.knowledge.fixed import EACH, fixed_seeds
from yincai.knowledge.generators import all_generators, get
from yincai.knowledge.parameters import ENOUGH, parameters_of, stock_of_stages, thin_units
from yincai.knowledge.pool import pool
from yincai.knowledge.priors import LOG_A, OF_DEPTH, OF_LABEL, YEAR, average_of, prior

MADE = [
    (one.code, one.version, depth.level, topic.point)
    for one in all_generators()
    for depth in one.depths
    for topic in depth.topics
]


def test_the_prior_follows_label_grade_kind_and_generator() -> None:
    found = prior([0.0, 0.0, 0.7], [0.0, 0.25, 0.25], [6, 5, 8], [True, True, False])
    assert found.b.tolist() == pytest.approx([0.0, -YEAR, 0.7 + 2 * YEAR])
    assert found.c.tolist() == [0.0, 0.25, 0.25]
    assert found.a[0] > found.a[1] and found.se_a.tolist() == pytest.approx((found.a * LOG_A).tolist())
    assert found.se_b.tolist() == [OF_DEPTH, OF_DEPTH, OF_LABEL] and found.n.tolist() == [0, 0, 0]


def test_a_label_means_even_odds_for_the_average_pupil_of_the_grade() -> None:
    found = prior([0.0], [0.0], [7], [True])
    assert 1 / (1 + np.exp(-found.a[0] * (average_of(7) - found.b[0]))) == pytest.approx(0.5)


@pytest.mark.parametrize("item", MADE, ids=lambda one: f"{one[0]}-{one[2]}-{one[3]}")
def test_each_item_has_fixed_variants_that_differ_about_its_point(item: tuple[str, int, int, str]) -> None:
    seeds = fixed_seeds(*item)
    made = [get(item[0], item[1]).make(seed, item[2]) for seed in seeds]
    assert len({(one.stem, tuple(sorted(one.options))) for one in made}) == EACH
    assert len({one.points for one in made}) == 1 and item[3] in ("", made[0].points[0])
    assert seeds == fixed_seeds.__wrapped__(*item)


def test_each_stage_offers_enough_with_the_shipped_generators_alone(cast: Cast) -> None:
    with unscoped("test"):
        stages = stock_of_stages(pool("math", ""))
    assert [stage.total >= ENOUGH and not stage.few for stage in stages] == [True, True]
    assert [(stage.generated, stage.total) for stage in stages] == [(48, 576), (27, 324)]


def test_points_without_enough_questions_are_named(cast: Cast) -> None:
    with unscoped("test"):
        thin = thin_units(pool("math", ""))
    assert thin and all(unit.few or unit.none for unit in thin)
    assert all(one.total < one.enough for unit in thin for one in unit.few)


def test_without_a_calibration_the_prior_holds(cast: Cast) -> None:
    with unscoped("test"):
        choices = pool("math", "")
        found = parameters_of(choices)
    assert len(found) == len(choices) and (found.n == 0).all() and (found.se_b > 0).all()
