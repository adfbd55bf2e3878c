"""The demo city at its real size, made by its own command as an operator would (`make check-real`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.installation import COMMAND, Installation

pytestmark = pytest.mark.slow
MINUTES = 10  # before the command is given up; how long it may take is measured in bench/bench_demo.py


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Installation, dict[str, int]]]:
    import json
    import subprocess

    installation = Installation(tmp_path_factory.mktemp("city"))
    ran = subprocess.run(
        [*COMMAND, "demo", "--json"],
        env=installation.environment,
        capture_output=True,
        text=True,
        timeout=60 * MINUTES,
    )
    assert ran.returncode == 0, ran.stderr
    yield installation, json.loads(ran.stdout)
    installation.remove()


def test_it_has_the_promised_size(city: tuple[Installation, dict[str, int]]) -> None:
    made = city[1]
    assert made["schools"] == 12
    assert 3900 < made["pupils"] < 4100
    assert 285 < made["teachers"] < 315
    assert 370_000 < made["answers"] < 430_000


def test_states_audit_and_doctor_agree(city: tuple[Installation, dict[str, int]]) -> None:
    installation = city[0]
    verdict = installation.ask("rebuild", "learner-state", "--check")
    assert verdict["different"] == 0
    assert verdict["compared"] > 1700
    assert installation.ask("audit", "verify")["ok"]


def test_real_people_are_kept_out(city: tuple[Installation, dict[str, int]], tmp_path: Path) -> None:
    installation = city[0]
    again = installation.run("demo")
    assert again.returncode == 0 and "已经是示范市" in again.stdout
    init = installation.run("init", "--city", "某市", "--code", "330100", "--admin", "guanliyuan")
    assert init.returncode == 2 and "yincai init" in init.stderr
    roster = tmp_path / "schools.csv"
    roster.write_text("学校代码,学校名称\n3301000001,某校\n")
    refused = installation.run("import", "schools", str(roster))
    assert refused.returncode == 2 and "YINCAI_HOME" in refused.stderr


def test_it_serves_other_machines_only_when_told_to(city: tuple[Installation, dict[str, int]]) -> None:
    refused = city[0].run("serve", "--host", "0.0.0.0", "--port", str(city[0].port))
    assert refused.returncode != 0 and "--demo-open" in refused.stderr
