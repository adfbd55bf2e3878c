"""Item response theory.

    from yincai.measurement import irt
    print(irt.fit(responses))            # array learners × items, NaN for a missing answer

`fit` and `fit_streamed` calibrate (rasch, 2pl, 3pl, grm, pcm, gpcm; D = 1); `bank` holds known items; `scores`,
`eapsum`, `item_information`, `test_information` and `marginal_reliability` use them. See
docs/explanation/measurement/irt.md.
"""

from __future__ import annotations

from yincai.measurement.irt.calibration import fit, fit_streamed
from yincai.measurement.irt.concurrent import Concurrent, fit_concurrent
from yincai.measurement.irt.dif import (
    LikelihoodRatioDif,
    LogisticDif,
    MantelHaenszel,
    likelihood_ratio_dif,
    logistic_dif,
    mantel_haenszel,
)
from yincai.measurement.irt.drift import Drift, drift
from yincai.measurement.irt.em import Checkpoint, Progress
from yincai.measurement.irt.facets import Facets, fit_facets
from yincai.measurement.irt.graded_dif import Mantel, OrdinalDif, mantel, ordinal_dif
from yincai.measurement.irt.information import (
    SumScores,
    eapsum,
    item_information,
    marginal_reliability,
    sum_score_likelihood,
    test_information,
)
from yincai.measurement.irt.item_fit import ItemFit, item_fit
from yincai.measurement.irt.items import MODELS, Bank, Item, bank, simulate
from yincai.measurement.irt.linking import (
    Equating,
    LeaveOneOut,
    Link,
    leave_one_out,
    link,
    linked,
    observed_score_equating,
    true_score_equating,
)
from yincai.measurement.irt.maximization import Priors
from yincai.measurement.irt.model_fit import ModelFit, model_fit
from yincai.measurement.irt.person_fit import PersonFit, person_fit
from yincai.measurement.irt.responses import Responses, pack, triplets
from yincai.measurement.irt.result import Fit, Latent
from yincai.measurement.irt.scoring import Scores, plausible_values, scores

__all__ = [
    "MODELS",
    "Bank",
    "Checkpoint",
    "Concurrent",
    "Drift",
    "Equating",
    "Facets",
    "Fit",
    "Item",
    "ItemFit",
    "Latent",
    "LeaveOneOut",
    "LikelihoodRatioDif",
    "Link",
    "LogisticDif",
    "Mantel",
    "MantelHaenszel",
    "ModelFit",
    "OrdinalDif",
    "PersonFit",
    "Priors",
    "Progress",
    "Responses",
    "Scores",
    "SumScores",
    "bank",
    "drift",
    "eapsum",
    "fit",
    "fit_concurrent",
    "fit_facets",
    "fit_streamed",
    "item_fit",
    "item_information",
    "leave_one_out",
    "likelihood_ratio_dif",
    "link",
    "linked",
    "logistic_dif",
    "mantel",
    "mantel_haenszel",
    "marginal_reliability",
    "model_fit",
    "observed_score_equating",
    "ordinal_dif",
    "pack",
    "person_fit",
    "plausible_values",
    "scores",
    "simulate",
    "sum_score_likelihood",
    "test_information",
    "triplets",
    "true_score_equating",
]
