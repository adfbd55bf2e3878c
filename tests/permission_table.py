"""Who may open which address: one row for each url name, the roles that may open it.

A new address gets a row here, or tests/test_permission_table.py fails and names it. The row is the intent, written by
hand; the test holds the views to it, and asks each address as every role, as nobody, and as people of another school.
An address with arguments also needs an object of 第一小学 for them, under the head of its route, in OBJECTS below.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
from django.utils import timezone

from tests.cast import Cast
from yincai.core.ids import new_id
from yincai.evaluation.computing import Columns
from yincai.evaluation.models import Appeal, GrowthRun, Monitoring, Participant, SchoolGrowth
from yincai.knowledge.models import Calibration
from yincai.learning.models import Assignment, PlacementPaper, PlacementResult, Practice
from yincai.records.models import ResponseFact
from yincai.registry.models import (
    Guardianship,
    Notice,
    Pseudonym,
    RoleHeld,
    RoleName,
    RuleEntry,
    Session,
    Teaching,
    Term,
)

ROLES = frozenset(RoleName.values)
NOBODY = "nobody"  # not signed in
ANYONE = ROLES | {NOBODY}
EVERYBODY = ROLES

OFFICES = frozenset({"admin", "city_officer", "district_officer"})
ENTERING = OFFICES | {"school_admin"}  # who enters organisations, staff, imports
SCHOOL_OFFICE = frozenset({"admin", "school_admin"})
STAFF_OF_SCHOOL = frozenset({"teacher", "head", "school_admin"})
SEEING_PEOPLE = ENTERING | {"head", "teacher"}
SEEING_ORGANISATIONS = SEEING_PEOPLE | {"researcher"}
TEACHER = frozenset({"teacher"})
PUPIL = frozenset({"pupil"})
GUARDIAN = frozenset({"guardian"})
CLASS_PAGES = frozenset({"teacher", "head"})
RULE_SETTERS = ENTERING | {"head"}
RULE_READERS = SEEING_ORGANISATIONS
TIMETABLE_READERS = SCHOOL_OFFICE | {"head", "teacher", "pupil", "guardian"}
SESSION_HOLDERS = SCHOOL_OFFICE | {"head", "teacher"}
BANK_READERS = SEEING_ORGANISATIONS | {"expert"}
BANK_WRITERS = SCHOOL_OFFICE | {"teacher", "researcher"}
BANK_KEEPERS = frozenset({"admin", "researcher"})
FLAGGERS = ROLES - {"enterprise"}
BUREAUS = frozenset({"city_officer", "district_officer"})
FIGURES = frozenset({"city_officer", "district_officer", "head", "researcher", "school_admin", "teacher"})

TABLE: dict[str, frozenset[str]] = {
    # the door, oneself, notices (registry)
    "account_login": ANYONE,
    "account_logout": ANYONE,
    "mfa_authenticate": ANYONE,
    "registry-join": ANYONE,
    "account_reauthenticate": EVERYBODY,
    "account_change_password": EVERYBODY,
    "registry-me": EVERYBODY,
    "registry-role": EVERYBODY,
    "registry-second-factor": EVERYBODY,
    "registry-second-factor-remove": EVERYBODY,
    "registry-recovery-codes": EVERYBODY,
    "registry-notices": EVERYBODY,
    "registry-notices-read": EVERYBODY,
    "registry-notice": EVERYBODY,
    "registry-bind": EVERYBODY,
    # first passwords, consent, guardians, rules (registry)
    "registry-passwords": SCHOOL_OFFICE | TEACHER,
    "registry-guardian-passwords": SCHOOL_OFFICE,
    "registry-person-password": ENTERING,
    "registry-children": GUARDIAN,
    "registry-consent": GUARDIAN,
    "registry-consent-classes": STAFF_OF_SCHOOL,
    "registry-consent-class": STAFF_OF_SCHOOL,
    "registry-codes": TEACHER | {"school_admin"},
    "registry-rules": RULE_READERS,
    "registry-rule": RULE_SETTERS,
    "registry-rule-drop": RULE_SETTERS,
    # organisations, people, calendar, timetable, sessions, imports (registry)
    "registry-organisations": SEEING_ORGANISATIONS,
    "registry-organisation": SEEING_ORGANISATIONS,
    "registry-school-add": ENTERING,
    "registry-organisation-add": ENTERING,
    "registry-school-classes": ENTERING,
    "registry-organisation-mend": ENTERING,
    "registry-school-mend": ENTERING,
    "registry-organisation-close": ENTERING,
    "registry-organisation-reopen": ENTERING,
    "registry-school-move": frozenset({"admin", "city_officer"}),
    "registry-overlay-join": OFFICES,
    "registry-overlay-leave": OFFICES,
    "registry-people": SEEING_PEOPLE,
    "registry-departed": SEEING_PEOPLE,
    "registry-person": SEEING_PEOPLE,
    "registry-person-reveal": SEEING_PEOPLE,
    "registry-person-mend": ENTERING,
    "registry-role-give": ENTERING,
    "registry-role-end": ENTERING,
    "registry-role-reopen": ENTERING,
    "registry-staff-add": ENTERING,
    "registry-teaching-add": SCHOOL_OFFICE,
    "registry-teaching-end": SCHOOL_OFFICE,
    "registry-guardian-add": SCHOOL_OFFICE,
    "registry-guardianship-end": SCHOOL_OFFICE,
    "registry-pupil-add": SCHOOL_OFFICE,
    "registry-pupil-admit": SCHOOL_OFFICE,
    "registry-pupil-transfer": SCHOOL_OFFICE,
    "registry-pupil-renumber": SCHOOL_OFFICE,
    "registry-pupil-release": SCHOOL_OFFICE,
    "registry-calendar": SEEING_ORGANISATIONS,
    "registry-year-add": ENTERING,
    "registry-term-mend": ENTERING,
    "registry-periods": SCHOOL_OFFICE,
    "registry-timetable": TIMETABLE_READERS,
    "registry-my-timetable": TIMETABLE_READERS,
    "registry-timetable-mend": SCHOOL_OFFICE,
    "registry-sessions": SESSION_HOLDERS,
    "registry-session-open": SESSION_HOLDERS,
    "registry-session-close": SESSION_HOLDERS,
    "registry-imports": ENTERING,
    "registry-import": ENTERING,
    "registry-import-template": ENTERING,
    "registry-import-confirm": ENTERING,
    "registry-import-progress": ENTERING,
    "registry-import-resume": ENTERING,
    "registry-import-undo": ENTERING,
    # the item bank (knowledge)
    "knowledge-items": BANK_READERS,
    "knowledge-item": BANK_READERS,
    "knowledge-new": BANK_WRITERS,
    "knowledge-edit": BANK_WRITERS,
    "knowledge-points": BANK_WRITERS,
    "knowledge-status": BANK_WRITERS,
    "knowledge-flag": FLAGGERS,
    "knowledge-said": FLAGGERS,
    "knowledge-image": EVERYBODY,
    "knowledge-flags": BANK_WRITERS,
    "knowledge-flag-close": BANK_WRITERS,
    "knowledge-held": BANK_KEEPERS,
    "knowledge-settle": BANK_KEEPERS,
    "knowledge-parameters": BANK_READERS,
    "knowledge-calibration": BANK_READERS,
    "knowledge-calibrate": frozenset({"admin", "city_officer"}),
    "knowledge-calibration-decide": frozenset({"admin", "city_officer"}),
    "knowledge-routes": BANK_KEEPERS,
    "knowledge-routes-confirm": BANK_KEEPERS,
    "knowledge-route": BANK_KEEPERS,
    "knowledge-import": BANK_KEEPERS | {"school_admin"},
    "knowledge-template": BANK_KEEPERS | {"school_admin"},
    "knowledge-intake": BANK_KEEPERS | {"school_admin"},
    "knowledge-intake-start": BANK_KEEPERS | {"school_admin"},
    "knowledge-intake-undo": BANK_KEEPERS | {"school_admin"},
    # practice and learning status (learning)
    "learning-map": PUPIL,
    "learning-start": PUPIL,
    "learning-answer": PUPIL,
    "learning-hint": PUPIL,
    "learning-steps": PUPIL,
    "learning-preview": PUPIL,
    "learning-practice": PUPIL,
    "learning-placement": PUPIL,
    "learning-placement-start": PUPIL,
    "learning-rested": PUPIL,
    "learning-stop": PUPIL,
    "learning-classes": CLASS_PAGES,
    "learning-class": CLASS_PAGES,
    "learning-pupil": CLASS_PAGES,
    "learning-point": CLASS_PAGES,
    "learning-assignment": CLASS_PAGES,
    "learning-class-placement": CLASS_PAGES,
    "learning-placement-void": TEACHER,
    "learning-report": CLASS_PAGES,
    "learning-class-report": CLASS_PAGES,
    "learning-answer-cause": TEACHER,
    "learning-paper": TEACHER,
    "learning-paper-make": TEACHER,
    "learning-paper-print": TEACHER,
    "learning-paper-marks": TEACHER,
    "learning-set": TEACHER,
    "learning-steer": TEACHER,
    "learning-withdraw": TEACHER,
    "learning-child": GUARDIAN,
    "learning-versions": FIGURES | {"admin"},
    "learning-versions-refit": frozenset({"admin", "city_officer"}),
    "learning-versions-decide": frozenset({"admin", "city_officer"}),
    # monitorings and growth (evaluation)
    "evaluation-monitorings": BUREAUS | {"head", "school_admin"},
    "evaluation-monitoring": BUREAUS | {"head", "school_admin"},
    "evaluation-plan": BUREAUS,
    "evaluation-compute": BUREAUS,
    "evaluation-roster": frozenset({"head", "school_admin"}),
    "evaluation-growth": BUREAUS | {"head"},
    "evaluation-run": BUREAUS | {"head"},
    "evaluation-school": BUREAUS | {"head"},
    "evaluation-bundle": BUREAUS,
    "evaluation-appeal": frozenset({"head"}),
    "evaluation-appeals": BUREAUS | {"head"},
    "evaluation-appeal-page": BUREAUS | {"head"},
    # figures (indicators)
    "indicators-figures": FIGURES,
    "indicators-indicator": FIGURES,
    "indicators-pupils": CLASS_PAGES,
    "indicators-models": FIGURES | {"admin"},
    "indicators-model": FIGURES | {"admin"},
    "indicators-items": frozenset({"researcher", "district_officer", "admin", "city_officer"}),
    "indicators-audit": frozenset({"admin", "city_officer"}),
    # homes (portal)
    "home": EVERYBODY,
}


def _notice(cast: Cast) -> Any:
    return Notice._base_manager.create(person=cast.wang, sentence="只给王老师").pk


def _set_practice(cast: Cast) -> Any:
    return Assignment._base_manager.create(school_class=cast.class51, title="练一练", points=[0], set_by=new_id()).pk


def _sitting(cast: Cast) -> Any:
    pupil = Pseudonym._base_manager.get(person=cast.ming).number
    return Practice._base_manager.create(pupil=pupil, subject="math", place=cast.class51.path).pk


def _monitoring(cast: Cast) -> Any:
    """One run by the city, with a drawn pupil of 第一小学."""
    row, new = Monitoring._base_manager.get_or_create(
        code="JC2026-M5",
        defaults={
            "organisation": cast.city,
            "title": "五年级数学监测",
            "subject": "math",
            "year": "2026–2027",
            "grade": 5,
            "on": date(2026, 5, 20),
            "share": 50,
            "planned_by": new_id(),
        },
    )
    if new:
        pupil = Pseudonym._base_manager.get(person=cast.ming).number
        Participant._base_manager.create(monitoring=row, pupil=pupil, place=cast.class51.path)
    return row.pk


def _growth(cast: Cast) -> Any:
    """What 第一小学 came to in a run of that monitoring."""
    found = SchoolGrowth._base_manager.filter(school=cast.first).first()
    if found is None:
        model = {"confidence": 0.95, "prior_se": 30.0, "reliability": 0.9, "version": "1"}
        model |= {"intercept": 60.0, "slopes": [0.9], "between": 400.0, "within": 2500.0, "n": 100}
        run = GrowthRun._base_manager.create(
            monitoring_id=_monitoring(cast),
            model=model,
            counts={"included": 20},
            least=10,
            by=new_id(),
            inputs=_looked_at(cast),
        )
        figures = {"n": 20, "before": 500.0, "expected": 510.0, "came": 512.0, "growth": 1.5, "se": 4.0}
        found = SchoolGrowth._base_manager.create(
            run=run, school=cast.first, counts={"included": 20}, low=-6.3, high=9.3, **figures
        )
    return found


def _looked_at(cast: Cast) -> bytes:
    rng = np.random.default_rng(3)
    priors = rng.normal(500, 90, 40)
    school = np.repeat([0, 1], 20)
    scores, errors = priors + rng.normal(0, 30, 40), np.full(40, 25.0)
    return Columns(scores, priors, errors, school, [cast.first.path, cast.second.path]).pack()


def _appeal(cast: Cast) -> Any:
    growth = _growth(cast)
    given = {"reason": "score", "text": "录错了两行", "by": new_id(), "by_name": "李校长"}
    return Appeal._base_manager.create(growth=growth, **given).pk


def _wrong_answer(cast: Cast) -> Any:
    """An answer of 小明, to an item that the bank no longer has."""
    pupil = Pseudonym._base_manager.get(person=cast.ming).number
    fact = ResponseFact._base_manager.create(
        pupil=pupil,
        subject="math",
        number=ResponseFact._base_manager.filter(pupil=pupil).count() + 1,
        statement=new_id(),
        place=cast.class51.path,
        item=0,
        version=1,
        points="0",
        difficulty=0.0,
        score=0.0,
        duration_ms=1000,
        attempt=1,
        hints=0,
        source="practice",
        at=timezone.now(),
    )
    return fact.statement


def _calibration() -> Any:
    """The installation's own: nobody's school."""
    return Calibration.objects.create(made_by=new_id(), state="proposed", evidence={}).pk


def _paper(cast: Cast) -> Any:
    fields = {"grade": 5, "length": 0, "state": "ready", "made_by": new_id(), "forms": {"A": [], "B": []}}
    curves = {"at": [-1.0, 1.0], "A": [1.0, 1.0], "B": [1.0, 1.0], "deviation": 0.0}
    return PlacementPaper._base_manager.create(school_class=cast.class51, curves=curves, **fields).pk


def _placement(cast: Cast) -> Any:
    pupil = Pseudonym._base_manager.get(person=cast.ming).number
    where = {"place": cast.class51.path, "subject": "math", "grade": 5, "at": timezone.now(), "practice": new_id()}
    said = {"n": 12, "reason": "length", "ability": 0.0, "se": 0.4, "share": 0.5, "low": 0.4, "high": 0.6}
    return PlacementResult._base_manager.create(pupil=pupil, band=1, band_low=0, band_high=2, **where, **said).pk


# An object of 第一小学 for the arguments of a route, by its head (the longest that fits).
OBJECTS: dict[str, Callable[[Cast], dict[str, Any]]] = {
    "organisations/": lambda cast: {"pk": cast.class51.pk, "kind": "class"},
    "people/": lambda cast: {"pk": cast.ming.pk},
    "roles/": lambda cast: {"pk": RoleHeld._base_manager.get(person=cast.ming, name="pupil").pk},
    "teaching/": lambda cast: {"pk": Teaching._base_manager.get(person=cast.wang).pk},
    "guardianships/": lambda cast: {"pk": Guardianship._base_manager.get(child=cast.ming).pk},
    "calendar/": lambda cast: {"pk": cast.first.pk},
    "calendar/terms/": lambda cast: {"pk": Term._base_manager.order_by("pk").values_list("pk", flat=True).first() or 1},
    "sessions/": lambda cast: {
        "pk": Session._base_manager.create(kind="class", organisation=cast.class51, opened_by=cast.wang).pk
    },
    "overlay-members/": lambda cast: {"pk": 1},
    "imports/": lambda cast: {"pk": new_id()},
    "imports/templates/": lambda cast: {"kind": "pupils"},
    "notices/": lambda cast: {"pk": _notice(cast)},
    "rules/": lambda cast: {"rule_id": "eye.session"},
    "rules/entries/": lambda cast: {"pk": RuleEntry._base_manager.values_list("pk", flat=True).first()},
    "children/": lambda cast: {"pk": cast.ming.pk, "person": cast.ming.pk},
    "classes/": lambda cast: {"school_class": cast.class51.pk, "person": cast.ming.pk},
    "classes/pupils/": lambda cast: {"person": cast.ming.pk, "code": "m5.frac.add-unlike"},
    "classes/answers/": lambda cast: {"statement": _wrong_answer(cast)},
    "classes/practices/": lambda cast: {"assignment": _set_practice(cast)},
    "classes/papers/": lambda cast: {"paper": _paper(cast), "form": "A"},
    "classes/placements/": lambda cast: {"result": _placement(cast)},
    "learn/": lambda cast: {"practice_id": _sitting(cast)},
    "bank/": lambda cast: {"pk": 1, "job": new_id(), "file": new_id()},
    "bank/parameters/": lambda cast: {"pk": _calibration()},
    "bank/flags/": lambda cast: {"pk": new_id()},
    "monitoring/": lambda cast: {"pk": _monitoring(cast)},
    "growth/": lambda cast: {"pk": _growth(cast).run_id, "school": cast.first.pk},
    "growth/appeals/": lambda cast: {"pk": _appeal(cast)},
    "models/": lambda cast: {"code": "tracing"},
    "figures/": lambda cast: {"code": "practice.active", "school_class": cast.class51.pk},
}
