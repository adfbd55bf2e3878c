"""What an item generator is, and what it gives: see the package docstring for the contract."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, ClassVar, Generic, Literal, TypeVar

from yincai.knowledge.generators.dice import GOLDEN, Dice, mix
from yincai.knowledge.generators.writing import Said, states

Kind = Literal["numeric", "expression", "choice"]
Form = Literal["", "expanded", "simplified"]
P = TypeVar("P")
LETTERS = "ABCDEF"
TRIES = 200


@dataclass(frozen=True, slots=True)
class Malrule:
    """A faulty procedure that real pupils use (错因)."""

    id: str
    name: str
    explain: str
    """One warm sentence to the pupil: where to look, never the answer."""
    point: str
    """Code of the knowledge point that it shows to be weak; often a prerequisite."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What can be asked for at a depth: problems about one knowledge point, where some are about one and some about
    another; else any problem of the depth."""

    point: str
    """Code of the point; empty where the depth is not divided."""
    name: str


@dataclass(frozen=True, slots=True)
class Depth:
    """A level of difficulty of one skill."""

    level: int
    name: str
    difficulty: float
    """Prior difficulty on the logit scale, 0 for an average pupil of that grade having even odds."""
    topics: tuple[Topic, ...]

    def called(self, point: str) -> str:
        """What the depth is called where a point is asked for."""
        return next((topic.name for topic in self.topics if topic.point == point), self.name)


@dataclass(frozen=True, slots=True)
class Fault:
    """The wrong answer that a malrule gives on one variant."""

    malrule: str
    answer: str


@dataclass(frozen=True, slots=True)
class Ladder:
    """Four steps of help. The first three never state the answer; the last is for after the attempt."""

    clue: str
    method: str
    example: str
    solution: str

    @property
    def before(self) -> tuple[tuple[str, str], ...]:
        return (("提示", self.clue), ("方法", self.method), ("例题", self.example))

    @property
    def after(self) -> tuple[str, str]:
        return ("讲解", self.solution)


@dataclass(frozen=True, slots=True)
class Variant:
    """One question, made by a generator at a version from a depth and a seed. Never a row: remade when needed."""

    generator: str
    version: int
    depth: int
    seed: int
    stem: str
    kind: Kind
    answer: str
    form: Form
    """How a right value has to be written to count: typing the question back is no expansion."""
    unit: str
    options: tuple[str, ...]
    faults: tuple[Fault, ...]
    points: tuple[str, ...]
    maker: "Generator[Any]" = field(repr=False, compare=False)

    @property
    def hints(self) -> Ladder:
        """Made when asked for: most variants are answered without."""
        return self.maker.ladder(self.seed, self.depth)

    @property
    def difficulty(self) -> float:
        return self.maker.depths[self.depth - 1].difficulty


@dataclass(slots=True)
class Draft:
    """What a generator says of one problem, before it is judged fit and its options are laid out."""

    stem: str
    right: Said
    faults: Sequence[tuple[str, Said]]
    """(malrule id, the answer it leads to); those equal to the right one or to each other are dropped."""
    unit: str = ""
    kind: Kind = "numeric"
    form: Form = ""
    fillers: Sequence[Said] = ()
    """Choice only: further options that no malrule leads to."""
    size: int = 4
    """Choice only: how many options."""
    points: tuple[str, ...] = ()
    """Where this problem practises other points than the generator's."""
    listed: bool = False
    """Choice only: the stem cannot be read without its options."""


def rules(*rows: tuple[str, str, str, str]) -> Mapping[str, Malrule]:
    return {row[0]: Malrule(*row) for row in rows}


def depths(*rows: tuple[str, float] | tuple[str, float, Mapping[str, str]]) -> tuple[Depth, ...]:
    """Name and difficulty of each, and where its problems are not about the same points: code → name of each topic."""
    return tuple(_depth(level, *row) for level, row in enumerate(rows, start=1))


def _depth(level: int, name: str, difficulty: float, topics: Mapping[str, str] | None = None) -> Depth:
    return Depth(level, name, difficulty, tuple(Topic(*row) for row in (topics or {"": name}).items()))


class Generator(ABC, Generic[P]):
    """A skill as an endless source of variants. `P` is the generator's own tuple of a problem's numbers."""

    code: ClassVar[str]
    version: ClassVar[int] = 1
    name: ClassVar[str]
    grade: ClassVar[int]
    points: ClassVar[tuple[str, ...]]
    depths: ClassVar[tuple[Depth, ...]]
    malrules: ClassVar[Mapping[str, Malrule]]
    spoken: ClassVar[frozenset[str]] = frozenset()
    """Answers that the wording of clue, method or every example would give away, so no variant has them."""
    least: ClassVar[int] = 2
    """A problem that fewer malrules can be told apart on is drawn again."""

    def __init__(self) -> None:
        self._salt = int.from_bytes(sha256(f"{self.code}@{self.version}".encode()).digest()[:8], "big")

    @abstractmethod
    def draw(self, dice: Dice, depth: int) -> P:
        """The numbers and wording of one problem."""

    @abstractmethod
    def pose(self, p: P) -> Draft:
        """Its text, its answer, and what each malrule makes of it."""

    @abstractmethod
    def clue(self, p: P) -> str:
        """提示: where to look."""

    @abstractmethod
    def method(self, p: P) -> str:
        """方法: the way in general."""

    @abstractmethod
    def solve(self, p: P) -> str:
        """讲解: the worked solution with these numbers."""

    def make(self, seed: int, depth: int) -> Variant:
        dice, _, draft, faults = self._find(seed, depth)
        answer = draft.right[1]
        options: tuple[str, ...] = ()
        if draft.kind == "choice":
            answer, options, faults = _lay_out(dice, draft, faults)
        return Variant(
            self.code,
            self.version,
            depth,
            seed,
            draft.stem,
            draft.kind,
            answer,
            draft.form,
            draft.unit,
            options,
            tuple([Fault(rule, text) for rule, (_, text) in faults]),
            draft.points or self.points,
            self,
        )

    def seed_about(self, point: str, seed: int, depth: int) -> int:
        """The first seed from this one on whose variant is about the point of a topic."""
        for step in range(TRIES):
            if not point or self._find(seed + step, depth)[2].points == (point,):
                return seed + step
        raise RuntimeError(f"{self.code} depth {depth} seed {seed}: nothing about {point} in {TRIES} seeds")

    def ladder(self, seed: int, depth: int) -> Ladder:
        _, p, draft, _ = self._find(seed, depth)
        example = self._example(seed, depth, draft)
        return Ladder(self.clue(p), self.method(p), example, self.solve(p))

    def _find(self, seed: int, depth: int) -> tuple[Dice, P, Draft, list[tuple[str, Said]]]:
        """The first problem from this seed that is fit to be asked, with its distinct faults."""
        if not 1 <= depth <= len(self.depths):
            raise ValueError(f"{self.code} has depths 1 to {len(self.depths)}, not {depth}")
        dice = Dice(mix((seed + depth * GOLDEN) ^ self._salt))
        for _ in range(TRIES):
            p = self.draw(dice, depth)
            draft = self.pose(p)
            faults = _distinct(draft)
            if len(faults) >= self.least and not self._given_away(draft):
                return dice, p, draft, faults
        raise RuntimeError(f"{self.code} depth {depth} seed {seed}: no fit problem in {TRIES} draws")

    def _given_away(self, draft: Draft) -> bool:
        answer = draft.right[1]
        if answer in self.spoken:
            return True
        return draft.kind != "choice" and answer in draft.stem and states(draft.stem, answer)

    def _example(self, seed: int, depth: int, asked: Draft) -> str:
        """Another problem of the same skill, worked, in which the answer of this one does not occur."""
        secret = asked.right[1]
        for k in range(1, 2 * TRIES):
            other = depth if k < TRIES else 1 + k % len(self.depths)  # an easier one before none at all
            _, p, draft, faults = self._find(mix(seed + k), other)
            if k < TRIES and draft.points != asked.points:
                continue
            stem = draft.stem
            if draft.listed:
                stem += "（" + "；".join(sorted([draft.right[1], *(text for _, (_, text) in faults)])) + "）"
            text = f"例：{stem}\n解：{self.solve(p)}"
            if not states(text, secret):
                return text
        raise RuntimeError(f"{self.code} depth {depth} seed {seed}: every example gives the answer away")


def _distinct(draft: Draft) -> list[tuple[str, Said]]:
    """Faults that differ from the right answer and from one another: two causes for one answer name none."""
    right = draft.right[0]
    keys = [said[0] for _, said in draft.faults]
    return [fault for fault, key in zip(draft.faults, keys, strict=True) if key != right and keys.count(key) == 1]


def _lay_out(
    dice: Dice, draft: Draft, faults: Iterable[tuple[str, Said]]
) -> tuple[str, tuple[str, ...], list[tuple[str, Said]]]:
    """Options in random order; answer and faults become letters."""
    said = [draft.right, *(wrong for _, wrong in faults)][: draft.size]
    for filler in draft.fillers:
        if len(said) < draft.size and all(filler[0] != other[0] for other in said):
            said.append(filler)
    order = dice.shuffled(said)
    letter = {key: LETTERS[place] for place, (key, _) in enumerate(order)}
    named = [(rule, (key, letter[key])) for rule, (key, _) in faults if key in letter]
    return letter[draft.right[0]], tuple(text for _, text in order), named
