"""An item as a file or a form brings it, before it is one of ours: what must hold, and what is doubtful."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from yincai.knowledge.grading.grade import check_spec
from yincai.knowledge.grading.rules import AnswerSpec, BadSpec
from yincai.knowledge.intake.markup import unbalanced
from yincai.knowledge.intake.same import Digests, digests, fold
from yincai.knowledge.models import ItemKind

LETTERS = "ABCDEFGHIJ"
LADDER = ("提示", "方法", "例题")
MOST_POINTS = 8  # a response fact keeps them all
MOST_TEXT = 6000
SPEC_KINDS = {
    ItemKind.SINGLE: ("single",),
    ItemKind.MULTIPLE: ("multiple",),
    ItemKind.NUMERIC: ("number", "ratio", "list"),
    ItemKind.EXPRESSION: ("expression", "equation", "solution", "set"),
}


class Refused(ValueError):
    """The row cannot become an item; the message is the reason, in the user's words."""


@dataclass
class Draft:
    """`answer`: data of an AnswerSpec. `raw`: text and options as the source wrote them, by which sameness is told."""

    kind: str
    stem: str
    answer: dict[str, Any]
    options: list[str] = field(default_factory=list)
    hints: list[list[str]] = field(default_factory=list)
    analysis: str = ""
    difficulty: float = 0.0
    grade: int | None = None
    source: str = ""
    licence: str = ""
    collection: str = ""
    code: str = ""
    external: str = ""
    points: list[str] = field(default_factory=list)
    hierarchy: str = ""
    routes: list[list[str]] = field(default_factory=list)
    loops: list[str] = field(default_factory=list)  # nodes that the source makes their own child
    images: list[dict[str, str]] = field(default_factory=list)
    raw_stem: str = ""
    raw_options: list[str] = field(default_factory=list)

    def to_data(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def key(self) -> str:
        return str(self.answer.get("key", ""))

    @property
    def digests(self) -> Digests:
        key = self.key + str(self.answer.get("unit", ""))
        return digests(self.raw_stem or self.stem, self.raw_options or self.options, key)

    @property
    def plain(self) -> str:
        """What finding looks through."""
        return fold(" ".join([self.stem, *self.options])).lower()

    @property
    def guess(self) -> float:
        return 1 / len(self.options) if self.kind == ItemKind.SINGLE and self.options else 0.0


def check(draft: Draft) -> None:
    """Raises Refused with the first thing that keeps the draft from being an item."""
    if not draft.stem.strip():
        raise Refused("缺少题干。")
    if len(draft.stem) > MOST_TEXT:
        raise Refused(f"题干有 {len(draft.stem)} 个字，最多 {MOST_TEXT} 个。")
    if draft.kind not in ItemKind.values:
        raise Refused(f"题型“{draft.kind}”不认识。可用：{'、'.join(ItemKind.labels)}。")
    if len(draft.points) > MOST_POINTS:
        raise Refused(f"一道题最多对应 {MOST_POINTS} 个知识点，这里有 {len(draft.points)} 个。")
    if draft.kind in (ItemKind.SINGLE, ItemKind.MULTIPLE):
        _check_options(draft)
    elif draft.options:
        raise Refused(f"{ItemKind(draft.kind).label}题不应有选项。")
    _check_answer(draft)


def _check_options(draft: Draft) -> None:
    if not 2 <= len(draft.options) <= len(LETTERS):
        raise Refused(f"选择题要有 2 至 {len(LETTERS)} 个选项，这里有 {len(draft.options)} 个。")
    empty = [LETTERS[place] for place, text in enumerate(draft.options) if not text.strip()]
    if empty:
        raise Refused(f"选项 {'、'.join(empty)} 是空的。")


def _check_answer(draft: Draft) -> None:
    if not draft.key.strip():
        raise Refused("缺少答案。")
    try:
        spec = AnswerSpec.from_data(draft.answer)
        if spec.kind not in SPEC_KINDS[ItemKind(draft.kind)]:
            raise Refused(f"{ItemKind(draft.kind).label}题不能用“{spec.kind}”这种答案规则。")
        check_spec(spec)
    except BadSpec as error:
        raise Refused(str(error)) from error


def choice_answer(kind: str, key: str, options: int) -> dict[str, Any]:
    """The answer data of a choice with so many options."""
    letters = "".join(sorted(set(fold(key).upper()) - set(" ,;、")))
    return {"kind": kind, "key": letters, "options": LETTERS[:options]}


def doubts(draft: Draft) -> Iterator[str]:
    """What a person should look at before pupils meet the item; it is kept as a draft until then."""
    for name, text in [
        ("题干", draft.stem),
        *((f"选项 {x} ", y) for x, y in zip(LETTERS, draft.options, strict=False)),
    ]:
        if unbalanced(text):
            yield f"{name}里公式的 $ 不成对，显示不出来。"
    folded = [fold(text) for text in draft.options]
    for letter in draft.key if draft.kind in (ItemKind.SINGLE, ItemKind.MULTIPLE) else "":
        place = LETTERS.index(letter)
        twins = [LETTERS[other] for other, text in enumerate(folded) if text == folded[place] and other != place]
        if twins:
            yield f"答案 {letter} 与选项 {'、'.join(twins)} 内容相同，选哪个都说得通。"
