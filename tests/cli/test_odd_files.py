"""Files as people have them: each is read right, or refused with its place and what to do; stdout is JSON alone."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from yincai.cli import measure
from yincai.records.readers import Unreadable, logs
from yincai.records.readers.qmatrix import read_q_matrix
from yincai.records.readers.responses import read_wide
from yincai.records.readers.scores import read_columns, read_knots, read_long
from yincai.records.readers.steps import read_steps
from yincai.records.readers.text import moment_of, text_of

Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    made = iter(range(100))

    def written(content: str | bytes) -> Path:
        path = tmp_path / f"file{next(made)}.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


# -- text


@pytest.mark.parametrize("encoded", [
    "学校,分\n甲,1\n".encode(), "学校,分\n甲,1\n".encode("utf-8-sig"), "学校,分\n甲,1\n".encode("gb18030"),
    gzip.compress("学校,分\n甲,1\n".encode()),
])  # fmt: skip
def test_a_text_is_read_in_each_of_its_encodings(encoded: bytes, write: Write) -> None:
    assert text_of(write(encoded)) == "学校,分\n甲,1\n"


def test_two_words_in_gb_are_not_taken_for_cyrillic_and_cyrillic_and_greek_stay(write: Write) -> None:
    assert "学校".encode("gb2312").decode("utf-8") == "ѧУ"  # both readings are possible
    assert read_columns(write("y,g\n1,学校\n".encode("gb2312")))["g"] == ["学校"]
    for text in ("y,β\n1,θ\n", "y,g\n1,первая группа\n", "y,café\n1,é\n"):
        assert text_of(write(text)) == text


@pytest.mark.parametrize(("content", "said"), [
    (b"PK\x03\x04xx", "Excel"), (b"\x1f\x8b\x08broken", "压缩文件已损坏"), (b"\xff\xfe\xfa\x80", "另存为"),
])  # fmt: skip
def test_what_is_no_text_says_so(content: bytes, said: str, write: Write) -> None:
    with pytest.raises(Unreadable, match=said):
        text_of(write(content))


# -- logs in three lines


@pytest.mark.parametrize("text", [
    "3\n1,2,3\n1,0,1\n1\n2\n0\n",
    "3,\n1,2,3,\n1,0,1,\n1,\n2,\n0,\n",
    "\ufeff3\r\n1, 2, 3,,\r\n1, 0, 1,,\r\n\r\n1\r\n2\r\n0\r\n\r\n",
    "3\n1.0,2.0,3.0\n1.0,0.0,1.0\n1\n2\n0\n",
    "0\n\n\n3\n1,2,3\n1,0,1\n0\n,\n,\n1\n2\n0\n0\n\n\n",
])  # fmt: skip
def test_three_lines_in_all_their_forms(text: str, write: Write) -> None:
    found = logs.read(write(text))
    assert (found.learner, found.item, found.correct) == ([0, 0, 0, 1], [1, 2, 3, 2], [1.0, 0.0, 1.0, 0.0])


@pytest.mark.parametrize(("text", "said"), [
    ("1\n1\n1\n\n3\n1,2\n1,0\n", "第 5–7 行：写明 3 次作答，实有 2 个编号、2 个结果"),
    ("1\n1\n1\n2\n1,2\n", "第 4 行：一名学生要三行.*只剩 2 行"),
    ("1\n1\n1\n\n2\n1,b\n1,0\n", "第 6 行第 2 个“b”不是数"),
    ("2\n1,2\n1,\n", "2 个编号、1 个结果"),
    ("2\n1.5,2\n1,0\n", "第 2 行：编号要是整数"),
])  # fmt: skip
def test_three_lines_say_the_line_of_the_file(text: str, said: str, write: Write) -> None:
    with pytest.raises(Unreadable, match=said):
        logs.read(write(text))


def test_ids_count_from_0_in_both_files_where_one_has_an_id_0(write: Write) -> None:
    train, test = write("2\n0,1\n1,0\n"), write("2\n1,2\n1,0\n")
    q = write("1,0\n0,1\n1,1\n")
    assert [each.skill for each in logs.read_all([test, train], q)] == [["s2", "s1;s2"], ["s1", "s2"]]
    assert logs.read(test, q).skill == ["s1", "s2"]
    assert logs.read(test, write('"add","sub"\n1,0\n0,1\n')).skill == ["add", "sub"]


@pytest.mark.parametrize(("q", "said"), [
    ("1,0\n0,1\n", "有编号 3，但 Q 矩阵只有 2 行"), ("1,0\n0\n1,1\n", "第 2 行：有 1 格，第一行有 2 格"),
    ("1,0\n0,2\n1,1\n", "第 2 行：Q 矩阵每格只能是 0 或 1"), ("", "空的"),
])  # fmt: skip
def test_a_q_matrix_of_a_log_that_does_not_fit(q: str, said: str, write: Write) -> None:
    with pytest.raises(Unreadable, match=said):
        logs.read(write("2\n1,3\n1,0\n"), write(q))


# -- logs in csv

HEADER = "learner,item,skill,correct,time\n"


def test_csv_logs_of_many_hands(write: Write) -> None:
    text = (
        "Learner,ITEM,skill,correct,time,note,\r\n"
        '01,"q,1",b; a,TRUE,2025/9/1 8:05:00,x,\r\n'
        "\r\n"
        '02,"two\nlines",a,0.0,2025-09-01T08:05:10Z,,,\r\n'
        "02,q2,,0.5,1756713911,,\r\n\r\n"
    )
    found = logs.read(write(text))
    assert found.learner == ["01", "02", "02"]
    assert found.item == ["q,1", "two\nlines", "q2"]
    assert found.skill == ["a;b", "a", ""]
    assert found.correct == [1.0, 0.0, 0.5]
    assert np.diff(found.time).tolist() == [10.0, 1.0]


@pytest.mark.parametrize(("text", "said"), [
    (HEADER + "a,q,s,1,5\n\n\na,q,s,x,6\n", "第 5 行：correct 是“x”"),
    (HEADER + 'a,"q\nr",s,1,5\na,q,s,1,\n', "第 4 行：time 是“”.*要么每行都有"),
    (HEADER + "a,q,s,1,5\n,q,s,1,6\n", "第 3 行：learner 是空的"),
    (HEADER + "a,,s,1,5\n", "第 2 行：item 是空的"),
    (HEADER + "a,q,s,1,5,6\n", "第 2 行：有 6 格，表头有 5 格"),
    (HEADER, "只有表头"),
    ("learner,item,item,correct\na,q,r,1\n", "item 出现了不止一次"),
    ("learner;item;correct\na;q;1\n", "用逗号隔开"),
])  # fmt: skip
def test_csv_logs_that_are_wrong_say_the_line(text: str, said: str, write: Write) -> None:
    with pytest.raises(Unreadable, match=said):
        logs.read(write(text))


@pytest.mark.parametrize(
    "text", ["2025-09-01T08:05:00", "2025/9/1 8:05", "2025.9.1 08:05:00", "2025-09-01T16:05:00+08:00"]
)
def test_moments_as_people_write_them(text: str) -> None:
    assert moment_of(text) == 1756713900.0
    assert moment_of("soon") is None


# -- tables of responses


def test_missing_answers_as_r_writes_them(write: Write) -> None:
    found = read_wide(write("a,b,c\n1,NA,0\n , 1 ,NaN\n\n"))
    assert np.isnan(found.scores).tolist() == [[False, True, False], [True, False, True]]


@pytest.mark.parametrize(("row", "said"), [
    ("1,-1,0", "第 4 行“b”列：-1 不是计分"), ("1,0.5,0", "第 4 行“b”列：0.5 不是计分"),
    ("1,inf,0", "第 4 行“b”列：inf 不是计分"), ("1,2024001,0", "--id"), ("1,对,0", "第 4 行“b”列：“对”不是分数"),
])  # fmt: skip
def test_a_cell_that_is_no_score_says_where_it_stands(row: str, said: str, write: Write) -> None:
    with pytest.raises(Unreadable, match=said):
        read_wide(write(f"a,b,c\n1,0,1\n\n{row}\n"))


# -- Q-matrices


@pytest.mark.parametrize("text", [
    "s,t\n1,0\n0,1\n1,1\n", "item,s,t\nx,1,0\ny,0,1\nz,1,1\n", '"",s,t\n1,1,0\n2,0,1\n3,1,1\n',
    "item,s,t\nz,1,1\nx,1,0\ny,0,1\n", "s,t\n1.0,0.0\n0.0,1.0\n1.0,1.0\n", "题目,s,t\r\nx,1,0\r\ny,0,1\r\nz,1,1\r\n",
])  # fmt: skip
def test_a_q_matrix_in_all_its_forms(text: str, write: Write) -> None:
    found = read_q_matrix(write(text), ("x", "y", "z"))
    assert found.skills == ("s", "t")
    assert found.needed.tolist() == [[1, 0], [0, 1], [1, 1]]


def test_a_q_matrix_without_a_header(write: Write) -> None:
    found = read_q_matrix(write("1,0\n0,1\n1,1\n"), ("x", "y", "z"))
    assert found.skills == ("skill1", "skill2")
    assert found.needed.tolist() == [[1, 0], [0, 1], [1, 1]]


@pytest.mark.parametrize(("text", "said"), [
    ("s,t\n1,0\n0,2\n1,1\n", "第 3 行“t”列：“2”不是 0 或 1"), ("s,t\n1,0\n2,1\n1,1\n", "第 3 行“s”列：“2”不是 0 或 1"),
    ("s,t\n1,0\n0,0\n1,1\n", "题目“y”一个技能也不需要"), ("s,t\n1,0\n1,0\n1,0\n", "没有题目需要技能“t”"),
    ("s,s\n1,0\n0,1\n1,1\n", "技能名“s”出现了不止一次"), ("s,t\n1,0\n", "有 1 行，作答表有 3 道题"),
])  # fmt: skip
def test_a_q_matrix_that_is_wrong(text: str, said: str, write: Write) -> None:
    with pytest.raises(Unreadable, match=said):
        read_q_matrix(write(text), ("x", "y", "z"))


# -- scores, knots, steps

LONG = "id,year,grade,subject,score\n"


@pytest.mark.parametrize(("row", "said"), [
    (",2024,4,数学,5", "第 3 行：id 是空的"), ("7,,4,数学,5", "第 3 行：year 是空的"),
    ("7,2024, ,数学,5", "第 3 行：grade 是空的"), ("7,2024,4,,5", "第 3 行：subject 是空的"),
    ("7,2024,4,数学,缺考", "第 3 行：score 是“缺考”，不是数"),
])  # fmt: skip
def test_a_gap_in_a_long_table_says_its_line(row: str, said: str, write: Write) -> None:
    with pytest.raises(Unreadable, match=said):
        read_long(write(f"{LONG}007,2024,4,数学,NA\n{row}\n"))


@pytest.mark.parametrize("text", [
    "grade,subject,knots,bounds\n3,m,470 490,350 650\n", 'grade,subject,knots,boundaries\n3,m,"470,490","350,650"\n',
    "grade,subject,knot1,knot2,lower,upper,loss\n3,m,4.7e2,490,350,650,100\n", "grade,subject,a\n3,m,350;470;490;650\n",
    "grade,subject,kind,value\n3,m,k,470\n3,m,k,490\n3,m,b,350\n3,m,b,650\n",
])  # fmt: skip
def test_knots_in_all_their_forms(text: str, write: Write) -> None:
    assert read_knots(write(text)) == {(3, "m"): ((470.0, 490.0), (350.0, 650.0))}


@pytest.mark.parametrize(("text", "said"), [
    ("grade,subject,knots,bounds\n3,m,470 490,480 650\n", "不全在边界"), ("grade,subject,knots,bounds\n", "只有表头"),
    ("grade,subject,knots,bounds\n3,m,470 490,350\n", "两个边界"), ("", "空的"),
])  # fmt: skip
def test_knots_that_are_wrong(text: str, said: str, write: Write) -> None:
    with pytest.raises(Unreadable, match=said):
        read_knots(write(text))


def test_a_step_with_a_number_in_place_of_its_text(write: Write) -> None:
    step = {"eq1": "2x=4", "action": "DIV", "Input": 2, "eq2": "x=2"}
    assert read_steps(write(json.dumps([step])))[0].entered == "2"


# -- the command line


def test_stdout_is_json_alone_and_stderr_says_what_is_wrong(
    write: Write, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """At the level of the process's own streams: numerical libraries print there too."""
    everyone_right = write("a,b,c\n" + "1,1,1\n" * 20)
    assert measure.main(["irt", "--responses", str(everyone_right), "--model", "grm", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["items"][0]["b"] == []
    rows = [
        f"{n:03},{year},{grade},m,{500 + 7 * (n * grade % 50)}" for n in range(200) for year, grade in ((1, 3), (2, 4))
    ]
    scores, out = write(LONG + "\n".join(rows)), tmp_path / "out.csv"
    words = ["growth", "sgp", "--scores", str(scores), "--out", str(out)]
    assert measure.main(words) == 0
    told = capfd.readouterr()
    assert told.out == ""
    assert "研究" in told.err
    assert out.read_text().splitlines()[1].startswith("000,2,4,m,1,")
    assert measure.main([*words, "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["percentiles"] == 200
    other = write("grade,subject,knots,bounds\n3,other,520 600,400 900\n")
    assert measure.main([*words, "--knots", str(other)]) == 2
    assert "没有一行的年级和学科出现在成绩表里" in capfd.readouterr().err
    for wrong, said in (
        (["irt", "--responses", str(tmp_path)], "这是文件夹"),
        (["irt", "--responses", str(tmp_path / "none.csv")], "没有这个文件"),
        ([*words[:-1], str(tmp_path / "none" / "out.csv")], "没有这个文件或文件夹"),
        (["tracing", "--responses", str(write("2\n1,2\n1,0\n"))], "请用 --train"),
        (["diagnosis", "--responses", str(write("a,b\n1,2\n")), "--q-matrix", str(other)], "第 2 行“b”列：2"),
        (["diagnosis", "--responses", str(write("a,b\n1,\n")), "--q-matrix", str(other)], "“b”没有人作答"),
    ):
        assert measure.main(wrong) == 2
        told = capfd.readouterr()
        assert told.out == ""
        assert said in told.err
