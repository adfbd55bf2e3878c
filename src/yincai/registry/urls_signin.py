"""Signing in and out, passwords, the second factor, the role acted in, notices. The names of allauth that it needs
for itself stand here; none of its other pages has an address."""

from __future__ import annotations

from django.urls import URLPattern, path

from yincai.registry.views import notices, signin

urlpatterns: list[URLPattern] = [
    path("signin/", signin.login, name="account_login"),
    path("signin/code/", signin.second_step, name="mfa_authenticate"),
    path("signin/confirm/", signin.confirm, name="account_reauthenticate"),
    path("signout/", signin.logout, name="account_logout"),
    path("me/", signin.me, name="registry-me"),
    path("me/role/", signin.role, name="registry-role"),
    path("me/password/", signin.password, name="account_change_password"),
    path("me/second-factor/", signin.second_factor, name="registry-second-factor"),
    path("me/second-factor/codes/", signin.recovery_codes, name="registry-recovery-codes"),
    path("me/second-factor/remove/", signin.second_factor_remove, name="registry-second-factor-remove"),
    path("notices/", notices.notices, name="registry-notices"),
    path("notices/read/", notices.notices_read, name="registry-notices-read"),
    path("notices/<uuid:pk>/", notices.notice_open, name="registry-notice"),
]
