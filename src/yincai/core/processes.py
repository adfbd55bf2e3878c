"""The processes of an installation as one group: web, worker and sealer under one supervisor.

The supervisor starts each part in a session of its own, starts a dead one again after a growing pause, and ends all
of them on SIGTERM, SIGINT or SIGHUP. If it is itself killed, the kernel kills the parts (see `core.child`). granian
binds with SO_REUSEPORT, so a port that somebody serves already would be shared silently: it is refused here.
"""

from __future__ import annotations

import errno
import fcntl
import ipaddress
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from yincai.core import home

PATIENCE = 7.0  # seconds a part has to end before it is killed
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
STEADY = 30.0  # a part that lived this long starts without a pause again
LOOPBACK_NAMES = ["127.0.0.1", "localhost", "[::1]"]
SIOCGIFADDR = 0x8915
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class ServeError(home.HomeError):
    """Serving cannot start; the message says why and what to do."""


@dataclass(frozen=True)
class Address:
    host: str
    port: int
    cert: Path | None = None
    key: Path | None = None

    @property
    def url(self) -> str:
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.cert else 'http'}://{shown}:{self.port}"

    @property
    def loopback(self) -> bool:
        return ipaddress.ip_address(self.host).is_loopback

    @property
    def family(self) -> socket.AddressFamily:
        return socket.AF_INET6 if ":" in self.host else socket.AF_INET


def address(host: str, port: int, cert: Path | None, key: Path | None) -> Address:
    """Check what was asked for; raises ServeError."""
    host = "127.0.0.1" if host == "localhost" else host
    try:
        ipaddress.ip_address(host)
    except ValueError:
        raise ServeError(f"--host {host}：请写 IP 地址，例如 0.0.0.0（所有网卡）或 127.0.0.1。") from None
    if (cert is None) != (key is None):
        raise ServeError("--cert 和 --key 要一起给出。")
    for file in (cert, key):
        if file is not None and not os.access(file, os.R_OK):
            raise ServeError(f"读不到文件 {file}。请检查路径和权限。")
    return Address(host, port, cert, key)


def need_free(where: Address) -> None:
    """Raise ServeError unless the port can be had for ourselves alone."""
    with socket.socket(where.family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((where.host, where.port))
        except OSError as problem:
            raise ServeError(_no_port(where, problem)) from None


def _no_port(where: Address, problem: OSError) -> str:
    if problem.errno == errno.EADDRINUSE:
        return f"端口 {where.port} 已有程序在用。请先停止它，或用 --port 换一个端口。"
    if problem.errno == errno.EACCES:
        return f"没有权限使用端口 {where.port}。请用 1024 以上的端口。"
    return f"不能使用 {where.host}:{where.port}：{problem.strerror}。"


def host_names(where: Address) -> list[str]:
    """What browsers may call this server: its address, or all addresses of this machine, and its name; and what
    YINCAI_HOSTS adds."""
    own = [where.host]
    if ipaddress.ip_address(where.host).is_unspecified:
        own = [socket.gethostname(), *_interface_addresses()]
    shown = [f"[{name}]" if ":" in name else name for name in own]
    more = [name.strip() for name in os.environ.get("YINCAI_HOSTS", "").split(",") if name.strip()]
    return list(dict.fromkeys([*LOOPBACK_NAMES, *shown, *more]))


def _interface_addresses() -> Iterator[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            with suppress(OSError):  # an interface without an address
                answer = fcntl.ioctl(probe, SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
                yield socket.inet_ntoa(answer[20:24])


@contextmanager
def only_server() -> Iterator[None]:
    """Hold the home for one server; raises ServeError while another one serves it."""
    with (home.folder() / "serve.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise ServeError(f"{home.folder()} 正由进程 {lock.read().strip()} 提供服务，请先停止它。") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


@dataclass
class Part:
    """One child process, started again when it dies."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    failures: int = 0
    started: float = 0.0
    due: float = 0.0

    def start(self) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            self.command,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def note_death(self) -> float:
        """Plan the next start; returns the pause in seconds."""
        lived = time.monotonic() - self.started
        self.failures = 0 if lived >= STEADY else self.failures + 1
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**self.failures) if self.failures else 0.0
        self.due = time.monotonic() + pause
        self.process = None
        return pause

    def end(self) -> None:
        if self.process is not None and self.runs:
            self.process.terminate()

    def kill(self) -> None:
        """With all it has started: it leads a process group of its own."""
        if self.process is not None and self.runs:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Group:
    """Runs parts until told to end."""

    def __init__(self, parts: list[Part], say: Callable[[str], None], ready: Callable[[], bool] | None = None) -> None:
        self.parts = parts
        self.say = say
        self.ready = ready

    def run(self, announce: str = "") -> None:
        with _signals() as wait:
            try:
                for part in self.parts:
                    part.start()
                while not wait(0.2 if self.ready else 1.0):
                    self.mend()
                    if self.ready and self.ready():
                        self.say(announce)
                        self.ready = None
            finally:
                self.end()

    def mend(self) -> None:
        for part in self.parts:
            if part.process is not None and not part.runs:
                code = part.process.returncode
                pause = part.note_death()
                self.say(f"{part.name} 意外退出（代码 {code}），{pause:.1f} 秒后重新启动。")
            if part.process is None and time.monotonic() >= part.due:
                part.start()

    def end(self) -> None:
        for part in self.parts:
            part.end()
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and any(part.runs for part in self.parts):
            time.sleep(0.05)
        for part in self.parts:
            part.kill()


@contextmanager
def _signals() -> Iterator[Callable[[float], bool]]:
    """Yields a wait that returns early on any signal, and True when that was one to end."""
    reader, writer = os.pipe()
    for end in (reader, writer):
        os.set_blocking(end, False)
    old = {number: signal.signal(number, lambda *_: None) for number in (*ENDING, signal.SIGCHLD)}
    old_wakeup = signal.set_wakeup_fd(writer)

    def wait(seconds: float) -> bool:
        ready, _, _ = select.select([reader], [], [], seconds)
        return bool(ready) and any(number in ENDING for number in os.read(reader, 4096))

    try:
        yield wait
    finally:
        signal.set_wakeup_fd(old_wakeup)
        for number, handler in old.items():
            signal.signal(number, handler)
        os.close(reader)
        os.close(writer)


def answers(where: Address) -> bool:
    """Does somebody accept connections there?"""
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(where.host, where.host)  # noqa: S104 (read, not bound)
    with socket.socket(where.family) as probe:
        probe.settimeout(1)
        return probe.connect_ex((target, where.port)) == 0


def parts_for(where: Address, workers: int) -> list[Part]:
    environment = {"YINCAI_HOSTS": ",".join(host_names(where))}
    # Several processes share the cores: a pool of threads in each would only wait for the others, at their cost.
    environment["OPENBLAS_NUM_THREADS"] = os.environ.get("OPENBLAS_NUM_THREADS", "1")
    if where.cert:
        environment["YINCAI_HTTPS"] = "1"
    child = [sys.executable, "-m", "yincai.core.child", str(os.getpid())]
    web = ["--host", where.host, "--port", str(where.port), "--workers", str(workers)]
    if where.cert and where.key:
        web += ["--cert", str(where.cert), "--key", str(where.key)]
    words = {"web": web, "worker": ["default"], "long": ["long"], "sealer": []}
    return [Part(name, [*child, name, *rest], environment) for name, rest in words.items()]


def serve(where: Address, workers: int, say: Callable[[str], None]) -> None:
    """Run web, worker and sealer until told to end. The caller saw that the port is free."""
    with only_server():
        group = Group(parts_for(where, workers), say, ready=lambda: answers(where))
        group.run(announce=f"因材已启动：{where.url}（Ctrl-C 停止）")
