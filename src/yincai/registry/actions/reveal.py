"""Show a masked field whole, for a stated purpose. Each showing leaves an audit row with field and purpose."""

from __future__ import annotations

from yincai.core.action import ActionError, action, touched
from yincai.core.actors import Actor
from yincai.registry.models import Person
from yincai.registry.policies import REVEAL

PURPOSES = {
    "contact": "联系家长或本人",
    "enrolment": "办理学籍",
    "verify": "核对身份",
    "safety": "安全和救助",
}
FIELDS = {"pupil_number": "全国学籍号", "identity": "身份证件号", "phone": "电话", "note": "备注"}
FOR_TEACHERS = frozenset({"phone"})


@action(REVEAL)
def reveal(person: Person, field: str, purpose: str, *, acting_user: Actor) -> Person:
    """The caller then reads the field. Carries no idempotency key: shown twice is noted twice."""
    REVEAL.require(acting_user, person)
    if field not in FIELDS or purpose not in PURPOSES:
        raise ActionError("请选择要看哪一项、为了什么。")
    if acting_user.role_name == "teacher" and field not in FOR_TEACHERS:
        raise ActionError(f"教师不能查看{FIELDS[field]}，请找学校管理员。")
    return touched(person, f"registry.reveal.{field}.{purpose}", field=field)
