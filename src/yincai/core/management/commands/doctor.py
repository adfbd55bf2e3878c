from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.markup import escape

from yincai.core import doctor
from yincai.core.actors import Actor
from yincai.core.command import ANY, YincaiCommand


class Command(YincaiCommand):
    help = "检查数据库、密钥、磁盘、备份等，并说明该怎么办"
    home_needed = ANY  # it prepares by itself, and tells what stands in the way
    acts = False

    def run(self, actor: Actor, **options: Any) -> dict[str, object]:
        findings = doctor.examine()
        result = {"ok": all(found.ok for found in findings), "checks": [asdict(found) for found in findings]}
        if not options["as_json"]:
            self._show(findings)
        if not result["ok"]:
            bad = [found.name for found in findings if not found.ok]
            self.finding(f"有 {len(bad)} 项要处理：{'、'.join(bad)}。", result, as_json=options["as_json"])
        return result

    def _show(self, findings: list[doctor.Finding]) -> None:
        for found in findings:
            mark = "[green]✓[/]" if found.ok else "[red]✗[/]"
            self.say(f"{mark} {found.name:<10} {escape(found.say)}")
