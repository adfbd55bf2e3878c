"""Random expression trees in the shape the parser gives, for the properties of parser and normal form."""

from fractions import Fraction

from hypothesis import strategies as st

from yincai.knowledge.grading.tree import Abs, Add, Div, Expr, Mixed, Mul, Neg, Num, Percent, Pi, Pow, Root, Var

whole = st.integers(0, 12).map(lambda n: Num(Fraction(n)))
positive = st.integers(1, 12).map(lambda n: Num(Fraction(n)))
decimals = st.tuples(st.integers(0, 999), st.integers(1, 2)).map(lambda t: Num(Fraction(t[0], 10 ** t[1]), t[1]))
mixed = st.builds(Mixed, st.integers(1, 9), st.integers(1, 9), st.integers(2, 9))
letters = st.sampled_from("xyab").map(Var)


def _pairs(children: st.SearchStrategy[Expr]) -> st.SearchStrategy[tuple[Expr, ...]]:
    return st.lists(children, min_size=2, max_size=3).map(tuple)


def _polynomial(children: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    return st.one_of(
        st.builds(Neg, children),
        st.builds(Add, _pairs(children)),
        st.builds(Mul, _pairs(children)),
        st.builds(Div, children, positive),
        st.builds(Pow, children, st.integers(0, 3).map(lambda n: Num(Fraction(n)))),
    )


def _any(children: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    return st.one_of(
        _polynomial(children),
        st.builds(Div, children, letters | positive, st.booleans()),
        st.builds(Pow, children, letters),
        st.builds(Root, children, st.integers(2, 5)),
        st.builds(Abs, children),
        st.builds(Percent, whole | decimals),
    )


polynomials = st.recursive(whole | letters | st.builds(Root, positive), _polynomial, max_leaves=8)
trees = st.recursive(whole | decimals | mixed | letters | st.just(Pi()), _any, max_leaves=10)
