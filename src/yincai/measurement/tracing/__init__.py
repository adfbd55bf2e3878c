"""What a learner can do, traced through answers.

`gauss` is the live mastery head: ability per knowledge point with uncertainty, monotone in the evidence; its names are
the package's own. The other modules predict the next answer and stand behind one interface (`log`): `bkt`, `pfa`,
`logistic`, `boosting` (needs scikit-learn) and `default`, the one that learning uses. `evaluate` scores them on logs by
folds of learners and audits them for leaks; `metrics` holds the figures.
"""

from __future__ import annotations

from yincai.measurement.tracing.gauss import (
    ANSWER,
    DAY,
    DEFAULT,
    ENOUGH,
    GROWING,
    HEADER,
    LABELS,
    LAYOUT,
    MASTERED,
    MODEL,
    MOST,
    POINT,
    RECENT,
    STARTING,
    STEEPEST,
    UNSEEN,
    Floats,
    ItemBatch,
    ItemInfo,
    Masteries,
    Mastery,
    Parameters,
    State,
    abilities,
    masteries,
    mastery,
    predict,
    update,
)

__all__ = [
    "ANSWER",
    "DAY",
    "DEFAULT",
    "ENOUGH",
    "GROWING",
    "HEADER",
    "LABELS",
    "LAYOUT",
    "MASTERED",
    "MODEL",
    "MOST",
    "POINT",
    "RECENT",
    "STARTING",
    "STEEPEST",
    "UNSEEN",
    "Floats",
    "ItemBatch",
    "ItemInfo",
    "Masteries",
    "Mastery",
    "Parameters",
    "State",
    "abilities",
    "masteries",
    "mastery",
    "predict",
    "update",
]
