"""Signing in, one's own password, the second factor."""

from __future__ import annotations

from dataclasses import dataclass, field

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.sessions.models import Session

from yincai.core.action import ActionError, action, changed_nothing, touched
from yincai.core.actors import Actor
from yincai.core.models import Account
from yincai.core.permissions import SIGNED_IN
from yincai.registry.policies import INSTALLATION


@dataclass(frozen=True)
class Secret:
    """A password already hashed (outside the transaction, for it takes long), or a TOTP secret. Prints as nothing,
    so that neither a log nor an idempotency receipt holds it."""

    value: str = field(repr=False)

    def __str__(self) -> str:
        return "(secret)"


@action(SIGNED_IN)
def note_sign_in(account: Account, *, acting_user: Actor) -> Account:
    return touched(account, "registry.sign_in")


@action(SIGNED_IN)
def change_own_password(hashed: Secret, *, acting_user: Actor) -> Account:
    account = acting_user.account
    account.password, account.must_change_password = hashed.value, False
    account.save(update_fields=["password", "must_change_password"])
    return touched(account, "registry.change_own_password", password=True)


@action(SIGNED_IN)
def enrol_second_factor(secret: Secret, *, acting_user: Actor) -> Account:
    """Keep the TOTP secret (encrypted by the adapter) and make recovery codes."""
    account = acting_user.account
    if Authenticator.objects.filter(user=account, type=Authenticator.Type.TOTP).exists():
        raise ActionError("两步登录已经设好。要换手机，请先解除现在的。")
    TOTP.activate(account, secret.value)
    Authenticator.objects.filter(user=account, type=Authenticator.Type.RECOVERY_CODES).delete()
    RecoveryCodes.activate(account)
    return touched(account, "registry.enrol_second_factor", second_factor=True)


@action(SIGNED_IN)
def renew_recovery_codes(*, acting_user: Actor) -> Account:
    account = acting_user.account
    if not Authenticator.objects.filter(user=account, type=Authenticator.Type.TOTP).exists():
        raise ActionError("请先设好两步登录。")
    Authenticator.objects.filter(user=account, type=Authenticator.Type.RECOVERY_CODES).delete()
    RecoveryCodes.activate(account)
    return touched(account, "registry.renew_recovery_codes", recovery_codes=True)


@action(SIGNED_IN)
def remove_own_second_factor(*, acting_user: Actor) -> Account:
    account = acting_user.account
    _remove_second_factor(account)
    return touched(account, "registry.remove_own_second_factor", second_factor=False)


@action(INSTALLATION)
def reset_account(account: Account, hashed: Secret | None, second_factor: bool, *, acting_user: Actor) -> Account:
    """On the server: a new first password, or the second factor taken off, or both. Ends all sessions."""
    if account.is_service:
        raise ActionError("系统账号不能登录，也就没有什么可重设。")
    if hashed:
        account.password, account.must_change_password = hashed.value, True
        account.save(update_fields=["password", "must_change_password"])
    if second_factor:
        _remove_second_factor(account)
    end_sessions(account)
    if not hashed and not second_factor:
        changed_nothing()
        return account
    return touched(account, "registry.reset_account", password=bool(hashed), second_factor=not second_factor)


def end_sessions(account: Account) -> None:
    mine = [row.pk for row in Session.objects.iterator() if row.get_decoded().get("_auth_user_id") == str(account.pk)]
    Session.objects.filter(pk__in=mine).delete()


def _remove_second_factor(account: Account) -> None:
    Authenticator.objects.filter(user=account).delete()
