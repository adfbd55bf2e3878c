from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser

from yincai.core import home
from yincai.core.actors import Actor
from yincai.core.command import YincaiCommand
from yincai.core.models import Fact
from yincai.registry.actions.found_city import found_city
from yincai.registry.models import Organisation, OrganisationKind

QUESTIONS = (
    ("city", "市的名称（例如 示例市）"),
    ("code", "6 位行政区划代码（例如 330100）"),
    ("admin", "第一位管理员的账号名（例如 guanliyuan）"),
)


class Command(YincaiCommand):
    help = "建立城市和第一位管理员"

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--city", default="", metavar="名称", help="市的名称")
        parser.add_argument("--code", default="", metavar="代码", help="6 位行政区划代码")
        parser.add_argument("--admin", default="", metavar="账号", help="第一位管理员的账号名")
        parser.add_argument("--name", default="", metavar="姓名", help="管理员的姓名")

    def run(self, actor: Actor, **options: Any) -> Any:
        if Fact.read("demo"):
            raise CommandError(
                f"{home.folder()} 是示范城市，不能再建真实的城市。请换一处：YINCAI_HOME=新目录 yincai init",
                returncode=2,
            )
        answers = {name: options[name].strip() for name, _ in QUESTIONS}
        if sys.stdin.isatty() and not options["as_json"] and not self._there():
            answers |= {name: input(f"{text}：").strip() for name, text in QUESTIONS if not answers[name]}
        made = found_city(
            answers["city"], answers["code"], answers["admin"], options["name"].strip(), acting_user=actor
        )
        self._tell(made.city, made.account, made.password)
        return {
            "city": made.city.name,
            "code": made.city.code,
            "account": made.account,
            "password": made.password,
            "new": made.new,
        }

    @staticmethod
    def _there() -> bool:
        return Organisation.objects.filter(kind=OrganisationKind.CITY).exists()

    def _tell(self, city: Organisation, account: str, password: str) -> None:
        if not password:
            self.say(f"{city.name}（{city.code}）已经建好，管理员是 {account}。没有改动。")
            return
        self.say(f"{city.name}（{city.code}）建好了。管理员账号：{account}")
        self.say(f"一次性密码：{password}（只显示这一次，首次登录要改）")
        self.say("首次登录还要用手机上的身份验证器扫码。接着运行：yincai serve")
