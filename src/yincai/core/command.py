"""The base of every command of ours: prepares the home, acts as somebody, speaks JSON when asked.

Exit codes: 0 good, 1 a finding, 2 wrong use (or, for commands that need one, no home).
"""

from __future__ import annotations

import json
import sys
from abc import ABC, abstractmethod
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from yincai.core import home, prepare
from yincai.core.action import ActionError
from yincai.core.actors import Actor, acting, actor_for, installation
from yincai.core.models import Account

PREPARES, EXISTING, ANY = "prepares", "existing", "any"


class YincaiCommand(BaseCommand, ABC):
    """Subclasses write `run`, which returns what `--json` prints; raise `self.finding(...)` for exit code 1."""

    requires_system_checks: list[str] = []
    home_needed = PREPARES
    acts = True
    speaks_json = True

    def add_arguments(self, parser: CommandParser) -> None:
        if self.speaks_json:
            parser.add_argument("--json", action="store_true", dest="as_json", help="只向标准输出打印 JSON")
        if self.acts:
            parser.add_argument("--as", dest="as_account", metavar="账号", help="以谁的名义（默认：系统账号）")
        self.add_options(parser)

    def add_options(self, parser: CommandParser) -> None:
        """The command's own arguments."""

    def run_from_argv(self, argv: list[str]) -> None:
        """As Django's, but what is wrong is told in the message's own words, without the name of a class before it."""
        try:
            super().run_from_argv([*argv, "--traceback"])
        except CommandError as error:
            if "--traceback" in argv:
                raise
            self.stderr.write(str(error))
            sys.exit(error.returncode)

    def handle(self, *args: Any, **options: Any) -> None:
        self.console = Console(stderr=bool(options.get("as_json")), quiet=options.get("verbosity") == 0)
        try:
            self._need_home()
            result = self._act(options)
        except (home.HomeError, ActionError) as error:
            raise CommandError(str(error), returncode=2) from error
        if options.get("as_json"):
            self.stdout.write(json.dumps(result, ensure_ascii=False, default=str))

    @abstractmethod
    def run(self, actor: Actor, **options: Any) -> Any:
        """What the command does; the result is what `--json` prints."""

    def _act(self, options: dict[str, Any]) -> Any:
        if not self.acts:
            return self.run(None, **options)  # type: ignore[arg-type]
        actor = self._actor(options.get("as_account"))
        with acting(actor):
            return self.run(actor, **options)

    def _need_home(self) -> None:
        if self.home_needed == PREPARES:
            prepare.prepare()
        elif self.home_needed == EXISTING and not prepare.exists():
            raise CommandError(f"{home.folder()} 里还什么都没有。先运行 yincai init 或 yincai demo。", returncode=2)

    def _actor(self, name: str | None) -> Actor:
        if not name:
            return installation()
        account = Account.objects.filter(username=name, is_active=True).first()
        if account is None:
            raise CommandError(f"没有名为 {name} 的账号，或已停用。", returncode=2)
        return actor_for(account)

    def say(self, text: str) -> None:
        self.console.print(text, soft_wrap=True, highlight=False)

    def finding(self, text: str, result: Any = None, *, as_json: bool = False) -> NoReturn:
        """End with exit code 1: the command worked and found something wrong."""
        if as_json:
            self.stdout.write(json.dumps(result, ensure_ascii=False, default=str))
            sys.exit(1)
        raise CommandError(text, returncode=1)

    def progress(self) -> Progress:
        return Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self.console,
        )
