"""The four stages of small assays: what each did, with what constants, and that a refused correction leaves the values."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from groprog_assets.checks import assays as check
from groprog_assets.methods.assays.assay_table import AssayTable
from groprog_assets.methods.assays.assay_tables import AssayTables, ReadAssay, assay_tables, read_assays
from groprog_assets.methods.assays.sample_table import SampleRows, read_sample_table, sample_tables
from groprog_assets.methods.measurements.assay_frames import assay_frames
from groprog_assets.methods.measurements.batch_correction import explained_share
from groprog_assets.methods.measurements.layout import read_measurements, write_measurements
from groprog_assets.methods.measurements.stages import (
    HeldAssay,
    corrected,
    filled_in,
    held_assays,
    normalised,
    refused_corrections,
)
from groprog_assets.study.check import load_study
from groprog_assets.study.omics_assays import AssaySource
from groprog_assets.study.parameters import Parameters
from tests.assay_files import BATCHES, KINDS, SUBJECTS, assay_study, rna, sample_rows

GIVEN = Parameters().measurements


def quiet(text: str) -> None:
    """Says nothing."""


class World:
    """The small study's tables and raw files."""

    def __init__(self, folder: Path, changes: dict[str, Any] | None = None, rows: pd.DataFrame | None = None):
        study = load_study(assay_study(folder, rows))
        assert study.omics is not None
        self.folder = folder
        self.sources = [
            AssaySource.model_validate({**item.model_dump(), **(changes or {})}) for item in study.omics.assays
        ]
        self.rows = read_sample_table(folder / "samples.tsv", self.sources)
        ids = [f"s-{name}" for name in self.rows.rows["sample"]]
        self.samples = sample_tables(self.rows, ids, {name: f"p-{name}" for name in SUBJECTS})
        self.raw: AssayTables = assay_tables(self.sources, self.rows, ids, set(ids), folder / "raw", quiet)

    def held(self, stage: pd.DataFrame, files: dict[str, Path]) -> Iterator[HeldAssay]:
        return held_assays(stage, self.raw.samples, self.samples.factors, files, self.sources)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"))


def test_the_four_stages(world: World, tmp_path: Path):
    first = normalised(world.held(world.raw.table, world.raw.matrices), GIVEN, tmp_path / "n", quiet)
    assert first.table.set_index("assay_id")["scale"].to_dict() == {"rna": "log2", "protein": "log2"}
    assert first.summary["protein"]["missing_correlation"] < -0.5
    assert first.summary["protein"]["left_out"] > 0
    assert check.missing_kind(first.summary, GIVEN).passed, "the protein is declared mnar"
    numbers, _ = read_measurements(first.matrices["protein"])
    assert set(range(30)) - set(numbers.tolist()) >= {5}
    np.testing.assert_array_equal(first.constants["protein"]["feature_ix"], numbers)

    second, effects, forbidden = corrected(world.held(first.table, first.matrices), GIVEN, tmp_path / "c", quiet)
    assert not forbidden
    table = effects.set_index("assay_id")
    assert table.loc["rna", "batch_share_after"] < 0.3 * table.loc["rna", "batch_share_before"]
    assert table.loc["rna", "factor"] == "kind"
    _, values = read_measurements(second.matrices["rna"])
    assert table.loc["rna", "batch_share_after"] == pytest.approx(explained_share(values, list(BATCHES)), abs=1e-5)
    assert second.constants["rna"]["batch"].tolist() == ["a", "b"]
    assert check.biology_kept(effects, GIVEN).passed

    third = filled_in(world.held(second.table, second.matrices), GIVEN, tmp_path / "f", quiet)
    assert third.table.set_index("assay_id")["missing_share"].to_dict() == {"rna": 0, "protein": 0}
    before, after = read_measurements(second.matrices["protein"])[1], read_measurements(third.matrices["protein"])[1]
    known = np.isfinite(before)
    np.testing.assert_array_equal(after[known], before[known])
    assert third.summary["protein"]["drawn"] == int((~known).sum())


def test_a_study_of_variants_alone_has_stages_without_assays(tmp_path: Path):
    for stage in (normalised, filled_in):
        assert stage(iter(()), GIVEN, tmp_path, quiet).table.empty
    made = corrected(iter(()), GIVEN, tmp_path, quiet)
    assert made.stage.table.empty
    assert made.effects.empty


def test_mar_that_is_mnar_fails_its_check(tmp_path: Path):
    world = World(tmp_path, {"missing_kind": "mar"})
    first = normalised(world.held(world.raw.table, world.raw.matrices), GIVEN, tmp_path / "n", quiet)
    verdict = check.missing_kind(first.summary, GIVEN)
    assert not verdict.passed
    assert "protein is declared mar" in verdict.description


def test_a_refused_correction_leaves_the_values_and_fails_its_check(tmp_path: Path):
    rows = sample_rows()
    rows["kind"] = rows["batch"].map({"a": "x", "b": "y"})
    world = World(tmp_path, {"batch_correction": {"covariates": ["kind"]}}, rows)
    told = [
        item for read in read_assays(world.sources, world.rows) for item in refused_corrections(read, world.rows, GIVEN)
    ]
    assert len(told) == 2
    first = normalised(world.held(world.raw.table, world.raw.matrices), GIVEN, tmp_path / "n", quiet)
    second, effects, forbidden = corrected(world.held(first.table, first.matrices), GIVEN, tmp_path / "c", quiet)
    assert set(forbidden) == {"rna", "protein"}
    assert set(effects["why_not"]) == {"refused"}
    assert second.matrices["rna"].read_bytes() == first.matrices["rna"].read_bytes()
    verdict = check.confounding(forbidden)
    assert (verdict.passed, verdict.blocking) == (False, True)
    assert "Cramer's V of batch and kind 1.00" in verdict.description
    assert not check.batch_association(effects, GIVEN).passed


def test_a_loss_of_biology_fails_its_check(tmp_path: Path):
    rows = sample_rows()
    rows["kind"] = [{"a": "x", "b": "y"}[batch] if k % 5 else "x" for k, batch in enumerate(rows["batch"])]
    world = World(tmp_path, None, rows)
    first = normalised(world.held(world.raw.table, world.raw.matrices), GIVEN, tmp_path / "n", quiet)
    _, effects, _ = corrected(world.held(first.table, first.matrices), GIVEN, tmp_path / "c", quiet)
    verdict = check.biology_kept(effects, GIVEN)
    assert not verdict.passed
    assert "Lost in rna" in verdict.description.replace("protein, ", "")


def several(omics: str = "genome", **changes: Any) -> AssaySource:
    given = {"name": "rna", "omics": omics, "path": "x", "scale": "linear", "unit": "reads", "format": "cbioportal"}
    return AssaySource.model_validate(given | changes)


def test_each_assay_of_a_file_is_normalised_by_its_own_kind_and_source(tmp_path: Path):
    values = np.random.default_rng(3).uniform(1, 9, (4, 3))
    sources = [several(), several("proteome", name="rna.x", normalisation="none")]
    told = {"rna.mrna": "transcriptome", "rna.cna": "genome", "rna.x": "proteome"}
    files = {name: write_measurements(tmp_path / f"{name}.parquet", np.arange(4), values) for name in told}
    stage = pd.DataFrame({"assay_id": list(told), "omics": list(told.values()), "scale": "linear"})
    rows = [{"assay_id": name, "position": k, "sample_id": f"s{k}", "batch": None} for name in told for k in range(3)]
    factors = pd.DataFrame(columns=["sample_id", "factor", "value"])
    held = held_assays(stage, pd.DataFrame(rows), factors, files, sources)
    found = normalised(held, GIVEN, tmp_path / "n", quiet).table.set_index("assay_id")["method"].to_dict()
    assert found == {"rna.mrna": "log2(x + 1)", "rna.cna": "none", "rna.x": "none"}


def test_a_correction_is_refused_before_a_run_by_the_kind_that_the_file_tells():
    source = several(batch_correction={"covariates": ["kind"]})
    rows = pd.DataFrame({"batch": list("aabb")})
    samples = SampleRows(rows, {"kind": ["x", "x", "y", "y"]}, [])
    nothing = pd.DataFrame({"source_id": ["g"]})
    told = {"": 0, "transcriptome": 1}
    for omics, refused in told.items():
        table = AssayTable(nothing, tuple("abcd"), np.ones((1, 4)), said={"omics": omics} if omics else {})
        read = ReadAssay("rna.mrna", source, table, [0, 1, 2, 3])
        assert len(refused_corrections(read, samples, GIVEN)) == refused


def test_values_as_frames_by_sample_and_by_subject(world: World):
    frames = assay_frames(world.raw.matrices, world.raw.features, world.raw.samples)
    np.testing.assert_array_equal(frames["rna"].to_numpy(), rna().to_numpy())
    assert frames["rna"].columns[0] == f"s-{SUBJECTS[0]}-rna"
    assert frames["rna"].index[1] == "symbol:GENE1"
    samples = world.samples.table.copy()
    samples.loc[samples["sample_id"] == f"s-{SUBJECTS[1]}-rna", "subject_id"] = f"p-{SUBJECTS[0]}"
    by_subject = assay_frames(world.raw.matrices, world.raw.features, world.raw.samples, samples, ["rna"])["rna"]
    assert by_subject.shape == (40, 11)
    np.testing.assert_allclose(by_subject[f"p-{SUBJECTS[0]}"], rna().iloc[:, :2].mean(axis=1))
    assert len(KINDS) == 12
