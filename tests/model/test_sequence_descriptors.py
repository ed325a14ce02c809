"""Words in the genome mark the genes of a programme: descriptors from sequence carry its hazard, and lose it with their genes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from groprog_assets.methods.features.normalized_features import normalize
from groprog_assets.methods.sequence.baselines import Examples, RidgeKmer
from groprog_assets.methods.sequence.cross_fitting import cross_fit
from groprog_assets.methods.sequence.embedding import descriptors, gene_embedding
from groprog_assets.methods.sequence.pretrained import common_axes
from groprog_assets.methods.sequence.splits import make_splits
from groprog_assets.model.ablation import variants
from groprog_assets.model.cross_validation import train_final
from groprog_assets.model.encoders import Encoders
from groprog_assets.model.inputs import ModelInputs
from groprog_assets.model.signature import functions
from groprog_assets.study.parameters import NormalizationParameters, SignatureParameters
from groprog_assets.study.sequence_parameters import SequenceParameters
from tests.methods.sequence.planted import LAYOUT, WORD
from tests.model.cohorts import parameters
from tests.model.planted import planted, world
from tests.model.test_asked_descriptors import QUICK, carried, held_out

SEED = 1
OTHER = np.array([3, 0, 1, 1, 1, 3, 0], np.uint8)
"""TACCCTA."""
SIDES = {1.0: WORD, -1.0: OTHER}
UNSEEN = 3
"""Genes without a window."""


@cache
def from_sequence() -> pd.DataFrame:
    """Table `sequence_descriptors` of the world's genes: one that the programme raises holds WORD, one that it lowers OTHER."""
    random, sign = np.random.default_rng(SEED), carried()
    codes = random.integers(0, 4, (len(sign), LAYOUT.width)).astype(np.uint8)
    for row, moved in enumerate(sign):
        for copy in range(4 if moved else 0):
            at = 320 + 15 * copy + int(random.integers(0, 8))
            codes[row, at : at + len(WORD)] = SIDES[moved]
    genes = pd.DataFrame({"gene": sign.index, "strand": "+", "tss": 5_000 * np.arange(1, len(sign) + 1)})
    genes = genes.assign(tts=genes["tss"] + 500, chrom=[f"chr{number % 3}" for number in range(len(sign))])
    target = sign.to_numpy() + random.normal(0, 0.3, len(sign))
    settings = SequenceParameters(penalties=[10])
    fit = cross_fit(
        RidgeKmer(LAYOUT, settings),
        Examples(codes, np.empty((len(codes), 0)), target[:, None]),
        make_splits(genes, codes, LAYOUT, settings),
    )
    rows = pd.DataFrame(
        {"gene": genes["gene"], "task": "t", "fold": fit.fold, "target": target, "predicted": fit.predicted[:, 0]}
    )
    made = gene_embedding(genes["gene"].tolist(), codes, LAYOUT, rows, ["t"], settings)
    return descriptors(genes["gene"].tolist(), made.table.iloc[UNSEEN:], ["t"])


def from_elsewhere() -> pd.DataFrame:
    """As `from_sequence`, by vectors of 24 numbers of another model in which one direction tells the programme's genes."""
    sign, random = carried(), np.random.default_rng(SEED)
    direction = random.normal(size=24) / np.sqrt(24)
    values = 4 * sign.to_numpy()[:, None] * direction + random.normal(size=(len(sign), 24))
    made = common_axes([(values, np.ones(len(sign), bool))], 4)
    columns = {f"sequence_pretrained_lm_{number}": column for number, column in enumerate(made.scores.T, 1)}
    return pd.DataFrame({"gene": sign.index, **columns})


def given(dealt: bool = False, source: Callable[[], pd.DataFrame] = from_sequence) -> ModelInputs:
    """The programme's patients, their genes described by their sequence and by a fold change of noise; dealt: to other genes."""
    inputs, _ = planted("programme", seed=SEED)
    table = source()
    if dealt:
        table = table.assign(gene=np.random.default_rng(2).permutation(table["gene"].to_numpy()))
    table = table.assign(log2_fold_change=np.random.default_rng(3).normal(size=len(table)))
    held = normalize(table, NormalizationParameters()).table.set_index("gene")
    names = tuple(held.columns)
    return replace(
        inputs,
        descriptors=held.reindex(list(inputs.genes)).to_numpy(),
        descriptor_names=names,
        blocks={"differential": names},
    )


def test_a_gene_without_a_window_has_the_mean_and_says_so():
    table = from_sequence()
    assert len(table) == len(world(SEED).genes)
    unseen = table[table["sequence_missing"] == 1]
    assert len(unseen) == UNSEEN
    assert (unseen.drop(columns=["gene", "sequence_missing"]) == 0).all(axis=None)
    assert set(table.columns) == {
        "gene",
        "sequence_predicted_t",
        *(f"sequence_axis_{number}" for number in range(1, 9)),
        "sequence_missing",
    }


def test_sequence_carries_the_hazard_and_loses_it_with_its_genes():
    _, outcomes = planted("programme", seed=SEED)
    found, lost = held_out(given(), outcomes), held_out(given(dealt=True), outcomes)
    assert found - lost >= 0.02
    without = variants(given(), parameters(**QUICK, ablation={"parts": "few"}))["sequence"]
    assert without.own_path
    assert abs(held_out(without.inputs, outcomes) - lost) < 0.02


def test_vectors_of_another_model_carry_the_hazard_and_lose_it_with_their_genes():
    _, outcomes = planted("programme", seed=SEED)
    found, lost = held_out(given(source=from_elsewhere), outcomes), held_out(given(True, from_elsewhere), outcomes)
    assert found - lost >= 0.02
    made = variants(given(source=from_elsewhere), parameters(**QUICK, ablation={"parts": "few"}))
    assert "sequence" not in made, "none of this study's own"
    assert made["pretrained"].own_path
    assert abs(held_out(made["pretrained"].inputs, outcomes) - lost) < 0.02


def test_vectors_of_another_model_are_on_one_scale_and_a_flag_stays_a_flag():
    table = from_elsewhere().assign(sequence_pretrained_lm_missing=0.0)
    table.loc[:4, "sequence_pretrained_lm_missing"] = 1.0
    rules = normalize(table, NormalizationParameters()).constants.set_index("feature")["rule"]
    assert rules.to_dict() == {
        **{f"sequence_pretrained_lm_{number}": "standard" for number in range(1, 5)},
        "sequence_pretrained_lm_missing": "label",
    }


def test_the_ablation_leaves_out_the_columns_from_sequence_alone():
    whole = given()
    bare = variants(whole, parameters(ablation={"parts": "few"}))["sequence"].inputs
    kept = [place for place, name in enumerate(whole.descriptor_names) if not name.startswith("sequence_")]
    np.testing.assert_array_equal(bare.descriptors[:, kept], whole.descriptors[:, kept])
    assert np.isnan(np.delete(bare.descriptors, kept, axis=1)).all()
    fitted = Encoders.fit(bare, parameters(**QUICK))
    assert fitted.signature is not None
    assert not [name for name in fitted.signature.names if name.startswith("sequence_")]
    assert fitted.descriptor.sources["function"] == ()
    assert Encoders.fit(whole, parameters(**QUICK)).descriptor.sources["function"]


def test_the_weights_of_the_finished_model_name_the_prediction_from_sequence():
    settings: dict[str, Any] = {
        **QUICK,
        "training": {"genomic_warmup_epochs": 1, "clinical_warmup_epochs": 1, "joint_epochs": 2, "ensemble_seeds": 1},
    }
    _, outcomes = planted("programme", seed=SEED)
    told = train_final(given(), outcomes, parameters(**settings)).signature
    assert told is not None
    steps = {row["function"]: row for row in told["steps"]}
    assert steps["sequence_predicted_t"]["lower"] > 0
    largest = max(told["steps"], key=lambda row: abs(row["coefficient"]))
    assert largest["descriptor"].startswith("sequence_")


@pytest.mark.parametrize("name", ["sequence_predicted_t", "sequence_missing"])
def test_each_column_from_sequence_is_a_function_of_its_own(name: str):
    table = np.array([[0.5], [1.0], [np.nan]])
    made = functions(table, (name,), SignatureParameters(labels=False))
    assert made.names == (name,)
    np.testing.assert_array_equal(made.values[:, 0], [0.5, 1.0, 0.0])
