"""Makes the city of the bench and prints, as JSON, the sessions of its pupils: `python -m bench.answering.city`.

One school, three classes. The bank has 1,000 ready items: 700 choice, 200 numeric, 100 expression, each kind at points
of its own, so that a pupil who practises the unit of a kind gets just that kind; pupils are split 70 : 20 : 10.
`--rows N` also puts N old answers of other pupils there, with their statements and states, in bulk.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.answering.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from yincai.core import home, prepare  # noqa: E402
from yincai.core.ids import new_id  # noqa: E402
from yincai.core.models import Account  # noqa: E402
from yincai.core.scope import unscoped  # noqa: E402
from yincai.knowledge import pool  # noqa: E402
from yincai.knowledge.grading.rules import AnswerSpec  # noqa: E402
from yincai.knowledge.models import Item, ItemPoint, ItemVersion, KnowledgePoint  # noqa: E402
from yincai.learning.models import Practice  # noqa: E402
from yincai.measurement.tracing import ItemInfo, State, update  # noqa: E402
from yincai.records.lake import FACTS  # noqa: E402
from yincai.records.models import Cursor, LearnerState, ResponseFact, Statement  # noqa: E402
from yincai.records.statements import answered, pack  # noqa: E402
from yincai.records.versions import active  # noqa: E402
from yincai.registry.models import Organisation, Person, Pseudonym, RoleHeld, School  # noqa: E402

KINDS = (("single", 700), ("numeric", 200), ("expression", 100))
ANSWERS_EACH = 50  # old answers a pupil
BYTES_A_ROW = 1600  # on disk, with indexes and the journal: what the check asks for


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pupils", type=int, default=200)
    parser.add_argument("--rows", type=int, default=0)
    asked = parser.parse_args()
    need_disk(asked.rows)
    prepare.prepare()
    with unscoped("the bench's own city"):
        if not Organisation.objects.exists():
            make_city(asked.pupils)
        if asked.rows:
            load_old(asked.rows - ResponseFact.objects.count())
        json.dump(sessions(), sys.stdout)


def need_disk(rows: int) -> None:
    free, wanted = shutil.disk_usage(home.folder()).free, rows * BYTES_A_ROW
    if free < wanted:
        sys.exit(f"{rows} rows need about {wanted >> 30} GB; {free >> 30} GB are free")


@transaction.atomic
def make_city(pupils: int) -> None:
    city = Organisation.objects.create(kind="city", name="测速市", path="0001")
    district = Organisation.objects.create(kind="district", name="测速区", path="00010001", parent=city)
    school = Organisation.objects.create(kind="school", name="测速学校", path="000100010001", parent=district)
    School.objects.create(organisation=school, kind="nine_year", area="urban")
    grade = Organisation.objects.create(kind="grade", name="八年级", path="0001000100010001", parent=school, grade=8)
    units = bank()
    for turn in range(pupils):
        kind = "single" if turn % 10 < 7 else "numeric" if turn % 10 < 9 else "expression"
        make_pupil(turn, room_for(grade, turn // 50), units[kind])
    pool.changed()


def room_for(grade: Organisation, number: int) -> Organisation:
    found, _ = Organisation.objects.get_or_create(
        path=f"{grade.path}{number + 1:04d}",
        defaults={"kind": "class", "name": f"八（{number + 1}）班", "parent": grade, "grade": 8},
    )
    return found


def make_pupil(turn: int, room: Organisation, unit: str) -> None:
    account = Account.objects.create_user(f"bench{turn}")
    person = Person.objects.create(name=f"学生{turn}", account=account)
    RoleHeld.objects.create(person=person, name="pupil", organisation=room, number=turn)
    mark = Pseudonym.objects.create(person=person, keeps=True)
    Practice.objects.create(pupil=mark.number, subject="math", unit=unit, place=room.path)


def bank() -> dict[str, str]:
    """The 1,000 items; kind → the unit whose points they hang on. Points of generators are left out."""
    taken = set(ItemPoint.objects.values_list("point", flat=True))
    free: dict[str, list[KnowledgePoint]] = {}
    for point in KnowledgePoint.objects.filter(grade__gte=6).exclude(pk__in=taken).order_by("order"):
        free.setdefault(point.unit, []).append(point)
    untouched = set(KnowledgePoint.objects.exclude(pk__in=taken).values_list("unit", flat=True))
    mixed = set(KnowledgePoint.objects.filter(pk__in=taken).values_list("unit", flat=True))
    units = [unit for unit in free if unit in untouched - mixed][: len(KINDS)]
    for (kind, count), unit in zip(KINDS, units, strict=True):
        for number in range(count):
            make_item(kind, number, free[unit][number % len(free[unit])])
    return {kind: unit for (kind, _), unit in zip(KINDS, units, strict=True)}


def make_item(kind: str, number: int, point: KnowledgePoint) -> None:
    difficulty = (number % 41 - 20) / 10
    item = Item.objects.create(
        code=f"bench-{kind}-{number}",
        subject="math",
        kind=kind,
        status="ready",
        version=1,
        difficulty=difficulty,
        grade=8,
    )
    specs = {
        "single": AnswerSpec("single", "ABCD"[number % 4], options="ABCD"),
        "numeric": AnswerSpec("number", f"{number}/7"),
        "expression": AnswerSpec("expression", f"{number + 2}x+{number}"),
    }
    ItemVersion.objects.create(
        item=item,
        number=1,
        stem=f"第 {number} 题：$\\frac{{{number}}}{{7}}$ 等于多少？",
        options=[f"${number + shift}$" for shift in range(4)] if kind == "single" else [],
        answer=specs[kind].to_data(),
        hints=[["提示", "想一想。"]],
        analysis="按步骤计算。",
        difficulty=difficulty,
        guess=0.25 if kind == "single" else 0.0,
        source="bench",
        licence="Apache-2.0",
    )
    ItemPoint.objects.create(item=item, point=point)


def load_old(rows: int) -> None:
    """Answers of pupils who are not in the bench: made by the database itself, by pupil, as a grown one would lie."""
    if rows <= 0:
        return
    state = State.empty()
    for slot in range(30):
        state = update(state, ItemInfo((slot,), 0.0, 0.0), 1.0, 1.7e9 + slot)
    body = pack(answered(**a_statement()))
    with transaction.atomic(), connection.cursor() as cursor:
        step = 2**52 // (rows // ANSWERS_EACH + 1)  # old pupils spread over all numbers, as random ones would be
        for table, columns, values in old_rows(body, state.pack(), step):
            count = rows if table != LearnerState._meta.db_table else rows // ANSWERS_EACH
            cursor.execute(series(table, columns, values, count))
    already_in_the_lake()
    settle()


def already_in_the_lake() -> None:
    """In a city that grew day by day the lake has old answers long since: nobody writes them while it is measured."""
    last = ResponseFact.objects.order_by("arrived", "pk").values_list("arrived", "pk").last()
    if last:
        Cursor.objects.update_or_create(name=FACTS, defaults={"arrived": last[0], "last": last[1]})


def settle() -> None:
    """What a database that grew day by day has long behind it: nobody tidies up while it is measured."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM (ANALYZE)")
            cursor.execute("CHECKPOINT")
        else:
            cursor.execute("ANALYZE")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def a_statement() -> dict[str, Any]:
    return {
        "id": new_id(),
        "subject": "math",
        "item": 7,
        "version": 1,
        "seed": 12345,
        "typed": "5/6",
        "score": 1.0,
        "success": True,
        "at": datetime.now(UTC),
        "duration_ms": 12000,
        "practice": new_id(),
    }


def series(table: str, columns: list[str], values: list[str], count: int) -> str:
    """INSERT … SELECT over the numbers 0 … count - 1, called n."""
    head = f"INSERT INTO {table} ({', '.join(columns)}) "
    if connection.vendor == "postgresql":
        return f"{head} SELECT {', '.join(values)} FROM generate_series(0, {count - 1}) AS n"
    return (
        f"WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count - 1}) "
        f"{head} SELECT {', '.join(values)} FROM numbers"
    )


def old_rows(body: bytes, state: bytes, step: int) -> list[tuple[str, list[str], list[str]]]:
    postgres = connection.vendor == "postgresql"
    pupil = f"(n / {ANSWERS_EACH} + 1) * {step}"
    uuid = (
        "('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"
        if postgres
        else "'00000000000070008000' || printf('%012x', n)"
    )
    digest = "decode(lpad(to_hex(n), 64, '0'), 'hex')" if postgres else "randomblob(32)"
    blob = (lambda raw: f"'\\x{raw.hex()}'::bytea") if postgres else (lambda raw: f"x'{raw.hex()}'")
    when = "now() - interval '60 days'" if postgres else "'2026-09-20 08:00:00'"
    version = active("math").pk
    statement = {
        "id": uuid, "digest": digest, "pupil": pupil, "verb": "'answered'", "subject": "'math'",
        "number": f"n % {ANSWERS_EACH} + 1", "place": "'00010001000100010009'", "stored_at": when, "body": blob(body),
    }  # fmt: skip
    fact = {
        "pupil": pupil, "subject": "'math'", "number": f"n % {ANSWERS_EACH} + 1", "statement": uuid,
        "place": "'00010001000100010009'", "item": "n % 1000 + 1", "version": "1", "seed": "n", "points": "'17'",
        "difficulty": "0.1", "guess": "0.0", "score": "n % 2", "duration_ms": "12000", "attempt": "1", "hints": "0",
        "source": "'practice'", "cause": "''", "at": when,
    }  # fmt: skip
    learner = {
        "pupil": f"(n + 1) * {step}", "subject": "'math'", "version_id": str(version), "number": str(ANSWERS_EACH),
        "folded": str(ANSWERS_EACH), "waiting": "false" if postgres else "0", "state": blob(state),
    }  # fmt: skip
    tables = ((Statement, statement), (ResponseFact, fact), (LearnerState, learner))
    return [(model._meta.db_table, list(row), list(row.values())) for model, row in tables]


def sessions() -> list[dict[str, str]]:
    """A signed-in browser of each pupil, and the address of its open sitting."""
    found = []
    Practice.objects.update(stretch_from=timezone.now() + timedelta(hours=6))  # no rest comes due meanwhile
    practices = {row.pupil: row for row in Practice.objects.all()}
    kinds = dict(
        ItemPoint.objects.filter(item__code__startswith="bench-").values_list("point__unit", "item__kind").distinct()
    )
    for mark in Pseudonym.objects.select_related("person__account").order_by("person__account__username"):
        account = mark.person.account
        if account is None or mark.number not in practices:
            continue
        store = SessionStore()
        store["_auth_user_id"] = str(account.pk)
        store["_auth_user_backend"] = settings.AUTHENTICATION_BACKENDS[-1]
        store["_auth_user_hash"] = account.get_session_auth_hash()
        store.create()
        practice = practices[mark.number]
        found.append({"session": str(store.session_key), "practice": str(practice.pk), "kind": kinds[practice.unit]})
    return found


if __name__ == "__main__":
    main()
