"""A school year around today, so that a term is always running and has run for some weeks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from yincai.registry.calendar import AUTUMN, SPRING, Span, terms_of, year_holding

LEAST = timedelta(weeks=8)  # a term that began later than this gives too little to look at
BEHIND, AHEAD = 14, 5  # weeks of the term that is then put around today


@dataclass(frozen=True)
class Calendar:
    """`term` is the one that runs."""

    year: Span
    terms: tuple[Span, ...]
    term: Span


def around(today: date) -> Calendar:
    """The usual calendar where its term has run for a while; otherwise one whose term does."""
    year = year_holding(today)
    for term in terms_of(year):
        if term.starts + LEAST <= today <= term.ends:
            return Calendar(year, tuple(terms_of(year)), term)
    return _stretched(year, today)


def _stretched(year: Span, today: date) -> Calendar:
    monday = today - timedelta(days=today.weekday())
    name = AUTUMN if today.month >= 8 or today.month <= 1 else SPRING
    term = Span(name, monday - timedelta(weeks=BEHIND), monday + timedelta(weeks=AHEAD, days=-3))
    whole = Span(year.name, min(year.starts, term.starts), max(year.ends, term.ends))
    return Calendar(whole, (term,), term)


def mondays(term: Span, until: date) -> list[date]:
    """The Mondays of the weeks in which pupils practise: from the term's second week to today's."""
    first = term.starts - timedelta(days=term.starts.weekday()) + timedelta(weeks=1)
    return [first + timedelta(weeks=week) for week in range((until - first).days // 7 + 1)]
