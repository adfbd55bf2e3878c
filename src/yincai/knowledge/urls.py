"""Addresses of the bank."""

from __future__ import annotations

from django.urls import path

from yincai.knowledge.views import bank, intake, parameters, review, routes

urlpatterns = [
    path("bank/", bank.items, name="knowledge-items"),
    path("bank/new", bank.new, name="knowledge-new"),
    path("bank/<int:pk>", bank.item, name="knowledge-item"),
    path("bank/<int:pk>/edit", bank.edit, name="knowledge-edit"),
    path("bank/<int:pk>/points", bank.points, name="knowledge-points"),
    path("bank/<int:pk>/status", bank.status, name="knowledge-status"),
    path("bank/<int:pk>/flag", review.flag, name="knowledge-flag"),
    path("bank/images/<uuid:file>", bank.image, name="knowledge-image"),
    path("bank/said", review.said, name="knowledge-said"),
    path("bank/flags", review.flags, name="knowledge-flags"),
    path("bank/flags/<uuid:pk>", review.close, name="knowledge-flag-close"),
    path("bank/held", review.held, name="knowledge-held"),
    path("bank/held/<int:pk>", review.settle, name="knowledge-settle"),
    path("bank/parameters/", parameters.parameters, name="knowledge-parameters"),
    path("bank/parameters/start", parameters.start, name="knowledge-calibrate"),
    path("bank/parameters/<int:pk>", parameters.calibration, name="knowledge-calibration"),
    path("bank/parameters/<int:pk>/decide", parameters.decide, name="knowledge-calibration-decide"),
    path("bank/routes/", routes.routes, name="knowledge-routes"),
    path("bank/routes/confirm", routes.confirm, name="knowledge-routes-confirm"),
    path("bank/routes/<int:pk>", routes.decide, name="knowledge-route"),
    path("bank/import", intake.upload, name="knowledge-import"),
    path("bank/import/template.xlsx", intake.template, name="knowledge-template"),
    path("bank/import/<uuid:job>", intake.intake, name="knowledge-intake"),
    path("bank/import/<uuid:job>/start", intake.start, name="knowledge-intake-start"),
    path("bank/import/<uuid:job>/undo", intake.undo, name="knowledge-intake-undo"),
]
