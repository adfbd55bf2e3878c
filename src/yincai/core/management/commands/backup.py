from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from yincai.core import backup
from yincai.core.actors import Actor
from yincai.core.command import EXISTING, YincaiCommand
from yincai.core.console import bytes_progress


class Command(YincaiCommand):
    help = "把数据库、文件、数据湖和审计存证备份到一个文件（不含主密钥）"
    home_needed = EXISTING

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, metavar="文件", help="默认放在数据文件夹的 backups/ 里")

    def run(self, actor: Actor, **options: Any) -> dict[str, object]:
        file = (options["file"] or backup.default_file()).expanduser().resolve()
        if file.exists():
            raise backup.BackupError(f"{file} 已存在，没有覆盖。请换一个文件名。")
        with bytes_progress(self.console, "备份") as start:
            label = backup.make(file, start)
        backup.note_made(file, label, actor)
        size = file.stat().st_size
        self.say(f"已备份到 {file}（{size / 1e6:.1f} MB）。主密钥不在其中，要另外保管。")
        return {"file": str(file), "bytes": size, "audit": label["audit"]}
