from __future__ import annotations

from yincai.registry.imports.command import ImportCommand


class Command(ImportCommand):
    help = "从 .xlsx 或 .csv 导入监测成绩"
    kind = "scores"
