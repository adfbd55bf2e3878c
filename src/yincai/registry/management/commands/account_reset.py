"""`yincai account reset NAME`: on the server, a new first password, or the second factor taken off, or both."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.management.base import CommandError, CommandParser

from yincai.core.actors import Actor
from yincai.core.command import EXISTING, YincaiCommand
from yincai.core.models import Account
from yincai.registry.actions.found_city import one_time_password
from yincai.registry.actions.sign_in import Secret, reset_account


class Command(YincaiCommand):
    help = "重设一个账号：新的初始密码、解除两步登录，或两样都做（默认）。会留下审计记录。"
    home_needed = EXISTING

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="账号")
        parser.add_argument("--password", action="store_true", help="只给一个新的初始密码")
        parser.add_argument("--totp", action="store_true", help="只解除两步登录")

    def run(self, actor: Actor, **options: Any) -> dict[str, object]:
        both = not options["password"] and not options["totp"]
        account = Account.objects.filter(username=Account.normalize_username(options["name"])).first()
        if account is None:
            raise CommandError(f"没有名为 {options['name']} 的账号。", returncode=2)
        password = one_time_password() if options["password"] or both else ""
        hashed = Secret(make_password(password)) if password else None
        reset_account(account, hashed, options["totp"] or both, acting_user=actor)
        self.say(self._words(account.username, password, options["totp"] or both))
        return {"account": account.username, "password": password, "totp_removed": options["totp"] or both}

    def _words(self, name: str, password: str, totp: bool) -> str:
        lines = [f"账号 {name} 已重设，原有的登录都已结束。"]
        if password:
            lines.append(f"初始密码（只显示这一次，首次登录须改）：{password}")
        if totp:
            lines.append("两步登录已解除；管理人员下次登录时重新设置。")
        return "\n".join(lines)
