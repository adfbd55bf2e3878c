"""Draws all pictures, or those of the topics named: python -m tools.plots irt."""

from __future__ import annotations

import sys
from importlib import import_module

from tools.plots import TOPICS
from tools.plots.sheet import ROOT, save


def main(topics: list[str]) -> None:
    for topic in topics or TOPICS:
        if topic not in TOPICS:
            sys.exit(f"plots: no topic {topic!r}; there are {', '.join(TOPICS)}")
        for name, draw in import_module(f"tools.plots.{topic}").PICTURES.items():
            print(save(draw(), name).relative_to(ROOT))


main(sys.argv[1:])
