"""Who may do what with the item bank."""

from __future__ import annotations

from django.db.models import Q

from yincai.core.actors import Actor
from yincai.core.permissions import permission
from yincai.core.scope import NOTHING, STEP

KEEPERS = ("researcher", "admin")
WRITERS = ("teacher", "school_admin", *KEEPERS)
READERS = (*WRITERS, "head", "district_officer", "city_officer", "expert")


def own_items(actor: Actor, prefix: str = "") -> Q:
    """Items of the actor's organisation and below; those of the whole city for whoever stands at its top."""
    citywide = Q(**{f"{prefix}place": ""}) if len(actor.place) <= STEP else NOTHING
    return Q(**{f"{prefix}place__startswith": actor.place}) | citywide if actor.place else citywide


FIND = permission("knowledge.item.find", "查看题库", READERS)
WRITE = permission("knowledge.item.write", "修改这道题", WRITERS, own_items)
IMPORT = permission("knowledge.item.import", "导入题库文件", ("school_admin", *KEEPERS))
DECIDE = permission("knowledge.item.decide", "裁定答案有矛盾的题", KEEPERS, lambda actor: own_items(actor, "second__"))
MAP = permission("knowledge.route.map", "确认目录与知识点的对应", KEEPERS)
FLAG = permission("knowledge.item.flag", "报告题目有误", ("pupil", "guardian", *READERS))
CLOSE = permission("knowledge.flag.close", "处理题目报错", WRITERS, lambda actor: own_items(actor, "item__"))
CALIBRATE = permission("knowledge.parameters.switch", "重算或启用题目参数", ("city_officer", "admin"))
