"""Assays without some samples, from what was read before: equal to reading the files again, byte by byte, and no file is read."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_assets.errors import GroProgError
from groprog_assets.methods.assays.assay_tables import AssayTables, assay_tables
from groprog_assets.methods.assays.narrowed_assays import EarlierAssays
from groprog_assets.methods.assays.sample_table import read_sample_table
from groprog_assets.methods.measurements.layout import read_measurements, write_measurements, write_narrowed
from groprog_assets.study.check import load_study
from groprog_assets.study.omics_assays import AssaySource
from tests.assay_files import SUBJECTS, assay_study, sample_rows

OLINK = "SampleID;OlinkID;UniProt;Assay;Panel;NPX;LOD;QC_Warning\n"


class Study:
    """Counts, log intensities, flagged NPX of two panels and segments of twelve subjects, read whole."""

    def __init__(self, folder: Path):
        rows = sample_rows()
        more = [(f"{name}-{assay}", name, assay, "tumour", "", "") for assay in ("npx", "cn") for name in SUBJECTS]
        study = load_study(assay_study(folder, pd.concat([rows, pd.DataFrame(more, columns=rows.columns)])))
        assert study.omics is not None
        random = np.random.default_rng(3)
        lines = [
            f"{name}-npx;OID{k};P{k:05d};A{k};one;{random.normal():.3f};0;{'PASS' if random.random() < 0.7 else 'WARN'}\n"
            for name in SUBJECTS
            for k in range(4)
        ]
        (folder / "npx.csv").write_text(OLINK + "".join(lines))
        segments = [f"{name}-cn\t1\t{1 + 100 * k}\t{100 * k + 90}\t5\t0.{k}\n" for name in SUBJECTS for k in range(3)]
        (folder / "cn.seg").write_text("ID\tchrom\tloc.start\tloc.end\tnum.mark\tseg.mean\n" + "".join(segments))
        npx = {
            "name": "npx",
            "omics": "proteome",
            "format": "olink",
            "path": folder / "npx.csv",
            "id_system": "uniprot",
        }
        cn = {"name": "cn", "omics": "genome", "format": "seg", "path": folder / "cn.seg", "genome_build": "GRCh38"}
        given = [AssaySource.model_validate(item) for item in (npx, cn)]
        self.sources = [study.omics.assays[0], *given, study.omics.assays[1]]
        self.rows = read_sample_table(folder / "samples.tsv", self.sources)
        self.ids = [f"s-{name}" for name in self.rows.rows["sample"]]
        self.folder = folder
        self.whole = self.read(set(self.ids), "whole")

    def read(self, permitted: Set[str], name: str, earlier: EarlierAssays | None = None) -> AssayTables:
        folder = self.folder / name
        return assay_tables(self.sources, self.rows, self.ids, permitted, folder, lambda text: None, earlier=earlier)

    def earlier(self, made: AssayTables, permitted: Set[str]) -> EarlierAssays:
        return EarlierAssays(
            made.table, made.samples, made.features, made.flagged, made.matrices, made.summary, permitted
        )


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return Study(tmp_path_factory.mktemp("narrowed"))


def same(one: AssayTables, other: AssayTables) -> None:
    for name, table in one.tables.items():
        pd.testing.assert_frame_equal(table, other.tables[name])
    assert one.summary == other.summary
    assert list(one.matrices) == list(other.matrices)
    for name, path in one.matrices.items():
        assert path.read_bytes() == other.matrices[name].read_bytes(), name


@settings(deadline=None, max_examples=15)
@given(st.sets(st.integers(0, 45), max_size=46))
def test_fewer_samples_are_what_reading_the_files_again_gives(study: Study, left_out: set[int]):
    permitted = {name for k, name in enumerate(study.ids) if k not in left_out}
    again = study.read(permitted, "again")
    same(study.read(permitted, "narrowed", study.earlier(study.whole, set(study.ids))), again)


def test_an_assay_of_nobody_and_one_of_everybody(study: Study):
    permitted = {name for name in study.ids if not name.endswith("-protein")}
    made = study.read(permitted, "one", study.earlier(study.whole, set(study.ids)))
    same(made, study.read(permitted, "two"))
    assert "protein" not in made.matrices
    assert made.matrices["rna"].stat().st_ino == study.whole.matrices["rna"].stat().st_ino
    assert len(study.whole.flagged) > 0
    kept = study.whole.matrices["rna"].read_bytes()
    study.read(permitted - {"s-patient-01-rna"}, "one", study.earlier(study.whole, set(study.ids)))  # over the link
    assert study.whole.matrices["rna"].read_bytes() == kept


def test_no_file_of_a_matrix_is_read_again_and_one_with_new_samples_is(study: Study, monkeypatch: pytest.MonkeyPatch):
    from groprog_assets.methods.assays import assay_tables as module

    read: list[str] = []
    own = module.read_assay

    def counted(source, aids):
        read.append(source.name)
        return own(source, aids)

    monkeypatch.setattr(module, "read_assay", counted)
    permitted = set(study.ids) - {"s-patient-03-rna", "s-patient-03-cn"}
    fewer = study.read(permitted, "fewer", study.earlier(study.whole, set(study.ids)))
    assert read == ["cn"]  # sparse
    read.clear()
    same(study.read(set(study.ids), "more", study.earlier(fewer, permitted)), study.whole)
    assert read == [source.name for source in study.sources]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_groups_and_runs_of_samples_are_written_as_a_matrix_is(tmp_path: Path, dtype: type):
    random = np.random.default_rng(0)
    values = random.normal(size=(1100, 9)).astype(dtype)
    values[random.random(values.shape) < 0.2] = np.nan
    values[:600, 3] = np.nan
    source = write_measurements(tmp_path / "all.parquet", np.arange(1100) * 2, values)
    for kept in ([0, 1, 2, 4, 8], [3], list(range(9)), [1, 3, 5, 7]):
        made = write_narrowed(source, tmp_path / "some.parquet", kept)
        numbers, held = read_measurements(tmp_path / "some.parquet")
        np.testing.assert_array_equal(held, values[:, kept])
        np.testing.assert_array_equal(numbers, np.arange(1100) * 2)
        expected = write_measurements(tmp_path / "expected.parquet", np.arange(1100) * 2, values[:, kept])
        assert (tmp_path / "some.parquet").read_bytes() == expected.read_bytes()
        own = values[:, kept]
        assert made == (own.size, np.isfinite(own).sum(), np.nanmin(own), np.nanmax(own))


def test_a_source_that_is_gone_is_an_error_without_the_earlier_values(study: Study):
    gone = [source.model_copy(update={"path": source.path.with_name("gone.tsv")}) for source in study.sources[:1]]
    permitted = set(study.ids) - {"s-patient-03-rna"}
    earlier = study.earlier(study.whole, set(study.ids))._replace(table=study.whole.table.iloc[:1])
    arguments = (study.rows, study.ids, permitted, study.folder / "gone", lambda text: None)
    assert assay_tables(gone, *arguments, earlier=earlier).table["samples"].tolist() == [11]
    with pytest.raises(GroProgError):
        assay_tables(gone, *arguments)
