"""The examples in the documentation of fit, linking, DIF and facets."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = ("item_fit", "model_fit", "person_fit", "groups", "dif", "linking", "drift", "facets")


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    found = doctest.testmod(importlib.import_module(f"yincai.measurement.irt.{name}"))
    assert found.attempted > 0
    assert found.failed == 0
