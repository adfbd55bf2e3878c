from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from yincai.core import upgrade
from yincai.core.actors import Actor
from yincai.core.command import EXISTING, YincaiCommand
from yincai.core.console import bytes_progress


class Command(YincaiCommand):
    help = "升级数据库：先备份，失败就回到原样"
    home_needed = EXISTING
    acts = False  # an older database may not know our accounts yet

    def run(self, actor: Actor, **options: Any) -> dict[str, object]:
        try:
            with bytes_progress(self.console, "备份") as start:
                done = upgrade.bring_up(start, self.say)
        except upgrade.UpgradeError as problem:
            raise CommandError(str(problem), returncode=1) from problem
        self.say(f"升级完成（{done['migrated']} 步）。" if done["migrated"] else "已是最新，不需要升级。")
        return done
