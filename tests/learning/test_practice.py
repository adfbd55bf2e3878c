"""Practice as a pupil meets it: questions, answers, hints, refusals; with consent and without."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from tests.cast import Cast
from yincai.core.scope import unscoped
from yincai.knowledge import items
from yincai.knowledge.generators import get
from yincai.knowledge.models import Item
from yincai.learning import forms
from yincai.learning.models import HintUse, Practice
from yincai.records.models import LearnerState, ResponseFact, Statement
from yincai.registry.models import Person, Pseudonym


def forms_now() -> float:
    return timezone.now().timestamp()


def number_of(person: Person) -> int:
    with unscoped("test"):
        return Pseudonym.objects.get(person=person).number


def begin(client: Client, **data: str) -> str:
    response = client.post("/learn/start", data)
    assert response.status_code == 302
    return response["Location"]


def token_in(response: HttpResponse) -> str:
    found = re.search(r'name="form" value="([^"]+)"', response.content.decode())
    assert found, response.content.decode()[:2000]
    return found[1]


def right_answer(token: str, pupil: int, shown: float) -> str:
    form = forms.read(token, pupil=pupil, now=shown)
    held = items.held(form.item, form.version)
    return items.variant(held, form.seed).answer


def counts() -> tuple[int, int, int]:
    with unscoped("test"):
        return Statement.objects.count(), ResponseFact.objects.count(), LearnerState.objects.count()


@pytest.fixture
def ming(cast: Cast) -> Client:
    return cast.client(cast.ming)


def ask(client: Client, **data: str) -> tuple[str, str]:
    """Begin a sitting; the address of the desk and the first token."""
    address = begin(client, **data)
    return address, token_in(client.get(address))


def give(client: Client, token: str, answer: str, **headers: Any) -> HttpResponse:
    return client.post("/learn/answer", {"form": token, "answer": answer, "spent": "900"}, **headers)


def test_a_right_answer_is_kept_once_and_moves_the_state(cast: Cast, ming: Client) -> None:
    _, token = ask(ming)
    answer = right_answer(token, number_of(cast.ming), forms_now())
    page = give(ming, token, answer).content.decode()
    assert "对了" in page and "下一题" in page
    assert counts() == (1, 1, 1)
    again = give(ming, token, answer)
    assert again.status_code == 200 and "对了" in again.content.decode()
    assert counts() == (1, 1, 1)


def test_the_same_form_with_another_answer_is_a_conflict_that_reveals_nothing(cast: Cast, ming: Client) -> None:
    token = token_for(cast, ming, "fraction-add")
    give(ming, token, get("fraction-add", 1).make(7, 1).answer)
    refused = give(ming, token, "999")
    assert refused.status_code == 409
    assert "正确答案" not in refused.content.decode()
    assert counts() == (1, 1, 1)


def test_a_form_of_another_pupil_is_a_conflict_that_reveals_nothing(cast: Cast, ming: Client) -> None:
    _, token = ask(ming)
    refused = give(cast.client(cast.hong), token, "1")
    assert refused.status_code == 409
    assert "正确答案" not in refused.content.decode()
    assert counts() == (0, 0, 0)


@pytest.mark.parametrize("token", ["", "abc", "A" * 120])
def test_a_form_that_was_not_issued_here_is_refused(ming: Client, token: str) -> None:
    assert give(ming, token, "1").status_code == 400
    assert counts() == (0, 0, 0)


def test_what_cannot_be_read_goes_back_and_is_no_attempt(cast: Cast, ming: Client, monkeypatch: Any) -> None:
    token = token_for(cast, ming, "fraction-add")
    page = give(ming, token, "1/2+").content.decode()
    assert 'value="1/2+"' in page and 'role="alert"' in page
    assert token in page
    assert counts() == (0, 0, 0)


def token_for(cast: Cast, client: Client, generator: str, seed: int = 7) -> str:
    """A form for a variant of a given generator, as the server would issue it."""
    address = begin(client)
    with unscoped("test"):
        item = Item.objects.filter(generator=generator).order_by("depth").first()
        assert item is not None
        practice = Practice.objects.filter(pupil=number_of(cast.ming)).latest("started_at")
        form = forms.issue(
            pupil=number_of(cast.ming),
            item=item.pk,
            version=item.version,
            seed=seed,
            practice=practice.pk,
            number=1,
            shown=forms_now(),
        )
    assert address.endswith(str(practice.pk))
    return form.token()


def test_a_wrong_answer_names_its_cause(cast: Cast, ming: Client) -> None:
    token = token_for(cast, ming, "fraction-add")
    fault = get("fraction-add", 1).make(7, 1).faults[0]
    page = give(ming, token, fault.answer).content.decode()
    assert "还差一点" in page and "正确答案" in page
    with unscoped("test"):
        assert ResponseFact.objects.get().cause == fault.malrule


def test_hints_come_in_order_and_are_counted_on_the_server(cast: Cast, ming: Client) -> None:
    token = token_for(cast, ming, "fraction-add")
    skipped = ming.post("/learn/hint", {"form": token, "level": "2"}, headers={"HX-Request": "true"})
    assert skipped.status_code == 400
    for level in ("1", "1", "2"):
        assert (
            ming.post("/learn/hint", {"form": token, "level": level}, headers={"HX-Request": "true"}).status_code == 200
        )
    give(ming, token, get("fraction-add", 1).make(7, 1).answer)
    with unscoped("test"):
        assert HintUse.objects.count() == 2
        assert ResponseFact.objects.get().hints == 2


def test_without_consent_practice_works_and_nothing_is_kept(cast: Cast) -> None:
    client = cast.client(cast.gang)
    address, token = ask(client)
    assert "不留存" in client.get(address).content.decode()
    answer = right_answer(token, number_of(cast.gang), forms_now())
    page = give(client, token, answer).content.decode()
    assert "对了" in page
    assert counts() == (0, 0, 0)
    with unscoped("test"):
        assert not Practice.objects.exists()
    assert client.session["unkept_practice"]["states"]
    client.logout()
    assert "unkept_practice" not in client.session


def test_a_rest_is_due_after_the_minutes_of_the_rule(cast: Cast, ming: Client) -> None:
    address = begin(ming)
    with unscoped("test"):
        Practice.objects.update(stretch_from=timezone.now() - timedelta(minutes=16))
    page = ming.get(address).content.decode()
    assert "歇一会儿" in page and 'name="form"' not in page
    rested = address + "/rested"
    assert ming.post(rested).status_code == 302
    assert 'name="form"' in ming.get(address).content.decode()


def test_stopping_says_what_was_practised(cast: Cast, ming: Client) -> None:
    address, token = ask(ming)
    give(ming, token, right_answer(token, number_of(cast.ming), forms_now()))
    page = ming.post(address + "/stop").content.decode()
    assert "做了 1 题，答对 1 题" in page
    assert give(ming, str(uuid4()), "1").status_code == 400


def test_a_sitting_of_another_pupil_is_not_found(cast: Cast, ming: Client) -> None:
    address = begin(ming)
    assert cast.client(cast.hong).get(address)["Location"].endswith("/learn/")
