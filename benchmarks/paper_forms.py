"""The source paper's forms that are off by default, one by one, on simulated studies: Harrell's C of held-out patients.

python -m benchmarks.paper_forms STUDY.yaml ... [--tokens]. Each study is simulated with a seed of its own and was run to
normalized_features with `descriptors: {key_locus_activity: true, coordination: true, tracks: true}`. A row a form: mean C of the
linear path over the folds of all studies, the difference from the path without the form, and Nadeau and Bengio's interval. The
forms that only eq. 1's maps read are measured with --tokens, on the network in the paper's form alone.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from groprog_assets.fitting.stratified_folds import stratified_folds
from groprog_assets.methods.annotation.gene_assignment import representative_unit
from groprog_assets.methods.evaluation.bootstrap import corrected_interval
from groprog_assets.methods.features.normalized_features import normalize
from groprog_assets.model.cross_validation import cross_validate, fit_path
from groprog_assets.model.inputs import Fold, ModelInputs, Outcomes
from groprog_assets.model.linear import path_columns
from groprog_assets.prognosis.model_columns import model_inputs, model_outcomes
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.readings import load_asset
from groprog_assets.store.workspace import Workspace
from groprog_assets.study.parameters import NormalizationParameters, Parameters
from groprog_kernels.concordance import harrell

FOLDS = 5
ASKED = ("key_locus_activity", "key_locus_response", "chromatin_coordination", "track_")
Change = dict[str, dict[str, Any]]
PATH_FORMS: dict[str, tuple[tuple[str, ...], Change]] = {
    "key loci from signal": (("key_locus_activity", "key_locus_response"), {}),
    "response x coordination": (("chromatin_coordination",), {}),
    "coordination as a prior, 1": (
        ("chromatin_coordination",),
        {"representation": {"coordination_prior": 1.0}, "signature": {"response_by_coordination": False}},
    ),
    "coordination as a prior, 4": (
        ("chromatin_coordination",),
        {"representation": {"coordination_prior": 4.0}, "signature": {"response_by_coordination": False}},
    ),
    "local tracks": (("track_",), {}),
    "screened responses": ((), {}),
    "pausing cap .2": ((), {"representation": {"pausing_cap": 0.2}}),
}
TOKENS: Change = {
    "network": {"form": "paper"},
    "representation": {"pooling": "tokens"},
    "linear_path": {"enabled": False},
}
TOKEN_FORMS: dict[str, tuple[tuple[str, ...], Change]] = {
    "upstream apart": ((), {"representation": {"separate_upstream": True}}),
    "ranked fractions": ((), {}),
    "local tracks": (("track_",), {}),
}


def inputs_of(study: Path, kept: tuple[str, ...], form: str) -> tuple[ModelInputs, Outcomes]:
    """Patients of a study with the usual descriptors and those that begin with a name of `kept`."""
    workspace = Workspace(study)
    raw = load_asset(workspace, "gene_features")
    raw = raw.drop(columns=[name for name in raw if name.startswith(ASKED) and not (kept and name.startswith(kept))])
    if form == "screened responses":
        units = representative_unit(
            load_asset(workspace, "differential_transcription").table, load_asset(workspace, "genes")
        )
        none = (units["direction"].reindex(raw["gene"]) == "none").to_numpy()
        raw.loc[none, ["log2_fold_change", "significance"]] = 0.0
    made = normalize(raw, NormalizationParameters(rank_fractions=form == "ranked fractions"))
    features = Bundle(table=made.table, constants=made.constants)
    cohort, expression = load_asset(workspace, "cohort"), load_asset(workspace, "patient_expression")
    return model_inputs(cohort, expression, features, "signature"), model_outcomes(cohort)


def changed(*changes: Change) -> Parameters:
    """The defaults with the values of `changes`."""
    groups: Change = {}
    for change in changes:
        for group, values in change.items():
            groups.setdefault(group, {}).update(values)
    return Parameters.model_validate(groups)


def by_path(inputs: ModelInputs, outcomes: Outcomes, fold: Fold, settings: Parameters) -> np.ndarray:
    """Risks of the linear path on the held-out patients."""
    encoders, path = fit_path(inputs.take(fold.train), outcomes.take(fold.train), settings, 0, fold.fold)
    assert path is not None
    return np.asarray(path_columns(encoders.transform(inputs.take(fold.test))) @ path.whole)


def by_network(inputs: ModelInputs, outcomes: Outcomes, fold: Fold, settings: Parameters) -> np.ndarray:
    """Risks of the network alone on the held-out patients."""
    found = cross_validate(inputs, outcomes, [fold], settings, keep_models=False).out_of_fold
    return np.asarray(found["risk"][np.argsort(found["row"])])


Scorer = Callable[[ModelInputs, Outcomes, Fold, Parameters], np.ndarray]


def concordances(study: Path, kept: tuple[str, ...], form: str, settings: Parameters, score: Scorer) -> list[float]:
    """Harrell's C on each test fold; equal folds for every form."""
    inputs, outcomes = inputs_of(study, kept, form)
    dealt = stratified_folds(outcomes.event, FOLDS, np.random.default_rng(0))
    found = []
    for number in range(FOLDS):
        fold = Fold(0, number, np.flatnonzero(dealt != number), np.flatnonzero(dealt == number))
        judged = outcomes.take(fold.test)
        found.append(float(harrell(score(inputs, outcomes, fold, settings), judged.time, judged.event).cindex))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("studies", type=Path, nargs="+")
    parser.add_argument("--tokens", action="store_true")
    options = parser.parse_args()
    forms, base, score = (TOKEN_FORMS, TOKENS, by_network) if options.tokens else (PATH_FORMS, {}, by_path)
    plain: list[float] = []
    for form, (kept, change) in {"none": ((), {}), **forms}.items():
        began = time.process_time()
        settings = changed(base, change)
        found = [c for study in options.studies for c in concordances(study, kept, form, settings, score)]
        plain = plain or found
        differences = np.array(found) - np.array(plain)
        row = f"{form:28s}{np.mean(found):7.4f}"
        if differences.any():
            _, (lower, upper), _ = corrected_interval(differences, 1 / (FOLDS - 1))
            row += f"  {differences.mean():+.4f} ({lower:+.4f} to {upper:+.4f})"
        print(f"{row}  {time.process_time() - began:.0f} CPU s", flush=True)


if __name__ == "__main__":
    main()
