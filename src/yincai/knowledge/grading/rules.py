"""What an item declares about its answer, as data. Grading reads these rules and nothing else.

Defaults: 1/2 = 0.5 = 50 % = the mixed and the scientific way of writing; not necessarily simplified;
`x=3` is read as 3; what was not computed (2+3, 2^3) goes back and is no attempt; a unit may be typed
only where the item declares one, may be left out (`optional`), and converts (1.5 m = 150 cm).
A missing required unit goes back and is no attempt; a wrong one is wrong, and the reason is said.
A right value in another form than asked is wrong, and the reason is said (`form_miss="again"`: it goes
back instead). Multiple choice is all or nothing unless `credit="part"`: half for a subset without error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from fractions import Fraction
from typing import Any, Literal, get_args

from .lex import Reading

Kind = Literal["number", "expression", "equation", "solution", "set", "list", "ratio", "single", "multiple"]
Written = Literal["integer", "fraction", "decimal", "percent", "mixed", "scientific", "other"]
UnitRule = Literal["optional", "required"]
Credit = Literal["all", "part"]
FormMiss = Literal["wrong", "again"]

KINDS: tuple[str, ...] = get_args(Kind)
WRITTEN: frozenset[str] = frozenset(get_args(Written))
ALSO_CALLED = {"numeric": "number", "choice": "single"}  # what generators and imports say
CHOICES = frozenset(("single", "multiple"))
SEVERAL = frozenset(("equation", "solution", "set", "list"))


class BadSpec(ValueError):
    """The declared rule or key of an item cannot be used; the message says what to mend."""


@dataclass(frozen=True, slots=True)
class Accept:
    """Which forms of the right value count. See the module's defaults."""

    written: frozenset[str] = WRITTEN
    must_be_simplified: bool = False
    must_be_expanded: bool = False
    must_be_factored: bool = False
    computed: bool = True
    decimals: int | None = None  # 保留 n 位小数: the key rounded half up, shown with n decimals
    tolerance: Fraction | None = None  # |answer − key| at most this
    pi: Fraction | None = None  # π 取 3.14
    unit: UnitRule = "optional"
    convert: bool = True
    positive: bool = False  # the item's letters stand for positive numbers, so √(x²) is x
    bare: bool = True  # a solution of one unknown may be typed without x=
    form_miss: FormMiss = "wrong"


@dataclass(frozen=True, slots=True)
class AnswerSpec:
    """Kind, key (own notation or LaTeX; letters for a choice) and rules of one item's answer."""

    kind: Kind
    key: str
    accept: Accept = field(default_factory=Accept)
    unit: str = ""
    names: frozenset[str] = frozenset()  # the variables of the item; empty: any letter
    options: str = "ABCD"
    credit: Credit = "all"

    def reading(self) -> Reading:
        return Reading(
            letters=self.kind not in ("number", "ratio", "list"),
            names=self.names,
            units=bool(self.unit),
            several=self.kind in SEVERAL,
            relations=self.kind in ("equation", "solution"),
            ratio=self.kind == "ratio",
            named=self.kind in ("number", "expression"),
        )

    def to_data(self) -> dict[str, Any]:
        """Plain JSON, without what is at its default."""
        data: dict[str, Any] = {"kind": self.kind, "key": self.key}
        for name, default in (("unit", ""), ("options", "ABCD"), ("credit", "all")):
            if getattr(self, name) != default:
                data[name] = getattr(self, name)
        if self.names:
            data["names"] = sorted(self.names)
        accept = _accept_data(self.accept)
        return data | ({"accept": accept} if accept else {})

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> AnswerSpec:
        rest = dict(data)
        _only(rest, {f.name for f in fields(cls)}, "答案规则")
        rest["kind"] = ALSO_CALLED.get(rest.get("kind", ""), rest.get("kind"))
        if rest.get("kind") not in KINDS:
            raise BadSpec(f"没有这种答案类型：{rest.get('kind')!r}。可用：{'、'.join(KINDS)}。")
        if not isinstance(rest.get("key"), str) or not rest["key"].strip():
            raise BadSpec("缺少答案（key）。")
        rest["accept"] = _accept(rest.get("accept", {}))
        rest["names"] = frozenset(rest.get("names", ()))
        return cls(**rest)


def _only(data: Mapping[str, Any], known: set[str], what: str) -> None:
    unknown = sorted(set(data) - known)
    if unknown:
        raise BadSpec(f"{what}里有不认识的项：{'、'.join(unknown)}。")


def _accept(data: Mapping[str, Any]) -> Accept:
    rest = dict(data)
    _only(rest, {f.name for f in fields(Accept)}, "判分规则")
    if "written" in rest:
        rest["written"] = frozenset(rest["written"])
        _only(dict.fromkeys(rest["written"]), set(WRITTEN), "写法")
    for name in ("tolerance", "pi"):
        if rest.get(name) is not None:
            rest[name] = _exact(rest[name], name)
    return Accept(**rest)


def _exact(value: object, name: str) -> Fraction:
    try:
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError) as error:
        raise BadSpec(f"{name} 应是一个数，例如 0.01 或 1/100，而不是 {value!r}。") from error


def _accept_data(accept: Accept) -> dict[str, Any]:
    out: dict[str, Any] = {}
    default = Accept()
    for f in fields(Accept):
        value = getattr(accept, f.name)
        if value != getattr(default, f.name):
            out[f.name] = _plain(value)
    return out


def _plain(value: object) -> object:
    if isinstance(value, frozenset):
        return sorted(value)
    return str(value) if isinstance(value, Fraction) else value
