"""Vectors of genes: out-of-fold predictions pass the check, in-fold ones do not; axes are principal components."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groprog_assets.methods.sequence.baselines import Examples, RidgeKmer
from groprog_assets.methods.sequence.cross_fitting import cross_fit
from groprog_assets.methods.sequence.embedding import TOLERANCE, gene_embedding, kmer_axes
from groprog_assets.methods.sequence.splits import make_splits
from groprog_assets.methods.sequence.windows import gene_codes
from groprog_assets.study.sequence_parameters import SequenceParameters
from tests.methods.sequence.planted import LAYOUT, planted

PARAMETERS = SequenceParameters(penalties=[10])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory):
    genome, genes, target = planted(tmp_path_factory.mktemp("planted"))
    codes = gene_codes(genes, genome, {name: name for name in genome.lengths}, LAYOUT)
    examples = Examples(codes, np.empty((len(codes), 0)), target[:, None])
    splits = make_splits(genes, codes, LAYOUT, PARAMETERS)
    rung = RidgeKmer(LAYOUT, PARAMETERS)
    fit = cross_fit(rung, examples, splits)
    inside = rung.fit(examples, examples.rows(np.zeros(len(codes), bool))).predict(codes, examples.side)
    return genes["gene"].tolist(), codes, target, fit, inside


def rows(genes: list[str], fold: np.ndarray, target: np.ndarray, predicted: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"gene": genes, "task": "t", "fold": fold, "target": target, "predicted": predicted})


def test_out_of_fold_predictions_pass_and_in_fold_ones_are_caught(world):
    genes, codes, target, fit, inside = world
    honest = gene_embedding(genes, codes, LAYOUT, rows(genes, fit.fold, target, fit.predicted[:, 0]), ["t"], PARAMETERS)
    assert honest.table.shape == (len(genes), 17)
    assert honest.table["e00"].std(ddof=0) == pytest.approx(1)
    assert (honest.table["e01"] == 0).all()
    assert honest.summary["excess"] <= TOLERANCE
    table = rows(genes, fit.fold, target, fit.predicted[:, 0])
    vectors = gene_embedding(genes, codes, LAYOUT, rows(genes, fit.fold, target, inside[:, 0]), ["t"], PARAMETERS).table
    from groprog_assets.methods.sequence.embedding import leak

    found = leak(vectors.iloc[:, 1:].to_numpy(), table["predicted"].to_numpy(), target, fit.fold, 1)
    assert found["excess"] > 0.2


def test_axes_are_the_principal_components_of_the_features(world):
    codes = world[1]
    axes = kmer_axes(codes, LAYOUT, PARAMETERS)
    features = RidgeKmer(LAYOUT, PARAMETERS).features(codes).astype(float)
    spread = features.std(axis=0)
    features = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1)
    left, _, _ = np.linalg.svd(features, full_matrices=False)
    assert axes.shape == (len(codes), 8)
    for place in range(8):
        assert abs(np.corrcoef(axes[:, place], left[:, place])[0, 1]) == pytest.approx(1, abs=1e-6)
    assert np.allclose(kmer_axes(codes[:3], LAYOUT, PARAMETERS)[:, 3:], 0)
