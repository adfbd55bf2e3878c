"""For each generator, what the right answer to a variant is, worked out from its text alone."""

import re
from collections.abc import Callable
from fractions import Fraction
from itertools import product

from tests.knowledge.reading import formulas, letter_of, numbers, square, value
from yincai.knowledge.generators import Variant

PI = Fraction("3.14")
FACTORS = {
    "千米": 1000,
    "米": 1,
    "分米": Fraction(1, 10),
    "厘米": Fraction(1, 100),
    "平方米": 1,
    "平方分米": Fraction(1, 100),
    "平方厘米": Fraction(1, 10000),
    "吨": 1000,
    "千克": 1,
    "克": Fraction(1, 1000),
}
COMPARE = {
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    r"\le": lambda a, b: a <= b,
    r"\ge": lambda a, b: a >= b,
}


def numeric(expected: Fraction, v: Variant) -> None:
    assert Fraction(v.answer.rstrip("%")) == expected * (100 if v.answer.endswith("%") else 1), v


def option(v: Variant) -> str:
    return v.options["ABCDEF".index(v.answer)].strip("$")


def subtract(v: Variant) -> None:
    a, b = numbers(v.stem.replace("-", " "))[:2]
    numeric(a - b, v)


def multiply(v: Variant) -> None:
    a, b = numbers(v.stem)
    numeric(a * b, v)


def rectangle(v: Variant) -> None:
    a, b = numbers(v.stem)
    if "面积是 " in v.stem:
        numeric(a / b, v)
    elif "周长是 " in v.stem:
        numeric(a / 2 - b, v)
    else:
        numeric(a * b if v.unit.startswith("平方") else 2 * (a + b), v)


def fraction_compare(v: Variant) -> None:
    f, g = numbers(v.stem)[-2:]
    assert option(v) == (">" if f > g else "<" if f < g else "=")


def order(v: Variant) -> None:
    n = numbers(v.stem)
    if formulas(v.stem):
        numeric(value(formulas(v.stem)[0]), v)
    elif "演出服" in v.stem:
        numeric((n[0] + n[1]) * n[2], v)
    elif "仓库" in v.stem:
        numeric(n[0] - n[1] * n[2] + n[3], v)
    else:
        sign = -1 if "还剩" in v.stem else 1
        numeric(n[0] + sign * n[1] * n[2], v)


def decimal_compare(v: Variant) -> None:
    values = [Fraction(o.strip("$")) for o in v.options]
    assert Fraction(option(v)) == (max(values) if "最大" in v.stem else min(values))


def unit(v: Variant) -> None:
    given, asked = v.stem.split("＝")
    parts = re.findall(r"([\d.]+) (\S+)", given)
    total = sum((Fraction(n) * FACTORS[u] for n, u in parts), Fraction(0))
    target = asked.split("）")[1]
    numeric(total / FACTORS[target], v)


def fraction_add(v: Variant) -> None:
    f, g = numbers(v.stem.replace("-", " "))
    plus = "+" in v.stem or "一共" in v.stem
    numeric(f + g if plus else f - g, v)


def polygon(v: Variant) -> None:
    named = {
        word: Fraction(n)
        for word, n in re.findall(r"(上底|下底|上口宽|底宽|深|高|面积|邻边|边长|底)(?:是|是一个)? ?(\d+)", v.stem)
    }
    base = named.get("底", named.get("下底", named.get("上口宽")))
    if "高应画" in v.stem or "高是多少" in v.stem:
        area = numbers(v.stem)[0]
        numeric(area * 2 / numbers(v.stem)[1], v)
    elif "平行四边形" in v.stem:
        numeric(base * named["高"], v)
    elif "梯形" in v.stem:
        other, height = named.get("上底", named.get("底宽")), named.get("高", named.get("深"))
        numeric((base + other) * height / 2, v)
    else:
        numeric(numbers(v.stem)[0] * numbers(v.stem)[1] / 2, v)


def fraction_divide(v: Variant) -> None:
    x, y = numbers(v.stem)
    if "天看完" in v.stem or "一台机器" in v.stem:
        x, y = y, x
    numeric(x / y, v)


def percent(v: Variant) -> None:
    n = numbers(v.stem)
    up = 1 if "涨价" in v.stem else -1
    if "百分之几" in v.stem:
        numeric(abs(n[1] - n[0]) / n[0], v)
    elif "原价是多少" in v.stem:
        numeric(n[1] / (1 + up * n[0] / 100), v)
    elif "先" in v.stem:
        numeric(n[0] * (1 + n[1] / 100) * (1 - n[2] / 100), v)
    else:
        numeric(n[0] * (1 + up * n[1] / 100), v)


def circle(v: Variant) -> None:
    n = numbers(v.stem)[:-1]  # the last is the 3.14 to be taken for π
    half = Fraction(1, 2)
    if "圆环" in v.stem or "小路" in v.stem:
        numeric(PI * abs(n[0] ** 2 - n[1] ** 2), v)
        return
    r = n[0] * half if "直径是" in v.stem or "直径 " in v.stem else n[0]
    if "半圆" in v.stem:
        numeric(PI * r + 2 * r, v)
    else:
        numeric(PI * r * r if v.unit.startswith("平方") else 2 * PI * r, v)


def signed(v: Variant) -> None:
    found = formulas(v.stem)
    if v.stem.startswith("计算"):
        numeric(value(found[0]), v)
        return
    a, b = (Fraction(text) for text in found[:2])
    numeric(a * b if "积" in v.stem else a - b if "白天" in v.stem else a + b, v)


def same_expression(v: Variant) -> None:
    given = next(f for f in formulas(v.stem) if re.search(r"[a-z]", f))
    if "正方形" in v.stem:
        given = f"({given})^2"
    x = letter_of(given)
    for at in (-3, 0, 1, 2, 11):
        assert value(given, **{x: at}) == value(v.answer, **{x: at}), v
    assert "(" not in v.answer


def linear_equation(v: Variant) -> None:
    left, right = next(f for f in formulas(v.stem) if "=" in f and len(f) > 3).split("=")
    x = int(v.answer)
    assert value(left, x=x) == value(right, x=x)
    assert value(left, x=x + 1) != value(right, x=x + 1)


def truth(relation: str, points: list[Fraction]) -> list[bool]:
    left, sign, right = re.split(r"(<|>|\\le|\\ge)", relation)
    (a, b), (c, d) = _linear(left), _linear(right)
    return [COMPARE[sign](a * x + b, c * x + d) for x in points]


def _linear(side: str) -> tuple[Fraction, Fraction]:
    at_zero, at_one = value(side, x=0), value(side, x=1)
    return at_one - at_zero, at_zero


def inequality(v: Variant) -> None:
    points = [Fraction(n, 2) for n in range(-80, 81)]
    wanted = truth(formulas(v.stem)[0], points)
    for text in v.options:
        same = truth(text.strip("$"), points) == wanted
        assert same == (text.strip("$") == option(v)), (v, text)


def pythagoras(v: Variant) -> None:
    a, b = numbers(v.stem)
    leg = any(word in v.stem for word in ("斜边长是 ", "梯子", "绳子"))
    assert square(v.answer) == (a * a - b * b if leg else a * a + b * b)


QUADRANT = {(1, 1): "第一象限", (-1, 1): "第二象限", (-1, -1): "第三象限", (1, -1): "第四象限"}


def missed(k: Fraction, b: Fraction) -> set[str]:
    root = -b / k
    xs = [root / 2, root * 2, -root]  # with these a line that is neither level nor through 0 shows itself
    seen = {QUADRANT[1 if x > 0 else -1, 1 if k * x + b > 0 else -1] for x in xs if k * x + b}
    return set(QUADRANT.values()) - seen


def line(v: Variant) -> None:
    side = formulas(v.stem)[0].split("=")[1]
    if "m" not in side:
        k, b = _linear(side)
        assert missed(k, b) == {option(v)}
        return
    wanted = re.search("第.象限", v.stem)[0]
    for text in v.options:
        m, n = (re.fullmatch(r"[mn]([<>])(-?\d+)", part).groups() for part in text.strip("$").split(r",\ "))
        fits = []
        for far_m, far_n in product((1, 3), (1, 4)):
            at = {
                "m": int(m[1]) + far_m * (1 if m[0] == ">" else -1),
                "n": int(n[1]) + far_n * (1 if n[0] == ">" else -1),
            }
            k = value(side, x=1, **at) - value(side, x=0, **at)
            fits.append(missed(k, value(side, x=0, **at)) == {wanted})
        assert all(fits) == (text.strip("$") == option(v)), (v, text)


ORACLES: dict[str, Callable[[Variant], None]] = {
    "subtract-borrow": subtract,
    "multiply-carry": multiply,
    "rectangle": rectangle,
    "fraction-compare": fraction_compare,
    "order-of-operations": order,
    "decimal-compare": decimal_compare,
    "unit-convert": unit,
    "decimal-multiply": multiply,
    "fraction-add": fraction_add,
    "polygon-area": polygon,
    "fraction-divide": fraction_divide,
    "percent-change": percent,
    "circle": circle,
    "signed-arithmetic": signed,
    "like-terms": same_expression,
    "linear-equation": linear_equation,
    "inequality": inequality,
    "expand-square": same_expression,
    "expand-product": same_expression,
    "pythagoras": pythagoras,
    "line-quadrants": line,
}
