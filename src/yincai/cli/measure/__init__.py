"""`yincai measure KIND …`: the numerics on files, for people who do not write Python. Needs no database and no Django.

Each kind is a module beside this one with `HELP`, `add_arguments(parser)` and `run(asked) -> int`. With `--json`,
stdout is one JSON document; exit 0 good, 1 a finding, 2 wrong use.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from typing import Any

from yincai.records.readers import Unreadable

KINDS = ("irt", "link", "tracing", "diagnosis", "errors", "growth", "audit")
WRONG_USE = 2
REASONS: dict[type[OSError], str] = {
    FileNotFoundError: "没有这个文件或文件夹。请核对路径。",
    IsADirectoryError: "这是文件夹，要一个文件。",
    PermissionError: "没有权限打开。请核对文件的权限。",
}


def main(words: list[str]) -> int:
    """Run one kind; returns the exit code."""
    parser = argparse.ArgumentParser(prog="yincai measure", description="对文件做测量，不需要数据库。")
    kinds = parser.add_subparsers(metavar="种类", required=True)
    for name in [word for word in words[:1] if word in KINDS] or KINDS:  # one is asked for: load no other
        module = importlib.import_module(f"yincai.cli.measure.{name}")
        kind = kinds.add_parser(name, help=module.HELP, description=module.HELP)
        module.add_arguments(kind)
        kind.set_defaults(run=module.run)
    asked = parser.parse_args(words)
    try:
        code: int = asked.run(asked)
    except Unreadable as problem:
        sys.stderr.write(f"{problem}\n")
        return WRONG_USE
    except OSError as problem:
        sys.stderr.write(f"{problem.filename or ''}：{_reason(problem)}\n")
        return WRONG_USE
    return code


def _reason(problem: OSError) -> str:
    for kind, words in REASONS.items():
        if isinstance(problem, kind):
            return words
    return str(problem)


def write_json(document: Any) -> None:
    """The one JSON document of stdout; NaN and infinity become null."""
    json.dump(_finite(document), sys.stdout, ensure_ascii=False, allow_nan=False)
    sys.stdout.write("\n")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return value
