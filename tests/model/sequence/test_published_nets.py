"""A net that is a view's champion: published as files, read again, and used by everything that asks the ladder."""

from __future__ import annotations

import numpy as np
import pytest

from groprog_assets.compute.compute_pool import Here, Pool
from groprog_assets.compute.shards.sequence_net import fitter_of
from groprog_assets.errors import ModelError
from groprog_assets.methods.sequence.meme import Motif
from groprog_assets.methods.sequence.published_model import packed, unpacked
from groprog_assets.methods.sequence.study_model import fit_study
from groprog_assets.prognosis.sequence_rungs import every_rung
from groprog_assets.study.sequence_study import NETS, Sequence
from tests.model.sequence.planted import LAYOUT, pairs, splits_of

OWN = {"width": 16, "blocks": 1, "dropout": 0.0, "head_dropout": 0.1, "learning_rate": 5e-3, "epochs": 10}


def test_a_net_that_is_certainly_better_is_the_champion_and_is_published(tmp_path):
    examples, genes = pairs()
    values = genes[["gene"]].assign(y=examples.targets[:, 0])
    section = Sequence.model_validate(
        {
            "windows": {"tss": LAYOUT.tss, "tts": None},
            "views": ["locus"],
            "models": ["ridge_kmer", "cnn"],
            "parameters": {"nets": OWN, "bootstrap_samples": 200},
        }
    )
    told = []
    made = fit_study(
        genes,
        examples.codes,
        values,
        splits_of(examples, genes),
        section,
        {"file": "f", "sha256": "0"},
        print,
        every_rung,
        fitter_of(Pool(), Here(told.append, tmp_path)),
    )
    assert made.summary["card"]["champions"] == {"locus": "cnn"}
    assert any("cnn fold 3 of 3 epoch 10" in line for line in told)
    model = unpacked(made.files, every_rung)
    held = made.predictions[made.predictions["rung"] == "cnn"]
    for fold in range(3):
        rows = (held["fold"] == fold).to_numpy()
        assert np.allclose(model.predict(examples.codes[rows], "locus", f"fold{fold}")[:, 0], held["predicted"][rows])
    with pytest.raises(ModelError, match="cnn"):
        unpacked(made.files)


@pytest.mark.parametrize("name", NETS)
def test_every_net_is_a_rung_that_can_be_published(name):
    examples, _ = pairs(120)
    section = Sequence.model_validate({"parameters": {"nets": {"width": 8, "blocks": 1, "epochs": 1}}})
    motif = Motif("m", "", np.full((4, 5), 0.25), 1)
    rung = every_rung(LAYOUT, [name], section.parameters, [motif])[-1]
    assert rung.name == name
    fitted = rung.fit(examples, examples)
    card = {
        "tasks": ["a", "b"],
        "windows": {"tss": LAYOUT.tss, "tts": None},
        "champions": {"locus": name},
        "folds": 0,
        "parameters": section.parameters.model_dump(mode="json"),
    }
    model = unpacked(packed(card, {"locus": {"final": fitted}}), every_rung)
    expected = fitted.predict(examples.codes, examples.side)
    assert np.array_equal(model.predict(examples.codes, "locus"), expected)
    assert np.isfinite(expected).all()
