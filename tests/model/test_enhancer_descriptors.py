"""A cohort whose hazard runs through the genes near responding enhancers, and through nothing else that describes the genes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from groprog_assets.methods.features.gene_enhancers import gene_enhancers
from groprog_assets.methods.features.normalized_features import normalize
from groprog_assets.model.cross_validation import cross_validate, train_final
from groprog_assets.model.explain import explain
from groprog_assets.model.inputs import ModelInputs
from groprog_assets.study.initiation_parameters import InitiationParameters
from groprog_assets.study.parameters import NormalizationParameters
from groprog_kernels.concordance import harrell
from tests.model.cohorts import parameters, split
from tests.model.planted import planted, world

SEED = 1
APART = 500_000
QUICK: dict[str, Any] = {
    "training": {"genomic_warmup_epochs": 1, "clinical_warmup_epochs": 1, "joint_epochs": 2, "ensemble_seeds": 5},
    "linear_path": {"penalties": [0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0], "partitions": 1},
}


def described(order: np.ndarray | None = None) -> pd.DataFrame:
    """Normalised descriptors of the world's genes. A gene of the programme has an enhancer with its sign 20 kb before it, half of
    the others one that does not respond; the genes' own fold changes are noise. order: whose place each enhancer takes."""
    random = np.random.default_rng(SEED)
    genes = world(SEED).genes.assign(chrom="chr1", strand="+")
    genes["tss"] = APART * np.arange(1, len(genes) + 1)
    sign = np.sign(genes["log2_fold_change"].to_numpy())
    owner = np.flatnonzero((sign != 0) | (random.random(len(genes)) < 0.5))
    fold = sign[owner] * 2.0 + random.normal(0, 0.4, len(owner))
    centre = genes["tss"].to_numpy()[owner if order is None else order[owner]] - 20_000
    names = [f"IR{number:06d}" for number in range(len(owner))]
    regions = pd.DataFrame(
        {"name": names, "chrom": "chr1", "start": centre - 80, "end": centre + 81, "claim": "candidate enhancer"}
    )
    responses = pd.DataFrame({"region": names, "log2_fold_change": fold})
    own = random.normal(0, 1, len(genes))
    features = pd.DataFrame({"gene": genes["gene"], "log2_fold_change": own, "significance": own}).assign(
        **gene_enhancers(genes, regions, responses, InitiationParameters())
    )
    return normalize(features, NormalizationParameters()).table.set_index("gene")


def with_descriptors(inputs: ModelInputs, table: pd.DataFrame) -> ModelInputs:
    names = tuple(table.columns)
    held = table.reindex(list(inputs.genes)).to_numpy()
    return replace(inputs, descriptors=held, descriptor_names=names, blocks={"differential": names})


def test_enhancers_carry_weight_where_the_hazard_runs_through_them_and_not_when_dealt_to_other_genes():
    cohort, outcomes = planted("programme", seed=SEED)
    linked = with_descriptors(cohort, described())
    dealt = with_descriptors(cohort, described(np.random.default_rng(2).permutation(len(world(SEED).genes))))
    settings = parameters(**QUICK)
    folds = split(len(cohort), 5)

    def held_out(inputs: ModelInputs) -> float:
        crossed = cross_validate(inputs, outcomes, folds, settings, keep_models=False).out_of_fold
        parts = [crossed["fold"] == fold for fold in range(5)]
        rows = [crossed["row"][part] for part in parts]
        risks = [crossed["risk"][part] for part in parts]
        return float(
            np.mean([harrell(risk, outcomes.time[row], outcomes.event[row]).cindex for risk, row in zip(risks, rows)])
        )

    assert held_out(linked) - held_out(dealt) >= 0.02
    fitted, lost = train_final(linked, outcomes, settings), train_final(dealt, outcomes, settings)
    assert fitted.signature is not None
    assert fitted.signature["share"] > 0.25
    assert lost.signature is None or lost.signature["share"] < 0.15
    curve = next(item for item in fitted.signature["curves"] if item["descriptor"] == "enhancer_response")
    assert curve["lower"][-1] > 0 > curve["upper"][0]
    rows = {row["function"]: row["coefficient"] for row in fitted.signature["functions"]}
    assert abs(rows["enhancer_response"]) > 3 * abs(rows["response"])
    told = explain(fitted.model, linked.take(np.arange(20)))
    np.testing.assert_allclose(told.gene.sum(axis=1), told.block.sum(axis=1), atol=1e-4)
