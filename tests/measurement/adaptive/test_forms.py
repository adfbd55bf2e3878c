"""Forms: the best by brute force, demands kept, and what cannot hold together named."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from tests.measurement.adaptive import made
from yincai.measurement import adaptive
from yincai.measurement.adaptive import forms
from yincai.measurement.adaptive.program import INFINITY, Infeasible, shortfalls

THETAS = (-1.0, 0.0, 1.0)


def blueprint(pool: adaptive.Pool, length: int, **more: object) -> forms.Blueprint:
    return forms.Blueprint(length, THETAS, tuple(forms.typical_target(pool, length, THETAS)), **more)  # type: ignore[arg-type]


def test_a_form_is_the_best_of_all_that_there_are() -> None:
    pool = made.pool(12)
    asked = blueprint(pool, 4)
    made_form = forms.assemble(pool, asked, tolerance=0.0)
    table = adaptive.information(pool, THETAS) / np.array(asked.targets)
    every = (np.abs(table[list(chosen)].sum(axis=0) - 1).max() for chosen in combinations(range(12), 4))
    assert made_form.deviation == pytest.approx(min(every), abs=1e-6)
    assert made_form.gap == pytest.approx(0, abs=1e-6)


def test_parallel_forms_keep_content_enemies_sets_and_totals() -> None:
    sets = np.where(np.arange(90) < 30, np.arange(90) // 3, -1)
    pool = made.pool(90, sets=sets, enemies=((40, 50), (60, 61, 62)))
    minutes = tuple(np.random.default_rng(0).integers(30, 120, 90).tolist())
    content = tuple(adaptive.Constraint("kind", (code,), 3, 6) for code in range(3))
    total = forms.Total("seconds", minutes, most=900.0)
    asked = blueprint(pool, 12, constraints=content, totals=(total,))
    found = forms.assemble(pool, asked, forms=3, exclude=[70, 71], tolerance=0.05)
    used = [item for form in found.forms for item in form.items]
    assert len(used) == len(set(used)) == 36 and not {70, 71} & set(used)
    assert found.deviation < 0.1
    for form in found.forms:
        held = set(form.items)
        assert all(3 <= int(np.isin(pool.attributes["kind"][list(held)], one.codes).sum()) <= 6 for one in content)
        assert all(len(held & set(group)) <= 1 for group in pool.enemies)
        assert all(len(held & set(range(s * 3, s * 3 + 3))) in (0, 3) for s in range(10))
        assert sum(minutes[item] for item in held) <= 900
        real = adaptive.information(pool, THETAS)[list(form.items)].sum(axis=0)
        assert form.information == pytest.approx(tuple(real))


def test_forms_may_share_only_so_much() -> None:
    pool = made.pool(20)
    with pytest.raises(Infeasible) as raised:
        forms.assemble(pool, blueprint(pool, 12), forms=2)
    assert "form" in str(raised.value)
    found = forms.assemble(pool, blueprint(pool, 12), forms=2, overlap=5, tolerance=0.1)
    assert 4 <= len(set(found.forms[0].items) & set(found.forms[1].items)) <= 5


def test_what_cannot_hold_is_named_and_the_rest_is_not() -> None:
    pool = made.pool(60, attributes={"x": [0] * 5 + [1] * 55})
    content = (
        adaptive.Constraint("x", (0,), least=8, name="分数"),
        adaptive.Constraint("x", (1,), least=1, name="小数"),
    )
    with pytest.raises(Infeasible) as raised:
        forms.assemble(pool, blueprint(pool, 12, constraints=content))
    (one,) = raised.value.shortfalls
    assert (one.name, one.least, one.reached) == ("分数", 8, 5)
    assert str(raised.value) == "these demands cannot hold together: 分数 (at least 8, the nearest is 5)"


def test_on_the_fly_forms_are_near_the_target_and_differ() -> None:
    pool = made.pool(200)
    asked = blueprint(pool, 15, constraints=made.ten_constraints()[:5])
    rng, used, seen = np.random.default_rng(0), np.zeros(200), set()
    for number in range(8):
        form = forms.on_the_fly(pool, asked, rng, used=used / max(1, number))
        assert form.deviation <= 0.05 + 1e-6 and len(form.items) == 15
        assert (np.bincount(pool.attributes["topic"][list(form.items)], minlength=5) == 3).all()
        used[list(form.items)] += 1
        seen.add(form.items)
    assert len(seen) == 8 and used.max() <= 6
    with pytest.raises(Infeasible, match="information at"):
        forms.on_the_fly(pool, forms.Blueprint(15, (0.0,), (500.0,)), rng)


def test_broken_demands_are_refused() -> None:
    pool = made.pool(20)
    for broken in (
        lambda: forms.Blueprint(0, (0.0,), (1.0,)),
        lambda: forms.Blueprint(3, (0.0,), (1.0, 2.0)),
        lambda: forms.Blueprint(3, (0.0,), (0.0,)),
        lambda: forms.Total("x", (1.0,), 2.0, 1.0),
        lambda: forms.assemble(pool, blueprint(pool, 3), forms=0),
        lambda: forms.assemble(pool, blueprint(pool, 3, totals=(forms.Total("x", (1.0,)),))),
    ):
        with pytest.raises(ValueError):
            broken()


def test_a_feasible_program_has_no_shortfall() -> None:
    pool = made.pool(20)
    program = forms.minimax(pool, blueprint(pool, 4), 1, 0, np.arange(20, dtype=np.int32), np.zeros(0, np.int32))
    assert shortfalls(program) == () and program.upper[-1] == INFINITY
