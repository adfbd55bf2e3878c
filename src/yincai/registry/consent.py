"""What consent is asked for, in plain words, and what holds now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from yincai.core.rules import rule
from yincai.registry.models import ConsentEntry, Purpose
from yincai.registry.queries import PersonOrId, class_of, id_of


@dataclass(frozen=True)
class Words:
    """For guardians, without terms of art."""

    purpose: str
    title: str
    kept: str
    seen: str
    without: str
    withdrawn: str


WORDS = {
    words.purpose: words
    for words in (
        Words(
            Purpose.PRACTICE.value,
            "保存练习记录",
            "孩子做过哪些题、对错、用时和看过的提示，抽样监测的成绩，以及由此算出的知识点掌握情况。记录里不写姓名，只有一个随机编号。",
            "孩子自己、您、教这个班的老师和校长。教育局只看汇总数字，人数太少的不显示。",
            "孩子照样可以练习，但退出登录后什么都不留下：没有复习安排，老师也看不到学情。",
            "撤回后不再保存新的；以前的记录如需删除，请向学校提出。",
        ),
        Words(
            Purpose.REPORT.value,
            "向家长展示学习情况",
            "不另外保存什么：用已保存的练习记录，在您的页面上写成几句话。",
            "只有您和孩子的其他监护人。",
            "您的页面上不显示学习情况，其他都不受影响。",
            "撤回后您的页面上不再显示学习情况，随时可以再同意。",
        ),
    )
}


def current(children: Iterable[UUID]) -> dict[UUID, dict[str, ConsentEntry]]:
    """The decision in force, by child and purpose: the one signed last; of one day, the one entered last."""
    found: dict[UUID, dict[str, ConsentEntry]] = {}
    for row in ConsentEntry.objects.filter(child__in=list(children)).order_by("signed_on", "at", "id"):
        found.setdefault(row.child_id, {})[row.purpose] = row
    return found


def in_force_for(child: PersonOrId) -> dict[str, ConsentEntry]:
    return current([id_of(child)]).get(id_of(child), {})


def allows(child: PersonOrId, purpose: str) -> bool:
    row = in_force_for(child).get(purpose)
    return row is not None and row.granted


def how_long(child: PersonOrId) -> str:
    """How long records are kept, by the rule where the child is."""
    school_class = class_of(child)
    months = rule("pi.keep", school_class.path if school_class else "").value
    kept = f"孩子不再在本市学校就读后，最多再保存 {months} 个月；"
    return kept + "之后删去编号与孩子的对应关系，剩下的数字不再指向任何人。"
