"""Adaptive tests: selection, constraints, exposure, stopping, estimation, and forms assembled by optimisation.

Forms are in `adaptive.forms`, imported by itself because it brings the solver with it.
"""

from yincai.measurement.adaptive.ability import eap, information, mle, wle
from yincai.measurement.adaptive.plan import Plan, plan
from yincai.measurement.adaptive.pool import Constraint, Pool, restricted
from yincai.measurement.adaptive.rules import Rules, Start
from yincai.measurement.adaptive.simulation import Simulation, drawn, simulate, sympson_hetter
from yincai.measurement.adaptive.sitting import Choice, Result, Sitting, answer, begin, done, next_item, result

__all__ = [
    "Choice",
    "Constraint",
    "Plan",
    "Pool",
    "Result",
    "Rules",
    "Simulation",
    "Sitting",
    "Start",
    "answer",
    "begin",
    "done",
    "drawn",
    "eap",
    "information",
    "mle",
    "next_item",
    "plan",
    "restricted",
    "result",
    "simulate",
    "sympson_hetter",
    "wle",
]
