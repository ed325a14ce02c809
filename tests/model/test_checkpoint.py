"""Saved models: equal scores after loading, equal bytes for equal models, altered files refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from groprog_assets.errors import ModelError
from groprog_assets.model.checkpoint import load_model, model_version, save_model
from groprog_assets.model.cross_validation import train_final
from groprog_assets.model.predict import predict
from groprog_assets.model.risk_model import RiskModel
from groprog_assets.model.training_state import write_whole
from tests.model.cohorts import cohort, matched, parameters

QUICK = {"genomic_warmup_epochs": 1, "clinical_warmup_epochs": 1, "joint_epochs": 2}


def fitted(made=cohort) -> RiskModel:
    inputs, outcomes = made(50)
    return train_final(inputs, outcomes, parameters(training=QUICK)).model


@pytest.mark.parametrize("mode", ["signature", "matched", "clinical"])
def test_loaded_model_scores_the_same(mode: str, tmp_path: Path):
    inputs, outcomes = matched(50) if mode == "matched" else cohort(50)
    inputs = inputs.clinical_only() if mode == "clinical" else inputs
    model = train_final(inputs, outcomes, parameters(training=QUICK)).model
    for name, content in save_model(model).items():
        write_whole(tmp_path / "model" / name, content)
    for source in (save_model(model), tmp_path / "model"):
        loaded = load_model(source)
        for one, other in zip(predict(model, inputs), predict(loaded, inputs)):
            np.testing.assert_array_equal(one, other)
        assert loaded.parameters == model.parameters
        assert loaded.genes == model.genes


def test_equal_models_give_equal_bytes():
    one, other = save_model(fitted()), save_model(fitted())
    assert one == other
    assert model_version(one) == model_version(other)
    assert save_model(load_model(one)) == one


def test_a_model_of_a_version_with_a_parameter_that_nothing_read_still_loads():
    files = save_model(fitted())
    document = json.loads(files["model.json"])
    document["parameters"]["normalization"]["epsilon"] = 1e-8
    earlier = {**files, "model.json": json.dumps(document).encode()}
    assert load_model(earlier).parameters == load_model(files).parameters


def test_altered_and_missing_files_are_told_together():
    files = save_model(fitted())
    broken = {**files, "member-0.safetensors": files["member-0.safetensors"] + b" "}
    del broken["reference.safetensors"]
    with pytest.raises(ModelError, match="altered") as raised:
        load_model(broken)
    assert "reference.safetensors: missing" in str(raised.value)
    with pytest.raises(ModelError, match=r"no model\.json"):
        load_model({})
    later = json.loads(files["model.json"]) | {"format": 99}
    with pytest.raises(ModelError, match="format 99"):
        load_model({**files, "model.json": json.dumps(later).encode()})


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "file"
    write_whole(path, b"old")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
