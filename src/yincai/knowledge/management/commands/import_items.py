"""`yincai import items FILE --format …`: take in a bank and account for every row of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from rich.table import Table

from yincai.core.actors import Actor
from yincai.core.command import YincaiCommand
from yincai.knowledge.actions.suggest import suggest
from yincai.knowledge.actions.take_in import Keyed, take_back, take_in
from yincai.knowledge.intake.account import Account, account
from yincai.knowledge.intake.formats import FORMATS, TAL
from yincai.knowledge.queries import unmapped_routes

SHOWN = 10


class Command(YincaiCommand):
    help = "导入题库文件；每一行都有下落。同一文件再导入一次，结果相同，不会重复入库。"

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="文件")
        parser.add_argument("--format", required=True, choices=sorted(FORMATS), help="文件的格式")
        parser.add_argument("--undo", action="store_true", help="撤销这个文件的导入；有人做过的题只停用")

    def run(self, actor: Actor, **options: Any) -> Account | dict[str, int]:
        file: Path = options["file"]
        try:
            content = file.read_bytes()
        except OSError as error:
            raise CommandError(f"读不了文件 {file}：{error.strerror}。", returncode=2) from error
        if options.get("undo"):
            return self._undo(content, actor)
        with self.progress() as bar:
            task = bar.add_task("导入题目", total=None)

            def show(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            job, rows = take_in(options["format"], file.name, content, acting_user=actor, progress=show)
        suggest(acting_user=actor)
        told = account([(each.row.number, each.key) for each in rows])
        if not options["as_json"]:
            self._tell(told, rows, bool(job))
        return told

    def _undo(self, content: bytes, actor: Actor) -> dict[str, int]:
        done = take_back(content, acting_user=actor)
        if not done:
            raise CommandError("这个文件没有可撤销的导入。", returncode=1)
        self.say(f"已撤销 {done:,} 行。")
        return {"undone": done}

    def _tell(self, told: Account, rows: list[Keyed], new: bool) -> None:
        table = Table(show_header=False, box=None)
        for label, count in (
            ("共", told["rows"]),
            ("入库", told["imported"]),
            ("重复（同一道题）", len(told["aliases"])),
            ("答案矛盾，待裁定", len(told["held"])),
            ("退回", len(told["rejected"])),
        ):
            table.add_row(label, f"{count:,} 行")
        self.console.print(table)
        if not new:
            self.say("这个文件以前导入过，这次没有新题。")
        self._list("退回", [f"第 {row['row']} 行：{row['reason']}" for row in told["rejected"]])
        self._list("待裁定", [f"第 {row['row']} 行：与 {row['with']} {row['reason']}" for row in told["held"]])
        self._remarks(rows)

    def _list(self, title: str, lines: list[str]) -> None:
        if lines:
            self.say(f"[bold]{title}[/bold]")
        for line in lines[:SHOWN]:
            self.console.print(f"  {line}", markup=False)
        if len(lines) > SHOWN:
            self.say(f"  ……另有 {len(lines) - SHOWN} 行，加 --json 可看全部。")

    def _remarks(self, rows: list[Keyed]) -> None:
        """What the source's own hierarchy has that a tree cannot keep."""
        drafts = [each.row.draft for each in rows if each.row.draft]
        bare = sum(1 for draft in drafts if not draft.routes)
        loops = Counter(name for draft in drafts for name in draft.loops)
        for name, count in loops.items():
            self.say(f"目录里“{name}”是它自己的下级（{count} 处），已并成一个。")
        if any(draft.hierarchy == TAL for draft in drafts) and bare:
            self.say(f"{bare} 行没有目录，可在题目页上直接指定知识点。")
        left = unmapped_routes()
        if left:
            self.say(f"还有 {left:,} 条目录没有对应到知识点：在“目录对应”页确认后，这些题才会用于自适应练习。")
