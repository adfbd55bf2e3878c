"""Items that are unfair to a group or have changed, as the audit kept them, in a table with intervals and n."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from yincai.core.exports import Cell, Column, Linked, Sheet
from yincai.core.figures import signed
from yincai.indicators.cards import Card
from yincai.indicators.models import ModelAudit

LARGE = "C"
SIZES = {"B": "中等", LARGE: "明显"}


def items_finding(row: ModelAudit) -> str:
    dif = row.report.get("dif", {"tested": {}, "rows": []})
    if not dif["tested"]:
        return "还没有一道题在两组里都有足够的作答，不能比较"
    large = len({one["item"] for one in dif["rows"] if one["size"] == LARGE})
    return f"有 {large} 道题明显对某组更难或更容易，或者变了" if large else "没有一道题明显对某组更难或更容易"


def items_sheet(card: Card, row: ModelAudit) -> Sheet:
    """In the order of how far they differ: a list of items, not of people."""
    columns = [
        Column("题目"),
        Column("哪一组"),
        Column("同等水平下"),
        Column("程度"),
        Column("MH delta（95% 区间）"),
        Column("作答数（这组，参照组）"),
    ]
    rows: list[list[Cell | Linked]] = [_row(one) for one in row.report["dif"]["rows"]]
    tested = "、".join(f"{group} {n} 道" for group, n in row.report["dif"]["tested"].items())
    notes = [
        f"{timezone.localtime(row.at):%Y-%m-%d} 检查；比较过的题：{tested or '没有'}。两组各有 50 次作答的题才比。",
        "同等水平：按模型对每次作答的预测分层比较（Mantel–Haenszel）。程度按 ETS 的 B、C 两类，A 类（可忽略）不列。",
        "差别不说明原因：先看题目的情境、用词和教没教过，再决定改题还是停用。",
    ]
    return Sheet(f"{card.label}：题目对各组是否一样难", columns, rows, notes)


def _row(one: dict[str, Any]) -> list[Cell | Linked]:
    value, low, high = one["delta"]
    way = "更容易" if value > 0 else "更难"
    name = Linked(one["item"], one["address"]) if one["address"] else one["item"]
    against = f"{one['column']}：{one['group']}（参照：{one['reference']}）"
    span = f"{signed(value, 2)}（{signed(low, 2)} 到 {signed(high, 2)}）"
    return [name, against, way, SIZES[one["size"]], span, f"{one['n']:,}，{one['n_reference']:,}"]
