"""How sign-in behaves: account names without e-mail, no self sign-up, TOTP for officers and administrators.

allauth signs in and asks for the second factor; axes pauses after failures; `FirstThings` lets nobody past a first
password, or past the second factor where a role needs one, and signs out who has been away too long.
"""

from __future__ import annotations

import time
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode

from yincai.core import crypto
from yincai.core.actors import Actor, actor_for
from yincai.core.models import Account
from yincai.core.rules import rule
from yincai.registry.actions.sign_in import note_sign_in
from yincai.registry.models import TWO_FACTOR_ROLES

SECOND_FACTOR_DONE = "second_factor_done"  # session: the second factor was shown, or just enrolled
SEEN = "seen"  # session: when the person last did something, to some minutes
SEEN_STEP = 120  # seconds between two notes of it
CONFIRMED = 15 * 60  # seconds for which a password just given counts as fresh
SAID = {"account/messages/logged_out.txt": "您已退出登录。"}


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": "账号或密码不对。请核对大小写和输入法；忘了密码，请找班主任或学校管理员重设。",
        "incorrect_password": "密码不对，请再输一次。",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Failures are counted by axes alone: allauth would pause an account at every address."""

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        values = {"title": "这个账号已停用", "why": "如果还需要使用，请联系学校管理员。"}
        return render(request, "core/problem.html", values, status=403)

    def login(self, request: HttpRequest, user: Any) -> None:
        super().login(request, user)
        done = any(record["method"] == "mfa" for record in get_authentication_records(request, user))
        request.session[SECOND_FACTOR_DONE] = done
        note_sign_in(user, acting_user=actor_for(user))

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        """allauth's own messages are many; ours are these."""
        if said := SAID.get(message_template or ""):
            messages.add_message(request, level, said)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        return [{"id": "reauthenticate", "description": "密码", "url": reverse("account_reauthenticate")}]


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "动态码不对。请看手机上现在显示的 6 位数字；手机时间也要准。",
    }

    def encrypt(self, text: str) -> str:
        return b64encode(crypto.seal(text, None)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return crypto.unseal(b64decode(encrypted_text))


def needs_second_factor(actor: Actor) -> bool:
    return any(role.name in TWO_FACTOR_ROLES for role in actor.roles)


def has_second_factor(account: Account) -> bool:
    return bool(Authenticator.objects.filter(user=account, type=Authenticator.Type.TOTP).exists())


def confirmed_recently(request: HttpRequest) -> bool:
    """Has the password (or a code) been given a short while ago? Before changes to the second factor."""
    records = get_authentication_records(request, request.user)  # type: ignore[arg-type]
    return bool(records) and time.time() - records[-1]["at"] < CONFIRMED


def confirm_first(request: HttpRequest) -> HttpResponse:
    return redirect(f"{reverse('account_reauthenticate')}?{urlencode({'next': request.path})}")


Handler = Callable[[HttpRequest], HttpResponse]
ALWAYS = frozenset({"account_logout"})
CHANGE_PASSWORD = frozenset({"account_change_password"})
ENROL = frozenset({"registry-second-factor", "registry-recovery-codes", "account_reauthenticate"})


class FirstThings:
    """What comes before everything else: a fresh session, an own password, the second factor."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: list[Any], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        actor: Actor | None = getattr(request, "actor", None)
        name = request.resolver_match.url_name if request.resolver_match else ""
        if actor is None or name in ALWAYS:
            return None
        if been_away(request, actor):
            logout(request)
            messages.info(request, "您有一阵没有操作，为了安全已退出。请重新登录。")
            return go(request, f"{reverse('account_login')}?{urlencode({'next': request.get_full_path()})}")
        return self._first(request, actor, name or "")

    def _first(self, request: HttpRequest, actor: Actor, name: str) -> HttpResponse | None:
        if actor.account.must_change_password:
            return None if name in CHANGE_PASSWORD else go(request, reverse("account_change_password"))
        if needs_second_factor(actor) and not request.session.get(SECOND_FACTOR_DONE):
            if has_second_factor(actor.account):  # a session from before it was enrolled: sign in again
                logout(request)
                return go(request, reverse("account_login"))
            return None if name in ENROL else go(request, reverse("registry-second-factor"))
        return None


def been_away(request: HttpRequest, actor: Actor) -> bool:
    """Longer than the rule allows? Notes the time, at most every few minutes."""
    now = int(time.time())
    seen = request.session.get(SEEN, now)
    office = actor.role_name in TWO_FACTOR_ROLES
    allowed = rule("mlps3.idle.office" if office else "mlps3.idle", actor.place).value * 60
    if now - seen > allowed:
        return True
    if SEEN not in request.session or now - seen >= SEEN_STEP:
        request.session[SEEN] = now
    return False


def go(request: HttpRequest, address: str) -> HttpResponse:
    """Redirect, also where only a fragment or JSON was asked for."""
    if getattr(request, "htmx", False):
        return HttpResponse(headers={"HX-Redirect": address})
    if "application/json" in request.headers.get("Accept", "") or request.path.startswith("/api/"):
        return JsonResponse({"error": "请先在网页上完成登录的步骤", "address": address}, status=403)
    return redirect(address)
