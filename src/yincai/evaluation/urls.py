"""Addresses of monitorings and growth."""

from __future__ import annotations

from django.urls import path

from yincai.evaluation.views import appeals, growth, monitoring

urlpatterns = [
    path("monitoring/", monitoring.index, name="evaluation-monitorings"),
    path("monitoring/new", monitoring.plan, name="evaluation-plan"),
    path("monitoring/<uuid:pk>", monitoring.monitoring, name="evaluation-monitoring"),
    path("monitoring/<uuid:pk>/compute", monitoring.compute, name="evaluation-compute"),
    path("monitoring/<uuid:pk>/roster", monitoring.roster, name="evaluation-roster"),
    path("growth/", growth.index, name="evaluation-growth"),
    path("growth/<uuid:pk>", growth.run, name="evaluation-run"),
    path("growth/<uuid:pk>/bundle", growth.bundle, name="evaluation-bundle"),
    path("growth/<uuid:pk>/schools/<uuid:school>", growth.school, name="evaluation-school"),
    path("growth/<uuid:pk>/schools/<uuid:school>/appeal", appeals.make, name="evaluation-appeal"),
    path("growth/appeals/", appeals.index, name="evaluation-appeals"),
    path("growth/appeals/<uuid:pk>", appeals.page, name="evaluation-appeal-page"),
]
