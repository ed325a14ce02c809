"""Treatment and response beside pathology on TCGA-LIHC at a landmark: what each adds to the patients still followed then.

python -m benchmarks.lihc_landmark FOLDER [--months 6] [--repeats 2], FOLDER as in benchmarks.lihc. Patients whose follow-up ended
earlier are left out; months count from the landmark. Response: progression recorded by then (`recorded_column`: the table's
progression-free months), so that it is known at the landmark. The table has no dates of treatment: radiation, drugs and ablation
are taken as known by then, which is more than a study should assume. Prints Harrell's C of each set of fields with the corrected
interval of its difference from the first.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from benchmarks.lihc import read_cohort
from groprog_assets.fitting.covariates import FieldSpec
from groprog_assets.fitting.stratified_folds import stratified_folds
from groprog_assets.methods.cohort.clinical_records import read_covariates
from groprog_assets.methods.cohort.clinical_tables import read_table
from groprog_assets.methods.evaluation.bootstrap import corrected_interval
from groprog_assets.model.cross_validation import fit_model
from groprog_assets.model.inputs import Fold, ModelInputs, Outcomes
from groprog_assets.model.predict import predict
from groprog_assets.study.parameters import Parameters
from groprog_assets.study.schema import ClinicalField
from groprog_kernels.concordance import harrell

FOLDS = 5
PATHOLOGY = (
    *("RESIDUAL_TUMOR", "VASCULAR_INVASION", "INFLAMMATION", "PATH_N_STAGE", "PATH_M_STAGE"),
    *("GRADE", "PATH_T_STAGE", "ISHAK"),
)
TREATMENTS = ("RADIATION_THERAPY", "POSTOPERATIVE_DRUG_THERAPY", "ABLATION_EMBOLIZATION", "NEOADJUVANT")
RESPONSE = ClinicalField(
    column="PFS_STATUS",
    name="progression",
    kind="categorical",
    levels=["0:CENSORED", "1:PROGRESSION"],
    recorded_column="PFS_MONTHS",
    recorded_unit="months",
    until_recorded="0:CENSORED",
    baseline_despite_name=True,
    block="treatment",
)


def at_landmark(folder: Path, months: float) -> tuple[ModelInputs, Outcomes]:
    """Patients followed beyond the landmark, with all fields; months from there."""
    inputs, outcomes, _ = read_cohort(folder)
    table = read_table(folder / "data_clinical_patient.txt")
    identifiers = table.cells["PATIENT_ID"].str.strip()
    asked = [RESPONSE, *(ClinicalField(column=name, name=name, kind="categorical") for name in TREATMENTS)]
    records, problems = read_covariates(table, identifiers, asked, known_by_days=months * 365.25 / 12)
    assert not problems
    held = records.set_index("patient_id").loc[inputs.patient_id]
    late = {field.name: held[field.name].fillna("").to_numpy(dtype=str) for field in asked}
    specs = [FieldSpec(field.name, "categorical", block="treatment") for field in asked]
    whole = ModelInputs(
        inputs.patient_id, (*inputs.fields, *specs), {**inputs.covariates, **late}, inputs.expression, inputs.genes,
        inputs.descriptors, inputs.descriptor_names, inputs.blocks,
    )  # fmt: skip
    stay = np.flatnonzero(outcomes.time > months)
    kept = outcomes.take(stay)
    return whole.take(stay), Outcomes(kept.time - months, kept.event)


def without(inputs: ModelInputs, names: tuple[str, ...]) -> ModelInputs:
    """The inputs without these fields."""
    from dataclasses import replace

    fields = tuple(field for field in inputs.fields if field.name not in names)
    return replace(inputs, fields=fields, covariates={field.name: inputs.covariates[field.name] for field in fields})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--months", type=float, default=6.0)
    parser.add_argument("--repeats", type=int, default=2)
    options = parser.parse_args()
    inputs, outcomes = at_landmark(options.folder, options.months)
    progressed = int((inputs.covariates["progression"] == "1:PROGRESSION").sum())
    print(
        f"{len(inputs)} patients, {int(outcomes.event.sum())} events, {progressed} progressed by month {options.months:g}"
    )
    sets = {
        "baseline without pathology": (*PATHOLOGY, *TREATMENTS, "progression"),
        "+ pathology": (*TREATMENTS, "progression"),
        "+ pathology, treatment": ("progression",),
        "+ pathology, response": TREATMENTS,
        "+ all three": (),
    }
    first: list[float] = []
    for name, left_out in sets.items():
        began, given, found = time.process_time(), without(inputs, left_out), []
        for repeat in range(options.repeats):
            dealt = stratified_folds(outcomes.event, FOLDS, np.random.default_rng(repeat))
            for number in range(FOLDS):
                fold = Fold(repeat, number, np.flatnonzero(dealt != number), np.flatnonzero(dealt == number))
                fitted = fit_model(given.take(fold.train), outcomes.take(fold.train), Parameters(), repeat, number)
                judged = outcomes.take(fold.test)
                risk = predict(fitted.model, given.take(fold.test)).risk
                found.append(float(harrell(risk, judged.time, judged.event).cindex))
        first = first or found
        differences = np.array(found) - np.array(first)
        row = f"{name:28s}{np.mean(found):7.4f}"
        if differences.any():
            _, (lower, upper), _ = corrected_interval(differences, 1 / (FOLDS - 1))
            row += f"  {differences.mean():+.4f} ({lower:+.4f} to {upper:+.4f})"
        print(f"{row}  {time.process_time() - began:.0f} CPU s", flush=True)


if __name__ == "__main__":
    main()
