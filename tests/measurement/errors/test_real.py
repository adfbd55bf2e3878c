"""CogTutorBugs: 3,721 wrong algebra steps, 19 causes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.exact import Exact
from yincai.measurement.errors import steps
from yincai.measurement.errors.traits import Step
from yincai.records.readers.steps import read_steps

FILE = Path(__file__).resolve().parents[4] / "shared" / "data" / "errors" / "cogtutor-bugs.json"
pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def labelled() -> tuple[list[Step], list[str]]:
    if not FILE.exists():
        pytest.skip("../shared/data is not there")
    rows = read_steps(FILE)
    found = [Step(row.equation, row.action, row.entered, row.result, row.before) for row in rows]
    return found, [str(row.label) for row in rows]


def shares(labelled: tuple[list[Step], list[str]]) -> steps.Accuracy:
    told = steps.cross_validated(*labelled)
    return steps.accuracy([each.label for each in told], labelled[1])


def test_steps_never_seen_with_the_step_before(labelled: tuple[list[Step], list[str]], exact: Exact) -> None:
    found = shares(labelled)
    exact.at_least("CogTutorBugs, distinct steps, with the step before: right cause", found.share, 0.9)
    assert min(share for _, share in found.by_label.values()) >= 0.5


def test_steps_never_seen_from_equation_action_and_result_alone(
    labelled: tuple[list[Step], list[str]], exact: Exact
) -> None:
    bare = [replace(step, before=None) for step in labelled[0]]
    assert Counter(labelled[1]).most_common(1)[0][1] / len(bare) < 0.2
    exact.at_least("CogTutorBugs, distinct steps: right cause", shares((bare, labelled[1])).share, 0.85)
