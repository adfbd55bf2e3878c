"""`python -m bench [--full] [NAME …]`: runs the benches and writes build/bench.json; exit 1 when a goal is missed.

Each figure is also added to bench/history.jsonl with its date and commit: that file is committed
with the figures that a text names.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import bench
from bench.measure import Measure

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "build" / "bench.json"
HISTORY = ROOT / "bench" / "history.jsonl"


def names() -> list[str]:
    found = (module.name for module in pkgutil.iter_modules(bench.__path__))
    return sorted(name.removeprefix("bench_") for name in found if name.startswith("bench_"))


def measures(chosen: list[str], full: bool) -> Iterator[Measure]:
    for name in chosen:
        print(f"== {name}", flush=True)
        began = time.monotonic()
        yield from importlib.import_module(f"bench.bench_{name}").run(full)
        print(f"== {name}: {time.monotonic() - began:.0f} s", flush=True)


def save(rows: list[dict[str, object]]) -> None:
    """After each figure, so that a long run that is stopped keeps what it has; other benches' rows stay."""
    RESULT.parent.mkdir(exist_ok=True)
    new = {row["name"] for row in rows}
    held = json.loads(RESULT.read_text()) if RESULT.exists() else []
    RESULT.write_text(json.dumps([row for row in held if row["name"] not in new] + rows, ensure_ascii=False, indent=1))


def remember(row: dict[str, object], commit: str, full: bool) -> None:
    about = {"date": datetime.now(UTC).date().isoformat(), "commit": commit, "full": full, "cores": os.cpu_count()}
    with HISTORY.open("a") as file:
        file.write(json.dumps({**about, **row}, ensure_ascii=False) + "\n")


def commit_now() -> str:
    """The commit that is measured, with a "+" when src differs from it; "" outside a checkout."""
    return _git("rev-parse", "--short", "HEAD") + ("+" if _git("status", "--porcelain", "--", "src") else "")


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True).stdout.strip()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--full", action="store_true", help="full size; may take an hour")
    parser.add_argument("name", nargs="*", choices=[*names(), []], help="only these (default: all)")
    asked = parser.parse_args()
    rows, commit = [], commit_now()
    for measure in measures(asked.name or names(), asked.full):
        print(measure, flush=True)
        rows.append(measure.as_row())
        save(rows)
        remember(rows[-1], commit, asked.full)
    return 1 if any(row["holds"] is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
