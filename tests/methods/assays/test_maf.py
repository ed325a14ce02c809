"""MAF: both tumour alleles, insertions between two bases, one build, every class kept; the same variants as a VCF holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import AssayError
from groprog_assets.methods.assays.maf import read_maf_assay
from groprog_assets.methods.assays.vcf import read_vcf
from groprog_assets.study.omics_assays import AssaySource
from tests.methods.assays.sources import source, written
from tests.methods.assays.test_vcf import HEADER as VCF_HEADER
from tests.methods.assays.test_vcf import random_genome, random_records
from tests.methods.assays.test_vcf import write as write_vcf

HEADER = (
    "Hugo_Symbol | Entrez_Gene_Id | NCBI_Build | Chromosome | Start_Position | End_Position | Variant_Classification"
    " | Reference_Allele | Tumor_Seq_Allele1 | Tumor_Seq_Allele2 | Tumor_Sample_Barcode | HGVSc | HGVSp_Short"
    " | t_alt_count | t_ref_count | FILTER | Mutation_Status"
)
ROWS = (
    "TP53 | 7157 | GRCh37 | chr17 | 7577121 | 7577121 | Missense_Mutation | G | G | A | S1 | c.817C>T | p.R273C | 12 | 30"
    " | PASS |",
    "TP53 | 7157 | 37 | 17 | 7577121 | 7577121 | Silent | G | A | G | S2 | | | | | . |",
    "NRAS | 4893 | hg19 | 1 | 10 | 10 | Intron | G | T | A | S1 | | | | | |",
    "APC | 324 | GRCh37 | 5 | 100 | 101 | Frame_Shift_Ins | - | - | TT | S1 | | | | | |",
    "APC | 324 | GRCh37 | 5 | 200 | 202 | In_Frame_Del | CAG | CAG | - | S1 | | | | | a;b |",
    "Unknown | 0 | GRCh37 | 23 | 7 | 8 | IGR | GT | GT | CA | S3 | P#1 | | | | |",
    "SMARCB1 | 6598 | GRCh37 | 22 | 5 | 5 | Nonsense_Mutation | C | T | T | S3 | | | | | |",
    "SMARCB1 | 6598 | GRCh37 | 22 | 6 | 6 | Nonsense_Mutation | C | | T | S3 | | | | | |",
    "TERT | 7015 | GRCh37 | M | 6 | 6 | 5'Flank | C | C | C | S4 | | | | | |",
    "TERT | 7015 | GRCh37 | 5 | 6 | 6 | 5'Flank | C | C | T | S5 | | | | | | Wildtype",
)


def genome(**given: object) -> AssaySource:
    return source("genome", "maf", **given)


def maf(folder: Path, *rows: str, header: str = HEADER) -> Path:
    return written(folder, "data.maf", "#version 2.4", header, *rows)


def test_variants(tmp_path: Path):
    found = read_maf_assay(maf(tmp_path, *ROWS), genome())
    assert found.variants is not None
    rows = found.variants[["chrom", "start", "end", "ref", "alt", "kind", "source_alt_index"]]
    assert list(rows.itertuples(index=False, name=None)) == [
        ("17", 7577120, 7577121, "G", "A", "snv", 1),
        ("1", 9, 10, "G", "A", "snv", 1),
        ("1", 9, 10, "G", "T", "snv", 2),
        ("5", 100, 100, "", "TT", "ins", 1),
        ("5", 199, 202, "CAG", "", "del", 1),
        ("X", 6, 8, "GT", "CA", "mnv", 1),
        ("22", 4, 5, "C", "T", "snv", 1),
        ("22", 5, 6, "C", "T", "snv", 1),
    ]
    assert found.profiled == ("S1", "S2", "S3", "S4", "S5")
    assert found.counts["two_alternatives"] == 1
    assert found.counts["no_alternative"] == 1
    assert found.counts["wild_type_rows"] == 1
    assert "no list of those without one" in str(found.notices[0])


def test_genotypes_and_effects(tmp_path: Path):
    found = read_maf_assay(maf(tmp_path, *ROWS), genome())
    assert found.genotypes is not None
    assert found.effects is not None
    told = {(row["sample"], row["variant_ix"]): row for row in found.genotypes.to_dict("records")}
    assert told["S1", 0]["alleles"] == [0, 1]
    assert (told["S1", 0]["depth"], told["S1", 0]["alt_depth"], told["S1", 0]["filter"]) == (42, 12, ["PASS"])
    assert told["S2", 0]["filter"] == []
    assert told["S1", 1]["alleles"] == [2, 1]
    assert told["S1", 2]["alleles"] == [1, 2]
    assert told["S1", 4]["filter"] == ["a", "b"]
    assert (told["S3", 6]["alleles"], told["S3", 6]["dosage"]) == ([1, 1], 2)
    assert told["S3", 7]["alleles"] == [None, 1]
    assert pd.isna(told["S3", 7]["dosage"])
    first = found.effects.iloc[0].fillna("").to_dict()
    assert first["gene_id"] == "NCBIGene:7157"
    assert (first["consequence"], first["hgvs_c"], first["hgvs_p"]) == ("missense_variant", "c.817C>T", "p.R273C")
    consequences = found.effects.groupby("variant_ix")["consequence"].agg(list)
    assert consequences.loc[0] == ["missense_variant", "synonymous_variant"]
    assert consequences.loc[5] == ["intergenic_variant"]
    unknown = found.effects[found.effects["variant_ix"] == 5].iloc[0]
    assert pd.isna(unknown["gene_id"])
    assert unknown["hgvs_c"] == "P#1"


def test_the_case_list_says_who_was_sequenced(tmp_path: Path):
    written(tmp_path / "case_lists", "cases_sequenced.txt", "case_list_ids: S1 | S2 | S9")
    found = read_maf_assay(maf(tmp_path, *ROWS), genome())
    assert found.profiled == ("S1", "S2", "S9", "S3", "S4", "S5")


def test_one_variant_of_a_sample_in_several_rows_counts_once(tmp_path: Path):
    found = read_maf_assay(maf(tmp_path, ROWS[0], ROWS[0].replace("p.R273C", "p.R141C")), genome())
    assert found.genotypes is not None
    assert found.effects is not None
    assert len(found.genotypes) == 1
    assert found.counts["repeated_calls"] == 1
    assert found.effects["hgvs_p"].tolist() == ["p.R273C", "p.R141C"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ("GRCh37 | chr17", "GRCh38 | chr17"),
            "column NCBI_Build: 'GRCh38', '37' on line 4. The rows of a file are of one",
        ),
        (("hg19", "mm10"), "data.maf:5, column NCBI_Build: 'mm10'. Builds read are GRCh37"),
        (
            ("| 100 | 101 |", "| 0 | 1 |"),
            "data.maf:6, column Start_Position: '0'. A position is a whole number of 1 or more.",
        ),
        (("| 100 | 101 |", "| 1e2 | 101 |"), "data.maf:6, column Start_Position: '1e2'"),
        (("| 200 | 202 |", "| 200 | 203 |"), "data.maf:7, column End_Position: '203' for CAG at 200"),
        (("G | G | A | S1", "G | G | Z | S1"), "data.maf:3, column Tumor_Seq_Allele2: 'Z'. An allele has the letters"),
        (
            ("G | G | A | S1", " | G | A | S1"),
            "data.maf:3, column Reference_Allele: ''. A row names the reference allele",
        ),
        (("A | S1 | c.817", "A | | c.817"), "data.maf:3, column Tumor_Sample_Barcode: ''. A row names its sample."),
        (("Chromosome |", "Chrom |"), "data.maf:2: no column Chromosome"),
    ],
)
def test_bad_input(tmp_path: Path, change: tuple[str, str], said: str):
    lines = [line.replace(*change) for line in (HEADER, *ROWS)]
    with pytest.raises(AssayError) as caught:
        read_maf_assay(maf(tmp_path, *lines[1:], header=lines[0]), genome())
    assert said in str(caught.value)


def test_the_build_of_the_study_and_of_the_file(tmp_path: Path):
    with pytest.raises(AssayError, match="GRCh37, the study says GRCh38"):
        read_maf_assay(maf(tmp_path, *ROWS), genome(genome_build="GRCh38"))
    without = [line.replace("NCBI_Build", "Build") for line in (HEADER, *ROWS)]
    with pytest.raises(AssayError, match="no genome build"):
        read_maf_assay(maf(tmp_path, *without[1:], header=without[0]), genome())


def as_maf(at: int, ref: str, alt: str) -> str:
    """A variant of a VCF as vcf2maf writes it: without the bases that both alleles begin with."""
    while ref and alt and ref[0] == alt[0]:
        ref, alt, at = ref[1:], alt[1:], at + 1
    start, end = (at - 1, at) if not ref else (at, at + len(ref) - 1)
    cells = [
        "X",
        "1",
        "GRCh38",
        "1",
        start,
        end,
        "Intron",
        ref or "-",
        ref or "-",
        alt or "-",
        "A",
        "",
        "",
        "",
        "",
        "",
        "",
    ]
    return " | ".join(map(str, cells))


def test_the_variants_of_a_maf_are_those_of_the_same_vcf(tmp_path: Path):
    fasta, sequence = random_genome(tmp_path)
    records = random_records(sequence)
    lines = tuple(f"chr1 {at} . {ref} {alt} 50 PASS . GT 0/1 0/0" for at, ref, alt in records)
    header = VCF_HEADER.replace("length=248956422", f"length={len(sequence)}")
    vcf = read_vcf(write_vcf(tmp_path, lines, header), genome(fasta=fasta, genome_build="GRCh38"))
    rows = maf(tmp_path, *(as_maf(*record) for record in records))
    found = read_maf_assay(rows, genome(fasta=fasta))
    assert vcf.variants is not None
    assert found.variants is not None
    assert set(found.variants["digest"]) == set(vcf.variants["digest"])
    assert len(found.variants) > 200
    plain = read_maf_assay(rows, genome())
    assert plain.variants is not None
    assert np.all(plain.variants["start"] >= 0)
    assert len(plain.variants) >= len(found.variants)


def test_a_reference_allele_that_does_not_stand_there_is_refused(tmp_path: Path):
    fasta, sequence = random_genome(tmp_path)
    wrong = "A" if sequence[9] != "A" else "C"
    row = f"X | 1 | GRCh38 | 1 | 10 | 10 | Intron | {wrong} | {wrong} | {'G' if wrong != 'G' else 'T'} | A | | | | | |"
    with pytest.raises(AssayError, match=r"data.maf:3, column Reference_Allele: .* there stands"):
        read_maf_assay(maf(tmp_path, row), genome(fasta=fasta))
