"""Risks of each fold's held-out patients when their inputs or the seed change. A model in, rows of two tables out.

Between the model, which disturbs and scores, and the methods, which compare; called while a fold's model is at hand.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from groprog_assets.study.experiment_parameters import PerturbationParameters

if TYPE_CHECKING:
    import pandas as pd

    from groprog_assets.model.inputs import Fold, ModelInputs, Outcomes
    from groprog_assets.model.risk_model import RiskModel


class FoldStability:
    """Collects rows of `risk_stability` and `member_agreement` over the folds of a cross-validation; see `inspect`."""

    def __init__(self, outcomes: Outcomes, parameters: PerturbationParameters, seed: int):
        self._outcomes, self._parameters, self._seed = outcomes, parameters, seed
        self._stability: list[dict[str, object]] = []
        self._agreement: list[dict[str, object]] = []

    def inspect(self, fold: Fold, model: RiskModel, inputs: ModelInputs) -> None:
        """Score the held-out patients of `fold` again under every perturbation and compare; no model or outcome is changed."""
        import numpy as np

        from groprog_assets.methods.evaluation.robustness_metrics import linear_cka, risk_stability
        from groprog_assets.model.perturbation import member_view, perturbations
        from groprog_assets.model.predict import predict

        outcomes = self._outcomes.take(fold.test)
        place = {"repeat": fold.repeat, "fold": fold.fold}
        clean = predict(model, inputs).risk
        for item in perturbations(model, inputs, self._parameters, self._seed + 7919 * fold.repeat + fold.fold):
            found = risk_stability(clean, predict(model, item.inputs).risk, outcomes.time, outcomes.event)
            row = {"kind": item.kind, "level": item.level, "draw": item.draw, "spearman": found.spearman[0]}
            self._stability.append({**place, **row, "cindex": found.cindex[0], "loss": found.loss[0]})
        view = member_view(model, inputs)
        for first, second in combinations(range(len(view.risk)), 2):
            ranks = risk_stability(view.risk[first], view.risk[second], outcomes.time, outcomes.event)
            alike = {
                "cka": np.float64(linear_cka(view.h[first], view.h[second])),
                "score_cka": np.float64(linear_cka(view.terms[first], view.terms[second])),
            }
            row = {"first": first, "second": second, "spearman": ranks.spearman[0], **alike}
            self._agreement.append({**place, **row})

    def tables(self) -> dict[str, pd.DataFrame]:
        """{"stability": table risk_stability, "agreement": table member_agreement}; without rows where nothing applies."""
        import pandas as pd

        from groprog_assets.tables import TABLES, conform

        rows = {"risk_stability": self._stability, "member_agreement": self._agreement}
        made = {
            name: conform(pd.DataFrame(found, columns=[column.name for column in TABLES[name].columns]), name)
            for name, found in rows.items()
        }
        return {"stability": made["risk_stability"], "agreement": made["member_agreement"]}
