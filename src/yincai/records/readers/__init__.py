"""Reading what lies in files, without models and without a Django set-up.

`lake`: Ibis tables over the Parquet of an installation. Each other module reads one kind of file that people bring to
`yincai measure`, into plain arrays; a file that cannot be read raises `Unreadable`, which says what, where and how to
mend it.
"""

from __future__ import annotations

from yincai.records.readers.lake import (
    FACTS,
    MASTERY,
    SCORES,
    all_facts,
    connect,
    facts,
    lake_folder,
    mastery_now,
    score_facts,
)

__all__ = [
    "FACTS",
    "MASTERY",
    "SCORES",
    "Unreadable",
    "all_facts",
    "connect",
    "facts",
    "lake_folder",
    "mastery_now",
    "score_facts",
]


class Unreadable(ValueError):
    """A file that is not what it should be: the message is for the person who brought it."""
