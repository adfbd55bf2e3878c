"""The process in which sympy works: started by path with `python -I`, shares nothing with the parent.

It reads one JSON line a request and writes one a reply. A request carries trees as nested lists, rebuilt
by `_BUILD`; there is no path from text to an expression. Before it answers anything it gives up what it
can (see `lock_up`): no new files, sockets or processes, little memory, and a timer of the kernel ends it
if a request takes too long, even when the parent is gone. The first line it writes says what held.
"""

import ctypes
import importlib
import json
import os
import pkgutil
import resource
import signal
import struct
import sys
from typing import Any

MEMORY = 768 * 1024 * 1024
CPU_SECONDS = 600
MAX_DEPTH = 200

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_ALLOW, _DENY = 0x7FFF0000, 0x00050000 | 1  # EPERM for the rest
# What a computing process still needs, by machine: (audit number of the machine, {call numbers}).
_CALLS = {
    "x86_64": (
        0xC000003E,
        # read write close fstat lseek mmap mprotect munmap brk sigaction sigprocmask sigreturn madvise mremap
        # getpid exit gettimeofday sigaltstack futex clock_gettime exit_group getrandom setitimer sched_yield
        {0, 1, 3, 5, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 28, 38, 39, 60, 96, 131, 202, 228, 231, 318},
    ),
    "aarch64": (
        0xC00000B7,
        {57, 62, 63, 64, 80, 93, 94, 98, 103, 113, 124, 132, 134, 135, 139, 169, 172, 214, 215, 216, 222}
        | {226, 233, 278},
    ),
}


def lock_up(parent: int) -> list[str]:
    """Gives up rights, best first; returns the names of what held."""
    held = []
    for limit, size in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 3),
    ):
        resource.setrlimit(limit, (size, size))
    held.append("limits")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) == 0:
        held.append("dies with parent")
    if os.getppid() != parent:
        sys.exit(0)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        held.append("no new privileges")
        if _seccomp(libc):
            held.append("seccomp")
    return held


def _seccomp(libc: Any) -> bool:
    """A filter of system calls written by hand: only those of `_CALLS`, the rest fail with EPERM."""
    if os.uname().machine not in _CALLS or sys.maxsize < 2**32:
        return False
    machine, calls = _CALLS[os.uname().machine]
    numbers = sorted(calls)
    lines = [(0x20, 0, 0, 4), (0x15, 1, 0, machine), (0x06, 0, 0, _DENY), (0x20, 0, 0, 0)]
    for place, number in enumerate(numbers):
        lines.append((0x15, len(numbers) - place, 0, number))
    lines += [(0x06, 0, 0, _DENY), (0x06, 0, 0, _ALLOW)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in lines))

    class Program(ctypes.Structure):
        _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    program = Program(len(lines), ctypes.addressof(code))
    return bool(libc.prctl(_PR_SET_SECCOMP, 2, ctypes.byref(program), 0, 0) == 0)


class Equivalence:
    """Decides whether two rebuilt expressions are equal as functions of real variables."""

    def __init__(self) -> None:
        import sympy

        self.sympy = sympy

    def build(self, data: Any, letters: Any, depth: int = 0) -> Any:
        """A tree of nested lists to sympy objects; every head is one of this table."""
        if depth > MAX_DEPTH:
            raise ValueError("too deep")
        s, head, rest = self.sympy, data[0], data[1:]
        if head == "num":
            return s.Rational(int(rest[0]), int(rest[1]))
        if head == "var":
            return letters[int(rest[0])]
        if head == "pi":
            return s.pi
        args = [self.build(item, letters, depth + 1) for item in rest]
        return {
            "neg": lambda: -args[0],
            "add": lambda: s.Add(*args),
            "mul": lambda: s.Mul(*args),
            "div": lambda: args[0] / args[1],
            "pow": lambda: args[0] ** args[1],
            "root": lambda: self.root(args[0], args[1]),
            "abs": lambda: s.Abs(args[0]),
        }[head]()

    def root(self, arg: Any, index: Any) -> Any:
        """The real root: ∛(-8) is -2, not sympy's principal value; √(-1) is nothing."""
        s = self.sympy
        power = s.Rational(1, index)
        if index % 2:
            return s.sign(arg) * s.Abs(arg) ** power
        if arg.is_negative:
            raise NotReal
        return arg**power

    def compare(self, left: Any, right: Any, letters: int, positive: bool) -> str:
        """`different` where a real point tells them apart, `equal` where sympy proves it, else `unknown`."""
        points = [self.point(row, letters, positive) for row in range(8 if letters else 1)]
        if any(self.differ(left, right, point) for point in points):
            return "different"
        kinds: list[dict[str, bool]] = [{"positive": True}] if positive else [{"real": True}, {"positive": True}]
        for kind in kinds:
            symbols = [self.sympy.Symbol(f"v{i}", **kind) for i in range(letters)]
            if self.proved(self.build(left, symbols) - self.build(right, symbols)):
                return "equal"
        return "unknown"

    def point(self, row: int, letters: int, positive: bool) -> list[Any]:
        """Fixed rationals: nothing here is left to chance, the same pair gets the same verdict."""
        values = [self.sympy.Rational(*_POINTS[(row + 3 * i) % len(_POINTS)]) for i in range(letters)]
        return [abs(value) for value in values] if positive else values

    def differ(self, left: Any, right: Any, point: list[Any]) -> bool:
        """Whether the sides differ there, to 40 digits; a point where one is not real says nothing."""
        s = self.sympy
        try:
            values = [s.N(self.build(side, point), 40) for side in (left, right)]
        except NotReal:
            return False
        if not all(value.is_real and value.is_finite for value in values):
            return False
        return bool(abs(values[0] - values[1]) > s.Float("1e-25") * (1 + abs(values[0])))

    def proved(self, difference: Any) -> bool:
        s = self.sympy
        for step in (s.expand, self.under_roots, s.radsimp, s.together, s.simplify):
            difference = step(difference)
            if difference == 0:
                return True
        return not difference.free_symbols and bool(difference.equals(0))

    def under_roots(self, tree: Any) -> Any:
        """√(x²+2x+1) as √((x+1)²), which sympy then draws by itself."""
        roots = [power for power in tree.atoms(self.sympy.Pow) if not power.exp.is_integer]
        return tree.xreplace({power: self.sympy.factor(power.base) ** power.exp for power in roots})


class NotReal(Exception):
    pass


_POINTS = ((3, 7), (17, 5), (-4, 9), (29, 3), (-13, 6), (101, 11), (8, 13), (-31, 4), (2, 1), (5, 8), (47, 9))

# sympy and mpmath import parts of themselves late, and after `lock_up` no file can be opened any more:
# these packages are imported whole before it, and the pairs below walk through the rest.
_PARTS = "simplify functions polys calculus sets series concrete matrices ntheory logic assumptions solvers integrals"
_WARM_UP = """
[["root", ["add", ["num","3","1"], ["mul", ["num","2","1"], ["root", ["num","2","1"], ["num","2","1"]]]],
  ["num","2","1"]],
 ["add", ["num","1","1"], ["root", ["num","2","1"], ["num","2","1"]]]]
[["div", ["add", ["pow", ["var","0"], ["num","2","1"]], ["neg", ["num","1","1"]]],
  ["add", ["var","0"], ["neg", ["num","1","1"]]]], ["add", ["var","0"], ["num","1","1"]]]
[["root", ["pow", ["var","0"], ["num","2","1"]], ["num","2","1"]], ["abs", ["var","0"]]]
[["root", ["mul", ["var","0"], ["var","1"]], ["num","3","1"]], ["mul", ["pow", ["num","2","1"], ["var","0"]], ["pi"]]]
[["pow", ["num","2","1"], ["add", ["var","0"], ["num","1","1"]]],
 ["mul", ["num","2","1"], ["pow", ["num","2","1"], ["var","0"]]]]
[["root", ["mul", ["var","0"], ["var","1"]], ["num","2","1"]],
 ["mul", ["root", ["var","0"], ["num","2","1"]], ["root", ["var","1"], ["num","2","1"]]]]
[["div", ["num","1","1"], ["add", ["root", ["var","0"], ["num","2","1"]], ["num","1","1"]]],
 ["div", ["add", ["root", ["var","0"], ["num","2","1"]], ["neg", ["num","1","1"]]],
  ["add", ["var","0"], ["neg", ["num","1","1"]]]]]
[["root", ["num","16","1"], ["num","3","1"]], ["mul", ["num","2","1"], ["root", ["num","2","1"], ["num","3","1"]]]]
[["abs", ["add", ["var","0"], ["var","1"]]],
 ["root", ["pow", ["add", ["var","0"], ["var","1"]], ["num","2","1"]], ["num","2","1"]]]
"""


def _warm(judge: Equivalence) -> None:
    for part in _PARTS.split():
        package = importlib.import_module(f"sympy.{part}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".tests" not in module.name and ".benchmarks" not in module.name:
                importlib.import_module(module.name)
    text, decoder = _WARM_UP.strip(), json.JSONDecoder()
    while text:
        (left, right), end = decoder.raw_decode(text)
        judge.compare(left, right, 2, False)
        text = text[end:].lstrip()


def main() -> None:
    parent = int(sys.argv[1])
    judge = Equivalence()
    _warm(judge)
    held = lock_up(parent)
    out = sys.stdout.buffer
    out.write(json.dumps({"ready": held}).encode() + b"\n")
    out.flush()
    for line in sys.stdin.buffer:
        out.write(json.dumps(_reply(judge, line)).encode() + b"\n")
        out.flush()


def _reply(judge: Equivalence, line: bytes) -> dict[str, Any]:
    request = json.loads(line)
    signal.setitimer(signal.ITIMER_REAL, float(request["seconds"]))
    try:
        verdict = judge.compare(*(request[part] for part in ("left", "right", "letters", "positive")))
        return {"verdict": verdict}
    except Exception as error:  # a verdict is never worth a crash; the parent hears what it was
        return {"verdict": "unknown", "why": f"{type(error).__name__}: {error}"[:200]}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    main()
