"""Runs a command against a throw-away PostgreSQL: `tools/postgres.py COMMAND …` with DATABASE_URL set for it.

The cluster lives in build/, listens on a free loopback port with trust and the server's default fsync,
and is gone afterwards. PostgreSQL refuses root, so root runs the server as `postgres` or `nobody`.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OLDEST = 15
MISSING = "PostgreSQL 15+ not found. Install it with: apt-get install postgresql"


def version(folder: Path) -> int:
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True)
    return int(said.stdout.split()[-1 if "(" not in said.stdout else 2].split(".")[0])


def binaries() -> Path:
    """The newest installed server: Debian keeps it out of PATH."""
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if named := shutil.which("initdb"):
        folders.append(Path(named).resolve().parent)
    usable = [folder for folder in folders if (folder / "postgres").exists() and version(folder) >= OLDEST]
    if not usable:
        sys.exit(MISSING)
    return max(usable, key=version)


def server_user() -> pwd.struct_passwd | None:
    """Who runs the server: ourselves, or an unprivileged account when we are root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    sys.exit("Running as root and neither user postgres nor nobody exists: PostgreSQL refuses root.")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_folder(user: pwd.struct_passwd | None) -> Path:
    """In build/, or under the system's temporary folder where the server's user may not enter build/."""
    if user is None:
        (ROOT / "build").mkdir(exist_ok=True)
        return Path(tempfile.mkdtemp(prefix="postgres-", dir=ROOT / "build"))
    folder = Path(tempfile.mkdtemp(prefix="yincai-postgres-"))
    os.chown(folder, user.pw_uid, user.pw_gid)
    return folder


@contextlib.contextmanager
def cluster() -> Iterator[str]:
    """A running server; yields its DATABASE_URL."""
    bin_, user, port = binaries(), server_user(), free_port()
    folder = make_folder(user)
    as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(folder)}
    data, log = folder / "data", folder / "log"
    server: subprocess.Popen[bytes] | None = None
    try:
        make = [
            bin_ / "initdb",
            "--auth=trust",
            "--username=yincai",
            "--encoding=UTF8",
            "--no-sync",
            "-D",
            data,
        ]
        subprocess.run(make, check=True, stdout=subprocess.DEVNULL, env=environment, cwd=folder, **as_user)
        serve = [bin_ / "postgres", "-D", data, "-p", str(port), "-k", folder, "-h", "127.0.0.1"]
        with log.open("wb") as output:
            server = subprocess.Popen(serve, stderr=output, env=environment, cwd=folder, **as_user)
        wait_ready(bin_, port, server, log)
        yield f"postgresql://yincai@127.0.0.1:{port}/postgres"
    finally:
        if server is not None:
            server.send_signal(signal.SIGINT)  # fast shutdown
            server.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def wait_ready(bin_: Path, port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    ask = [bin_ / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    for _ in range(300):
        if server.poll() is not None:
            sys.exit(f"PostgreSQL did not start:\n{log.read_text()}")
        if subprocess.run(ask).returncode == 0:
            return
        time.sleep(0.1)
    sys.exit("PostgreSQL did not answer within 30 s.")


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def main(command: list[str]) -> int:
    if not command:
        sys.exit("usage: tools/postgres.py COMMAND …")
    signal.signal(signal.SIGTERM, interrupt)
    with cluster() as url:
        return subprocess.run(command, env={**os.environ, "DATABASE_URL": url}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
