"""Small banks to test with: lines of TAL-SCQ5K and of our own format, and the way to take them in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import count
from typing import Any

from yincai.core.actors import Actor, acting
from yincai.core.models import Job
from yincai.knowledge.actions.take_in import Keyed, take_in
from yincai.knowledge.intake.account import Account, account

_ids = count(1)
OPTIONS = ("$$1$$ ", "$$2$$ ", "$$3$$ ", "$$4$$ ")


def tal(problem: str, key: str = "A", options: Sequence[str] = OPTIONS, **fields: Any) -> dict[str, Any]:
    """A row of TAL-SCQ5K."""
    row = {
        "queId": f"q{next(_ids)}",
        "qtype": "single_choice",
        "difficulty": "1",
        "problem": problem,
        "answer_option_list": [[{"aoVal": "ABCDEFGH"[n], "content": text}] for n, text in enumerate(options)],
        "answer_value": key,
        "answer_analysis": ["略"],
        "knowledge_point_routes": ["拓展思维->拓展思维->计算模块->分数->通分"],
        "competition_source_list": ["2019年某杯五年级竞赛初赛第3题"],
    }
    return row | fields


def lines(*rows: dict[str, Any] | str) -> bytes:
    return "\n".join(row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows).encode()


def bring(content: bytes, actor: Actor, form: str = "tal-scq5k") -> tuple[Job | None, Account]:
    with acting(actor):
        job, rows = take_in(form, "测试.jsonl", content, acting_user=actor)
        return job, told(rows)


def told(rows: list[Keyed]) -> Account:
    return account([(each.row.number, each.key) for each in rows])
