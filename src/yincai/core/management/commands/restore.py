from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from yincai.core import archive, backup
from yincai.core.actors import Actor, installation
from yincai.core.command import ANY, YincaiCommand
from yincai.core.console import bytes_progress


class Command(YincaiCommand):
    help = "把一份备份恢复到这个数据文件夹，并核对审计链"
    home_needed = ANY
    acts = False  # there may be no account before the backup is in place

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="文件", help="yincai backup 做出的文件")
        parser.add_argument("--key", type=Path, metavar="文件", help="当初抄出的主密钥")
        parser.add_argument("--replace", action="store_true", help="覆盖现有数据（会先备份）")

    def run(self, actor: Actor, **options: Any) -> dict[str, object]:
        wish = backup.Wish(options["file"].expanduser().resolve(), options["key"], options["replace"])
        try:
            with bytes_progress(self.console, "恢复") as start:
                label = backup.restore(wish, start, self.say)
        except archive.ArchiveError as problem:
            raise CommandError(str(problem), returncode=1) from problem
        backup.note_restored(label, installation())
        self.say(f"已恢复 {label['made_at']} 的备份，审计链完好。")
        return {"restored": str(wish.file), "made_at": label["made_at"], "audit": label["audit"]}
