"""kill -9 of the web server in the middle of a thousand answers: none that was acknowledged is lost, none is doubled.

Real processes on a home of their own: pupils answer over HTTP, the server is killed again and again, and what was not
acknowledged is sent again with the same form, as a browser does.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID

import pytest

from tests.core.installation import Installation, processes_of, until

ANSWERS, PUPILS, KILLS = 1000, 8, 4
CSRF = "c" * 32
FORM = re.compile(rb'name="form" value="([^"]+)"')
ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.process]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    made = Installation(tmp_path_factory.mktemp("killed"))
    made.environment["DJANGO_SETTINGS_MODULE"] = "yincai.config.settings"
    made.environment["PYTHONPATH"] = f"{ROOT}{os.pathsep}{ROOT / 'src'}"
    yield made
    made.remove()


@dataclass
class Pupil:
    """A browser that keeps at an answer until it is acknowledged. `acknowledged`: statement id → what was typed."""

    port: int
    session: str
    practice: str
    pupil: int
    acknowledged: dict[UUID, str] = field(default_factory=dict)
    again: int = 0

    def practise(self, answers: int) -> None:
        page = self._desk()
        while len(self.acknowledged) < answers:
            token = self._question(page)
            typed = "A" if b'type="radio"' in page else str(len(self.acknowledged) % 7)
            body = urlencode({"form": token, "answer": typed, "spent": "100"})
            page = self._until(lambda body=body: self._ask("POST", "/learn/answer", body))
            assert b"data-next" in page, page[:800].decode(errors="replace")
            self.acknowledged[UUID(bytes=urlsafe_b64decode(token)[:16])] = typed

    def _desk(self) -> bytes:
        return self._until(lambda: self._ask("GET", f"/learn/{self.practice}"))

    def _until(self, request: Callable[[], bytes]) -> bytes:
        """The reply of a request, sent again as long as the server is not there."""
        for _ in range(600):
            try:
                return request()
            except (OSError, http.client.HTTPException):
                self.again += 1
                time.sleep(0.1)
        raise AssertionError("the server did not come back")

    def _ask(self, method: str, path: str, body: str = "") -> bytes:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {
            "Cookie": f"sessionid={self.session}; csrftoken={CSRF}",
            "X-CSRFToken": CSRF,
            "HX-Request": "true",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        try:
            line.request(method, path, body or None, headers)
            reply = line.getresponse()
            page = reply.read()
        finally:
            line.close()
        assert reply.status == 200, (reply.status, page[:800].decode(errors="replace"))
        return page

    @staticmethod
    def _question(page: bytes) -> bytes:
        found = FORM.search(page)
        assert found, page[:800].decode(errors="replace")
        return found[1]


def test_no_acknowledged_answer_is_lost_and_none_is_doubled(installation: Installation) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "tests.learning.crowd", str(PUPILS)],
        env=installation.environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr
    pupils = [Pupil(installation.port, **one) for one in json.loads(made.stdout)]
    supervisor = installation.serve()
    assert until(installation.answers, 40), installation.log.read_text()

    failures: list[BaseException] = []
    threads = [threading.Thread(target=_practise, args=(one, failures)) for one in pupils]
    for thread in threads:
        thread.start()
    for turn in range(1, KILLS + 1):
        assert until(lambda turn=turn: _done(pupils) >= ANSWERS * turn // (KILLS + 1) or failures, 120), _done(pupils)
        _kill_web(installation)
    for thread in threads:
        thread.join(180)
    assert failures == []
    assert sum(one.again for one in pupils) > 0, "no request was ever cut off: nothing was tried"
    supervisor.terminate()
    supervisor.wait(timeout=20)

    stored = _stored(installation)
    for one in pupils:
        assert {form: typed for form, (pupil, typed) in stored.items() if pupil == one.pupil} == one.acknowledged
    assert len(stored) == ANSWERS
    assert installation.ask("rebuild", "learner-state", "--check") == {"compared": PUPILS, "different": 0}


def _practise(pupil: Pupil, failures: list[BaseException]) -> None:
    try:
        pupil.practise(ANSWERS // PUPILS)
    except BaseException as failure:
        failures.append(failure)


def _done(pupils: list[Pupil]) -> int:
    return sum(len(one.acknowledged) for one in pupils)


def _kill_web(installation: Installation) -> None:
    """The server and its workers at once, without a word."""
    for pid, words in processes_of(installation.home).items():
        if " web" in words:
            os.kill(pid, signal.SIGKILL)


READ = """
import django; django.setup()
import json, sys
from yincai.core.scope import unscoped
from yincai.records.models import ResponseFact, Statement
from yincai.records.statements import unpack
with unscoped("a home of its own"):
    facts = dict(ResponseFact.objects.values_list("statement", "pupil"))
    assert len(facts) == ResponseFact.objects.count() == Statement.objects.count()
    numbers = sorted(ResponseFact.objects.values_list("pupil", "number"))
    assert len(numbers) == len(set(numbers))
    said = {row.pk: unpack(row.body)["result"]["response"] for row in Statement.objects.all()}
    json.dump([[str(form), facts[form], said[form]] for form in facts], sys.stdout)
"""


def _stored(installation: Installation) -> dict[UUID, tuple[int, str]]:
    ran = subprocess.run(
        [sys.executable, "-c", READ], env=installation.environment, cwd=ROOT, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    return {UUID(form): (pupil, typed) for form, pupil, typed in json.loads(ran.stdout)}
