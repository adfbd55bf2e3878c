"""Is the installation well? Checks by name; a package above registers its own, in place of ours if named the same."""

from __future__ import annotations

import importlib.util
import shutil
import sqlite3
import stat
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.contrib.staticfiles import finders
from django.db import DatabaseError, connection
from django.utils import timezone

from yincai.core import audit, crypto, home, prepare
from yincai.core.models import AuditRow, Fact

OLDEST_POSTGRES = 15
LEAST_FREE = 2 * 10**9
UNSEALED_AT_MOST = timedelta(minutes=2)
WAITING_AT_MOST = timedelta(minutes=10)
BACKUP_EVERY = timedelta(days=7)
EXTRAS = {"postgres": ("psycopg", "城市级数据库 PostgreSQL")}
ASSETS = ("vendor/katex/katex.mjs", "vendor/katex/katex.min.css", "django_htmx/htmx-2.min.js")


@dataclass(frozen=True)
class Finding:
    """`say`: how it is, and, where not `ok`, what to do."""

    name: str
    ok: bool
    say: str


Check = Callable[[], tuple[bool, str]]
CHECKS: dict[str, Check] = {}


def check(name: str) -> Callable[[Check], Check]:
    """Register a check; it returns whether all is well and a sentence."""

    def register(function: Check) -> Check:
        CHECKS[name] = function
        return function

    return register


def examine() -> list[Finding]:
    """All checks; without a database only those that can do without."""
    try:
        prepare.prepare()
    except (home.HomeError, DatabaseError) as problem:
        return [
            Finding("database", False, str(problem)),
            *(_look(name) for name in ("assets", "fonts", "disk", "extras")),
        ]
    return [_look(name) for name in CHECKS]


def _look(name: str) -> Finding:
    try:
        ok, say = CHECKS[name]()
    except (OSError, DatabaseError, home.HomeError, crypto.SealError) as problem:
        ok, say = False, f"没能检查：{problem}"
    return Finding(name, ok, say)


@check("database")
def database() -> tuple[bool, str]:
    if connection.vendor == "sqlite":
        return _sqlite()
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        version = int(cursor.fetchone()[0]) // 10000
        cursor.execute("SHOW fsync")
        synced = cursor.fetchone()[0] == "on"
    if version < OLDEST_POSTGRES:
        return False, f"PostgreSQL {version} 太旧，需要 {OLDEST_POSTGRES} 以上。"
    return synced, f"PostgreSQL {version}" + ("。" if synced else "，但 fsync 关着，断电会丢数据：请在服务器上打开。")


def _sqlite() -> tuple[bool, str]:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        mode = cursor.fetchone()[0]
        cursor.execute("PRAGMA synchronous")
        synchronous = cursor.fetchone()[0]
    if (mode, synchronous) not in {("wal", 2), ("memory", 2)}:
        return (
            False,
            f"SQLite 的日志方式是 {mode}/{synchronous}，应为 wal/2。数据文件夹可能在网络盘上，请移到本机磁盘。",
        )
    return True, f"SQLite {sqlite3.sqlite_version}，{home.folder()}"


@check("migrations")
def migrations() -> tuple[bool, str]:
    pending = prepare.pending_migrations()
    return not pending, f"还差 {pending} 步，请运行 yincai upgrade。" if pending else "数据库与程序版本一致。"


@check("key")
def key() -> tuple[bool, str]:
    crypto.check_master_key()
    mode = stat.S_IMODE(home.key_file().stat().st_mode)
    if mode & 0o077:
        return False, f"别人也能读主密钥（权限 {mode:o}）。请运行 chmod 600 {home.key_file()}"
    return True, "主密钥在位，只有本账号能读。"


@check("key-copy")
def key_copy() -> tuple[bool, str]:
    copied = Fact.read("key_copied", {})
    if copied.get("fingerprint") == crypto.master_fingerprint():
        return True, "主密钥已抄到别处。"
    if Fact.read("demo"):
        return True, "演示数据，不必抄出主密钥。"
    return False, "主密钥还没有抄到别处：这块磁盘坏了，备份也读不出来。请运行 yincai key copy /U盘/因材主密钥"


@check("backup")
def backup() -> tuple[bool, str]:
    if Fact.read("demo"):
        return True, "演示数据，不必备份。"
    last = Fact.objects.filter(pk="backup").first()
    if last is None:
        return False, "还没有备份过。请运行 yincai backup，并每天定时运行。"
    said = f"上次备份 {timezone.localtime(last.at):%Y-%m-%d %H:%M}。"
    recent = timezone.now() - last.at <= BACKUP_EVERY
    return recent, said if recent else said + "已超过一周，请运行 yincai backup。"


@check("audit")
def audit_tail() -> tuple[bool, str]:
    late = AuditRow.objects.filter(position__isnull=True, at__lt=timezone.now() - UNSEALED_AT_MOST).count()
    if late:
        return False, f"有 {late} 行审计记录两分钟后还没封存。请确认 yincai serve 在运行。"
    head, anchored = audit.head(), max((number for number, _, _ in audit.anchors()), default=0)
    if head["block"] != anchored:
        return False, f"审计存证文件 {settings.AUDIT_ANCHORS} 止于第 {anchored} 块，库中有 {head['block']} 块。"
    return True, f"审计链已封存到第 {head['block']} 块。完整核对：yincai audit verify"


@check("tasks")
def tasks() -> tuple[bool, str]:
    from django_tasks.base import TaskResultStatus
    from django_tasks_db.models import DBTaskResult

    old = timezone.now() - WAITING_AT_MOST
    waiting = DBTaskResult.objects.filter(status=TaskResultStatus.READY, enqueued_at__lt=old).count()
    if waiting:
        return False, f"有 {waiting} 个后台任务等了十分钟以上。请确认 yincai serve 在运行。"
    return True, "没有积压的后台任务。"


@check("assets")
def assets() -> tuple[bool, str]:
    missing = [name for name in ASSETS if finders.find(name) is None]
    if missing:
        return False, f"缺少网页用到的 {missing[0]}。请在程序文件夹里运行 make setup。"
    return True, "网页的脚本和样式齐全。"


@check("fonts")
def fonts() -> tuple[bool, str]:
    """Browsers use their own; only what is drawn on the server needs one here."""
    tool = shutil.which("fc-list")
    found = tool and subprocess.run([tool, ":lang=zh", "family"], capture_output=True, text=True).stdout.strip()
    if not found:
        return True, "本机没有中文字体。网页不受影响；要在本机截图或打印，请安装 apt-get install fonts-noto-cjk"
    return True, f"中文字体：{found.splitlines()[0].split(',')[0]} 等。"


@check("disk")
def disk() -> tuple[bool, str]:
    free = shutil.disk_usage(home.folder()).free
    said = f"{home.folder()} 所在磁盘剩余 {free / 1e9:.1f} GB。"
    return free >= LEAST_FREE, said if free >= LEAST_FREE else said + "少于 2 GB，请清理或换大磁盘，旧备份可以先移走。"


@check("extras")
def extras() -> tuple[bool, str]:
    """What is optional, and, for PostgreSQL, the tools that a backup needs."""
    told = [
        f"{name}（{what}）：{'已装' if importlib.util.find_spec(module) else '未装'}"
        for name, (module, what) in EXTRAS.items()
    ]
    if connection.vendor == "postgresql" and not (shutil.which("pg_dump") and shutil.which("pg_restore")):
        return False, "备份需要 pg_dump 和 pg_restore。请安装：apt-get install postgresql-client"
    return True, "；".join(told) + "。"
