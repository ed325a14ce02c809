"""The finished model on an external cohort, which is read as the study's own cohort is. Tables in, evaluation and scores out.

Nothing is fitted on these patients except, where the study asks for it, the place of their expression batches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from groprog_assets.errors import CohortError, GroProgError, Problem
from groprog_assets.prognosis.model_columns import columns, model_inputs
from groprog_assets.store.artifacts import Bundle
from groprog_assets.study.files import clinical_path
from groprog_assets.study.parameters import CohortParameters, Parameters
from groprog_assets.study.schema import Cohort, ExternalCohort, SourceCohort
from groprog_assets.study.text_tables import table_layout

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from groprog_assets.methods.cohort.clinical_records import ClinicalRecords
    from groprog_assets.methods.cohort.cohort import AssembledCohort
    from groprog_assets.methods.cohort.overlap import Overlap
    from groprog_assets.model.inputs import ModelInputs
    from groprog_assets.model.risk_model import RiskModel

EXPLAINED = 500
"""Training patients whose contributions weigh what an external cohort lacks; evenly taken from larger cohorts."""


class Trained(NamedTuple):
    """What the model was made from: model, asset values cohort, patient_expression and normalized_features, mode, parameters,
    version."""

    model: RiskModel
    cohort: Bundle
    expression: dict[str, np.ndarray]
    features: Bundle
    mode: str
    parameters: Parameters
    version: str


class Elsewhere(NamedTuple):
    """An external cohort as read: AssembledCohort, expression arrays or None, {field: why it is absent}, how many patients were
    left out because they are in the training cohort, and in words how that was seen."""

    cohort: AssembledCohort
    expression: dict[str, np.ndarray] | None
    absent: dict[str, str]
    shared: int
    seen_by: str


def trained_from(risk_model: Bundle, cohort: Bundle, expression: dict[str, np.ndarray], features: Bundle) -> Trained:
    """The model of a value of the asset risk_model, with the values it was trained on."""
    from groprog_assets.model.checkpoint import load_model

    model = load_model({name: blob.content for name, blob in risk_model.files.items()})
    summary = risk_model.summary
    return Trained(model, cohort, expression, features, summary["mode"], model.parameters, summary["model_version"])


def validate_cohorts(externals: Sequence[ExternalCohort], own: Cohort, trained: Trained) -> Bundle:
    """Bundle(cohorts: a document for each external cohort; scores: table external_scores), also without any cohort."""
    import pandas as pd

    from groprog_assets.tables import TABLES, conform

    found = [validate_cohort(external, own, trained) for external in externals]
    empty = pd.DataFrame(columns=[column.name for column in TABLES["external_scores"].columns])
    tables = [table.assign(model_version=trained.version) for _, table in found]
    scores = conform(pd.concat(tables, ignore_index=True) if tables else empty, "external_scores")
    return Bundle(cohorts=[document for document, _ in found], scores=scores)


def validate_cohort(external: ExternalCohort, own: Cohort, trained: Trained) -> tuple[dict[str, object], pd.DataFrame]:
    """(document of the external cohort, table of its scores). `own`: the study's cohort section.

    Raises CohortError with every problem of the tables, or when values lie where the model cannot honestly score them; each
    names the cohort.
    """
    try:
        return _validated(external, own, trained)
    except GroProgError as error:
        problems = [replace(item, where=f"validation.{external.name}, {item.where}") for item in error.problems]
        raise CohortError(problems or [Problem(f"validation.{external.name}", str(error), "", "")]) from error


def _validated(external: ExternalCohort, own: Cohort, trained: Trained) -> tuple[dict[str, object], pd.DataFrame]:
    import numpy as np

    from groprog_assets.methods.evaluation import external_validation as method
    from groprog_assets.model.predict import predict
    from groprog_assets.model.vocabulary import refusals, statements
    from groprog_assets.prognosis.model_columns import score_table

    read = read_elsewhere(external, own, trained.cohort, trained.expression, trained.parameters.cohort, trained.mode)
    fields = trained.cohort.fields
    records = read.cohort.records.copy()
    for name in fields.loc[fields["used"] & ~fields["field"].isin(records.columns), "field"]:
        records[name] = np.nan if fields.set_index("field").loc[name, "kind"] == "continuous" else None
    inputs, said = _inputs(external, read, records, trained)
    refused = refusals(trained.model, inputs)
    if refused:
        raise CohortError(refused)
    model, parameters = trained.model, trained.parameters
    prediction, without = predict(model, inputs), predict(model, inputs.clinical_only())
    outcomes = read.cohort.outcomes
    scores = {"groprog": method.survival_frame(prediction.patient_id, prediction.risk, model.baseline, parameters)}
    if inputs.mode != "clinical" or inputs.matrices:
        scores["groprog_without_omics"] = method.survival_frame(
            without.patient_id, without.risk, model.baseline, parameters
        )
    scores["clinical_cox"] = method.clinical_cox_elsewhere(
        (trained.cohort.records, fields, trained.cohort.outcomes), records, parameters
    )
    shares = _contributions(trained)
    present = _present_genes(inputs)
    notes = Counter(
        note
        for row in statements(model, inputs)
        for note in row
        if not note.startswith("missing:") and "genes" not in note
    )
    document = {
        "name": external.name,
        "patients": len(outcomes),
        "events": int(outcomes["event"].sum()),
        "endpoint": external.endpoint.name,
        "summary": read.cohort.summary,
        "lost": method.what_was_lost(*shares, read.absent, present),
        "shared_patients": {"left_out": read.shared, "seen_by": read.seen_by},
        "without_omics": int((prediction.genes_used == 0).sum()),
        "harmonization": said,
        "notes": [{"note": note, "patients": count} for note, count in notes.most_common(20)],
        "risk": {
            "training_mean": float(model.training_risk.mean()),
            "training_sd": float(model.training_risk.std()),
            "mean": float(prediction.risk.mean()),
            "sd": float(prediction.risk.std()),
        },
        "evaluation": method.evaluate_external(scores, outcomes, model.training_risk, parameters),
    }
    table = score_table(prediction, None, "").drop(columns=["out_of_fold_risk", "model_version"])
    return document, table.assign(cohort=external.name)


def read_elsewhere(
    external: ExternalCohort | SourceCohort,
    own: Cohort,
    training: AssembledCohort | Bundle,
    training_expression: Mapping[str, np.ndarray] | None,
    settings: CohortParameters,
    mode: str,
) -> Elsewhere:
    """The tables of an external cohort through the readers of the study's own; fields without a column are named, not refused.

    training: the study's cohort (AssembledCohort or the asset's value) and its expression arrays, against which patients are
    compared. Raises CohortError with every problem of the tables, and for
    patients who are in the training cohort too, unless the study says what to do with them (`shared_patients`).
    """
    from groprog_assets.methods.cohort.clinical_records import read_clinical
    from groprog_assets.methods.cohort.cohort import assemble_cohort
    from groprog_assets.methods.cohort.overlap import overlap
    from groprog_assets.methods.cohort.patient_matrices import read_omics

    given = with_fields_it_has(external.as_cohort(own))
    used = training.fields.loc[training.fields["used"], "field"].tolist()
    collected_there = {field.name for field in given.fields}
    absent = {name: "not collected there" for name in used if name not in collected_there}
    read = read_clinical(given, settings, trained=True)
    expression = None
    held = given_of(given, mode)
    if held.expression is not None or held.matrices:
        expression = read_omics(held, read.records["patient_id"].tolist())
    found = overlap(
        (training.records, training.outcomes, training_expression),
        (read.records, read.outcomes, expression),
        settings.chance_of_identical_rows,
    )
    shared = found.everyone(identifiers=external.shared_patients != "renumbered")
    nobody_else = bool(read.outcomes["patient_id"].isin(shared).all())
    if shared and (external.shared_patients == "refuse" or nobody_else):
        raise CohortError(_shared(str(given.clinical), found, len(read.records), nobody_else))
    records, outcomes, lost = _without(shared, read)
    try:
        cohort = assemble_cohort(
            records, outcomes, read.fields, read.exclusions, expression, given, settings, left_out=lost
        )
    except CohortError as error:
        if not shared:
            raise
        told = f" ({len(shared)} of {len(read.records)} left out, who are in the study's cohort: {found})"
        raise CohortError([replace(one, value=one.value + told) for one in error.problems]) from None
    for row in cohort.fields.itertuples():
        if row.field in used and row.missing == len(records):
            absent[row.field] = "no patient has a value"
    return Elsewhere(cohort, expression, absent, len(shared), found.counted() if shared else "")


def _shared(path: str, found: Overlap, patients: int, nobody_else: bool) -> Problem:
    """The refusal of a cohort that shares patients with the training cohort."""
    if nobody_else:
        rule = "Another cohort has patients whom the study's own does not have."
        seen = f"of {patients} patients, all who have an outcome are in the training cohort too: {found}"
        return Problem(path, seen, rule, "Give the table of another centre, or remove this cohort from the study file.")
    return Problem(
        path,
        f"of {patients} patients some are in the training cohort too: {found}",
        "A model is no stranger to the patients it was trained on: its accuracy on them is no external one.",
        "Remove them, or set shared_patients: leave_out (they are left out and counted)"
        + (
            "; where each centre numbered its own patients, shared_patients: renumbered."
            if found.by_identifier and not (found.by_row or found.by_expression)
            else "."
        ),
    )


def _without(shared: list[str], read: ClinicalRecords) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, dict[str, int]]]:
    """(records, outcomes, patients left out by reason and event) of ClinicalRecords without the shared patients."""
    lost = dict(read.summary["left_out"])
    if not shared:
        return read.records, read.outcomes, lost
    gone = read.outcomes["patient_id"].isin(shared)
    events = int(read.outcomes.loc[gone, "event"].sum())
    lost["also in the training cohort"] = {"event": events, "censored": int(gone.sum()) - events, "unknown": 0}
    return read.records[~read.records["patient_id"].isin(shared)], read.outcomes[~gone], lost


def given_of(given: Cohort, mode: str) -> Cohort:
    """The cohort with the omics that a model in `mode` reads: expression in signature mode alone, further matrices always."""
    return given if mode == "signature" else given.model_copy(update={"expression": None})


def with_fields_it_has(given: Cohort) -> Cohort:
    """The cohort with the fields whose columns its table has. Raises CohortError where that is none."""
    from groprog_assets.methods.cohort.clinical_records import field_columns

    held = set(table_layout(clinical_path(given.clinical)).columns)
    usable = [field for field in given.fields if {column for _, column in field_columns([field])} <= held]
    if not usable:
        rule = f"One of the fields is needed: {', '.join(field.name for field in given.fields)}."
        raise CohortError(Problem(str(given.clinical), "no field of the model", rule, "List them under fields."))
    return given.model_copy(update={"fields": usable})


def _inputs(
    external: ExternalCohort, read: Elsewhere, records: pd.DataFrame, trained: Trained
) -> tuple[ModelInputs, str]:
    """ModelInputs of the external patients, and what was done about their batches."""
    import numpy as np

    from groprog_assets.model.inputs import ModelInputs
    from groprog_assets.model.patient_matrix import matrices_of
    from groprog_assets.model.vocabulary import naming_problems

    given = read.expression if read.expression is not None and read.expression["values"].size else None
    mode = trained.mode if given is not None else "clinical"
    inputs = ModelInputs.from_columns(
        columns(records),
        columns(trained.cohort.fields),
        given,
        columns(trained.features.table),
        columns(trained.features.constants),
        mode,  # type: ignore[arg-type]
    )
    inputs = replace(inputs, matrices=matrices_of(read.expression or {}, inputs.patient_id))
    if inputs.mode == "clinical":
        return inputs, "no expression: scored by the clinical branch alone"
    if problems := naming_problems(trained.model, inputs):
        raise CohortError(problems)
    declared = read.cohort.index["batch"].to_numpy(dtype=str)
    batch = np.where(declared == "", external.name, declared)
    if not external.harmonize:
        return inputs, "none: expression taken as it is"
    return _beside_training(inputs, batch, external.name, trained)


def _beside_training(inputs: ModelInputs, batch: np.ndarray, name: str, trained: Trained) -> tuple[ModelInputs, str]:
    """The expression of each new batch put beside the training patients, whose constants stay as they are."""
    import numpy as np

    from groprog_assets.fitting.harmonization import fit_harmonization, fit_new_batch, harmonize

    fitted = trained.model.encoders.harmonization
    if fitted is None:
        own = model_inputs(trained.cohort, trained.expression, trained.features, trained.mode)
        assert own.expression is not None
        genes, reference = own.genes, fit_harmonization(own.expression, np.full(len(own), ""))
    else:
        genes, reference = fitted.genes, fitted.constants
    held = inputs.with_genes(genes)
    assert held.expression is not None
    values = held.expression.astype(np.float64)
    measured = np.isfinite(values).any(axis=1)
    for one in sorted(set(batch[measured].tolist())):
        rows = measured & (batch == one)
        label = f"{name}/{one}"
        values[rows] = harmonize(
            values[rows], np.full(int(rows.sum()), label), fit_new_batch(values[rows], label, reference)
        )
    count = len(set(batch[measured].tolist()))
    said = (
        f"ComBat: {count} batch{'es' if count > 1 else ''} of this cohort placed beside the training patients, whose constants "
        "stay; a score depends on who else is in the batch"
    )
    return replace(held, expression=values), said


def _contributions(trained: Trained) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """({field: mean absolute contribution}, {gene: the same}) over training patients."""
    import numpy as np

    from groprog_assets.model.explain import explain

    inputs = model_inputs(trained.cohort, trained.expression, trained.features, trained.mode)
    rows = np.unique(np.linspace(0, len(inputs) - 1, min(len(inputs), EXPLAINED)).astype(int))
    found = explain(trained.model, inputs.take(rows))
    return (
        dict(zip(found.fields, np.abs(found.field).mean(axis=0).tolist())),
        dict(zip(found.genes, np.abs(found.gene).mean(axis=0).tolist())),
    )


def _present_genes(inputs: ModelInputs) -> set[str]:
    import numpy as np

    if inputs.expression is None:
        return set()
    return {gene for gene, known in zip(inputs.genes, np.isfinite(inputs.expression).any(axis=0)) if known}
