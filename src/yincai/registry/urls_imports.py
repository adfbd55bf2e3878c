"""Imports of tables."""

from __future__ import annotations

from django.urls import URLPattern, path

from yincai.registry.views import imports as view

urlpatterns: list[URLPattern] = [
    path("imports/", view.imports, name="registry-imports"),
    path("imports/templates/<slug:kind>/", view.template, name="registry-import-template"),
    path("imports/<uuid:pk>/", view.import_page, name="registry-import"),
    path("imports/<uuid:pk>/confirm/", view.import_confirm, name="registry-import-confirm"),
    path("imports/<uuid:pk>/progress/", view.import_progress, name="registry-import-progress"),
    path("imports/<uuid:pk>/resume/", view.import_resume, name="registry-import-resume"),
    path("imports/<uuid:pk>/undo/", view.import_undo, name="registry-import-undo"),
]
