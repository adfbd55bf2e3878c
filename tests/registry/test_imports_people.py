"""Tables of people: one person in two rows, and what undoing leaves of a guardian known before."""

from __future__ import annotations

from tests.cast import Cast
from tests.registry.test_imports import brought, everything, pupils, said, table, taken_back, written
from yincai.registry.models import RoleHeld

IDENTITY = "330102201503010012"


def test_an_id_number_in_two_rows_is_found(cast: Cast) -> None:
    head = ("班级", "学号", "姓名", "身份证件号")
    twice = table(head, ("五（1）班", 11, "赵一", IDENTITY), ("五（1）班", 12, "赵二", IDENTITY))
    _, found = brought("pupils", cast.first, twice, cast.actor(cast.clerk))
    assert said(found) == [(3, "D", "这个身份证件号在表里出现过（第 2 行）")]
    staff = table(("姓名", "身份证件号"), ("甲", IDENTITY), ("乙", IDENTITY))
    _, found = brought("teachers", cast.first, staff, cast.actor(cast.clerk))
    assert said(found) == [(3, "B", "这个身份证件号在表里出现过（第 2 行）")]


def test_undo_takes_back_the_role_of_a_guardian_known_at_another_school(cast: Cast) -> None:
    cast.mother.put_sealed("phone", "13800000009")
    cast.mother.save()
    RoleHeld._base_manager.filter(person=cast.mother).update(organisation=cast.second)
    before = everything()
    clerk = cast.actor(cast.clerk)
    row = ("五（1）班", 11, "赵一", "", "", cast.mother.name, "母亲", "13800000009")
    run = written("pupils", cast.first, pupils(row), clerk)
    assert RoleHeld._base_manager.filter(person=cast.mother).count() == 2
    taken_back(run, clerk)
    assert everything()["RoleHeld"] == before["RoleHeld"]
