"""A new set of numbers from the installation's own answers: proposed where it predicts better, never put into use by
itself.

One pupil in HELD_OUT is left out of the fit. What speaks for the new set is the log loss of these pupils' first answers
without help, beside the set in use; it is proposed only where the whole interval of the gain lies above 0. Its figures,
and the same for each group of pupils, are kept for the switch, which refuses a set beyond its card's bounds.
The mastery head keeps its numbers: what is shown of a pupil does not move because a prediction got better.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from yincai.core.notices import notify
from yincai.core.rules import rule
from yincai.core.scope import unscoped
from yincai.indicators.auditing import ROWS, groups_of, shown_groups
from yincai.learning.models import ModelVersion, VersionState
from yincai.learning.tracing.facts import Gathered, gathered
from yincai.learning.tracing.fitting import compare, fit, said
from yincai.learning.tracing.numbers import Floats, digest_of
from yincai.learning.tracing.versions import numbers_in_use
from yincai.registry.models import RoleHeld, RoleName, in_force

if TYPE_CHECKING:
    from yincai.measurement.fairness import Audit

FEWEST = 3_000  # answers that count,
PUPILS = 100  # and pupils, below which nothing is fitted
MOST = 400_000  # answers, of the newest pupils
HELD_OUT = 5  # one pupil in so many is left out of the fit
DECIDERS = (RoleName.CITY_OFFICER, RoleName.ADMIN)
UNFAIR = ("calibration", "slope", "differential", "differential slope")
Progress = Callable[[str], None]


def run(row: ModelVersion, say: Progress = lambda _: None) -> ModelVersion:
    """Fill a version that was begun: proposed, dropped where it predicts no better, or failed for want of answers.

    Begins anew when its worker died: the row is written last.
    """
    with unscoped("a model of tracing rests on everybody's answers, without names"):
        say("读取作答")
        found = gathered(MOST)
        counting = int(found.answers.scored.sum())
        if counting < FEWEST or found.answers.pupils < PUPILS:
            row.state = VersionState.FAILED
            row.message = (
                f"作答还不够：要有 {PUPILS} 名学生的 {FEWEST} 次独立作答，"
                f"现在有 {found.answers.pupils} 名学生的 {counting} 次。在用的模型不变。"
            )
            row.save(update_fields=["state", "message"])
            return row
        _fill(row, found, say)
    if row.state == VersionState.PROPOSED:
        said_ = f"{row.label}对没有参加拟合的学生预测得更准，等您决定要不要换上"
        notify(_deciders(), said_, "/models/tracing/versions")
    return row


def _fill(row: ModelVersion, found: Gathered, say: Progress) -> None:
    out = found.answers.turn % HELD_OUT == 0
    say(f"用 {int((~out).sum()):,} 次作答拟合")
    before = numbers_in_use()
    after = fit(found.answers.where(~out), row.name, {"made": "refit"}, before.mastery)
    say("对没有参加拟合的学生比一比")
    held = found.where(out)
    p = said(after, held.answers)
    compared = compare(held.answers, said(before, held.answers), p)
    made = audited(held, p)
    content = after.to_bytes()
    row.before, row.facts, row.pupils = before.name, len(found.answers), found.answers.pupils
    row.evidence = {**vars(compared), "low": compared.low, "high": compared.high, "findings": unfair(made)}
    row.metrics = metrics_of(made)
    row.content, row.digest = content, digest_of(content)
    row.state = VersionState.PROPOSED if compared.better else VersionState.DROPPED
    if not compared.better:
        row.message = "对没有参加拟合的学生，它没有比在用的更准（改善的区间包含 0），所以不提议换。"
    row.save()


def audited(held: Gathered, p: Floats) -> Audit:
    """Whether what was said is right for all, and for each group that the registry keeps."""
    from yincai.measurement.fairness import Data, audit

    kept = held.where(held.answers.scored)
    least = int(rule("pi.minimum", "").value)
    who = kept.answers.turn
    groups = {name: shown_groups(texts, who, least) for name, texts in groups_of(kept.place.tolist()).items()}
    return audit(Data(p[held.answers.scored], kept.answers.score, groups, learners=who), ROWS)


def metrics_of(made: Audit) -> list[dict[str, Any]]:
    from yincai.measurement.fairness import metrics_of as bounded

    return [vars(metric) for metric in bounded(made)]


def unfair(made: Audit) -> list[str]:
    """What an audit found against a group of pupils, in words."""
    from yincai.measurement.fairness.words import sentence

    return [sentence(one) for one in made.findings if one.group and one.kind in UNFAIR]


def _deciders() -> list[UUID]:
    with unscoped("who decides about models is told"):
        held = RoleHeld.objects.filter(in_force(), name__in=DECIDERS)
        return list(held.values_list("person", flat=True).distinct())
