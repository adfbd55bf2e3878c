"""Addresses of this package."""

from __future__ import annotations

from django.urls import path

from yincai.knowledge import views

urlpatterns = [
    path("bank/images/<uuid:file>", views.image, name="knowledge-image"),
]
