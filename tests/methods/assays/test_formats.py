"""Every format through the door of the study: canonical identifiers, what a format says of itself, thresholds that count."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from groprog_assets.errors import AssayError
from groprog_assets.methods.assays.assay_table import AssayTable, SparseAssay
from groprog_assets.methods.assays.assay_tables import assay_tables
from groprog_assets.methods.assays.formats import Aids, read_assay, reading_aids
from groprog_assets.methods.assays.sample_table import read_sample_table
from groprog_assets.study.assay_parameters import AssayReadingParameters
from groprog_assets.study.omics_assays import AssaySource
from tests.methods.assays import (
    test_diann,
    test_maf,
    test_maxquant,
    test_methylation,
    test_mztab,
    test_olink,
    test_vcf,
)
from tests.methods.assays.sources import written
from tests.methods.assays.test_cbioportal import study
from tests.methods.assays.test_identifiers import HGNC


def sources(folder: Path) -> dict[str, AssaySource]:
    """One file of each format."""
    (folder / "npx.csv").write_text(test_olink.EXPLORE)
    files = {
        "maxquant": ("proteome", written(folder, "proteinGroups.txt", test_maxquant.HEADER, *test_maxquant.ROWS)),
        "diann": ("proteome", written(folder, "report.tsv", *test_diann.LONG)),
        "olink": ("proteome", folder / "npx.csv"),
        "mztab": ("metabolome", written(folder, "x.mztab", *test_mztab.FILE)),
        "beta": ("epigenome", written(folder, "beta.tsv", *test_methylation.BETA)),
        "maf": ("genome", test_maf.maf(folder, *test_maf.ROWS)),
        "vcf": ("genome", test_vcf.write(folder)),
        "seg": (
            "genome",
            written(folder, "x.seg", "ID | chrom | loc.start | loc.end | num.mark | seg.mean", "A | 1 | 1 | 9 | 1 | 0"),
        ),
    }
    build = {"maf": "GRCh37", "vcf": "GRCh38", "seg": "GRCh38"}
    return {
        name: AssaySource.model_validate(
            {"name": name, "omics": omics, "format": name, "path": path, "genome_build": build.get(name, "")}
            | ({"scale": "linear", "unit": "a.u."} if name == "mztab" else {})
        )
        for name, (omics, path) in files.items()
    }


def test_every_format_becomes_tables(tmp_path: Path):
    given = list(sources(tmp_path).values())
    names: list[str] = []
    for source in given:
        found = read_assay(source)[source.name]
        names += found.samples if isinstance(found, AssayTable) else found.profiled
    names = list(dict.fromkeys(names))
    rows = [f"{name} | subject{k}" for k, name in enumerate(names)]
    table = written(tmp_path, "samples.tsv", "sample | subject", *rows)
    read = read_sample_table(table, given)
    ids = [f"s-{k}" for k in range(len(names))]
    made = assay_tables(given, read, ids, set(ids), tmp_path / "out", lambda text: None)
    scales = made.table.set_index("assay_id")["scale"].dropna().to_dict()
    assert scales == {"maxquant": "linear", "diann": "linear", "olink": "npx", "mztab": "linear", "beta": "beta"}
    assert made.features["feature_id"].notna().all()
    assert len(made.flagged) == 3
    assert set(made.matrices) == {"maxquant", "diann", "olink", "mztab", "beta"}
    assert len(made.sparse.variants) == 18
    assert made.sparse.intervals["end"].tolist() == [9]


def test_features_get_their_genes(tmp_path: Path):
    genes = written(tmp_path, "hgnc.tsv", *HGNC)
    aids = reading_aids(AssayReadingParameters(), genes)
    found = read_assay(sources(tmp_path)["maxquant"], aids)["maxquant"]
    assert isinstance(found, AssayTable)
    assert found.features["gene_id"].fillna("").tolist() == ["HGNC:11998", ""]
    assert found.features["mapping"].tolist() == ["exact", "exact"]
    assert found.counts["features_exact"] == 2


def test_the_thresholds_of_the_study_count(tmp_path: Path):
    loose = Aids(AssayReadingParameters(precursor_q_value=0.05, protein_q_value=0.05))
    strict, wide = (read_assay(sources(tmp_path)["diann"], aids)["diann"] for aids in (Aids(), loose))
    assert isinstance(strict, AssayTable)
    assert isinstance(wide, AssayTable)
    assert np.isnan(strict.values).sum() > np.isnan(wide.values).sum()


@pytest.mark.parametrize("name", ["maf", "vcf", "seg"])
def test_sparse_assays_list_who_was_looked_at(tmp_path: Path, name: str):
    found = read_assay(sources(tmp_path)[name])[name]
    assert isinstance(found, SparseAssay)
    rows = found.genotypes if found.genotypes is not None else found.intervals
    assert rows is not None
    assert set(rows["sample"]) <= set(found.profiled)


def test_variants_have_the_build_that_their_file_tells(tmp_path: Path):
    of_maf = sources(tmp_path)["maf"]
    told = read_assay(of_maf)["maf"]
    untold = read_assay(of_maf.model_copy(update={"genome_build": ""}))["maf"]
    assert untold.said["genome_build"] == told.said["genome_build"] == of_maf.genome_build
    other = {"GRCh37": "GRCh38", "GRCh38": "GRCh37"}[of_maf.genome_build]
    with pytest.raises(AssayError, match=f"the study says {other}"):
        read_assay(of_maf.model_copy(update={"genome_build": other}))


def test_calls_of_copy_number_may_be_halves(tmp_path: Path):
    lines = {"gistic COPY_NUMBER_ALTERATION DISCRETE": ("Hugo_Symbol | S1 | S2", "TP53 | -1.5 | 2")}
    given = {"name": "cna", "omics": "genome", "format": "cbioportal", "path": study(tmp_path / "calls", **lines)}
    found = read_assay(AssaySource.model_validate(given))["cna"]
    assert isinstance(found, AssayTable)
    assert found.values.tolist() == [[-1.5, 2]]
    lines = {"gistic COPY_NUMBER_ALTERATION DISCRETE": ("Hugo_Symbol | S1 | S2", "TP53 | -1.4 | 2")}
    study(tmp_path / "calls", **lines)
    with pytest.raises(AssayError, match="a whole number, or a half"):
        read_assay(AssaySource.model_validate(given))


def test_metabolites_of_a_matrix_are_known_by_their_form(tmp_path: Path):
    path = written(
        tmp_path, "m.tsv", "id | S1", "HMDB00001 | 1", "hmdb:HMDB0000122 | 2", "CHEBI:15377 | 3", "15377 | 4"
    )
    given = {"name": "m", "omics": "metabolome", "path": path, "scale": "linear", "unit": "uM"}
    expected = {
        "metabolite": ["HMDB:HMDB0000001", "HMDB:HMDB0000122", "CHEBI:15377", "metabolite:15377"],
        "chebi": ["HMDB:HMDB0000001", "HMDB:HMDB0000122", "CHEBI:15377", "CHEBI:15377"],
    }
    for system, ids in expected.items():
        found = read_assay(AssaySource.model_validate({**given, "id_system": system}))["m"]
        assert isinstance(found, AssayTable)
        assert found.features["feature_id"].tolist() == ids


def test_segments_of_a_folder_have_the_build_of_their_meta_file(tmp_path: Path):
    lines = ("ID | chrom | loc.start | loc.end | num.mark | seg.mean", "S1 | 1 | 1 | 9 | 1 | 0.5")
    folder = study(tmp_path / "calls", **{"seg COPY_NUMBER_ALTERATION SEG": lines})
    meta = folder / "meta_seg.txt"
    meta.write_text(meta.read_text() + "reference_genome_id: hg38\n")
    given = AssaySource.model_validate({"name": "cb", "omics": "genome", "format": "cbioportal", "path": folder})
    assert read_assay(given)["cb"].said["genome_build"] == "GRCh38"
    with pytest.raises(AssayError, match="GRCh38, the study says GRCh37"):
        read_assay(given.model_copy(update={"genome_build": "GRCh37"}))
