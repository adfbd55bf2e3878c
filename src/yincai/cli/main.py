"""The console script `yincai`: finds the management command that the words name, and starts it.

`yincai import items FILE` runs `import_items FILE`: as many leading words as together name a command of our
own packages belong to its name, the rest is passed on. This module knows no command; packages bring them.
"""

from __future__ import annotations

import difflib
import json
import os
import sys

from yincai import __version__

FINDING = 1
WRONG_USE = 2
INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> None:
    """Entry point; leaves with the command's exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    if words in (["--version"], ["version"]):
        sys.stdout.write(f"yincai {__version__}\n")
        return
    try:
        if words[:1] == ["measure"]:
            from yincai.cli import measure

            sys.exit(measure.main(words[1:]))
        if words[:1] == ["compile"]:
            from yincai.cli import compile as ahead

            sys.exit(ahead.main(words[1:]))
        run(words)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def run(words: list[str]) -> None:
    commands = own_commands(words)
    if not words or words[0] in {"help", "--help", "-h"}:
        found = find(words[1:], commands)
        return start(*found, ["--help"], commands) if found else overview(commands)
    found = find(words, commands)
    if found is None:
        sys.exit(refuse(words, commands))
    name, used = found
    return start(name, used, words[used:], commands)


def own_commands(words: list[str] | None = None) -> dict[str, str]:
    """Command name → the package of ours that brings it. words: what was asked, for the answer when nothing can run."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yincai.config.settings")
    import django
    from django.core.management import get_commands

    try:
        django.setup()
    except Exception as problem:
        if not is_for_the_operator(problem):
            raise
        sys.exit(stopped(words or [], str(problem)))
    return {name: app for name, app in get_commands().items() if app.startswith("yincai.")}


def stopped(words: list[str], why: str) -> int:
    """Say why nothing can run, and the exit code. `doctor` is asked just for this: to it, it is a finding."""
    sys.stderr.write(f"{why}\n")
    if words[:1] != ["doctor"]:
        return WRONG_USE
    if "--json" in words:
        checks = [{"name": "home", "ok": False, "say": why}]
        sys.stdout.write(json.dumps({"ok": False, "checks": checks}, ensure_ascii=False) + "\n")
    return FINDING


def is_for_the_operator(problem: Exception) -> bool:
    """Settings and home refuse in whole sentences; anything else is a fault whose trace is wanted."""
    from django.core.exceptions import ImproperlyConfigured

    return isinstance(problem, ImproperlyConfigured) or type(problem).__module__.startswith("yincai.")


def find(words: list[str], commands: dict[str, str]) -> tuple[str, int] | None:
    """The longest run of leading words that names a command, and how many they are."""
    leading = 0
    while leading < len(words) and not words[leading].startswith("-"):
        leading += 1
    for count in range(leading, 0, -1):
        name = "_".join(words[:count]).replace("-", "_")
        if name in commands:
            return name, count
    return None


def start(name: str, used: int, rest: list[str], commands: dict[str, str]) -> None:
    from django.core.management import load_command_class

    command = load_command_class(commands[name], name)
    command.run_from_argv(["yincai", spoken(name), *rest])


def spoken(name: str) -> str:
    return name.replace("_", " ")


def overview(commands: dict[str, str]) -> None:
    from django.core.management import load_command_class

    from yincai.cli import compile as ahead

    lines = {spoken(name): load_command_class(app, name).help for name, app in sorted(commands.items())}
    width = max(map(len, lines), default=0)
    sys.stdout.write("用法：yincai 命令 [选项]。每个命令加 --help 看全部选项。\n\n")
    lines["compile"] = ahead.HELP
    lines["measure"] = "对文件做测量（不需要数据库），全部种类：yincai measure --help"
    for name, line in lines.items():
        sys.stdout.write(f"  {name:<{width}}  {line}\n")


def refuse(words: list[str], commands: dict[str, str]) -> int:
    asked = " ".join(word for word in words if not word.startswith("-"))
    near = difflib.get_close_matches(asked, map(spoken, commands), n=3, cutoff=0.5)
    hint = "您是不是想用：" + "、".join(f"yincai {name}" for name in near) if near else "全部命令：yincai help"
    sys.stderr.write(f"没有这个命令：yincai {asked}。{hint}\n")
    return WRONG_USE
