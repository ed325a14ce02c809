"""Cohorts of `groprog_assets.simulation` as model inputs: descriptors from the planted world, no reads between."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd

from groprog_assets.fitting.covariates import FieldSpec
from groprog_assets.model.inputs import ModelInputs, Outcomes
from groprog_assets.simulation.cohort import Kind, build_cohort
from groprog_assets.simulation.world import SCALES, World, build_world

FIELDS = (
    FieldSpec("age"),
    FieldSpec("stage", "ordinal", levels=("I", "II", "III", "IV")),
    FieldSpec("grade", "ordinal", levels=("G1", "G2", "G3")),
    FieldSpec("albumin"),
    FieldSpec("sex", "categorical"),
)
NAMES = ("body_density", "pausing_index_rank", "log2_fold_change", "significance")
BLOCKS = {"density": NAMES[:1], "pausing": NAMES[1:2], "differential": NAMES[2:]}
OTHER_GENES = SCALES["bundled"].other_genes


@cache
def world(seed: int) -> World:
    return build_world(SCALES["bundled"], seed)


def planted(kind: Kind, seed: int = 0, patients: int = 400) -> tuple[ModelInputs, Outcomes]:
    """`patients` patients of a kind, those with an outcome; fold changes are read with an error of SD 0.15 log2."""
    held = build_cohort(world(seed), patients, OTHER_GENES, seed, kind)
    clinical = held.clinical[held.clinical["OS_MONTHS"] != ""]
    identifiers = clinical["PATIENT_ID"].to_numpy(dtype=str)
    expression = held.expression.reindex(columns=identifiers).T
    covariates = {
        "age": clinical["AGE"].to_numpy(dtype=float),
        "stage": clinical["STAGE"].replace("[Not Available]", "").to_numpy(dtype=str),
        "grade": clinical["GRADE"].to_numpy(dtype=str),
        "albumin": pd.to_numeric(clinical["ALBUMIN"], errors="coerce").to_numpy(),
        "sex": clinical["SEX"].to_numpy(dtype=str),
    }
    table = descriptors(seed).reindex(expression.columns)
    inputs = ModelInputs(
        identifiers,
        FIELDS,
        covariates,
        expression.to_numpy(np.float32),
        tuple(expression.columns),
        table.to_numpy(),
        NAMES,
        BLOCKS,
    )
    event = (clinical["OS_STATUS"] == "1:DECEASED").to_numpy()
    return inputs, Outcomes(clinical["OS_MONTHS"].astype(float).to_numpy(), event)


def descriptors(seed: int) -> pd.DataFrame:
    """Normalised descriptors of the world's genes, as the study's own would be."""
    genes = world(seed).genes.set_index("gene")
    measured = genes["log2_fold_change"] + np.random.default_rng(seed).normal(0, 0.15, len(genes))
    limit = measured.abs().quantile(0.99)
    response = np.sign(measured) * np.log1p(measured.abs().clip(upper=limit)) / np.log1p(limit)
    return pd.DataFrame(
        {
            "body_density": genes["rate"] / genes["rate"].max(),
            "pausing_index_rank": genes["pausing_index"].rank(pct=True).fillna(0.5),
            "log2_fold_change": response,
            "significance": response,
        }
    )


def shuffled(inputs: ModelInputs, seed: int = 0) -> ModelInputs:
    """The same patients with the descriptors of the described genes dealt anew between these genes."""
    assert inputs.descriptors is not None
    table = inputs.descriptors.copy()
    rows = np.flatnonzero(np.isfinite(table).any(axis=1))
    table[rows] = table[np.random.default_rng(seed).permutation(rows)]
    return replace(inputs, descriptors=table)
