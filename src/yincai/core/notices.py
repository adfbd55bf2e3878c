"""The notice call: a sentence to a person, with a link. `registry` keeps and shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from uuid import UUID

NoticeSink = Callable[[Iterable[UUID], str, str], None]
_sinks: list[NoticeSink] = []


def register_notice_sink(sink: NoticeSink) -> None:
    _sinks.append(sink)


def notify(people: Iterable[UUID], sentence: str, link: str = "") -> None:
    """Tell people (by person id) something; inside an action it joins the action's transaction."""
    for sink in _sinks:
        sink(people, sentence, link)
