"""`yincai serve` as an operator meets it: real processes, on a home of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from tests.core.installation import Installation, processes_of, until


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    made = Installation(tmp_path_factory.mktemp("served"), served=True)
    yield made
    made.remove()


def test_parts_are_restarted_and_none_outlives_a_killed_supervisor(installation: Installation) -> None:
    supervisor = installation.serve()
    assert until(installation.answers, 40), supervisor.stdout and supervisor.stdout.read()
    page = f"http://127.0.0.1:{installation.port}/no-such-page"
    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.urlopen(page, timeout=10)
    assert answer.value.code == 404

    for part in ("web", "worker", "sealer"):
        old = installation.pid_of(part)
        assert old
        os.kill(old, signal.SIGKILL)
        assert until(lambda part=part, old=old: installation.pid_of(part) not in (None, old), 10), part
    assert until(installation.answers, 20)

    second = installation.run("serve", "--port", str(installation.port))
    assert second.returncode == 2
    assert str(installation.port) in second.stderr

    supervisor.kill()
    supervisor.wait()
    assert until(lambda: not processes_of(installation.home), 5), processes_of(installation.home)
    assert until(lambda: not installation.answers(), 3)


def test_sigterm_ends_all_even_while_starting(installation: Installation) -> None:
    supervisor = installation.serve()
    assert until(lambda: installation.pid_of("web"), 20)
    assert seconds_to_end(supervisor) < 10
    assert processes_of(installation.home) == {}


def test_a_home_is_served_once_and_sigterm_ends_all(installation: Installation) -> None:
    supervisor = installation.serve()
    assert until(installation.answers, 40)
    other = installation.run("serve", "--port", str(installation.port + 1))
    assert other.returncode == 2
    assert str(supervisor.pid) in other.stderr
    assert seconds_to_end(supervisor) < 10
    assert processes_of(installation.home) == {}


def seconds_to_end(supervisor: subprocess.Popen[str]) -> float:
    began = time.monotonic()
    supervisor.terminate()
    supervisor.wait(timeout=20)
    return time.monotonic() - began
