"""A day in the words of a school: 2026–2027 学年秋季学期 · 第 12 周 · 星期三."""

from __future__ import annotations

from datetime import date

from yincai.registry.queries import term_at

WEEKDAYS = "一二三四五六日"
NUMBERS = "零一两三四五六七八九十"


def day_words(day: date, place: str) -> str:
    said = f"{day.month} 月 {day.day} 日 · 星期{WEEKDAYS[day.weekday()]}"
    term = term_at(day, place) if place else None
    if term is None:
        return f"{said} · 不在学期内" if place else said
    year = term.year.name.removesuffix("学年").strip()
    return f"{year} 学年{term.name} · 第 {term.week_of(day)} 周 · {said}"


def counted(number: int) -> str:
    """Small numbers as one says them: 两节课, 三件事."""
    return NUMBERS[number] if 0 <= number < len(NUMBERS) else str(number)


def nth(number: int) -> str:
    """第二节, not 第两节."""
    return "二" if number == 2 else counted(number)
