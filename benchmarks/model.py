"""What training and scoring cost: CPU seconds and memory by patients and genes, on simulated cohorts.

python -m benchmarks.model [--patients N ...] [--genes K]. No line here depends on the square of the patients.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

from groprog_assets.fitting.covariates import FieldSpec
from groprog_assets.model.cross_validation import train_final
from groprog_assets.model.inputs import ModelInputs, Outcomes
from groprog_assets.model.predict import predict
from groprog_assets.study.parameters import Parameters
from groprog_kernels.concordance import harrell


def simulated(patients: int, genes: int, seed: int = 0) -> tuple[ModelInputs, Outcomes]:
    """patients x genes with one planted factor, ten covariates, descriptors for every gene."""
    generator = np.random.default_rng(seed)
    factor = generator.normal(size=patients).astype(np.float32)
    descriptors = generator.normal(size=(genes, 5))
    expression = generator.standard_normal((patients, genes), dtype=np.float32)
    response = descriptors[:, 3].astype(np.float32) * np.float32(0.3)
    for start in range(0, patients, 4096):
        expression[start : start + 4096] += factor[start : start + 4096, None] * response
    covariates = {f"x{column}": generator.normal(size=patients) for column in range(10)}
    risk = 0.7 * factor + 0.4 * covariates["x0"]
    dies, leaves = generator.exponential(np.exp(-risk)) * 40, generator.exponential(60, patients)
    names = ("tss_density", "body_density", "pausing_index", "log2_fold_change", "cell_junction")
    inputs = ModelInputs(
        np.arange(patients).astype(str),
        tuple(FieldSpec(name) for name in covariates),
        covariates,
        expression,
        tuple(f"G{gene}" for gene in range(genes)),
        descriptors,
        names,
        {"density": names[:2], "pausing": names[2:3], "differential": names[3:]},
    )
    return inputs, Outcomes(np.minimum(dies, leaves), dies <= leaves)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, nargs="+", default=[300, 1000, 3000])
    parser.add_argument("--genes", type=int, default=500)
    parser.add_argument("--epochs", type=int, default=20, help="joint epochs, so that runs compare")
    options = parser.parse_args()
    changes = {"training": {"ensemble_seeds": 1, "joint_epochs": options.epochs, "patience": options.epochs}}
    parameters = Parameters.model_validate(changes)
    print("patients  genes  fit CPU s  ms/epoch  score CPU us/patient  C in training  peak MiB")
    for patients in options.patients:
        inputs, outcomes = simulated(patients, options.genes)
        started = time.process_time()
        fitted = train_final(inputs, outcomes, parameters)
        spent = time.process_time() - started
        started = time.process_time()
        risk = predict(fitted.model, inputs).risk
        scoring = (time.process_time() - started) / patients
        reached = harrell(risk, outcomes.time, outcomes.event).cindex
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        per_epoch = spent / fitted.history["epoch"].size * 1e3
        print(
            f"{patients:8d} {options.genes:6d} {spent:10.1f} {per_epoch:9.1f} {scoring * 1e6:21.1f} {reached:14.3f} {peak:9.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
