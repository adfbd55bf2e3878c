"""`yincai measure link`: two years' files in, the link, drift and equating out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.measurement.irt.numbers import drawn
from yincai.cli import measure
from yincai.measurement import irt


@pytest.fixture(autouse=True)
def only_this_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "KINDS", ("link",))


def written(path: Path, names: list[str], scores: np.ndarray) -> Path:
    rows = [",".join(f"{score:.0f}" for score in row) for row in scores]
    path.write_text("\n".join([",".join(names), *rows]) + "\n", encoding="utf-8-sig")
    return path


@pytest.fixture(scope="module")
def two_years(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Twelve items each, eight in common; the second year's pupils are N(0.5, 1.2²), and 题8 became harder."""
    folder = tmp_path_factory.mktemp("forms")
    bank, _ = drawn("2pl", 2, 16, seed=6)
    xi, rng = bank.xi.copy(), np.random.default_rng(5)
    xi[7, 1] -= 1.2 * xi[7, 0]
    names = [f"题{number}" for number in range(1, 17)]
    old = irt.simulate(bank.chosen(range(12)), rng.normal(size=3000), rng)
    new = irt.simulate(replace(bank, xi=xi).chosen(range(4, 16)), rng.normal(0.5, 1.2, 3000), rng)
    files = written(folder / "old.csv", names[:12], old), written(folder / "new.csv", names[4:], new)
    return ["link", "--old", str(files[0]), "--new", str(files[1])]


def test_json(two_years: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert measure.main([*two_years, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    keys = "method slope se_slope intercept se_intercept new_latent jackknife common equating"
    assert list(said) == keys.split()
    assert [row["item"] for row in said["common"]] == [f"题{number}" for number in range(5, 13)]
    assert list(said["common"][0]) == ["item", "slope_without", "intercept_without", "change", "se", "z", "flagged"]
    moved = said["common"][3]
    assert moved["item"] == "题8" and moved["flagged"] and moved["change"] == pytest.approx(1.2, abs=0.3)
    assert moved["intercept_without"] == pytest.approx(0.5, abs=0.15)
    assert said["jackknife"]["se_intercept"] > said["se_intercept"]
    assert said["new_latent"]["mean"] == said["intercept"]
    assert [row["new"] for row in said["equating"]] == list(range(13))
    assert np.all(np.diff([row["old"] for row in said["equating"]]) > 0)


def test_for_reading(two_years: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert measure.main([*two_years, "--method", "haebara"]) == 0
    said = capsys.readouterr().out
    assert "8 道公共题" in said and "nan" not in said
    assert next(line for line in said.splitlines() if "题8 " in line).endswith("※")
    assert "  12 → 12.00" in said


@pytest.mark.parametrize(("names", "told"), [("abcd", "只有 0 道同名的题"), ("1bcd", "只有 1 道同名的题")])
def test_forms_without_common_items_are_refused(
    names: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, scores = drawn("2pl", 200, 4, seed=1)
    old, new = written(tmp_path / "o.csv", list("1234"), scores), written(tmp_path / "n.csv", list(names), scores)
    assert measure.main(["link", "--old", str(old), "--new", str(new)]) == 2
    assert told in capsys.readouterr().err


def test_two_common_items_are_linked_and_nothing_more_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, scores = drawn("2pl", 500, 4, seed=1)
    old, new = written(tmp_path / "o.csv", list("1234"), scores), written(tmp_path / "n.csv", list("12cd"), scores)
    assert measure.main(["link", "--old", str(old), "--new", str(new), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["jackknife"] is None and list(said["common"][0]) == ["item"]
    assert measure.main(["link", "--old", str(old), "--new", str(new)]) == 0
    assert "没有检查漂移" in capsys.readouterr().out
