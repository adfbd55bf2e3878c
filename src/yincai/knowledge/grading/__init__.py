"""Grading of typed answers: what was typed → tree → normal form → verdict, by declared rules.

Pure Python, no Django. Open in order: `rules` (what an item may declare), `lex` and `parse`
(text to tree), `normal` (exact normal form), `worker` (what the normal form cannot settle),
`grade` (the verdict), `preview` (what the keypad shows while typing).
"""
