"""`yincai measure audit` and its reader."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from yincai.cli.measure import main


def written(path: Path, planted: float) -> Path:
    chance = np.random.default_rng(0)
    n = 3000
    p, sex = chance.uniform(0.25, 0.95, n), chance.integers(0, 2, n)
    y = chance.random(n) < p - planted * sex
    rows = [
        f"{each:.4f},{int(right)},{'女' if own else '男'},i{nth % 5},2026-09-{1 + nth // 120:02},p{nth % 300}"
        for nth, (each, right, own) in enumerate(zip(p, y, sex, strict=True))
    ]
    path.write_text("\n".join(["predicted,observed,sex,item,time,row", *rows]), encoding="utf-8")
    return path


def test_a_fair_file_ends_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "--predictions", str(written(tmp_path / "fair.csv", 0.0)), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    keys = {"n", "ece", "log_loss", "auc", "groups", "differential", "drift", "findings"}
    assert keys <= told.keys() and told["n"] == 3000 and told["findings"] == []
    assert [each["group"] for each in told["groups"]] == ["女", "男"]  # the column of 300 rows is no group
    assert len(told["dif"]) == 5 and len(told["drift"]) >= 5


def test_a_planted_bias_is_a_finding_and_exit_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(written(tmp_path / "unfair.csv", 0.15))
    assert main(["audit", "--predictions", file, "--group", "sex", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)["findings"]
    assert {"calibration", "differential"} <= {each["kind"] for each in found}
    assert all("个百分点" in each["words"] for each in found if each["kind"] == "differential")
    assert main(["audit", "--predictions", file]) == 1
    told = capsys.readouterr().out
    assert "发现" in told and "sex“女”" in told and "没有 learner 一列" in told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("p1,observed\n0.5,1", "没有 predicted 一列"),
        ("predicted,observed\n0.5,1\n1.5,0", "第 3 行：predicted 是“1.5”"),
        ("predicted,observed\n0.5,", "第 2 行：observed 是“”"),
        ("predicted,observed,time\n0.5,1,昨天", "时间“昨天”读不懂"),
        ("predicted,observed", "没有数据行"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.csv").write_text(text, encoding="utf-8")
    assert main(["audit", "--predictions", str(tmp_path / "bad.csv"), "--json"]) == 2
    told = capsys.readouterr()
    assert said in told.err and not told.out


def test_a_column_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(written(tmp_path / "a.csv", 0.0))
    assert main(["audit", "--predictions", file, "--group", "school"]) == 2
    assert "没有 school 一列" in capsys.readouterr().err
