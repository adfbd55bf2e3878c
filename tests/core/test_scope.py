"""Who reads without bounds. Everything else is bound to a scope or raises."""

from __future__ import annotations

import ast
from collections.abc import Iterator
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
    "learning/model_cards.py": {"_agreed"},
    "records/bulk.py": {"_new"},
    "records/corrections.py": {"newest_of"},
    "records/health.py": {"lake_age", "states"},
    "records/histories.py": {"_refuse_without_consent"},
    "records/lake.py": {"_held", "note_moves"},
    "records/rebuild.py": {"build", "check", "move", "rebuild", "stragglers", "switch"},
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
# Files that use `_base_manager`, which is bound to no scope either: to build a scope's own condition, to write rows, to
# keep a name or a code single in the whole installation, for rows that ship with the code.
UNBOUND: set[str] = {
    "core/action.py",
    "evaluation/actions/monitor.py",
    "evaluation/forms.py",
    "evaluation/gathering.py",
    "evaluation/queries.py",
    "knowledge/actions/take_in.py",
    "knowledge/actions/write.py",
    "knowledge/pool.py",
    "knowledge/sync.py",
    "learning/models.py",
    "portal/actions/make_demo.py",
    "portal/demo/bank.py",
    "records/models.py",
    "records/queries.py",
    "records/recording.py",
    "registry/actions/add_organisation.py",
    "registry/actions/move_school.py",
    "registry/actions/set_calendar.py",
    "registry/actions/set_timetable.py",
    "registry/forms_imports.py",
    "registry/forms_organisation.py",
    "registry/forms_people.py",
    "registry/imports/places.py",
    "registry/imports/undo.py",
    "registry/models.py",
    "registry/policies.py",
    "registry/views/calendar.py",
    "registry/views/organisation.py",
}


def callers(name: str) -> Iterator[tuple[str, str]]:
    """File and function of each use of a name in the source."""
    for path in sorted(SOURCE.rglob("*.py")):
        if "migrations" in path.parts:
            continue
        for function, node in _with_function(ast.parse(path.read_text(encoding="utf-8")), ""):
            called = isinstance(node, ast.Call) and _named(node.func) == name
            read = isinstance(node, ast.Attribute) and node.attr == name and name.startswith("_")
            if called or read:
                yield path.relative_to(SOURCE).as_posix(), function


def _with_function(node: ast.AST, function: str) -> Iterator[tuple[str, ast.AST]]:
    for child in ast.iter_child_nodes(node):
        inside = child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else function
        yield inside, child
        yield from _with_function(child, inside)


def _named(function: ast.expr) -> str:
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else ""


def test_every_unscoped_read_is_listed_and_none_is_listed_that_is_gone() -> None:
    found: dict[str, set[str]] = {}
    for file, function in callers("unscoped"):
        found.setdefault(file, set()).add(function)
    assert found == UNSCOPED


def test_the_unbound_manager_is_used_only_where_listed() -> None:
    assert {file for file, _ in callers("_base_manager")} == UNBOUND


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
