"""`yincai calibrate items`: item parameters from the installation's own answers, proposed for a person to decide."""

from __future__ import annotations

from typing import Any

from yincai.core.actors import Actor
from yincai.core.command import EXISTING, YincaiCommand
from yincai.knowledge import calibration
from yincai.knowledge.actions.calibrate import begin_calibration
from yincai.knowledge.models import CalibrationState


class Command(YincaiCommand):
    help = "用本地作答校准题目参数；只是提议，由人在“题目参数”页决定是否采用"
    home_needed = EXISTING

    def run(self, actor: Actor, **options: Any) -> dict[str, Any]:
        row = calibration.run(begin_calibration(acting_user=actor, at_once=True), self.say)
        result = {
            "calibration": row.pk,
            "state": row.state,
            "items": row.items,
            "pupils": row.pupils,
            "answers": row.facts,
            "evidence": row.evidence,
            "tests": row.tests,
        }
        if row.state == CalibrationState.FAILED:
            self.finding(row.message, result, as_json=options["as_json"])
        gain = row.evidence
        self.say(
            f"第 {row.pk} 次校准：{row.items} 道题、{row.pupils} 名学生。留出的作答上好了 "
            f"{gain['gain']:.4f} ± {gain['gain_se']:.4f}。{row.message or '等人在“题目参数”页决定。'}"
        )
        for one in row.tests:
            self.say(
                f"{one['name']}（模拟）：{one['questions']} 道可出，平均做 {one['length']} 题，误差 {one['rmse']:.2f}；"
                f"见得最多的一道 {one['exposure']:.0%} 的学生会见到，限制出现的题 {len(one['limits'])} 道。"
            )
        return result
