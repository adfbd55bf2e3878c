"""Indicators from the lake to the page: values against a reckoning by hand, roll-up, withholding, scope, names."""

from __future__ import annotations

import statistics
from datetime import timedelta
from math import sqrt
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from scipy import stats

from tests.cast import Cast
from tests.indicators.conftest import SIZES, Lake
from yincai.core.figures import Figure
from yincai.core.models import AuditRow
from yincai.indicators import results
from yincai.indicators.definitions import INDICATORS, register
from yincai.indicators.queries import age_of, reading
from yincai.knowledge.queries import graph
from yincai.learning import indicators as practice
from yincai.records import lake as writer
from yincai.registry.models import Organisation

SECTIONS = ["class51", "class52", "other_class"]


def figures(code: str) -> dict[str, tuple[Figure, ...]]:
    return results.result(INDICATORS[code]).figures


def test_coverage_is_the_share_of_the_roll_that_came_this_week(lake: Lake) -> None:
    found = figures("practice.coverage")
    numbers = [number for name in SIZES for number in lake.pupils[name]]
    city = found[lake.cast.city.path][0]
    came = sum(number in lake.came for number in numbers)
    assert (city.n, city.value) == (len(numbers), pytest.approx(came / len(numbers)))
    wanted = stats.binomtest(came, len(numbers)).proportion_ci(0.8, method="wilson")
    assert (city.low, city.high) == pytest.approx((wanted.low, wanted.high))
    assert found[lake.place("class71")][0].value == 0


def test_mastery_counts_each_pupil_once_with_an_interval_between_pupils(lake: Lake) -> None:
    found = figures("practice.mastery")[lake.cast.city.path]
    for part, level in enumerate(practice.LEVELS):
        shares = lake.shares(list(SIZES), level)
        half = stats.t.ppf(0.9, len(shares) - 1) * statistics.stdev(shares) / sqrt(len(shares))
        assert found[part].n == len(shares)
        assert found[part].value == pytest.approx(statistics.mean(shares))
        assert found[part].high == pytest.approx(statistics.mean(shares) + half)
    assert sum(figure.value or 0 for figure in found) == pytest.approx(1)


def test_active_classes_and_schools_are_counted_among_those_that_have_something_to_practise(lake: Lake) -> None:
    active = [name for name in SECTIONS if lake.came & set(lake.pupils[name])]
    assert figures("practice.active-classes")[lake.cast.city.path][0] == Figure(
        len(active), n=4, unit="个班", kind="count"
    )
    assert figures("practice.active-schools")[lake.cast.city.path][0].said == "2 / 3 所学校"


def test_a_class_of_four_is_withheld_with_a_second_one_and_lies_in_no_file_of_results(lake: Lake) -> None:
    found = figures("practice.coverage")
    small, other = found[lake.place("class52")][0], found[lake.place("class51")][0]
    assert (small.value, small.n, other.value, other.n) == (None, None, None, None)
    assert found[lake.cast.first.path][0].n == SIZES["class51"] + SIZES["class52"]

    stored = (lake.folder / "indicators" / "practice.coverage.json").read_text()
    assert f'"{lake.place("class52")}": [[null, null, null, null]]' in stored


def test_the_grades_are_those_of_the_subject_graph() -> None:
    grades = {unit.grade for unit in graph("math").units.values()}
    assert (min(grades), max(grades)) == practice.GRADES


def test_each_indicator_is_in_the_reference() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "indicators.md").read_text()
    assert [code for code, one in INDICATORS.items() if f"| `{code}` | {one.label} |" not in page] == []


def test_an_indicator_is_registered_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        register(practice.COVERAGE)


def test_results_are_computed_again_when_they_grow_old_or_the_lake_goes_on(lake: Lake, monkeypatch: Any) -> None:
    before = results.result(practice.COVERAGE)
    assert results.refresh_if_needed() == 0
    writer.Cursor.objects.filter(name=writer.FACTS).update(at=timezone.now())
    assert results.refresh_if_needed() == len(INDICATORS)
    later = timezone.now() + results.FRESH + timedelta(seconds=1)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert results.result(practice.COVERAGE).computed_at > before.computed_at


def test_the_age_is_told_in_words() -> None:
    assert "3 分钟前" in age_of(timezone.now() - timedelta(minutes=3, seconds=5))
    assert age_of(None) == "还没有练习记录"


# --- pages ----------------------------------------------------------------------------------------------------------


def page(lake: Lake, person: Any, address: str) -> str:
    response = lake.cast.client(person).get(address)
    assert response.status_code == 200, (address, response.status_code)
    return response.content.decode()


def test_an_officer_opens_a_number_down_to_classes_and_no_further(lake: Lake) -> None:
    cast = lake.cast
    city = page(lake, cast.qian, "/figures/practice.coverage/")
    assert "最近七天练习过数学的学生占" in city
    assert "东城区" in city and "西城区" in city
    assert f"?at={cast.east.pk}" in city
    school = page(lake, cast.qian, f"/figures/practice.coverage/?at={cast.second.pk}")
    assert "五（1）班" in school
    assert "/pupils/" not in school
    refused = cast.client(cast.qian).get(f"/figures/practice.coverage/pupils/{cast.other_class.pk}/")
    assert refused.status_code == 403


def test_a_head_opens_a_class_to_names_in_school_number_order_and_it_is_logged(lake: Lake) -> None:
    cast = lake.cast
    assert "看五（1）班的学生" in page(lake, cast.li, "/figures/practice.coverage/")
    names = page(lake, cast.li, f"/figures/practice.coverage/pupils/{cast.class51.pk}/")
    assert names.index("小明") < names.index("小红") < names.index("小刚")
    assert 'data-sort="number">学号' in names
    assert names.count("data-sort=") == 2  # number and name, never a result
    row = AuditRow.objects.get(verb="indicators.reveal")
    assert (row.role, row.subject) == ("head", str(cast.class51.pk))


def test_nobody_opens_a_class_of_another_school(lake: Lake) -> None:
    cast = lake.cast
    for person in (cast.li, cast.wang):
        answer = cast.client(person).get(f"/figures/practice.mastery/pupils/{cast.other_class.pk}/")
        assert answer.status_code == 404
    assert cast.client(cast.wang).get(f"/figures/practice.mastery/pupils/{cast.class52.pk}/").status_code == 404
    assert cast.client(cast.li).get(f"/figures/practice.mastery/?at={cast.second.pk}").status_code == 404
    assert cast.client(cast.li).get(f"/figures/practice.mastery/?at={cast.city.pk}").status_code == 404
    assert not AuditRow.objects.filter(verb="indicators.reveal").exists()


def test_a_withheld_figure_is_said_so_on_the_page_and_in_the_export(lake: Lake) -> None:
    cast = lake.cast
    assert "人数太少，不显示" in page(lake, cast.li, "/figures/practice.coverage/")
    table = cast.client(cast.li).get("/figures/practice.coverage/?as=csv").content.decode("utf-8-sig")
    lines = {line.split(",")[0]: line for line in table.splitlines()}
    assert lines["五（2）班"] == "五（2）班,人数太少，不显示,,,"
    assert lines["示范市第一小学"].endswith(str(SIZES["class51"] + SIZES["class52"]))


def test_figures_stand_on_one_page_with_their_age_and_each_beside_its_formula(lake: Lake) -> None:
    found = page(lake, lake.cast.zhao, "/figures/")
    for indicator in INDICATORS.values():
        assert indicator.label in found
    assert "数据截至" in found
    one = page(lake, lake.cast.zhao, "/figures/practice.mastery/")
    assert practice.MASTERY.formula_words in one
    assert practice.MASTERY.source in one
    assert "不足 10 人" in one


def test_an_overlay_sees_its_schools_without_a_total(lake: Lake, cast: Cast) -> None:
    from yincai.core.scope import unscoped
    from yincai.registry.models import OverlayMember

    with unscoped("a teaching-research zone of two schools"):
        zone = cast.organisation("zone", "第一学区", "", cast.city)
        for school in (cast.second, cast.junior):
            OverlayMember.objects.create(overlay=zone, school=school)
        somebody = cast.person("学区教研", "xuequ", ("researcher", zone))
        actor = cast.actor(somebody)
        Organisation.objects.count()
    from yincai.core.actors import acting

    with acting(actor):
        seen = reading(practice.COVERAGE, actor, None)
    assert seen.whole is None
    assert [line.organisation.name for line in seen.lines] == ["示范市第二小学", "西城初级中学"]
