"""What stretches of the window are worth: equal to ridge fitted on them; the planted stretch first; shuffled values."""

from __future__ import annotations

import numpy as np
import pytest

from groprog_assets.methods.sequence import window_ablation as method
from groprog_assets.methods.sequence.baselines import Examples, RidgeKmer
from groprog_assets.methods.sequence.cross_fitting import cross_fit
from groprog_assets.methods.sequence.metrics import block_weights, task_metrics
from groprog_assets.methods.sequence.splits import make_splits
from groprog_assets.methods.sequence.windows import Layout, gene_codes
from groprog_assets.study.sequence_parameters import SequenceParameters
from tests.methods.sequence.planted import LAYOUT, planted

PARAMETERS = SequenceParameters(penalties=[300], kmer_length=3, bootstrap_samples=100)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory):
    genome, genes, target = planted(tmp_path_factory.mktemp("ablation"), effect=4.0)
    codes = gene_codes(genes, genome, {name: name for name in genome.lengths}, LAYOUT)
    splits = make_splits(genes, codes, LAYOUT, PARAMETERS)
    fold = splits.table["fold"].to_numpy()
    weights = block_weights(genes["chrom"].to_numpy(), genes["tss"].to_numpy(), fold, PARAMETERS)
    return codes, target, splits, weights


def r_of_ridge(codes, target, splits, edges) -> float:
    """r of `RidgeKmer` that counts k-mers between `edges` alone."""
    rung = RidgeKmer(LAYOUT, PARAMETERS)
    rung._edges = edges
    fit = cross_fit(rung, Examples(codes, np.empty((len(codes), 0)), target[:, None]), splits)
    nothing = np.zeros(len(splits.roles))
    return task_metrics(target, fit.predicted[:, 0], fit.fold, nothing, nothing).pearson


@pytest.mark.parametrize("missing", [0, 40])
@pytest.mark.parametrize("few", [True, False])
def test_each_figure_is_that_of_ridge_fitted_anew(world, missing, few):
    codes, target, splits, weights = world
    known, parameters = target.copy(), PARAMETERS
    known[:missing] = np.nan
    if not few:  # k-mers of one base: more genes than columns
        parameters = PARAMETERS.model_copy(update={"kmer_length": 1})
    table = method.window_ablation(codes, known, splits, weights, LAYOUT, "body", parameters)
    assert table[["start", "end"]].to_numpy().tolist() == [[-400, -250], [-250, -100], [-100, 0], [0, 100], [100, 200]]
    if not few:
        rung = RidgeKmer(LAYOUT, parameters)
        fit = cross_fit(rung, Examples(codes, np.empty((len(codes), 0)), known[:, None]), splits)
        nothing = np.zeros(len(splits.roles))
        assert table["whole"][0] == pytest.approx(
            task_metrics(known, fit.predicted[:, 0], fit.fold, nothing, nothing).pearson, abs=1e-4
        )
        return
    (edges,) = LAYOUT.stretches()
    whole = r_of_ridge(codes, known, splits, [edges])
    assert np.allclose(table["whole"], whole, atol=1e-4)
    for place in (1, 2):
        pair = edges[place : place + 2]
        assert table["alone"][place] == pytest.approx(r_of_ridge(codes, known, splits, [pair]), abs=1e-4)
        rest = [part for part in (edges[: place + 1], edges[place + 1 :]) if len(part) > 1]
        assert table["loss"][place] == pytest.approx(whole - r_of_ridge(codes, known, splits, rest), abs=1e-4)


def test_the_stretch_of_the_planted_word_is_worth_most_and_shuffled_values_are_worth_nothing(world):
    """The word stands 60 to 120 bp upstream, mostly in the last 100."""
    codes, target, splits, weights = world
    table = method.window_ablation(codes, target, splits, weights, LAYOUT, "body", PARAMETERS)
    assert table["alone"].idxmax() == table["loss"].idxmax() == 2
    assert table["alone_lower"][2] > 0.2
    assert table["loss_lower"][2] > 0
    assert (table.loc[[0, 3, 4], "alone"].abs() < 0.25).all()
    shuffled = np.random.default_rng(3).permutation(target)
    nothing = method.window_ablation(codes, shuffled, splits, weights, LAYOUT, "body", PARAMETERS)
    assert nothing["alone"].abs().max() < 0.25


def test_the_window_around_the_end_is_measured_from_there(world):
    codes, target, splits, weights = world
    layout = Layout((250, 100), (100, 142))
    table = method.window_ablation(codes, target, splits, weights, layout, "body", PARAMETERS)
    assert table[["around", "start", "end"]].to_numpy().tolist() == [
        ["TSS", -250, -100], ["TSS", -100, 0], ["TSS", 0, 100], ["TTS", -100, 0], ["TTS", 0, 100], ["TTS", 100, 142],
    ]  # fmt: skip
