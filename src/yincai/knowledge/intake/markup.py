"""Text of items: ours is plain text with LaTeX between `$` (inline) or `$$` (displayed).

Foreign banks write LaTeX documents in pieces; `from_latex_text` makes ours of theirs, so that a page need know one
form only. What stands inside a formula is left as it is, but for names that only text mode knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

Piece = tuple[str, bool]  # text, is it a formula?


class Unbalanced(ValueError):
    pass


def pieces(text: str) -> Iterator[Piece]:
    """The text in order, formulas apart from the rest; raises Unbalanced where a `$` is never closed."""
    at = 0
    while at < len(text):
        start = text.find("$", at)
        if start < 0:
            yield text[at:], False
            return
        if start > at:
            yield text[at:start], False
        mark = "$$" if text.startswith("$$", start) else "$"
        end = text.find(mark, start + len(mark))
        if end < 0:
            raise Unbalanced(text[start : start + 20])
        yield text[start + len(mark) : end], True
        at = end + len(mark)


def unbalanced(text: str) -> bool:
    """Is there a `$` without its partner, or something in a formula that shows that they are paired wrongly?"""
    try:
        return any(is_formula and "$" in piece for piece, is_formula in pieces(text))
    except Unbalanced:
        return True


# Blanks to fill in, in the many ways of the bank.
_BLANK = re.compile(r"~*\\(?:uline|underline)\{[~\s\\quad]*\}~*|(?:\\?_){2,}")
_BREAK = re.compile(r"\\hfill\s*\\break|\\newline|</?p>|<br\s*/?>|\\n(?![a-zA-Z])")
# Bold print may enclose formulas, so it is taken off before they are told apart.
_BOLD = re.compile(r"\\textbf\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}")
_STYLED = re.compile(r"\\(?:textbf|emph|textit|uline|text|rm|mathrm)\s*\{([^{}]*)\}|</?u>")
_RAISED = re.compile(r"\\textsuperscript\{([^{}]*)\}")
_LOWERED = re.compile(r"\\textsubscript\{([^{}]*)\}")
_SIGN = re.compile(
    r"\\(textless|textgreater|textbar|textasciitilde|textquotesingle|ldots|cdots|quad)(?![a-zA-Z])(?:\{\})?"
)
_SIGNS = {
    "textless": "<",
    "textgreater": ">",
    "textbar": "|",
    "textasciitilde": "～",
    "textquotesingle": "'",
    "ldots": "……",
    "cdots": "……",
    "quad": " ",
}
_TIES = re.compile(r"[~ ]*~[~ ]*")
_EMPTY_BRACKETS = re.compile(r"[（(]\s*[)）]")
_DOUBLE_SLASH = re.compile(r"\s*\\\\\s*")
_ESCAPED = re.compile(r"\\([%#&_/,^{}])")
_QUOTED = re.compile(r"``(.*?)''", re.DOTALL)
_IN_FORMULA: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"\\textless(?![a-zA-Z])(?:\s*\{\})?"), "<"),
    (re.compile(r"\\textgreater(?![a-zA-Z])(?:\s*\{\})?"), ">"),
    (re.compile(r"\\textbar(?![a-zA-Z])(?:\s*\{\})?"), "|"),
    (re.compile(r"\\textasciitilde(?![a-zA-Z])(?:\s*\{\})?"), r"\\sim "),
    (re.compile(r"\\textquotesingle(?![a-zA-Z])(?:\s*\{\})?"), "'"),
    (re.compile(r"\\uline(?![a-zA-Z])"), r"\\underline"),
    (re.compile(r"\\(?:emph|textbf)(?![a-zA-Z])"), r"\\text"),
    # Slips of the bank: braces and row breaks that lost their backslash, alignment marks that gained one.
    (re.compile(r"\\(left|right)\s*(?=[{}])"), r"\\\1\\"),
    (re.compile(r"\\([nm])(?=\s*[=+\-])"), r"\\\\ \1"),
    (re.compile(r"\\/|&lt;\{\}"), lambda found: "<" if found[0].startswith("&") else ""),
    (re.compile(r"\\(begin|end)\{(?:align|eqnarray)\*?\}"), r"\\\1{aligned}"),
    (re.compile(r"\\begin\{array\}\s*\{\*\{\d+\}\{(\w)\}\}"), r"\\begin{array}{\1\1\1\1}"),
    (re.compile(r"\\begin\{array\}(?!\s*\{)"), r"\\begin{array}{llll}"),
)
_TABLE = re.compile(r"\\begin\{.*\\end\{", re.DOTALL)
# `\textbark`: in this bank a name of text mode may run into the letter that follows it.
_RUN_TOGETHER = re.compile(r"\\(textless|textgreater|textbar)(?=[a-zA-Z])")
_WIDE_GAP = re.compile(r"(?<=\S) {2,}(?=\S)")
_OPENING = "\ue000"  # stands for the blank while formulas are apart


def from_latex_text(text: str) -> str:
    """A piece of a LaTeX document → our markup: its `$$…$$` are inline, two spaces end a paragraph."""
    text = _QUOTED.sub(r"“\1”", _BOLD.sub(r"\1", text)).strip()
    text = text.replace(r"\[", "$").replace(r"\]", "$")
    try:
        parts = list(pieces(text))
    except Unbalanced:
        return text
    joined = "".join(_formula(part) if is_formula else _words(part) for part, is_formula in parts)
    return _WIDE_GAP.sub("\n\n", joined.replace(_OPENING, "____")).strip()


def _formula(text: str) -> str:
    text = _RUN_TOGETHER.sub(r"\\\1 ", text)
    for pattern, ours in _IN_FORMULA:
        text = pattern.sub(ours, text)
    if _TABLE.search(text):
        text = text.replace(r"\&", "&")
    text = re.sub(r"\s+", " ", text).strip()
    return f"${text}$" if text else ""


def _words(text: str) -> str:
    text = _DOUBLE_SLASH.sub("\n\n", _BREAK.sub("\n\n", text))
    text = _TIES.sub(" ", _BLANK.sub(_OPENING, text))
    text = _RAISED.sub(r"$^{\1}$", text)
    text = _LOWERED.sub(r"$_{\1}$", text)
    text = _STYLED.sub(lambda found: found[1] or "", text)
    text = _SIGN.sub(lambda found: _SIGNS[found[1]], text)
    text = _EMPTY_BRACKETS.sub("（　　）", text)
    return _ESCAPED.sub(r"\1", text)
