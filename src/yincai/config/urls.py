"""All addresses: each package brings its own."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("yincai.portal.urls")),
    path("", include("yincai.registry.urls")),
    path("", include("yincai.knowledge.urls")),
    path("", include("yincai.evaluation.urls")),
    path("", include("yincai.learning.urls")),
    path("", include("yincai.indicators.urls")),
    path("", include("yincai.core.urls")),
]

handler403 = "yincai.core.views.not_allowed"
handler404 = "yincai.core.views.not_found"
handler500 = "yincai.core.views.broken"
