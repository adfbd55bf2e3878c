"""The tree, the calendar, timetables."""

from __future__ import annotations

from django.urls import URLPattern, path

from yincai.registry.views import calendar as time
from yincai.registry.views import organisation as tree

urlpatterns: list[URLPattern] = [
    path("organisations/", tree.organisations, name="registry-organisations"),
    path("organisations/<uuid:pk>/", tree.organisation, name="registry-organisation"),
    path("organisations/<uuid:pk>/add/school/", tree.school_add, name="registry-school-add"),
    path("organisations/<uuid:pk>/add/<slug:kind>/", tree.organisation_add, name="registry-organisation-add"),
    path("organisations/<uuid:pk>/classes/", tree.school_classes, name="registry-school-classes"),
    path("organisations/<uuid:pk>/mend/", tree.organisation_mend, name="registry-organisation-mend"),
    path("organisations/<uuid:pk>/school/", tree.school_mend, name="registry-school-mend"),
    path("organisations/<uuid:pk>/close/", tree.organisation_close, name="registry-organisation-close"),
    path("organisations/<uuid:pk>/reopen/", tree.organisation_reopen, name="registry-organisation-reopen"),
    path("organisations/<uuid:pk>/move/", tree.school_move, name="registry-school-move"),
    path("organisations/<uuid:pk>/join/", tree.overlay_join, name="registry-overlay-join"),
    path("overlay-members/<int:pk>/leave/", tree.overlay_leave, name="registry-overlay-leave"),
    path("calendar/", time.calendar, name="registry-calendar"),
    path("calendar/<uuid:pk>/add/", time.year_add, name="registry-year-add"),
    path("calendar/terms/<int:pk>/", time.term_mend, name="registry-term-mend"),
    path("organisations/<uuid:pk>/periods/", time.periods, name="registry-periods"),
    path("organisations/<uuid:pk>/timetable/", time.timetable, name="registry-timetable"),
    path("organisations/<uuid:pk>/timetable/mend/", time.timetable_mend, name="registry-timetable-mend"),
    path("timetable/", time.my_timetable, name="registry-my-timetable"),
    path("sessions/", time.sessions, name="registry-sessions"),
    path("organisations/<uuid:pk>/session/", time.session_open, name="registry-session-open"),
    path("sessions/<uuid:pk>/close/", time.session_close, name="registry-session-close"),
]
