"""Addresses of this package: only puts the themes' lists together."""

from __future__ import annotations

from django.urls import URLPattern

from yincai.registry import urls_signin

urlpatterns: list[URLPattern] = [
    *urls_signin.urlpatterns,
]
