"""Settings are read whole, or refused in a sentence."""

from __future__ import annotations

import pytest

from yincai.config import env


def test_a_database_address_keeps_what_stands_after_the_question_mark() -> None:
    found = env.postgres("postgresql://city:p%40ss@db.example:5433/yincai?sslmode=verify-full&connect_timeout=5")
    assert (found["HOST"], found["PORT"], found["NAME"]) == ("db.example", "5433", "yincai")
    assert found["PASSWORD"] == "p@ss"
    assert found["OPTIONS"] == {
        "sslmode": "verify-full",
        "connect_timeout": "5",
        "options": "-c synchronous_commit=on",
    }


def test_a_socket_folder_may_be_named_and_no_option_weakens_what_is_synced() -> None:
    found = env.postgres("postgresql:///yincai?host=/run/postgresql&options=-c%20work_mem%3D64MB")
    assert found["HOST"] == "/run/postgresql"
    assert found["OPTIONS"] == {"options": "-c work_mem=64MB -c synchronous_commit=on"}


@pytest.mark.parametrize("url", ["postgresql://city@db:port/yincai", "mysql://db/yincai", "postgresql://db"])
def test_another_address_is_refused_in_a_sentence(url: str) -> None:
    with pytest.raises(env.SettingError, match="DATABASE_URL"):
        env.postgres(url)
