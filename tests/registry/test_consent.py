"""Consent: a ledger by purpose, online or on paper; what is kept follows it; and why nothing is kept is said."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from tests.cast import Cast
from yincai.core.action import ActionError
from yincai.core.actors import acting
from yincai.core.models import AuditRow
from yincai.registry.actions.consent import enter_paper_consents, give_consent
from yincai.registry.models import ConsentEntry, Guardianship, Person, Pseudonym
from yincai.registry.queries import why_not_kept


def keeps(person: Person) -> bool:
    return Pseudonym._base_manager.get(person=person).keeps


def ledger(child: Person) -> list[tuple[str, bool, str]]:
    rows = ConsentEntry._base_manager.filter(child=child).order_by("at", "id")
    return [(row.purpose, row.granted, row.how) for row in rows]


def test_a_guardian_gives_and_takes_back_online_and_the_ledger_keeps_both(cast: Cast) -> None:
    mother, address = cast.client(cast.mother), f"/children/{cast.ming.pk}/consent/"
    page = mother.get(address).content.decode()
    assert "保存多久" in page and "12 个月" in page and "如果不同意" in page
    mother.post(address, {"purpose": "practice", "granted": "yes", "form_key": str(uuid4())})
    assert keeps(cast.ming)
    mother.post(address, {"purpose": "practice", "granted": "no", "form_key": str(uuid4())})
    assert not keeps(cast.ming)
    assert ledger(cast.ming) == [("practice", True, "online"), ("practice", False, "online")]
    row = ConsentEntry._base_manager.filter(child=cast.ming).latest("at")
    assert row.given_by == cast.mother and row.entered_by == cast.mother.account_id
    assert AuditRow.objects.filter(verb="registry.give_consent").count() == 2


def test_another_purpose_does_not_touch_what_is_kept(cast: Cast) -> None:
    give_consent(cast.ming, "report", False, acting_user=cast.actor(cast.mother))
    assert keeps(cast.ming)


def test_saying_the_same_again_adds_no_row(cast: Cast) -> None:
    for _ in range(2):
        give_consent(cast.ming, "practice", True, acting_user=cast.actor(cast.mother))
    assert len(ledger(cast.ming)) == 1


def test_only_ones_own_child_and_not_after_the_bond_has_ended(cast: Cast) -> None:
    mother = cast.client(cast.mother)
    assert mother.get(f"/children/{cast.hong.pk}/consent/").status_code == 404
    with pytest.raises(PermissionDenied):
        give_consent(cast.hong, "practice", False, acting_user=cast.actor(cast.mother))
    Guardianship._base_manager.update(until=timezone.localdate())
    assert (
        mother.post(f"/children/{cast.ming.pk}/consent/", {"purpose": "practice", "granted": "no"}).status_code == 404
    )
    assert keeps(cast.ming)


def test_the_school_enters_the_paper_forms_of_a_class_at_once(cast: Cast) -> None:
    teacher, address = cast.client(cast.wang), f"/organisations/{cast.class51.pk}/consents/"
    page = teacher.get(address).content.decode()
    assert page.index("小明") < page.index("小红") < page.index("小刚")  # school-number order
    form = {
        "purpose": "practice",
        "signed_on": "2026-09-03",
        "given": [str(cast.gang.pk), str(cast.ming.pk)],
        "refused": [str(cast.hong.pk)],
        "form_key": str(uuid4()),
    }
    assert teacher.post(address, form).status_code == 302
    assert (keeps(cast.gang), keeps(cast.hong)) == (True, False)
    row = ConsentEntry._base_manager.get(child=cast.gang)
    assert (str(row.signed_on), row.how, row.entered_by) == ("2026-09-03", "paper", cast.wang.account_id)
    teacher.post(address, form)  # the same form again
    assert ConsentEntry._base_manager.count() == 3


def test_a_paper_signed_before_the_guardian_took_it_back_online_does_not_overrule(cast: Cast) -> None:
    give_consent(cast.ming, "practice", False, acting_user=cast.actor(cast.mother))
    earlier = timezone.localdate() - timedelta(days=30)
    actor = cast.actor(cast.wang)
    entered = enter_paper_consents(cast.class51, "practice", [cast.ming.pk], [], earlier, acting_user=actor)
    assert (entered.count, entered.later) == (0, ("小明",))
    assert not keeps(cast.ming)


def test_what_is_wrong_is_said_and_the_ticks_stay(cast: Cast) -> None:
    teacher, address = cast.client(cast.wang), f"/organisations/{cast.class51.pk}/consents/"
    tomorrow = str(timezone.localdate() + timedelta(days=1))
    page = teacher.post(address, {"purpose": "practice", "signed_on": tomorrow, "given": [str(cast.gang.pk)]})
    assert page.status_code == 422 and "不能晚于今天" in page.content.decode()
    assert f'value="{cast.gang.pk}" checked' in page.content.decode()
    both = {"purpose": "practice", "signed_on": "2026-09-03", "given": [str(cast.gang.pk)]}
    assert "只留一个" in teacher.post(address, {**both, "refused": [str(cast.gang.pk)]}).content.decode()
    assert not ConsentEntry._base_manager.exists()


def test_no_class_of_others(cast: Cast) -> None:
    today, actor = timezone.localdate(), cast.actor(cast.wang)
    with pytest.raises(PermissionDenied):
        enter_paper_consents(cast.other_class, "practice", [cast.far.pk], [], today, acting_user=actor)
    with pytest.raises(ActionError, match="不在这个班"):
        enter_paper_consents(cast.class51, "practice", [cast.far.pk], [], today, acting_user=actor)


def test_pupil_and_teacher_are_told_why_nothing_is_kept(cast: Cast) -> None:
    for who in (cast.gang, cast.wang):
        with acting(cast.actor(who)):
            assert "还没有同意" in why_not_kept(cast.gang)
    with acting(cast.actor(cast.ming)):
        assert why_not_kept(cast.ming) == ""
    give_consent(cast.ming, "practice", False, acting_user=cast.actor(cast.mother))
    with acting(cast.actor(cast.ming)):
        assert "选择了不保存" in why_not_kept(cast.ming)
