"""Assays as tables: consent decides which samples are written, sparse assays share variants, problems come together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import AssayError
from groprog_assets.methods.assays import formats
from groprog_assets.methods.assays.assay_table import SparseAssay
from groprog_assets.methods.assays.assay_tables import assay_tables, described, read_assays
from groprog_assets.methods.assays.sample_table import read_sample_table
from groprog_assets.methods.measurements.layout import read_measurements
from groprog_assets.study.omics_assays import AssaySource
from tests.assay_files import SUBJECTS, assay_study, protein, rna


def quiet(text: str) -> None:
    """Says nothing."""


def sources(folder: Path) -> list[AssaySource]:
    from groprog_assets.study.check import load_study

    study = load_study(assay_study(folder))
    assert study.omics is not None
    return study.omics.assays


def test_only_permitted_samples_are_written_in_the_order_of_the_file(tmp_path: Path):
    given = sources(tmp_path)
    read = read_sample_table(tmp_path / "samples.tsv", given)
    ids = [f"s-{name}" for name in read.rows["sample"]]
    permitted = {f"s-{name}-{assay}" for name in SUBJECTS[:3] for assay in ("rna", "protein")}
    made = assay_tables(given, read, ids, permitted, tmp_path / "out", quiet)
    assert made.table.set_index("assay_id")["samples"].to_dict() == {"rna": 3, "protein": 3}
    numbers, values = read_measurements(made.matrices["rna"])
    np.testing.assert_array_equal(values, rna().to_numpy()[:, :3])
    np.testing.assert_array_equal(numbers, np.arange(40))
    assert made.samples["sample_id"].tolist()[:3] == [f"s-{name}-rna" for name in SUBJECTS[:3]]
    np.testing.assert_allclose(read_measurements(made.matrices["protein"])[1], protein().to_numpy()[:, :3], rtol=1e-6)
    assert not made.broken(pd.DataFrame({"sample_id": sorted(permitted)}))
    assert made.broken(pd.DataFrame({"sample_id": ["s-other"]}))


def test_an_assay_of_nobody_has_no_matrix(tmp_path: Path):
    given = sources(tmp_path)
    read = read_sample_table(tmp_path / "samples.tsv", given)
    ids = [f"s-{name}" for name in read.rows["sample"]]
    permitted = {f"s-{name}-rna" for name in SUBJECTS}
    made = assay_tables(given, read, ids, permitted, tmp_path / "out", quiet)
    assert set(made.matrices) == {"rna"}
    assert made.table.set_index("assay_id").loc["protein", "samples"] == 0


def test_problems_of_all_files_come_together(tmp_path: Path):
    given = sources(tmp_path)
    rna().rename(columns={"patient-00-rna": "patient-0-rna"}).to_csv(tmp_path / "rna.tsv", sep="\t")
    table = protein()
    table.iloc[3, 2] = np.inf
    pd.concat([table, table.iloc[:2]]).to_csv(tmp_path / "protein.csv", na_rep="NA")
    with pytest.raises(AssayError) as error:
        list(read_assays(given, read_sample_table(tmp_path / "samples.tsv", given)))
    said = str(error.value)
    assert "patient-0-rna" in said
    assert "Did you mean 'patient-00-rna'" in said
    assert "inf" in said


def sparse(build: str, rows: list[tuple[int, str, str]], calls: list[tuple[str, int]]) -> SparseAssay:
    variants = pd.DataFrame(
        [
            (k, build, "7", at, at + 1, ref, alt, "snv", f"{build}:{at}:{ref}:{alt}", 1)
            for k, (at, ref, alt) in enumerate(rows)
        ],
        columns=[
            *("variant_ix", "genome_build", "chrom", "start", "end", "ref", "alt", "kind", "digest"),
            "source_alt_index",
        ],
    )
    genotypes = pd.DataFrame(
        [(name, k, [0, None], None, False, None, 30, 9, 40.0, ["PASS"]) for name, k in calls],
        columns=[
            *("sample", "variant_ix", "alleles", "dosage", "phased", "phase_set", "depth", "alt_depth"),
            *("quality", "filter"),
        ],
    )
    effects = pd.DataFrame({"variant_ix": range(len(rows)), "consequence": "missense", "source": "MAF"})
    for name in ("gene_id", "symbol", "transcript", "hgvs_c", "hgvs_p", "classification"):
        effects[name] = None
    return SparseAssay(("s1", "s2"), variants, genotypes, effects)


def test_a_variant_of_two_assays_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    held = {
        "first": sparse("GRCh38", [(10, "A", "T"), (20, "C", "G")], [("s1", 0), ("s2", 1)]),
        "second": sparse("GRCh38", [(30, "A", "T"), (20, "C", "G")], [("s1", 1), ("s2", 0)]),
    }
    monkeypatch.setitem(formats.READERS, "maf", lambda path, source: held[source.name])
    path = tmp_path / "x.maf"
    path.write_text("")
    (tmp_path / "samples.tsv").write_text("sample\tsubject\ns1\tp1\ns2\tp2\n")
    given = [
        AssaySource.model_validate(
            {"name": name, "omics": "genome", "format": "maf", "path": path, "genome_build": "GRCh38"}
        )
        for name in held
    ]
    read = read_sample_table(tmp_path / "samples.tsv", given)
    made = assay_tables(given, read, ["s-1", "s-2"], {"s-1"}, tmp_path / "out", quiet)
    assert made.sparse.variants["start"].tolist() == [10, 20], "the one at 30 is only of somebody left out"
    assert made.sparse.genotypes[["sample_id", "variant_ix"]].to_numpy().tolist() == [["s-1", 0], ["s-1", 1]]
    assert made.sparse.genotypes["alleles"].tolist() == [[0, None], [0, None]]
    assert set(made.sparse.consequences["variant_ix"]) == {0, 1}
    assert described(next(read_assays(given, read))).startswith("2 variants of 2 samples")


def test_builds_are_never_mixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    mixed = sparse("GRCh37", [(10, "A", "T")], [("s1", 0)])
    monkeypatch.setitem(formats.READERS, "maf", lambda path, source: mixed)
    path = tmp_path / "x.maf"
    path.write_text("")
    (tmp_path / "samples.tsv").write_text("sample\tsubject\ns1\tp1\ns2\tp2\n")
    source = {"name": "m", "omics": "genome", "format": "maf", "path": path, "genome_build": "GRCh38"}
    given = [AssaySource.model_validate(source)]
    read = read_sample_table(tmp_path / "samples.tsv", given)
    with pytest.raises(AssayError, match="GRCh37"):
        assay_tables(given, read, ["s-1", "s-2"], {"s-1", "s-2"}, tmp_path / "out", quiet)
