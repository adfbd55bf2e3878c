"""The subject graph: what there is to learn in a subject, and what stands on what.

    from yincai.knowledge.graph import load
    graph = load()                      # mathematics, grades 3-8
    graph["m5.frac.add-unlike"].needs   # ("m5.frac.add-like", "m5.frac.common")

The graph is a file kept under version control, not rows: a learner state packs its arrays by a point's
slot, so a change of the graph is a release with a version number, never an edit on a page.
"""

from yincai.knowledge.graph.loader import GraphError, Point, SubjectGraph, Unit, load, parse

__all__ = ["GraphError", "Point", "SubjectGraph", "Unit", "load", "parse"]
