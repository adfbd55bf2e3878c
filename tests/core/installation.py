"""An installation with a home of its own, run by its console script: for tests of what an operator meets."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

COMMAND = [sys.executable, "-m", "yincai.cli"]
UNWANTED = {"PYTHONDONTWRITEBYTECODE", "DATABASE_URL", "DJANGO_SETTINGS_MODULE"}


class Installation:
    """On SQLite in its home, or, where DATABASE_URL names a server (make test-postgres), a database of its own."""

    def __init__(self, home: Path, *, served: bool = False) -> None:
        self.home = home
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.environment = {name: value for name, value in os.environ.items() if name not in UNWANTED}
        self.environment["YINCAI_HOME"] = str(home)
        self.server = None if served else os.environ.get("DATABASE_URL")
        if self.server:
            self.name = f"yincai_{uuid4().hex}"
            self._administer(f"CREATE DATABASE {self.name}")
            self.environment["DATABASE_URL"] = urlunsplit(urlsplit(self.server)._replace(path=f"/{self.name}"))

    def _administer(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self.server or "", autocommit=True) as connection:
            connection.execute(statement.encode())

    def remove(self) -> None:
        for pid in processes_of(self.home):
            os.kill(pid, signal.SIGKILL)
        if self.server:
            self._administer(f"DROP DATABASE {self.name} WITH (FORCE)")

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        with_more = {**self.environment, **environment}
        return subprocess.run([*COMMAND, *words], env=with_more, capture_output=True, text=True, timeout=60)

    def ask(self, *words: str) -> Any:
        """Run with --json; the command must succeed."""
        ran = self.run(*words, "--json")
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    def serve(self, *more: str) -> subprocess.Popen[bytes]:
        """Its words go to `self.log`: a pipe that nobody empties would hold it up."""
        with self.log.open("wb") as log:
            return subprocess.Popen(
                [*COMMAND, "serve", "--port", str(self.port), "--workers", "1", *more],
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def log(self) -> Path:
        return self.home.with_name(self.home.name + ".log")

    def answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def pid_of(self, part: str) -> int | None:
        """The eldest process of a part."""
        return min((pid for pid, words in processes_of(self.home).items() if f" {part}" in words), default=None)


def processes_of(home: Path) -> dict[int, str]:
    """Every living process of a home, by its environment: also those whose parent is gone."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            environment = (entry / "environ").read_bytes().split(b"\0")
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            zombie = (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            continue
        if f"YINCAI_HOME={home}".encode() in environment and not zombie:
            found[int(entry.name)] = words
    return found


def until(true: Callable[[], object], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.05)
    return bool(true())
