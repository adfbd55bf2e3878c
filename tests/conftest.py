"""What all tests share. People to test with are in tests/cast.py."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.conf import settings

from tests.cast import Cast
from tests.exact import exact, pytest_terminal_summary

__all__ = ["exact", "pytest_terminal_summary"]

BROWSER = Path(__file__).parent / "browser"
DATABASE_FIXTURES = {"db", "transactional_db", "live_server", "client", "admin_client"}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where no browser is wanted, what drives it is not even imported."""
    return True if collection_path == BROWSER and "not browser" in config.option.markexpr else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever touches the database runs on PostgreSQL too: `-m postgres` finds it, nobody need mark it."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if item.get_closest_marker("django_db") or fixtures & DATABASE_FIXTURES:
            item.add_marker(pytest.mark.postgres)


@pytest.fixture
def cast(db: None) -> Cast:
    return Cast()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    request: pytest.FixtureRequest, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    """Tests with a browser have several threads on one database: a file, for one in memory would lock them out."""
    database = settings.DATABASES["default"]
    if request.config.option.markexpr == "browser" and database["ENGINE"].endswith("sqlite3"):
        database.setdefault("TEST", {})["NAME"] = str(Path(os.environ["YINCAI_HOME"]) / "test.sqlite3")


@pytest.fixture(autouse=True)
def settled(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """On PostgreSQL the lake reads nothing of an open transaction, and a test is one: here it does. Tests whose
    database really commits keep the rule."""
    if "db" in request.fixturenames and "transactional_db" not in request.fixturenames:
        monkeypatch.setattr("yincai.records.arrival.settled_before", lambda: 2**62)
