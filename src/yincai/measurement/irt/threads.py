"""Work shared by the cores: compiled loops that release Python's lock, each over a range of its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from yincai.measurement.irt.responses import Responses

T = TypeVar("T")
SMALL = 200_000  # responses below which a second thread costs more than it saves
MOST_THREADS = 8


def cores() -> int:
    """Cores that this process may use."""
    free = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(free, MOST_THREADS)


def by_range(part: Callable[[int, int], T], n: int, fewest: int) -> list[T]:
    """`part(begin, end)` over 0 … n − 1 in even pieces, alone when there are less than `fewest`."""
    threads = 1 if n < fewest else cores()
    return _run(part, [n * number // threads for number in range(threads + 1)])


def by_responses(part: Callable[[int, int], T], responses: Responses, stride: int = 1) -> list[T]:
    """`part(begin, end)` over the rows, in pieces with equally many responses that begin at a multiple of `stride`."""
    threads = 1 if len(responses.codes) < SMALL * stride else cores()
    asked = np.linspace(0, len(responses.codes), threads + 1)
    bounds = np.searchsorted(responses.start, asked) // stride * stride
    bounds[-1] = responses.n_rows
    return _run(part, bounds.tolist())


def _run(part: Callable[[int, int], T], bounds: list[int]) -> list[T]:
    if len(bounds) == 2:
        return [part(*bounds)]
    with ThreadPoolExecutor(len(bounds) - 1) as pool:
        return list(pool.map(part, bounds[:-1], bounds[1:]))
