"""Items with known parameters on a scale: what a calibration gives and what scoring, information and tests need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from yincai.measurement.irt import curves
from yincai.measurement.irt.responses import Floats, Ints, Responses, pack

NO_FLOOR = -1e4  # logit of a guessing floor of exactly zero


@dataclass(frozen=True)
class Model:
    """Which curves, and which of a, d, g are estimated. With a fixed slope the latent variance is free."""

    name: str
    family: int
    slope: bool
    floor: bool = False

    @property
    def binary(self) -> bool:
        return self.family == curves.BINARY


MODELS = {
    model.name: model
    for model in (
        Model("rasch", curves.BINARY, slope=False),
        Model("2pl", curves.BINARY, slope=True),
        Model("3pl", curves.BINARY, slope=True, floor=True),
        Model("grm", curves.GRADED, slope=True),
        Model("pcm", curves.PARTIAL, slope=False),
        Model("gpcm", curves.PARTIAL, slope=True),
    )
}


def model_named(name: str) -> Model:
    if name not in MODELS:
        raise ValueError(f"no model {name!r}; there are {', '.join(MODELS)}")
    return MODELS[name]


@dataclass(frozen=True)
class Item:
    """One item's parameters (D = 1): slope a, difficulty b (for grm, pcm and gpcm one for each step), floor c.

    `lowest` is the score of the lowest category.
    """

    a: float
    b: float | tuple[float, ...]
    c: float = 0.0
    lowest: int = 0


@dataclass(frozen=True)
class Bank:
    """Items on the scale on which the learners are N(mean, variance).

    `xi` (items × parameters) is one row a, d_1 … d_M, g for each item, as in `curves`; entries beyond an item's own
    steps are zero. An item with one category (m = 0) says nothing and is passed over.
    """

    model: Model
    names: tuple[str, ...]
    xi: Floats
    categories: Ints
    lowest: Ints
    mean: float = 0.0
    variance: float = 1.0

    def __len__(self) -> int:
        return len(self.names)

    @property
    def first(self) -> Ints:
        return np.concatenate([[0], np.cumsum(self.categories)])

    @property
    def steps(self) -> NDArray[np.bool_]:
        """Which d of each item there are (items × most steps)."""
        there: NDArray[np.bool_] = np.arange(self.xi.shape[1] - 2) < (self.categories - 1)[:, None]
        return there

    @property
    def a(self) -> Floats:
        """Slopes (items); NaN for an item that says nothing."""
        return np.where((self.categories > 1) & (self.xi[:, 0] != 0), self.xi[:, 0], np.nan)

    @property
    def b(self) -> Floats:
        """Difficulties (items, or items × steps for models of several steps; NaN where an item has fewer)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            steps = np.where(self.steps, -self.xi[:, 1:-1] / self.xi[:, :1], np.nan)
        return steps[:, 0] if self.model.binary else steps

    @property
    def c(self) -> Floats:
        """Guessing floors (items); zero but for 3pl."""
        return 1.0 / (1.0 + np.exp(-np.maximum(self.xi[:, -1], -700.0))) * (self.xi[:, -1] > NO_FLOOR)

    def item(self, which: int | str) -> Item:
        """One item by its number or name."""
        number = self.names.index(which) if isinstance(which, str) else which
        steps = -self.xi[number, 1 : self.categories[number]] / self.xi[number, 0]
        b = float(steps[0]) if self.model.binary else tuple(steps.tolist())
        return Item(float(self.xi[number, 0]), b, float(self.c[number]), int(self.lowest[number]))

    def chosen(self, which: Sequence[int] | Ints) -> Bank:
        """A bank of some of the items, in the order asked for."""
        rows = np.asarray(which, np.int64)
        names = tuple(self.names[row] for row in rows)
        return replace(self, names=names, xi=self.xi[rows], categories=self.categories[rows], lowest=self.lowest[rows])

    def pack(self, responses: ArrayLike | Responses) -> Responses:
        """Responses to these items, whatever scores happen to occur among them. ValueError when they do not fit."""
        if not isinstance(responses, Responses):
            return pack(responses, self.names, categories=self.categories, lowest=self.lowest)
        if len(responses.items) != len(self):
            raise ValueError(f"responses to {len(responses.items)} items for a bank of {len(self)}")
        if (responses.categories == self.categories).all() and (responses.lowest == self.lowest).all():
            return responses
        return recoded(responses, self.categories, self.lowest)

    def probabilities(self, theta: ArrayLike) -> Floats:
        """P(score = category) (θ × items × most categories; zero where an item has fewer)."""
        at = np.atleast_1d(np.asarray(theta, float))
        p = curves.curve_tables(self.model.family, self.xi, self.first, at)[0]
        shaped = np.zeros((len(at), len(self), int(self.categories.max())))
        for number, (begin, many) in enumerate(zip(self.first, self.categories, strict=False)):
            shaped[:, number, :many] = p[begin : begin + many].T
        return shaped

    def expected(self, theta: ArrayLike) -> Floats:
        """Expected score (θ × items)."""
        p = self.probabilities(theta)
        return np.asarray(p @ np.arange(p.shape[2]) + self.lowest)


def recoded(responses: Responses, categories: Ints, lowest: Ints) -> Responses:
    """The same answers with another table of categories; ValueError when one lies outside."""
    item_of = np.repeat(np.arange(len(categories)), responses.categories)
    score_of = np.arange(len(item_of)) - responses.first[item_of] + responses.lowest[item_of]
    inside = (score_of >= lowest[item_of]) & (score_of < (lowest + categories)[item_of])
    first = np.concatenate([[0], np.cumsum(categories)])
    code = np.where(inside, first[item_of] + score_of - lowest[item_of], -1)
    outside = np.flatnonzero(~inside)
    used = outside[np.bincount(responses.codes, minlength=len(code))[outside] > 0] if len(outside) else outside
    for wrong in used[:1]:
        name = responses.items[item_of[wrong]]
        raise ValueError(f"{name}: a score of {score_of[wrong]} is outside the categories of the model")
    return replace(responses, codes=code.astype(np.int32)[responses.codes], categories=categories, lowest=lowest)


def bank(
    model: str,
    items: Mapping[str, Item] | Iterable[Item],
    *,
    mean: float = 0.0,
    variance: float = 1.0,
) -> Bank:
    """A bank of items with known parameters.

    >>> two = bank("2pl", {"easy": Item(1.2, -1.0), "hard": Item(0.8, 1.5)})
    >>> two.expected(0.0).round(2)
    array([[0.77, 0.23]])
    """
    kind = model_named(model)
    named = dict(items) if isinstance(items, Mapping) else {f"item{n}": each for n, each in enumerate(items, 1)}
    if not named or not variance > 0:
        raise ValueError("a bank needs at least one item and a positive latent variance")
    rows = [_intercepts(name, item, kind) for name, item in named.items()]
    most = max(map(len, rows))
    xi = np.zeros((len(rows), most + 2))
    for number, (steps, item) in enumerate(zip(rows, named.values(), strict=True)):
        xi[number, 0], xi[number, 1 : len(steps) + 1] = item.a, steps
        xi[number, -1] = np.log(item.c / (1 - item.c)) if item.c > 0 else NO_FLOOR
    categories = np.array([len(steps) + 1 for steps in rows], np.int64)
    lowest = np.array([item.lowest for item in named.values()], np.int64)
    return Bank(kind, tuple(named), xi, categories, lowest, mean, variance)


def _intercepts(name: str, item: Item, model: Model) -> Floats:
    b = np.atleast_1d(np.asarray(item.b, float))
    if not (np.isfinite(item.a) and item.a != 0 and np.isfinite(b).all() and b.size and 0 <= item.c < 1):
        raise ValueError(f"{name}: a must be finite and not 0, b finite, 0 <= c < 1; not {item}")
    if model.binary and b.size > 1:
        raise ValueError(f"{name}: {model.name} takes one b, not {b.size}")
    if model.family == curves.GRADED and (np.diff(-item.a * b) >= 0).any():
        raise ValueError(f"{name}: the steps of a graded item must rise: {item.b}")
    if (item.c > 0 and not model.floor) or (not model.slope and item.a != 1):
        raise ValueError(f"{name}: {model.name} has {'no floor c' if item.c else 'slope 1'}; not {item}")
    return np.asarray(-item.a * b)


def simulate(items: Bank, theta: ArrayLike, rng: np.random.Generator) -> Floats:
    """Scores (learners × items) drawn for the given abilities.

    >>> simulate(bank("rasch", [Item(1.0, 0.0)]), [-9.0, 9.0], np.random.default_rng(1)).tolist()
    [[0.0], [1.0]]
    """
    at = np.atleast_1d(np.asarray(theta, float))
    p = curves.curve_tables(items.model.family, items.xi, items.first, at)[0]
    scores = np.empty((len(at), len(items)))
    for number, (begin, many) in enumerate(zip(items.first, items.categories, strict=False)):
        passed = np.cumsum(p[begin : begin + many - 1], axis=0) < rng.random(len(at))
        scores[:, number] = passed.sum(axis=0) + items.lowest[number]
    return scores
