"""The subject graph that ships is sound, and a faulty one is refused in words that name the place."""

from hashlib import sha256

import pytest

from yincai.knowledge.graph import GraphError, SubjectGraph, load, parse

MATHS = load()

SMALL = """
version = 3
subject = "t"
name = "小"
retired = [7]
[[units]]
code = "3b.late"
name = "后"
grade = 3
term = "下"
order = 1
points = [ { slot = 2, code = "m3.c.c", name = "丙", can = "能丙", needs = ["m3.a.a", "m3.b.b"] } ]
[[units]]
code = "3a.early"
name = "先"
grade = 3
term = "上"
order = 1
points = [
  { slot = 1, code = "m3.b.b", name = "乙", can = "能乙", needs = ["m3.a.a"] },
  { slot = 0, code = "m3.a.a", name = "甲", can = "能甲", needs = [] },
]
"""


def broken(old: str, new: str) -> str:
    assert old in SMALL
    return SMALL.replace(old, new, 1)


def test_mathematics_is_wide_enough() -> None:
    assert len(MATHS) >= 170
    assert {p.grade for p in MATHS} == set(range(3, 9))
    assert all(len(MATHS.of_grade(grade)) >= 25 for grade in range(3, 9))
    for unit in MATHS.units.values():
        assert MATHS.of_unit(unit.code), f"{unit.code} has no points"


def test_topological_order_puts_needs_first() -> None:
    place = {code: n for n, code in enumerate(MATHS.topological)}
    assert set(place) == set(MATHS.points)
    assert all(place[need] < place[point.code] for point in MATHS for need in point.needs)


def test_needs_are_taught_no_later() -> None:
    for point in MATHS:
        for need in point.needs:
            assert MATHS.units[MATHS[need].unit].when <= MATHS.units[point.unit].when


def test_points_stand_in_teaching_order() -> None:
    whens = [MATHS.units[p.unit].when for p in MATHS]
    assert whens == sorted(whens)


def test_slots_are_dense_and_found_again() -> None:
    assert sorted([p.slot for p in MATHS] + list(MATHS.retired)) == list(range(MATHS.width))
    assert all(MATHS.by_slot[p.slot] is p for p in MATHS)


def test_slots_once_given_stay() -> None:
    """Learner states are packed by slot: who holds the first 275 is settled forever (retired ones apart)."""
    assert MATHS["m5.frac.add-unlike"].slot == 142
    first = "\n".join(f"{slot} {MATHS.by_slot[slot].code}" for slot in range(275))
    assert sha256(first.encode()).hexdigest() == "f9cd87bcfd5a0f4799312c55efb56618cbd703811a1aae4ce012a1135640fd84"


def test_only_beginnings_stand_on_nothing() -> None:
    roots = [p for p in MATHS if not p.needs]
    assert len(roots) < len(MATHS) / 8
    assert all(p.grade <= 6 for p in roots), "from grade 7 on everything builds on something"


def test_foundation_and_unlocks() -> None:
    below = MATHS.foundation("m5.frac.add-unlike")
    assert "m5.frac.common" in below and "m3.frac.several" in below
    assert "m5.frac.add-unlike" not in below
    assert below.index("m3.frac.several") < below.index("m5.frac.common")
    assert "m5.frac.add-unlike" in MATHS.unlocks["m5.frac.common"]


def test_small_graph_is_sorted_into_teaching_order() -> None:
    graph: SubjectGraph = parse(SMALL)
    assert list(graph.units) == ["3a.early", "3b.late"]
    assert [p.code for p in graph] == ["m3.b.b", "m3.a.a", "m3.c.c"]
    assert graph.topological[0] == "m3.a.a"
    assert graph.width == 8 and graph.version == 3
    assert graph["m3.c.c"].term == "下"
    assert graph.foundation("m3.c.c") == ("m3.a.a", "m3.b.b")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (broken('needs = ["m3.a.a"]', 'needs = ["m3.x.x"]'), "m3.b.b: needs m3.x.x, which does not exist"),
        (broken("needs = [] }", 'needs = ["m3.b.b"] }'), "circle: "),
        (broken("needs = [] }", 'needs = ["m3.c.c"] }'), "taught later"),
        (broken("slot = 1", "slot = 0"), "slot 0 already belongs to"),
        (broken("slot = 1", "slot = 7"), "slot 7 is retired"),
        (broken("slot = 1", "slot = -1"), "slot -1 is negative"),
        (broken('code = "m3.b.b"', 'code = "m3.a.a"'), "m3.a.a: the code stands twice"),
        (broken('code = "m3.b.b"', 'code = "M3 b"'), "M3 b: a code looks like"),
        (broken("能乙", "会乙"), "m3.b.b: the description says what a pupil can do"),
        (broken('term = "下"', 'term = "中"'), "3b.late: term '中' is neither"),
        (broken('code = "3b.late"', 'code = "3a.early"'), "3a.early: the code stands twice"),
        (broken('term = "下"', 'term = "上"'), "same place in its term"),
        (broken("slot = 1, ", ""), "lacks 'slot'"),
        ("version = ", "is not TOML"),
    ],
)
def test_faulty_graph_is_refused(text: str, words: str) -> None:
    with pytest.raises(GraphError, match=words.replace("[", r"\[")):
        parse(text)


def test_all_faults_are_told_at_once() -> None:
    text = broken("slot = 1", "slot = 0").replace("能丙", "丙")
    with pytest.raises(GraphError) as error:
        parse(text)
    assert "slot 0" in str(error.value) and "m3.c.c" in str(error.value)


def test_unknown_subject_is_told() -> None:
    with pytest.raises(GraphError, match=r"alchemy.*mathematics"):
        load("alchemy")
