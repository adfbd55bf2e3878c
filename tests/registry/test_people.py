"""People: entering, mending, several roles over time, transfers that keep history, masked fields and their reveal."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from tests.cast import BEGAN, Cast
from yincai.core.action import ActionError
from yincai.core.actors import acting, actor_for
from yincai.core.models import AuditRow
from yincai.core.scope import unscoped
from yincai.registry.actions.add_guardian import add_guardian
from yincai.registry.actions.add_pupil import add_pupil, admit_pupil, release_pupil, transfer_pupil
from yincai.registry.actions.add_staff import add_staff, end_role, give_role, reopen_role, teach
from yincai.registry.actions.enter_person import Details
from yincai.registry.actions.mend_person import mend_person
from yincai.registry.actions.reveal import reveal
from yincai.registry.models import Guardianship, Person, Pseudonym, RoleHeld, Teaching
from yincai.registry.numbers import check_character

SEVENTEEN = "33010220150301001"
IDENTITY = SEVENTEEN + check_character(SEVENTEEN)
PUPIL_NUMBER = f"G{IDENTITY}"


def role_of(person: Person, name: str = "pupil") -> RoleHeld:
    return RoleHeld._base_manager.select_related("organisation", "person").get(person=person, name=name, until=None)


# --- entering -------------------------------------------------------------------------------------------------------


def test_a_pupil_is_entered_with_account_pseudonym_and_sealed_numbers(cast: Cast) -> None:
    details = Details("赵一", pupil_number=PUPIL_NUMBER, phone="138 0000 0001", note="对花生过敏")
    pupil = add_pupil(cast.class51, details, 4, acting_user=cast.actor(cast.clerk))
    assert (pupil.born, pupil.sex) == (date(2015, 3, 1), "1")
    assert str(pupil.account) == "s0200010001"
    assert not pupil.account.has_usable_password()
    assert pupil.account.must_change_password
    assert not Pseudonym._base_manager.get(person=pupil).keeps
    assert pupil.keeper == cast.first.pk
    assert pupil.read_sealed("pupil_number") == PUPIL_NUMBER
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM registry_person")
        raw = repr([[bytes(v) if isinstance(v, memoryview) else v for v in row] for row in cursor.fetchall()])
    for secret in (PUPIL_NUMBER, IDENTITY, "13800000001", "花生"):
        assert secret not in raw


def test_account_names_run_on(cast: Cast) -> None:
    clerk = cast.actor(cast.clerk)
    names = [str(add_pupil(cast.class51, Details(f"新{n}"), 10 + n, acting_user=clerk).account) for n in range(3)]
    assert names == ["s0200010001", "s0200010002", "s0200010003"]
    teacher = add_staff(cast.first, "teacher", Details("新老师"), acting_user=cast.actor(cast.clerk))
    assert str(teacher.account) == "t0200010001"


@pytest.mark.parametrize(
    ("details", "said"),
    [
        (Details(" "), "请填姓名"),
        (Details("赵一", identity=IDENTITY[:-1] + ("0" if IDENTITY[-1] != "0" else "1")), "校验位"),
        (Details("赵一", pupil_number=PUPIL_NUMBER, born=date(2015, 3, 2)), "出生日期 2015-03-02 和学籍号里的"),
        (Details("赵一", pupil_number=PUPIL_NUMBER, sex="2"), "性别和学籍号里的不一样"),
        (Details("赵一", born=timezone.localdate() + timedelta(days=2)), "不合常理"),
    ],
)
def test_what_contradicts_is_refused(cast: Cast, details: Details, said: str) -> None:
    with pytest.raises(ActionError, match=said):
        add_pupil(cast.class51, details, 9, acting_user=cast.actor(cast.clerk))


def test_a_number_belongs_to_one_person_and_a_seat_to_one_pupil(cast: Cast) -> None:
    add_pupil(cast.class51, Details("赵一", pupil_number=PUPIL_NUMBER), 4, acting_user=cast.actor(cast.clerk))
    with pytest.raises(ActionError, match="已经登记给了另一个人"):
        add_pupil(cast.class52, Details("赵二", pupil_number=PUPIL_NUMBER), 1, acting_user=cast.actor(cast.clerk))
    with pytest.raises(ActionError, match="学号 1 已给了小明"):
        add_pupil(cast.class51, Details("赵三"), 1, acting_user=cast.actor(cast.clerk))


def test_who_may_enter_whom(cast: Cast) -> None:
    for person in (cast.wang, cast.li, cast.zhao, cast.qian):
        with pytest.raises(PermissionDenied):
            add_pupil(cast.class51, Details("赵一"), 4, acting_user=cast.actor(person))
    with pytest.raises(PermissionDenied):
        add_pupil(cast.other_class, Details("赵一"), 4, acting_user=cast.actor(cast.clerk))
    with pytest.raises(ActionError, match="上一级"):
        add_staff(cast.first, "head", Details("新校长"), acting_user=cast.actor(cast.clerk))
    with pytest.raises(ActionError, match="上一级"):
        add_staff(cast.city, "admin", Details("新管理员"), acting_user=cast.actor(cast.qian))
    add_staff(cast.first, "head", Details("新校长"), acting_user=cast.actor(cast.zhao))
    with pytest.raises(ActionError, match="不能设在学校一级"):
        add_staff(cast.first, "district_officer", Details("某"), acting_user=cast.actor(cast.admin))


def test_nobody_is_entered_from_a_day_to_come(cast: Cast) -> None:
    tomorrow = timezone.localdate() + timedelta(days=1)
    with pytest.raises(ActionError, match="还没有到"):
        add_pupil(cast.class51, Details("赵一"), 4, tomorrow, acting_user=cast.actor(cast.clerk))
    with pytest.raises(ActionError, match="还没有到"):
        add_staff(cast.first, "teacher", Details("新老师"), tomorrow, acting_user=cast.actor(cast.clerk))


# --- roles and time -------------------------------------------------------------------------------------------------


def test_one_person_may_hold_several_roles_and_each_opens_its_own_scope(cast: Cast) -> None:
    admin = cast.actor(cast.admin)
    give_role(cast.wang, "head", cast.second, BEGAN, acting_user=admin)
    roles = cast.actor(cast.wang).roles
    assert {role.label for role in roles} == {"教师", "校长"}
    head = next(role for role in roles if role.name == "head")
    with acting(actor_for(cast.wang.account, head.id)):
        assert Person.objects.filter(pk=cast.far.pk).exists()
        assert not Person.objects.filter(pk=cast.ming.pk).exists()


def test_ending_a_role_ends_what_was_taught_and_can_be_taken_back(cast: Cast) -> None:
    clerk = cast.actor(cast.clerk)
    held = role_of(cast.wang, "teacher")
    end_role(held, timezone.localdate() - timedelta(days=1), acting_user=clerk)
    assert cast.actor(cast.wang).role is None
    assert not Teaching._base_manager.filter(person=cast.wang, until=None).exists()
    with acting(clerk):
        assert not Person.objects.filter(pk=cast.wang.pk).exists()
    page = cast.client(cast.clerk).get(reverse("registry-departed")).content.decode()
    assert "王静" in page
    reopen_role(held, acting_user=clerk)
    assert cast.actor(cast.wang).role_name == "teacher"


def test_nobody_ends_the_role_they_act_in(cast: Cast) -> None:
    with pytest.raises(ActionError, match="不能结束自己"):
        end_role(role_of(cast.admin, "admin"), timezone.localdate(), acting_user=cast.actor(cast.admin))


def test_a_class_has_one_class_teacher(cast: Cast) -> None:
    clerk = cast.actor(cast.clerk)
    other = add_staff(cast.first, "teacher", Details("张老师"), BEGAN, acting_user=clerk)
    teach(other, cast.class51, "语文", True, acting_user=clerk)
    leading = Teaching._base_manager.filter(school_class=cast.class51, leads=True)
    assert [row.person for row in leading] == [other]
    with pytest.raises(ActionError, match="不在示范市第一小学任职"):
        teach(cast.chen, cast.class51, "英语", acting_user=cast.actor(cast.admin))


def test_a_transfer_between_classes_keeps_what_was(cast: Cast) -> None:
    today = timezone.localdate()
    transfer_pupil(role_of(cast.ming), cast.class52, 1, today, acting_user=cast.actor(cast.clerk))
    roles = list(RoleHeld._base_manager.filter(person=cast.ming).order_by("since"))
    assert [(role.organisation_id, role.since, role.until) for role in roles] == [
        (cast.class51.pk, BEGAN, today - timedelta(days=1)),
        (cast.class52.pk, today, None),
    ]


def test_a_pupil_goes_to_another_school_with_their_pseudonym(cast: Cast) -> None:
    clerk, admin = cast.actor(cast.clerk), cast.actor(cast.admin)
    pupil = add_pupil(cast.class51, Details("赵一", pupil_number=PUPIL_NUMBER), 4, BEGAN, acting_user=clerk)
    known_as = Pseudonym._base_manager.get(person=pupil).number
    other_clerk = add_staff(cast.second, "school_admin", Details("吴管理"), acting_user=admin)
    there = cast.actor(other_clerk)
    with pytest.raises(ActionError, match="原学校还没有办转出"):
        admit_pupil(cast.other_class, PUPIL_NUMBER, "赵一", 2, timezone.localdate(), acting_user=there)
    release_pupil(role_of(pupil), timezone.localdate() - timedelta(days=1), acting_user=clerk)
    with pytest.raises(ActionError, match="都相符"):
        admit_pupil(cast.other_class, PUPIL_NUMBER, "赵二", 2, timezone.localdate(), acting_user=there)
    admit_pupil(cast.other_class, PUPIL_NUMBER, "赵一", 2, timezone.localdate(), acting_user=there)
    moved = Person._base_manager.get(pk=pupil.pk)
    assert Pseudonym._base_manager.get(person=moved).number == known_as
    assert moved.keeper == cast.second.pk
    assert moved.read_sealed("pupil_number") == PUPIL_NUMBER
    with acting(clerk):
        assert not Person.objects.filter(pk=pupil.pk).exists()
    with acting(there):
        assert Person.objects.filter(pk=pupil.pk).exists()


def test_a_guardian_of_two_children_is_one_person(cast: Cast) -> None:
    clerk = cast.actor(cast.clerk)
    father = Details("王大明", phone="13800000002")
    first = add_guardian(cast.ming, father, "父亲", acting_user=clerk)
    second = add_guardian(cast.hong, father, "父亲", acting_user=clerk)
    assert first.guardian == second.guardian
    with pytest.raises(ActionError, match="已经登记为小红的父亲"):
        add_guardian(cast.hong, father, "父亲", acting_user=clerk)
    assert Guardianship._base_manager.filter(guardian=first.guardian).count() == 2
    assert cast.actor(first.guardian).scope.people == {first.guardian.pk, cast.ming.pk, cast.hong.pk}


def test_mending_leaves_alone_what_is_left_empty(cast: Cast) -> None:
    clerk = cast.actor(cast.clerk)
    mend_person(cast.ming, Details("小明", phone="13800000003"), acting_user=clerk)
    mend_person(Person._base_manager.get(pk=cast.ming.pk), Details("大明", sex="1"), acting_user=clerk)
    mended = Person._base_manager.get(pk=cast.ming.pk)
    assert (mended.name, mended.sex, mended.read_sealed("phone")) == ("大明", "1", "13800000003")
    with pytest.raises(PermissionDenied):
        mend_person(cast.far, Details("小远"), acting_user=clerk)


# --- masked fields --------------------------------------------------------------------------------------------------


@pytest.fixture
def known(cast: Cast) -> Person:
    person = Person._base_manager.get(pk=cast.ming.pk)
    for field, text in (("pupil_number", PUPIL_NUMBER), ("identity", IDENTITY), ("phone", "13812345678")):
        person.put_sealed(field, text)
    person.save()
    return person


def test_pages_mask_and_a_reveal_is_noted_with_its_purpose(cast: Cast, known: Person) -> None:
    client = cast.client(cast.clerk)
    page = client.get(reverse("registry-person", args=[known.pk])).content.decode()
    assert "138******78" in page
    assert "13812345678" not in page
    assert PUPIL_NUMBER not in page
    shown = client.post(reverse("registry-person-reveal", args=[known.pk]), {"field": "phone", "purpose": "contact"})
    assert "13812345678" in shown.content.decode()
    assert shown.headers["Cache-Control"] == "no-store"
    row = AuditRow.objects.get(verb="registry.reveal.phone.contact")
    assert (row.subject, row.account) == (str(known.pk), cast.clerk.account.pk)
    assert "13812345678" not in client.get(reverse("registry-person", args=[known.pk])).content.decode()


def test_a_teacher_may_reach_a_parent_but_not_read_numbers(cast: Cast, known: Person) -> None:
    wang = cast.actor(cast.wang)
    reveal(known, "phone", "contact", acting_user=wang)
    with pytest.raises(ActionError, match="教师不能查看全国学籍号"):
        reveal(known, "pupil_number", "enrolment", acting_user=wang)
    for person in (cast.zhao, cast.chen, cast.mother):
        with pytest.raises(PermissionDenied):
            reveal(known, "phone", "contact", acting_user=cast.actor(person))


def test_a_reveal_without_purpose_shows_nothing(cast: Cast, known: Person) -> None:
    address = reverse("registry-person-reveal", args=[known.pk])
    answer = cast.client(cast.clerk).post(address, {"field": "phone"}, follow=True)
    assert "13812345678" not in answer.content.decode()
    assert not AuditRow.objects.filter(verb__startswith="registry.reveal").exists()


# --- finding --------------------------------------------------------------------------------------------------------


def test_people_are_found_by_name_account_and_whole_number(cast: Cast, known: Person) -> None:
    client = cast.client(cast.clerk)
    for words in ("小明", "xiaoming", PUPIL_NUMBER, IDENTITY, "13812345678"):
        assert "小明" in client.get(reverse("registry-people"), {"q": words}).content.decode()
    assert "没有找到" in client.get(reverse("registry-people"), {"q": "小远"}).content.decode()
    assert "没有找到" in client.get(reverse("registry-people"), {"q": PUPIL_NUMBER[:10]}).content.decode()


def test_officers_find_staff_and_no_children(cast: Cast) -> None:
    page = cast.client(cast.zhao).get(reverse("registry-people")).content.decode()
    assert "王静" in page
    assert "小明" not in page
    assert cast.client(cast.zhao).get(reverse("registry-person", args=[cast.ming.pk])).status_code == 404


def test_a_list_of_people_asks_as_much_for_many_as_for_few(cast: Cast, django_assert_max_num_queries: Any) -> None:
    clerk = cast.actor(cast.clerk)
    for number in range(30):
        add_pupil(cast.class52, Details(f"学生{number}"), number + 1, acting_user=clerk)
    client = cast.client(cast.clerk)
    with django_assert_max_num_queries(16):
        client.get(reverse("registry-people"))
    with django_assert_max_num_queries(30):
        client.get(reverse("registry-organisation", args=[cast.class52.pk]))


# --- pages ----------------------------------------------------------------------------------------------------------


def test_a_school_enters_moves_and_releases_a_pupil_on_pages(cast: Cast) -> None:
    client = cast.client(cast.clerk)
    form = {"name": "赵一", "number": "4", "sex": "", "pupil_number": PUPIL_NUMBER, "since": "2026-09-01"}
    answer = client.post(reverse("registry-pupil-add", args=[cast.class51.pk]), form, follow=True)
    assert "已登记赵一，学号 4，账号 s0200010001" in answer.content.decode()
    pupil = Person._base_manager.get(name="赵一")
    guardian = {"name": "赵父", "relation": "父亲", "phone": "13800000009"}
    answer = client.post(reverse("registry-guardian-add", args=[pupil.pk]), guardian, follow=True)
    assert "赵父已登记为赵一的父亲" in answer.content.decode()
    move = reverse("registry-pupil-transfer", args=[role_of(pupil).pk])
    client.post(move, {"school_class": cast.class52.pk, "number": "1", "on": "2026-11-01"})
    assert role_of(pupil).organisation == cast.class52
    client.post(reverse("registry-pupil-renumber", args=[role_of(pupil).pk]), {"number": "7"})
    assert role_of(pupil).number == 7
    client.post(reverse("registry-pupil-release", args=[role_of(pupil).pk]), {"until": "2026-11-20"})
    with unscoped("a test"):
        assert not RoleHeld.objects.filter(person=pupil, until=None).exists()


def test_a_wrong_number_is_told_at_its_field(cast: Cast) -> None:
    form = {"name": "赵一", "number": "4", "pupil_number": "G123", "since": "2026-09-01"}
    answer = cast.client(cast.clerk).post(reverse("registry-pupil-add", args=[cast.class51.pk]), form)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "学籍号应为 19 位（字母加 18 位），这里是 4 位" in page
    assert 'value="G123"' in page


def test_an_administrator_enters_staff_with_roles_and_teaching(cast: Cast) -> None:
    client = cast.client(cast.admin)
    form = {"name": "钱老师", "role": "teacher", "since": "2026-09-01", "phone": "13800000010"}
    client.post(reverse("registry-staff-add", args=[cast.first.pk]), form)
    teacher = Person._base_manager.get(name="钱老师")
    lesson = {"school_class": cast.class52.pk, "subject": "科学", "leads": "on"}
    client.post(reverse("registry-teaching-add", args=[teacher.pk]), lesson)
    row = Teaching._base_manager.get(person=teacher)
    assert (row.school_class, row.subject, row.leads) == (cast.class52, "科学", True)
    give = {"role": "head", "place": cast.first.pk, "since": "2026-09-01"}
    client.post(reverse("registry-role-give", args=[teacher.pk]), give)
    assert role_of(teacher, "head").organisation == cast.first
    client.post(reverse("registry-teaching-end", args=[row.pk]))
    assert Teaching._base_manager.get(pk=row.pk).until == timezone.localdate()


def test_strangers_find_no_person(cast: Cast) -> None:
    for name in ("registry-person", "registry-person-mend", "registry-role-give", "registry-guardian-add"):
        assert cast.client(cast.clerk).get(reverse(name, args=[cast.far.pk])).status_code == 404
    assert cast.client(cast.chen).get(reverse("registry-person", args=[cast.ming.pk])).status_code == 404
    stranger = role_of(cast.far)
    for name in ("registry-pupil-transfer", "registry-pupil-release", "registry-role-end"):
        assert cast.client(cast.clerk).get(reverse(name, args=[stranger.pk])).status_code == 404
