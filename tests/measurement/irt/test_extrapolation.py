"""The climb of extrapolated EM: the place of EM alone, sooner; never downhill; never through what is impossible."""

from __future__ import annotations

import numpy as np
import pytest

from yincai.measurement.irt.extrapolation import Reached, climb
from yincai.measurement.irt.responses import Floats

TOP = np.array([3.0, -1.0])


class Slow:
    """Steps that go a part of the way to the top, in one direction a twentieth."""

    def __init__(self, most: float = np.inf) -> None:
        self.most, self.visited = most, list[Floats]()

    def step(self, at: Floats) -> tuple[Floats, float]:
        self.visited.append(at)
        return at + np.array([0.05, 0.6]) * (TOP - at), self.objective(at)

    def objective(self, at: Floats) -> float:
        return -float(((TOP - at) ** 2).sum())

    def vector(self, at: Floats) -> Floats:
        return at

    def ahead(self, after: Floats, vector: Floats) -> Floats:
        return vector if vector[0] <= self.most else after

    def distance(self, one: Floats, other: Floats) -> float:
        return float(np.abs(one - other).max())


class Misled(Slow):
    """The third extrapolation lands far off, below where it came from."""

    def ahead(self, after: Floats, vector: Floats) -> Floats:
        return after + 5.0 if len(self.visited) == 3 else vector


def reached(em: Slow, tolerance: float = 1e-9, most: int = 500) -> Reached[Floats]:
    return climb(em, np.zeros(2), tolerance, most)


def test_it_comes_to_the_fixed_point_in_a_tenth_of_the_steps() -> None:
    found, alone = reached(Slow()), reached(Slow(most=-1.0))
    assert found.converged and alone.converged
    assert np.abs(found.after - TOP).max() < 1e-6
    assert found.passes <= alone.passes / 10
    assert found.objective == Slow().objective(found.before)


def test_where_no_extrapolation_is_possible_em_goes_on_alone() -> None:
    em = Slow(most=-1.0)
    reached(em, most=5)
    expected = [TOP * (1 - np.array([0.95, 0.4]) ** steps) for steps in range(5)]
    assert np.allclose(em.visited, expected)


def test_an_extrapolation_that_lowers_the_objective_is_taken_back() -> None:
    em = Misled()
    found = reached(em)
    assert found.converged and np.abs(found.after - TOP).max() < 1e-6
    kept = em.visited[2] + np.array([0.05, 0.6]) * (TOP - em.visited[2])
    assert em.objective(em.visited[3]) < em.objective(em.visited[2])
    assert np.array_equal(em.visited[4], kept)


@pytest.mark.parametrize("most", [0, 1, 2])
def test_without_convergence_the_last_step_that_was_kept_is_told(most: int) -> None:
    em = Slow()
    found = reached(em, most=most)
    assert not found.converged and found.passes == len(em.visited) == most
    assert em.objective(found.after) >= em.objective(found.before)
