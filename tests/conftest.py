"""What all tests share. People to test with are in tests/cast.py."""

from __future__ import annotations

import pytest

from tests.cast import Cast

DATABASE_FIXTURES = {"db", "transactional_db", "live_server", "client", "admin_client"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever touches the database runs on PostgreSQL too: `-m postgres` finds it, nobody need mark it."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if item.get_closest_marker("django_db") or fixtures & DATABASE_FIXTURES:
            item.add_marker(pytest.mark.postgres)


@pytest.fixture
def cast(db: None) -> Cast:
    return Cast()
