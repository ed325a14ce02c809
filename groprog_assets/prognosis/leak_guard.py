"""Leakage check on the tables of a study: the same columns and rows are judged before a run and in it. No Dagster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from groprog_assets.prognosis.model_columns import columns, further_omics, model_folds, model_outcomes
from groprog_assets.study.parameters import CohortParameters

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from groprog_assets.model.leakage import Leak
    from groprog_assets.store.artifacts import Bundle


def leaks_in(
    cohort: Bundle,
    expression: Mapping[str, np.ndarray] | None,
    folds: pd.DataFrame,
    parameters: CohortParameters,
) -> list[Leak]:
    """`Leak`s (model/leakage) among the used covariates of a cohort and the rows of its expression and further matrices.

    cohort: value of the asset cohort; folds: table folds. The landmark decides by when a covariate must be known.
    """
    from groprog_assets.model.inputs import ModelInputs
    from groprog_assets.model.leakage import find_leaks

    given = expression if expression is not None and expression["values"].size else None
    mode = "clinical" if given is None else "signature"
    inputs = ModelInputs.from_columns(columns(cohort.records), columns(cohort.fields), given, mode=mode)  # type: ignore[arg-type]
    inputs = replace(inputs, matrices=further_omics(expression or {}, inputs.patient_id))
    where = model_folds(folds, cohort)
    return find_leaks(
        inputs, model_outcomes(cohort), where, parameters.leak_concordance, parameters.landmark_days, parameters
    )


def told_leaks(
    cohort: Bundle,
    expression: Mapping[str, np.ndarray] | None,
    folds: pd.DataFrame,
    parameters: CohortParameters,
) -> list[tuple[str, str]]:
    """(name, reason and remedy) of every leak that `leaks_in` finds."""
    found = leaks_in(cohort, expression, folds, parameters)
    return [(leak.field, f"{leak.reason}. {leak.problem().remedy}") for leak in found]
