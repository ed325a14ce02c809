"""Training one fold of the cross-validation, with or without omics, or the final model on all patients."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from groprog_assets.compute.compute_pool import Here, Pool
from groprog_assets.model.checkpoint import model_version, save_model
from groprog_assets.model.cross_validation import Fitted, HistoryRow, cross_validate, train_final
from groprog_assets.model.device import single_threaded
from groprog_assets.model.encoded_files import EVERYONE, encoded_fold, name_of
from groprog_assets.model.few_events import limits_of
from groprog_assets.model.inputs import ModelInputs, Outcomes
from groprog_assets.prognosis.model_columns import model_folds, model_inputs, model_outcomes, search_log
from groprog_assets.prognosis.robustness_runs import FoldStability
from groprog_assets.store.artifacts import Blob, Bundle
from groprog_assets.study.annotation_files import some
from groprog_assets.study.parameters import Parameters
from groprog_assets.tables.values import Document, Values

NOUN = "risk_model"
IN_THREADS = False
"""Dropout draws from torch's one generator, so two trainings in a process would take each other's numbers."""
TOLD_EPOCHS = 25


def parts(folds: pd.DataFrame) -> list[Document]:
    """What is to be trained for the table `folds`: every fold with omics, every fold without, and the model on everyone."""
    places = range(len(folds[["repeat", "fold"]].drop_duplicates()))
    return [{"kind": kind, "place": place} for kind in ("folds", "clinical") for place in places] + [{"kind": "final"}]


def compute(shared: Values, part: Values, here: Here) -> Document:
    """out_of_fold, history (columns) and, with omics, the tables stability, agreement, search of a fold of `shared`, and the
    share of clinical Cox in its scores.

    The part of kind `final` gives the final model: history, search, files, and a summary of what it is. Training goes on from
    the state in `here.scratch` where there is one.
    """
    parameters = Parameters.model_validate_json(shared["parameters"])
    given = (shared["cohort"], shared["patient_expression"], shared["normalized_features"])
    inputs = model_inputs(*given, parameters.representation.mode, shared["source_cohorts"])
    outcomes = model_outcomes(shared["cohort"])
    kind, tensors = part["kind"], shared["encoded_tensors"]
    folder = None if here.scratch is None else here.scratch / kind

    def tell(row: HistoryRow) -> None:
        if here.progress is not None and row["epoch"] % TOLD_EPOCHS == 0:
            where = f"repeat {row['repeat']} fold {row['fold']} member {row['seed']}"
            here.progress(f"{where} epoch {row['epoch']} {row['stage']}")

    with single_threaded():
        if kind == "final":
            given = encoded_fold(tensors, EVERYONE)
            return _final(train_final(inputs, outcomes, parameters, tell, folder, given), inputs, outcomes)
        fold = [model_folds(tensors["folds"], shared["cohort"])[part["place"]]]
        name = name_of(fold[0].repeat, fold[0].fold)
        given = encoded_fold(tensors, name)
        if kind == "clinical":
            bare, read = inputs.clinical_only(), {name: given.clinical_only()}
            crossed = cross_validate(bare, outcomes, fold, parameters, tell, folder, keep_models=False, encoded=read)
            return {"kind": kind, "out_of_fold": crossed.out_of_fold, "history": crossed.history}
        stability = FoldStability(outcomes, parameters.perturbation, parameters.training.seed)
        crossed = cross_validate(
            inputs,
            outcomes,
            fold,
            parameters,
            tell,
            folder,
            keep_models=False,
            inspect=stability.inspect,
            encoded={name: given},
        )
    made = {"kind": kind, "out_of_fold": crossed.out_of_fold, "history": crossed.history, "search": search_log(crossed)}
    made["left_out"] = {f"repeat {fold[0].repeat} fold {fold[0].fold}": given.encoders.left_out(inputs)}
    made |= {"transferred": crossed.transferred, "uncalibrated": crossed.before}
    return {**made, **stability.tables(), "clinical_cox_share": crossed.clinical_cox_shares[0]}


def on_pool(pool: Pool, shared: Values, folds: pd.DataFrame, parameters: Parameters, here: Here) -> Bundle:
    """The value of the asset risk_model: all `parts` of the table `folds` trained where the pool computes, put together.

    shared: values of the assets cohort, patient_expression, normalized_features, source_cohorts and encoded_tensors.
    """
    made = pool.map(NOUN, {**shared, "parameters": parameters.model_dump_json()}, parts(folds), here)
    value = Bundle(joined(made))
    if here.progress is not None:
        for row in value.summary.get("assays_left_out", []):
            here.progress(f"{row['name']} left out of {some(row['where'], 4)}: {row['reason']}")
    return value


def joined(made: Sequence[Values]) -> Document:
    """The members of the asset's value from the results of all `parts`.

    The summary tells each fold's share of clinical Cox where one has any.
    """
    folds, clinical = ([one for one in made if one["kind"] == kind] for kind in ("folds", "clinical"))
    final = made[-1]
    shares = [one["clinical_cox_share"] for one in folds]
    return {
        "out_of_fold": _columns(folds, "out_of_fold").assign(model="groprog"),
        "clinical_out_of_fold": _columns(clinical, "out_of_fold").assign(model="groprog_clinical"),
        "uncalibrated": _columns(folds, "uncalibrated").assign(model="groprog_uncalibrated"),
        "history": _columns([*folds, final], "history"),
        "stability": pd.concat([one["stability"] for one in folds], ignore_index=True),
        "agreement": pd.concat([one["agreement"] for one in folds], ignore_index=True),
        "search": pd.concat([one["search"] for one in [*folds, final]], ignore_index=True),
        "files": final["files"],
        "signature": final["signature"],
        "transferred": {"final": final["transferred"], "folds": [row for one in folds for row in one["transferred"]]},
        "summary": {
            **final["summary"],
            **told_left_out([final, *folds]),
            **({"clinical_cox_share_of_folds": shares} if any(shares) else {}),
        },
    }


def told_left_out(made: Sequence[Values]) -> Document:
    """assays_left_out: a row an assay, or kind of covariate, and reason, with the models and folds where it is so; {} where none
    is left out."""
    where: dict[tuple[str, str], list[str]] = {}
    for one in made:
        for model, reasons in one["left_out"].items():
            for name, why in reasons.items():
                where.setdefault((name, " ".join(why.split())), []).append(model)
    rows = [{"name": name, "reason": why, "where": models} for (name, why), models in where.items()]
    return {"assays_left_out": rows} if rows else {}


def _final(final: Fitted, inputs: ModelInputs, outcomes: Outcomes) -> Document:
    files = save_model(final.model)
    summary = {
        "model_version": model_version(files),
        "mode": inputs.mode,
        "patients": len(inputs),
        "events": int(outcomes.event.sum()),
        "members": len(final.model.members),
        "stacking": list(final.stacking),
        "network_from_events": final.model.parameters.network.least_events,
        "model_from_events": limits_of(final.model.encoders, final.model.parameters)[1],
        "clinical_cox_share": final.clinical_cox_share,
        "linear_penalties": list(final.model.linear_penalties),
        "branches": [dict(row) for row in final.branches],
    }
    blobs = Bundle({name: Blob(content, Path(name).suffix) for name, content in files.items()})
    made = {"kind": "final", "history": final.history, "search": search_log(final)}
    made["left_out"] = {"the final model": final.model.encoders.left_out(inputs)}
    parts = {"signature": dict(final.signature or {}), "transferred": dict(final.transferred or {})}
    return {**made, "files": blobs, "summary": summary, **parts}


def _columns(made: Sequence[Values], name: str) -> pd.DataFrame:
    """Columns of several results one after another; the first one's names are everyone's."""
    tables = [one[name] for one in made]
    return pd.DataFrame({key: np.concatenate([table[key] for table in tables]) for key in tables[0]})
