"""Checks of the patients before a run: leakage, small batches, external cohorts. They use the readers of the run.

Study and tables in, problems out; nothing is fitted that the run would keep. No Dagster.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from groprog_assets.errors import GroProgError, Problem
from groprog_assets.prognosis.external_cohorts import read_elsewhere
from groprog_assets.prognosis.leak_guard import leaks_in
from groprog_assets.store.artifacts import Bundle
from groprog_assets.study.schema import ExternalCohort, Study
from groprog_assets.study.text_tables import count_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from groprog_assets.methods.cohort.cohort import AssembledCohort
    from groprog_assets.prognosis.external_cohorts import Elsewhere


def patient_problems(
    study: Study, cohort: AssembledCohort, expression: Mapping[str, np.ndarray] | None, folds: pd.DataFrame
) -> list[Problem]:
    """Every problem of an assembled cohort that would end the run later: leaks, and batches too small for ComBat.

    expression: the patients' arrays, None where there is no matrix.
    """
    parameters = study.parameters
    columns = {field.name: field.column for field in study.patients.fields}
    problems = []
    for leak in leaks_in(Bundle(cohort._asdict()), expression, folds, parameters.cohort):
        column = f" ({columns[leak.field]})" if leak.field in columns else ""
        problems.append(replace(leak.problem(), where=f"cohort.fields, {leak.field}{column}"))
    mode = parameters.representation.mode
    if mode == "signature" and parameters.representation.harmonization == "combat" and study.patients.batch_column:
        problems += _small_batches(cohort.index, folds, study.patients.batch_column)
    return problems


def external_problems(
    external: ExternalCohort, study: Study, cohort: AssembledCohort, expression: Mapping[str, np.ndarray] | None
) -> list[Problem]:
    """Every problem of an external cohort, read as after training and compared with the study's own cohort and expression."""
    parameters = study.parameters
    try:
        read = read_elsewhere(
            external, study.patients, cohort, expression, parameters.cohort, parameters.representation.mode
        )
        found = _small_new_batches(external, read) if external.harmonize else []
    except GroProgError as error:
        found = error.problems
    return [replace(item, where=f"validation.{external.name}, {item.where}") for item in found]


def _small_batches(index: pd.DataFrame, folds: pd.DataFrame, column: str) -> list[Problem]:
    """Batches of which some training fold holds a patient, but fewer than ComBat needs."""
    from groprog_assets.fitting.harmonization import MINIMUM_PATIENTS

    batch = index.set_index("patient_id")["batch"]
    tested = folds.assign(batch=folds["patient_id"].map(batch))
    counts = tested.groupby(["repeat", "fold", "batch"]).size()
    everybody = batch[batch != ""].value_counts()
    problems = []
    for name, size in everybody.items():
        out = counts[counts.index.get_level_values("batch") == name]
        splits = tested[["repeat", "fold"]].drop_duplicates()
        held = [size - int(out.get((repeat, fold, name), 0)) for repeat, fold in splits.itertuples(index=False)]
        least = min((count for count in [size, *held] if count > 0), default=size)
        if least < MINIMUM_PATIENTS:
            problems.append(
                Problem(
                    f"cohort.batch_column, {column}",
                    f"batch {name!r} has {count_of(size, 'patient')}, {least} of them in one training fold",
                    f"A batch effect (ComBat) needs at least {MINIMUM_PATIENTS} patients in every training fold.",
                    f"Join the batch with another in the column {column}, leave its cells empty (these patients are then not "
                    "harmonised), or set parameters.representation.harmonization: none.",
                )
            )
    return problems


def _small_new_batches(external: ExternalCohort, read: Elsewhere) -> list[Problem]:
    from groprog_assets.fitting.harmonization import MINIMUM_PATIENTS

    if read.expression is None or not read.expression["values"].size:
        return []
    index = read.cohort.index[read.cohort.index["has_expression"]]
    sizes = index["batch"].where(index["batch"] != "", external.name).value_counts()
    return [
        Problem(
            "batch_column" if external.batch_column else "expression",
            f"batch {name!r} has {count_of(size, 'patient')} with expression",
            f"To place a batch beside the training patients needs at least {MINIMUM_PATIENTS} of them.",
            "Join it with another batch, or set harmonize: false.",
        )
        for name, size in sizes.items()
        if size < MINIMUM_PATIENTS
    ]
