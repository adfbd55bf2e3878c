"""The sympy worker: decides, can be killed, holds no key, and reaches neither files nor the network."""

import ast
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.knowledge.grading_trees import trees
from yincai.knowledge.grading import worker
from yincai.knowledge.grading.grade import Outcome, grade
from yincai.knowledge.grading.parse import parse
from yincai.knowledge.grading.rules import AnswerSpec
from yincai.knowledge.grading.tree import Expr
from yincai.knowledge.grading.worker import Gone, Pool, Worker, encode

# Trees no parser would let through, to hold the worker busy: 9**9**9**9 and a fight for memory.
NINE = ["num", "9", "1"]
TOWER = ["pow", NINE, ["pow", NINE, ["pow", NINE, NINE]]]
ONE = ["num", "1", "1"]
REQUEST = {"left": TOWER, "right": ONE, "letters": 0, "positive": False}


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    os.environ["YINCAI_TEST_KEY"] = "must not be seen"
    shared = Pool(limit=2.0, kept=2)
    shared.warm()
    yield shared
    shared.close()
    del os.environ["YINCAI_TEST_KEY"]


def tree(text: str) -> Expr:
    return parse(text)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("a", "b", "verdict"),
    [
        ("√(3+2√2)", "1+√2", True),
        ("∛16", "2∛2", True),
        ("∛(-x)", "-∛x", True),
        ("√x√y", "√(xy)", True),
        ("√(x^2)", "abs(x)", True),
        ("√(x^2)", "x", False),
        ("abs(x+1)", "√(x^2+2x+1)", True),
        ("2^(n+1)", "2×2^n", True),
        ("1/(√x+1)", "(√x-1)/(x-1)", True),
        ("∛2", "∛3", False),
        ("√2+√3", "√(5+2√6)", True),
    ],
)
def test_decides_what_the_normal_form_leaves_open(pool: Pool, a: str, b: str, verdict: bool) -> None:
    assert pool.equal(tree(a), tree(b)) is verdict
    assert pool.equal(tree(b), tree(a)) is verdict


def test_positive_letters_are_a_rule(pool: Pool) -> None:
    assert pool.equal(tree("√(x^2)"), tree("x"), positive=True) is True


def test_a_verdict_through_the_whole_path(pool: Pool) -> None:
    spec = AnswerSpec("expression", "2∛2")
    assert grade(spec, "∛16", pool.equal).outcome is Outcome.RIGHT
    assert grade(spec, "∛17", pool.equal).outcome is Outcome.WRONG


def test_too_long_is_killed_and_the_spare_goes_on(pool: Pool) -> None:
    deadline = time.monotonic() + 20
    while pool._ready.qsize() < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    busy, spare = list(pool._ready.queue)
    pool.limit, before = 0.4, time.monotonic()
    try:
        assert pool.ask(REQUEST) is None
    finally:
        pool.limit = 2.0
    assert time.monotonic() - before < 1.0
    assert not busy.alive
    assert pool.equal(tree("∛16"), tree("2∛2")) is True
    assert spare.alive


def test_threads_share_the_workers(pool: Pool) -> None:
    verdicts: list[bool | None] = []

    def ask(n: int) -> None:
        verdicts.append(pool.equal(tree(f"∛{8 * n * 2}"), tree(f"2∛{n * 2}")))

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts == [True] * 8


def test_the_process_holds_no_key_and_no_open_files(pool: Pool) -> None:
    assert pool.equal(tree("√x"), tree("√x")) is True
    process = next(iter(pool._ready.queue)).process
    environment = Path(f"/proc/{process.pid}/environ").read_bytes()
    assert environment.strip(b"\0") == b"LC_ALL=C.UTF-8"
    assert {fd.name for fd in Path(f"/proc/{process.pid}/fd").iterdir()} <= {"0", "1", "2"}
    limits = Path(f"/proc/{process.pid}/limits").read_text()
    assert any(line.split()[3:5] == ["3", "3"] for line in limits.splitlines() if line.startswith("Max open files"))


def test_what_holds_it_is_told_and_true(pool: Pool) -> None:
    assert pool.equal(tree("√x"), tree("√x")) is True
    assert {"limits", "dies with parent", "no new privileges"} <= set(pool.guards)
    status = Path(f"/proc/{next(iter(pool._ready.queue)).process.pid}/status").read_text()
    assert ("Seccomp:\t2" in status) is ("seccomp" in pool.guards)


LOCKED = """
import json, os, socket, sys, importlib.util
spec = importlib.util.spec_from_file_location("child", sys.argv[1])
child = importlib.util.module_from_spec(spec)
spec.loader.exec_module(child)
held = child.lock_up(os.getppid())
def refused(act):
    try:
        act()
    except OSError:
        return True
    return False
print(json.dumps({"held": held, "refused": [
    refused(lambda: open("/etc/hostname")),
    refused(lambda: socket.socket()),
    refused(lambda: os.fork()) if "seccomp" in held else True,
    refused(lambda: os.execv("/bin/true", ["true"])) if "seccomp" in held else True,
    refused(lambda: os.kill(os.getppid(), 0)) if "seccomp" in held else True,
]}))
sys.stdout.flush()
os._exit(0)
"""


def test_after_locking_up_there_is_no_file_no_socket_no_process() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-c", LOCKED, str(worker._CHILD)], capture_output=True, timeout=20, check=False
    )
    reply = json.loads(done.stdout)
    assert reply["refused"] == [True] * 5


def test_it_ends_with_its_parent() -> None:
    """The parent is killed while the worker computes: nothing is left behind."""
    script = (
        "import sys, json\n"
        "from yincai.knowledge.grading.worker import Worker\n"
        "w = Worker()\n"
        "print(w.process.pid, flush=True)\n"
        f"w.ask({REQUEST!r}, 60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": "src"}
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 5
    while _running(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _running(child)


def _running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in ("Z", "X")


def test_nonsense_on_the_wire_is_no_verdict(pool: Pool) -> None:
    for left in (["eval", "1"], ["num", "__import__('os')", "1"], ["var", "9"], ["add"], []):
        assert pool.ask({"left": left, "right": ONE, "letters": 0, "positive": False}) in (None, False)
    assert pool.equal(tree("√x"), tree("√x")) is True


def test_a_worker_that_cannot_start_leaves_answers_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Worker) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr(Worker, "__init__", broken)
    monkeypatch.setattr(worker, "READY_WAIT", 0.2)
    alone = Pool()
    assert alone.equal(tree("√x"), tree("√y")) is None
    alone.close()


def test_a_dead_worker_is_gone() -> None:
    one = Worker.__new__(Worker)
    one.process = subprocess.Popen(["/bin/true"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    one.process.wait()
    with pytest.raises(Gone):
        one.ask(REQUEST, 0.5)


@given(trees, trees)
@settings(max_examples=40, deadline=None)
def test_is_symmetric(pool: Pool, a: Expr, b: Expr) -> None:
    first, second = pool.equal(a, b), pool.equal(b, a)
    if first is not None and second is not None:
        assert first is second


def test_no_text_reaches_sympy() -> None:
    """Neither side names a function that evaluates text; only the child imports sympy."""
    folder = worker._CHILD.parent
    banned = {"sympify", "parse_expr", "parse_latex", "eval", "exec", "compile", "S", "__import__", "lambdify"}
    for path in folder.glob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text())))
        names = {node.id for node in nodes if isinstance(node, ast.Name)}
        attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)} - {"compile"}  # re.compile
        assert not (names | attributes) & banned, path.name
        imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        assert "sympy" not in imported or path.name == "worker_child.py"
        assert "django" not in path.read_text().lower() or path.name in ("__init__.py",)


def test_the_wire_form_holds_numbers_and_heads_only() -> None:
    wire = encode(tree("√(2/3)x^2+π"), ["x"])
    assert wire == [
        "add",
        ["mul", ["root", ["div", ["num", "2", "1"], ["num", "3", "1"]], ["num", "2", "1"]],
         ["pow", ["var", "0"], ["num", "2", "1"]]],
        ["pi"],
    ]  # fmt: skip
