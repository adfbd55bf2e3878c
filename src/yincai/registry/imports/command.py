"""The commands `yincai import schools|classes|teachers|pupils|timetable FILE`: preview, then write, in one go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from yincai.core import jobs
from yincai.core.actors import Actor
from yincai.core.command import YincaiCommand
from yincai.registry.actions.import_table import (
    Preview,
    bring_table,
    preview,
    problems_as_json,
    refuse_demo,
    stage_import,
)
from yincai.registry.imports.kinds import BAD, CHANGED, NEW, UNCHANGED
from yincai.registry.models import ImportRun, Organisation, OrganisationKind

SHOWN = 20  # problems that the screen lists; --json has them all


class ImportCommand(YincaiCommand):
    """Exit code 1 when rows have to be mended; nothing is written then, unless `--leave-out`."""

    kind = ""

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="文件", help=".xlsx 或 .csv")
        parser.add_argument("--at", metavar="代码", default="", help="导入到哪所学校、区县（代码或名称；默认全市）")
        parser.add_argument("--leave-out", action="store_true", help="略去有问题的行，写入其余的")
        parser.add_argument("--check", action="store_true", help="只看会做什么，不写入")

    def run(self, actor: Actor, **options: Any) -> Any:
        file: Path = options["file"]
        as_json = bool(options["as_json"])
        refuse_demo(f"yincai import {self.kind} {file}")
        if not file.is_file():
            raise CommandError(f"没有这个文件：{file}", returncode=2)
        run = bring_table(self.kind, _place(options["at"]), file.name, file.read_bytes(), acting_user=actor)
        found = preview(run, actor)
        result = _result(found)
        if found.counts[BAD] and not options["leave_out"]:
            self._tell(found)
            self.finding(
                f"{found.counts[BAD]} 行有问题，什么都没有写入。改好再来，或加 --leave-out。", result, as_json=as_json
            )
        if not options["check"] and found.to_write:
            result["written"] = self._write(run, bool(options["leave_out"]), actor)
        self.say(
            f"共 {result['rows']} 行：新增 {result['added']}，更改 {result['changed']}，不变 {result['unchanged']}，"
            f"略去 {len(result['rejected'])}。" + ("没有写入（--check）。" if options["check"] else "")
        )
        return result

    def _write(self, run: ImportRun, leave_out: bool, actor: Actor) -> int:
        run = stage_import(run, leave_out, acting_user=actor)
        assert run.job is not None  # noqa: S101 - just staged
        with self.progress() as bar:
            task = bar.add_task("写入", total=run.job.total)
            job = jobs.run(run.job, acting_user=actor, progress=lambda done, _: bar.update(task, completed=done))
        for line in job.options.get("notes", []):
            self.say(line)
        return job.applied

    def _tell(self, found: Preview) -> None:
        problems = [problem for row in found.of(BAD) for problem in row.problems]
        for problem in problems[:SHOWN]:
            self.say(f"第 {problem.row} 行 {problem.column} {problem.title}：{problem.what}")
        if len(problems) > SHOWN:
            self.say(f"……还有 {len(problems) - SHOWN} 处，用 --json 看全部。")


def _result(found: Preview) -> dict[str, Any]:
    counts = found.counts
    return {
        "kind": found.kind.name,
        "rows": counts["rows"],
        "added": counts[NEW],
        "changed": counts[CHANGED],
        "unchanged": counts[UNCHANGED],
        "rejected": problems_as_json(found.of(BAD)),
        "written": 0,
    }


def _place(named: str) -> Organisation:
    kinds = (OrganisationKind.CITY, OrganisationKind.DISTRICT, OrganisationKind.SCHOOL)
    places = Organisation.objects.filter(kind__in=kinds, until__isnull=True)
    if not named:
        found = list(places.filter(kind=OrganisationKind.CITY))
    else:
        found = list(places.filter(code=named)) or list(places.filter(name=named))
    if len(found) != 1:
        what = "还没有城市，先运行 yincai init" if not named else f"没有（或不止一个）“{named}”，请给出代码"
        raise CommandError(f"{what}。", returncode=2)
    return found[0]
