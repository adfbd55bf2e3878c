"""`yincai measure growth` on files, and the readers behind it."""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from yincai.cli.measure import growth
from yincai.records.readers import Unreadable
from yincai.records.readers.scores import Bundle, bundle_bytes, read_bundle, read_columns, read_knots, read_long


def run(*words: object) -> int:
    parser = argparse.ArgumentParser()
    growth.add_arguments(parser)
    return growth.run(parser.parse_args([str(word) for word in words]))


@pytest.fixture
def long_file(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    lines = ["id,year,grade,subject,score"]
    for pupil in range(150):
        able = rng.normal()
        lines += [
            f"p{pupil},2023_2024,三年级3,数学,{500 + 50 * able + 20 * rng.normal():.0f}",
            f"p{pupil},2024_2025,四年级4,数学,{520 + 50 * able + 20 * rng.normal():.0f}",
        ]
    lines += ["p0,2024_2025,四年级4,数学,100", "new,2024_2025,四年级4,数学,NA"]
    path = tmp_path / "long.csv"
    path.write_text("\n".join(lines) + "\n", encoding="gb18030")
    return path


def test_sgp_writes_the_file_and_says_that_it_is_research(
    long_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    knots = tmp_path / "knots.csv"
    knots.write_text("grade,subject,knots,lower,upper\n3,数学,460 490 510 540,250,750\n")
    assert run("sgp", "--scores", long_file, "--knots", knots, "--out", tmp_path / "out.csv") == 0
    rows = list(csv.DictReader((tmp_path / "out.csv").open(encoding="utf-8")))
    assert list(rows[0]) == ["id", "year", "grade", "subject", "n_priors", "sgp", "p1", "p35", "p50", "p65", "p99"]
    assert len(rows) == 150
    assert {(row["year"], row["grade"], row["subject"], row["n_priors"]) for row in rows} == {
        ("2024_2025", "4", "数学", "1")
    }
    assert all(1 <= int(row["sgp"]) <= 99 and float(row["p1"]) <= float(row["p99"]) for row in rows)
    told = capsys.readouterr()
    assert told.out == ""
    told = told.err
    assert "研究" in told
    assert "都不显示" in told
    assert "1 行，本次没有分数" in told
    assert "150 行，没有上一年" in told
    assert "重复的行：1 行" in told


def test_sgp_of_one_year(long_file: Path, tmp_path: Path) -> None:
    assert run("sgp", "--scores", long_file, "--out", tmp_path / "out.csv", "--year", "2024_2025") == 0
    with pytest.raises(Unreadable, match="2023_2024"):
        run("sgp", "--scores", long_file, "--out", tmp_path / "out.csv", "--year", "1999")


@pytest.fixture
def schools_file(tmp_path: Path) -> Path:
    rng = np.random.default_rng(3)
    lines = ["school,sex,prior,score"]
    for school in range(8):
        effect = rng.normal()
        for _ in range(20 if school == 7 else 40):
            prior = rng.normal()
            lines.append(f"校{school},{'MF'[rng.integers(2)]},{prior:.3f},{0.7 * prior + effect + rng.normal():.3f}")
    lines.append("校0,M,,1.0")
    path = tmp_path / "schools.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_mixed_has_the_stable_json(schools_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    formula = "score ~ prior + sex + (1 + prior | school)"
    assert run("mixed", "--data", schools_file, "--formula", formula, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["term"] for each in found["fixed"]] == ["(Intercept)", "prior", "sexM"]
    assert [(each["factor"], each["term1"], each["term2"]) for each in found["variance"]] == [
        ("school", "(Intercept)", None),
        ("school", "(Intercept)", "prior"),
        ("school", "prior", None),
        ("Residual", None, None),
    ]
    assert len(found["effects"]) == 16
    assert set(found["effects"][0]) == {"factor", "group", "term", "effect", "se"}
    assert (found["n"], found["left_out"]) == (300, 1)
    assert run("mixed", "--data", schools_file, "--formula", formula, "--reml") == 0
    assert "REML" in capsys.readouterr().out
    with pytest.raises(Unreadable, match="没有列“x”"):
        run("mixed", "--data", schools_file, "--formula", "score ~ x + (1 | school)")


def test_a_bundle_is_computed_again(schools_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = tmp_path / "b.zip"
    assert run("value-added", "--data", schools_file, "--prior-se", "0.2", "--bundle", bundle) == 0
    first = capsys.readouterr().out
    assert "学校 校7：20 人（缺 0），人数少于 30，不显示" in first
    assert "学校 校0：40 人（缺 1）" in first
    assert run("value-added", "--replay", bundle) == 0
    assert "相同" in capsys.readouterr().out
    read = read_bundle(bundle)
    changed = dict(read.figures[0], growth=9.0)
    bundle.write_bytes(
        bundle_bytes(
            Bundle(
                read.number,
                read.school,
                read.score,
                read.priors,
                _plain(read),
                read.coefficients,
                (changed, *read.figures[1:]),
            )
        )
    )
    assert run("value-added", "--replay", bundle, "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert not found["equal"]
    assert found["differences"][0].startswith("school 0: growth")
    assert "number" not in json.dumps(found)


def test_simex_stands_beside_the_figures(schools_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("value-added", "--data", schools_file, "--prior-se", "0.2", "--simex", "4")
    assert run(*asked) == 0
    assert "SIMEX" in (first := capsys.readouterr().out) and "学校 校7：增值" not in first
    assert run(*asked, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["simex"]["naive_slopes"] == found["coefficients"]["naive_slopes"]
    assert found["simex"]["slopes"][0] > found["simex"]["naive_slopes"][0]
    with pytest.raises(Unreadable, match="--prior-se"):
        run("value-added", "--data", schools_file, "--simex", "4")
    with pytest.raises(Unreadable, match="two draws"):
        run("value-added", "--data", schools_file, "--prior-se", "0.2", "--simex", "1")


def test_a_bundle_with_each_ones_own_error_is_computed_again(
    schools_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = schools_file.read_text().splitlines()
    own = [f"{line},{0.2 + 0.3 * (number % 2)}" for number, line in enumerate(lines[1:])]
    schools_file.write_text("\n".join([f"{lines[0]},wide", *own]) + "\n")
    bundle = tmp_path / "b.zip"
    assert run("value-added", "--data", schools_file, "--prior-se", "wide", "--bundle", bundle, "--json") == 0
    slopes = json.loads(capsys.readouterr().out)["coefficients"]
    assert slopes["slopes"][0] > slopes["naive_slopes"][0]
    read = read_bundle(bundle)
    assert read.errors is not None and set(read.errors[:, 0].round(1)) == {0.2, 0.5} and read.priors.shape[1] == 1
    assert run("value-added", "--replay", bundle, "--json") == 0
    again = json.loads(capsys.readouterr().out)
    assert again["equal"] and again["coefficients"] == slopes
    bundle.write_bytes(bundle_bytes(replace(read, settings=_plain(read), errors=read.errors * 1.5)))
    assert run("value-added", "--replay", bundle) == 1, "other errors, other figures"
    with pytest.raises(Unreadable, match="--prior-se"):
        run("value-added", "--data", schools_file, "--prior-se", "narrow")


def _plain(read: Bundle) -> dict[str, object]:
    return {key: value for key, value in read.settings.items() if key not in {"kind", "version"}}


def test_a_bundle_survives_writing_and_comes_as_json_too(tmp_path: Path) -> None:
    figures = (
        {"school": 3, "n": 2, "missing": 1, **dict.fromkeys(("expected", "came", "growth", "se", "low", "high"))},
    )
    figures[0].update(reliability=None, label=None)
    made = Bundle(
        np.array([7, 8]),
        np.array([3, 3]),
        np.array([1.5, np.nan]),
        np.array([[0.1], [0.2]]),
        {"minimum": 30},
        {},
        figures,
    )
    path = tmp_path / "b.zip"
    path.write_bytes(bundle_bytes(made))
    assert bundle_bytes(made) == path.read_bytes()
    read = read_bundle(path)
    assert read.priors.tolist() == made.priors.tolist()
    assert np.isnan(read.score[1])
    assert read.figures == figures
    document = {
        "settings": dict(read.settings),
        "coefficients": {},
        "schools": list(figures),
        "pupils": [
            {"number": 7, "school": 3, "score": 1.5, "priors": [0.1], "errors": [0.3]},
            {"number": 8, "school": 3, "score": None, "priors": [0.2], "errors": [0.4]},
        ],
    }
    path = tmp_path / "b.json"
    path.write_text(json.dumps(document))
    read = read_bundle(path)
    assert read.number.tolist() == [7, 8] and read.priors.tolist() == [[0.1], [0.2]]
    assert read.errors is not None and read.errors.tolist() == [[0.3], [0.4]]


@pytest.mark.parametrize("text", ["", "{}", "[1, 2]", "school,n\n1,2\n"])
def test_what_is_no_bundle_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "b"
    path.write_text(text)
    with pytest.raises(Unreadable, match="下载包"):
        read_bundle(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("settings.json", "{}")
    with pytest.raises(Unreadable, match="下载包"):
        read_bundle(path)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "空的"),
        ("id,year,grade,subject,score\n", "没有数据行"),
        ("id,year,grade,subject\n1,2,3,4\n", "缺少列 score"),
        ("id,year,grade,subject,score\n1,今年,3,m,5\n", "没有数"),
        ("id,year,grade,subject,score\n1,2024,3,m,五\n", "不是数"),
        ("id,year,grade,subject,score\n1,2024,3,m,5\n1,2024年,3,m,5\n", "统一写法"),
        ("id,year,grade,subject,score\n1,2024\n", "列数相同"),
        ("id,id\n1,2\n", "重名"),
    ],
)
def test_long_files_that_cannot_be_read_say_why(tmp_path: Path, text: str, match: str) -> None:
    path = tmp_path / "long.csv"
    path.write_text(text)
    with pytest.raises(Unreadable, match=match):
        read_long(path)


def test_readers_take_gzip_marks_and_other_names(tmp_path: Path) -> None:
    path = tmp_path / "long.csv.gz"
    path.write_bytes(gzip.compress("\ufeff学号,学年,年级,学科,分数\na,2024,3,语文,88.5\n".encode()))
    read = read_long(path)
    assert (read.ids, read.subjects, read.score.tolist()) == (("a",), ("语文",), [88.5])
    assert read_columns(path)["学号"] == ["a"]


def test_knots_in_several_shapes(tmp_path: Path) -> None:
    path = tmp_path / "knots.csv"
    wanted = {(3, "R"): ((506.0, 547.0, 580.0, 616.0), (85.5, 859.5))}
    for text in (
        "grade,subject,k1,k2,k3,k4,low,high\n3,R,506,547,580,616,85.5,859.5\n",
        "grade,subject,knots,boundaries\n3,R,506;547;580;616,85.5;859.5\n",
        "subject,grade,kind,value\nR,3,bound,85.5\nR,3,knot,506\nR,3,knot,547\nR,3,knot,580\nR,3,knot,616\nR,3,bound,859.5\n",
    ):
        path.write_text(text)
        assert read_knots(path) == wanted
    path.write_text("grade,subject,k1\n3,R,506\n")
    with pytest.raises(Unreadable, match="边界"):
        read_knots(path)
