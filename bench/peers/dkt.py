"""Deep knowledge tracing on a given log: `python dkt.py FILE.npz`, JSON on standard output.

FILE holds learner, unit and correct (n,), learner after learner, and held (n,): 1 for the learners that are scored. One
layer of LSTM over what was answered and how, as in Piech et al. (2015), Deep knowledge tracing, NeurIPS 28; a tenth of
the other learners says when to stop.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from sklearn.metrics import roc_auc_score

HIDDEN, EMBEDDED, LENGTH, BATCH = 128, 64, 200, 16
DROPPED, RATE, EPOCHS, PATIENCE = 0.4, 3e-3, 40, 5
Numbers = dict[str, Any]


def start(units: int, mean: np.ndarray) -> Numbers:
    """The last layer begins at the units' own means, which trains sooner than from nothing."""
    one, two, three = jax.random.split(jax.random.PRNGKey(0), 3)
    return {
        "embedding": 0.1 * jax.random.normal(one, (2 * units, EMBEDDED)),
        "gates": 0.08 * jax.random.normal(two, (EMBEDDED + HIDDEN, 4 * HIDDEN)),
        "bias": jnp.zeros(4 * HIDDEN).at[HIDDEN : 2 * HIDDEN].set(1.0),
        "out": 0.05 * jax.random.normal(three, (units, HIDDEN)),
        "level": jnp.asarray(np.log(mean / (1.0 - mean)), jnp.float32),
    }


def margins(numbers: Numbers, unit: Any, right: Any, dropped: Any) -> Any:
    """Logits of each answer from those before it. unit, right : (learners, length). dropped : a key, or None."""
    seen = jnp.swapaxes(numbers["embedding"][2 * unit + right], 0, 1)
    none = jnp.zeros((len(unit), HIDDEN))

    def step(held: tuple[Any, Any], now: Any) -> tuple[tuple[Any, Any], Any]:
        said, cell = held
        gates = jnp.concatenate([now, said], 1) @ numbers["gates"] + numbers["bias"]
        take, keep, show, new = jnp.split(gates, 4, 1)
        cell = jax.nn.sigmoid(keep) * cell + jax.nn.sigmoid(take) * jnp.tanh(new)
        said = jax.nn.sigmoid(show) * jnp.tanh(cell)
        return (said, cell), said

    _, states = jax.lax.scan(step, (none, none), seen)
    before = jnp.concatenate([none[:, None], jnp.swapaxes(states, 0, 1)[:, :-1]], 1)
    if dropped is not None:
        before = before * jax.random.bernoulli(dropped, 1.0 - DROPPED, before.shape) / (1.0 - DROPPED)
    return (before * numbers["out"][unit]).sum(-1) + numbers["level"][unit]


def loss(numbers: Numbers, unit: Any, right: Any, there: Any, dropped: Any) -> Any:
    each = optax.sigmoid_binary_cross_entropy(margins(numbers, unit, right, dropped), right)
    return (each * there).sum() / there.sum()


LEARN = optax.chain(optax.clip_by_global_norm(5.0), optax.adam(optax.exponential_decay(RATE, 400, 0.7)))
told = jax.jit(lambda numbers, unit, right: margins(numbers, unit, right, None))


@jax.jit
def improved(numbers: Numbers, memory: Any, unit: Any, right: Any, there: Any, dropped: Any) -> tuple[Numbers, Any]:
    steps, memory = LEARN.update(jax.grad(loss)(numbers, unit, right, there, dropped), memory)
    return optax.apply_updates(numbers, steps), memory


def table(rows: list[tuple[np.ndarray, np.ndarray]], length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Units, outcomes and which are there, each (rows, length)."""
    unit, right, there = (np.zeros((len(rows), length), np.int32) for _ in range(3))
    for place, (what, how) in enumerate(rows):
        unit[place, : len(what)], right[place, : len(what)], there[place, : len(what)] = what, how, 1
    return unit, right, there


def said(numbers: Numbers, rows: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Logits of all answers of some learners, one after the other."""
    unit, right, there = table(rows, max(len(what) for what, _ in rows))
    return np.asarray(told(numbers, unit, right))[there == 1]


def trained(
    learners: list[tuple[np.ndarray, np.ndarray]], kept: list[tuple[np.ndarray, np.ndarray]], units: int
) -> Numbers:
    what, how = (np.concatenate(each) for each in zip(*learners, strict=True))
    mean = (np.bincount(what, how, units) + 1.0) / (np.bincount(what, minlength=units) + 1.4)
    parts = [(u[at : at + LENGTH], r[at : at + LENGTH]) for u, r in learners for at in range(0, len(u), LENGTH)]
    unit, right, there = table(parts, LENGTH)
    numbers = best = start(units, mean)
    memory, chance, key = LEARN.init(numbers), np.random.default_rng(0), jax.random.PRNGKey(1)
    outcome = np.concatenate([right for _, right in kept])
    highest, since = 0.0, 0
    for _ in range(EPOCHS):
        order = chance.permutation(len(unit))
        for some in np.split(order, range(BATCH, len(order), BATCH)):
            key, now = jax.random.split(key)
            numbers, memory = improved(numbers, memory, unit[some], right[some], there[some], now)
        reached, since = roc_auc_score(outcome, said(numbers, kept)), since + 1
        if reached > highest:
            highest, best, since = reached, numbers, 0
        if since == PATIENCE:
            break
    return best


def main(path: str) -> None:
    file = np.load(path)
    learner, unit, right, held = (file[name] for name in ("learner", "unit", "correct", "held"))
    cuts = np.flatnonzero(np.diff(learner)) + 1
    each = list(zip(np.split(unit, cuts), np.split(right, cuts), strict=True))
    scored = [bool(part[0]) for part in np.split(held, cuts)]
    others = [one for one, is_held in zip(each, scored, strict=True) if not is_held]
    numbers = trained([one for nth, one in enumerate(others) if nth % 10], others[::10], int(unit.max()) + 1)
    logit = said(numbers, [one for one, is_held in zip(each, scored, strict=True) if is_held])
    print(json.dumps({"version": version("jax"), "logit": logit.tolist()}))


if __name__ == "__main__":
    main(sys.argv[1])
