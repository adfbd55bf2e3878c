"""Growth of schools: who is in and who is not, figures of enough pupils only, appeals, a repeatable computation."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from tests.evaluation.conftest import FIRST, SECOND, Town
from yincai.cli import measure
from yincai.core.action import ActionError
from yincai.core.actors import acting
from yincai.core.models import AuditRow
from yincai.evaluation.actions.appeal import answer_appeal, appeal
from yincai.evaluation.actions.grow import compute_and_keep, compute_growth, grow
from yincai.evaluation.computing import Columns, columns_of
from yincai.evaluation.gathering import Fate, gather
from yincai.evaluation.models import Appeal, GrowthRun, Participant, SchoolGrowth
from yincai.evaluation.queries import appeals_waiting
from yincai.evaluation.words import own_finding, points, points_said, verdict_said
from yincai.records import scores
from yincai.records.queries import scores_on
from yincai.records.readers.scores import read_bundle
from yincai.registry.models import Notice, Pseudonym

NEVER = re.compile(r"排名|名次|位次|第\s*\d+\s*名|学生的?增长百分位[：:]?\s*\d")


def computed(town: Town) -> GrowthRun:
    officer = town.cast.actor(town.cast.qian)
    with acting(officer):
        run = compute_and_keep(town.monitoring(SECOND), acting_user=officer)
    assert run is not None
    return run


def figures(run: GrowthRun) -> dict[str, SchoolGrowth]:
    return {row.school.name: row for row in SchoolGrowth._base_manager.filter(run=run).select_related("school", "run")}


def test_schools_that_added_are_told_from_those_that_did_not(monitored: Town) -> None:
    first, second, third, small = (figures(computed(monitored))[school.name] for school in monitored.schools)
    assert (first.verdict, third.verdict) == (SchoolGrowth.BELOW, SchoolGrowth.ABOVE)
    assert third.growth is not None and first.growth is not None
    assert -60 < first.growth < -15 < 15 < third.growth < 60
    assert first.percentile is not None and third.percentile is not None
    assert first.percentile < 50 < third.percentile
    assert small.n == 4
    assert (small.growth, small.expected, small.came, small.percentile, small.verdict) == (None,) * 4 + ("",)
    assert second.growth is None, "else the small school's figures follow from the others and the whole"


def test_where_the_spread_of_schools_cannot_be_told_it_is_not_given_as_a_number(monitored: Town) -> None:
    cast = monitored.cast
    third = monitored.schools[2].path
    Participant._base_manager.exclude(place__startswith=cast.first.path).exclude(place__startswith=third).delete()
    run = computed(monitored)
    assert not run.shrinks and len([row for row in figures(run).values() if row.growth is not None]) == 2
    page = cast.client(cast.li).get(reverse("evaluation-school", args=[run.pk, cast.first.pk])).content.decode()
    assert "学校间的差别估不出来" in page and "学校间标准差" not in page
    assert "没有收，只看区间" in page and "没有收缩，区间也就宽一些" in page and "（收缩后" not in page
    for row in figures(run).values():
        assert row.growth == pytest.approx((row.came or 0) - (row.expected or 0), abs=0.1)


def test_everybody_drawn_is_counted_once(monitored: Town) -> None:
    cast, before, now = monitored.cast, monitored.monitoring(FIRST), monitored.monitoring(SECOND)
    third = monitored.schools[2].path
    pupils = sorted(
        Participant._base_manager.filter(monitoring=now, place__startswith=third).values_list("pupil", flat=True)
    )
    away, ill, quiet, new, left = pupils[:5]
    with acting(cast.system):
        scores.voided(scores_on(FIRST)[away], acting_user=cast.system)
        scores.voided(scores_on(SECOND)[ill], acting_user=cast.system)
        scores.voided(scores_on(FIRST)[new], acting_user=cast.system)
    Pseudonym._base_manager.filter(number=quiet).update(keeps=False)
    Participant._base_manager.filter(monitoring=before, pupil=new).delete()
    Participant._base_manager.filter(monitoring=now, pupil=left).delete()
    moved = Participant._base_manager.get(monitoring=before, pupil=pupils[5])
    Participant._base_manager.filter(pk=moved.pk).update(place=cast.class51.path)
    with acting(cast.actor(cast.qian)):
        found = gather(now)
    counts = found.counts[third]
    missing = (Fate.ABSENT_BEFORE, Fate.ABSENT_NOW, Fate.WITHOUT_CONSENT, Fate.MOVED_IN, Fate.MOVED_OUT)
    assert [counts[fate] for fate in missing] == [1] * 5
    assert counts[Fate.INCLUDED] == 30 - 5
    assert counts["changed_school"] == 1
    drawn = Participant._base_manager.values_list("pupil", flat=True).distinct().count()
    assert sum(found.total[fate] for fate in Fate) == drawn


def test_a_run_is_never_changed_and_a_later_one_stands_beside_it(monitored: Town) -> None:
    run = computed(monitored)
    for change in (
        lambda: SchoolGrowth._base_manager.update(growth=99.0),
        lambda: GrowthRun._base_manager.filter(pk=run.pk).update(least=1),
        SchoolGrowth._base_manager.all().delete,
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()
    computed(monitored)
    assert GrowthRun._base_manager.count() == 2


def test_a_worker_computes_what_an_officer_asks_for(monitored: Town) -> None:
    cast, row = monitored.cast, monitored.monitoring(SECOND)
    client = cast.client(cast.qian)
    assert client.post(reverse("evaluation-compute", args=[row.pk])).status_code == 302
    officer = cast.actor(cast.qian)
    grow.func(account=str(officer.account.pk), role=str(officer.held.id), monitoring=str(row.pk))
    assert GrowthRun._base_manager.get().monitoring_id == row.pk
    assert Notice._base_manager.get(person=cast.qian).sentence.endswith("的增值算好了")
    with pytest.raises(ActionError, match="没有上次可比"):
        compute_growth(monitored.monitoring(FIRST), acting_user=officer)


def test_too_few_schools_are_told_so(monitored: Town) -> None:
    cast, officer = monitored.cast, monitored.cast.actor(monitored.cast.qian)
    Participant._base_manager.filter(monitoring__code=SECOND).exclude(place__startswith=cast.first.path).delete()
    with acting(officer):
        assert compute_and_keep(monitored.monitoring(SECOND), acting_user=officer) is None
    assert "不到两所学校" in Notice._base_manager.get(person=cast.qian).sentence


def test_a_head_sees_the_own_school_only(monitored: Town) -> None:
    cast, run = monitored.cast, computed(monitored)
    head = cast.client(cast.li)
    page = head.get(reverse("evaluation-school", args=[run.pk, cast.first.pk])).content.decode()
    assert "低于预期" in page and "收缩" in page and "测量误差" in page
    assert f"只多 {run.naive_ten:.1f} 分；扣除以后是 {run.slope_ten:.1f} 分" in page and run.naive_ten < run.slope_ten
    assert head.get(reverse("evaluation-school", args=[run.pk, cast.second.pk])).status_code == 404
    whole = head.get(reverse("evaluation-run", args=[run.pk])).content.decode()
    assert "第一小学" in whole
    assert "第三小学" not in whole


def test_schools_stand_in_the_order_of_their_codes_and_nothing_sorts_them(monitored: Town) -> None:
    run = computed(monitored)
    page = monitored.cast.client(monitored.cast.qian).get(reverse("evaluation-run", args=[run.pk])).content.decode()
    table = page[page.index("<tbody>") :]
    names = [school.name for school in sorted(monitored.schools, key=lambda school: school.code)]
    assert [table.index(name) for name in names] == sorted(table.index(name) for name in names)
    assert "data-sort=" not in page


def test_no_page_and_no_export_holds_a_pupils_percentile_or_rank(monitored: Town) -> None:
    """Nor is one kept: no column of a pupil's growth exists in this package."""
    cast, run = monitored.cast, computed(monitored)
    row = monitored.monitoring(SECOND)
    client, pupils = cast.client(cast.qian), [str(number) for number in monitored.pupils]
    for name, arguments in (
        ("evaluation-run", [run.pk]),
        ("evaluation-school", [run.pk, monitored.schools[2].pk]),
        ("evaluation-monitoring", [row.pk]),
        ("evaluation-growth", []),
        ("evaluation-monitorings", []),
    ):
        for form in ("", "csv", "print"):
            said = client.get(reverse(name, args=arguments), {"as": form}).content.decode()
            assert not NEVER.search(said.replace("不给学生和班级排名", "")), (name, form)
            assert not [number for number in pupils if number in said]
            assert "号1" not in said, "no pupil's name"
    assert {field.name for field in SchoolGrowth._meta.fields} & {"pupil", "person", "place"} == set()
    for number in pupils[:50]:
        assert number.encode() not in bytes(GrowthRun._base_manager.get().inputs)


def test_a_heads_list_says_what_came_out_with_its_interval(monitored: Town) -> None:
    cast, run = monitored.cast, computed(monitored)
    row = figures(run)[cast.first.name]
    assert own_finding([row]) == f"本校的进步：1 个年级{verdict_said(row)}"
    page = cast.client(cast.li).get(reverse("evaluation-school", args=[run.pk, cast.first.pk])).content.decode()
    assert row.came is not None and row.expected is not None
    assert f"直接相减是 {points(row.came - row.expected)} 分" in page and points_said(row) in page


def test_an_appeal_and_its_answer(monitored: Town) -> None:
    cast, run = monitored.cast, computed(monitored)
    growth = figures(run)[cast.first.name]
    head = cast.client(cast.li)
    address = reverse("evaluation-appeal", args=[run.pk, cast.first.pk])
    short = head.post(address, {"reason": "score", "text": "错了"})
    assert short.status_code == 422
    assert "错了" in short.content.decode()
    assert head.post(address, {"reason": "score", "text": "五（3）班有两名学生的成绩录反了。"}).status_code == 302
    made = Appeal._base_manager.get()
    assert Notice._base_manager.get(person=cast.qian, sentence__contains="申诉").link.endswith(f"/appeals/{made.pk}")
    home = cast.client(cast.qian).get("/").content.decode()
    assert "增值申诉" in home and 'href="/growth/appeals/"' in home
    district = cast.client(cast.zhao)
    assert "由组织监测的单位答复" in district.get("/growth/appeals/").content.decode()
    assert "您答复" not in district.get("/").content.decode(), "it is the city's to answer"
    with acting(cast.actor(cast.zhao)):
        assert appeals_waiting(cast.actor(cast.zhao)) == 0
    with acting(cast.actor(cast.qian)):
        assert appeals_waiting(cast.actor(cast.qian)) == 1
    with pytest.raises(ActionError, match="等待答复"):
        appeal(growth, "other", "再提一次", acting_user=cast.actor(cast.li))
    with pytest.raises(Exception, match="不能答复申诉"):
        answer_appeal(made, Appeal.UPHELD, "好", acting_user=cast.actor(cast.zhao))
    page = reverse("evaluation-appeal-page", args=[made.pk])
    officer = cast.client(cast.qian)
    assert officer.post(page, {"state": "upheld", "answer": "核对过，确实录反，更正后重算。"}).status_code == 302
    late = officer.post(page, {"state": "declined", "answer": "另一个窗口里的答复，已经迟了。"}).content.decode()
    assert "钱处长已经答复过这条申诉，您这次填的没有记下" in late
    made.refresh_from_db()
    assert (made.state, made.answered_by_name) == (Appeal.UPHELD, "钱处长")
    assert Notice._base_manager.filter(person=cast.li, sentence="对增值结果的申诉有了答复").exists()
    assert "核对过" in head.get(page).content.decode()
    assert {"evaluation.appeal", "evaluation.answer_appeal"} <= set(AuditRow.objects.values_list("verb", flat=True))
    assert cast.client(cast.chen).get(page).status_code == 403


def test_the_whole_computation_is_repeated_from_the_download(
    monitored: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cast, run = monitored.cast, computed(monitored)
    address = reverse("evaluation-bundle", args=[run.pk])
    assert cast.client(cast.li).get(address).status_code == 403
    assert cast.client(cast.zhao).get(address).status_code == 404, "run by the city"
    taken = [cast.client(cast.qian).get(address).content for _ in range(2)]
    assert AuditRow.objects.filter(verb="evaluation.take_computation").count() == 2
    file = tmp_path / "growth.zip"
    file.write_bytes(taken[0])
    assert measure.main(["growth", "value-added", "--replay", str(file), "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["equal"] is True
    shown = {row.school.code: row for row in figures(run).values() if row.growth is not None}
    names = _settings(file)["schools"]
    bundle = read_bundle(file)
    assert bundle.errors is not None and np.nanmax(bundle.errors) == 25.0, "as the scores came with them"
    by_code = {names[str(one["school"])].split()[0]: one for one in again["schools"]}
    assert len(shown) == 2
    for code, row in shown.items():
        for name in ("expected", "came", "growth", "se", "low", "high"):
            assert by_code[code][name] == pytest.approx(getattr(row, name), abs=1e-6)
    _tells_nothing_of_people(taken, monitored)


def _settings(file: Path) -> dict[str, dict[str, str]]:
    import zipfile

    with zipfile.ZipFile(file) as archive:
        return dict(json.loads(archive.read("settings.json")))


def _tells_nothing_of_people(taken: list[bytes], town: Town) -> None:
    import io
    import zipfile

    numbers = []
    for content in taken:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            said = {name: archive.read(name).decode() for name in archive.namelist()}
        numbers.append({line.split(",")[0] for line in said["pupils.csv"].splitlines()[1:]})
        whole = "".join(said.values())
        assert "sgp" not in whole and "percentile" not in whole and "号1" not in whole
        assert not numbers[-1] & {str(number) for number in town.pupils}
    assert len(numbers[0] & numbers[1]) < 5, "numbers are drawn anew for each download"


def test_each_score_brings_its_own_error_and_where_it_has_none_the_scales_counts(monitored: Town) -> None:
    now, before = monitored.monitoring(SECOND), monitored.monitoring(FIRST)
    with acting(monitored.cast.actor(monitored.cast.qian)):
        gathered = gather(now)
    gathered.pairs[0].before.se, gathered.pairs[1].before.se = 60.0, None
    given = columns_of(now, gathered)
    own = given.errors[np.isfinite(given.errors)]
    assert sorted(own)[-2:] == [before.scale_se, 60.0] and (own == 25.0).sum() == len(own) - 2
    assert Columns.unpack(given.pack()).errors.tolist() == pytest.approx(given.errors.tolist(), nan_ok=True)


def test_points_are_said_with_their_sign() -> None:
    assert [points(value) for value in (3.25, -2.04, 0.04, -0.04)] == ["+3.2", "−2.0", "0.0", "0.0"]
