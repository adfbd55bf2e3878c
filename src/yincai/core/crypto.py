"""Sealing of personal content, and keyed digests.

One master key outside the database wraps a data key for each organisation (a school, or the city for what
belongs to no school). A ciphertext names its data key, so that a key can be replaced while old rows stay readable:
`version (1 byte) · data key's id (16) · nonce (12) · AES-256-GCM`. Keyed digests, by which a sealed value can be
looked up, use a key of their own that encrypts nothing.
"""

from __future__ import annotations

import hmac
import secrets
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, transaction

from yincai.core import home
from yincai.core.ids import new_id

if TYPE_CHECKING:
    from yincai.core.models import DataKey

VERSION = b"\x01"
NONCE = 12
HEADER = 1 + 16


class SealError(Exception):
    """A sealed value cannot be opened: another key, or damaged bytes."""


def seal(text: str, owner: UUID | None) -> bytes:
    """Encrypt `text` under the data key of organisation `owner` (None: the installation's own)."""
    key_id, key = data_key(owner)
    nonce = secrets.token_bytes(NONCE)
    header = VERSION + key_id.bytes
    return header + nonce + AESGCM(key).encrypt(nonce, text.encode(), header)


def unseal(sealed: bytes | memoryview) -> str:
    return unseal_bytes(sealed).decode()


def seal_bytes(content: bytes, owner: UUID | None) -> bytes:
    key_id, key = data_key(owner)
    nonce = secrets.token_bytes(NONCE)
    header = VERSION + key_id.bytes
    return header + nonce + AESGCM(key).encrypt(nonce, content, header)


def unseal_bytes(sealed: bytes | memoryview) -> bytes:
    raw = bytes(sealed)
    if raw[:1] != VERSION or len(raw) < HEADER + NONCE:
        raise SealError("密文格式不认识：这一格的数据可能已损坏。")
    key = _key_by_id(UUID(bytes=raw[1:HEADER]))
    try:
        return AESGCM(key).decrypt(raw[HEADER : HEADER + NONCE], raw[HEADER + NONCE :], raw[:HEADER])
    except InvalidTag:
        raise SealError("密文打不开：主密钥不对，或者数据被改动过。") from None


def digest(text: str) -> bytes:
    """The keyed digest (32 bytes) by which a sealed value is found again and nothing is revealed."""
    return hmac.new(_digest_key(), text.encode(), sha256).digest()


def master_fingerprint(key: bytes | None = None) -> str:
    """Names the master key (or another, given) without revealing it."""
    return hmac.new(home.derive("fingerprint", key), b"yincai master key", sha256).hexdigest()[:32]


def check_master_key() -> None:
    """Raise HomeError unless the database belongs to this master key; claim an unclaimed database."""
    from yincai.core.models import DataKey

    claim, _ = DataKey.objects.get_or_create(
        purpose=DataKey.CLAIM, owner=None, defaults={"wrapped": master_fingerprint().encode()}
    )
    if bytes(claim.wrapped) != master_fingerprint().encode():
        raise home.HomeError(
            f"主密钥 {home.key_file()} 不是这个数据库的那一把。请放回当初抄出的密钥，或用 YINCAI_KEY_FILE 指向它。"
        )


def data_key(owner: UUID | None) -> tuple[UUID, bytes]:
    from yincai.core.models import DataKey

    return _key_of(DataKey.DATA, owner)


def forget_keys() -> None:
    """Drop keys held in memory (after a restore, and between tests)."""
    _key_of.cache_clear()
    _key_by_id.cache_clear()
    _digest_key.cache_clear()


@lru_cache(maxsize=4096)
def _key_of(purpose: str, owner: UUID | None) -> tuple[UUID, bytes]:
    from yincai.core.models import DataKey

    row = DataKey.objects.filter(purpose=purpose, owner=owner).order_by("id").last()
    if row is None:
        row = _make_key(purpose, owner)
    return row.id, _unwrap(bytes(row.wrapped))


def _make_key(purpose: str, owner: UUID | None) -> DataKey:
    from yincai.core.models import DataKey

    try:
        with transaction.atomic():
            return DataKey.objects.create(
                id=new_id(), purpose=purpose, owner=owner, wrapped=_wrap(AESGCM.generate_key(256))
            )
    except IntegrityError:  # another process was first
        return DataKey.objects.get(purpose=purpose, owner=owner)


@lru_cache(maxsize=4096)
def _key_by_id(key_id: UUID) -> bytes:
    from yincai.core.models import DataKey

    row = DataKey.objects.filter(pk=key_id).first()
    if row is None:
        raise SealError("密文所用的数据密钥不在这个数据库里。")
    return _unwrap(bytes(row.wrapped))


@lru_cache(maxsize=1)
def _digest_key() -> bytes:
    from yincai.core.models import DataKey

    return _key_of(DataKey.DIGEST, None)[1]


def _wrap(key: bytes) -> bytes:
    nonce = secrets.token_bytes(NONCE)
    return nonce + AESGCM(home.derive("wrap")).encrypt(nonce, key, b"data key")


def _unwrap(wrapped: bytes) -> bytes:
    try:
        return AESGCM(home.derive("wrap")).decrypt(wrapped[:NONCE], wrapped[NONCE:], b"data key")
    except InvalidTag:
        raise ImproperlyConfigured("数据密钥解不开：主密钥不是这个数据库的那一把。") from None
