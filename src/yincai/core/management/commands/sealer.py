"""Seals the audit, enqueues what is due, gives back tasks of dead workers: one small loop."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import CommandParser
from django.db import close_old_connections

from yincai.core import audit, tasks
from yincai.core.actors import Actor
from yincai.core.command import EXISTING, YincaiCommand


class Command(YincaiCommand):
    help = "封存审计记录、安排定期任务（由 yincai serve 启动）"
    home_needed = EXISTING
    speaks_json = False

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=float, default=3.0, help="间隔秒数")
        parser.add_argument("--once", action="store_true", help="只做一轮")

    def run(self, actor: Actor, **options: Any) -> None:
        stop = threading.Event()
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, lambda *_: stop.set())
            signal.signal(signal.SIGINT, lambda *_: stop.set())
        while not stop.is_set():
            close_old_connections()
            tasks.enqueue_due()
            tasks.reap()
            audit.seal()  # last: where the anchors cannot be written, the tasks go on all the same
            if options["once"] or stop.wait(options["every"]):
                return
