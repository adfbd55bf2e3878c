"""What must be encrypted is entered on the pages and looked for in the raw database: the file's bytes on SQLite, every
column of every row on any database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.db import connection

from tests.cast import Cast
from yincai.registry.models import Person
from yincai.registry.numbers import check_character

IDENTITY = "33010220150901003"
ENTERED = {
    "pupil_number": f"G{IDENTITY}{check_character(IDENTITY)}",
    "identity": f"{IDENTITY}{check_character(IDENTITY)}",
    "phone": "13957112468",
    "note": "对花生过敏，由外婆接送",
}


@pytest.fixture
def entered(cast: Cast) -> Person:
    """小满 entered by the school's administrator, with everything that is to be sealed; then mended."""
    clerk = cast.client(cast.clerk)
    form = {"name": "小满", "number": "9", "sex": "1", "since": "2026-09-01", "form_key": str(uuid4())}
    response = clerk.post(f"/organisations/{cast.class51.pk}/pupils/add/", {**form, **ENTERED})
    assert response.status_code == 302, response.content.decode()
    return Person._base_manager.get(name="小满")


def cells() -> Iterator[tuple[str, bytes]]:
    """Every value of the database as bytes."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 - our own tables
            for row in cursor.fetchall():
                for value in row:
                    raw = bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                    yield table, raw


def forms_of(text: str) -> list[bytes]:
    return [text.encode(), text.encode("utf-16-le"), text.encode("unicode_escape"), text.encode("gb18030")]


def test_no_cell_of_the_database_holds_it(cast: Cast, entered: Person) -> None:
    found = {
        (table, name)
        for table, raw in cells()
        for name, text in ENTERED.items()
        if any(form in raw for form in forms_of(text))
    }
    assert found == set()


def test_the_raw_bytes_of_the_database_file_do_not_hold_it(cast: Cast, entered: Person) -> None:
    if connection.vendor != "sqlite":
        return  # no file of its own to look into: on PostgreSQL the test above looks into every cell
    database: sqlite3.Connection = connection.connection
    raw = database.serialize()
    assert "小满".encode() in raw  # these are the bytes that hold what was entered
    assert [name for name, text in ENTERED.items() if any(form in raw for form in forms_of(text))] == []


def test_who_may_reads_it_and_it_is_found_by_its_number(cast: Cast, entered: Person) -> None:
    for name, text in ENTERED.items():
        assert entered.read_sealed(name) == text
    assert entered.keeper == cast.first.pk


def test_two_seals_of_the_same_text_differ(cast: Cast, entered: Person) -> None:
    before = bytes(entered.phone_sealed)
    entered.put_sealed("phone", ENTERED["phone"])
    assert bytes(entered.phone_sealed) != before
