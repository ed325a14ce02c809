"""What each part of the model is worth on a study's own folds: paired differences to the whole model, as TSV and forest plot.

python -m benchmarks.ablation STUDY [--members N] [--repeats N] [--only NAME ...] [--out FOLDER], after `groprog run STUDY` has
made encoded_tensors. Metric: C_IPCW at tau; intervals are Nadeau and Bengio's over folds. Nothing here chooses a setting.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from groprog_assets.figures.evaluation import differences_figure
from groprog_assets.figures.style import figure_bytes
from groprog_assets.io_managers import read_asset
from groprog_assets.methods.bootstrap import corrected_interval
from groprog_assets.model.cross_validation import cross_validate
from groprog_assets.model.inputs import BLOCKS, Fold, ModelInputs, Outcomes
from groprog_assets.model_columns import model_folds, model_inputs, model_outcomes
from groprog_assets.parameters import Parameters
from groprog_assets.workspace import open_workspace
from groprog_kernels.concordance import concordance

SETTINGS: dict[str, dict[str, dict[str, Any]]] = {
    "without balance (eq. 6)": {"network": {"energy_clamp": [0.5, 0.5]}},
    "without ranking (eq. 10)": {"objective": {"ranking_weight": 0.0}},
    "without coherence (eq. 7)": {"objective": {"coherence_weight": 0.0}},
    "without eq. 12": {"training": {"rate_balance": 0.0, "rate_clamp": [1.0, 1.0]}},
    "without eq. 13": {"objective": {"event_weight": 0.0}},
    "without EMA (eq. 14)": {"training": {"ema_decay": 1e-9}},
    "without gene deviation": {"representation": {"gene_deviation": False}},
    "without linear path": {"linear_path": {"enabled": False}},
}


def without_block(inputs: ModelInputs, block: str) -> ModelInputs:
    """The inputs with the descriptors of one Table 5 block unknown for every gene."""
    assert inputs.descriptors is not None
    kept = np.array([name not in inputs.blocks[block] for name in inputs.descriptor_names])
    return replace(inputs, descriptors=np.where(kept, inputs.descriptors, np.nan))


def by_fold(inputs: ModelInputs, outcomes: Outcomes, folds: list[Fold], parameters: Parameters) -> np.ndarray:
    """C_IPCW (folds,) of out-of-fold risks."""
    found = cross_validate(inputs, outcomes, folds, parameters, keep_models=False).out_of_fold
    values = []
    for fold in folds:
        inside = (found["repeat"] == fold.repeat) & (found["fold"] == fold.fold)
        rows, train = found["row"][inside], outcomes.take(fold.train)
        values.append(
            concordance(
                found["risk"][inside],
                outcomes.time[rows],
                outcomes.event[rows],
                train_time=train.time,
                train_event=train.event,
                tau=parameters.evaluation.tau_months,
                weight_power=2,
                unsupported="drop",
            ).cindex
        )
    return np.array(values)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", type=Path)
    parser.add_argument("--members", type=int, default=None)
    parser.add_argument("--repeats", type=int, default=None)
    parser.add_argument("--only", nargs="*", default=None)
    parser.add_argument("--out", type=Path, default=Path("."))
    options = parser.parse_args()
    workspace = open_workspace(options.study)
    cohort, expression, features, encoded = (
        read_asset(workspace, name).value()
        for name in ("cohort", "patient_expression", "normalized_features", "encoded_tensors")
    )
    given = workspace.study.parameters
    inputs, outcomes = model_inputs(cohort, expression, features, given.representation.mode), model_outcomes(cohort)
    folds = [
        fold for fold in model_folds(encoded.folds, cohort) if options.repeats is None or fold.repeat < options.repeats
    ]

    def changed(changes: dict[str, dict[str, Any]]) -> Parameters:
        document = given.model_dump()
        for group, values in changes.items():
            document[group].update(values)
        if options.members is not None:
            document["training"]["ensemble_seeds"] = options.members
        return Parameters.model_validate(document)

    variants: dict[str, tuple[ModelInputs, dict[str, dict[str, Any]]]] = {"without omics": (inputs.clinical_only(), {})}
    if inputs.descriptors is not None:
        variants |= {f"without {block} block": (without_block(inputs, block), {}) for block in BLOCKS}
    variants |= {name: (inputs, changes) for name, changes in SETTINGS.items()}
    whole = by_fold(inputs, outcomes, folds, changed({}))
    print(f"whole model: {np.nanmean(whole):.4f} over {len(folds)} folds", flush=True)
    share = len(folds[0].test) / len(folds[0].train)
    rows = []
    for name, (held, changes) in variants.items():
        if options.only is not None and name not in options.only:
            continue
        started = time.process_time()
        values = by_fold(held, outcomes, folds, changed(changes))
        _error, interval, p = corrected_interval(values - whole, share)
        row = {
            "model": name,
            "against": "whole model",
            "metric": "c_ipcw",
            "difference": float(np.nanmean(values - whole)),
        }
        rows.append({**row, "lower": interval.lower, "upper": interval.upper, "p_value": p})
        shown = f"{row['difference']:+.4f}  [{interval.lower:+.4f}, {interval.upper:+.4f}]"
        print(f"{name:28s} {shown}  {time.process_time() - started:.0f} CPU s", flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    names = ("model", "difference", "lower", "upper", "p_value")
    lines = ["\t".join(names), *("\t".join(str(row[name]) for name in names) for row in rows)]
    (options.out / "ablation.tsv").write_text("\n".join(lines) + "\n")
    (options.out / "ablation.png").write_bytes(figure_bytes(differences_figure({"differences": rows})))


if __name__ == "__main__":
    main()
