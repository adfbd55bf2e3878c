"""First passwords: readable for children, typed on any keyboard, random."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from django.contrib.auth.hashers import make_password

from yincai.registry.actions.sign_in import Secret
from yincai.registry.hashers import FirstPasswordHasher

_EASY = (
    "ba bai ban bao bei ben bu da dai dan dao di du fa fan fei fen fu ga gai gan gao ge gen gu gua guo "
    "ha hai han hao he hen hu hua hui huo ka kai kan kao ke ken ku kuo la lai lan lao lei li liu lu luo "
    "mai man mao mei men mi mu na nai nan nao ni niu nuo pa pai pan pao pei pen pu ta tai tan tao te ti tu tui tuo "
    "wa wan wei wen wo wu ya yan yao ye yi you yu yue yun sai san suo sun xi xia xiao xie xin xu xue "
    "ji jia jiao jie jin ju jue qi qiao qin qu que zai zao zu zuo cai can ci cui cun ran rao ren ru rui"
)
SYLLABLES = tuple(_EASY.split())
DIGITS = "23456789"


def first_password() -> str:
    """Two words of two syllables and two digits, such as kaimu-tuyao-47: about 35 bits."""
    words = ["".join(secrets.choice(SYLLABLES) for _ in range(2)) for _ in range(2)]
    return "-".join([*words, "".join(secrets.choice(DIGITS) for _ in range(2))])


def hash_first(passwords: Sequence[str]) -> list[Secret]:
    """Hash many at once, outside any transaction (the hash frees the interpreter's lock, so all cores help)."""
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        hashed = pool.map(lambda text: make_password(text, hasher=FirstPasswordHasher()), passwords)  # type: ignore[arg-type]
        return [Secret(text) for text in hashed]
