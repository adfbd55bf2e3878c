from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from yincai.core import crypto, home
from yincai.core.actions.remember import remember
from yincai.core.actors import Actor
from yincai.core.command import YincaiCommand


class Command(YincaiCommand):
    help = "把主密钥抄到别处（没有它，备份读不出来）"

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="文件", help="抄到哪里，例如 U 盘上的文件")

    def run(self, actor: Actor, **options: Any) -> dict[str, object]:
        target = options["file"].expanduser().resolve()
        if target.is_relative_to(home.folder()):
            raise home.HomeError(f"{target} 也在数据文件夹里，会和数据一起丢失。请抄到另一个磁盘或 U 盘。")
        if not target.exists():
            _write(target)
        if home.read_key(target) != home.master_key():
            raise home.HomeError(f"{target} 已存在，是另一把密钥。请换一个文件名。")
        fingerprint = crypto.master_fingerprint()
        remember("key_copied", {"fingerprint": fingerprint}, acting_user=actor)
        self.say(f"主密钥已抄到 {target}。请另外妥善保管，不要和备份放在一起。")
        return {"fingerprint": fingerprint}


def _write(target: Path) -> None:
    try:
        with target.open("xb") as handle:
            handle.write(home.key_file().read_bytes())
            handle.flush()
            os.fsync(handle.fileno())
        target.chmod(0o600)  # a stick may know no modes and ignore it
    except OSError as problem:
        raise home.HomeError(f"写不了 {target}：{problem.strerror}。") from problem
