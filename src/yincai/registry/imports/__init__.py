"""Tables that schools bring: read, checked cell by cell, previewed, applied as a job, undone to the last row."""

from yincai.registry.imports import places, pupils, staff, timetable  # noqa: F401 - each registers its kinds
from yincai.registry.imports.kinds import IMPORTS

__all__ = ["IMPORTS"]
