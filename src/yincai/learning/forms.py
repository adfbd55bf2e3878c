"""Answer forms: a question put before a pupil, signed by the server.

A form names its own id (which becomes the statement's id), the pupil, the item at a version, the seed, the practice and
the moment it was shown. Nothing is written when a question is shown; an answer without a form issued here is refused.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import struct
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from uuid import UUID

from yincai.core import home
from yincai.core.action import ActionError, Conflict
from yincai.core.ids import new_id

LAYOUT = struct.Struct("!16sQQIQ?16sIId")
SIGNATURE = 16
LIFE = 24 * 3600  # seconds an unanswered question stays good


class FormRefused(ActionError):
    """The form was not issued by this installation, or too long ago."""


class FormOfAnother(Conflict):
    """The form was issued to another pupil (two sign-ins in one browser): nothing of it is told."""

    def __init__(self) -> None:
        super().__init__("这道题是另一次登录时打开的，没有保存。请回到我的学习，换成你自己的题。")


@dataclass(frozen=True)
class AnswerForm:
    """`number`: which question of the sitting it is; `shown`: seconds since the epoch."""

    id: UUID
    pupil: int
    item: int
    version: int
    seed: int | None
    practice: UUID
    number: int
    attempt: int
    shown: float

    def token(self) -> str:
        packed = LAYOUT.pack(
            self.id.bytes,
            self.pupil,
            self.item,
            self.version,
            self.seed or 0,
            self.seed is not None,
            self.practice.bytes,
            self.number,
            self.attempt,
            self.shown,
        )
        return base64.urlsafe_b64encode(packed + _sign(packed)).decode()


def issue(
    *, pupil: int, item: int, version: int, seed: int | None, practice: UUID, number: int, shown: float
) -> AnswerForm:
    return AnswerForm(new_id(), pupil, item, version, seed, practice, number, 1, shown)


def read(token: str, *, pupil: int, now: float) -> AnswerForm:
    """The form behind a token; raises FormRefused unless it was issued here, not long ago, and
    FormOfAnother unless to this pupil."""
    try:
        raw = base64.urlsafe_b64decode(token.encode())
    except (binascii.Error, ValueError, UnicodeEncodeError):
        raise FormRefused("这道题的凭据读不出来，请刷新页面再答。") from None
    packed, signature = raw[:-SIGNATURE], raw[-SIGNATURE:]
    if len(packed) != LAYOUT.size or not hmac.compare_digest(signature, _sign(packed)):
        raise FormRefused("这道题不是这里发出的，请刷新页面再答。")
    form_id, owner, item, version, seed, seeded, practice, number, attempt, shown = LAYOUT.unpack(packed)
    if owner != pupil:
        raise FormOfAnother
    if not now - LIFE <= shown <= now + 60:
        raise FormRefused("这道题放得太久了，请换一道新的。")
    return AnswerForm(
        UUID(bytes=form_id),
        owner,
        item,
        version,
        seed if seeded else None,
        UUID(bytes=practice),
        number,
        attempt,
        shown,
    )


def _sign(packed: bytes) -> bytes:
    return hmac.new(_key(), packed, sha256).digest()[:SIGNATURE]


@lru_cache(maxsize=1)
def _key() -> bytes:
    return home.derive("answer-form")
