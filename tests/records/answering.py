"""A process that answers until it is killed; started by test_concurrency.

Says `sending ID` before and `stored ID` after each answer; flushed, so that what was said was true.
"""

from __future__ import annotations

import sys
from uuid import UUID

import django

django.setup()

from tests.records.conftest import response, say  # noqa: E402
from yincai.core.actors import installation  # noqa: E402
from yincai.core.ids import new_id  # noqa: E402
from yincai.learning.tracing.versions import numbers_in_use  # noqa: E402
from yincai.records.recording import record  # noqa: E402


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(pupil: int, place: str, start: int, retry: str) -> None:
    actor = installation()
    trees = numbers_in_use().trees
    trees.update(trees.start(), 0, 1.0, 0.0)  # what is compiled is loaded before the killer's clock runs
    tell("ready")
    for nth in range(start - bool(retry), start + 100_000):
        statement_id = UUID(retry) if retry else new_id()
        retry = ""
        given = response(pupil, place, nth)
        tell(f"sending {statement_id}")
        record(say(given, statement_id), given, acting_user=actor)
        tell(f"stored {statement_id}")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4])
