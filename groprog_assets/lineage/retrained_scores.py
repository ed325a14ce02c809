"""Training the final model again on recorded tables, with one patient's rows replaced, and scoring that patient.

Tables and parameters in, a risk out; nothing is stored. No Dagster.
"""

from __future__ import annotations

from typing import Any

from groprog_assets.errors import LedgerError, Problem
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.derivations import Record
from groprog_assets.tables.values import Arrays, Document

SEED = "seed"


def training_parameters(model: Record) -> Document:
    """Everything training declared, by dotted name; the seed under its own."""
    flat = {
        f"{group.partition('.')[2]}.{name}": value
        for group, values in model["parameters"].items()
        for name, value in values.items()
    }
    seed = flat.pop("training.seed")
    return {**flat, SEED: seed}


def parameters_of(model: Record, seed: Any = None, notes: list[str] | None = None) -> Any:
    """The parameters a model was trained with, or the same with another seed; what this program does not know is noted."""
    from groprog_assets.study.parameters import RETIRED, Parameters

    flat = training_parameters(model)
    recorded = flat.pop(SEED)
    flat["training.seed"] = recorded if seed is None else seed
    groups: dict[str, Document] = {}
    for name, value in flat.items():
        if name in RETIRED:
            continue
        group, _, key = name.partition(".")
        if group not in Parameters.model_fields or key not in type(getattr(Parameters(), group)).model_fields:
            (notes if notes is not None else []).append(f"{name} is unknown to this version; counted with code")
            continue
        groups.setdefault(group, {})[key] = value
    return Parameters.model_validate(groups)


def trained_risk(
    cohort: Bundle,
    expression: Arrays,
    features: Any,
    parameters: Any,
    own_table: Bundle,
    own_expression: Arrays,
    patient: str,
    sources: Bundle | None = None,
) -> float:
    """The risk of `patient`, as `own_table` and `own_expression` have him, by the final model trained on the rest.

    cohort, expression, features, sources: as in the assets of these names (sources: source_cohorts).
    Log relative hazard. Raises what training raises.
    """
    from groprog_assets.model.cross_validation import train_final
    from groprog_assets.prognosis.model_columns import model_inputs, model_outcomes

    inputs = model_inputs(cohort, expression, features, parameters.representation.mode, sources)
    fitted = train_final(inputs, model_outcomes(cohort), parameters)
    return float(scored(fitted.model, own_table, own_expression, features, parameters, patient).risk[0])


def scored(model: Any, cohort: Bundle, expression: Arrays, features: Any, parameters: Any, patient: str) -> Any:
    """The prediction for one patient of a cohort: a Prediction of one row. LedgerError when he is not in it."""
    from groprog_assets.model.predict import predict
    from groprog_assets.prognosis.model_columns import model_inputs

    alone = Bundle(cohort, records=cohort.records[cohort.records["patient_id"] == patient])
    if not len(alone.records):
        rule = "Both models must have the patient."
        raise LedgerError(Problem("--patient", "not in the cohort of one of the models", rule, "Check the id."))
    return predict(model, model_inputs(alone, expression, features, parameters.representation.mode))


def with_row(table: Bundle, other: Bundle, patient: str) -> Bundle:
    """`table` with the patient's index, records and outcome as in `other`: replaced, added at the end, or taken out; columns
    that `other` lacks are missing."""
    import pandas as pd

    if table is other:
        return table
    made = Bundle(table)
    for name in ("index", "records", "outcomes"):
        held, given = table[name], other[name]
        row = given[given["patient_id"] == patient].reindex(columns=held.columns)
        here = held["patient_id"] == patient
        place = int(here.to_numpy().argmax()) if here.any() else len(held)
        rest = held[~here]
        joined = pd.concat([rest.iloc[:place], row, rest.iloc[place:]], ignore_index=True)
        made[name] = joined if row.isna().to_numpy().any() else joined.astype(held.dtypes.to_dict())
    return made


def with_expression(held: Document, other: Document, patient: str) -> Document:
    """Expression and further matrices with the patient's row as in `other`, which may have none; genes are those of `held`."""
    from groprog_assets.methods.cohort.patient_matrices import matrix_names, members_of

    if held is other:
        return held
    made = dict(held)
    there = ["", *matrix_names(other)]
    for name in ("", *matrix_names(held)):
        mine = members_of(held, name)
        theirs = members_of(other, name if name in there else "")
        if name not in there:
            theirs = {part: values[:0] for part, values in mine.items()}
        swapped = _with_row_of(mine, theirs, patient)
        made |= {f"{name}.{part}" if name else part: values for part, values in swapped.items()}
    return made


def _with_row_of(held: Document, other: Document, patient: str) -> Document:
    import numpy as np

    away = held["patient_id"] != patient
    values, names = held["values"][away], held["patient_id"][away]
    there = np.flatnonzero(other["patient_id"] == patient)
    if there.size:
        at = {gene: place for place, gene in enumerate(other["gene"].tolist())}
        row = other["values"][there[0]]
        aligned = np.array([row[at[gene]] if gene in at else np.nan for gene in held["gene"].tolist()], np.float32)
        values, names = np.vstack([values, aligned[None]]), np.append(names, patient)
    return {**held, "values": values, "patient_id": names}
