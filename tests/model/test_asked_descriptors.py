"""Descriptors that a study asks for carry weight where the hazard runs through them, and none when dealt to other genes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from groprog_assets.model.cross_validation import fit_path
from groprog_assets.model.encoders import Encoders, gene_prior
from groprog_assets.model.expression_encoder import ExpressionEncoder
from groprog_assets.model.inputs import ModelInputs, Outcomes
from groprog_assets.model.linear import path_columns
from groprog_assets.model.representation import GenomicBranch
from groprog_kernels.concordance import harrell
from tests.model.cohorts import cohort, parameters, split
from tests.model.planted import planted, world

SEED = 1
QUICK: dict[str, Any] = {"linear_path": {"penalties": [0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0], "partitions": 1}}


@cache
def programme() -> tuple[ModelInputs, Outcomes]:
    return planted("programme", seed=SEED)


def carried() -> pd.Series:
    """-1, 0 or 1 of each gene of the world: how the planted programme moves it."""
    genes = world(SEED).genes.set_index("gene")
    return pd.Series(np.sign(genes["log2_fold_change"]), index=genes.index)


def described(table: pd.DataFrame, block: str, dealt: bool = False) -> ModelInputs:
    """The programme's patients with the descriptors of `table` alone; dealt: to other genes."""
    if dealt:
        table = table.set_axis(np.random.default_rng(2).permutation(table.index.to_numpy()))
    inputs, _ = programme()
    held = table.reindex(list(inputs.genes)).to_numpy()
    return replace(
        inputs, descriptors=held, descriptor_names=tuple(table.columns), blocks={block: tuple(table.columns)}
    )


def held_out(inputs: ModelInputs, outcomes: Outcomes, **changes) -> float:
    """Mean Harrell's C of the linear path on the test folds."""
    settings = parameters(**{**QUICK, **changes})
    found = []
    for fold in split(len(inputs), 3):
        encoders, path = fit_path(inputs.take(fold.train), outcomes.take(fold.train), settings, 0, fold.fold)
        risk = path_columns(encoders.transform(inputs.take(fold.test))) @ path.whole
        judged = outcomes.take(fold.test)
        found.append(harrell(risk, judged.time, judged.event).cindex)
    return float(np.mean(found))


def test_a_window_of_the_tracks_finds_the_programme_and_is_lost_with_its_genes():
    random, sign = np.random.default_rng(SEED), carried()
    table = pd.DataFrame(
        {f"track_treatment_sense_{window:02d}": random.uniform(0, 1, len(sign)) for window in (1, 2, 3)},
        index=sign.index,
    )
    table["track_treatment_sense_02"] = 0.5 + 0.4 * sign + random.normal(0, 0.05, len(sign))
    _, outcomes = programme()
    found, lost = (held_out(described(table, "density", dealt), outcomes) for dealt in (False, True))
    assert found - lost >= 0.02
    assert abs(found - held_out(described(table, "density"), outcomes, signature={"tracks": False})) > 0.01


def test_coordination_as_a_prior_leads_the_directions_to_the_programme():
    random, sign = np.random.default_rng(SEED), carried()
    table = pd.DataFrame({"chromatin_coordination": 0.9 * sign.abs() + random.normal(0, 0.05, len(sign))})
    _, outcomes = programme()
    with_prior = {"representation": {"coordination_prior": 4.0}}
    plain = held_out(described(table, "density"), outcomes)
    assert held_out(described(table, "density"), outcomes, **with_prior) - plain >= 0.01
    assert held_out(described(table, "density", dealt=True), outcomes, **with_prior) - plain < 0.01


def test_the_prior_is_the_variance_of_a_genes_weight():
    """Ridge on the directions of z times the factor is ridge on z with the penalty over the factor squared."""
    inputs, _ = cohort(40, genes=8)
    names = ("chromatin_coordination", *inputs.descriptor_names[1:])
    table = inputs.descriptors.copy()
    table[:, 0] = np.linspace(-1, 1, 8)
    table[7, 0] = np.nan
    held = replace(inputs, descriptors=table, descriptor_names=names, blocks={"density": names})
    factor = gene_prior(held, 3.0)
    np.testing.assert_allclose(factor**2, np.exp(3.0 * np.nan_to_num(table[:, 0])))
    assert gene_prior(held, 0.0) is None
    assert gene_prior(inputs, 3.0) is None
    encoder = ExpressionEncoder.fit(held, 8, 1000, factor)
    encoded = encoder.transform(held)
    z, response = encoded.z.astype(np.float64), np.random.default_rng(0).normal(size=40)
    directions = encoder.loadings / factor[:, None]
    length = float((directions[:, 0] ** 2).sum())
    columns = z @ encoder.loadings
    through = encoder.loadings @ np.linalg.solve(columns.T @ columns + 5.0 * length * np.eye(8), columns.T @ response)
    direct = np.linalg.solve(z.T @ z + 5.0 * np.diag(1 / factor**2), z.T @ response)
    np.testing.assert_allclose(through, direct, rtol=1e-6, atol=1e-9)


def test_key_loci_from_signal_find_what_the_flag_cannot():
    """Two key loci that answer in opposite ways, with opposite hazard: their flags cancel, their responses add."""
    inputs, _ = cohort(300, genes=40)
    expression = np.nan_to_num(inputs.expression)
    random = np.random.default_rng(3)
    risk = 0.9 * (expression[:, 0] - expression[:, 1]) / expression[:, :2].std()
    dies, leaves = random.exponential(np.exp(-risk)) * 40, random.exponential(70, 300)
    outcomes = Outcomes(np.ceil(np.minimum(dies, leaves)), dies <= leaves)

    def of(name: str, values: tuple[float, float]) -> ModelInputs:
        table = np.zeros((40, 2))
        table[:2, 0], table[:, 1] = values, random.normal(size=40)
        return replace(
            inputs, descriptors=table, descriptor_names=(name, "tua"), blocks={"differential": (name, "tua")}
        )

    settings = {"representation": {"components": 2}}
    flag, signal = (
        held_out(of(name, values), outcomes, **settings)
        for name, values in (("key_locus", (1.0, 1.0)), ("key_locus_response", (0.9, -0.9)))
    )
    assert signal - flag >= 0.05


@pytest.mark.parametrize("held", [False, True])
def test_the_tracks_have_a_map_of_their_own_in_equation_1(held: bool):
    inputs, _ = cohort(20, genes=6)
    random = np.random.default_rng(0)
    names = inputs.descriptor_names + (("track_control_sense_01", "track_control_sense_02") if held else ())
    table = np.hstack([inputs.descriptors, random.normal(size=(6, len(names) - len(inputs.descriptor_names)))])
    density = ("tss_density", "body_density", "upstream_density", *names[len(inputs.descriptor_names) :])
    given = replace(inputs, descriptors=table, descriptor_names=names, blocks={**inputs.blocks, "density": density})
    settings = parameters()
    encoders = Encoders.fit(given, settings)
    assert encoders.descriptor.sources["tracks"] == ((6, 7) if held else ())
    genomic = GenomicBranch(encoders, settings.representation)
    assert ("tracks" in dict(genomic.maps.widths)) is held
    assert sum(width for _, width in genomic.maps.widths) == 128
