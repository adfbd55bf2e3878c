"""Classical item analysis: how hard an item was, whether it goes with the others, what its options did.

    for item in analyse(scores):
        print(item)

Small numbers are the rule here (one class, one practice), so nothing is flagged by a point estimate: a flag is raised
only where the whole interval lies beyond the bound.
"""

from __future__ import annotations

from yincai.measurement.items.analysis import (
    BESIDE,
    EASY,
    HARD,
    LURING,
    MISFIT,
    STRONGER,
    Item,
    Option,
    analyse,
)

__all__ = ["BESIDE", "EASY", "HARD", "LURING", "MISFIT", "STRONGER", "Item", "Option", "analyse"]
