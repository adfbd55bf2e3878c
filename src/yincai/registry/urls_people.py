"""People: finding, entering, mending, roles, transfers."""

from __future__ import annotations

from django.urls import URLPattern, path

from yincai.registry.views import people as view

urlpatterns: list[URLPattern] = [
    path("people/", view.people, name="registry-people"),
    path("people/departed/", view.departed, name="registry-departed"),
    path("people/<uuid:pk>/", view.person, name="registry-person"),
    path("people/<uuid:pk>/reveal/", view.person_reveal, name="registry-person-reveal"),
    path("people/<uuid:pk>/mend/", view.person_mend, name="registry-person-mend"),
    path("people/<uuid:pk>/role/", view.role_give, name="registry-role-give"),
    path("people/<uuid:pk>/teaching/", view.teaching_add, name="registry-teaching-add"),
    path("people/<uuid:pk>/guardian/", view.guardian_add, name="registry-guardian-add"),
    path("organisations/<uuid:pk>/staff/add/", view.staff_add, name="registry-staff-add"),
    path("organisations/<uuid:pk>/pupils/add/", view.pupil_add, name="registry-pupil-add"),
    path("organisations/<uuid:pk>/pupils/admit/", view.pupil_admit, name="registry-pupil-admit"),
    path("roles/<uuid:pk>/end/", view.role_end, name="registry-role-end"),
    path("roles/<uuid:pk>/reopen/", view.role_reopen, name="registry-role-reopen"),
    path("roles/<uuid:pk>/transfer/", view.pupil_transfer, name="registry-pupil-transfer"),
    path("roles/<uuid:pk>/renumber/", view.pupil_renumber, name="registry-pupil-renumber"),
    path("roles/<uuid:pk>/release/", view.pupil_release, name="registry-pupil-release"),
    path("teaching/<int:pk>/end/", view.teaching_end, name="registry-teaching-end"),
    path("guardianships/<uuid:pk>/end/", view.guardianship_end, name="registry-guardianship-end"),
]
