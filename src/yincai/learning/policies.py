"""Who may practise, and who may see and steer the learning of others."""

from __future__ import annotations

from yincai.core.permissions import permission

PRACTISE = permission("learning.practise", "做练习", {"pupil"})
SEE_CLASS = permission("learning.see_class", "看班级学情", {"teacher", "head"})
STEER = permission("learning.steer", "布置和调整练习", {"teacher"})
ATTRIBUTE = permission("learning.attribute", "确认或改正错因", {"teacher"})
SWITCH_MODEL = permission("learning.model.switch", "重新拟合或换掌握情况的模型", {"city_officer", "admin"})
SEE_CHILD = permission("learning.see_child", "看孩子的学习情况", {"guardian"})
