"""Pins the digests of generators that have none yet: `python -m tests.knowledge.pin_golden`.

It never changes one that is there: what a seed means at a version is settled once facts name it.
"""

import json
from pathlib import Path

from tests.knowledge.test_generators import digest
from yincai.knowledge.generators import all_generators

FILE = Path(__file__).parent / "golden_variants.json"


def main() -> None:
    pinned: dict[str, str] = json.loads(FILE.read_text())
    for generator in all_generators():
        key = f"{generator.code}@{generator.version}"
        pinned[key] = pinned.get(key) or digest(generator)
    FILE.write_text(json.dumps(dict(sorted(pinned.items())), indent=2) + "\n")


if __name__ == "__main__":
    main()
