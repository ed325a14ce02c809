"""Ways to read bases: values by hand, unknown bases, ends, and nets that learn from each; one-hot leaves nets as they were."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from groprog_assets.methods.sequence.baselines import Examples
from groprog_assets.methods.sequence.contributions import explains
from groprog_assets.model.sequence.encoders import DIM, ENCODERS, TOKEN, KmerVectors, OneHot, Ordinal
from groprog_assets.model.sequence.inputs import one_hot_tensor
from groprog_assets.model.sequence.networks import CnnNetwork
from groprog_assets.model.sequence.rungs import NetRung
from groprog_assets.study.sequence_net_parameters import NetParameters
from groprog_assets.study.sequence_parameters import SequenceParameters

SMALL = NetParameters(width=8, blocks=1, epochs=8, batch=32, shift=2, dropout=0, head_dropout=0, learning_rate=5e-3)


def planted(genes=200, seed=0):
    random = np.random.default_rng(seed)
    codes = random.integers(0, 4, (genes, 128)).astype(np.uint8)
    holds = random.random(genes) < 0.5
    codes[holds, 20:32] = [1, 0, 2, 3] * 3
    return Examples(codes, np.empty((genes, 0)), (holds + 0.1 * random.normal(size=genes))[:, None])


def test_ordinal_numbers_are_quarters_and_unknown_bases_nothing():
    codes = np.array([[0, 1, 2, 3, 4]], np.uint8)
    assert Ordinal().encode(codes).tolist() == [[[0.25, 0.5, 0.75, 1.0, 0.0]]]
    assert torch.equal(OneHot().encode(codes), one_hot_tensor(codes))


def test_a_base_has_the_mean_of_the_tokens_that_cover_it():
    torch.manual_seed(0)
    encoder = KmerVectors()
    codes = np.random.default_rng(0).integers(0, 4, (3, 30)).astype(np.uint8)
    codes[1, 12] = 4
    with torch.no_grad():
        found = encoder.encode(codes).numpy()
        table = encoder.vectors.weight.numpy()
    assert found.shape == (3, DIM, 30)
    for row, window in enumerate(codes):
        for at in range(30):
            starts = [s for s in range(at - TOKEN + 1, at + 1) if s >= 0 and s + TOKEN <= 30]
            tokens = [window[s : s + TOKEN] for s in starts]
            numbers = [int("".join(map(str, token)), 4) for token in tokens if (token < 4).all()]
            expected = table[numbers].mean(axis=0) if numbers else np.zeros(DIM)
            assert np.allclose(found[row, :, at], expected, atol=1e-6), (row, at)
    assert not found[1, :, 12].any()


@pytest.mark.parametrize("encoder", list(ENCODERS))
@pytest.mark.parametrize("name", ["cnn", "cnn_bilstm", "hybrid"])
def test_every_encoder_gives_the_length_that_nets_take_and_is_restored(name, encoder):
    examples = planted(40)
    own = SMALL.model_copy(update={"encoder": encoder, "epochs": 1})
    fitted = NetRung(name, 128, own, 1).fit(examples, examples)
    again = NetRung(name, 128, own, 2).restored(fitted.arrays())
    assert np.array_equal(again.predict(examples.codes, examples.side), fitted.predict(examples.codes, examples.side))


@pytest.mark.parametrize("encoder", ["ordinal", "kmer_vectors"])
def test_a_net_learns_a_word_through_it(encoder):
    own = SMALL.model_copy(update={"encoder": encoder, "epochs": 14})
    fitted = NetRung("cnn", 128, own, 1).fit(planted(), planted(60, 1))
    test = planted(100, 2)
    assert np.corrcoef(fitted.predict(test.codes, test.side)[:, 0], test.targets[:, 0])[0, 1] > 0.7
    reads = SequenceParameters(nets=own)
    assert explains("cnn", reads) == (encoder == "ordinal")
    assert explains("ridge_kmer", reads)
    assert explains("motif_net", reads)
    if encoder == "kmer_vectors":
        with pytest.raises(ValueError, match="rescale rule"):
            fitted.explained(test.codes[:2], test.codes[:4].reshape(2, 2, -1), 0)
        return
    references = np.random.default_rng(1).integers(0, 4, (4, 5, 128)).astype(np.uint8)
    parts, background = fitted.explained(test.codes[:4], references, 0)
    total = np.take_along_axis(parts, test.codes[:4, None].astype(int), axis=1).sum(axis=(1, 2))
    assert np.allclose(total, fitted.predict(test.codes[:4], test.side[:4])[:, 0] - background, atol=1e-4)


def test_one_hot_has_no_weights_of_its_own():
    names = CnnNetwork(128, 0, 1, 8, 1, 0.0, 0.0).state_dict()
    assert not [name for name in names if "encoder" in name]
