"""The rows that a learner state makes in the lake: one for each knowledge point that was answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from yincai.learning.tracing.state import Traced
from yincai.records.lake import HeldState

if TYPE_CHECKING:
    import pyarrow as pa


def mastery_rows(states: Sequence[HeldState], as_of: datetime) -> pa.Table:
    """Columns as `records.readers.MASTERY`; `label` indexes `measurement.tracing.LABELS`."""
    import pyarrow as pa

    moment = as_of.timestamp()
    traced: list[Traced] = [held.state for held in states]
    tables = [state.masteries(moment) for state in traced]
    seen = [state.mastery.seen for state in traced]
    sizes = [len(slots) for slots in seen]
    rows = sum(sizes)

    def gathered(name: str, kind: str) -> pa.Array:
        values = [getattr(table, name)[slots] for table, slots in zip(tables, seen, strict=True)]
        return pa.array(np.concatenate(values).astype(kind) if values else np.zeros(0, kind))

    return pa.table(
        {
            "pupil": pa.array(np.repeat(np.array([held.pupil for held in states], np.int64), sizes)),
            "subject": pa.array(np.repeat([held.subject for held in states], sizes), pa.string()),
            "slot": pa.array(np.concatenate(seen).astype("i2") if seen else np.zeros(0, "i2")),
            "mean": gathered("mean", "f4"),
            "variance": gathered("variance", "f4"),
            "value": gathered("value", "f4"),
            "se": gathered("se", "f4"),
            "n": gathered("n", "i4"),
            "label": gathered("label", "i1"),
            "model": pa.array(np.repeat([held.versions.model for held in states], sizes), pa.string()),
            "as_of": pa.array([as_of] * rows, pa.timestamp("us", tz="UTC")),
            "place": pa.array(np.repeat([held.place for held in states], sizes), pa.string()),
        }
    )
