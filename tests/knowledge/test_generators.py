"""Every variant is right, its faults are wrong, and its help gives nothing away."""

import json
import pickle
import re
from collections import Counter
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.knowledge.oracles import ORACLES
from tests.knowledge.reading import answer_key, formulas, is_squarefree
from yincai.knowledge.generators import AnyGenerator, Depth, Topic, Variant, all_generators, get, malrule
from yincai.knowledge.generators.base import Draft
from yincai.knowledge.generators.fraction_add import FractionAdd
from yincai.knowledge.generators.fraction_add import Problem as Sum
from yincai.knowledge.generators.multiply_carry import MultiplyCarry
from yincai.knowledge.generators.multiply_carry import Problem as Product
from yincai.knowledge.generators.subtract_borrow import Problem as Difference
from yincai.knowledge.generators.subtract_borrow import SubtractBorrow
from yincai.knowledge.generators.writing import states
from yincai.knowledge.graph import load

GENERATORS = all_generators()
GOLDEN = json.loads((Path(__file__).parent / "golden_variants.json").read_text())
ANSWER = re.compile(r"-?\d+(\.\d+)?|-?\d+/\d+|-?\d+(\.\d+)?%|\d*sqrt\(\d+\)|-?\d*[a-z](\^2)?([+-]\d*[a-z]?)*|[A-D]")
seeds = st.integers(0, 2**63 - 1)
each_generator = pytest.mark.parametrize("generator", GENERATORS, ids=lambda g: g.code)


def sweep(generator: AnyGenerator, count: int) -> list[Variant]:
    return [generator.make(seed, depth.level) for depth in generator.depths for seed in range(count)]


@st.composite
def variants(draw: st.DrawFn, generator: AnyGenerator) -> Variant:
    return generator.make(draw(seeds), draw(st.integers(1, len(generator.depths))))


@each_generator
def test_right_answer_is_confirmed_from_the_text_alone(generator: AnyGenerator) -> None:
    for variant in sweep(generator, 40):
        ORACLES[generator.code](variant)

    @settings(max_examples=60, deadline=None)
    @given(variants(generator))
    def any_seed(variant: Variant) -> None:
        ORACLES[generator.code](variant)

    any_seed()


@each_generator
def test_faults_are_wrong_and_tell_causes_apart(generator: AnyGenerator) -> None:
    for variant in sweep(generator, 150):
        keys = [answer_key(variant.kind, text) for text in (variant.answer, *(f.answer for f in variant.faults))]
        assert len(set(keys)) == len(keys), variant
        assert len(variant.faults) >= 2, variant
        assert all(ANSWER.fullmatch(f.answer) for f in variant.faults), variant
        assert {f.malrule for f in variant.faults} <= set(generator.malrules)


@each_generator
def test_each_malrule_occurs(generator: AnyGenerator) -> None:
    seen = {fault.malrule for variant in sweep(generator, 300) for fault in variant.faults}
    assert seen == set(generator.malrules)


def stated_numbers(text: str) -> set[Fraction]:
    """Every number a reader sees, fractions as one number; a sign is taken along and left off."""
    text = re.sub(r"\\frac\{(-?\d+)\}\{(\d+)\}", r" \1/\2 ", text)
    found = {Fraction(token) for token in re.findall(r"\d+/\d+|\d+\.\d+|\d+", text)}
    return found | {-Fraction(token) for token in re.findall(r"-(\d+/\d+|\d+\.\d+|\d+)", text)}


def gives_away(text: str, variant: Variant) -> bool:
    secret = variant.answer
    if variant.kind == "choice":
        if re.search(rf"(?<![A-Za-z\\]){secret}(?![A-Za-z])", text):
            return True
        secret = variant.options["ABCD".index(secret)].strip("$")
    try:
        return Fraction(secret.rstrip("%")) in stated_numbers(text)
    except ValueError:
        bare = text.replace("$", "").replace(" ", "").replace(r"\sqrt{", "sqrt(").replace("}", ")")
        return secret.replace(" ", "") in bare


@each_generator
def test_help_before_the_attempt_never_states_the_answer(generator: AnyGenerator) -> None:
    for variant in sweep(generator, 40):
        for step, text in variant.hints.before:
            assert text and not gives_away(text, variant), (step, text, variant)

    @settings(max_examples=40, deadline=None)
    @given(variants(generator))
    def any_seed(variant: Variant) -> None:
        assert not any(gives_away(text, variant) for _, text in variant.hints.before), variant

    any_seed()


@each_generator
def test_worked_solution_reaches_the_answer(generator: AnyGenerator) -> None:
    for variant in sweep(generator, 25):
        secret = variant.answer
        if variant.kind == "choice":
            secret = variant.options["ABCD".index(secret)]
        assert states(variant.hints.solution, secret), variant


@each_generator
def test_the_example_is_another_problem_with_its_own_solution(generator: AnyGenerator) -> None:
    for variant in sweep(generator, 10):
        assert variant.hints.example.startswith("例：")
        assert "\n解：" in variant.hints.example
        told = [variant.stem, *variant.options]  # some stems are told apart by their options only
        assert any(text not in variant.hints.example for text in told)


@each_generator
def test_latex_is_balanced_and_holds_no_chinese(generator: AnyGenerator) -> None:
    for variant in sweep(generator, 40):
        ladder = variant.hints
        texts = [variant.stem, *variant.options, ladder.clue, ladder.method, ladder.example, ladder.solution]
        for text in texts:
            assert text.count("$") % 2 == 0, text
            assert "{{" not in text and "None" not in text, text
            for formula in formulas(text):
                assert formula.count("{") == formula.count("}"), text
                assert formula.count("(") == formula.count(")"), text
                assert formula.isascii() and formula.strip(), text
                assert not re.search(r"\+-|--|\+\+|1[a-z](?![a-z])(?<!\d1[a-z])", formula), text
            outside = re.sub(r"\$[^$]*\$", "", text)
            assert not re.search(r"[\\{}^]", outside), text


@each_generator
def test_a_variant_is_whole(generator: AnyGenerator) -> None:
    graph = load()
    for variant in sweep(generator, 40):
        assert ANSWER.fullmatch(variant.answer), variant
        assert (variant.kind == "choice") == bool(variant.options)
        assert len(set(variant.options)) == len(variant.options)
        assert variant.points and all(code in graph for code in variant.points)
        assert all(graph[code].grade <= generator.grade for code in variant.points)
        root = re.fullmatch(r"\d*sqrt\((\d+)\)", variant.answer)
        assert not root or is_squarefree(int(root[1]))


@each_generator
def test_same_seed_same_variant(generator: AnyGenerator) -> None:
    again = get(generator.code, generator.version)
    for variant in sweep(generator, 5):
        assert again.make(variant.seed, variant.depth) == variant
        assert again.make(variant.seed, variant.depth).hints == variant.hints


def test_a_variant_survives_pickling() -> None:
    variant = get("circle").make(8, 2)
    copy = pickle.loads(pickle.dumps(variant))  # noqa: S301 - our own bytes
    assert copy == variant and copy.hints == variant.hints


def digest(generator: AnyGenerator) -> str:
    """Of 200 variants: all that a fact needs to be understood; hints may be reworded."""
    lines = []
    for seed in range(200):
        v = generator.make(seed * 0x9E3779B97F4A7C15 % 2**64, 1 + seed % len(generator.depths))
        faults = [(f.malrule, f.answer) for f in v.faults]
        lines.append(repr((v.seed, v.depth, v.stem, v.kind, v.answer, v.form, v.unit, v.options, faults, v.points)))
    return sha256("\n".join(lines).encode()).hexdigest()


@each_generator
def test_a_seed_means_what_it_always_meant(generator: AnyGenerator) -> None:
    """A change here breaks facts already recorded: raise the version and keep the old generator instead."""
    assert digest(generator) == GOLDEN[f"{generator.code}@{generator.version}"]


@each_generator
def test_variants_do_not_run_out(generator: AnyGenerator) -> None:
    for depth in generator.depths:
        asked = {(v.stem, v.options) for v in (generator.make(s, depth.level) for s in range(300))}
        assert len(asked) > 100, depth


@each_generator
def test_a_variant_is_about_the_point_that_was_asked_for(generator: AnyGenerator) -> None:
    undivided = {depth.level: generator.make(0, depth.level).points for depth in generator.depths}

    @settings(max_examples=60, deadline=None)
    @given(seeds, st.sampled_from([(depth, topic) for depth in generator.depths for topic in depth.topics]))
    def any_seed(seed: int, asked: tuple[Depth, Topic]) -> None:
        depth, topic = asked
        variant = generator.make(generator.seed_about(topic.point, seed, depth.level), depth.level)
        assert variant.points == ((topic.point,) if topic.point else undivided[depth.level]), variant

    any_seed()


@each_generator
def test_a_divided_depth_has_a_topic_for_each_point_and_no_other(generator: AnyGenerator) -> None:
    for depth in generator.depths:
        met = {generator.make(seed, depth.level).points for seed in range(200)}
        topics = [topic.point for topic in depth.topics]
        assert topics == [""] if len(met) == 1 else met == {(point,) for point in topics}, depth
        assert len({topic.name for topic in depth.topics}) == len(depth.topics)
        assert len({point.rpartition(".")[2] for point in topics}) == len(topics), "codes of items end with it"


def test_a_seed_that_is_about_the_point_already_stays() -> None:
    rectangle = get("rectangle", 1)
    for seed in range(30):
        found = rectangle.make(seed, 1).points[0]
        assert rectangle.seed_about(found, seed, 1) == seed


def test_the_example_of_a_topic_is_about_its_point() -> None:
    circle = get("circle", 1)
    for seed in range(20):
        around = circle.make(circle.seed_about("m6.circle.circumference", seed, 1), 1)
        assert "面积" not in around.hints.example, around
        inside = circle.make(circle.seed_about("m6.circle.area", seed, 1), 1)
        assert "周长" not in inside.hints.example and "一圈长" not in inside.hints.example, inside


@each_generator
def test_generator_describes_itself(generator: AnyGenerator) -> None:
    graph = load()
    assert 2 <= len(generator.depths) <= 4
    assert [d.level for d in generator.depths] == list(range(1, len(generator.depths) + 1))
    difficulties = [d.difficulty for d in generator.depths]
    assert difficulties == sorted(difficulties) and all(-3 < d < 3 for d in difficulties)
    assert set(generator.points) <= set(graph.points)
    assert max(graph[code].grade for code in generator.points) == generator.grade
    assert len(generator.malrules) >= 2
    for id, rule in generator.malrules.items():
        assert id == rule.id and malrule(id) is rule
        assert rule.point in graph and graph[rule.point].grade <= generator.grade
        assert 3 <= len(rule.name) <= 20 and 10 <= len(rule.explain) <= 60
        assert not re.search(r"错|笨|不对", rule.explain), "the pupil is never scolded"


def test_the_shelf() -> None:
    assert len(GENERATORS) >= 12
    per_grade = Counter(g.grade for g in GENERATORS)
    assert all(per_grade[grade] >= 2 for grade in range(3, 9))
    kinds = Counter(kind for g in GENERATORS for kind in {v.kind for v in sweep(g, 5)})
    assert kinds["choice"] >= 3 and kinds["expression"] >= 3 and kinds["numeric"] >= 3
    ids = [id for g in GENERATORS for id in g.malrules]
    assert len(ids) == len(set(ids))
    assert {g.code for g in GENERATORS} == set(ORACLES)


def test_choice_letters_are_spread() -> None:
    letters = Counter(v.answer for v in sweep(get("decimal-compare"), 400))
    assert all(0.2 < letters[letter] / 1200 < 0.3 for letter in "ABCD")


def test_unknown_generator_and_depth_are_told() -> None:
    with pytest.raises(LookupError, match="no-such"):
        get("no-such")
    with pytest.raises(LookupError, match="version 99"):
        get("circle", 99)
    with pytest.raises(LookupError, match="no malrule 'laziness'"):
        malrule("laziness")
    with pytest.raises(ValueError, match="depths 1 to 3, not 4"):
        get("circle").make(1, 4)


@pytest.mark.parametrize(
    ("draft", "right", "faults"),
    [
        (
            SubtractBorrow().pose(Difference(403, 128, 0, "")),
            "275",
            {
                "sub-smaller-from-larger": "325",
                "sub-forget-decrement": "385",
                "sub-zero-stays-ten": "285",
                "sub-zero-no-hundred": "375",
            },
        ),
        (
            MultiplyCarry().pose(Product(48, 6, 0, "")),
            "288",
            {"mul-carry-dropped": "248", "mul-carry-first": "488", "mul-last-only": "88"},
        ),
        (
            FractionAdd().pose(Sum(1, 2, 1, 3, 1, 0, "")),
            "5/6",
            {
                "frac-add-across": "2/5",
                "frac-no-scale": "1/3",
                "frac-larger-denominator": "2/3",
                "frac-scaled-once": "2/3",
            },
        ),
    ],
    ids=["403-128", "48*6", "1/2+1/3"],
)
def test_faulty_procedures_worked_by_hand(draft: Draft, right: str, faults: dict[str, str]) -> None:
    assert draft.right[1] == right
    assert {rule: text for rule, (_, text) in draft.faults} == faults
