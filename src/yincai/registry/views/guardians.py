"""Guardians' codes: printed by the school, used by guardians with or without an account."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from yincai.core.action import ActionError, form_key
from yincai.core.actors import installation
from yincai.core.http import Request
from yincai.core.models import Account
from yincai.core.permissions import SIGNED_IN, open_to_all, requires
from yincai.registry import locks
from yincai.registry.actions.guardian_codes import (
    LABEL,
    RELATIONS,
    CodeError,
    bind_by_code,
    issue_codes,
    join_by_code,
    plain,
)
from yincai.registry.actions.sign_in import Secret
from yincai.registry.models import Organisation, OrganisationKind
from yincai.registry.policies import GUARDIANS_BIND
from yincai.registry.queries import guardians_of, pupils_of, school_of
from yincai.registry.views.common import reached


class CodeForm(forms.Form):
    """Fields that both ways of binding share. Tries are counted on the code and the address together."""

    code = forms.CharField(label="绑定码", help_text="学校发的纸条上的 12 位，例如 ABCD-EFGH-JKMN。", max_length=40)
    relation = forms.ChoiceField(label="您是孩子的", choices=[(name, name) for name in RELATIONS])

    def __init__(self, *args: object, request: Request, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.request = request
        self.fields["code"].widget.attrs |= {"autocapitalize": "characters", "autocomplete": "off"}

    def what(self) -> str:
        return f"{plain(str(self.data.get('code', '')))[:LABEL]}/绑定码"

    def clean_code(self) -> str:
        if minutes := locks.minutes_left(self.request, self.what()):
            raise ValidationError(f"这个绑定码试错太多次，请 {minutes} 分钟后再试，或向班主任再要一个。")
        return str(self.cleaned_data["code"])

    def refused(self, error: ActionError) -> None:
        if isinstance(error, CodeError):
            locks.failed(self.request, self.what())
            self.add_error("code", str(error))
        else:
            self.add_error(None, str(error))


class JoinForm(CodeForm):
    name = forms.CharField(label="您的姓名", max_length=40, help_text="和学校登记的写得一样，就不会重复登记。")
    account = forms.CharField(
        label="给自己起一个账号名", max_length=40, help_text="字母、数字或汉字，登录时用；不要用手机号或身份证号。"
    )
    password = forms.CharField(
        label="密码", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )
    again = forms.CharField(
        label="再输一次密码", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def clean_account(self) -> str:
        name = Account.normalize_username(self.cleaned_data["account"])
        Account._meta.get_field("username").run_validators(name)
        if sum(letter.isdigit() for letter in name) >= 11:
            raise ValidationError("账号名请不要用手机号或证件号，换一个好记的。")
        if Account.objects.filter(username=name).exists():
            raise ValidationError("这个账号名已经有人用了，换一个，例如加上两位数字。")
        return name

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, user=Account(username=str(self.data.get("account", ""))))
        return password

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if "password" in cleaned and cleaned.get("again") != cleaned["password"]:
            self.add_error("again", "两次输入的密码不一样，请重新输入。")
        return cleaned


@sensitive_post_parameters("password", "again", "code")
@never_cache
@open_to_all("a guardian has no account yet; the code from school opens one")
@require_http_methods(["GET", "POST"])
def join(request: Request) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("registry-bind")
    form = JoinForm(request.POST or None, request=request)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            hashed = Secret(make_password(typed["password"]))
            join_by_code(
                typed["code"], typed["name"], typed["relation"], typed["account"], hashed, acting_user=installation()
            )
        except ActionError as error:
            form.refused(error)
        else:
            messages.success(request, f"开通好了，请用账号 {typed['account']} 登录。")
            return redirect("account_login")
    return render(request, "registry/join.html", {"form": form}, status=422 if form.errors else 200)


@never_cache
@requires(SIGNED_IN)
@require_http_methods(["GET", "POST"])
def bind(request: Request) -> HttpResponse:
    """One more child for somebody who can already sign in."""
    form = CodeForm(request.POST or None, request=request)
    if request.method == "POST" and form.is_valid():
        try:
            bond = bind_by_code(form.cleaned_data["code"], form.cleaned_data["relation"], acting_user=request.actor)
        except ActionError as error:
            form.refused(error)
        else:
            messages.success(request, f"已绑定{bond.child.name}。在“家长”身份下可以看到。")
            return redirect("registry-me")
    return render(request, "registry/bind.html", {"form": form}, status=422 if form.errors else 200)


@never_cache
@requires(GUARDIANS_BIND)
@require_http_methods(["GET", "POST"])
def class_codes(request: Request, pk: UUID) -> HttpResponse:
    """Print codes for the pupils ticked; they are shown this once."""
    classes = Organisation.objects.filter(kind=OrganisationKind.CLASS)
    school_class: Organisation = reached(request, GUARDIANS_BIND, classes, pk)
    rows = [(pupil, [bond.guardian.name for bond in guardians_of(pupil.person)]) for pupil in pupils_of(school_class)]
    error = ""
    if request.method == "POST":
        wanted = set(request.POST.getlist("pupil"))
        chosen = [pupil.person.pk for pupil, _ in rows if str(pupil.person.pk) in wanted]
        try:
            issued = issue_codes(school_class, chosen, acting_user=request.actor, key=form_key(request))
            if issued is not None:
                return _slips(request, school_class, issued)
            error = "这一批刚才已经生成，绑定码只显示一次。如果没有印出来，请再生成一次。"
        except ActionError as refused:
            error = str(refused)
    values = {"school_class": school_class, "rows": rows, "error": error}
    return render(request, "registry/class_codes.html", values, status=422 if error else 200)


def _slips(request: Request, school_class: Organisation, issued: object) -> HttpResponse:
    values = {
        "issued": issued,
        "school_class": school_class,
        "school": school_of(school_class),
        "address": request.build_absolute_uri(reverse("registry-join")),
        "back": reverse("registry-codes", args=[school_class.pk]),
    }
    return render(request, "registry/code_slips.html", values)
