"""How far a score should fall back towards clinical Cox with few events: random parts of cohorts, judged on other patients.

python -m benchmarks.few_events FOLDER [--draws 4] [--events 12 20 30]

FOLDER as in benchmarks.survset. Only the seven cohorts that may choose settings take part, and each part's model is judged on the
patients outside it (at most 1,500). Prints Harrell's C less that of the baseline clinical_cox: of the model without fallback, of
its linear path, of a ridge Cox of its clinical columns, and of mixtures of model and ridge Cox; means and standard errors by
number of events in the part, and the lowest of all.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from benchmarks.survset import CHOSE_SETTINGS, named_cohort
from groprog_assets.fitting.ridge_cox import choose_penalties, fit_blocks
from groprog_assets.fitting.stratified_folds import stratified_folds
from groprog_assets.methods.evaluation.baselines import RIDGE_PENALTIES, dummy_coding
from groprog_assets.model.cross_validation import fit_model
from groprog_assets.model.inputs import Outcomes
from groprog_assets.model.predict import predict
from groprog_assets.study.parameters import Parameters
from groprog_kernels.concordance import harrell

LARGEST, JUDGED, LEAST_JUDGED = 3000, 1500, 50
MIXTURES = (0.25, 0.5, 0.75)


def ridge(columns: np.ndarray, outcomes: Outcomes) -> np.ndarray:
    """Coefficients of a ridge Cox, its penalty chosen as that of the baseline clinical_cox."""
    folds = min(5, max(2, int(outcomes.event.sum())))
    inner = stratified_folds(outcomes.event, folds, np.random.default_rng([1, 2]))
    data = (outcomes.time, outcomes.event)
    chosen = choose_penalties([columns], *data, [(penalty,) for penalty in RIDGE_PENALTIES], inner)
    return fit_blocks([columns], *data, chosen.penalties)


def differences(folder: Path, name: str, events: int, draw: int, parameters: Parameters) -> dict[str, Any] | None:
    """C of each score less that of clinical_cox, for one random part; None where too few events are left to judge by."""
    cohort = named_cohort(folder, name, LARGEST, draw)
    inputs, outcomes = cohort.inputs, cohort.outcomes
    order = np.random.default_rng([draw, events, len(name)]).permutation(len(inputs))
    end = int(np.searchsorted(np.cumsum(outcomes.event[order]), events)) + 1
    train, test = np.sort(order[:end]), np.sort(order[end:])[:JUDGED]
    if int(outcomes.event[test].sum()) < LEAST_JUDGED:
        return None
    part, told = inputs.take(train), outcomes.take(train)
    fitted = fit_model(part, told, parameters, 0, 0)
    scored = predict(fitted.model, inputs.take(test))
    encoders = fitted.model.encoders
    design = encoders.transform(inputs).design
    design = design[:, : design.shape[1] - encoders.clinical.curve_columns()]
    clinic = dummy_coding(part, parameters).transform(inputs)
    alone = design[test] @ ridge(design[train], told)
    risks = {"model": scored.risk, "path": scored.linear, "clinical columns": alone}
    risks |= {f"{share} of the model": share * scored.risk + (1 - share) * alone for share in MIXTURES}
    judged = outcomes.take(test)
    found = {label: harrell(risk, judged.time, judged.event).cindex for label, risk in risks.items()}
    cox = harrell(clinic[test] @ ridge(clinic[train], told), judged.time, judged.event).cindex
    return {"cohort": name, "events": events} | {label: value - cox for label, value in found.items()}


def main() -> None:
    """Print means, standard errors and the lowest difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--draws", type=int, default=4)
    parser.add_argument("--events", type=int, nargs="+", default=[12, 20, 30])
    options = parser.parse_args()
    torch.set_num_threads(1)
    parameters = Parameters.model_validate({"linear_path": {"fallback_events": [0.0, 1.0]}})
    rows = [
        differences(options.folder, name, events, draw, parameters)
        for draw in range(options.draws)
        for events in options.events
        for name in CHOSE_SETTINGS
    ]
    table = pd.DataFrame([row for row in rows if row is not None]).drop(columns="cohort")
    grouped = table.groupby("events")
    for title, told in (("mean", grouped.mean()), ("standard error", grouped.sem())):
        print(title, told.round(4).to_string(), sep="\n")
    print("lowest", table.drop(columns="events").min().round(3).to_string(), sep="\n")


if __name__ == "__main__":
    main()
