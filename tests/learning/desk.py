"""What tests of practice share: a desk to sit at, forms as the server issues them, answers."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from yincai.core.scope import unscoped
from yincai.knowledge import items
from yincai.knowledge.models import Item, ItemPoint, ItemStatus, ItemVersion, KnowledgePoint
from yincai.knowledge.pool import changed
from yincai.learning import forms
from yincai.learning.models import Practice
from yincai.records.models import LearnerState, ResponseFact, Statement
from yincai.registry.models import Person, Pseudonym

HTMX = {"HX-Request": "true"}


def now() -> float:
    return timezone.now().timestamp()


def number_of(person: Person) -> int:
    with unscoped("test"):
        return Pseudonym.objects.get(person=person).number


def begin(client: Client, **data: Any) -> str:
    """The address of a new desk."""
    response = client.post("/learn/start", data)
    assert response.status_code == 302
    return response["Location"]


def token_in(response: HttpResponse) -> str:
    found = re.search(r'name="form" value="([^"]+)"', response.content.decode())
    assert found, response.content.decode()[:2000]
    return found[1]


def ask(client: Client, **data: Any) -> tuple[str, str]:
    """Begin a sitting; the address of the desk and the first token."""
    address = begin(client, **data)
    return address, token_in(client.get(address))


def give(client: Client, token: str, answer: str | list[str], **headers: Any) -> HttpResponse:
    return client.post("/learn/answer", {"form": token, "answer": answer, "spent": "900"}, **headers)


def take_hint(client: Client, token: str, level: int) -> HttpResponse:
    return client.post("/learn/hint", {"form": token, "level": level}, headers=HTMX)


def right_answer(token: str, person: Person) -> str:
    form = forms.read(token, pupil=number_of(person), now=now())
    held = items.held(form.item, form.version)
    return items.variant(held, form.seed).answer


def item_asked(token: str, person: Person) -> int:
    return forms.read(token, pupil=number_of(person), now=now()).item


def generator_item(generator: str) -> Item:
    with unscoped("test"):
        found = Item.objects.filter(generator=generator).order_by("code").first()
    assert found is not None
    return found


def issue(person: Person, item: Item, seed: int | None = 7, **changed_fields: Any) -> str:
    """A form for an item in the sitting begun last, as the server would issue it."""
    with unscoped("test"):
        practice = Practice.objects.filter(pupil=number_of(person)).latest("started_at")
    fields = {
        "pupil": number_of(person),
        "item": item.pk,
        "version": item.version,
        "seed": seed,
        "practice": practice.pk,
        "number": 1,
        "shown": now(),
    }
    return forms.issue(**(fields | changed_fields)).token()


def write_item(
    code: str, *, point: str = "", kind: str = "single", key: str = "B", status: str = ItemStatus.READY
) -> Item:
    """An item of the bank as an import leaves it; without a point it is never chosen adaptively."""
    with unscoped("test"):
        item = Item.objects.create(code=code, subject="math", kind=kind, status=ItemStatus.READY, version=1, grade=5)
        write_version(item, key)
        if point:
            ItemPoint.objects.create(item=item, point=KnowledgePoint.objects.get(code=point))
        changed("math")
    return item


def write_version(item: Item, key: str) -> ItemVersion:
    choice = item.kind in ("single", "multiple")
    answer = {"kind": item.kind, "key": key, "options": "ABCD"} if choice else {"kind": "number", "key": key}
    return ItemVersion.objects.create(
        item=item,
        number=item.version,
        stem=r"$\frac{1}{2}+\frac{1}{3}$ 等于多少？",
        options=[r"$\frac{2}{5}$", r"$\frac{5}{6}$", r"$\frac{1}{6}$", "2"] if choice else [],
        answer=answer,
        hints=[["提示", "两个分数的分母不一样。"], ["方法", "先通分。"]],
        analysis=r"通分后相加：$\frac{3}{6}+\frac{2}{6}=\frac{5}{6}$。",
        source="test",
        licence="Apache-2.0",
    )


def mend_key(item: Item, key: str) -> None:
    """What a new version with another key leaves behind."""
    with unscoped("test"):
        item.version += 1
        item.save(update_fields=["version"])
        write_version(item, key)
        changed("math")


def counts() -> tuple[int, int, int]:
    with unscoped("test"):
        return Statement.objects.count(), ResponseFact.objects.count(), LearnerState.objects.count()


def facts() -> list[ResponseFact]:
    with unscoped("test"):
        return list(ResponseFact.objects.order_by("pk"))
