"""Addresses of practice and of learning status."""

from __future__ import annotations

from django.urls import path

from yincai.learning.views import classes, paper, placement, points, practice, reports, setting, steps, versions

urlpatterns = [
    path("learn/", practice.map_, name="learning-map"),
    path("learn/start", practice.start, name="learning-start"),
    path("learn/answer", practice.answer, name="learning-answer"),
    path("learn/hint", practice.hint, name="learning-hint"),
    path("learn/steps", steps.steps, name="learning-steps"),
    path("learn/preview", practice.preview_, name="learning-preview"),
    path("learn/placement", placement.placement, name="learning-placement"),
    path("learn/placement/start", placement.start, name="learning-placement-start"),
    path("learn/<uuid:practice_id>", practice.practice, name="learning-practice"),
    path("learn/<uuid:practice_id>/rested", practice.rested, name="learning-rested"),
    path("learn/<uuid:practice_id>/stop", practice.stop, name="learning-stop"),
    path("classes/", classes.classes, name="learning-classes"),
    path("classes/<uuid:school_class>", classes.class_page, name="learning-class"),
    path("classes/<uuid:school_class>/placement", placement.class_placement, name="learning-class-placement"),
    path("classes/<uuid:school_class>/placement/paper", paper.make, name="learning-paper-make"),
    path("classes/placements/<int:result>/void", placement.void, name="learning-placement-void"),
    path("classes/papers/<uuid:paper>", paper.paper, name="learning-paper"),
    path("classes/papers/<uuid:paper>/print/<str:form>", paper.print_, name="learning-paper-print"),
    path("classes/papers/<uuid:paper>/marks", paper.marks, name="learning-paper-marks"),
    path("classes/<uuid:school_class>/set", setting.set_practice, name="learning-set"),
    path("classes/<uuid:school_class>/steer", setting.steer, name="learning-steer"),
    path("classes/practices/<uuid:assignment>", setting.assignment, name="learning-assignment"),
    path("classes/practices/<uuid:assignment>/withdraw", setting.withdraw, name="learning-withdraw"),
    path("classes/practices/<uuid:assignment>/report", reports.assignment_report, name="learning-report"),
    path("classes/<uuid:school_class>/report", reports.class_report, name="learning-class-report"),
    path("classes/answers/<uuid:statement>", reports.answer_cause, name="learning-answer-cause"),
    path("classes/pupils/<uuid:person>", classes.pupil_page, name="learning-pupil"),
    path("classes/pupils/<uuid:person>/points/<str:code>", points.point_page, name="learning-point"),
    path("children/<uuid:person>", classes.child, name="learning-child"),
    path("models/tracing/versions", versions.versions, name="learning-versions"),
    path("models/tracing/versions/refit", versions.refit, name="learning-versions-refit"),
    path("models/tracing/versions/decide", versions.decide, name="learning-versions-decide"),
]
