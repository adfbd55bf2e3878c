"""`yincai measure irt`, and the readers that it uses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.measurement.irt.numbers import drawn
from yincai.cli import measure
from yincai.measurement import irt
from yincai.records.readers import Unreadable
from yincai.records.readers.responses import FileCheckpoint, ParquetBatches, read_wide


@pytest.fixture(autouse=True)
def only_this_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "KINDS", ("irt",))


def wide(path: Path, scores: np.ndarray, ids: bool = False) -> Path:
    names = [f"题{number}" for number in range(1, scores.shape[1] + 1)]
    lines = [",".join((["学号"] if ids else []) + names)]
    for number, row in enumerate(scores):
        cells = ["" if cell != cell else f"{cell:.0f}" for cell in row]
        lines.append(",".join(([f"S{number}"] if ids else []) + cells))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    return path


@pytest.mark.parametrize(("model", "steps"), [("rasch", 1), ("2pl", 1), ("3pl", 1), ("grm", 2), ("pcm", 2)])
def test_json(model: str, steps: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, scores = drawn(model, 400, 6, seed=31, steps=steps)
    scores[0, 0] = np.nan
    path = wide(tmp_path / "w.csv", scores, ids=True)
    assert measure.main(["irt", "--responses", str(path), "--model", model, "--id", "学号", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert list(said) == ["log_likelihood", "converged", "seconds", "latent", "items"]
    assert list(said["latent"]) == ["mean", "variance"]
    found = irt.fit(scores, model)
    assert said["log_likelihood"] == pytest.approx(found.log_likelihood)
    for number, item in enumerate(said["items"]):
        assert list(item) == ["item", "a", "b", "c", "se_a", "se_b"]
        assert item["item"] == f"题{number + 1}"
        assert np.shape(item["b"]) == np.shape(item["se_b"]) == (() if steps == 1 else (2,))
        assert item["b"] == pytest.approx(found.b[number])
    assert (said["items"][0]["se_a"] is None) == (model in ("rasch", "pcm"))


def test_table_for_reading(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, scores = drawn("2pl", 300, 5, seed=32)
    scores[:, 1] = 1
    assert measure.main(["irt", "--responses", str(wide(tmp_path / "w.csv", scores))]) == 0
    said = capsys.readouterr().out
    assert "300 名学生，5 道题" in said
    assert "全部答对" in said
    assert said.count("题") > 5


@pytest.mark.parametrize(
    ("text", "words", "told"),
    [
        ("a,b\n1,x\n", [], "第 2 行“b”列：“x”不是分数"),
        ("a,b\n1\n", [], "第 2 行：有 1 格，表头有 2 格"),
        ("a,a\n1,0\n", [], "出现了不止一次"),
        ("a,\n1,0\n", [], "第 2 列没有题名"),
        ("a,b\n", [], "只有表头"),
        ("", [], "没有表头"),
        ("a,b\n1,0\n", ["--id", "学号"], "没有名为“学号”的列"),
        ("a,b,c\n1,0,1\n", [], "至少要两名学生"),
        ("a,b,c\n1,0,1\n0,5,1\n", [], "第 3 行“b”列：5，2pl 只用 0（错）和 1（对）"),
        ("学号\nS1\n", ["--id", "学号"], "没有题目列"),
    ],
)
def test_a_bad_file_is_told_with_2(
    text: str, words: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "w.csv"
    path.write_text(text)
    assert measure.main(["irt", "--responses", str(path), *words]) == 2
    assert told in capsys.readouterr().err


def test_a_missing_file_and_another_encoding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert measure.main(["irt", "--responses", str(tmp_path / "none.csv")]) == 2
    assert "none.csv：没有这个文件" in capsys.readouterr().err
    path = tmp_path / "gbk.csv"
    path.write_bytes("题一,题二\n1,0\n".encode("gbk"))
    assert read_wide(path).items == ("题一", "题二")
    path.write_bytes(b"\xff\xfe\xfa,\x80\n")
    assert measure.main(["irt", "--responses", str(path)]) == 2
    assert "UTF-8" in capsys.readouterr().err


def test_one_column_keeps_its_empty_cells(tmp_path: Path) -> None:
    path = tmp_path / "w.csv"
    path.write_text("a\n1\n\n0\n")
    assert np.isnan(read_wide(path).scores.ravel()[1])


def parquet(path: Path, learner: np.ndarray, item: np.ndarray, score: np.ndarray) -> Path:
    table = pa.table({"learner": learner, "item": item, "score": score.astype(np.int8)})
    pq.write_table(table, path, row_group_size=700)
    return path


def test_a_fit_from_parquet_that_rests_in_a_file(tmp_path: Path) -> None:
    _, scores = drawn("2pl", 600, 8, seed=33)
    learner, item = np.indices(scores.shape).reshape(2, -1)
    batches = ParquetBatches(parquet(tmp_path / "log.parquet", learner, item, scores.ravel()), rows=1000)
    rest = FileCheckpoint(tmp_path / "rest.npz")
    found = irt.fit_streamed(batches, checkpoint=rest)
    assert found.b == pytest.approx(irt.fit(scores).b, abs=0.01)
    again = irt.fit_streamed(batches, checkpoint=rest)
    assert again.passes <= found.passes + 3
    rest.path.write_bytes(b"broken")
    with pytest.raises(Unreadable, match="存档"):
        rest.load()


def test_parquet_that_is_not_a_log(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="没有 Parquet"):
        list(ParquetBatches(tmp_path / "none.parquet"))
    pq.write_table(pa.table({"learner": [1]}), tmp_path / "a.parquet")
    with pytest.raises(Unreadable, match="缺少列 item、score"):
        list(ParquetBatches(tmp_path))
    pq.write_table(pa.table({"learner": [1], "item": [1], "score": [None]}), tmp_path / "a.parquet")
    with pytest.raises(Unreadable, match="空值"):
        list(ParquetBatches(tmp_path))
    pq.write_table(pa.table({"learner": ["S1"], "item": [1], "score": [1]}), tmp_path / "a.parquet")
    with pytest.raises(Unreadable, match="需要整数"):
        list(ParquetBatches(tmp_path))
