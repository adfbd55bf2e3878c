"""Who reads without bounds. Everything else is bound to a scope or raises."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

import yincai
from tests.cast import Cast
from yincai.core.actors import acting
from yincai.core.scope import EVERYTHING, Scope, ScopeMissing, current_scope, scope, unscoped
from yincai.registry.models import Organisation, Person

SOURCE = Path(yincai.__file__).parent

# Each function that calls `unscoped(...)`; the reason stands in the call. Add yours, with one that strangers see.
UNSCOPED: dict[str, set[str]] = {
    "evaluation/actions/appeal.py": {"_officers"},
    "indicators/cards.py": {"name_of"},
    "indicators/results.py": {"refresh"},
    "knowledge/calibration.py": {"run"},
    "knowledge/rehearsals.py": {"rehearse_pool"},
    "learning/attribution/trained.py": {"train"},
    "learning/model_cards.py": {"_agreed"},
    "learning/tasks.py": {"move_states"},
    "learning/tracing/refit.py": {"_deciders", "run"},
    "learning/views/versions.py": {"_moving"},
    "records/bulk.py": {"_new"},
    "records/corrections.py": {"newest_of"},
    "records/health.py": {"_damaged", "lake_age", "states"},
    "records/histories.py": {"_refuse_without_consent"},
    "records/lake.py": {"_held", "note_moves"},
    "records/rebuild.py": {"build", "check", "move", "rebuild", "stragglers", "switch"},
    "records/places.py": {"_steps"},
    "records/recording.py": {"_again", "stored"},
    "records/refolding.py": {"refold_waiting"},
    "records/scores.py": {"_known", "newest_of"},
    "registry/actions/add_guardian.py": {"_bind_known", "known_guardian"},
    "registry/actions/add_pupil.py": {"admit_pupil"},
    "registry/actions/enter_person.py": {"person_by_number"},
    "registry/actions/first_passwords.py": {"_roles"},
    "registry/actions/guardian_codes.py": {"_fresh_code", "bind_by_code"},
    "registry/actions/set_timetable.py": {"clashes_of"},
    "registry/imports/pupils.py": {"_by_digest", "_held_elsewhere", "apply_row"},
    "registry/notices.py": {"keep"},
    "registry/queries.py": {"give_pseudonym"},
    "registry/roles.py": {"actor_of"},
    "registry/rules.py": {"_load", "_version", "adopt_rulebook"},
}
# Each function that uses `_base_manager`, which is bound to no scope either; "" is a class's body.
OF_THE_SCOPE = {  # builds the scope's own condition, or takes it as given
    "learning/models.py": {"in_scope"},
    "learning/policies.py": {"taught_in_subject"},
    "records/models.py": {"own_pupils", "pupils_in"},
    "records/recording.py": {"_may_record"},
    "registry/models.py": {"in_scope"},
    "registry/policies.py": {"people_managed"},
}
SHIPPED_OR_ALL = {  # rows that ship with the code, or an installation that is empty but for what is made here
    "knowledge/pool.py": {"_read"},  # cut to what is visible at the pupil's place
    "knowledge/sync.py": {"_sync_topic", "_sync_generators"},
    "portal/actions/make_demo.py": {"_monitor", "_write_city", "make_demo", "refuse_unless_empty"},
    "portal/demo/bank.py": {"sources"},
}
SINGLE = {  # keeps a name, a code or a text single, also where one may not look
    "evaluation/actions/monitor.py": {"_continue", "put_monitoring"},
    "knowledge/actions/take_in.py": {"_remove", "_taken", "meet", "undo", "write"},
    "knowledge/actions/write.py": {"create"},
    "registry/actions/add_organisation.py": {"_highest_in_use", "refuse_same_code", "refuse_same_name"},
    "registry/imports/places.py": {"_with_codes"},
}
BELONGING = {  # rows that belong to one already found in scope, or that one's own action or job wrote
    "core/action.py": {"_result_of"},
    "records/queries.py": {"in_force", "scores_in_force", "scores_under_way"},
    "evaluation/queries.py": {"turnout"},
    "evaluation/actions/grow.py": {"_moved_away"},
    "evaluation/gathering.py": {"_keeping"},
    "registry/actions/set_calendar.py": {"put_periods", "put_year"},
    "registry/actions/set_timetable.py": {"put_lessons"},
    "registry/moves.py": {"move_rows"},
    "registry/imports/undo.py": {"_remove", "_remove_person", "_restore"},
    "registry/views/calendar.py": {"calendar"},
    "registry/views/organisation.py": {"_members"},
}
NO_ROWS = {  # `.none()` for a field whose choices the form brings
    "evaluation/forms.py": {""},
    "registry/forms_imports.py": {""},
    "registry/forms_organisation.py": {""},
    "registry/forms_people.py": {""},
}
UNBOUND: dict[str, set[str]] = OF_THE_SCOPE | SHIPPED_OR_ALL | SINGLE | BELONGING | NO_ROWS


@cache
def uses() -> list[tuple[str, str, str]]:
    """File, function and name of each call (`name()`) and each attribute (`.name`) in the source."""
    found: list[tuple[str, str, str]] = []
    for path in sorted(SOURCE.rglob("*.py")):
        if "migrations" not in path.parts:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            _note(tree, path.relative_to(SOURCE).as_posix(), "", found)
    return found


def _note(node: ast.AST, file: str, function: str, found: list[tuple[str, str, str]]) -> None:
    for child in ast.iter_child_nodes(node):
        inside = child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else function
        if isinstance(child, ast.Call):
            found.append((file, inside, f"{_named(child.func)}()"))
        elif isinstance(child, ast.Attribute):
            found.append((file, inside, f".{child.attr}"))
        _note(child, file, inside, found)


def functions_with(use: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for file, function, used in uses():
        if used == use:
            found.setdefault(file, set()).add(function)
    return found


def _named(function: ast.expr) -> str:
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else ""


def test_every_unscoped_read_is_listed_and_none_is_listed_that_is_gone() -> None:
    assert functions_with("unscoped()") == UNSCOPED


def test_the_unbound_manager_is_used_only_where_listed() -> None:
    assert functions_with("._base_manager") == UNBOUND


def test_a_read_outside_any_scope_raises() -> None:
    with pytest.raises(ScopeMissing):
        current_scope()
    with pytest.raises(ScopeMissing):
        Person.objects.count()


def test_an_unscoped_read_says_why() -> None:
    with pytest.raises(ValueError, match="say why"), unscoped(""):
        pass
    with unscoped("a test"):
        assert current_scope() is EVERYTHING


def test_a_scope_reaches_below_itself_and_what_is_shared_from_above(cast: Cast) -> None:
    with acting(cast.actor(cast.li)):
        seen = set(Organisation.objects.values_list("path", flat=True))
    assert {cast.first.path, cast.class51.path, cast.east.path, cast.city.path} <= seen
    assert not {cast.second.path, cast.other_class.path, cast.west.path} & seen


def test_an_empty_scope_reads_nothing(cast: Cast) -> None:
    with scope(Scope()):
        assert not Person.objects.exists()
        assert not Organisation.objects.exists()


def test_scopes_nest_and_close() -> None:
    with scope(Scope(below=("0001",))):
        with scope(Scope(below=("0002",))):
            assert current_scope().covers("00020001")
        assert current_scope().covers("00010001") and not current_scope().covers("0002")
