"""Signing in and out, passwords, the second factor, the role acted in."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
