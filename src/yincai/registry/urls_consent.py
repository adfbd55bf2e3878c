"""First passwords, consent, guardians' codes, rules."""

from __future__ import annotations

from django.urls import URLPattern, path

from yincai.registry.views import consent, guardians, passwords, rules

urlpatterns: list[URLPattern] = [
    path("organisations/<uuid:pk>/passwords/", passwords.class_passwords, name="registry-passwords"),
    path(
        "organisations/<uuid:pk>/guardian-passwords/", passwords.guardian_passwords, name="registry-guardian-passwords"
    ),
    path("people/<uuid:pk>/password/", passwords.person_password, name="registry-person-password"),
    path("children/", consent.children, name="registry-children"),
    path("children/bind/", guardians.bind, name="registry-bind"),
    path("children/<uuid:pk>/consent/", consent.consent, name="registry-consent"),
    path("consents/", consent.consent_classes, name="registry-consent-classes"),
    path("organisations/<uuid:pk>/consents/", consent.class_consents, name="registry-consent-class"),
    path("organisations/<uuid:pk>/codes/", guardians.class_codes, name="registry-codes"),
    path("join/", guardians.join, name="registry-join"),
    path("rules/", rules.rules, name="registry-rules"),
    path("rules/entries/<int:pk>/drop/", rules.rule_drop, name="registry-rule-drop"),
    path("rules/<str:rule_id>/", rules.rule_set, name="registry-rule"),
]
