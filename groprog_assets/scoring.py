"""New patients through the current model: read with the study's own field map, nothing fitted again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from groprog_assets.errors import CohortError, Problem
from groprog_assets.io_managers import read_asset
from groprog_assets.model_columns import columns, score_table
from groprog_assets.study import Expression
from groprog_assets.workspace import Workspace


def score_patients(workspace: Workspace, patients: Path, expression: Path | None) -> Any:
    """Table risk_scores of the patients in a clinical table; outcomes are neither needed nor read.

    Raises CohortError with every problem of the table, ArtifactError when the study has no model yet.
    """
    from groprog_assets.methods.clinical_records import read_covariates
    from groprog_assets.methods.clinical_tables import read_table
    from groprog_assets.methods.patient_expression import read_expression
    from groprog_assets.model.checkpoint import load_model
    from groprog_assets.model.inputs import ModelInputs
    from groprog_assets.model.predict import predict

    bundle = read_asset(workspace, "risk_model").value()
    features = read_asset(workspace, "normalized_features").value()
    fields = read_asset(workspace, "cohort").value().fields
    cohort = workspace.study.cohort
    table = read_table(patients)
    used = set(fields.loc[fields["used"], "field"])
    wanted = [field for field in cohort.fields if field.name in used]
    absent = [name for name in (cohort.patient_column, *(field.column for field in wanted)) if name not in table.cells]
    if absent:
        shown = ", ".join(map(str, table.cells.columns))
        raise CohortError(
            [
                Problem(str(patients), f"no column {name!r}", f"The columns are {shown}.", "Add it; blanks may stay.")
                for name in absent
            ]
        )
    identifiers = table.cells[cohort.patient_column].str.strip()
    records, problems = read_covariates(table, identifiers, wanted)
    if identifiers.duplicated().any():
        problems.append(
            Problem(str(patients), "a patient stands twice", "One row a patient.", "Remove the repetition.")
        )
    if problems:
        raise CohortError(problems)
    given = None
    if expression is not None:
        scale = cohort.expression.scale if cohort.expression else "log"
        changed = cohort.model_copy(update={"expression": Expression(path=expression, scale=scale)})
        given = read_expression(changed, records["patient_id"].tolist())
    inputs = ModelInputs.from_columns(
        columns(records),
        columns(fields),
        given,
        columns(features.table),
        columns(features.constants),
        bundle.summary["mode"] if given is not None else "clinical",
    )
    model = load_model({name: blob.content for name, blob in bundle.files.items()})
    return score_table(predict(model, inputs), None, bundle.summary["model_version"])
