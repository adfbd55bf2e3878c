"""`yincai serve` as an operator meets it: real processes, on a home of their own."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.core.management import CommandError, call_command
from django.db import connections

from tests.core.installation import Installation, processes_of, until
from yincai.core import processes
from yincai.core.actions.remember import remember
from yincai.core.actors import installation as service

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("served")]  # one process: they share a home


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    made = Installation(tmp_path_factory.mktemp("served"), served=True)
    yield made
    made.remove()


@pytest.fixture(autouse=True)
def nothing_left_behind(installation: Installation) -> Iterator[None]:
    """A test that fails half-way must not fail the next one."""
    yield
    installation.remove()


def test_parts_are_restarted_and_none_outlives_a_killed_supervisor(installation: Installation) -> None:
    supervisor = installation.serve()
    assert until(installation.answers, 90), installation.log.read_text()
    page = f"http://127.0.0.1:{installation.port}/no-such-page"
    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.urlopen(page, timeout=10)
    assert answer.value.code == 404

    for part in ("web", "worker", "long", "sealer"):
        old = installation.pid_of(part)
        assert old
        os.kill(old, signal.SIGKILL)
        assert until(lambda part=part, old=old: installation.pid_of(part) not in (None, old), 60), part
    assert until(installation.answers, 60)

    second = installation.run("serve", "--port", str(installation.port))
    assert second.returncode == 2
    assert str(installation.port) in second.stderr

    supervisor.kill()
    supervisor.wait()
    assert until(lambda: not processes_of(installation.home), 5), processes_of(installation.home)
    assert until(lambda: not installation.answers(), 3)


def test_sigterm_ends_all_even_while_starting(installation: Installation) -> None:
    supervisor = installation.serve()
    assert until(lambda: installation.pid_of("web"), 60)
    assert seconds_to_end(supervisor) < 10
    assert processes_of(installation.home) == {}


def test_over_https_a_home_is_served_once_and_sigterm_ends_all(installation: Installation, tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    supervisor = installation.serve("--cert", str(certificate), "--key", str(tmp_path / "school.key"))
    assert until(installation.answers, 90), installation.log.read_text()
    trusting = ssl.create_default_context(cafile=certificate)
    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.urlopen(f"https://localhost:{installation.port}/no-such-page", timeout=10, context=trusting)
    assert answer.value.code == 404
    assert answer.value.headers["Cross-Origin-Opener-Policy"] == "same-origin"  # the settings know of https

    other = installation.run("serve", "--port", str(installation.port + 1))
    assert other.returncode == 2
    assert str(supervisor.pid) in other.stderr
    assert seconds_to_end(supervisor) < 10
    assert processes_of(installation.home) == {}


def seconds_to_end(supervisor: subprocess.Popen[bytes]) -> float:
    began = time.monotonic()
    supervisor.terminate()
    supervisor.wait(timeout=20)
    return time.monotonic() - began


def self_signed(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "school.key").write_bytes(key.private_bytes(pem, *plain))
    (folder / "school.crt").write_bytes(certificate.public_bytes(pem))
    return folder / "school.crt"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[processes.Address]:
    """Where the command would have served."""
    found: list[processes.Address] = []
    monkeypatch.setattr(processes, "serve", lambda where, workers, say: found.append(where))
    monkeypatch.setattr(connections, "close_all", lambda: None)  # the test's own database is in memory
    return found


@pytest.mark.django_db
def test_a_demo_city_opens_to_the_network_only_when_told_so(asked: list[processes.Address]) -> None:
    remember("demo", True, acting_user=service())
    open_to_all = ["serve", "--host", "0.0.0.0", "--port", "0"]
    with pytest.raises(CommandError, match="--demo-open") as refused:
        call_command(*open_to_all)
    assert refused.value.returncode == 2
    assert asked == []
    call_command(*open_to_all, "--demo-open")
    call_command("serve", "--port", "0")
    assert [where.loopback for where in asked] == [False, True]


@pytest.mark.django_db
def test_a_real_city_may_open_to_the_network(
    asked: list[processes.Address], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("serve", "--host", "0.0.0.0", "--port", "0")
    assert [where.host for where in asked] == ["0.0.0.0"]
    assert "不加密" in capsys.readouterr().out
