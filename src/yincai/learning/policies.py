"""Who may practise, and who may see and steer the learning of others.

Whoever teaches a class, whatever the subject, or heads its school, sees where it stands. What pupils are given to do in
a subject, and what is learned from their mistakes, is decided by those who teach them this subject.
"""

from __future__ import annotations

from django.db.models import Q

from yincai.core.actors import Actor
from yincai.core.permissions import permission
from yincai.learning.models import SUBJECTS
from yincai.registry.models import Teaching, in_force

SUBJECT = "math"


def taught_in_subject(actor: Actor) -> Q:
    """The classes that the actor teaches the subject."""
    taught = Teaching._base_manager.filter(in_force(), person=actor.person, subject=SUBJECTS[SUBJECT])
    return Q(pk__in=taught.values("school_class"))


PRACTISE = permission("learning.practise", "做练习", {"pupil"})
SEE_CLASS = permission("learning.see_class", "看班级学情", {"teacher", "head"})
STEER = permission("learning.steer", "布置和调整练习", {"teacher"}, taught_in_subject)
ATTRIBUTE = permission("learning.attribute", "确认或改正错因", {"teacher"}, taught_in_subject)
SWITCH_MODEL = permission("learning.model.switch", "重新拟合或换掌握情况的模型", {"city_officer", "admin"})
SEE_CHILD = permission("learning.see_child", "看孩子的学习情况", {"guardian"})
