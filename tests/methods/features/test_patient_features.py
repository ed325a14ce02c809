"""A patient's own library against counting by hand, and on the experiment's scale."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groprog_assets.methods.features.normalized_features import normalize, normalize_patients
from groprog_assets.methods.features.patient_features import FEATURES, patient_features
from groprog_assets.study.parameters import NormalizationParameters, PausingParameters
from groprog_assets.study.schema import Library

GENES = pd.DataFrame(
    {
        "gene": ["up", "down"],
        "chrom": "chr1",
        "start": [10_000, 50_000],
        "end": [20_000, 60_000],
        "strand": ["+", "-"],
        "tss": [10_000, 59_999],
        "tts": [19_999, 50_000],
    }
)
CONTROL = pd.DataFrame({"gene": ["up", "down"], "body_density": [10.0, 20.0]})


def library(name: str) -> Library:
    return Library(id=name, condition="patients", alignments=f"{name}.bam")


def positions(counts: dict[tuple[str, int], int]) -> pd.DataFrame:
    rows = [("chr1", strand, at, count) for (strand, at), count in sorted(counts.items())]
    return pd.DataFrame(rows, columns=["chrom", "strand", "position", "count"]).astype({"count": "int32"})


def measured(counts: dict[tuple[str, int], int]) -> pd.DataFrame:
    found = patient_features(
        {"a": positions(counts)}, [library("a")], {"P1": "a", "P2": "gone"}, GENES, CONTROL, PausingParameters()
    )
    assert found["patient_id"].tolist() == ["P1"]
    assert found["feature"].tolist() == list(FEATURES)
    return pd.DataFrame(found["values"][0], index=found["gene"], columns=found["feature"])


def test_counts_by_hand():
    found = measured({("+", 10_050): 30, ("+", 11_000): 48, ("-", 59_000): 22, ("+", 30_000): 900})
    millions = 1000 / 1e6
    up = found.loc["up"]
    assert up["tss_density"] == pytest.approx(30 / 0.25 / millions)
    assert up["body_density"] == pytest.approx(48 / 4.8 / millions)
    assert up["pausing_index"] == pytest.approx(30 / 0.25 / (48 / 4.8))
    assert up["log2_fold_change"] == pytest.approx(np.log2(48.5 / (10.0 * 4.8 * millions + 0.5)), rel=1e-5)
    assert up["expression_level"] == pytest.approx(np.log2(48.5 / millions), rel=1e-5)
    assert found.loc["down", "tss_density"] == 0


def test_a_thin_body_has_no_pausing_index():
    found = measured({("+", 10_050): 30, ("+", 11_000): 19, ("-", 59_000): 40})
    assert np.isnan(found.loc["up", "pausing_index"])
    assert found.loc["down", "pausing_index"] == 0


def experiment(genes: int = 40):
    random = np.random.default_rng(2)
    frame = pd.DataFrame({"gene": [f"G{k:02d}" for k in range(genes)]})
    for name in ("tss_density", "body_density", "upstream_density", "pausing_index"):
        frame[name] = random.lognormal(1, 1, genes)
    frame["log2_fold_change"] = random.normal(0, 2, genes)
    frame["significance"] = random.normal(0, 3, genes)
    frame["expression_level"] = random.normal(6, 2, genes)
    frame["key_locus"] = (random.random(genes) < 0.2).astype(float)
    return frame, normalize(frame, NormalizationParameters())


def test_the_experiment_itself_comes_out_as_in_its_own_table():
    frame, made = experiment()
    values = np.stack([frame[list(FEATURES)].to_numpy(), np.full((len(frame), len(FEATURES)), np.nan)])
    out = normalize_patients(values.astype(np.float32), FEATURES, made)
    columns = made.table.columns.drop("gene")
    assert out.shape == (2, len(frame), len(columns))
    np.testing.assert_allclose(out[0], made.table[columns].to_numpy(), atol=1e-5)
    assert np.isnan(out[1]).all()


def test_no_patient_decides_how_another_is_scaled():
    frame, made = experiment()
    one = frame[list(FEATURES)].to_numpy(np.float32)[None]
    both = np.concatenate([one, one * 50])
    np.testing.assert_array_equal(
        normalize_patients(both, FEATURES, made)[0], normalize_patients(one, FEATURES, made)[0]
    )


def test_holes_take_the_neutral_value():
    frame, made = experiment()
    values = frame[list(FEATURES)].to_numpy(np.float32)[None].copy()
    values[0, 3] = np.nan
    out = pd.DataFrame(normalize_patients(values, FEATURES, made)[0], columns=made.table.columns.drop("gene"))
    assert out.loc[3, "log2_fold_change"] == 0
    assert out.loc[3, "pausing_index"] == 0
    assert out.loc[3, "pausing_index_rank"] == 0.5
    assert out.loc[3, "tss_density"] == pytest.approx(made.table["tss_density"].median())
    assert np.isfinite(out.to_numpy()).all()
