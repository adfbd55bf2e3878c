"""The tree: adding, mending, closing, moving, overlays; paths that are never given twice."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from tests.cast import Cast
from yincai.core.action import ActionError
from yincai.core.actors import acting
from yincai.core.scope import unscoped
from yincai.registry.actions.add_organisation import (
    SchoolDetails,
    add_classes,
    add_organisation,
    add_school,
    in_base_36,
)
from yincai.registry.actions.close_organisation import close_organisation, reopen_organisation
from yincai.registry.actions.join_overlay import join_overlay, leave_overlay
from yincai.registry.actions.mend_organisation import mend_organisation, mend_school
from yincai.registry.actions.move_school import move_school
from yincai.registry.models import Organisation, OverlayMember, RoleHeld, School, SchoolKind
from yincai.registry.naming import GRADES

DETAILS = SchoolDetails("primary", "urban", 30.2741, 120.1551, 60, 1200)


def every_path() -> list[str]:
    return list(Organisation._base_manager.values_list("path", flat=True))


def test_base_36_keeps_the_order() -> None:
    numbers = [1, 9, 10, 35, 36, 1295, 1296, 36**4 - 1]
    assert sorted(map(in_base_36, numbers)) == [in_base_36(number) for number in numbers]
    assert in_base_36(36**4 - 1) == "ZZZZ"


def test_a_school_is_made_with_its_grades_and_classes(cast: Cast) -> None:
    classes = {name: 3 for _, name, _ in GRADES[SchoolKind.PRIMARY]}
    school = add_school(cast.east, "新小学", "3301020009", DETAILS, classes, acting_user=cast.actor(cast.zhao))
    below = Organisation._base_manager.filter(path__startswith=school.path).exclude(pk=school.pk)
    assert (below.filter(kind="grade").count(), below.filter(kind="class").count()) == (6, 18)
    assert below.get(name="三（2）班").grade == 3
    assert below.get(name="三（2）班").parent.parent == school
    assert len(set(every_path())) == len(every_path())


@pytest.mark.parametrize("kind", list(SchoolKind))
def test_every_kind_of_school_has_grades(cast: Cast, kind: SchoolKind) -> None:
    classes = {name: 1 for _, name, _ in GRADES[kind]}
    details = SchoolDetails(kind, "rural")
    school = add_school(cast.city, "直属学校", "3301000001", details, classes, acting_user=cast.actor(cast.qian))
    with unscoped("a test"):
        grades = Organisation.objects.filter(parent=school).order_by("order")
        assert [grade.name for grade in grades] == list(classes)


def test_bringing_a_school_to_more_classes_leaves_what_is_there(cast: Cast) -> None:
    clerk = cast.actor(cast.clerk)
    add_classes(cast.first, {"五年级": 4, "六年级": 1}, acting_user=clerk)
    names = list(Organisation._base_manager.filter(parent=cast.grade5).order_by("path").values_list("name", flat=True))
    assert names == ["五（1）班", "五（2）班", "五（3）班", "五（4）班"]
    with pytest.raises(ActionError, match="都不多于现有的"):
        add_classes(cast.first, {"五年级": 4}, acting_user=clerk)
    with pytest.raises(ActionError, match="没有七年级"):
        add_classes(cast.first, {"七年级": 1}, acting_user=clerk)


def test_a_path_is_never_given_twice(cast: Cast) -> None:
    qian = cast.actor(cast.qian)
    last = add_school(cast.east, "末位小学", "3301020011", DETAILS, acting_user=qian)
    gone = last.path
    last = move_school(last, cast.west, acting_user=qian)
    assert last.path.startswith(cast.west.path)
    next_one = add_school(cast.east, "后来小学", "3301020012", DETAILS, acting_user=qian)
    assert next_one.path > gone


def test_moving_a_school_takes_its_whole_subtree(cast: Cast) -> None:
    old = cast.first.path
    moved = move_school(cast.first, cast.west, acting_user=cast.actor(cast.qian))
    assert not [path for path in every_path() if path.startswith(old)]
    class51 = Organisation._base_manager.get(pk=cast.class51.pk)
    assert class51.path.startswith(moved.path)
    with acting(cast.actor(cast.zhao)):
        assert not Organisation.objects.filter(pk=class51.pk).exists()
    with acting(cast.actor(cast.wang)):
        assert RoleHeld.objects.filter(organisation=class51).count() == 3


def test_names_and_codes_do_not_clash(cast: Cast) -> None:
    admin = cast.actor(cast.admin)
    with pytest.raises(ActionError, match="已经有区（县）“东城区”"):
        add_organisation(cast.city, "district", "东城区", "330199", acting_user=admin)
    with pytest.raises(ActionError, match="已经给了“示范市第二小学”"):
        add_school(cast.west, "别的小学", "3301020002", DETAILS, acting_user=admin)
    with pytest.raises(ActionError, match="10 位数字"):
        add_school(cast.west, "别的小学", "33010", DETAILS, acting_user=admin)
    with pytest.raises(ActionError, match="下面不能建"):
        add_organisation(cast.first, "class", "五（9）班", acting_user=admin)


def test_an_organisation_is_changed_by_those_above_it(cast: Cast) -> None:
    for person in (cast.clerk, cast.li, cast.wang):
        with pytest.raises(PermissionDenied):
            mend_organisation(cast.first, "新名", "3301020001", 1, acting_user=cast.actor(person))
    with pytest.raises(PermissionDenied):
        mend_organisation(cast.junior, "新名", "3301030001", 1, acting_user=cast.actor(cast.zhao))
    mend_organisation(cast.first, "实验小学", "3301020001", 1, acting_user=cast.actor(cast.zhao))
    mend_organisation(cast.class51, "五（甲）班", "", 1, acting_user=cast.actor(cast.clerk))
    assert Organisation._base_manager.get(pk=cast.first.pk).name == "实验小学"


def test_school_facts_are_mended_by_the_school_and_its_kind_must_fit(cast: Cast) -> None:
    school = School._base_manager.get(pk=cast.first.pk)
    mend_school(school, SchoolDetails("nine_year", "town", None, None, 70, 1300), acting_user=cast.actor(cast.clerk))
    assert School._base_manager.get(pk=cast.first.pk).teachers == 70
    with pytest.raises(ActionError, match="还有五年级"):
        mend_school(school, SchoolDetails("senior", "town"), acting_user=cast.actor(cast.clerk))


def test_closing_waits_until_nobody_is_left_and_takes_all_below(cast: Cast) -> None:
    clerk, day = cast.actor(cast.clerk), date(2026, 11, 1)
    with pytest.raises(ActionError, match="还有 3 名学生"):
        close_organisation(cast.class51, day, acting_user=clerk)
    empty = Organisation._base_manager.get(pk=cast.class52.pk)
    close_organisation(empty, day, acting_user=clerk)
    again = add_organisation(cast.grade5, "class", "五（2）班", acting_user=clerk)
    with pytest.raises(ActionError, match="已经有班级“五（2）班”"):
        reopen_organisation(empty, acting_user=clerk)
    close_organisation(again, date(2026, 11, 30), acting_user=clerk)
    reopen_organisation(empty, acting_user=clerk)
    assert Organisation._base_manager.get(pk=empty.pk).until is None


def test_a_school_belongs_to_an_overlay_for_a_period(cast: Cast) -> None:
    zhao = cast.actor(cast.zhao)
    zone = add_organisation(cast.east, "zone", "东一学区", acting_user=zhao)
    member = join_overlay(zone, cast.first, date(2025, 9, 1), acting_user=zhao)
    other = add_organisation(cast.east, "zone", "东二学区", acting_user=zhao)
    with pytest.raises(ActionError, match="属于东一学区"):
        join_overlay(other, cast.first, date(2026, 9, 1), acting_user=zhao)
    leave_overlay(member, date(2026, 8, 31), acting_user=zhao)
    join_overlay(other, cast.first, date(2026, 9, 1), acting_user=zhao)
    assert OverlayMember._base_manager.filter(school=cast.first).count() == 2
    with pytest.raises(PermissionDenied):
        join_overlay(other, cast.junior, date(2026, 9, 1), acting_user=zhao)


# --- pages ----------------------------------------------------------------------------------------------------------


def test_an_administrator_builds_the_tree_on_pages(cast: Cast) -> None:
    client = cast.client(cast.admin)
    add = reverse("registry-organisation-add", args=[cast.city.pk, "district"])
    answer = client.post(add, {"name": "南湖区", "code": "330104"}, follow=True)
    district = Organisation._base_manager.get(name="南湖区")
    assert answer.redirect_chain[-1][0] == reverse("registry-organisation", args=[district.pk])
    form = {"name": "南湖小学", "code": "3301040001", "kind": "primary", "area": "urban", "classes_each": "2"}
    answer = client.post(reverse("registry-school-add", args=[district.pk]), form, follow=True)
    assert "12 个班" in answer.content.decode()


def test_what_is_refused_stands_on_the_form_and_nothing_typed_is_lost(cast: Cast) -> None:
    client = cast.client(cast.admin)
    form = {"name": "别的小学", "code": "3301020002", "kind": "primary", "area": "rural", "classes_each": "0"}
    answer = client.post(reverse("registry-school-add", args=[cast.west.pk]), form)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "已经给了“示范市第二小学”" in page
    assert 'value="别的小学"' in page


def test_a_form_sent_twice_acts_once(cast: Cast) -> None:
    client = cast.client(cast.admin)
    form = {"name": "南湖区", "code": "330104", "form_key": "01890000-0000-7000-8000-000000000001"}
    add = reverse("registry-organisation-add", args=[cast.city.pk, "district"])
    assert client.post(add, form).status_code == 302
    assert client.post(add, form).status_code == 302
    assert Organisation._base_manager.filter(name="南湖区").count() == 1


def test_the_tree_is_mended_on_pages(cast: Cast) -> None:
    client = cast.client(cast.qian)

    def post(page: str, pk: object, **form: object) -> str:
        answer = client.post(reverse(page, args=[pk]), form, follow=True)
        assert answer.status_code == 200, answer.content.decode()
        return answer.content.decode()

    mended = post("registry-organisation-mend", cast.first.pk, name="实验小学", code="3301020001", order=9)
    assert "实验小学" in mended
    facts = {"kind": "primary", "area": "town", "teachers": 80, "places": "", "latitude": "30.5", "longitude": ""}
    assert "80" in post("registry-school-mend", cast.first.pk, **facts)
    wanted = {name: 0 for _, name, _ in GRADES[SchoolKind.PRIMARY]} | {"一年级": 2, "五年级": 2}
    assert "年级和班级已建好" in post("registry-school-classes", cast.first.pk, **wanted)
    group = client.post(reverse("registry-organisation-add", args=[cast.city.pk, "group"]), {"name": "实验集团"})
    assert group.status_code == 302
    overlay = Organisation._base_manager.get(name="实验集团")
    assert "已加入实验集团" in post("registry-overlay-join", overlay.pk, school=cast.junior.pk, since="2026-09-01")
    member = OverlayMember._base_manager.get()
    assert "退出实验集团" in post("registry-overlay-leave", member.pk, until="2026-11-01")
    assert "已归到西城区" in post("registry-school-move", cast.first.pk, parent=cast.west.pk)
    assert "停用" in post("registry-organisation-close", cast.class52.pk, until="2026-11-01")
    assert "已恢复" in post("registry-organisation-reopen", cast.class52.pk)


def test_strangers_find_no_page(cast: Cast) -> None:
    for person, place in ((cast.clerk, cast.second), (cast.zhao, cast.junior), (cast.wang, cast.other_class)):
        client = cast.client(person)
        assert client.get(reverse("registry-organisation", args=[place.pk])).status_code == 404
    assert cast.client(cast.clerk).get(reverse("registry-organisation-mend", args=[cast.first.pk])).status_code == 404


def test_the_trail_links_only_what_one_may_open(cast: Cast) -> None:
    page = cast.client(cast.wang).get(reverse("registry-organisation", args=[cast.class51.pk])).content.decode()
    assert reverse("registry-organisation", args=[cast.first.pk]) not in page
    page = cast.client(cast.clerk).get(reverse("registry-organisation", args=[cast.class51.pk])).content.decode()
    assert reverse("registry-organisation", args=[cast.first.pk]) in page
    assert reverse("registry-organisation", args=[cast.east.pk]) not in page


def test_a_page_of_a_district_asks_as_much_for_many_schools_as_for_few(
    cast: Cast, django_assert_max_num_queries: object
) -> None:
    qian = cast.actor(cast.qian)
    for number in range(30):
        classes = {"一年级": 2}
        add_school(cast.east, f"小学{number}", f"33010211{number:02d}", DETAILS, classes, acting_user=qian)
    client = cast.client(cast.zhao)
    with django_assert_max_num_queries(26):  # type: ignore[operator]
        page = client.get(reverse("registry-organisation", args=[cast.east.pk])).content.decode()
    assert "东城区有 63 个班" in page


def test_the_table_of_a_district_leaves_as_xlsx(cast: Cast) -> None:
    answer = cast.client(cast.zhao).get(reverse("registry-organisation", args=[cast.east.pk]) + "?as=csv")
    assert "示范市第一小学" in answer.content.decode("utf-8-sig")


def test_officers_see_how_many_and_schools_see_who(cast: Cast) -> None:
    address = reverse("registry-organisation", args=[cast.class51.pk])
    assert "小明" in cast.client(cast.wang).get(address).content.decode()
    officer = cast.client(cast.zhao).get(address).content.decode()
    assert "有 3 名学生" in officer
    assert "小明" not in officer
