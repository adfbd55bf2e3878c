"""Imports: a message for each wrong cell, written as a job, the same again changes nothing, undone to the last row."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from tests.cast import Cast
from yincai.core import jobs
from yincai.core.actors import Actor, acting, installation
from yincai.core.files import file_path
from yincai.core.models import Account, AuditRow, Fact, Job, JobRow
from yincai.registry.actions.import_table import (
    Preview,
    apply_import,
    bring_table,
    confirm_import,
    preview,
    stage_import,
    take_back_import,
    undo_import,
)
from yincai.registry.imports import IMPORTS
from yincai.registry.imports.kinds import BAD, CHANGED, NEW, UNCHANGED
from yincai.registry.models import (
    Guardianship,
    ImportRun,
    Organisation,
    Person,
    Pseudonym,
    RoleHeld,
    Teaching,
    TimetableEntry,
)
from yincai.registry.numbers import check_character

MODELS = (Organisation, Person, Pseudonym, RoleHeld, Teaching, Guardianship, TimetableEntry)


def number_of(serial: int) -> str:
    seventeen = f"33010220150301{serial:03d}"
    return f"G{seventeen}{check_character(seventeen)}"


def table(*rows: Iterable[object]) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue().encode()


def brought(kind: str, place: Organisation, content: bytes, actor: Actor) -> tuple[ImportRun, Preview]:
    run = bring_table(kind, place, f"{kind}.csv", content, acting_user=actor)
    with acting(actor):
        return run, preview(run, actor)


def written(kind: str, place: Organisation, content: bytes, actor: Actor, *, leave_out: bool = False) -> ImportRun:
    run = bring_table(kind, place, f"{kind}.csv", content, acting_user=actor)
    run = stage_import(run, leave_out, acting_user=actor)
    assert run.job is not None
    with acting(actor):
        jobs.run(run.job, acting_user=actor)
    run.refresh_from_db()
    return run


def taken_back(run: ImportRun, actor: Actor) -> None:
    assert run.job is not None
    with acting(actor):
        jobs.undo(Job.objects.get(pk=run.job.pk), acting_user=actor)


def everything() -> dict[str, list[dict[str, Any]]]:
    """All rows of the registry, to hold undo to its word."""
    return {model.__name__: list(model._base_manager.order_by("pk").values()) for model in MODELS}  # type: ignore[attr-defined]


def said(found: Preview) -> list[tuple[int, str, str]]:
    return [(problem.row, problem.column, problem.what) for row in found.rows for problem in row.problems]


PUPILS = ("班级", "学号", "姓名", "性别", "学籍号", "家长1姓名", "家长1关系", "家长1电话")


def pupils(*rows: Iterable[object]) -> bytes:
    return table(PUPILS, *rows)


NAMES = pupils(
    ("五（1）班", 11, "赵一", "男", number_of(11), "赵父", "父亲", "13800000001"),
    ("5.2", 1, "赵二", "女", "", "赵父", "父亲", "13800000001"),
    ("五(2)班", 2, "钱三", "", number_of(21), "", "", ""),
)


# --- pupils ---------------------------------------------------------------------------------------------------------


def test_pupils_and_their_guardians(cast: Cast) -> None:
    clerk = cast.actor(cast.clerk)
    run = written("pupils", cast.first, NAMES, clerk)
    assert run.job is not None
    assert (run.job.state, run.job.applied, run.counts[NEW]) == (Job.DONE, 3, 3)
    first = Person._base_manager.get(name="赵一")
    assert first.read_sealed("pupil_number") == number_of(11)
    assert (str(first.born), first.sex) == ("2015-03-01", "1")
    assert not Pseudonym._base_manager.get(person=first).keeps
    second = RoleHeld._base_manager.select_related("organisation").get(person__name="赵二")
    assert (second.organisation, second.number) == (cast.class52, 1)
    father = Person._base_manager.get(name="赵父")
    assert {bond.child.name for bond in Guardianship._base_manager.filter(guardian=father)} == {"赵一", "赵二"}
    assert RoleHeld._base_manager.get(person=father).name == "guardian"


def test_the_same_again_changes_nothing(cast: Cast) -> None:
    clerk = cast.actor(cast.clerk)
    written("pupils", cast.first, NAMES, clerk)
    _, again = brought("pupils", cast.first, NAMES, clerk)
    assert again.counts == {NEW: 0, CHANGED: 0, UNCHANGED: 3, BAD: 0, "rows": 3}


def test_what_differs_is_told_and_written(cast: Cast) -> None:
    clerk = cast.actor(cast.clerk)
    written("pupils", cast.first, NAMES, clerk)
    changes = pupils(
        ("五（2）班", 5, "赵一", "", number_of(11), "", "", ""),
        ("五（2）班", 3, "赵二", "", number_of(12), "赵母", "母亲", "13800000002"),
    )
    _, found = brought("pupils", cast.first, changes, clerk)
    assert [row.notes for row in found.rows] == [
        ["调班：五（1）班 → 五（2）班"],
        ["学号：1 → 3", "更新2项信息", "加家长：赵母"],
    ]
    written("pupils", cast.first, changes, clerk)
    roles = RoleHeld._base_manager.filter(person__name="赵一").order_by("until")
    assert sorted((role.organisation.name, role.until is None) for role in roles) == [
        ("五（1）班", False),
        ("五（2）班", True),
    ]


@pytest.mark.parametrize(
    ("row", "column", "what"),
    [
        (("五（9）班", 1, "赵一", "", "", "", "", ""), "A", "示范市第一小学没有“五（9）班”"),
        (("", 1, "赵一", "", "", "", "", ""), "A", "是空的，必须填"),
        (("五（1）班", "甲", "赵一", "", "", "", "", ""), "B", "“甲”应是 1 到 999 的整数"),
        (("五（1）班", 1, "赵一", "", "", "", "", ""), "B", "1 号已经是小明"),
        (("五（1）班", 9, "", "", "", "", "", ""), "C", "是空的，必须填"),
        (("五（1）班", 9, "赵一", "F", "", "", "", ""), "D", "“F”不认识，可填：男、女"),
        (("五（1）班", 9, "赵一", "女", number_of(11), "", "", ""), "E", "性别和学籍号里的不一样"),
        (("五（1）班", 9, "赵一", "", "G123", "", "", ""), "E", "学籍号应为 19 位"),
        (("五（1）班", 9, "赵一", "", "", "", "父亲", ""), "F", "没有姓名"),
        (("五（1）班", 9, "赵" * 41, "", "", "", "", ""), "C", "有 41 个字，最多 40 个"),
        (("五（1）班", 9, "赵一", "", "", "赵父", "父" * 11, ""), "G", "有 11 个字，最多 10 个"),
        (("五（1）班", 9, "赵一", "", "", "赵父", "", "123"), "H", "11 位手机号"),
    ],
)
def test_each_wrong_cell_is_named(cast: Cast, row: tuple[object, ...], column: str, what: str) -> None:
    _, found = brought("pupils", cast.first, pupils(row), cast.actor(cast.clerk))
    assert [(number, letter) for number, letter, _ in said(found)] == [(2, column)]
    assert what in said(found)[0][2]
    assert found.to_write == []


def test_what_stands_twice_in_the_table_is_found(cast: Cast) -> None:
    twice = pupils(
        ("五（1）班", 11, "赵一", "", number_of(11), "", "", ""),
        ("五（1）班", 11, "赵二", "", "", "", "", ""),
        ("五（2）班", 12, "赵三", "", number_of(11), "", "", ""),
    )
    _, found = brought("pupils", cast.first, twice, cast.actor(cast.clerk))
    assert said(found) == [
        (3, "B", "这个班的这个学号在表里出现过（第 2 行）"),
        (4, "E", "这个学籍号在表里出现过（第 2 行）"),
    ]


def test_bad_rows_are_left_out_only_when_said_so(cast: Cast) -> None:
    clerk = cast.actor(cast.clerk)
    mixed = pupils(("五（1）班", 11, "赵一", "", "", "", "", ""), ("五（9）班", 1, "赵二", "", "", "", "", ""))
    with pytest.raises(Exception, match="有 1 行有问题"):
        written("pupils", cast.first, mixed, clerk)
    run = written("pupils", cast.first, mixed, clerk, leave_out=True)
    assert (run.counts[NEW], run.counts[BAD]) == (1, 1)
    assert not Person._base_manager.filter(name="赵二").exists()


def test_a_pupil_of_another_school_waits_until_released(cast: Cast) -> None:
    admin, clerk = cast.actor(cast.admin), cast.actor(cast.clerk)
    written("pupils", cast.second, pupils(("五（1）班", 11, "赵一", "", number_of(11), "", "", "")), admin)
    mine = pupils(("五（1）班", 11, "赵一", "", number_of(11), "", "", ""))
    _, found = brought("pupils", cast.first, mine, clerk)
    assert "请先请原学校办转出" in said(found)[0][2]
    RoleHeld._base_manager.filter(person__name="赵一").update(until=timezone.localdate() - timedelta(days=1))
    before = everything()
    _, found = brought("pupils", cast.first, mine, clerk)
    assert [row.notes for row in found.rows] == [["转入"]]
    run = written("pupils", cast.first, mine, clerk)
    moved = Person._base_manager.get(name="赵一")
    assert (moved.keeper, moved.read_sealed("pupil_number")) == (cast.first.pk, number_of(11))
    taken_back(run, clerk)
    assert everything() == before


def test_staged_rows_lie_sealed(cast: Cast) -> None:
    clerk = cast.actor(cast.clerk)
    run = bring_table("pupils", cast.first, "a.csv", NAMES, acting_user=clerk)
    run = stage_import(run, False, acting_user=clerk)
    raw = b"".join(jobs._unpack(row.payload)["sealed"].encode() for row in JobRow.objects.filter(job=run.job))
    assert raw
    assert number_of(11).encode() not in raw
    assert "赵一".encode() not in raw
    kept = file_path(run.file).read_bytes()
    assert NAMES not in kept
    assert number_of(11).encode() not in kept
    assert run.file.personal
    assert not Person._base_manager.filter(name="赵一").exists()


# --- undo -----------------------------------------------------------------------------------------------------------


def test_undo_takes_everything_back_to_the_last_row(cast: Cast) -> None:
    clerk = cast.actor(cast.clerk)
    written("pupils", cast.first, NAMES, clerk)
    before, accounts = everything(), Account.objects.count()
    changes = pupils(
        ("五（2）班", 5, "赵一", "", number_of(11), "赵母", "母亲", "13800000003"),
        ("五（2）班", 9, "赵二", "", number_of(12), "", "", ""),
        ("五（1）班", 30, "孙四", "", "", "孙母", "母亲", "13800000004"),
    )
    run = written("pupils", cast.first, changes, clerk)
    assert everything() != before
    taken_back(run, clerk)
    assert everything() == before
    assert Account.objects.count() == accounts


def test_undo_leaves_alone_who_has_signed_in_since(cast: Cast) -> None:
    clerk = cast.actor(cast.clerk)
    run = written("pupils", cast.first, NAMES, clerk)
    used = Person._base_manager.get(name="赵一")
    Account.objects.filter(pk=used.account_id).update(last_login=timezone.now())
    taken_back(run, clerk)
    assert Person._base_manager.filter(name="赵一").exists()
    assert not Person._base_manager.filter(name="赵二").exists()
    assert run.job is not None
    assert "保留未撤" in Job._base_manager.get(pk=run.job.pk).options["notes"][0]


def test_an_interrupted_import_goes_on_where_it_was(cast: Cast) -> None:
    clerk = cast.actor(cast.clerk)
    rows = [("五（2）班", number, f"学生{number}", "", "", "", "", "") for number in range(1, 31)]
    run = bring_table("pupils", cast.first, "a.csv", pupils(*rows), acting_user=clerk)
    run = stage_import(run, False, acting_user=clerk)
    assert run.job is not None
    with acting(clerk):
        half = jobs.apply_batch(run.job, 10, acting_user=clerk)
        assert (half.state, half.applied) == (Job.APPLYING, 10)
        done = jobs.run(half, acting_user=clerk)
    assert (done.state, done.applied) == (Job.DONE, 30)
    assert RoleHeld._base_manager.filter(organisation=cast.class52).count() == 30


def test_an_import_that_broke_says_so_and_goes_on(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    client, clerk = cast.client(cast.clerk), cast.actor(cast.clerk)
    run = bring_table("pupils", cast.first, "a.csv", NAMES, acting_user=clerk)
    stage_import(run, False, acting_user=clerk)
    words = {"account": str(clerk.account.pk), "role": str(clerk.role.id) if clerk.role else None, "run": str(run.pk)}
    with monkeypatch.context() as broken:
        broken.setattr("yincai.registry.imports.pupils.put_pupil", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            apply_import.func(**words)
    page = client.get(reverse("registry-import", args=[run.pk])).content.decode()
    assert "写到第 0 行停下了" in page
    assert "程序出错（ZeroDivisionError）" in page
    client.post(reverse("registry-import-resume", args=[run.pk]))
    apply_import.func(**words)
    assert "已写入 3 行" in client.get(reverse("registry-import", args=[run.pk])).content.decode()


def test_what_became_impossible_since_the_preview_is_left_out_and_said(cast: Cast) -> None:
    clerk = cast.actor(cast.clerk)
    run = bring_table("pupils", cast.first, "a.csv", NAMES, acting_user=clerk)
    run = stage_import(run, False, acting_user=clerk)
    written("pupils", cast.first, pupils(("五（1）班", 11, "周五", "", "", "", "", "")), clerk)
    assert run.job is not None
    with acting(clerk):
        job = jobs.run(run.job, acting_user=clerk)
    assert "第 2 行没有写入：五（1）班的学号 11 已给了周五" in job.options["notes"][0]
    assert Person._base_manager.filter(name="赵二").exists()


# --- pages, permissions, commands -----------------------------------------------------------------------------------


def upload(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def test_a_table_goes_from_upload_to_undo_on_pages(cast: Cast) -> None:
    client, clerk = cast.client(cast.clerk), cast.actor(cast.clerk)
    form = {"kind": "pupils", "place": cast.first.pk, "file": upload("名单.csv", NAMES)}
    answer = client.post(reverse("registry-imports"), form, follow=True)
    assert "3 行都可以写入" in answer.content.decode()
    run = ImportRun._base_manager.get()
    answer = client.post(reverse("registry-import-confirm", args=[run.pk]), follow=True)
    assert "正在写入" in answer.content.decode()
    apply_import.func(account=str(clerk.account.pk), role=str(clerk.role.id), run=str(run.pk))  # type: ignore[union-attr]
    assert "已写入 3 行" in client.get(reverse("registry-import-progress", args=[run.pk])).content.decode()
    client.post(reverse("registry-import-undo", args=[run.pk]))
    take_back_import.func(account=str(clerk.account.pk), role=str(clerk.role.id), run=str(run.pk))  # type: ignore[union-attr]
    assert "已全部撤销" in client.get(reverse("registry-import", args=[run.pk])).content.decode()
    assert not Person._base_manager.filter(name="赵一").exists()


def test_a_file_of_another_kind_is_refused_with_what_to_do(cast: Cast) -> None:
    client = cast.client(cast.clerk)
    for name, content, what in (
        ("a.xls", b"\xd0\xcf\x11\xe0", "不是可接受的类型"),
        ("a.csv", b"x", "没有找到表头"),
        ("a.xlsx", b"PK\x03\x04broken", "打不开"),
    ):
        form = {"kind": "pupils", "place": cast.first.pk, "file": upload(name, content)}
        answer = client.post(reverse("registry-imports"), form)
        assert answer.status_code == 422
        assert what in answer.content.decode()
    assert not ImportRun._base_manager.exists()


def test_problems_are_listed_with_row_and_column(cast: Cast) -> None:
    client = cast.client(cast.clerk)
    bad = pupils(("五（9）班", 1, "赵一", "", "", "", "", ""))
    form = {"kind": "pupils", "place": cast.first.pk, "file": upload("a.csv", bad)}
    page = client.post(reverse("registry-imports"), form, follow=True).content.decode()
    assert "1 行有问题，0 行可以写入" in page
    assert "A 班级" in page
    assert "示范市第一小学没有“五（9）班”" in page


def test_what_was_ticked_stays_when_the_writing_is_refused(cast: Cast) -> None:
    Fact.objects.create(name="demo", value=True)
    client = cast.client(cast.clerk)
    mixed = pupils(("五（1）班", 11, "赵一", "", "", "", "", ""), ("五（9）班", 1, "赵二", "", "", "", "", ""))
    form = {"kind": "pupils", "place": cast.first.pk, "file": upload("a.csv", mixed)}
    client.post(reverse("registry-imports"), form)
    address = reverse("registry-import-confirm", args=[ImportRun._base_manager.get().pk])
    refused = client.post(address, {"leave_out": "1"})
    assert refused.status_code == 422 and "示范城市" in refused.content.decode()
    assert 'name="leave_out" value="1" checked' in refused.content.decode()


def test_a_preview_asks_as_much_for_many_rows_as_for_few(cast: Cast, django_assert_max_num_queries: Any) -> None:
    clerk = cast.actor(cast.clerk)
    rows = [("五（2）班", n, f"学生{n}", "", number_of(n), f"家长{n}", "母亲", f"139{n:08d}") for n in range(1, 301)]
    run = bring_table("pupils", cast.first, "a.csv", pupils(*rows), acting_user=clerk)
    with acting(clerk), django_assert_max_num_queries(12):
        assert preview(run, clerk).counts[NEW] == 300


def test_templates_are_taken_as_they_are(cast: Cast) -> None:
    """The template of each kind, filled in with its own example, is read without an unknown heading."""
    client = cast.client(cast.admin)
    for kind in IMPORTS.values():
        answer = client.get(reverse("registry-import-template", args=[kind.name]))
        book = load_workbook(io.BytesIO(answer.content))
        rows = list(book.active.iter_rows(values_only=True))
        heading = next(index for index, row in enumerate(rows) if len([cell for cell in row if cell]) > 2)
        filled = [rows[heading], tuple(column.example for column in kind.columns)]
        _, found = brought(kind.name, cast.city, table(*filled), cast.actor(cast.admin))
        assert found.ignored == []
        with pytest.raises(Exception, match="没有内容"):
            brought(kind.name, cast.city, table(*rows[heading:]), cast.actor(cast.admin))


def test_every_kind_and_column_is_in_the_reference() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs/reference/rosters.md").read_text()
    sections = {part.split("`")[0]: part for part in page.split("## `")[1:]}
    assert set(sections) == set(IMPORTS)
    for kind in IMPORTS.values():
        for column in kind.columns:
            must = "yes" if column.required else ""
            assert (
                f"| {column.title} | {must} | {'、'.join(column.aliases)} | {column.example} |" in sections[kind.name]
            )


def test_who_may_import_what(cast: Cast) -> None:
    for person, kind, place in (
        (cast.clerk, "schools", cast.first),
        (cast.clerk, "pupils", cast.second),
        (cast.zhao, "pupils", cast.first),
        (cast.wang, "pupils", cast.first),
    ):
        with pytest.raises(Exception, match="不能"):
            bring_table(kind, place, "a.csv", NAMES, acting_user=cast.actor(person))
    run = bring_table("pupils", cast.second, "a.csv", NAMES, acting_user=cast.actor(cast.admin))
    assert cast.client(cast.clerk).get(reverse("registry-import", args=[run.pk])).status_code == 404
    assert cast.client(cast.zhao).get(reverse("registry-import", args=[run.pk])).status_code == 404


def test_confirming_twice_stages_once(cast: Cast) -> None:
    clerk = cast.actor(cast.clerk)
    run = bring_table("pupils", cast.first, "a.csv", NAMES, acting_user=clerk)
    confirm_import(run, False, acting_user=clerk)
    with pytest.raises(Exception, match="已经确认过"):
        confirm_import(ImportRun._base_manager.get(pk=run.pk), False, acting_user=clerk)
    with pytest.raises(Exception, match="没有可撤销"):
        undo_import(ImportRun._base_manager.get(pk=run.pk), acting_user=clerk)
    assert Job._base_manager.count() == 1


def test_an_import_is_in_the_audit_as_who_did_it_without_content(cast: Cast) -> None:
    clerk = cast.actor(cast.clerk)
    written("pupils", cast.first, NAMES, clerk)
    rows = AuditRow.objects.filter(account=clerk.account.pk)
    assert {"registry.bring_table", "registry.stage_import", "core.apply_batch"} <= {row.verb for row in rows}
    assert "赵一" not in str([row.fields for row in rows])


def command(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    try:
        call_command(*words, "--json")
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    return code, json.loads(capsys.readouterr().out)


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yincai.core.prepare.prepare", lambda: None)


def test_the_command_tells_the_same_when_repeated(
    cast: Cast, prepared: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "pupils.csv"
    file.write_bytes(NAMES)
    code, first = command(capsys, "import_pupils", str(file), "--at", cast.first.code)
    assert (code, first["added"], first["written"]) == (0, 3, 3)
    code, again = command(capsys, "import_pupils", str(file), "--at", cast.first.code)
    assert (code, again["unchanged"], again["added"], again["written"]) == (0, 3, 0, 0)
    file.write_bytes(
        pupils(("五（9）班", 1, "赵一", "", "", "", "", ""), ("五（1）班", 40, "赵九", "", "", "", "", ""))
    )
    code, bad = command(capsys, "import_pupils", str(file), "--at", cast.first.code)
    assert (code, bad["written"], bad["rejected"][0]["row"]) == (1, 0, 2)
    code, left = command(capsys, "import_pupils", str(file), "--at", cast.first.code, "--leave-out")
    assert (code, left["written"], len(left["rejected"])) == (0, 1, 1)


def test_a_demo_home_takes_no_real_people(cast: Cast, prepared: None, tmp_path: Path) -> None:
    Fact.objects.create(name="demo", value=True)
    file = tmp_path / "pupils.csv"
    file.write_bytes(NAMES)
    with pytest.raises(CommandError, match="YINCAI_HOME=新目录 yincai init") as refused:
        call_command("import_pupils", str(file), "--at", cast.first.code)
    assert refused.value.returncode == 2
    run = bring_table("pupils", cast.first, "a.csv", NAMES, acting_user=cast.actor(cast.clerk))
    with pytest.raises(Exception, match="示范城市"):
        stage_import(run, False, acting_user=installation())
    page = cast.client(cast.clerk).get(reverse("registry-imports")).content.decode()
    assert "可以上传、预览，真实名单写不进来" in page
