"""Processes that simulate classes while this one writes."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from types import TracebackType

from django.db import connections

from yincai.core.child import tie_to
from yincai.portal.demo.practice import ClassTask, Practised, Workshop

_shop: Workshop | None = None


def _practise(task: ClassTask) -> Practised:
    assert _shop is not None  # noqa: S101 - set before the process was forked
    return _shop.practise(task)


def _begin(parent: int) -> None:
    """A process of the crew ends with the writer, however that ends, and leaves an interruption to it."""
    tie_to(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()


class Crew:
    """`size` processes, forked here and now: before the writer opens its transaction and starts any thread. With none,
    the classes are simulated where they are asked for."""

    def __init__(self, shop: Workshop, size: int) -> None:
        global _shop
        _shop = shop
        self._pool = None
        if size:
            connections.close_all()  # no process inherits another's connection
            self._pool = multiprocessing.get_context("fork").Pool(size, _begin, [os.getpid()])

    def __enter__(self) -> Crew:
        """Rows by the hundred thousand and no cycles among them: looking for garbage would take a third of the time."""
        gc.disable()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        gc.enable()
        if self._pool:
            self._pool.terminate()
            self._pool.join()

    def practise(self, tasks: Sequence[ClassTask]) -> Iterator[Practised]:
        """In the order of the tasks; begun at once."""
        return self._pool.imap(_practise, tasks) if self._pool else map(_practise, tasks)
