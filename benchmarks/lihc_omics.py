"""TCGA-LIHC with all its omics on the 25 shared splits: model, baselines and related work, paired intervals, CPU seconds.

python -m benchmarks.lihc_omics FOLDER [--splits N] [--output TSV]

FOLDER holds the cBioPortal tables and splits.json, with data_mutation_binary.txt.gz and data_cna.txt.gz. Nothing here chooses a
setting: everything runs with its defaults. Gene sets of the pathway layer are the terms that studies/mcf7_lihc names.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.lihc import STUDY, read_cohort
from groprog_assets.methods.cohort.patient_matrices import read_patient_matrix
from groprog_assets.methods.evaluation.baselines import baselines
from groprog_assets.methods.evaluation.related_work import FORMS, METRICS, compare_related
from groprog_assets.model.cross_validation import cross_validate
from groprog_assets.model.encoders import Encoders
from groprog_assets.model.inputs import ModelInputs
from groprog_assets.model.patient_matrix import matrices_of
from groprog_assets.model.related_work.views import views_of
from groprog_assets.prognosis.related_methods import fit_method, gene_sets
from groprog_assets.study.check import load_study
from groprog_assets.study.parameters import Parameters
from groprog_assets.study.schema import Matrix


def with_matrices(inputs: ModelInputs, folder: Path) -> ModelInputs:
    """The inputs with mutations and copy number of the folder."""
    arrays = {}
    for name, file in (("mutations", "data_mutation_binary.txt.gz"), ("copy_number", "data_cna.txt.gz")):
        matrix = Matrix(name=name, kind=name, path=folder / file)  # type: ignore[arg-type]
        arrays |= read_patient_matrix(matrix, inputs.patient_id.tolist(), {})
    return replace(inputs, matrices=matrices_of(arrays, inputs.patient_id))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--splits", type=int, default=25)
    parser.add_argument("--output", type=Path, default=None, help="TSV of every out-of-fold risk")
    options = parser.parse_args()
    parameters = Parameters()
    bare, outcomes, folds = read_cohort(options.folder)
    inputs = with_matrices(bare, options.folder)
    folds = [fold for fold in folds if fold.repeat < max(1, options.splits // 5)]
    seconds: dict[str, float] = {}
    tables = []

    def keep(model: str, rows: pd.DataFrame, began: float) -> None:
        seconds[model] = seconds.get(model, 0.0) + time.process_time() - began
        tables.append(rows[["repeat", "fold", "patient_id", "risk"]].assign(model=model))

    for fold in folds:
        for model, given in (("groprog", inputs), ("groprog_without_matrices", bare)):
            began = time.process_time()
            found = cross_validate(given, outcomes, [fold], parameters, keep_models=False).out_of_fold
            keep(model, pd.DataFrame({name: found[name] for name in ("repeat", "fold", "patient_id", "risk")}), began)
            if model == "groprog":
                keep("linear_path", pd.DataFrame(found).assign(risk=found["linear_risk"]), time.process_time())
        print(f"repeat {fold.repeat} fold {fold.fold}", flush=True)
    genes = set(inputs.genes).union(*(matrix.genes for matrix in inputs.matrices))
    sets = gene_sets(load_study(STUDY).ontology, genes)
    for fold in folds:
        encoders = Encoders.fit(inputs.take(fold.train), parameters)
        train, test = (views_of(encoders, inputs.take(rows)) for rows in (fold.train, fold.test))
        for method in FORMS:
            began = time.process_time()
            score = fit_method(method, train, outcomes.take(fold.train), parameters.training.seed + fold.fold, sets)
            assert score is not None
            rows = {"patient_id": inputs.patient_id[fold.test], "risk": score(test)}
            keep(method, pd.DataFrame(rows).assign(repeat=fold.repeat, fold=fold.fold), began)
    held = pd.concat(
        [pd.DataFrame({"repeat": f.repeat, "fold": f.fold, "patient_id": inputs.patient_id[f.test]}) for f in folds]
    ).astype({"repeat": "int32", "fold": "int32"})
    table = pd.DataFrame({"patient_id": inputs.patient_id, "time": outcomes.time, "event": outcomes.event})
    records, described = {"patient_id": inputs.patient_id}, []
    for spec in inputs.fields:
        values = inputs.covariates[spec.name]
        records[spec.name] = values if spec.kind == "continuous" else pd.Series(values).where(values != "").to_numpy()
        row = {"field": spec.name, "kind": spec.kind, "unit": "", "levels": json.dumps(spec.levels), "used": True}
        described.append(row | {"known_at_days": 0.0, "block": "state", "reason": "", "missing": 0})
    expression = {"values": inputs.expression, "patient_id": inputs.patient_id, "gene": np.array(inputs.genes)}
    began = time.process_time()
    peers = baselines(
        pd.DataFrame(records),
        pd.DataFrame(described),
        table,
        expression,  # type: ignore[arg-type]
        held,
        parameters,
    )
    seconds["three baselines"] = time.process_time() - began
    tables.append(peers.table[["model", "repeat", "fold", "patient_id", "risk"]])
    risks = pd.concat(tables, ignore_index=True)
    if options.output is not None:
        risks.to_csv(options.output, sep="\t", index=False)
    document = compare_related(risks, [], table, held, parameters.evaluation, parameters.training.seed)
    print(f"{len(folds)} splits, {len(sets)} gene sets\n{'':28s}{METRICS[0]:34s}{METRICS[1]:34s}CPU s")
    for row in document["rows"]:
        shown = ""
        for metric in METRICS:
            own = row[metric]
            against = ""
            if "difference" in own:
                interval = f"{own['difference_lower']:+.3f} {own['difference_upper']:+.3f}"
                against = f" {own['difference']:+.4f} ({interval})"
            shown += f"{own['estimate']:.4f}{against}".ljust(34)
        print(f"{row['method']:28s}{shown}{seconds.get(row['method'], float('nan')):.0f}")
    print(f"three baselines {seconds['three baselines']:.0f} CPU s")
    ratio = seconds["groprog"] / seconds["groprog_without_matrices"]
    print(f"model with mutations and copy number over without: {ratio:.2f} x CPU")


if __name__ == "__main__":
    main()
