"""Action: a verb with an acting user, a permission, one transaction, an audit row and an idempotency key.

    @action(RENAME)
    def rename(organisation: Organisation, name: str, *, acting_user: Actor) -> Organisation:
        organisation.name = name
        organisation.save(update_fields=["name"])
        return touched(organisation, name=name)

`touched` says what changed; an action that touches nothing is a mistake and raises. Called inside another action, an
action joins its transaction and leaves its own audit rows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar, cast
from uuid import UUID

from django.apps import apps
from django.db import models, transaction
from django.http import HttpRequest

from yincai.core import crypto
from yincai.core.actors import Actor, acting
from yincai.core.models import AuditRow, Receipt
from yincai.core.permissions import Permission

R = TypeVar("R")
Row = TypeVar("Row", bound=models.Model)


class ActionError(Exception):
    """The action cannot be done; the message tells the user what, where and how to mend it."""


class Conflict(ActionError):
    """The idempotency key was already used for something else."""


@dataclass
class _Open:
    verb: str
    actor: Actor
    rows: list[AuditRow] = field(default_factory=list)
    nothing: bool = False


_open: ContextVar[_Open | None] = ContextVar("open_action", default=None)


def action(needed: Permission, *, verb: str = "") -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Make a function an action. It takes `acting_user=` and, optionally, `key=` (an idempotency key)."""

    def make(function: Callable[..., R]) -> Callable[..., R]:
        name = verb or f"{function.__module__.split('.')[1]}.{function.__name__}"

        @wraps(function)
        def do(*args: Any, acting_user: Actor, key: UUID | None = None, **kwargs: Any) -> Any:
            needed.require(acting_user)
            with transaction.atomic(), acting(acting_user):
                if key is None:
                    return _run(function, name, acting_user, args, kwargs)
                return _once(function, name, acting_user, key, args, kwargs)

        do.permission = needed  # type: ignore[attr-defined]
        do.verb = name  # type: ignore[attr-defined]
        return cast(Callable[..., R], do)

    return make


def touched(row: Row, verb: str = "", /, **fields: object) -> Row:
    """Note in the audit that `row` changed: names of fields and keyed digests of their new values, never the values."""
    _note(row._meta.label, str(row.pk), fields, verb)
    return row


def touched_many(kind: type[models.Model], subjects: list[Any], **fields: object) -> None:
    """As `touched`, for a bulk write: one audit row with the count and a digest over all ids."""
    _note(kind._meta.label, f"{len(subjects)} rows", {**fields, "ids": sorted(map(str, subjects))}, "")


def noted(kind: str, subject: object, /, **fields: object) -> None:
    """As `touched`, for what is no row of ours: a file that left, a name that was revealed."""
    _note(kind, str(subject), fields, "")


def changed_nothing() -> None:
    """Say that the action found everything as wanted already (a repeated request)."""
    _current().nothing = True


def _note(kind: str, subject: str, fields: dict[str, object], verb: str) -> None:
    now = _current()
    digests = {name: crypto.digest(f"{name}={value}").hex()[:24] for name, value in fields.items()}
    now.rows.append(
        AuditRow(
            account=now.actor.account.pk,
            role=now.actor.role_name,
            place=now.actor.place,
            verb=verb or now.verb,
            kind=kind,
            subject=subject,
            fields=digests,
        )
    )


def _current() -> _Open:
    now = _open.get()
    if now is None:
        raise RuntimeError("touched() belongs inside an @action")
    return now


def _run(function: Callable[..., Any], verb: str, actor: Actor, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    opened = _Open(verb, actor)
    token = _open.set(opened)
    try:
        result = function(*args, acting_user=actor, **kwargs)
    finally:
        _open.reset(token)
    if not opened.rows and not opened.nothing:
        raise RuntimeError(f"action {verb} touched nothing: an action without an audit row")
    AuditRow.objects.bulk_create(opened.rows)
    return result


def _once(
    function: Callable[..., Any],
    verb: str,
    actor: Actor,
    key: UUID,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    arguments = _digest_of(args, kwargs)
    receipt, new = Receipt.objects.get_or_create(
        key=key, defaults={"verb": verb, "account": actor.account.pk, "arguments": arguments}
    )
    if not new:
        if (receipt.verb, receipt.account, receipt.arguments) != (verb, actor.account.pk, arguments):
            raise Conflict("这个编号已用于另一次操作，没有重复执行。请刷新页面后再试。")
        return _result_of(receipt)
    result = _run(function, verb, actor, args, kwargs)
    if isinstance(result, models.Model):
        receipt.result_kind, receipt.result_id = result._meta.label, str(result.pk)
        receipt.save(update_fields=["result_kind", "result_id"])
    return result


def _result_of(receipt: Receipt) -> Any:
    if not receipt.result_kind:
        return None
    return apps.get_model(receipt.result_kind)._base_manager.filter(pk=receipt.result_id).first()


def _digest_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    def plain(value: object) -> object:
        return f"{value._meta.label}:{value.pk}" if isinstance(value, models.Model) else str(value)

    text = json.dumps([args, kwargs], default=plain, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def form_key(request: HttpRequest) -> UUID | None:
    """The idempotency key that a form carries (`{% form_key %}`), so that a double click acts once."""
    try:
        return UUID(request.POST.get("form_key", ""))
    except ValueError:
        return None
