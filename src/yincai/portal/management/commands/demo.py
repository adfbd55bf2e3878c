"""`yincai demo`: 示范市 in an empty home; `--facts-only`: bare facts for measuring."""

from __future__ import annotations

import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from rich.progress import Progress, TaskID

from yincai.core import home
from yincai.core.actors import Actor
from yincai.core.command import YincaiCommand
from yincai.core.models import Fact
from yincai.indicators import results
from yincai.portal.actions.make_demo import Made, another, make_demo, refuse_unless_empty
from yincai.portal.demo import accounts, bank, calendar
from yincai.portal.demo.crew import Crew
from yincai.portal.demo.practice import Workshop, term_of
from yincai.portal.demo.sizes import FULL, TINY, Size
from yincai.records import histories, lake

WRONG_USE = 2


class Command(YincaiCommand):
    help = "在空的数据文件夹里建示范市（全部数据为模拟生成）"

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--seed", type=int, default=1, metavar="N", help="同一种子、同一天，得到同一座城市")
        parser.add_argument("--small", action="store_true", help="只建一所小学校，几秒钟")
        parser.add_argument("--facts-only", action="store_true", help="只写作答事实（Parquet），供测量用")
        parser.add_argument("--pupils", type=int, metavar="N", help="与 --facts-only 同用：多少名学生")
        parser.add_argument("--out", type=Path, metavar="目录", help="与 --facts-only 同用：写到哪里（默认：数据湖）")

    def run(self, actor: Actor, **options: Any) -> Any:
        if options["facts_only"]:
            return self._facts(options)
        if options["pupils"] or options["out"]:
            raise CommandError("--pupils 和 --out 只与 --facts-only 同用。", returncode=WRONG_USE)
        if Fact.read(accounts.DEMO):
            self.say(f"{home.folder()} 已经是示范市，没有改动。{another()}")
            return {"made": False}
        refuse_unless_empty()
        began = time.perf_counter()
        made = self._city(TINY if options["small"] else FULL, options["seed"], actor)
        seconds = time.perf_counter() - began
        self._tell(made, seconds)
        return {"made": True, **asdict(made), "seconds": round(seconds, 1)}

    def _city(self, size: Size, seed: int, actor: Actor) -> Made:
        now = timezone.localtime()
        year = calendar.around(now.date())
        shop = Workshop(term_of(size, year, now, seed), bank.sources(), histories.in_use(bank.SUBJECT))
        with Crew(shop, len(os.sched_getaffinity(0))) as crew, self.progress() as bar:
            tasks: dict[str, TaskID] = {}

            def show(step: str, done: int, total: int) -> None:
                if step not in tasks:
                    tasks[step] = bar.add_task(step, total=total)
                bar.update(tasks[step], completed=done, total=total)

            made = make_demo(size, seed, year, now, crew, show, acting_user=actor)
            show("画出城市", 1, 1)
            self._lake(bar)
        return made

    def _lake(self, bar: Progress) -> None:
        """So that heads and officers see figures at once."""
        task = bar.add_task("数据湖和汇总数字", total=3)
        for step in (lake.write, lake.merge, results.refresh):
            step()
            bar.advance(task)

    def _tell(self, made: Made, seconds: float) -> None:
        self.say(
            f"示范市建好了（{seconds:.0f} 秒）：{made.schools} 所学校，{made.classes} 个班，{made.pupils} 名学生，"
            f"{made.teachers} 名教师，{made.guardians} 位家长，{made.answers} 次作答。全部数据为模拟生成。"
        )
        self.say("接着运行 yincai serve；每种身份的账号和密码列在登录页上。")

    def _facts(self, options: dict[str, Any]) -> dict[str, Any]:
        from yincai.portal.demo import facts

        pupils = options["pupils"] or 10_000
        folder = options["out"] or Path(settings.LAKE)
        self._refuse_facts(pupils, folder, into_home=options["out"] is None)
        now = timezone.localtime()
        began = time.perf_counter()
        with self.progress() as bar:
            task = bar.add_task("作答事实", total=facts.DAYS)
            written = facts.write(
                folder,
                pupils,
                bank.sources(),
                options["seed"],
                now.date(),
                timezone.get_current_timezone(),
                lambda done, total: bar.update(task, completed=done),
            )
        seconds = time.perf_counter() - began
        self.say(f"写了 {written} 条模拟的作答事实到 {folder}（每秒 {written / seconds:,.0f} 条）。")
        return {"facts": written, "pupils": pupils, "seconds": round(seconds, 3), "folder": str(folder)}

    def _refuse_facts(self, pupils: int, folder: Path, *, into_home: bool) -> None:
        if pupils < 1:
            raise CommandError("--pupils 至少是 1。", returncode=WRONG_USE)
        if into_home and not Fact.read(accounts.DEMO):
            refuse_unless_empty()
            Fact.objects.create(name=accounts.DEMO, value=True)
        if next(folder.glob("facts/day=*/bulk-*.parquet"), None):
            raise CommandError(f"{folder} 里已有批量写入的事实。请换一个空目录：--out 目录", returncode=WRONG_USE)
