"""Single changes and gradients of predictions: equal to what the model says of each changed window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from groprog_assets.errors import ModelError
from groprog_assets.methods.sequence.baselines import Examples
from groprog_assets.methods.sequence.mutagenesis import centred, held_out_changes, single_changes
from groprog_assets.methods.sequence.published_model import PublishedModel
from groprog_assets.methods.sequence.windows import gene_codes
from groprog_assets.prognosis.sequence_rungs import every_rung
from groprog_assets.study.sequence_parameters import SequenceParameters
from tests.methods.sequence.planted import LAYOUT, WORD, planted

PARAMETERS = SequenceParameters.model_validate(
    {
        "penalties": [1e3],
        "words_kmer_penalty": 1e3,
        "word_penalty": 1e2,
        "promoter_end": 200,
        "nets": {"width": 8, "blocks": 1, "epochs": 3},
    }
)


def model_of(rung: str, folder: Path) -> tuple[PublishedModel, np.ndarray]:
    genome, genes, target = planted(folder)
    codes = gene_codes(genes, genome, {name: name for name in genome.lengths}, LAYOUT)
    examples = Examples(codes, np.empty((len(codes), 0)), np.column_stack([target, -target]))
    fitted = every_rung(LAYOUT, [rung], PARAMETERS)[-1].fit(examples, examples.rows(np.arange(0)))
    card = {
        "tasks": ["a", "b"],
        "windows": {"tss": list(LAYOUT.tss), "tts": None},
        "parameters": PARAMETERS.model_dump(mode="json"),
        "champions": {"promoter": rung},
    }
    return PublishedModel(card, {"promoter": {"fold0": fitted}}), codes


def test_single_changes_are_those_of_the_definition():
    random = np.random.default_rng(0)
    weights = random.normal(size=(5, 9))
    window = random.integers(0, 4, 9).astype(np.uint8)
    window[3] = 4

    def predict(windows: np.ndarray) -> np.ndarray:
        return np.array([weights[row, np.arange(9)].sum() + weights[row[0], 1] * weights[row[5], 2] for row in windows])

    found = single_changes(predict, window)
    for column in range(9):
        for base in range(4):
            changed = window.copy()
            if window[column] < 4:
                changed[column] = base
            expected = predict(changed[None])[0] - predict(window[None])[0]
            assert found[base, column] == pytest.approx(expected, abs=1e-5)


def test_centred_values_have_no_mean_and_nothing_at_unknown_bases():
    values = np.random.default_rng(0).normal(size=(2, 4, 6)).astype(np.float32)
    codes = np.array([[0, 1, 2, 3, 4, 0], [3, 3, 4, 1, 1, 2]], np.uint8)
    made = centred(values, codes)
    assert np.allclose(made.hypothetical.sum(axis=1), 0, atol=1e-6)
    assert made.observed[0, 4] == made.observed[1, 2] == 0
    assert made.observed[0, 1] == pytest.approx(values[0, 1, 1] - values[0, :, 1].mean())


def test_a_planted_word_stands_out_and_ridge_has_no_gradient(tmp_path: Path):
    model, codes = model_of("ridge_kmer+words", tmp_path)
    some = codes[:4]
    holds = [any(np.array_equal(row[at : at + 7], WORD) for at in range(280, 345)) for row in some]
    found = list(held_out_changes(model, "promoter", some, np.zeros(4, int), 0, "mutagenesis"))
    assert [int(each.rows[0]) for each in found] == [0, 1, 2, 3]
    assert np.isnan(found[0].difference).all()
    row = int(np.argmax(holds)) if any(holds) else 0
    best = int(np.abs(found[row].contributions.observed[0]).argmax())
    assert 270 <= best < 350, "the planted word lies 60 to 120 bp upstream"
    with pytest.raises(ModelError, match="has no gradient"):
        list(held_out_changes(model, "promoter", some, np.zeros(4, int), 0, "saliency"))


@pytest.mark.parametrize("rung", ["cnn", "hybrid"])
def test_the_gradient_of_a_net_is_the_slope_of_its_output(tmp_path: Path, rung: str):
    torch = pytest.importorskip("torch")
    model, codes = model_of(rung, tmp_path)
    net = model.predictors["promoter"]["fold0"]
    window = codes[:1]
    gradient = net.gradient(window, 1, np.empty((1, 0)))
    assert gradient.shape == (1, 4, LAYOUT.width)
    network = net.networks[0].double()
    from groprog_assets.model.sequence.inputs import one_hot_tensor

    x = one_hot_tensor(window).double()
    base, column = np.unravel_index(np.abs(gradient[0]).argmax(), gradient[0].shape)
    step = torch.zeros_like(x)
    step[0, base, column] = 1e-6
    with torch.no_grad():
        slope = (network(x + step)[0, 1] - network(x - step)[0, 1]) / 2e-6
    assert gradient[0, base, column] == pytest.approx(float(slope), rel=1e-2)
    network.float()
    [found] = held_out_changes(model, "promoter", window, np.zeros(1, int), 1, "saliency")
    assert np.allclose(found.contributions.hypothetical[0], gradient[0] - gradient[0].mean(axis=0), atol=1e-6)
