"""Assays and subjects as files of other programs: what our own readers read back is what was written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import ComputeError
from groprog_assets.export import omics_assays
from groprog_assets.export.omics_assays import Held, write_h5mu, write_study_folder
from groprog_assets.export.omics_records import write_phenopackets, write_pheval
from groprog_assets.methods.assays.annotated_matrices import read_h5mu
from groprog_assets.methods.assays.assay_table import AssayTable, SparseAssay
from groprog_assets.methods.assays.assay_tables import assay_tables
from groprog_assets.methods.assays.cbioportal import read_cbioportal
from groprog_assets.methods.assays.formats import read_assay
from groprog_assets.methods.assays.sample_table import read_sample_table
from groprog_assets.methods.measurements.layout import write_measurements
from groprog_assets.methods.omics.phenopackets import read_phenopackets
from groprog_assets.study.omics_assays import AssaySource
from groprog_assets.tables import TABLES
from tests.methods.assays.sources import source, written
from tests.methods.assays.test_formats import sources


@pytest.fixture
def held(tmp_path: Path) -> Held:
    """The assays of one file of each format, as the study stores them, samples under pseudonyms s-0, s-1, ..."""
    folder = tmp_path / "in"
    rna = written(folder, "rna.tsv", "gene | R1 | R2", "TP53 | 1.5 | NA", "NA | 0 | 2e-7")
    about = {
        "name": "rna",
        "omics": "transcriptome",
        "path": rna,
        "scale": "linear",
        "unit": "TPM",
        "id_system": "symbol",
    }
    given = [*sources(folder).values(), AssaySource.model_validate(about)]
    names: list[str] = []
    for one in given:
        found = read_assay(one)[one.name]
        names += found.samples if isinstance(found, AssayTable) else found.profiled
    names = list(dict.fromkeys(names))
    rows = [f"{name} | subject{k}" for k, name in enumerate(names)]
    read = read_sample_table(written(folder, "samples.tsv", "sample | subject", *rows), given)
    ids = [f"s-{k}" for k in range(len(names))]
    made = assay_tables(given, read, ids, set(ids), tmp_path / "stored", lambda text: None)
    who = pd.DataFrame({"sample_id": ids, "subject_id": [f"p-{k}" for k in range(len(names))]})
    return Held(made.table, made.samples, made.features, *made.sparse, made.matrices, who)


def same_matrix(held: Held, assay: str, found: AssayTable, prefix: str = "") -> None:
    features, samples, values = held.matrix(assay)
    assert list(found.samples) == samples
    assert found.features["source_id"].tolist() == [prefix + name for name in features["source_id"]]
    np.testing.assert_allclose(found.values, values, rtol=1e-6)


def test_a_study_folder_is_read_back_equal(held: Held, tmp_path: Path):
    done = write_study_folder(tmp_path / "out", held)
    found = read_cbioportal(tmp_path / "out", source("genome", "cbioportal", scale="linear", duplicates="refuse"))
    for assay in ("rna", "maxquant", "diann", "olink", "mztab", "beta"):
        back = found["mrna" if assay == "rna" else assay]
        assert isinstance(back, AssayTable)
        same_matrix(held, assay, back)
    assert (tmp_path / "out" / "meta_rna.txt").read_text().count("MRNA_EXPRESSION") == 1
    segments = found["seg"]
    assert isinstance(segments, SparseAssay)
    assert segments.intervals is not None
    assert segments.intervals[["sample", "chrom", "start", "end"]].to_numpy().tolist() == [
        row[1:5] for row in held.intervals[["assay_id", "sample_id", "chrom", "start", "end"]].to_numpy().tolist()
    ]
    assert any("genotypes of symbolic variants and breakends" in text for text in done.left_out)
    assert any("variants of GRCh38" in text for text in done.left_out)
    for path in done.files:
        assert "subject" not in path.read_text().replace("subject_id", "")


PROFILE = {"stable_id", "show_profile_in_analysis_tab", "profile_name", "profile_description"}
NEEDED = {
    "CLINICAL": set(),
    "MRNA_EXPRESSION": PROFILE,
    "METHYLATION": PROFILE,
    "COPY_NUMBER_ALTERATION": PROFILE,
    "MUTATION_EXTENDED": PROFILE,
    "GENERIC_ASSAY": PROFILE | {"generic_assay_type"},
    "SEG": {"reference_genome_id", "description"},
}
"""Fields that a meta file must have beside the study, kind and data file. Source: docs.cbioportal.org, File Formats."""
STABLE = {
    ("MRNA_EXPRESSION", "CONTINUOUS"): {
        "mrna",
        "rna_seq_mrna",
        "rna_seq_v2_mrna",
        "mirna",
        "mrna_seq_tpm",
        "mrna_seq_cpm",
    },
    ("MRNA_EXPRESSION", "Z-SCORE"): {"mrna_median_Zscores", "rna_seq_mrna_median_Zscores"},
    ("METHYLATION", "CONTINUOUS"): {"methylation_hm27", "methylation_hm450", "methylation_epic"},
    ("COPY_NUMBER_ALTERATION", "DISCRETE"): {"cna", "gistic"},
    ("COPY_NUMBER_ALTERATION", "LOG2-VALUE"): {"log2CNA"},
    ("MUTATION_EXTENDED", "MAF"): {"mutations"},
}
"""Stable ids that the importer takes for a kind; a generic assay may have any."""


def of_importer(folder: Path) -> dict[str, dict[str, str]]:
    """{meta file: its fields} of a study folder, each as cBioPortal's importer wants it."""
    metas = {}
    for path in sorted(folder.glob("meta_*")):
        fields = dict(line.split(": ", 1) for line in path.read_text().splitlines())
        metas[path.name] = fields
        assert fields["cancer_study_identifier"] == "groprog"
        if path.name == "meta_study.txt":
            assert {"type_of_cancer", "name", "description"} <= set(fields)
            assert fields["add_global_case_list"] == "true"
            continue
        kind, datatype = fields["genetic_alteration_type"], fields["datatype"]
        assert NEEDED["SEG" if datatype == "SEG" else kind] <= set(fields), path.name
        assert (folder / fields["data_filename"]).is_file()
        assert not any("nan" in value.lower().split(", ") for value in fields.values())
        if datatype == "SEG":
            assert "stable_id" not in fields
            assert fields["reference_genome_id"] in ("hg19", "hg38")
        elif (kind, datatype) in STABLE:
            assert fields["stable_id"] in STABLE[kind, datatype], path.name
        if datatype == "LOG2-VALUE":
            assert fields["show_profile_in_analysis_tab"] == "false"
    ids = [fields["stable_id"] for fields in metas.values() if "stable_id" in fields]
    assert len(ids) == len(set(ids))
    return metas


def test_every_meta_file_is_one_that_the_importer_takes(held: Held, tmp_path: Path):
    write_study_folder(tmp_path / "out", held)
    metas = of_importer(tmp_path / "out")
    assert {fields.get("genetic_alteration_type") for fields in metas.values()} > {"MUTATION_EXTENDED", "GENERIC_ASSAY"}
    assert metas["meta_rna.txt"]["stable_id"] == "mrna"


def dense(folder: Path, *assays: tuple[str, str, str, np.ndarray]) -> Held:
    """Assays (name, omics, scale, values) of the same samples, features A, B, ... with symbols."""
    samples = pd.DataFrame({"sample_id": [f"s-{k}" for k in range(3)], "subject_id": [f"p-{k}" for k in range(3)]})
    rows, places, features, files = [], [], [], {}
    for name, omics, scale, values in assays:
        rows.append((name, omics, "dense", "HumanMethylation450" if scale == "beta" else None, scale))
        places += [(name, k, f"s-{k}") for k in range(3)]
        features += [(name, k, f"symbol:{s}", s, s, None) for k, s in enumerate("ABCD"[: len(values)])]
        files[name] = write_measurements(folder / f"{name}.parquet", np.arange(len(values)), values)
    table = pd.DataFrame(rows, columns=["assay_id", "omics", "kind", "platform", "scale"]).assign(
        unit=None, genome_build=None
    )
    nothing = {name: pd.DataFrame(columns=TABLES[name].column_names) for name in ("variants", "genotypes", "intervals")}
    return Held(
        table,
        pd.DataFrame(places, columns=["assay_id", "position", "sample_id"]),
        pd.DataFrame(features, columns=["assay_id", "feature_ix", "feature_id", "source_id", "symbol", "gene_id"]),
        nothing["variants"],
        nothing["genotypes"],
        pd.DataFrame(columns=TABLES["variant_consequences"].column_names),
        nothing["intervals"],
        files,
        samples,
    )


def test_mutated_or_not_is_no_copy_number(tmp_path: Path):
    calls, hit = np.array([[-2, 0, 1.0], [0, np.nan, 2]]), np.array([[0, 1.0, 0], [1, np.nan, 0]])
    some = np.array([[0.1, 0.5, 0.9]])
    given = [("gistic", "genome", "ordinal", calls), ("mutated", "genome", "ordinal", hit)]
    given += [("beta", "epigenome", "beta", some), ("arrays", "transcriptome", "log2", some)]
    given += [("reads", "transcriptome", "log2", 2 * some), ("grades", "genome", "ordinal", np.array([[0.0, 3, 5]]))]
    done = write_study_folder(tmp_path / "out", dense(tmp_path, *given))
    metas = of_importer(tmp_path / "out")
    what = {name[5:-4]: (f["genetic_alteration_type"], f["datatype"]) for name, f in metas.items() if "datatype" in f}
    assert what["gistic"] == ("COPY_NUMBER_ALTERATION", "DISCRETE")
    assert what["mutated"] == ("GENERIC_ASSAY", "BINARY")
    assert what["grades"] == what["reads"] == ("GENERIC_ASSAY", "LIMIT-VALUE")
    assert metas["meta_beta.txt"]["stable_id"] == "methylation_hm450"
    assert metas["meta_arrays.txt"]["stable_id"] == "mrna"
    assert "reads: as a generic assay, for arrays is the profile mrna" in done.left_out
    lines = (tmp_path / "out" / "data_mutated.txt").read_text().splitlines()
    assert [line.split("\t")[3:] for line in lines[1:]] == [["false", "true", "false"], ["true", "NA", "false"]]
    called = (tmp_path / "out" / "data_gistic.txt").read_text().splitlines()
    assert [line.split("\t")[1:] for line in called[1:]] == [["-2", "0", "1"], ["0", "NA", "2"]]
    back = read_cbioportal(tmp_path / "out", source("genome", "cbioportal", scale="log2"))
    assert isinstance(back["mutated"], AssayTable)
    np.testing.assert_array_equal(back["mutated"].values, hit)
    assert isinstance(back["cna"], AssayTable)
    np.testing.assert_array_equal(back["cna"].values, calls)


def test_mutations_are_read_back_equal(held: Held, tmp_path: Path):
    write_study_folder(tmp_path / "out", held)
    found = read_cbioportal(tmp_path / "out", source("genome", "cbioportal", member="mutations"))["mutations"]
    assert isinstance(found, SparseAssay)
    assert found.variants is not None
    assert found.genotypes is not None
    of_maf = held.variants[held.variants["genome_build"] == "GRCh37"]
    assert set(found.variants["digest"]) == set(of_maf["digest"])
    key = ["sample", "digest"]
    back = found.genotypes.merge(found.variants, on="variant_ix").sort_values(key)
    stored = held.genotypes.merge(of_maf, on="variant_ix").rename(columns={"sample_id": "sample"}).sort_values(key)
    for column in ("sample", "digest", "chrom", "start", "end", "dosage", "depth", "alt_depth"):
        assert back[column].astype("object").fillna("").tolist() == stored[column].astype("object").fillna("").tolist()
    assert [list(cells) for cells in back["filter"]] == [list(cells) for cells in stored["filter"]]
    assert found.effects is not None
    classes = set(found.effects["consequence"])
    assert {"TP53", "NRAS", "APC", "SMARCB1"} <= set(found.effects["symbol"].dropna())
    assert {"missense_variant", "intron_variant", "frameshift_variant"} <= classes


def test_h5mu_is_read_back_equal(held: Held, tmp_path: Path):
    pytest.importorskip("mudata")
    done = write_h5mu(tmp_path / "out" / "assays.h5mu", held)
    found = read_h5mu(done.files[0], source("proteome", "h5mu", scale="linear", unit="x"))
    assert set(found) == set(held.matrices)
    for assay in held.matrices:
        same_matrix(held, assay, found[assay], f"{assay}:")
    assert "maf: variants and intervals are no matrix" in done.left_out
    import mudata

    other = mudata.read_h5mu(done.files[0])
    assert other.mod["olink"].n_vars == 3
    assert other.var_names.is_unique


def test_without_mudata_the_remedy_is_named(held: Held, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    class Ended:
        returncode, stderr = 1, "ModuleNotFoundError: No module named 'mudata'"

    monkeypatch.setattr(omics_assays.subprocess, "run", lambda *given, **options: Ended())
    with pytest.raises(ComputeError, match=r"No module named 'mudata'.*pip install 'groprog\[export\]'"):
        write_h5mu(tmp_path / "x.h5mu", held)
    assert not list(tmp_path.glob("*.h5mu"))


def test_subjects_are_read_back_as_phenopackets(tmp_path: Path):
    subjects = pd.DataFrame(
        {
            "subject_id": ["p-1", "p-2"],
            "sex": ["female", "unknown"],
            "age_months": pd.array([48, None], dtype="Int32"),
            "vital_status": ["deceased", "unknown"],
        }
    )
    none = pd.array([None, 12, None], dtype="Int32")
    phenotypes = pd.DataFrame(
        {
            "subject_id": ["p-1", "p-1", "p-2"],
            "term_id": ["HP:0000011", "HP:0000021", None],
            "excluded": [False, True, False],
            "onset_months_min": none,
            "onset_months_max": none,
            "onset_term": [None, None, "HP:0003577"],
            "severity": [None, "HP:0012828", None],
            "modifiers": [[], ["HP:0012832"], []],
            "source_term": ["HP:0000800", "HP:0000021", "HP:9999999"],
        }
    )
    diagnoses = pd.DataFrame(
        {
            "subject_id": ["p-1"],
            "source_id": ["OMIM:100001"],
            "status": ["excluded"],
            "onset_months_min": pd.array([None], dtype="Int32"),
            "onset_months_max": pd.array([None], dtype="Int32"),
        }
    )
    files = write_phenopackets(tmp_path, subjects, phenotypes, diagnoses, {"HP:0000011": "Short limbs"}, "2025-01-16")
    assert [path.name for path in files] == ["p-1.json", "p-2.json"]
    one, other = read_phenopackets(tmp_path)
    assert (one.id, one.sex, one.age_months, one.vital_status) == ("p-1", "female", 48, "deceased")
    assert [(feature.term, feature.excluded) for feature in one.features] == [
        ("HP:0000011", False),
        ("HP:0000021", True),
    ]
    assert one.features[1].severity == "HP:0012828"
    assert one.features[1].modifiers == ("HP:0012832",)
    assert (one.features[1].onset.least, one.features[1].onset.most) == (12, 12)
    assert [(item.disease, item.status) for item in one.diagnoses] == [("OMIM:100001", "excluded")]
    assert other.features[0].term == "HP:9999999"
    assert not one.unknown
    assert json.loads(files[0].read_text())["phenotypicFeatures"][0]["type"]["label"] == "Short limbs"


def test_ranked_diseases_as_pheval_reads_them(tmp_path: Path):
    ranks = pd.DataFrame(
        {
            "subject_id": ["p-1"] * 3,
            "rank": [1.0, 2.5, 2.5],
            "disease_id": ["OMIM:1", "OMIM:3", "OMIM:2"],
            "name": ["A", "C", "B"],
            "score": [3.0, 1.0, 1.0],
        }
    )
    (file,) = write_pheval(tmp_path, ranks)
    assert file.relative_to(tmp_path).as_posix() == "pheval_disease_results/p-1-pheval_disease_result.tsv"
    found = pd.read_csv(file, sep="\t")
    assert found.columns.tolist() == ["rank", "score", "disease_identifier", "disease_name"]
    assert found["rank"].tolist() == [1, 2, 2]
    assert found["disease_identifier"].tolist() == ["OMIM:1", "OMIM:2", "OMIM:3"]
