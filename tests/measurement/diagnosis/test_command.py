"""`yincai measure diagnosis` and the Q-matrix's reader."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.measurement.diagnosis.simulated import Q, dina
from yincai.cli.measure import diagnosis as command
from yincai.records.readers import Unreadable
from yincai.records.readers.qmatrix import read_q_matrix


@pytest.fixture
def files(tmp_path: Path) -> Path:
    responses = dina(1, learners=300, missing=0.1).responses
    rows = [",".join(["小明", *("" if np.isnan(y) else str(int(y)) for y in row)]) for row in responses]
    names = [f"q{number}" for number in range(len(Q))]
    (tmp_path / "wide.csv").write_text("\n".join([",".join(["id", *names]), *rows]))
    q_rows = [",".join([name, *(str(cell) for cell in row)]) for name, row in zip(names, Q, strict=True)]
    (tmp_path / "q.csv").write_text("\n".join(["item,加法,减法,乘法", *reversed(q_rows)]))
    return tmp_path


def asked(folder: Path, *words: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    files = ["--responses", str(folder / "wide.csv"), "--q-matrix", str(folder / "q.csv"), "--id", "id"]
    return command.run(parser.parse_args([*files, *words]))


def answered(capsys: pytest.CaptureFixture[str], folder: Path, *words: str) -> dict[str, Any]:
    assert asked(folder, "--json", *words) == 0
    return dict(json.loads(capsys.readouterr().out))


def test_json_names_items_and_skills(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = answered(capsys, files)
    assert told["log_likelihood"] < 0
    assert [each["item"] for each in told["items"]] == [f"q{number}" for number in range(len(Q))]
    assert {"item", "guess", "slip"} <= told["items"][0].keys()
    assert [each["skill"] for each in told["skills"]] == ["加法", "减法", "乘法"]
    assert all(0 < each["se"] < 0.1 for each in told["skills"])
    assert len(told["starts"]["log_likelihoods"]) == command.STARTS


def test_gdina_has_delta_with_its_terms(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    item = answered(capsys, files, "--model", "gdina")["items"][3]
    assert item["terms"] == [[], ["加法"], ["减法"], ["加法", "减法"]]
    assert len(item["delta"]) == len(item["se_delta"]) == 4


def test_a_search_is_told(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert answered(capsys, files)["starts"]["searched"] == 0
    starts = answered(capsys, files, "--search")["starts"]
    assert starts["searched"] > 0 and starts["gained"] >= 0


def test_without_json_it_is_a_table(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(files, "--starts", "1") == 0
    assert "DINA: 300 learners" in capsys.readouterr().out


def test_a_score_of_two_is_told_in_words(files: Path) -> None:
    wide = files / "wide.csv"
    wide.write_text(wide.read_text().replace("小明,1", "小明,2", 1).replace("小明,0", "小明,2", 1))
    with pytest.raises(Unreadable, match=r"wide\.csv"):
        asked(files)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "空的"),
        ("a,b", "只有表头"),
        ("a,b\n1,0", "有 1 行，作答表有 2 道题"),
        ("a,b\n1,0\n1,x", "第 3 行“b”列"),
        ("a,b\n1,0\n1", "第 3 行"),
        ("i,a\nx,1\nz,1", "缺少题目“y”"),
        ("i,a\nx,1\nx,1", "不止一次"),
    ],
)
def test_what_is_wrong_with_a_q_matrix(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "q.csv").write_text(text)
    with pytest.raises(Unreadable, match=message):
        read_q_matrix(tmp_path / "q.csv", ("x", "y"))


def test_a_q_matrix_without_names_stands_in_the_order_of_the_items(tmp_path: Path) -> None:
    (tmp_path / "q.csv").write_text('"a","b"\n1,0\n1,1\n')
    read = read_q_matrix(tmp_path / "q.csv", ("x", "y"))
    assert read.skills == ("a", "b")
    assert read.needed.tolist() == [[1, 0], [1, 1]]
