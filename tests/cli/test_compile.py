from __future__ import annotations

from pathlib import Path

import pytest

from yincai.cli import compile as ahead


def test_what_was_compiled_before_is_thrown_away_and_nothing_else(tmp_path: Path) -> None:
    cache = tmp_path / "irt" / "__pycache__"
    cache.mkdir(parents=True)
    for name in ("curves.logistic-1.py311.nbi", "curves.logistic-1.py311.1.nbc", "curves.cpython-311.pyc"):
        (cache / name).touch()
    ahead.forget(tmp_path)
    assert [path.name for path in cache.iterdir()] == ["curves.cpython-311.pyc"]


def test_examples_that_show_something_else_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "good_and_bad.py").write_text('"""\n>>> 1 + 1\n2\n>>> 1 + 2\n4\n"""\n')
    monkeypatch.syspath_prepend(tmp_path)
    assert ahead.run_examples("good_and_bad") == 1
    assert ahead.run_examples("yincai.measurement.intervals") == 0
