"""Addresses of this package: only puts the themes' lists together."""

from __future__ import annotations

from django.urls import URLPattern

from yincai.registry import urls_consent, urls_imports, urls_organisation, urls_people, urls_signin

urlpatterns: list[URLPattern] = [
    *urls_signin.urlpatterns,
    *urls_consent.urlpatterns,
    *urls_organisation.urlpatterns,
    *urls_people.urlpatterns,
    *urls_imports.urlpatterns,
]
