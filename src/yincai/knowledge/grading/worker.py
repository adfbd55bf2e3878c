"""Equivalence beyond the normal form: sympy in a process that can be killed.

`equal(a, b)` sends two trees and waits at most LIMIT seconds. One worker is kept ready and one spare;
when a request runs over, its worker is killed, the spare takes the next one, and a supervisor thread
starts another. The supervisor is also the thread that starts every worker, because PR_SET_PDEATHSIG
follows the starting thread. The environment of a worker holds a locale and nothing else.

What holds a worker (its first line tells, `Pool.guards`): limits of memory, CPU and files (no descriptor
beyond its three pipes, so no socket), no new privileges, a system-call filter on x86-64 and aarch64, and
death with its parent or its pipe. Where the kernel has no filter, files could still not be opened.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import logging
import os
import queue
import select
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .tree import Abs, Add, Div, Expr, Mixed, Mul, Neg, Num, Percent, Pi, Pow, Root, Var, variables

LIMIT = 0.4
START_LIMIT = 30.0  # a start takes 2–3 s; a busy machine more
READY_WAIT = 8.0  # how long an answer waits for the very first worker
KEPT = 2  # one at work, one spare
_ENVIRONMENT = {"LC_ALL": "C.UTF-8"}
_CHILD = Path(__file__).with_name("worker_child.py")
_log = logging.getLogger(__name__)


def encode(tree: Expr, names: Sequence[str]) -> list[Any]:
    """The wire form: nested lists, numbers as strings, variables by their number in `names`."""
    match tree:
        case Num(value):
            return ["num", str(value.numerator), str(value.denominator)]
        case Mixed():
            return ["num", str(tree.value.numerator), str(tree.value.denominator)]
        case Var(name):
            return ["var", str(names.index(name))]
        case Pi():
            return ["pi"]
        case Percent(arg, base):
            return ["div", encode(arg, names), ["num", str(base), "1"]]
        case Root(arg, index):
            return ["root", encode(arg, names), ["num", str(index), "1"]]
    head, args = _compound(tree)
    return [head, *(encode(arg, names) for arg in args)]


def _compound(tree: Expr) -> tuple[str, tuple[Expr, ...]]:
    match tree:
        case Neg(arg):
            return "neg", (arg,)
        case Abs(arg):
            return "abs", (arg,)
        case Add(args):
            return "add", args
        case Mul(args):
            return "mul", args
        case Div(num, den):
            return "div", (num, den)
        case Pow(base, exp):
            return "pow", (base, exp)
    raise TypeError(f"not an expression: {tree!r}")


class Gone(Exception):
    pass


class Worker:
    """One child process and its two pipes; used by one thread at a time."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-I", str(_CHILD), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT,
            cwd="/",
            start_new_session=True,
            bufsize=0,
        )
        try:
            self.guards: list[str] = self._read(START_LIMIT)["ready"]
        except BaseException:
            self.kill()
            raise

    def ask(self, request: dict[str, Any], seconds: float) -> str:
        """The verdict, or Gone when the time is over (the worker is killed then)."""
        request = request | {"seconds": seconds * 2}
        stdin = self.process.stdin
        if stdin is None:
            raise Gone
        try:
            stdin.write(json.dumps(request).encode() + b"\n")
            reply = self._read(seconds)
            if "why" in reply:
                _log.info("grading worker could not decide: %s", reply["why"])
            return str(reply["verdict"])
        except (OSError, ValueError, KeyError) as error:
            self.kill()
            raise Gone from error

    def _read(self, seconds: float) -> dict[str, Any]:
        until, line = time.monotonic() + seconds, b""
        stdout = self.process.stdout
        if stdout is None:
            raise OSError("no pipe")
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([stdout], [], [], max(until - time.monotonic(), 0))
            piece = stdout.read(65536) if ready else b""
            if not piece:
                raise TimeoutError("the worker gave no answer")
            line += piece
        reply = json.loads(line)
        return reply if isinstance(reply, dict) else {}

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()
        self.process.wait()


class Pool:
    """Ready workers, and the thread that keeps KEPT of them."""

    def __init__(self, limit: float = LIMIT, kept: int = KEPT) -> None:
        self.limit, self.kept = limit, kept
        self.guards: list[str] = []
        self.failures = 0
        self._ready: queue.Queue[Worker] = queue.Queue()
        self._wanted = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._keeper: threading.Thread | None = None
        self._closed = False

    def warm(self) -> None:
        """Starts the workers without waiting; `equal` does so by itself when first needed."""
        with self._lock:
            if self._keeper is None and not self._closed:
                self._keeper = threading.Thread(target=self._keep, name="grading-workers", daemon=True)
                self._keeper.start()
                for _ in range(self.kept):
                    self._wanted.release()

    def equal(self, left: Expr, right: Expr, positive: bool = False) -> bool | None:
        """True or False when sure; None when it could not be decided within the limit."""
        names = sorted(variables(left) | variables(right))
        sides = {"left": encode(left, names), "right": encode(right, names)}
        return self.ask(sides | {"letters": len(names), "positive": positive})

    def ask(self, request: dict[str, Any]) -> bool | None:
        for worker in self._take():
            try:
                verdict = worker.ask(request, self.limit)
            except Gone:
                self._wanted.release()
                return None
            self._ready.put(worker)
            return {"equal": True, "different": False}.get(verdict)
        return None

    def _take(self) -> list[Worker]:
        """A live worker as a list of one; empty when none got ready in time."""
        self.warm()
        until = time.monotonic() + (self.limit if self.failures else READY_WAIT)
        while not self._closed:
            try:
                worker = self._ready.get(timeout=max(until - time.monotonic(), 0.001))
            except queue.Empty:
                return []
            if worker.alive:
                return [worker]
            worker.kill()
            self._wanted.release()
        return []

    def _keep(self) -> None:
        while not self._closed:
            self._wanted.acquire()
            if self._closed:
                return
            try:
                worker = Worker()
            except Exception as error:
                self._failed(error)
                continue
            self.failures, self.guards = 0, worker.guards
            self._ready.put(worker)
            if self._closed:
                self._drain()

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        _log.warning("grading worker did not start (%d in a row): %s", self.failures, error)
        time.sleep(min(2.0**self.failures, 60.0))
        self._wanted.release()

    def close(self) -> None:
        self._closed = True
        self._wanted.release()
        self._drain()

    def _drain(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                self._ready.get_nowait().kill()


_pool: Pool | None = None
_pool_lock = threading.Lock()


def pool() -> Pool:
    """The pool of this process; a forked child gets one of its own."""
    global _pool
    with _pool_lock:
        if _pool is None:
            _pool = Pool()
            atexit.register(_pool.close)
        return _pool


def _forget() -> None:
    global _pool, _pool_lock
    _pool, _pool_lock = None, threading.Lock()


os.register_at_fork(after_in_child=_forget)


def equal(left: Expr, right: Expr, positive: bool = False) -> bool | None:
    return pool().equal(left, right, positive)
