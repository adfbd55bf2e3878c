"""Makes the pupils of test_kill9 and prints their sessions as JSON; a program for a home of its own."""

from __future__ import annotations

import json
import sys

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.db import transaction  # noqa: E402

from yincai.core import prepare  # noqa: E402
from yincai.core.models import Account  # noqa: E402
from yincai.core.scope import unscoped  # noqa: E402
from yincai.learning.models import Practice  # noqa: E402
from yincai.registry.models import Organisation, Person, Pseudonym, RoleHeld, School  # noqa: E402


def a_class() -> Organisation:
    city = Organisation.objects.create(kind="city", name="试验市", path="0001")
    school = Organisation.objects.create(kind="school", name="试验小学", path="00010001", parent=city)
    School.objects.create(organisation=school, kind="primary", area="urban")
    return Organisation.objects.create(kind="class", name="五（1）班", path="000100010001", parent=school, grade=5)


def a_pupil(number: int, room: Organisation) -> dict[str, str | int]:
    account = Account.objects.create_user(f"crowd{number}")
    person = Person.objects.create(name=f"学生{number}", account=account)
    RoleHeld.objects.create(person=person, name="pupil", organisation=room, number=number)
    mark = Pseudonym.objects.create(person=person, keeps=True)
    sitting = Practice.objects.create(pupil=mark.number, subject="math", place=room.path)
    session = SessionStore()
    session["_auth_user_id"] = str(account.pk)
    session["_auth_user_backend"] = settings.AUTHENTICATION_BACKENDS[-1]
    session["_auth_user_hash"] = account.get_session_auth_hash()
    session.create()
    return {"session": str(session.session_key), "practice": str(sitting.pk), "pupil": mark.number}


if __name__ == "__main__":
    prepare.prepare()
    with unscoped("a home of its own"), transaction.atomic():
        room = a_class()
        json.dump([a_pupil(number, room) for number in range(1, int(sys.argv[1]) + 1)], sys.stdout)
