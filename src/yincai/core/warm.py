"""What each web process makes ready by itself once it serves, so that nobody's first page waits for it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Thread

WARM: list[Callable[[], object]] = []


def register_warm(ready: Callable[[], object]) -> None:
    """`ready` loads what is slow to load and asks no database."""
    WARM.append(ready)


def start() -> Thread:
    """Beside the pages, not before them: a process answers at once, its first pages a little slower."""
    thread = Thread(target=_all, name="warm", daemon=True)
    thread.start()
    return thread


def _all() -> None:
    for ready in WARM:
        try:
            ready()
        except Exception:
            logging.getLogger(__name__).exception("%s is not ready; the first page that needs it tries again", ready)
