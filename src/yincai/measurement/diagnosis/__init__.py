"""Cognitive diagnosis: which skills a learner holds, from right and wrong answers and a Q-matrix.

from yincai.measurement import diagnosis
model = diagnosis.fit(responses, q_matrix, "dina")
diagnosis.score(model, new_responses).skills
"""

from __future__ import annotations

from yincai.measurement.diagnosis.classes import MODELS, Design, allowed_classes
from yincai.measurement.diagnosis.fitting import fit
from yincai.measurement.diagnosis.q_validation import QVerdict, validate_q
from yincai.measurement.diagnosis.result import Diagnosis, Starts
from yincai.measurement.diagnosis.scoring import Scores, class_posterior, score

__all__ = [
    "MODELS",
    "Design",
    "Diagnosis",
    "QVerdict",
    "Scores",
    "Starts",
    "allowed_classes",
    "class_posterior",
    "fit",
    "score",
    "validate_q",
]
