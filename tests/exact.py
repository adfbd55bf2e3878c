"""Exact tests say their numbers: `make check-real` ends with a table of what was found beside what was wanted."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import ArrayLike

LINES = pytest.StashKey[list[str]]()


class Exact:
    """`exact("LSAT6: log-likelihood", found, wanted, within=1e-3)` holds one number, or a whole array, to another."""

    def __init__(self, config: pytest.Config) -> None:
        self.lines = config.stash.setdefault(LINES, [])

    def __call__(self, name: str, found: ArrayLike, wanted: ArrayLike, within: float) -> None:
        ours, theirs = np.asarray(found, dtype=np.float64), np.asarray(wanted, dtype=np.float64)
        assert ours.shape == theirs.shape, f"{name}: {ours.shape} numbers, {theirs.shape} wanted"
        off = float(np.abs(ours - theirs).max())
        numbers = f"{ours:.8g} wanted {theirs:.8g}" if ours.ndim == 0 else f"{ours.size} numbers"
        self.say(f"{name}: {numbers}, off by at most {off:.1e}, allowed {within:.0e}")
        assert off <= within, f"{name}: off by {off}, allowed {within}: {ours} for {theirs}"

    def at_least(self, name: str, found: float, least: float) -> None:
        self.say(f"{name}: {found:.4f}, at least {least:g} wanted")
        assert found >= least, f"{name}: {found} is less than {least}"

    def at_most(self, name: str, found: float, most: float) -> None:
        self.say(f"{name}: {found:.4f}, at most {most:g} wanted")
        assert found <= most, f"{name}: {found} is more than {most}"

    def say(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture
def exact(request: pytest.FixtureRequest) -> Exact:
    return Exact(request.config)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if lines := config.stash.get(LINES, []):
        terminalreporter.section("numbers")
        for line in lines:
            terminalreporter.write_line(line)
