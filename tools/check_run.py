"""Reads pytest's JUnit files: fails when one holds no test or a skipped one. For `.ci/run`."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree


def complaints(path: Path) -> list[str]:
    if not path.is_file():
        return [f"{path}: this part was not run"]
    cases = list(ElementTree.parse(path).iter("testcase"))  # noqa: S314 (our own file)
    if not cases:
        return [f"{path}: no test was collected"]
    return [
        f"{path}: skipped {case.get('classname')}.{case.get('name')}: {mark.get('message')}"
        for case in cases
        for mark in case.iter("skipped")
    ]


def main(paths: list[str]) -> int:
    found = [line for path in paths for line in complaints(Path(path))]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
