"""Addresses of this package."""

from __future__ import annotations

from django.urls import URLPattern, path

from yincai.portal import views

urlpatterns: list[URLPattern] = [
    path("", views.home, name="home"),
]
