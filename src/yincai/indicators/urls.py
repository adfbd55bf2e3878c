"""Addresses of this package."""

from __future__ import annotations

from django.urls import URLPattern, path

from yincai.indicators import views

urlpatterns: list[URLPattern] = [
    path("figures/", views.figures, name="indicators-figures"),
    path("figures/<str:code>/", views.indicator, name="indicators-indicator"),
    path("figures/<str:code>/pupils/<uuid:school_class>/", views.pupils, name="indicators-pupils"),
]
