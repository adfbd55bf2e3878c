"""Who may see figures, and for whom a figure opens to names."""

from __future__ import annotations

from yincai.core.permissions import permission

SEE = permission(
    "indicators.see",
    "看统计数字",
    {"teacher", "head", "school_admin", "researcher", "district_officer", "city_officer"},
)
SEE_MODELS = permission(
    "indicators.see_models",
    "看模型说明",
    {"teacher", "head", "school_admin", "researcher", "district_officer", "city_officer", "admin"},
)
AUDIT_MODELS = permission("indicators.audit_models", "检查模型的公平和漂移", {"city_officer", "admin"})
SEE_ITEMS = permission(
    "indicators.see_items",
    "看题目对各组是否一样难",
    {"researcher", "district_officer", "city_officer", "admin"},
)
# Only those who teach or head the pupils; the scope of these two roles is just their classes, or their school.
REVEAL = permission(
    "indicators.reveal", "看到一个数字背后的学生", {"teacher", "head"}, where=lambda actor: actor.scope.down("path")
)
