"""What nets use, base by base: sums, single changes, in-silico mutagenesis, tangermeme beside it; each gene by its own fold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyBigWig
import pytest
import torch

from groprog_assets.methods.sequence.contributions import explained, held_out_contributions, shuffled_references
from groprog_assets.methods.sequence.explanations import study_attributions
from groprog_assets.methods.sequence.published_model import PublishedModel
from groprog_assets.methods.sequence.study_motifs import study_motifs
from groprog_assets.model.sequence.deep_lift import deep_lift
from groprog_assets.model.sequence.hybrid import HybridNetwork
from groprog_assets.model.sequence.motif_net import MotifNetwork
from groprog_assets.model.sequence.networks import CnnNetwork, folded
from groprog_assets.model.sequence.rungs import outputs
from groprog_assets.prognosis.sequence_rungs import every_rung
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_kernels.bases import decode
from tests.model.sequence.planted import FIRST, GAP, LAYOUT, SECOND, pairs

LENGTH = 160


def cnn(seed: int = 0) -> CnnNetwork:
    """A net with weights of chance, large enough that its activations bend."""
    torch.manual_seed(seed)
    network = CnnNetwork(LENGTH, 0, 2, 8, 2, 0.1, 0.1)
    with torch.no_grad():
        for value in network.parameters():
            value.mul_(2)
    made = folded(network)
    assert isinstance(made, CnnNetwork)
    return made


def motif_net() -> MotifNetwork:
    torch.manual_seed(1)
    weights = np.random.default_rng(1).normal(size=(5, 4, 7)).astype(np.float32)
    return MotifNetwork(LENGTH, 0, 2, weights, 30).eval()


def windows(count: int, seed: int = 0) -> np.ndarray:
    codes = np.random.default_rng(seed).integers(0, 4, (count, LENGTH)).astype(np.uint8)
    codes[0, 20:28] = 4
    return codes


def predicted(network: torch.nn.Module, codes: np.ndarray, task: int = 1) -> np.ndarray:
    return outputs(network, codes, np.empty((len(codes), 0)))[:, task]


def observed(values: np.ndarray, codes: np.ndarray) -> np.ndarray:
    held = np.take_along_axis(values, np.minimum(codes, 3)[:, None].astype(np.int64), axis=1)[:, 0]
    return np.where(codes < 4, held, 0)


@pytest.mark.parametrize("make", [cnn, motif_net])
def test_they_sum_to_the_prediction_less_the_mean_of_the_references(make):
    network, codes = make(), windows(9)
    references = shuffled_references(codes, 20, 1)
    found, background = deep_lift(network, codes, references, 1)
    level = predicted(network, references.reshape(-1, LENGTH)).reshape(9, 20).mean(axis=1)
    assert np.allclose(background, level, atol=1e-5)
    difference = predicted(network, codes) - level
    assert np.abs(difference).max() > 0.05
    assert np.allclose(observed(found, codes).sum(axis=1), difference, atol=1e-4 * np.abs(difference).max())


@pytest.mark.parametrize("make", [cnn, motif_net])
def test_a_single_change_has_all_of_the_difference(make):
    network, codes = make(), windows(40, 3)[1:]
    changed = codes.copy()
    place = np.arange(len(codes)), np.random.default_rng(4).integers(0, LENGTH, len(codes))
    changed[place] = (changed[place] + 1) % 4
    found, _ = deep_lift(network, codes, changed[:, None], 1)
    expected = np.zeros(codes.shape)
    expected[place] = predicted(network, codes) - predicted(network, changed)
    assert np.abs(expected).max() > 0.01
    assert np.allclose(observed(found, codes), expected, atol=1e-5)


def test_a_net_that_the_rule_does_not_cover_is_refused():
    codes = windows(2)
    with pytest.raises(ValueError, match="HybridNetwork"):
        deep_lift(HybridNetwork(0, 2, 8, 1, 0.1, 0.1).eval(), codes, codes[:, None], 0)


def test_tangermeme_finds_the_same():
    tangermeme = pytest.importorskip("tangermeme.deep_lift_shap", reason="needs tangermeme")
    from groprog_assets.model.sequence.inputs import one_hot_tensor

    codes = windows(6, 7)[1:]
    references = shuffled_references(codes, 4, 1)
    for network in (cnn(), motif_net()):
        found, _ = deep_lift(network, codes, references, 1)
        given = one_hot_tensor(references.reshape(-1, LENGTH)).view(len(codes), 4, 4, LENGTH)
        theirs = tangermeme.deep_lift_shap(
            network, one_hot_tensor(codes), target=1, references=given, hypothetical=True, device="cpu"
        )
        assert np.allclose(found, theirs.numpy(), atol=1e-4 * np.abs(found).max())


@pytest.fixture(scope="module")
def world():
    """Nets trained on pairs of words, one a fold, and windows that no net has seen."""
    examples, genes = pairs(1500)
    settings = {"width": 16, "blocks": 1, "dropout": 0.0, "head_dropout": 0.1, "learning_rate": 5e-3, "epochs": 10}
    parameters = SequenceParameters.model_validate({"nets": settings})
    rung = every_rung(LAYOUT, ["cnn"], parameters)[-1]
    seen, fold = np.arange(1500) < 1400, np.arange(1500) % 2
    parts = {"fold0": rung.fit(examples.rows(seen), examples.rows(~seen))}
    parts["fold1"] = rung.fit(examples.rows(seen & (fold == 0)), examples.rows(~seen))
    card = {
        "tasks": ["a", "b"],
        "windows": {"tss": list(LAYOUT.tss), "tts": None},
        "parameters": parameters.model_dump(mode="json"),
        "champions": {"locus": "cnn"},
    }
    model = PublishedModel(card, {"locus": parts})
    return model, genes[~seen].assign(fold=fold[~seen]).reset_index(drop=True), examples.codes[~seen]


def test_each_gene_is_explained_by_the_net_of_its_own_fold(world, tmp_path: Path):
    model, genes, codes = world
    fold, side = genes["fold"].to_numpy(), np.empty((len(codes), 0))
    seen = []
    for found in held_out_contributions(model, "locus", codes, fold, 0):
        own = model.predictors["locus"][f"fold{fold[found.rows[0]]}"]
        shuffles = shuffled_references(codes[found.rows], 20, model.parameters.seed)
        level = own.predict(shuffles.reshape(-1, codes.shape[1]), np.empty((20 * len(found.rows), 0)))[:, 0]
        expected = own.predict(codes[found.rows], side[found.rows])[:, 0] - level.reshape(-1, 20).mean(axis=1)
        assert np.allclose(found.difference, expected, atol=1e-4)
        seen.append(fold[found.rows])
    assert sorted(np.concatenate(seen)) == sorted(fold)
    made = study_attributions(model, genes, codes, {f"chr{name}": 20_000_000 for name in ("I", "II", "III")})
    assert made.summary["explained"]
    assert made.summary["gap_share"] < 1e-4
    assert made.table["difference"].std() > 0.3
    (tmp_path / "t.bw").write_bytes(made.tracks["a"])
    with pyBigWig.open(str(tmp_path / "t.bw")) as track:
        assert sum(len(track.intervals(chrom) or ()) for chrom in track.chroms()) == codes.size


def test_contributions_at_planted_words_agree_with_mutagenesis(world):
    model, genes, codes = world
    fold = genes["fold"].to_numpy()
    found = next(iter(held_out_contributions(model, "locus", codes, fold, 0)))
    net = model.predictors["locus"]["fold0"]
    size, chosen, lifted, mutated = len(FIRST), 0, [], []
    for row, values in zip(found.rows, found.contributions.observed, strict=True):
        window = codes[row]
        at = [s for s in range(100) if np.array_equal(window[s : s + size], FIRST)]
        if not any(np.array_equal(window[s + size + GAP : s + 2 * size + GAP], SECOND) for s in at):
            continue
        every = np.repeat(window[None], 3 * len(window), axis=0)
        place = np.repeat(np.arange(len(window)), 3)
        every[np.arange(len(every)), place] = (window[place] + np.tile([1, 2, 3], len(window))) % 4
        changed = net.predict(every, np.empty((len(every), 0)))[:, 0].reshape(-1, 3).mean(axis=1)
        effect = net.predict(window[None], np.empty((1, 0)))[0, 0] - changed
        chosen += int(at[0] <= np.abs(values).argmax() < at[0] + 2 * size + GAP)
        lifted.append(values)
        mutated.append(effect)
    assert len(lifted) > 15
    assert chosen > 0.8 * len(lifted)
    r = [np.corrcoef(one, other)[0, 1] for one, other in zip(lifted, mutated, strict=True)]
    assert np.median(r) > 0.8


def test_the_mean_of_ridge_and_a_net_is_explained_by_both():
    examples, _ = pairs(300)
    parameters = SequenceParameters.model_validate({"nets": {"width": 8, "blocks": 1, "epochs": 2}, "word_genes": 5})
    rung = every_rung(LAYOUT, ["ridge+cnn"], parameters)[-1]
    fitted = rung.fit(examples.rows(np.arange(300) < 250), examples.rows(np.arange(300) >= 250))
    found, background = explained(fitted, "ridge+cnn", LAYOUT, parameters, examples.codes, 1)
    difference = fitted.predict(examples.codes, examples.side)[:, 1] - background
    assert difference.std() > 0.02
    assert np.allclose(found.observed.sum(axis=1), difference, atol=1e-3 * np.abs(difference).max())
    assert np.ptp(background) > 0


def test_motifs_of_a_net_are_the_words_it_reads(world):
    model, genes, codes = world
    parameters = model.parameters.model_copy(update={"motif_seqlets": 10, "motif_backgrounds": 50})
    made = study_motifs(model, genes, codes, np.zeros((len(codes), 2)), [], parameters)
    assert made.summary["explained"]
    texts = " ".join(made.motifs["consensus"])
    turned = texts.translate(str.maketrans("ACGT", "TGCA"))[::-1]
    assert any(
        decode(word)[:5] in text or decode(word)[1:] in text for word in (FIRST, SECOND) for text in (texts, turned)
    )
