"""Copies what pages serve from node_modules to core's static files. Does nothing when that is up to date."""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "src" / "yincai" / "core" / "static" / "vendor"
# From the npm package (first part) to vendor/: a file, or a folder as a whole.
SERVED = {
    "katex/LICENSE": "katex/LICENSE",
    "katex/dist/katex.mjs": "katex/katex.mjs",
    "katex/dist/katex.min.css": "katex/katex.min.css",
    "katex/dist/fonts": "katex/fonts",
    "katex/dist/contrib/auto-render.mjs": "katex/contrib/auto-render.mjs",
}


def wanted() -> str:
    """What TARGET should hold, in a few bytes: the npm lock and the list above."""
    lock = (ROOT / "package-lock.json").read_bytes()
    return hashlib.sha256(lock + Path(__file__).read_bytes()).hexdigest()


def copy_all() -> None:
    shutil.rmtree(TARGET, ignore_errors=True)
    for source, target in SERVED.items():
        found, place = ROOT / "node_modules" / source, TARGET / target
        if not found.exists():
            sys.exit(f"assets: {found.relative_to(ROOT)} is missing; run: npm ci")
        place.parent.mkdir(parents=True, exist_ok=True)
        if found.is_dir():
            shutil.copytree(found, place)
        else:
            shutil.copyfile(found, place)


def main() -> None:
    stamp = TARGET / ".stamp"
    if stamp.is_file() and stamp.read_text() == wanted():
        return
    copy_all()
    stamp.write_text(wanted())
    size = sum(path.stat().st_size for path in TARGET.rglob("*") if path.is_file())
    print(f"assets: {len(SERVED)} parts, {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
