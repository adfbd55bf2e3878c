"""Signing in (by allauth), one's own password and second factor, the profile, the role acted in."""

from __future__ import annotations

import qrcode
from allauth.account import views as allauth_views
from allauth.mfa.base import views as mfa_views
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yincai.core.middleware import ROLE_KEY
from yincai.core.permissions import SIGNED_IN, open_to_all, requires
from yincai.registry.actions.sign_in import (
    Secret,
    change_own_password,
    enrol_second_factor,
    remove_own_second_factor,
    renew_recovery_codes,
)
from yincai.registry.forms_signin import PENDING, EnrolForm, PasswordForm, pending_secret
from yincai.registry.models import Person, RoleName
from yincai.registry.queries import children_of, class_of, school_of
from yincai.registry.signin import (
    SECOND_FACTOR_DONE,
    MfaAdapter,
    confirm_first,
    confirmed_recently,
    has_second_factor,
    needs_second_factor,
)
from yincai.registry.views.common import actor_of

login = open_to_all("the way in")(allauth_views.login)
logout = open_to_all("the way out; harmless to who is not in")(allauth_views.logout)
second_step = open_to_all("the second step of signing in: nobody is signed in yet")(mfa_views.authenticate)
confirm = requires(SIGNED_IN)(allauth_views.reauthenticate)


@sensitive_post_parameters("old", "new", "again")
@never_cache
@requires(SIGNED_IN)
@require_http_methods(["GET", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    first = actor.account.must_change_password
    form = PasswordForm(request.POST or None, request=request, account=actor.account)
    if request.method == "POST" and form.is_valid():
        hashed = Secret(make_password(form.cleaned_data["new"]))  # before the transaction: it takes long
        account = change_own_password(hashed, acting_user=actor)
        update_session_auth_hash(request, account)  # type: ignore[arg-type]
        messages.success(request, "密码已经改好，下次用新密码登录。")
        return redirect("/" if first else "registry-me")
    status = 422 if form.errors else 200
    return render(request, "registry/password.html", {"form": form, "first": first}, status=status)


@never_cache
@requires(SIGNED_IN)
@require_http_methods(["GET", "POST"])
def second_factor(request: HttpRequest) -> HttpResponse:
    """Enrol: the QR code, the secret in text, and the first code as proof."""
    actor = actor_of(request)
    if has_second_factor(actor.account):
        return redirect("registry-me")
    if not confirmed_recently(request):
        return confirm_first(request)
    secret = pending_secret(request)
    form = EnrolForm(request.POST or None, secret=secret)
    if request.method == "POST" and form.is_valid():
        enrol_second_factor(Secret(secret), acting_user=actor)
        request.session.pop(PENDING, None)
        request.session[SECOND_FACTOR_DONE] = True
        return redirect("registry-recovery-codes")
    address = MfaAdapter().build_totp_url(actor.account, secret)
    values = {"form": form, "secret": spaced(secret), "needed": needs_second_factor(actor), **qr(address)}
    return render(request, "registry/second_factor.html", values, status=422 if form.errors else 200)


@never_cache
@requires(SIGNED_IN)
@require_http_methods(["GET", "POST"])
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """Shown once, then only made anew."""
    actor = actor_of(request)
    kept = Authenticator.objects.filter(user=actor.account, type=Authenticator.Type.RECOVERY_CODES).first()
    if kept is None:
        return redirect("registry-second-factor")
    if request.method == "POST":
        if not confirmed_recently(request):
            return confirm_first(request)
        renew_recovery_codes(acting_user=actor)
        return redirect("registry-recovery-codes")
    codes = kept.wrap()
    fresh = not codes.did_view
    shown = [f"{code[:4]} {code[4:]}" for code in codes.get_unused_codes()] if fresh else []
    codes.mark_as_viewed()
    left = len(codes.get_unused_codes())
    values = {"codes": shown, "fresh": fresh, "left": left, "account": actor.account}
    return render(request, "registry/recovery_codes.html", values)


@never_cache
@requires(SIGNED_IN)
@require_http_methods(["GET", "POST"])
def second_factor_remove(request: HttpRequest) -> HttpResponse:
    """A new phone: take the old one off; who needs a second factor enrols the new one at once."""
    actor = actor_of(request)
    if not has_second_factor(actor.account):
        return redirect("registry-second-factor")
    if not confirmed_recently(request):
        return confirm_first(request)
    if request.method == "GET":
        return render(request, "registry/second_factor_remove.html", {"needed": needs_second_factor(actor)})
    remove_own_second_factor(acting_user=actor)
    request.session[SECOND_FACTOR_DONE] = False
    messages.success(request, "原来的手机已经解除。")
    return redirect("registry-second-factor" if needs_second_factor(actor) else "registry-me")


@requires(SIGNED_IN)
@require_GET
def me(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    person = Person.objects.filter(pk=actor.person).first()
    school_class = class_of(actor.person) if actor.person and actor.role_name == RoleName.PUPIL else None
    values = {
        "person": person,
        "held": masked(person) if person else [],
        "school_class": school_class,
        "school": school_of(school_class) if school_class else None,
        "children": children_of(actor.person) if actor.person and actor.role_name == RoleName.GUARDIAN else [],
        "second_factor": has_second_factor(actor.account),
        "needed": needs_second_factor(actor),
    }
    return render(request, "registry/me.html", values)


@requires(SIGNED_IN)
@require_POST
def role(request: HttpRequest) -> HttpResponse:
    """Act in another of one's roles; the scope follows with the next request."""
    wanted = request.POST.get("role", "")
    held = next((one for one in actor_of(request).roles if str(one.id) == wanted), None)
    if held is None:
        messages.error(request, "您现在没有这个身份，可能刚刚被收回。")
    else:
        request.session[ROLE_KEY] = wanted
        messages.success(request, f"现在以{held.label}（{held.organisation_name}）的身份工作。")
    return redirect("/")


SHOWN = (("pupil_number", "学籍号"), ("identity", "身份证件号"), ("phone", "电话"))


def masked(person: Person) -> list[tuple[str, str]]:
    """What is held of a person's numbers, all but the ends hidden."""
    held = [(label, person.read_sealed(field)) for field, label in SHOWN]
    return [(label, f"{text[:3]}{'•' * (len(text) - 5)}{text[-2:]}") for label, text in held if text]


def spaced(secret: str) -> str:
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def qr(address: str) -> dict[str, object]:
    """A QR code as one SVG path, for a page whose policy forbids styles."""
    code = qrcode.QRCode(border=2)
    code.add_data(address)
    dark = [(x, y) for y, row in enumerate(code.get_matrix()) for x, on in enumerate(row) if on]
    return {"qr_path": "".join(f"M{x} {y}h1v1h-1z" for x, y in dark), "qr_size": len(code.get_matrix())}
