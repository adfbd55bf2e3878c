from __future__ import annotations

import pytest

from yincai.core import warm


def test_what_is_slow_is_loaded_beside_the_pages_and_a_failure_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []

    def fails() -> None:
        raise RuntimeError("no compiler here")

    monkeypatch.setattr(warm, "WARM", [fails, lambda: done.append("ready")])
    warm.start().join()
    assert done == ["ready"] and "no compiler here" in caplog.text
