from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import connections

from yincai.core import processes, upgrade
from yincai.core.actors import Actor
from yincai.core.command import ANY, YincaiCommand
from yincai.core.console import bytes_progress
from yincai.core.models import Fact


class Command(YincaiCommand):
    help = "启动网页、后台任务和审计封存，出错的自动重启"
    home_needed = ANY  # an older one is upgraded here, an empty one prepared
    acts = False
    speaks_json = False

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", metavar="地址", help="监听的 IP 地址（默认只在本机）")
        parser.add_argument("--port", type=int, default=8000, metavar="端口", help="端口（默认 8000）")
        parser.add_argument("--cert", type=Path, metavar="文件", help="https 证书（PEM）")
        parser.add_argument("--key", type=Path, metavar="文件", help="https 证书的私钥（PEM）")
        parser.add_argument("--workers", type=int, metavar="N", help="网页进程数（默认：处理器核数）")
        parser.add_argument("--demo-open", action="store_true", help="允许其他机器打开演示城市（密码是公开的）")

    def run(self, actor: Actor, **options: Any) -> None:
        where = processes.address(options["host"], options["port"], options["cert"], options["key"])
        processes.need_free(where)
        self._bring_up()
        if not where.loopback:
            self._check_open(where, demo_open=options["demo_open"])
        connections.close_all()
        processes.serve(where, options["workers"] or len(os.sched_getaffinity(0)), self.say)

    def _bring_up(self) -> None:
        try:
            with bytes_progress(self.console, "备份") as start:
                upgrade.bring_up(start, self.say)
        except upgrade.UpgradeError as problem:
            raise CommandError(str(problem), returncode=1) from problem

    def _check_open(self, where: processes.Address, *, demo_open: bool) -> None:
        if Fact.read("demo") and not demo_open:
            raise processes.ServeError(
                "这是演示数据，账号和密码都公开列在登录页上，只在本机提供服务。确实要让其他机器打开，请加 --demo-open。"
            )
        if where.cert is None:
            self.say("注意：没有证书，密码和成绩在网络上不加密。正式使用请给出 --cert 和 --key。")
