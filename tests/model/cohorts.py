"""Small simulated cohorts for the model's tests: a planted signal, ties in time, missing values."""

from __future__ import annotations

from typing import Any

import numpy as np

from groprog_assets.fitting.covariates import FieldSpec
from groprog_assets.model.inputs import Fold, ModelInputs, Outcomes
from groprog_assets.study.parameters import Parameters

FIELDS = (
    FieldSpec("age", unit="years"),
    FieldSpec("stage", "ordinal", levels=("I", "II", "III", "IV")),
    FieldSpec("sex", "categorical"),
    FieldSpec("dose", "continuous", unit="Gy", block="treatment"),
)
DESCRIPTORS = ("tss_density", "body_density", "upstream_density", "pausing_index", "log2_fold_change", "cell_junction")
BLOCKS = {
    "density": ("tss_density", "body_density", "upstream_density"),
    "pausing": ("pausing_index",),
    "differential": ("log2_fold_change", "cell_junction"),
}


def cohort(n: int = 120, genes: int = 30, seed: int = 0, signal: float = 1.0) -> tuple[ModelInputs, Outcomes]:
    """n patients whose log hazard is `signal` times age, stage and a factor that genes carry by their log2 fold change."""
    generator = np.random.default_rng(seed)
    age = generator.normal(60, 10, n)
    stage = generator.integers(0, 4, n)
    factor = generator.normal(size=n)
    descriptors = generator.normal(size=(genes, len(DESCRIPTORS)))
    expression = factor[:, None] * descriptors[:, 4] + generator.normal(size=(n, genes))
    risk = signal * (0.4 * (age - 60) / 10 + 0.4 * (stage - 1.5) + 0.8 * factor)
    dies = generator.exponential(np.exp(-risk)) * 40
    leaves = generator.exponential(70, n)
    known_age = np.where(generator.random(n) < 0.1, np.nan, age)
    known_stage = np.where(generator.random(n) < 0.1, "", np.array(["I", "II", "III", "IV"])[stage])
    expression[generator.random(expression.shape) < 0.05] = np.nan
    inputs = ModelInputs(
        np.array([f"P{row:03d}" for row in range(n)]),
        FIELDS,
        {
            "age": known_age,
            "stage": known_stage,
            "sex": generator.choice(["female", "male"], n),
            "dose": generator.normal(50, 5, n),
        },
        expression.astype(np.float32),
        tuple(f"G{gene}" for gene in range(genes)),
        descriptors,
        DESCRIPTORS,
        BLOCKS,
    )
    return inputs, Outcomes(np.ceil(np.minimum(dies, leaves)), dies <= leaves)


def matched(n: int = 60, genes: int = 12, seed: int = 0) -> tuple[ModelInputs, Outcomes]:
    """The same patients with a nascent library each: descriptors (n, genes, features) that carry the factor."""
    inputs, outcomes = cohort(n, genes, seed)
    assert inputs.expression is not None
    generator = np.random.default_rng(seed)
    table = generator.normal(size=(n, genes, len(DESCRIPTORS)))
    table[..., 4] += np.nan_to_num(inputs.expression)
    held = ModelInputs(inputs.patient_id, FIELDS, inputs.covariates, None, inputs.genes, table, DESCRIPTORS, BLOCKS)
    return held, outcomes


def split(n: int, count: int, repeat: int = 0) -> list[Fold]:
    """`count` folds of n patients by turns."""
    rows = np.arange(n)
    return [Fold(repeat, fold, rows[rows % count != fold], rows[rows % count == fold]) for fold in range(count)]


PERCEPTRON: dict[str, dict[str, Any]] = {"network": {"form": "perceptron"}, "representation": {"pooling": "columns"}}


def parameters(**changes: dict[str, Any]) -> Parameters:
    """Few epochs and two members, the network in the paper's form; `changes` are {group: {name: value}}."""
    base: dict[str, dict[str, Any]] = {
        "training": {
            "genomic_warmup_epochs": 4,
            "clinical_warmup_epochs": 3,
            "joint_epochs": 25,
            "patience": 10,
            "learning_rate": 3e-3,
            "ema_decay": 0.9,
            "ensemble_seeds": 2,
        },
        "linear_path": {"penalties": [0.03, 0.3, 3.0]},
        "network": {"form": "paper"},
        "representation": {"pooling": "tokens"},
    }
    for group, values in changes.items():
        base.setdefault(group, {}).update(values)
    return Parameters.model_validate(base)
