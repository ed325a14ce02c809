"""The risk model on TCGA-LIHC's 25 shared splits: Harrell C and C_IPCW(5 y) of the model, its linear path and its network.

python -m benchmarks.lihc FOLDER [--members N] [--splits N] [--anchor-columns]

FOLDER holds the cBioPortal tables and splits.json. Columns are those of the anchors in docs/model.md with N and M beside T of TNM
(left out by --anchor-columns), laboratory values in the units that studies/mcf7_lihc states. Nothing here chooses a setting: the
model is run with the defaults of parameters.py.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import re
import time
from pathlib import Path

import numpy as np
import torch

from groprog_assets.fitting.covariates import FieldSpec, numbers
from groprog_assets.methods.cohort.clinical_units import in_stated_unit
from groprog_assets.model.cross_validation import fit_model
from groprog_assets.model.inputs import Fold, ModelInputs, Outcomes
from groprog_assets.model.predict import predict
from groprog_assets.model.representation import Batch
from groprog_assets.study.check import load_study
from groprog_assets.study.parameters import Parameters
from groprog_kernels.concordance import concordance, harrell

DAYS_PER_MONTH = 30.4375
STUDY = Path(__file__).parents[1] / "studies" / "mcf7_lihc" / "study.yaml"
CONTINUOUS = ("AGE", "AFP", "ALBUMIN", "BILIRUBIN_TOTAL", "CREATININE", "PLATELETS", "INR", "ECOG")
CATEGORICAL = ("SEX", "RACE", "RESIDUAL_TUMOR", "VASCULAR_INVASION", "INFLAMMATION", "FAMILY_HISTORY")
BESIDE_T = ("PATH_N_STAGE", "PATH_M_STAGE")
ORDINAL = {
    "STAGE": ("Stage I", "Stage II", "Stage III", "Stage IV"),
    "GRADE": ("G1", "G2", "G3", "G4"),
    "PATH_T_STAGE": ("T1", "T2", "T3", "T4"),
    "CHILD_PUGH": ("A", "B", "C"),
    "ISHAK": ("0", "1", "3", "5", "6"),
}
CAUSES = ("alcohol", "hepatitis b", "hepatitis c", "non-alcoholic", "no history")


def read_cohort(folder: Path, anchor_columns: bool = False) -> tuple[ModelInputs, Outcomes, list[Fold]]:
    """Inputs (333 patients, 27 fields, 1,550 genes without nascent descriptors), outcomes in months, the shared splits.

    With `anchor_columns` 25 fields: of TNM T alone, as the anchors had it.
    """
    splits = json.loads((folder / "splits.json").read_text())
    text = (folder / "data_clinical_patient.txt").read_text().splitlines()
    rows = {
        row["PATIENT_ID"]: row
        for row in csv.DictReader((line for line in text if not line.startswith("#")), delimiter="\t")
    }
    held = [rows[patient] for patient in splits["ids"]]
    columns = {name: np.array([row[name] for row in held], dtype=object) for name in held[0]}
    columns["STAGE"] = np.array([re.sub("[ABC]$", "", value) for value in columns["AJCC_PATHOLOGIC_TUMOR_STAGE"]])
    columns["PATH_T_STAGE"] = np.array([value[:2] for value in columns["PATH_T_STAGE"]])
    columns["ISHAK"] = np.array([value[:1] for value in columns["ISHAK"]])
    columns["BMI"] = numbers(columns["WEIGHT"]) / (numbers(columns["HEIGHT"]) / 100) ** 2
    cohort = load_study(STUDY).cohort
    assert cohort is not None
    for field in cohort.fields:
        if field.units:
            name = "BMI" if field.height_column else field.column
            columns[name] = in_stated_unit(numbers(columns[name]), field.units).values
    fields = [FieldSpec(name) for name in (*CONTINUOUS, "BMI")]
    fields += [FieldSpec(name, "categorical") for name in CATEGORICAL + (() if anchor_columns else BESIDE_T)]
    fields += [FieldSpec(name, "ordinal", levels=levels) for name, levels in ORDINAL.items()]
    for cause in CAUSES:
        told = columns["RISK_FACTORS"]
        columns[cause] = np.array(["" if not value else str(cause in value.lower()) for value in told])
        fields.append(FieldSpec(cause, "categorical"))
    with gzip.open(folder / "data_mrna_seq_zscores.txt.gz", "rt") as handle:
        reader = csv.reader(handle, delimiter="\t")
        patients = next(reader)[1:]
        table = [(row[0], row[1:]) for row in reader]
    expression = {
        "values": np.array([numbers(np.array(values, dtype=object)) for _, values in table]).T,
        "patient_id": np.array(patients),
        "gene": np.array([gene for gene, _ in table]),
    }
    inputs = ModelInputs.from_columns({"patient_id": np.array(splits["ids"]), **columns}, fields, expression)
    outcomes = Outcomes(
        numbers(columns["OS_MONTHS"]), np.array([value.startswith("1") for value in columns["OS_STATUS"]])
    )
    everyone = np.arange(len(inputs))
    folds = []
    for split in splits["splits"]:
        test = np.array(split["test"])
        folds.append(Fold(split["rep"], split["fold"], np.setdiff1d(everyone, test), test))
    return inputs, outcomes, folds


def scores(risk: np.ndarray, test: Outcomes, train: Outcomes) -> list[float]:
    """Harrell C, and C_IPCW truncated at 1825 days with G from the training fold, of risks (n,)."""
    truncated = concordance(
        risk,
        test.time,
        test.event,
        train_time=train.time,
        train_event=train.event,
        tau=1825.0 / DAYS_PER_MONTH,
        ties="comparable",
        unsupported="drop",
    )
    return [harrell(risk, test.time, test.event).cindex, truncated.cindex]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--members", type=int, default=None)
    parser.add_argument("--splits", type=int, default=25)
    parser.add_argument("--anchor-columns", action="store_true", help="leave N and M of TNM out")
    options = parser.parse_args()
    changes = {} if options.members is None else {"training": {"ensemble_seeds": options.members}}
    parameters = Parameters.model_validate(changes)
    inputs, outcomes, folds = read_cohort(options.folder, options.anchor_columns)
    rows, started = [], time.process_time()
    for fold in folds[: options.splits]:
        train, test = outcomes.take(fold.train), outcomes.take(fold.test)
        fitted = fit_model(inputs.take(fold.train), train, parameters, fold.repeat, fold.fold)
        held = inputs.take(fold.test)
        batch = Batch.of(fitted.model.encoders.transform(held), "cpu", torch.float64)
        with torch.no_grad():
            parts = [member(batch) for member in fitted.model.members]
        linear = np.mean([part.linear.numpy() for part in parts], axis=0)
        network = np.mean([part.network.numpy() for part in parts], axis=0)
        risks = (predict(fitted.model, held).risk, linear, network)
        rows.append([value for risk in risks for value in scores(risk, test, train)])
        print(f"repeat {fold.repeat} fold {fold.fold}  model {rows[-1][0]:.4f} {rows[-1][1]:.4f}", flush=True)
    means, spread = np.mean(rows, axis=0), np.std(rows, axis=0, ddof=1) if len(rows) > 1 else np.zeros(6)
    print(f"\n{len(rows)} splits, {time.process_time() - started:.0f} CPU s\n{'':12s}Harrell (SD)     C_IPCW(5 y) (SD)")
    for place, name in enumerate(("model", "linear path", "network")):
        shown = [f"{means[column]:.4f} ({spread[column]:.3f})" for column in (2 * place, 2 * place + 1)]
        print(f"{name:12s}{shown[0]:17s}{shown[1]}")


if __name__ == "__main__":
    main()
