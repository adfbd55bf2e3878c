"""One part of `yincai serve`, as a process of its own: `python -m yincai.core.child PARENT PART [option …]`.

Started by `core.processes` only. A part is tied to its parent by the kernel: it is killed when the parent dies,
however that happens, so that no web worker is left behind to take connections with old code.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib
import logging
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
KILL_AFTER = 4  # seconds granian gives its workers to end


def tie_to(parent: int) -> None:
    """Have the kernel kill this process when `parent` dies (more exactly: the thread that started us)."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:  # it died before we asked
        os._exit(1)


def web(words: list[str]) -> None:
    from granian.constants import Interfaces, SSLProtocols
    from granian.log import LogLevels
    from granian.server import Server

    asked = web_options(words)
    server = Server(
        "yincai.config.wsgi:application",
        address=asked.host,
        port=asked.port,
        interface=Interfaces.WSGI,
        workers=asked.workers,
        blocking_threads=1,  # more only make a worker slower
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_AFTER,
        log_level=LogLevels.warning,
        ssl_cert=asked.cert,
        ssl_key=asked.key,
        ssl_protocol_min=SSLProtocols.tls12,  # what older school PCs speak
    )
    server.serve(target_loader=partial(load_pages, os.getpid()), wrap_loader=False)


def web_options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--cert", type=Path)
    parser.add_argument("--key", type=Path)
    return parser.parse_args(words)


def load_pages(server: int) -> Callable[..., Any]:
    """Runs in each of granian's workers: the WSGI application, with all addresses imported before the first request."""
    for number in (signal.SIGTERM, signal.SIGINT):  # inherited ones would ignore an end during this import
        signal.signal(number, signal.SIG_DFL)
    tie_to(server)
    application: Callable[..., Any] = importlib.import_module("yincai.config.wsgi").application
    from django.urls import get_resolver

    from yincai.core import warm

    _ = get_resolver().url_patterns
    warm.start()
    return application


def worker(words: list[str]) -> None:
    """Works off the background tasks of the queues named, under a name that tells the reaper which process it is."""
    import django

    django.setup()
    from django_tasks_db.management.commands.db_worker import Worker

    from yincai.core.tasks import worker_name

    logging.getLogger("django_tasks_db").setLevel(logging.ERROR)
    loop = Worker(
        queue_names=words,
        interval=1,
        batch=False,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id=worker_name(),
        excluded_queue_names=[],
    )
    loop.configure_signals()
    loop.run()


def sealer(words: list[str]) -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("sealer", *words)


PARTS: dict[str, Callable[[list[str]], None]] = {"web": web, "worker": worker, "long": worker, "sealer": sealer}


def main() -> None:
    parent, part, *words = sys.argv[1:]
    tie_to(int(parent))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yincai.config.settings")
    PARTS[part](words)


if __name__ == "__main__":
    main()
