"""A cBioPortal study folder: every kind of profile, panels, case lists, what is named instead of skipped, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from groprog_assets.errors import AssayError
from groprog_assets.methods.assays.assay_table import AssayTable, SparseAssay
from groprog_assets.methods.assays.cbioportal import read_cbioportal
from groprog_assets.methods.assays.formats import read_assay, reading_aids
from groprog_assets.study.assay_parameters import AssayReadingParameters
from groprog_assets.study.omics_assays import AssaySource
from tests.methods.assays.sources import source, written
from tests.methods.assays.test_identifiers import HGNC

NAN = np.nan
GENES = "Hugo_Symbol | Entrez_Gene_Id | S1 | S2"
PROFILES: dict[str, tuple[str, ...]] = {
    "mutations MUTATION_EXTENDED MAF": (
        "#version 2.4",
        "Hugo_Symbol | Entrez_Gene_Id | NCBI_Build | Chromosome | Start_Position | End_Position | Reference_Allele"
        " | Tumor_Seq_Allele2 | Tumor_Sample_Barcode | Variant_Classification",
        "TP53 | 7157 | GRCh37 | 17 | 7577121 | 7577121 | G | A | S1 | Silent",
    ),
    "gistic COPY_NUMBER_ALTERATION DISCRETE": (GENES, "TP53 | 7157 | -2 | 0", "MDM2 | 4193 | 2 | NA"),
    "cna_consensus COPY_NUMBER_ALTERATION DISCRETE_LONG": (
        "Hugo_Symbol | Entrez_Gene_Id | Sample_Id | Value",
        "TP53 | 7157 | S1 | -1",
        "MDM2 | 4193 | S2 | 2",
    ),
    "log2CNA COPY_NUMBER_ALTERATION LOG2-VALUE": ("Hugo_Symbol | S1 | S2", "TP53 | -0.5 | 0.25"),
    "segments COPY_NUMBER_ALTERATION SEG": (
        "ID | chrom | loc.start | loc.end | num.mark | seg.mean",
        "S1 | 1 | 11 | 20 | 3 | -0.5",
    ),
    "rna MRNA_EXPRESSION CONTINUOUS": ("Entrez_Gene_Id | S2 | S1", "7157 | 1.5 | 2.5"),
    "rna_z MRNA_EXPRESSION Z-SCORE": (GENES, "TP53 | 7157 | 0.5 | -1"),
    "methylation_hm450 METHYLATION CONTINUOUS": (GENES, "TP53 | 7157 | 0.5 | 1"),
    "rppa_Zscores PROTEIN_LEVEL Z-SCORE": (
        "Composite.Element.REF | S1 | S2",
        "TP53|p53-R-V | 1.25 | NA",
        "AKT1 AKT2 10000|AKT | -1 | 2",
    ),
    "structural_variants STRUCTURAL_VARIANT SV": (
        "Sample_Id | SV_Status | Site1_Hugo_Symbol | Site1_Entrez_Gene_Id | Site1_Chromosome | Site1_Position"
        " | Site2_Hugo_Symbol | Site2_Entrez_Gene_Id | Site2_Chromosome | Site2_Position | NCBI_Build | Class | Event_Info"
        " | Connection_Type",
        "S1 | SOMATIC | TMPRSS2 | 7113 | 21 | 42874110 | ERG | 2078 | 21 | 39842043 | GRCh37 | DELETION | Fusion |",
        "S2 | GERMLINE | ALK | 238 | 2 | 100 | EML4 | 27436 | 5 | 200 | GRCh37 | TRANSLOCATION | Fusion #1 | 5to3",
        "S2 | SOMATIC | RET | 5979 | | | KIF5B | 3799 | | | GRCh37 | | Fusion |",
    ),
    "fusion FUSION FUSION": (
        "Hugo_Symbol | Entrez_Gene_Id | Center | Tumor_Sample_Barcode | Fusion",
        "ALK | 238 | c | S1 | ALK fusion",
    ),
    "gsva_scores GENESET_SCORE GSVA-SCORE": ("geneset_id | S1 | S2", "HALLMARK_X | -0.5 | 0.75"),
    "treatment_ic50 GENERIC_ASSAY LIMIT-VALUE": (
        "ENTITY_STABLE_ID | NAME | DESCRIPTION | URL | S1 | S2",
        "17-AAG | Tanespimycin | x | y | 0.22 | >8",
        "AEW541 | AEW | x | y | NA | 2.5",
    ),
    "flags GENERIC_ASSAY BINARY": ("ENTITY_STABLE_ID | S1 | S2", "MSI | true | false"),
}
BESIDE: dict[str, tuple[str, ...]] = {
    "cancer_type CANCER_TYPE CANCER_TYPE": ("brca | Breast | Pink | Breast",),
    "patients CLINICAL PATIENT_ATTRIBUTES": ("PATIENT_ID | AGE", "P1 | 5"),
    "gsva_p GENESET_SCORE P-VALUE": ("geneset_id | S1", "HALLMARK_X | 0.5"),
    "amp GISTIC_GENES_AMP Q-VALUE": ("chromosome | q_value", "1 | 0.1"),
    "mutsig MUTSIG Q-VALUE": ("Gene | q", "TP53 | 0.1"),
    "signature GENERIC_ASSAY CATEGORICAL": ("ENTITY_STABLE_ID | S1", "x | word"),
    "odd SPATIAL_IMAGE PIXELS": ("a | b", "1 | 2"),
}


def study(folder: Path, **profiles: tuple[str, ...]) -> Path:
    """A folder of these profiles: a meta and a data file each."""
    written(folder, "meta_study.txt", "type_of_cancer: brca", "cancer_study_identifier: s", "reference_genome: hg19")
    for key, lines in profiles.items():
        name, alteration, datatype = key.split()
        fields = ["cancer_study_identifier: s", f"genetic_alteration_type: {alteration}", f"datatype: {datatype}"]
        written(folder, f"meta_{name}.txt", *fields, f"stable_id: {name}", f"data_filename: data_{name}.txt")
        written(folder, f"data_{name}.txt", *lines)
    return folder


def portal(**given: object) -> AssaySource:
    return source("genome", "cbioportal", scale="linear", unit="RSEM", **given)


def dense(found: object) -> AssayTable:
    assert isinstance(found, AssayTable)
    return found


def sparse(found: object) -> SparseAssay:
    assert isinstance(found, SparseAssay)
    return found


def values(found: object) -> list[list[float]]:
    return np.round(dense(found).values.astype(float), 6).tolist()


def test_every_kind_is_read(tmp_path: Path):
    found = read_cbioportal(study(tmp_path, **PROFILES), portal())
    assert set(found) == {key.split()[0] for key in PROFILES} - {"rna_z"}
    np.testing.assert_array_equal(values(found["gistic"]), [[-2, 0], [2, NAN]])
    np.testing.assert_array_equal(values(found["cna_consensus"]), [[-1, NAN], [NAN, 2]])
    assert values(found["log2CNA"]) == [[-0.5, 0.25]]
    assert values(found["rna"]) == [[1.5, 2.5]]
    assert dense(found["rna"]).samples == ("S2", "S1")
    assert values(found["methylation_hm450"]) == [[0.5, 1]]
    rppa = dense(found["rppa_Zscores"])
    np.testing.assert_array_equal(values(rppa), [[1.25, NAN], [-1, 2]])
    assert rppa.features["source_id"].tolist() == ["TP53|p53-R-V", "AKT1 AKT2 10000|AKT"]
    assert rppa.features["feature_id"].tolist() == ["antibody:p53-R-V", "antibody:AKT"]
    assert rppa.features["symbol"].fillna("").tolist() == ["TP53", ""]
    assert values(found["gsva_scores"]) == [[-0.5, 0.75]]
    assert values(found["flags"]) == [[1, 0]]
    limits = dense(found["treatment_ic50"])
    np.testing.assert_array_equal(values(limits), [[0.22, 8], [NAN, 2.5]])
    assert limits.flagged is not None
    assert limits.flagged.tolist() == [[False, True], [False, False]]
    assert values(found["fusion"]) == [[1]]
    scales = {name: assay.said.get("scale", "") for name, assay in found.items()}
    assert (scales["gistic"], scales["log2CNA"], scales["rppa_Zscores"]) == ("ordinal", "log2", "zscore")
    assert scales["rna"] == ""
    assert {assay.said.get("omics", "") for assay in found.values()} == {
        *("genome", "transcriptome", "epigenome", "proteome", ""),
    }


def test_sparse_profiles(tmp_path: Path):
    found = read_cbioportal(study(tmp_path, **PROFILES), portal())
    variants = sparse(found["mutations"]).variants
    assert variants is not None
    assert variants[["chrom", "start", "end", "genome_build"]].iloc[0].tolist() == ["17", 7577120, 7577121, "GRCh37"]
    segments = sparse(found["segments"]).intervals
    assert segments is not None
    assert segments[["start", "end"]].iloc[0].tolist() == [10, 20]
    events = sparse(found["structural_variants"])
    assert events.variants is not None
    assert events.effects is not None
    rows = list(events.variants[["chrom", "start", "end", "alt", "kind"]].itertuples(index=False, name=None))
    assert rows == [("21", 39842043, 42874110, "<DEL>", "sym_del"), ("2", 99, 100, "]5:200]N", "bnd")]
    assert events.counts["without_place"] == 1
    assert events.effects["gene_id"].tolist() == [f"NCBIGene:{n}" for n in (7113, 2078, 238, 27436)]
    assert events.effects["consequence"].tolist()[2] == "Fusion #1"


def test_derived_profiles_are_read_when_nothing_else_is_there(tmp_path: Path):
    name = "rna_z MRNA_EXPRESSION Z-SCORE"
    alone = read_cbioportal(study(tmp_path / "a", **{name: PROFILES[name]}), portal())
    assert values(alone["rna_z"]) == [[0.5, -1]]
    both = read_cbioportal(study(tmp_path / "b", **PROFILES), portal())
    said = " ".join(str(item) for assay in both.values() for item in assay.notices)
    assert "Z-SCORE of MRNA_EXPRESSION. No assay: derived from values that are there" in said
    chosen = read_cbioportal(tmp_path / "b", portal(member="rna_z"))
    assert set(chosen) == {"rna_z"}


def test_what_is_no_assay_is_named(tmp_path: Path):
    folder = study(tmp_path, **{"rna MRNA_EXPRESSION CONTINUOUS": PROFILES["rna MRNA_EXPRESSION CONTINUOUS"]}, **BESIDE)
    written(folder, "data_orphan.txt", "a | b")
    written(folder, "meta_resource_sample.txt", "cancer_study_identifier: s", "resource_type: SAMPLE")
    found = read_cbioportal(folder, portal())
    said = " ".join(map(str, found["rna"].notices))
    for word in ("CANCER_TYPE", "CLINICAL, PATIENT_ATTRIBUTES", "P-VALUE", "GISTIC_GENES_AMP", "MUTSIG", "CATEGORICAL"):
        assert word in said
    assert "genetic_alteration_type SPATIAL_IMAGE, datatype PIXELS. Not a kind of profile that is known here" in said
    assert "named by no meta file: data_orphan.txt" in said
    assert "resource SAMPLE" in said


def test_what_was_not_looked_at_is_not_wild_type(tmp_path: Path):
    names = ("mutations MUTATION_EXTENDED MAF", "gistic COPY_NUMBER_ALTERATION DISCRETE", "fusion FUSION FUSION")
    folder = study(tmp_path, **{name: PROFILES[name] for name in names})
    written(folder, "data_gene_panel_small.txt", "stable_id: small", "description: x", "gene_list: TP53 | ALK")
    rows = ("S1 | small | WES | small", "S2 | NA | small | small", "S3 | small | NA | NA")
    written(folder, "data_gene_panel_matrix.txt", "SAMPLE_ID | mutations | gistic | fusion", *rows)
    fields = ("genetic_alteration_type: GENE_PANEL_MATRIX", "datatype: GENE_PANEL_MATRIX")
    written(folder, "meta_gene_panel_matrix.txt", *fields, "data_filename: data_gene_panel_matrix.txt")
    found = read_cbioportal(folder, portal())
    mutations = sparse(found["mutations"])
    assert mutations.profiled == ("S1", "S3")
    assert mutations.covered_genes == {"S1": {"TP53", "ALK"}, "S3": {"TP53", "ALK"}}
    np.testing.assert_array_equal(values(found["gistic"]), [[-2, 0], [2, NAN]])
    assert dense(found["fusion"]).samples == ("S1", "S2")
    assert values(found["fusion"]) == [[1, 0]]
    written(folder, "data_gene_panel_small.txt", "stable_id: small", "description: x", "gene_list: MDM2")
    np.testing.assert_array_equal(values(read_cbioportal(folder, portal())["gistic"]), [[-2, NAN], [2, NAN]])
    (folder / "data_gene_panel_small.txt").unlink()
    with pytest.raises(AssayError, match=r"panel 'small' of sample S1\. A panel of the matrix lists its genes"):
        read_cbioportal(folder, portal())


def test_a_call_of_a_sample_without_a_panel_is_refused(tmp_path: Path):
    folder = study(tmp_path, **{name: rows for name, rows in PROFILES.items() if name.startswith("mutations")})
    written(folder, "data_gene_panel_matrix.txt", "SAMPLE_ID | mutations", "S1 | NA")
    fields = ("genetic_alteration_type: GENE_PANEL_MATRIX", "datatype: GENE_PANEL_MATRIX")
    written(folder, "meta_gene_panel_matrix.txt", *fields, "data_filename: data_gene_panel_matrix.txt")
    with pytest.raises(AssayError, match="1 sample with calls and without a panel, such as S1"):
        read_cbioportal(folder, portal())


def test_case_lists_say_who_was_sequenced(tmp_path: Path):
    folder = study(tmp_path, **{name: rows for name, rows in PROFILES.items() if name.startswith("mutations")})
    lines = ("cancer_study_identifier: s", "stable_id: s_sequenced", "case_list_ids: S1 | S7")
    written(folder / "case_lists", "cases_sequenced.txt", *lines)
    assert sparse(read_cbioportal(folder, portal())["mutations"]).profiled == ("S1", "S7")


def test_the_entrez_id_counts_and_a_conflict_is_said(tmp_path: Path):
    genes = written(tmp_path, "hgnc.tsv", *HGNC)
    rows = ("Hugo_Symbol | Entrez_Gene_Id | S1", "TP53 | 55016 | 1", "MARCH1 | | 2", "NAP1 | 4673 | 3")
    folder = study(tmp_path / "study", **{"rna MRNA_EXPRESSION CONTINUOUS": rows})
    given = portal().model_copy(update={"path": folder})
    found = dense(read_assay(given, reading_aids(AssayReadingParameters(), genes))["a"])
    assert found.features["gene_id"].tolist() == ["HGNC:26", "HGNC:26", "HGNC:7"]
    assert "1 row of two genes: 55016 (TP53 is HGNC:11998, the id is HGNC:26)" in " ".join(map(str, found.notices))


@pytest.mark.parametrize(
    ("profile", "change", "said"),
    [
        ("gistic", ("| -2 |", "| loss |"), "data_gistic.txt:2, column S1: 'loss'"),
        ("gistic", ("MDM2 | 4193", "TP53 | 7157"), "data_gistic.txt:3: feature '7157' again (before on line 2)"),
        ("methylation_hm450", ("| 0.5 |", "| 1.5 |"), "data_methylation_hm450.txt:2, column S1: 1.5. A beta value lies"),
        ("gistic", ("Hugo_Symbol | Entrez_Gene_Id", "gene | id"), "The rows of a profile are named by Hugo_Symbol or"),
        ("gistic", ("| S1 | S2", "| S1 | S1"), "data_gistic.txt:1: 1 column twice: 'S1'"),
        ("cna_consensus", ("MDM2 | 4193 | S2", "TP53 | 7157 | S1"), "data_cna_consensus.txt:3: 7157 of sample S1 again"),
        ("treatment_ic50", (">8", "high"), "data_treatment_ic50.txt:2, column S2: 'high'. A value is a number, a limit"),
        ("flags", ("true", "perhaps"), "data_flags.txt:2, column S1: 'perhaps'. A value is true or false."),
        ("structural_variants", ("42874110", "x"), "data_structural_variants.txt:2, column Site1_Position: 'x'"),
        ("structural_variants", ("200 | GRCh37", "200 | GRCh38"), "column NCBI_Build: GRCh37, GRCh38. The rows of a file"),
        ("segments", ("| 20 |", "| 5 |"), "data_segments.txt:2, column loc.end: 5. A segment does not end before"),
    ],
)  # fmt: skip
def test_bad_profiles(tmp_path: Path, profile: str, change: tuple[str, str], said: str):
    key = next(key for key in PROFILES if key.startswith(f"{profile} "))
    study(tmp_path, **{key: tuple(line.replace(*change) for line in PROFILES[key])})
    with pytest.raises(AssayError) as caught:
        read_cbioportal(tmp_path, portal())
    assert said in str(caught.value)


def test_bad_folders(tmp_path: Path):
    with pytest.raises(AssayError, match="no folder"):
        read_cbioportal(tmp_path / "none", portal())
    with pytest.raises(AssayError, match=r"no file meta_\*"):
        read_cbioportal(tmp_path, portal())
    folder = study(tmp_path / "s", **{name: rows for name, rows in PROFILES.items() if name.startswith("rna ")})
    with pytest.raises(AssayError, match=r"no profile 'x'\. The profiles of the folder are rna"):
        read_cbioportal(folder, portal(member="x"))
    (folder / "data_rna.txt").unlink()
    with pytest.raises(AssayError, match=r"meta_rna.txt: data_rna.txt: not there"):
        read_cbioportal(folder, portal())


def test_a_folder_without_an_assay_names_what_it_holds(tmp_path: Path):
    folder = tmp_path / "s"
    folder.mkdir()
    (folder / "meta_study.txt").write_text("cancer_study_identifier: x\nname: a\n")
    kind = "genetic_alteration_type: TELEPATHY\ndatatype: X\nstable_id: q\ndata_filename: data_q.txt\n"
    (folder / "meta_q.txt").write_text(f"cancer_study_identifier: x\n{kind}")
    (folder / "data_q.txt").write_text("a\n")
    with pytest.raises(AssayError, match="TELEPATHY"):
        read_cbioportal(folder, portal())
