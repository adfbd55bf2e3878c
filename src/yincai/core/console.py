"""Progress on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def bytes_progress(console: Console, title: str) -> Iterator[Callable[[int], Callable[[int], None]]]:
    """Yields `start(total)`, which gives `advance(bytes)`; each start is a bar of its own."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:

        def start(total: int) -> Callable[[int], None]:
            bar = bars.add_task(title, total=total)
            return lambda size: bars.advance(bar, size)

        yield start
