"""Gives each test process a home of its own, before the settings read it (pytest loads this with -p)."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

folder = tempfile.mkdtemp(prefix="yincai-test-")
atexit.register(shutil.rmtree, folder, ignore_errors=True)
os.environ["YINCAI_HOME"] = folder
for name in [
    name for name in os.environ if name.startswith("YINCAI_") and name not in {"YINCAI_HOME", "YINCAI_SCREENSHOTS"}
]:
    del os.environ[name]
