"""Forms of signing in. Errors say what to do next."""

from __future__ import annotations

import time
from typing import Any

from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.account.forms import ReauthenticateForm as AllauthReauthenticateForm
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret, validate_totp_code
from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest

from yincai.core import crypto
from yincai.core.models import Account
from yincai.registry import locks

CODE_LIVES = 120  # seconds in which a code is not taken a second time


def digits_only(text: str) -> str:
    """A code as typed: spaces and full-width digits are forgiven."""
    return "".join(str(int(letter)) for letter in text if letter.isdigit())


class LoginForm(AllauthLoginForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "账号"
        self.fields["password"].label = "密码"
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
        self.fields["login"].widget.attrs |= {"autocapitalize": "none", "spellcheck": "false", "autofocus": True}

    def clean_login(self) -> str:
        return Account.normalize_username(super().clean_login())


class ConfirmForm(AllauthReauthenticateForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].label = "密码"
        self.fields["password"].widget.attrs.pop("placeholder", None)


class SecondFactorForm(AuthenticateForm):  # type: ignore[misc]
    """The code from the phone, or a recovery code. Tries are counted; a code is taken once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        code = self.fields["code"]
        code.label = "动态码"
        code.help_text = "手机上现在显示的 6 位数字；手机不在身边，可填一个 8 位恢复码。"
        code.widget.attrs.pop("placeholder", None)
        code.widget.attrs |= {"inputmode": "numeric", "autofocus": True}

    def clean_code(self) -> str:
        request, what = _current_request(), f"{self.user.username}/二步"
        if minutes := locks.minutes_left(request, what):
            raise ValidationError(f"试错太多次，请 {minutes} 分钟后再试。")
        self.cleaned_data["code"] = digits_only(self.cleaned_data["code"])
        try:
            code: str = super().clean_code()
            self._take(code)
        except ValidationError:
            locks.failed(request, what)
            raise
        locks.succeeded(request, what)
        return code

    def _take(self, code: str) -> None:
        """Refuse a code that was taken a moment ago, by whichever process."""
        if self.authenticator.type != Authenticator.Type.TOTP:
            return
        mark = crypto.digest(f"totp:{code}").hex()[:32]
        with transaction.atomic():
            row = Authenticator.objects.select_for_update().get(pk=self.authenticator.pk)
            last, at = row.data.get("taken", ["", 0])
            if last == mark and time.time() - at < CODE_LIVES:
                raise ValidationError("这个动态码刚才已经用过，请等手机上换出下一个。")
            row.data["taken"] = [mark, int(time.time())]
            row.save(update_fields=["data"])
        self.authenticator.data = row.data


def _current_request() -> HttpRequest:
    from allauth.core import context

    request: HttpRequest = context.request
    return request


class EnrolForm(forms.Form):
    """The first code proves that the phone knows the secret."""

    code = forms.CharField(
        label="手机上显示的 6 位数字",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )

    def __init__(self, *args: Any, secret: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.secret = secret

    def clean_code(self) -> str:
        code = digits_only(self.cleaned_data["code"])
        if not validate_totp_code(self.secret, code):
            raise ValidationError("对不上。请确认手机时间准确，再填现在显示的数字。")
        return code


PENDING = "second_factor_pending"


def pending_secret(request: HttpRequest) -> str:
    """The secret offered for enrolment, sealed in the session until it is confirmed."""
    kept = request.session.get(PENDING)
    if kept:
        return crypto.unseal(bytes.fromhex(kept))
    secret: str = generate_totp_secret()
    request.session[PENDING] = crypto.seal(secret, None).hex()
    return secret


class PasswordForm(forms.Form):
    """One's own password. At the first sign-in the old one was typed a moment ago and is not asked again."""

    old = forms.CharField(
        label="现在的密码", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )
    new = forms.CharField(
        label="新密码", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )
    again = forms.CharField(
        label="再输一次新密码", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def __init__(self, *args: Any, request: HttpRequest, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request, self.account = request, account
        self.fields["new"].help_text = "至少 8 个字符；不要和账号相像，不要用 12345678 这样谁都猜得到的。"
        if account.must_change_password:
            del self.fields["old"]

    def clean_old(self) -> str:
        what = f"{self.account.username}/改密码"
        if minutes := locks.minutes_left(self.request, what):
            raise ValidationError(f"试错太多次，请 {minutes} 分钟后再试。")
        old: str = self.cleaned_data["old"]
        if not self.account.check_password(old):
            locks.failed(self.request, what)
            raise ValidationError("现在的密码不对，请再输一次。")
        locks.succeeded(self.request, what)
        return old

    def clean_new(self) -> str:
        new: str = self.cleaned_data["new"]
        validate_password(new, user=self.account)
        if self.account.check_password(new):
            raise ValidationError("新密码和现在的一样，请换一个。")
        return new

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "new" in cleaned and "again" in cleaned and cleaned["new"] != cleaned["again"]:
            self.add_error("again", "两次输入的新密码不一样，请重新输入。")
        return cleaned
