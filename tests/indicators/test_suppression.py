"""Withholding: what is hidden cannot be worked out from what is shown, by any combination of sums."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from yincai.indicators.suppression import parent_of, withheld

MINIMUM = 10


def least(path: str) -> int:
    return MINIMUM


def rolled_up(leaves: dict[str, int], nodes: set[str]) -> dict[str, int]:
    return {node: sum(n for leaf, n in leaves.items() if leaf.startswith(node)) for node in nodes}


@st.composite
def trees(draw: st.DrawFn) -> dict[str, int]:
    """City → districts → schools → classes, with many small classes, empty ones, and pupils of a school alone."""
    leaves: dict[str, int] = {}
    nodes = {"a"}
    sizes = st.one_of(st.integers(0, 14), st.integers(0, 60))
    for district in range(draw(st.integers(1, 3))):
        nodes.add(there := f"a{district}")
        for school in range(draw(st.integers(1, 3))):
            nodes.add(here := f"{there}{school}")
            if draw(st.booleans()):
                leaves[here + "x"] = draw(st.integers(0, 5))
            for number in range(draw(st.integers(0, 4))):
                nodes.add(leaf := f"{here}{number}")
                leaves[leaf] = draw(sizes)
    if draw(st.booleans()):
        nodes.discard("a")
    return rolled_up(leaves, nodes) | {"__leaves__": 0}


def leaf_vectors(counts: dict[str, int]) -> dict[str, np.ndarray]:
    """Each node as the set of smallest parts it is made of, a node's own remainder among them."""
    own = {
        path: counts[path] - sum(counts[child] for child in counts if parent_of(child, counts) == path)
        for path in counts
    }
    parts = [path for path in counts if own[path]]
    return {node: np.array([float(part.startswith(node)) for part in parts]) for node in counts}


@given(trees())
def test_no_withheld_figure_follows_from_the_shown_ones(counts: dict[str, int]) -> None:
    counts.pop("__leaves__")
    hidden = withheld(counts, least)
    vectors = leaf_vectors(counts)
    shown = np.array([vectors[path] for path in counts if path not in hidden and counts[path]])
    for path in hidden:
        assert not solvable(shown, vectors[path]), f"{path} follows from what is shown"


def solvable(rows: np.ndarray, wanted: np.ndarray) -> bool:
    """Is `wanted` a combination of the rows?"""
    if not len(rows):
        return False
    answer, *_ = np.linalg.lstsq(rows.T, wanted, rcond=None)
    return bool(np.allclose(rows.T @ answer, wanted, atol=1e-6))


@given(trees())
def test_whatever_speaks_of_too_few_is_withheld_and_nothing_else_without_need(counts: dict[str, int]) -> None:
    counts.pop("__leaves__")
    hidden = withheld(counts, least)
    assert {path for path, n in counts.items() if 0 < n < MINIMUM} <= hidden
    assert not any(counts[path] == 0 for path in hidden)
    if all(n >= MINIMUM for n in leaf_sizes(counts)):
        assert not hidden


def leaf_sizes(counts: dict[str, int]) -> list[int]:
    """Sizes of all the smallest parts, remainders included."""
    own = [counts[path] - sum(counts[child] for child in counts if parent_of(child, counts) == path) for path in counts]
    return [n for n in own if n]


def test_a_second_class_goes_with_the_first_where_the_total_would_tell() -> None:
    counts = {"school": 76, "school1": 6, "school2": 30, "school3": 40}
    assert withheld(counts, least) == {"school1", "school2"}


def test_two_small_classes_that_are_enough_together_need_no_third() -> None:
    counts = {"school": 56, "school1": 8, "school2": 8, "school3": 40}
    assert withheld(counts, least) == {"school1", "school2"}


def test_two_small_classes_that_are_too_few_together_take_a_third_with_them() -> None:
    counts = {"school": 75, "school1": 3, "school2": 2, "school3": 40, "school4": 30}
    assert withheld(counts, least) == {"school1", "school2", "school4"}


def test_a_withheld_school_does_not_come_back_as_the_sum_of_its_classes() -> None:
    counts = {"d": 85, "d1": 5, "d11": 5, "d2": 30, "d21": 14, "d22": 16, "d3": 50, "d31": 50}
    assert withheld(counts, least) == {"d1", "d11", "d2", "d21"}


def test_a_tree_of_one_small_school_shows_nothing() -> None:
    assert withheld({"c": 7, "c1": 7, "c11": 7}, least) == {"c", "c1", "c11"}


def test_a_district_may_ask_for_more_people_than_the_city() -> None:
    counts = {"c": 120, "c1": 60, "c11": 15, "c12": 45, "c2": 60, "c21": 15, "c22": 45}
    assert withheld(counts, lambda path: 20 if path.startswith("c1") else 10) == {"c11", "c12"}
