"""Rules as data: the rulebook, the strictest in force, and that a lower level may only tighten."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from tests.cast import Cast
from yincai.core.action import ActionError
from yincai.core.models import AuditRow
from yincai.core.rules import UnknownRule, rule
from yincai.registry import rules
from yincai.registry.actions.rules import LooserError, drop_rule, set_rule
from yincai.registry.models import Organisation, Person, RuleEntry
from yincai.registry.rulebook import STRICT, Declared, RuleValueError, grades_of, parse, rulebook

TODAY = date(2026, 9, 1)


def put(cast: Cast, who: Person, at: Organisation, rule_id: str, value: object, stage: str = "") -> RuleEntry:
    return set_rule(
        rule_id,
        at,
        value,
        stage=stage,
        effective_from=timezone.localdate(),
        source="本级文件 1 号",
        acting_user=cast.actor(who),
    )


def test_the_rulebook_is_in_the_table_after_migrating_and_adopting_it_again_changes_nothing(cast: Cast) -> None:
    assert rules.adopt_rulebook() == 0
    assert rule("eye.session", cast.first.path).value == 15
    assert rule("hw.written", cast.class51.path, stage="5").value == 60
    assert rule("hw.written", cast.class51.path, stage="1").value == 0


def test_what_is_from_memory_never_blocks() -> None:
    book = rulebook()
    assert [line.rule for line in book.lines if book.declared[line.rule].mark == "M" and line.blocks] == []
    with pytest.raises(ValueError, match="may only warn"):
        parse({"rule": [_entry(mark="M", blocks=True)]})


def _entry(**over: object) -> dict[str, object]:
    plain = {"id": "x", "group": "g", "title": "t", "says": "s", "kind": "most", "law": True, "mark": "copy"}
    return {**plain, "blocks": False, "source": "s", "from": TODAY, "value": 1, **over}


def test_a_stage_asks_the_strictest_of_its_grades(cast: Cast) -> None:
    assert rule("hw.written", cast.class51.path, stage="primary_1_3").value == 0
    assert rule("hw.written", cast.class51.path, stage="primary_4_6").value == 60


def test_a_rule_of_other_stages_and_one_never_declared_are_unknown(cast: Cast) -> None:
    with pytest.raises(UnknownRule, match="does not apply"):
        rule("hw.written", cast.class51.path, stage="senior")
    with pytest.raises(UnknownRule, match="no such rule"):
        rule("hw.spoken", cast.class51.path)


def test_a_school_tightens_and_only_its_own_people_are_bound(cast: Cast) -> None:
    put(cast, cast.li, cast.first, "eye.session", 10)
    found = rule("eye.session", cast.class51.path, stage="primary_4_6")
    assert (found.value, found.place, found.source) == (10, "示范市第一小学", "本级文件 1 号")
    assert rule("eye.session", cast.other_class.path).value == 15
    assert AuditRow.objects.filter(verb="registry.set_rule").exists()


def test_a_lower_level_may_not_loosen_and_is_told_who_holds_what(cast: Cast) -> None:
    put(cast, cast.zhao, cast.east, "hw.written", 40, stage="3-6")
    with pytest.raises(LooserError, match=r"东城区.*每天书面家庭作业.*不超过 40 分钟.*本级文件 1 号"):
        put(cast, cast.li, cast.first, "hw.written", 50, stage="3-6")
    assert rule("hw.written", cast.class51.path, stage="5").value == 40


def test_a_value_for_all_stages_is_compared_grade_by_grade(cast: Cast) -> None:
    with pytest.raises(LooserError, match="1 年级"):
        put(cast, cast.li, cast.first, "hw.written", 30)


def test_our_default_gives_way_to_a_bureau_up_to_its_bound_and_not_to_a_school(cast: Cast) -> None:
    put(cast, cast.qian, cast.city, "eye.session", 20)
    assert rule("eye.session", cast.class51.path).value == 20
    with pytest.raises(LooserError):
        put(cast, cast.qian, cast.city, "eye.session", 25)
    put(cast, cast.zhao, cast.east, "eye.session", 18)
    with pytest.raises(LooserError, match="东城区"):
        put(cast, cast.li, cast.first, "eye.session", 20)
    assert rule("eye.session", cast.class51.path).value == 18
    assert rule("eye.session", cast.class71.path).value == 20


def test_a_law_is_not_loosened_by_a_bureau(cast: Cast) -> None:
    with pytest.raises(LooserError, match="国家或平台的规则"):
        put(cast, cast.qian, cast.city, "sleep.hours", 8, stage="1-6")


def test_rules_begin_on_their_day(cast: Cast) -> None:
    tomorrow = timezone.localdate() + timedelta(days=1)
    set_rule("eye.session", cast.first, 5, effective_from=tomorrow, source="s", acting_user=cast.actor(cast.li))
    assert rule("eye.session", cast.class51.path).value == 15
    with pytest.raises(UnknownRule):
        rule("eye.myopia", cast.class51.path, stage="5")  # holds from 2030


def test_taking_back_a_value_brings_the_higher_one_back(cast: Cast) -> None:
    row = put(cast, cast.li, cast.first, "eye.session", 10)
    drop_rule(row, acting_user=cast.actor(cast.li))
    assert rule("eye.session", cast.class51.path).value == 15
    national = RuleEntry._base_manager.filter(organisation=None, rule="eye.session").get()
    with pytest.raises(ActionError, match="随平台发布"):
        drop_rule(national, acting_user=cast.actor(cast.qian))


def test_a_rule_is_set_only_where_one_governs(cast: Cast) -> None:
    with pytest.raises(PermissionDenied):
        put(cast, cast.li, cast.second, "eye.session", 10)
    with pytest.raises(PermissionDenied):
        put(cast, cast.wang, cast.first, "eye.session", 10)


def test_choices_have_an_order(cast: Cast) -> None:
    put(cast, cast.qian, cast.city, "ai.stage.primary", "supervised", stage="4-6")
    assert rule("ai.stage.primary", cast.class51.path, stage="5").value == "supervised"
    assert rule("ai.stage.primary", cast.class51.path, stage="2").value == "ban"
    put(cast, cast.li, cast.first, "ai.stage.primary", "ban", stage="4-6")
    assert rule("ai.stage.primary", cast.class51.path, stage="5").value == "ban"


def test_reading_a_rule_again_asks_the_database_nothing(cast: Cast) -> None:
    rule("eye.session", cast.class51.path, stage="primary_4_6")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        for _ in range(50):
            rule("eye.session", cast.class51.path, stage="primary_4_6")
    assert len(queries) == 0


def test_another_process_sees_a_change_within_seconds(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rule("eye.session", cast.class51.path).value == 15
    RuleEntry._base_manager.create(
        rule="eye.session", organisation=cast.first, value=9, effective_from=TODAY, source="另一进程"
    )
    assert rule("eye.session", cast.class51.path).value == 15  # not looked yet
    monkeypatch.setattr(rules, "LOOK_AGAIN", 0.0)
    assert rule("eye.session", cast.class51.path).value == 9


@pytest.mark.parametrize(
    ("rule_id", "typed", "value"),
    [
        ("eye.session", " 12 ", 12),
        ("sleep.bed", "9：15", "09:15"),
        ("exam.rank", "true", True),
        ("eye.share", "12.5", 12.5),
    ],
)
def test_typed_values_are_read(rule_id: str, typed: str, value: object) -> None:
    assert rulebook().declared[rule_id].read(typed) == value


@pytest.mark.parametrize(
    ("rule_id", "typed"), [("eye.session", "一刻钟"), ("sleep.bed", "25:00"), ("ai.hours", "24:00")]
)
def test_what_cannot_be_read_is_said(rule_id: str, typed: str) -> None:
    with pytest.raises(RuleValueError):
        rulebook().declared[rule_id].read(typed)


@given(st.sampled_from(["most", "least", "latest"]), st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_strictness_is_an_order(kind: str, a: int, b: int, c: int) -> None:
    declared = Declared("x", "g", "t", "s", kind, law=True, mark="D")
    strict = declared.strict_enough
    assert strict(a, a)
    assert strict(a, b) or strict(b, a)
    assert not (strict(a, b) and strict(b, c)) or strict(a, c)


def test_every_declared_value_is_one_its_rule_can_take() -> None:
    book = rulebook()
    for line in book.lines:
        declared = book.declared[line.rule]
        assert declared.strict_enough(line.value, line.value), line.rule
        assert declared.shown(line.value)
        if declared.bound is not None:
            assert declared.strict_enough(line.value, declared.bound), line.rule
    assert set(STRICT) >= {declared.kind for declared in book.declared.values()}


def test_grades_of_what_nobody_knows() -> None:
    with pytest.raises(ValueError, match="unknown stage"):
        grades_of("college")
