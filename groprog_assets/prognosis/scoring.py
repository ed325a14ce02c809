"""Scores of new patients by the model in use: read with the study's own field map, checked against the model's vocabulary.

Nothing is fitted again, and no patient's score depends on another's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from groprog_assets.errors import CohortError, Problem
from groprog_assets.prognosis.model_columns import columns, labelled_genes, score_table
from groprog_assets.prognosis.new_patients import NewPatients, read_assays_of
from groprog_assets.prognosis.patient_libraries import measure_patients
from groprog_assets.prognosis.standing_model import champion_model, read_standing_or_newest
from groprog_assets.store.artifacts import digest_bytes
from groprog_assets.store.workspace import Workspace
from groprog_assets.study.schema import Cohort, Expression, Matrix
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Values

if TYPE_CHECKING:
    import pandas as pd

    from groprog_assets.model.inputs import ModelInputs
    from groprog_assets.model.predict import Prediction
    from groprog_assets.model.risk_model import RiskModel


class Scored(NamedTuple):
    """table: risk_scores with a `notes` column; prediction, inputs, model: what it came from; labels: {function: its genes}.

    notices: what was read of the assays and does not count. files: rows of role, file (its name) and sha256 of what was read of
    the patients; derivation: of the `risk_model` that scored them.
    """

    table: pd.DataFrame
    prediction: Prediction
    inputs: ModelInputs
    model: RiskModel
    labels: dict[str, set[str]]
    notices: tuple[str, ...]
    files: list[dict[str, str]]
    derivation: str


def score_patients(workspace: Workspace, given: NewPatients) -> Scored:
    """Scores of the patients in a clinical table; outcomes are neither needed nor read.

    Patients without expression or libraries are scored by the other branches; one who is not in a matrix, or in no assay, counts
    as average there. Assays are carried through the constants of the model: normalisation, batches, factors, gene sets, strata.

    A batch column of the study that the table has is read: effects of batches seen in training are taken out as there. Raises
    CohortError with every problem of the tables (absent column, value that is no level, repeated patient, another unit, scale or
    naming than the training data, expression for a model that reads none, a patient of whom nothing is known), ArtifactError
    when the study has no model yet.
    """
    from dataclasses import replace

    from groprog_assets.methods.cohort.clinical_records import field_columns, read_covariates, unread_values
    from groprog_assets.methods.cohort.clinical_tables import absent_columns, missing_cells, read_table
    from groprog_assets.methods.cohort.patient_matrices import read_omics
    from groprog_assets.model.checkpoint import load_model
    from groprog_assets.model.inputs import ModelInputs
    from groprog_assets.model.patient_matrix import matrices_of
    from groprog_assets.model.predict import predict
    from groprog_assets.model.vocabulary import nothing_known, refusals, statements

    patients, expression, libraries = given.patients, given.expression, given.libraries
    bundle, features, fields = champion_model(workspace)
    cohort = workspace.study.patients
    table = read_table(patients)
    used = set(fields.loc[fields["used"], "field"])
    asked = [field for field in cohort.fields if field.name in used]
    needed = [("The patient", cohort.patient_column), *field_columns(asked)]
    if absent := absent_columns(table, needed, "Add it; its cells may be empty."):
        raise CohortError(absent)
    identifiers = table.cells[cohort.patient_column].str.strip()
    problems = _identifier_problems(patients, identifiers)
    rules = workspace.study.parameters.cohort
    records, found = read_covariates(table, identifiers, asked, rules.plausible_ranges, True, rules.landmark_days)
    if problems + found:
        raise CohortError(problems + found)
    mode = bundle.summary["mode"]
    _only_what_is_read(mode, expression, libraries)
    described = columns(features.table)
    if libraries is not None:
        described = measure_patients(workspace, libraries, records["patient_id"].tolist(), features)
    scale = cohort.expression.scale if cohort.expression else "log"
    own = None if expression is None else Expression(path=expression, scale=scale)
    changed = cohort.model_copy(update={"expression": own, "matrices": _named(cohort, given.matrices)})
    omics = read_omics(changed, records["patient_id"].tolist())
    inputs = ModelInputs.from_columns(
        columns(records),
        columns(fields),
        omics if own is not None else None,
        described,
        columns(features.constants),
        mode if expression is not None or libraries is not None else "clinical",
    )
    model = load_model({name: blob.content for name, blob in bundle.files.items()})
    assays = read_assays_of(given, workspace.study, model, inputs.patient_id.tolist())
    inputs = replace(inputs, matrices=(*matrices_of(omics, inputs.patient_id), *assays.read))
    if cohort.batch_column in table.cells:
        cells = table.cells[cohort.batch_column]
        inputs = replace(inputs, batch=cells.where(~missing_cells(cells), "").to_numpy(dtype=str))
    refused = refusals(model, inputs) + nothing_known(model, inputs)
    if refused:
        raise CohortError(refused)
    prediction = predict(model, inputs)
    scored = score_table(prediction, None, bundle.summary["model_version"]).drop(columns="out_of_fold_risk")
    few = _few_events(bundle.summary)
    said = zip(unread_values(table, asked), statements(model, inputs))
    scored["notes"] = ["; ".join([*_clock(model), *few, *unread, *stated]) for unread, stated in said]
    held = (prediction, inputs, model, labelled_genes(features))
    derivation = read_standing_or_newest(workspace, "risk_model").derivation
    return Scored(scored, *held, assays.notices, given.digests(), derivation)


def _named(cohort: Cohort, matrices: Mapping[str, Path]) -> list[Matrix]:
    """The matrices of the study with the files of the new patients; CohortError for a name the study does not have."""
    known = {matrix.name: matrix for matrix in cohort.matrices}
    strange = [name for name in matrices if name not in known]
    if strange:
        rule = f"The study's matrices are {', '.join(known) or 'none'}."
        raise CohortError([Problem("--matrix", name, rule, "Score without it, or use that name.") for name in strange])
    return [known[name].model_copy(update={"path": path}) for name, path in matrices.items()]


def _clock(model: RiskModel) -> list[str]:
    """The note that every patient has when the model's months do not count from baseline."""
    landmark = model.parameters.cohort.landmark_months
    return [] if landmark is None else [f"months count from the landmark at {landmark:g} months"]


def _few_events(summary: Values) -> list[str]:
    """The note that every patient has when the score fell back towards clinical Cox."""
    share = summary.get("clinical_cox_share", 0.0)
    if not share:
        return []
    events = count_of(summary["events"], "event")
    return [f"{100 * share:.0f} % of the score is clinical Cox's: the model was trained on {events}"]


def _only_what_is_read(mode: str, expression: Path | None, libraries: Path | None) -> None:
    for path, what, reader in ((expression, "expression", "signature"), (libraries, "libraries", "matched")):
        if path is not None and mode != reader:
            rule = f"The model is in {mode} mode and reads no {what}."
            raise CohortError(Problem(str(path), what, rule, f"Score without --{what}."))


def _identifier_problems(path: Path, identifiers: pd.Series) -> list[Problem]:
    from groprog_assets.methods.cohort.identity import spelling_problems

    problems = spelling_problems(identifiers.tolist(), str(path))
    empty, repeated = identifiers == "", identifiers[identifiers.duplicated() & (identifiers != "")].unique()
    if not len(identifiers):
        problems.append(Problem(str(path), "no patient", "One row a patient.", "Give at least one."))
    if empty.any():
        problems.append(
            Problem(
                str(path),
                f"{count_of(int(empty.sum()), 'row')} without an identifier",
                "One a patient.",
                "Fill or remove them.",
            )
        )
    if len(repeated):
        names = ", ".join(repeated[:5])
        problems.append(
            Problem(
                str(path),
                f"{count_of(len(repeated), 'patient stands', 'patients stand')} twice ({names})",
                "One row a patient.",
                "Keep one of them.",
            )
        )
    return problems


def lineage_of(scored: Scored, name: str, content: bytes) -> bytes:
    """JSON of where the table `content` of the file `name` comes from: model, its derivation, and the files read, by digest."""
    made = {
        "scores": {"file": name, "sha256": digest_bytes(content), "patients": len(scored.table)},
        "model_version": str(scored.table["model_version"].iloc[0]),
        "risk_model": scored.derivation,
        "read": scored.files,
    }
    return (json.dumps(made, indent=2) + "\n").encode()


def patient_pages(workspace: Workspace, scored: Scored) -> dict[str, bytes]:
    """{file name: HTML page} of every scored patient: risk, percentile, survival curve, drivers, what was missing."""
    import numpy as np

    from groprog_assets.figures.patient_page import render_patient
    from groprog_assets.model.explain import explain
    from groprog_kernels.cox import survival_probability

    explanation = explain(scored.model, scored.inputs)
    last = float(max(scored.model.parameters.evaluation.survival_months))
    months = np.arange(0.0, last + 0.5)
    prediction, baseline = scored.prediction, scored.model.baseline
    curves = [
        survival_probability(baseline, risk, months) for risk in (prediction.risk, prediction.upper, prediction.lower)
    ]
    average = {
        reference: survival_probability(baseline, np.array([reference]), months)[0].tolist()
        for reference in set(explanation.reference.tolist())
    }
    landmark = scored.model.parameters.cohort.landmark_months
    pages = {}
    own = _assay_values(scored)
    apart = explanation.gene.sum(axis=1) + explanation.alteration.sum(axis=1)
    unexplained = explanation.block.sum(axis=1) + explanation.residual - apart
    for row, score in enumerate(scored.table.to_dict("records")):
        covariates = {name: values[row] for name, values in scored.inputs.covariates.items()}
        covariates |= {name: values[row] for name, values in own.items()}
        genes = dict(zip(explanation.genes, explanation.gene[row].tolist()))
        altered = dict(zip(explanation.alterations, explanation.alteration[row].tolist()))
        labels = {name: sum(genes.get(gene, 0.0) for gene in sorted(held)) for name, held in scored.labels.items()}
        pages[page_name(score["patient_id"])] = render_patient(
            {
                "study": workspace.study.title or workspace.study.name,
                "endpoint": workspace.study.patients.endpoint.name,
                "score": score,
                "notes": [note for note in score["notes"].split("; ") if note and note not in _clock(scored.model)],
                "horizons": scored.prediction.horizons.tolist(),
                "months": months.tolist(),
                "survival": curves[0][row].tolist(),
                "survival_lower": curves[1][row].tolist(),
                "survival_upper": curves[2][row].tolist(),
                "average": average[float(explanation.reference[row])],
                "reference": float(explanation.reference[row]),
                "fields": dict(zip(explanation.fields, explanation.field[row].tolist())),
                "assays": {name: altered.pop(name) for name in own},
                "values": covariates,
                "genes": genes | altered,
                "labels": labels if score["genes_used"] else {},
                "genes_total": len(explanation.genes),
                "members": len(scored.model.members),
                "landmark": landmark,
                "unexplained": float(unexplained[row]),
                "patients": scored.model.training_patients,
                "events": scored.model.training_events,
                "files": scored.files,
            }
        )
    return pages


def _assay_values(scored: Scored) -> dict[str, list[float]]:
    """{covariate of the assays as explanations name it: its value of each patient, NaN where the assays do not give it}."""
    from groprog_assets.model.assay_encoder import AssayEncoder

    held = {matrix.name: matrix for matrix in scored.inputs.matrices}
    found: dict[str, list[float]] = {}
    for encoder in scored.model.encoders.matrices:
        if isinstance(encoder, AssayEncoder):
            values = encoder.values(held.get(encoder.name), len(scored.inputs))
            found |= {f"{encoder.name}: {name}": values[:, k].tolist() for k, name in enumerate(encoder.genes)}
    return found


def page_name(patient: str) -> str:
    """The page's file name: the identifier, or a digest of it where it would make no safe file name."""
    safe = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}", patient)
    return f"{patient if safe else digest_bytes(patient.encode())[:16]}.html"
