"""Addresses of this package."""

from __future__ import annotations

from django.urls import URLPattern, path

from yincai.indicators import model_views, views

urlpatterns: list[URLPattern] = [
    path("models/", model_views.index, name="indicators-models"),
    path("models/<str:code>/", model_views.model, name="indicators-model"),
    path("models/<str:code>/audit", model_views.audit, name="indicators-audit"),
    path("models/<str:code>/items", model_views.items, name="indicators-items"),
    path("figures/", views.figures, name="indicators-figures"),
    path("figures/<str:code>/", views.indicator, name="indicators-indicator"),
    path("figures/<str:code>/pupils/<uuid:school_class>/", views.pupils, name="indicators-pupils"),
]
