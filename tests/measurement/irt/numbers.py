"""Answers drawn for the tests of item response theory, and where the real ones lie."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from yincai.measurement import irt
from yincai.measurement.irt.responses import Floats

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


def drawn(model: str, learners: int, items: int, seed: int, steps: int = 1, c: float = 0.0) -> tuple[irt.Bank, Floats]:
    """A bank with ordinary parameters, and scores of learners from N(0, 1)."""
    rng = np.random.default_rng(seed)
    slopes = np.ones(items) if model in ("rasch", "pcm") else rng.lognormal(0, 0.3, items)
    b = np.sort(rng.normal(0, 1, (items, steps)), axis=1) + np.arange(steps) * 0.3
    made = [
        irt.Item(float(a), float(row[0]) if steps == 1 else tuple(row.tolist()), c)
        for a, row in zip(slopes, b, strict=True)
    ]
    bank = irt.bank(model, made)
    return bank, irt.simulate(bank, rng.normal(size=learners), rng)


def real(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"no {path}")
    return path


def reference() -> dict[str, Any]:
    return dict(json.loads(real("reference/reference_numbers.json").read_text())["irt"])
