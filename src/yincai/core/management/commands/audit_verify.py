from __future__ import annotations

from typing import Any

from yincai.core import audit
from yincai.core.actors import Actor
from yincai.core.command import EXISTING, YincaiCommand


class Command(YincaiCommand):
    help = "核对审计链：有没有被改动，还有多少行没封存"
    home_needed = EXISTING

    def run(self, actor: Actor, **options: Any) -> dict[str, object]:
        verdict = audit.verify()
        result: dict[str, object] = {
            "ok": verdict.ok,
            "sealed": verdict.sealed,
            "unsealed": verdict.unsealed,
            "first_broken": verdict.first_broken or None,
        }
        if not verdict.ok:
            self.finding(f"审计链断了：{verdict.first_broken}。", result, as_json=options["as_json"])
        self.say(f"审计链完好：已封存 {verdict.sealed} 行，待封存 {verdict.unsealed} 行。")
        return result
