"""Tokens → tree, by recursive descent over a whitelist. Nothing typed is ever evaluated as text.

How it binds, loosest first: separators · relation · ratio · + − · × ÷ · a run of factors standing
together, in which / is a fraction bar · power · %. So 6÷2x is 6÷(2x), 1/2x is (1/2)·x and 2x/3 is
(2x)/3; the live preview shows the pupil which was understood.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

from .lex import Reading, Token, Unreadable, tokens
from .tree import (
    Abs,
    Add,
    Collection,
    Div,
    Expr,
    Item,
    Mixed,
    Mul,
    Neg,
    Num,
    Percent,
    Pi,
    Pow,
    Quantity,
    Ratio,
    Relation,
    Root,
    Tree,
    Var,
    children,
    integer,
    variables,
)

MAX_DEPTH = 40
MAX_EXPONENT = 99
MAX_ITEMS = 20

_RELATIONS = frozenset("=≠<≤>≥≈")
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_STARTS = frozenset(("NUM", "VULGAR", "NAME", "PI", "ROOT", "LROOT", "ABS", "FRAC", "(", "[", "{", "|"))
_NUMBERS = frozenset(("NUM", "VULGAR"))


ANY = Reading()
_WHOLE = re.compile(r"[0-9]{1,30}")  # most answers


def parse(typed: str, reading: Reading = ANY) -> Tree:
    """The tree of what was typed, or `Unreadable` with the place and a message for the pupil."""
    if _WHOLE.fullmatch(typed) and not reading.several:
        return Num(Fraction(int(typed)))
    return _Parser(typed, reading).answer()


class _Parser:
    def __init__(self, typed: str, reading: Reading) -> None:
        self.reading = reading
        self.tokens = tokens(typed, reading)
        self.index = 0
        self.depth = 0
        self.in_bars = False

    # -- moving over the tokens

    @property
    def now(self) -> Token:
        return self.tokens[self.index]

    def ahead(self, steps: int = 1) -> Token:
        return self.tokens[min(self.index + steps, len(self.tokens) - 1)]

    def take(self) -> Token:
        token = self.tokens[self.index]
        self.index = min(self.index + 1, len(self.tokens) - 1)
        return token

    def eat(self, *kinds: str) -> bool:
        if self.now.kind in kinds:
            self.take()
            return True
        return False

    def missing(self, what: str) -> Unreadable:
        """An error at the place where something should have stood."""
        if self.index == 0:
            return Unreadable(self.now.pos, f"开头缺{what}。")
        before = self.tokens[self.index - 1].end
        return Unreadable(before, f"第 {before} 个字后面缺{what}。")

    # -- the whole answer

    def answer(self) -> Tree:
        if self.now.kind == "END":
            raise Unreadable(0, "还没有写答案。")
        if self.reading.several:
            return self.collection()
        tree = self.item()
        self.at_end()
        return tree

    def at_end(self) -> None:
        token = self.now
        if token.kind == "END":
            return
        if token.kind == "SEP":
            raise Unreadable(token.pos, "这里只要一个答案，不用隔开写几个。")
        if token.kind == "EMPTY":
            raise Unreadable(token.pos, "这里要写数或式子。")
        if token.kind in (")", "]", "}"):
            raise Unreadable(token.pos, f"第 {token.pos + 1} 个字的括号没有开头的一半。")
        if token.kind == ":":
            raise Unreadable(token.pos, "这里要写一个数或式子，不要写成比。")
        raise Unreadable(token.pos, f"第 {token.pos + 1} 个字前面缺一个运算符号。")

    def collection(self) -> Collection:
        if self.eat("EMPTY"):
            self.at_end()
            return Collection(())
        closing = self.wrapper()
        items = self.signed_item()
        while self.eat("SEP"):
            items += self.signed_item()
            if len(items) > MAX_ITEMS:
                raise Unreadable(self.now.pos, f"写得太多了，最多 {MAX_ITEMS} 个。")
        if closing and not self.eat(closing):
            raise self.missing(f"右括号“{closing}”")
        self.at_end()
        return Collection(tuple(items))

    def wrapper(self) -> str:
        """The closing bracket when the whole answer stands in one pair: (3, 4) or {1, 2}."""
        if self.now.kind not in ("(", "{"):
            return ""
        level = 0
        for place, token in enumerate(self.tokens):
            level += (token.kind in _CLOSING) - (token.kind in (")", "]", "}"))
            if token.kind == "SEP" and level == 1:
                return _CLOSING[self.take().kind]
            if level == 0:
                whole = self.now.kind == "{" and self.tokens[place + 1].kind == "END"
                return _CLOSING[self.take().kind] if whole else ""
        return ""

    def signed_item(self) -> list[Item]:
        """±2 and x=±2 are two answers each."""
        start = self.index
        kinds = [token.kind for token in self.tokens[start : start + 3]]
        if "±" not in kinds:
            return [self.item()]
        return [self.reread(start, start + kinds.index("±"), kind) for kind in ("+", "-")]

    def reread(self, start: int, sign: int, kind: str) -> Item:
        token = self.tokens[sign]
        self.index = start
        self.tokens[sign] = Token(kind, token.pos, token.end, token.spaced)
        return self.item()

    # -- one answer: relation, ratio, quantity

    def item(self) -> Item:
        if self.now.kind in ("=", "≈"):
            self.take()
        left = self.side()
        token = self.now
        if token.kind not in _RELATIONS:
            return left
        self.take()
        op = "=" if token.kind == "≈" else token.kind
        if not self.reading.relations:
            return self.named(left, op, token.pos)
        right = self.side()
        if isinstance(left, (Ratio, Quantity, Relation)) or isinstance(right, (Ratio, Quantity, Relation)):
            raise Unreadable(token.pos, "等式的两边请只写数或式子，不写单位和比。")
        if self.now.kind in _RELATIONS:
            raise Unreadable(self.now.pos, "一个式子里只写一个等号或不等号，其余的分开写。")
        return Relation(op, left, right)

    def named(self, left: Item, op: str, position: int) -> Item:
        """x=3 where a value is asked: the value."""
        if op != "=" or not isinstance(left, Var) or not self.reading.named:
            raise Unreadable(position, "这里只写最后的结果，不用写等号和算式。")
        right = self.side()
        if isinstance(right, Quantity | Ratio | Relation):
            return right
        if left.name in variables(right):
            raise Unreadable(position, "等号右边还有同一个字母，请写出结果。")
        return right

    def side(self) -> Item:
        first = self.sum()
        if self.now.kind == ":" and self.reading.ratio:
            return self.ratio(first)
        if self.now.kind == "UNIT":
            return self.quantity(first)
        return first

    def ratio(self, first: Expr) -> Ratio:
        parts = [first]
        while self.eat(":"):
            parts.append(self.sum())
        return Ratio(tuple(parts))

    def quantity(self, first: Expr) -> Quantity:
        parts = [(first, self.take().name)]
        while self.now.kind in _NUMBERS:
            value = self.sum()
            if self.now.kind != "UNIT":
                raise self.missing("单位")
            parts.append((value, self.take().name))
        return Quantity(tuple(parts))

    # -- expressions

    def sum(self) -> Expr:
        terms = [self.term()]
        while self.now.kind in ("+", "-"):
            minus = self.take().kind == "-"
            term = self.term(signed=False)
            terms.append(Neg(term) if minus else term)
        return terms[0] if len(terms) == 1 else Add(tuple(terms))

    def term(self, signed: bool = True) -> Expr:
        if signed and self.now.kind in ("+", "-"):
            minus = self.take().kind == "-"
            inner = self.nested(self.term)
            return Neg(inner) if minus else inner
        tree = self.run()
        chain = [tree]
        while self.now.kind in ("*", "÷"):
            token = self.take()
            if token.kind == "*" and self.now.kind == "*" and not self.now.spaced:
                raise Unreadable(token.pos, "乘方请用 ^ 写，例如 2^3。")
            right = self.run()
            if token.kind == "*":
                chain.append(right)
            else:
                self.not_zero(right, token)
                chain = [Div(_product(chain), right, bar=False)]
        return _product(chain)

    def run(self) -> Expr:
        """Factors standing together, with / as a fraction bar: 2x/3, 3√2, 2(x+1)."""
        if self.now.kind in ("+", "-"):
            minus = self.take().kind == "-"
            inner = self.nested(self.run)
            return Neg(inner) if minus else inner
        factors = [self.power()]
        while True:
            if self.now.kind == "/":
                bar = self.take()
                below = self.denominator()
                self.not_zero(below, bar)
                factors = [Div(_product(factors), below)]
            elif self.starts_factor():
                factors.append(self.power())
            else:
                return _product(factors)

    def denominator(self) -> Expr:
        if self.now.kind == "-":
            self.take()
            return Neg(self.power())
        return self.power()

    def starts_factor(self) -> bool:
        kind = self.now.kind
        if kind not in _STARTS or (kind == "|" and self.in_bars):
            return False
        if kind in _NUMBERS:
            raise Unreadable(self.now.pos, f"第 {self.now.pos + 1} 个字前面缺一个运算符号。")
        return True

    def power(self) -> Expr:
        plain = self.now.kind not in _CLOSING
        base = self.postfix()
        if self.now.kind not in ("^", "SUP"):
            return base
        if plain and isinstance(base, Mixed):
            raise Unreadable(self.now.pos, "带分数的乘方，请先给带分数加括号。")
        token = self.take()
        if token.kind == "SUP":
            exponent: Expr = _signed(token.number)
        else:
            exponent = self.exponent()
        self.check_exponent(exponent, token)
        if self.now.kind in ("^", "SUP"):
            raise Unreadable(self.now.pos, "乘方上面不能再接乘方，请加括号或化简。")
        return Pow(base, exponent)

    def exponent(self) -> Expr:
        if self.now.kind in ("+", "-"):
            minus = self.take().kind == "-"
            value = self.primary()
            return Neg(value) if minus else value
        return self.primary()

    def check_exponent(self, exponent: Expr, token: Token) -> None:
        value = integer(exponent)
        if value is not None and abs(value) > MAX_EXPONENT:
            raise Unreadable(token.pos, f"指数太大了，最多 {MAX_EXPONENT}。")
        if _has_power(exponent):
            raise Unreadable(token.pos, "指数里不能再有乘方，请先算出来。")

    def postfix(self) -> Expr:
        tree = self.primary()
        while self.now.kind in ("%", "‰"):
            tree = Percent(tree, 100 if self.take().kind == "%" else 1000)
        return tree

    def primary(self) -> Expr:
        read = _READERS.get(self.now.kind)
        if read is None:
            raise self.missing("一个数或字母" if self.reading.letters else "一个数")
        if self.depth >= MAX_DEPTH:
            raise self.too_deep()
        self.depth += 1
        tree = read(self)
        self.depth -= 1
        return tree

    def nested(self, read: Callable[[], Expr]) -> Expr:
        if self.depth >= MAX_DEPTH:
            raise self.too_deep()
        self.depth += 1
        tree = read()
        self.depth -= 1
        return tree

    def too_deep(self) -> Unreadable:
        return Unreadable(self.now.pos, "括号或符号套得太多层了。")

    # -- what can start a factor

    def number(self) -> Expr:
        token = self.take()
        if token.places:
            return Num(token.number, token.places)
        whole = int(token.number)
        kind = self.now.kind
        if kind == "MIXED":
            self.take()
            return self.fraction_of(whole)
        if kind == "OVER":
            return self.spoken(whole, token)
        if kind in ("VULGAR", "FRAC") or (kind == "NUM" and self.now.spaced and self.ahead().kind == "/"):
            return self.fraction_of(whole)
        return Num(token.number)

    def fraction_of(self, whole: int) -> Expr:
        """The fraction of a mixed number; 2\\frac{x}{3} is a product after all."""
        start = self.now
        if start.kind == "VULGAR":
            part = self.take().number
            return Mixed(whole, part.numerator, part.denominator)
        fraction = self.latex_fraction() if start.kind == "FRAC" else self.typed_fraction()
        above, below = integer(fraction.num), integer(fraction.den)
        if above is None or below is None or above < 0 or below < 0:
            if start.kind == "FRAC":
                return Mul((Num(Fraction(whole)), fraction))
            raise Unreadable(start.pos, "带分数的分子和分母都要写整数。")
        return Mixed(whole, above, below)

    def typed_fraction(self) -> Div:
        first = self.take() if self.now.kind == "NUM" else None
        if first is None or first.places:
            raise self.missing("带分数的分子")
        bar = self.take()
        if bar.kind not in ("/", "OVER") or self.now.kind != "NUM":
            raise self.missing("分数线和分母" if bar.kind != "/" else "分母")
        second = self.take()
        above, below = (second, first) if bar.kind == "OVER" else (first, second)
        denominator = Num(below.number, below.places)
        self.not_zero(denominator, bar)
        return Div(Num(above.number, above.places), denominator)

    def spoken(self, below: int, token: Token) -> Expr:
        """2分之1."""
        bar = self.take()
        self.not_zero(Num(Fraction(below)), bar)
        if self.now.kind != "NUM":
            raise self.missing("分子")
        above = self.take()
        return Div(Num(above.number, above.places), Num(token.number))

    def vulgar(self) -> Expr:
        part = self.take().number
        return Div(Num(Fraction(part.numerator)), Num(Fraction(part.denominator)))

    def name(self) -> Expr:
        return Var(self.take().name)

    def pi(self) -> Expr:
        self.take()
        return Pi()

    def root(self) -> Expr:
        token = self.take()
        return Root(self.primary(), int(token.number))

    def latex_root(self) -> Expr:
        self.take()
        index = 2
        if self.now.kind == "[":
            index = self.root_index()
        return Root(self.latex_argument(), index)

    def root_index(self) -> int:
        self.take()
        token = self.now
        value = integer(self.sum())
        if value is None or not 2 <= value <= 9 or not self.eat("]"):
            raise Unreadable(token.pos, "根指数要写 2 到 9 的整数。")
        return value

    def absolute(self) -> Expr:
        self.take()
        if self.now.kind != "(":
            raise self.missing("左括号")
        return Abs(self.group())

    def bars(self) -> Expr:
        opening = self.take()
        tree = self.inside(True)
        if not self.eat("|"):
            raise Unreadable(opening.pos, f"第 {opening.pos + 1} 个字的绝对值号缺另一半。")
        return Abs(tree)

    def group(self) -> Expr:
        opening = self.take()
        tree = self.inside(False)
        if not self.eat(_CLOSING[opening.kind]):
            if self.now.kind in ("END", "SEP", "UNIT", *_RELATIONS):
                raise Unreadable(opening.pos, f"第 {opening.pos + 1} 个字的括号没有关上。")
            self.at_end()
        return tree

    def inside(self, bars: bool) -> Expr:
        before, self.in_bars = self.in_bars, bars
        tree = self.sum()
        self.in_bars = before
        return tree

    def latex_fraction(self) -> Div:
        token = self.take()
        above, below = self.latex_argument(), self.latex_argument()
        self.not_zero(below, token)
        return Div(above, below)

    def latex_argument(self) -> Expr:
        """{…}, or as in \\frac12 one character."""
        token = self.now
        if token.kind != "NUM" or token.end - token.pos == 1:
            return self.primary() if token.kind != "NUM" else Num(self.take().number)
        first = str(token.number)[0]
        rest = str(token.number)[1:]
        if token.places or len(str(token.number)) != token.end - token.pos:
            raise Unreadable(token.pos, "这里请用大括号括起来。")
        self.tokens[self.index] = Token("NUM", token.pos + 1, token.end, False, Fraction(int(rest)))
        return Num(Fraction(int(first)))

    def not_zero(self, below: Expr, token: Token) -> None:
        if isinstance(below, Num) and below.value == 0:
            raise Unreadable(token.pos, "分母（除数）不能是 0。")


_READERS: dict[str, Callable[[_Parser], Expr]] = {
    "NUM": _Parser.number,
    "VULGAR": _Parser.vulgar,
    "NAME": _Parser.name,
    "PI": _Parser.pi,
    "ROOT": _Parser.root,
    "LROOT": _Parser.latex_root,
    "ABS": _Parser.absolute,
    "FRAC": _Parser.latex_fraction,
    "|": _Parser.bars,
    "(": _Parser.group,
    "[": _Parser.group,
    "{": _Parser.group,
}


def _product(factors: list[Expr]) -> Expr:
    return factors[0] if len(factors) == 1 else Mul(tuple(factors))


def _signed(number: Fraction) -> Expr:
    return Neg(Num(-number)) if number < 0 else Num(number)


def _has_power(tree: Expr) -> bool:
    return isinstance(tree, Pow) or any(_has_power(child) for child in children(tree))
