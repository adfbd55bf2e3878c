"""`yincai calibrate tracing`: the numbers of tracing from the installation's own answers, proposed for a person."""

from __future__ import annotations

from typing import Any

from yincai.core.actors import Actor
from yincai.core.command import EXISTING, YincaiCommand
from yincai.learning.models import VersionState


class Command(YincaiCommand):
    help = "用本地作答重新拟合掌握情况的预测；只是提议，由人在“模型版本”页决定是否换上"
    home_needed = EXISTING

    def run(self, actor: Actor, **options: Any) -> dict[str, Any]:
        from yincai.learning.actions.versions import begin_refit
        from yincai.learning.tracing import refit

        row = refit.run(begin_refit(acting_user=actor, at_once=True), self.say)
        result = {
            "version": row.name,
            "state": row.state,
            "pupils": row.pupils,
            "answers": row.facts,
            "evidence": row.evidence,
        }
        if row.state == VersionState.FAILED:
            self.finding(row.message, result, as_json=options["as_json"])
        one = row.evidence
        self.say(
            f"{row.label}：{row.pupils} 名学生的 {row.facts} 次作答。留出的学生每题对数损失 {one['before']:.4f} → "
            f"{one['after']:.4f}，改善 {one['gain']:.4f}（{one['low']:.4f} 到 {one['high']:.4f}）。"
            f"{row.message or '等人在“模型版本”页决定。'}"
        )
        return result
