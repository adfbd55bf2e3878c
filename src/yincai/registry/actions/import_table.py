"""A table from its upload to its undoing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from yincai.core import jobs
from yincai.core.action import ActionError, action, changed_nothing, touched
from yincai.core.actors import Actor
from yincai.core.files import TABLES, keep_file, read_file
from yincai.core.models import Fact, Job
from yincai.core.tasks import enqueue, long_background
from yincai.registry.imports import IMPORTS
from yincai.registry.imports.kinds import BAD, CHANGED, NEW, UNCHANGED, Checked, ImportKind, pack
from yincai.registry.imports.tables import read_table
from yincai.registry.models import ImportRun, Organisation, OrganisationKind
from yincai.registry.policies import IMPORT_SEE
from yincai.registry.queries import school_at

WAITING = (Job.STAGED, Job.APPLYING, Job.UNDOING)


@dataclass
class Preview:
    """What an import would do. `ignored`: headings that nobody asked for."""

    kind: ImportKind
    rows: list[Checked]
    ignored: list[str] = field(default_factory=list)

    def of(self, state: str) -> list[Checked]:
        return [row for row in self.rows if row.state == state]

    @property
    def counts(self) -> dict[str, int]:
        return {state: len(self.of(state)) for state in (NEW, CHANGED, UNCHANGED, BAD)} | {"rows": len(self.rows)}

    @property
    def to_write(self) -> list[Checked]:
        return [row for row in self.rows if row.state in (NEW, CHANGED)]


@action(IMPORT_SEE)
def bring_table(kind: str, place: Organisation, name: str, content: bytes, *, acting_user: Actor) -> ImportRun:
    """Keep the upload, encrypted, and make sure that it can be read as this kind of table."""
    wanted = kind_for(kind, place, acting_user)
    school = school_at(place.path) if place.kind != OrganisationKind.CITY else None
    owner = school.pk if school else None
    file = keep_file(name, content, TABLES, personal=True, owner=owner, place=place.path, acting_user=acting_user)
    read_table(name, content, wanted.columns)
    run = ImportRun.objects.create(
        kind=kind, organisation=place, file=file, by=acting_user.account.pk, by_name=acting_user.name
    )
    return touched(run, kind=kind, digest=file.digest)


@action(IMPORT_SEE)
def confirm_import(run: ImportRun, leave_out_bad: bool, *, acting_user: Actor) -> ImportRun:
    """Stage what the preview showed and let a worker apply it."""
    stage_import(run, leave_out_bad, acting_user=acting_user)
    enqueue(apply_import, acting_user=acting_user, run=str(run.pk))
    changed_nothing()  # staging has left its own row
    return run


@action(IMPORT_SEE)
def resume_import(run: ImportRun, *, acting_user: Actor) -> ImportRun:
    """Let a worker go on where the job stopped."""
    kind_for(run.kind, run.organisation, acting_user)
    if run.job is None or run.job.state != Job.FAILED:
        raise ActionError("这次导入没有停下。")
    enqueue(apply_import, acting_user=acting_user, run=str(run.pk))
    return touched(run, resume=run.job.pk)


@action(IMPORT_SEE)
def undo_import(run: ImportRun, *, acting_user: Actor) -> ImportRun:
    """Let a worker take it back, to the last row."""
    kind_for(run.kind, run.organisation, acting_user)
    if run.job is None or run.job.state not in (Job.DONE, Job.FAILED, Job.APPLYING):
        raise ActionError("这次导入没有可撤销的内容。")
    enqueue(take_back_import, acting_user=acting_user, run=str(run.pk))
    return touched(run, undo=run.job.pk)


@action(IMPORT_SEE)
def stage_import(run: ImportRun, leave_out_bad: bool, *, acting_user: Actor) -> ImportRun:
    """Stage the rows to be written, sealed; nothing of them shows yet."""
    kind = kind_for(run.kind, run.organisation, acting_user)
    refuse_demo(f"yincai import {kind.name} …")
    if run.job is not None:
        raise ActionError("这次导入已经确认过了。")
    found = preview(run, acting_user)
    counts = found.counts
    if counts[BAD] and not leave_out_bad:
        raise ActionError(f"有 {counts[BAD]} 行有问题。改好表格重新上传，或选择略去有问题的行。")
    if not found.to_write:
        raise ActionError("没有要写入的行：都和现有的一样，或者有问题。")
    owner = school_at(run.organisation.path)
    rows = (pack(row.payload, owner) for row in found.to_write)
    run.job = jobs.stage(kind.job, f"导入{kind.label}：{run.file.name}", rows, acting_user=acting_user)
    run.counts = counts
    run.save(update_fields=["job", "counts"])
    return touched(run, job=run.job.pk, **counts)


def preview(run: ImportRun, acting_user: Actor) -> Preview:
    kind = IMPORTS[run.kind]
    table = read_table(run.file.name, read_file(run.file), kind.columns)
    return Preview(kind, kind.check(table, run.organisation, acting_user), table.ignored)


@long_background
def apply_import(run: str, *, acting_user: Actor) -> None:
    _work(run, lambda job: jobs.run(job, acting_user=acting_user), acting_user)


@long_background
def take_back_import(run: str, *, acting_user: Actor) -> None:
    _work(run, lambda job: jobs.undo(job, acting_user=acting_user), acting_user)


def _work(run: str, work: Callable[[Job], Job], acting_user: Actor) -> None:
    """What stops a job is written on it, where its page shows it; a task is not tried for ever."""
    job = ImportRun.objects.select_related("job").get(pk=run).job
    if job is None:
        return
    try:
        work(job)
    except ActionError:
        return  # the job says why, and can be resumed or undone
    except Exception as error:
        jobs.stop_failed(job, f"程序出错（{type(error).__name__}），已写入的还在。", acting_user=acting_user)
        raise


def kind_for(name: str, place: Organisation, acting_user: Actor) -> ImportKind:
    kind = IMPORTS.get(name)
    if kind is None:
        raise ActionError(f"没有“{name}”这种导入，可用：{'、'.join(IMPORTS)}。")
    kind.permission.require(acting_user, place)
    return kind


def kinds_for(acting_user: Actor) -> list[ImportKind]:
    return [kind for kind in IMPORTS.values() if kind.permission.held_by(acting_user)]


def in_demo() -> bool:
    """A demo home holds invented people; real ones do not go in among them."""
    return bool(Fact.read("demo"))


def refuse_demo(command: str) -> None:
    if in_demo():
        raise ActionError(
            "这里是示范城市，里面都是虚构的人，不能导入真实名单。要导入，请系统管理员另建一处："
            "YINCAI_HOME=新目录 yincai init，"
            f"然后 YINCAI_HOME=新目录 {command}"
        )


def problems_as_json(rows: Iterable[Checked]) -> list[dict[str, object]]:
    return [problem.as_json() for row in rows for problem in row.problems]
