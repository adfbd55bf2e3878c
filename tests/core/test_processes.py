from __future__ import annotations

import socket
import sys
import time
from pathlib import Path

import pytest

from yincai.core import processes
from yincai.core.processes import Address, Group, Part, ServeError


def sleeper(name: str = "part") -> Part:
    return Part(name, [sys.executable, "-c", "import time; time.sleep(60)"])


def broken() -> Part:
    return Part("broken", [sys.executable, "-c", "raise SystemExit(3)"])


def test_a_part_that_keeps_dying_is_started_after_growing_pauses() -> None:
    part, said = broken(), []
    group = Group([part], said.append)
    part.start()
    pauses = []
    for _ in range(3):
        assert part.process is not None
        part.process.wait()
        group.mend()
        pauses.append(part.due - time.monotonic())
        part.due = 0.0
        group.mend()
    assert pauses == sorted(pauses)
    assert pauses[2] > 2 * pauses[0] > 0
    assert "broken" in said[0]
    assert "3" in said[0]
    group.end()


def test_a_part_that_was_steady_starts_at_once() -> None:
    part = broken()
    part.start()
    assert part.process is not None
    part.process.wait()
    part.failures, part.started = 5, time.monotonic() - processes.STEADY - 1
    assert part.note_death() == 0.0


def test_end_leaves_no_part_running(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "PATIENCE", 0.5)
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    parts = [sleeper(), Part("deaf", [sys.executable, "-c", code])]
    for part in parts:
        part.start()
    time.sleep(0.2)
    Group(parts, print).end()
    assert not any(part.runs for part in parts)


def test_a_port_in_use_is_refused_though_it_could_be_shared() -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ServeError, match=str(port)):
            processes.need_free(Address("127.0.0.1", port))
        with pytest.raises(ServeError, match=str(port)):
            processes.need_free(Address("0.0.0.0", port))
    processes.need_free(Address("127.0.0.1", port))


@pytest.mark.parametrize(
    ("host", "cert", "key", "named"),
    [
        ("school.example", None, None, "school.example"),
        ("127.0.0.1", Path("a.crt"), None, "--key"),
        ("127.0.0.1", Path("/no/such.crt"), Path("/no/such.key"), "/no/such.crt"),
    ],
)
def test_a_wrong_address_is_refused_by_name(host: str, cert: Path | None, key: Path | None, named: str) -> None:
    with pytest.raises(ServeError, match=named):
        processes.address(host, 8000, cert, key)


def test_loopback_and_names() -> None:
    assert processes.address("localhost", 8000, None, None).loopback
    assert processes.address("::1", 8000, None, None).url == "http://[::1]:8000"
    everywhere = processes.address("0.0.0.0", 8000, None, None)
    assert not everywhere.loopback
    names = processes.host_names(everywhere)
    assert socket.gethostname() in names
    assert "127.0.0.1" in names
    assert "0.0.0.0" not in names


def test_names_given_come_to_the_machines_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YINCAI_HOSTS", "yincai.school.example, 10.1.2.3")
    everywhere = processes.address("0.0.0.0", 8000, None, None)
    names = processes.host_names(everywhere)
    assert {"127.0.0.1", socket.gethostname(), "yincai.school.example", "10.1.2.3"} <= set(names)
    assert processes.parts_for(everywhere, 1)[0].environment["YINCAI_HOSTS"] == ",".join(names)


def test_no_part_keeps_a_pool_of_threads_unless_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    where = processes.Address("127.0.0.1", 8000)
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    assert {part.environment["OPENBLAS_NUM_THREADS"] for part in processes.parts_for(where, 2)} == {"1"}
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    assert {part.environment["OPENBLAS_NUM_THREADS"] for part in processes.parts_for(where, 2)} == {"3"}
