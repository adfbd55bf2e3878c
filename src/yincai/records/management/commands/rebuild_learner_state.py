"""`yincai rebuild learner-state`: states from facts, or with --check a comparison that mends nothing."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from yincai.core.actors import Actor
from yincai.core.command import EXISTING, YincaiCommand
from yincai.records import rebuild


class Command(YincaiCommand):
    help = "由作答事实重算学习状态；--check 只核对，不改动"
    home_needed = EXISTING

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="只核对：实时状态与重算结果是否一致")

    def run(self, actor: Actor, **options: Any) -> dict[str, int]:
        with self.progress() as bar:
            task = bar.add_task("核对" if options["check"] else "重算", total=None)

            def show(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            if options["check"]:
                return self._verdict(rebuild.check(show), as_json=options["as_json"])
            changed = rebuild.rebuild(show)
        self.say(f"已重算，{changed} 份状态有变化。")
        return {"changed": changed}

    def _verdict(self, verdict: rebuild.Verdict, *, as_json: bool) -> dict[str, int]:
        result = {"compared": verdict.compared, "different": verdict.different}
        if verdict.different:
            shown = "；".join(verdict.examples)
            self.finding(
                f"{verdict.compared} 份状态中有 {verdict.different} 份与重算不符（{shown}）。"
                "运行 yincai rebuild learner-state 可由事实重新算出。",
                result,
                as_json=as_json,
            )
        self.say(f"{verdict.compared} 份状态全部与重算一致。")
        return result
