"""All generators, by code and version. An old version stays here as long as facts name it."""

from collections.abc import Iterable
from typing import Any

from yincai.knowledge.generators.base import Generator, Malrule
from yincai.knowledge.generators.circle import Circle
from yincai.knowledge.generators.decimal_compare import DecimalCompare
from yincai.knowledge.generators.decimal_multiply import DecimalMultiply
from yincai.knowledge.generators.expand_product import ExpandProduct
from yincai.knowledge.generators.expand_square import ExpandSquare
from yincai.knowledge.generators.fraction_add import FractionAdd
from yincai.knowledge.generators.fraction_compare import FractionCompare
from yincai.knowledge.generators.fraction_divide import FractionDivide
from yincai.knowledge.generators.inequality import Inequality
from yincai.knowledge.generators.like_terms import LikeTerms
from yincai.knowledge.generators.line_quadrants import LineQuadrants
from yincai.knowledge.generators.linear_equation import LinearEquation
from yincai.knowledge.generators.multiply_carry import MultiplyCarry
from yincai.knowledge.generators.order_of_operations import OrderOfOperations
from yincai.knowledge.generators.percent_change import PercentChange
from yincai.knowledge.generators.polygon_area import PolygonArea
from yincai.knowledge.generators.pythagoras import Pythagoras
from yincai.knowledge.generators.rectangle import Rectangle
from yincai.knowledge.generators.signed_arithmetic import SignedArithmetic
from yincai.knowledge.generators.subtract_borrow import SubtractBorrow
from yincai.knowledge.generators.unit_convert import UnitConvert

AnyGenerator = Generator[Any]


def _index(generators: Iterable[AnyGenerator]) -> dict[tuple[str, int], AnyGenerator]:
    found: dict[tuple[str, int], AnyGenerator] = {}
    for generator in generators:
        key = (generator.code, generator.version)
        if key in found:
            raise ValueError(f"two generators are called {generator.code} version {generator.version}")
        found[key] = generator
    return found


_BY_KEY = _index(
    [
        SubtractBorrow(),
        MultiplyCarry(),
        Rectangle(),
        FractionCompare(),
        OrderOfOperations(),
        DecimalCompare(),
        UnitConvert(),
        DecimalMultiply(),
        FractionAdd(),
        PolygonArea(),
        FractionDivide(),
        PercentChange(),
        Circle(),
        SignedArithmetic(),
        LikeTerms(),
        LinearEquation(),
        Inequality(),
        ExpandSquare(),
        ExpandProduct(),
        Pythagoras(),
        LineQuadrants(),
    ]
)
_LATEST = {code: _BY_KEY[code, version] for code, version in sorted(_BY_KEY)}
# of all versions, for old facts name old causes; the newest wording wins
_MALRULES = {rule.id: rule for key in sorted(_BY_KEY) for rule in _BY_KEY[key].malrules.values()}


def all_generators() -> tuple[AnyGenerator, ...]:
    """The newest version of each generator, by grade."""
    return tuple(sorted(_LATEST.values(), key=lambda g: g.grade))


def get(code: str, version: int | None = None) -> AnyGenerator:
    """A generator at a version (default: the newest)."""
    found = _LATEST.get(code) if version is None else _BY_KEY.get((code, version))
    if found is None:
        known = "、".join(_LATEST)
        raise LookupError(f"no generator {code!r} version {version or 'newest'}; there are: {known}")
    return found


def malrule(id: str) -> Malrule:
    """A malrule by its id, which is unique over all generators."""
    if id not in _MALRULES:
        raise LookupError(f"no malrule {id!r}")
    return _MALRULES[id]
