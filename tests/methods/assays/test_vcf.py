"""VCF and BCF: one row an alternate allele, genotypes that may be half known, what makes no variant, and what is refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pysam
import pysam.bcftools
import pytest

from groprog_assets.errors import AssayError
from groprog_assets.methods.assays import vcf
from groprog_assets.methods.assays.assay_table import SparseAssay
from groprog_assets.methods.assays.variant_rows import chromosome, genome_build, plain_allele
from groprog_assets.methods.assays.vcf import read_vcf
from groprog_assets.study.omics_assays import AssaySource
from tests.methods.assays.sources import source

HEADER = """##fileformat=VCFv4.2
##FILTER=<ID=q10,Description="x">
##FILTER=<ID=s50,Description="x">
##contig=<ID=chr1,length=248956422>
##contig=<ID=chrX,length=156040895>
##contig=<ID=chrUn_KI270302v1,length=2274>
##INFO=<ID=END,Number=1,Type=Integer,Description="x">
##INFO=<ID=SVTYPE,Number=1,Type=String,Description="x">
##ALT=<ID=DEL,Description="x">
##FORMAT=<ID=GT,Number=1,Type=String,Description="x">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="x">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="x">
##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="x">
##FORMAT=<ID=PS,Number=1,Type=Integer,Description="x">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB
"""
RECORDS = (
    "chr1 100 . A G 50 PASS . GT:AD:DP:GQ 0/1:10,9:19:99 0/0:20,0:20:60",
    "chr1 200 . A C,T 50 . . GT:AD:DP 1|2:0,5,6:11 2/.:1,2,3:6",
    "chr1 300 . CAA CA,C,* 50 q10;s50 . GT 1/3 0/2",
    "chr1 400 . G <DEL> 50 PASS END=500;SVTYPE=DEL GT ./1 ./.",
    "chr1 600 . T <DUP:TANDEM> 50 PASS END=700;SVTYPE=DUP GT 0/1 0/0",
    "chr1 800 . G G]chrX:5] 50 PASS SVTYPE=BND GT 0/1 0/0",
    "chr1 900 . G . 50 PASS . GT 0/0 0/0",
    "chr1 910 . G <NON_REF> 50 PASS END=950 GT 0/0 0/0",
    "chr1 960 . G <WEIRD> 50 PASS END=980 GT 0/1 0/0",
    "chrX 50 . G GTT 50 PASS . GT:PS 1:. 0|1:42",
    "chrUn_KI270302v1 5 . ATG GTC 50 PASS . GT 1/1 0/0",
)


def genome(**given: object) -> AssaySource:
    return source("genome", "vcf", **given)


def write(folder: Path, records: tuple[str, ...] = RECORDS, header: str = HEADER, name: str = "x.vcf") -> Path:
    path = folder / name
    path.write_text(header + "".join("\t".join(line.split()) + "\n" for line in records))
    return path


def keys(found: SparseAssay) -> list[tuple[object, ...]]:
    assert found.variants is not None
    return list(found.variants[["chrom", "start", "end", "ref", "alt", "kind"]].itertuples(index=False, name=None))


def test_a_row_an_alternate_allele_trimmed_and_0_based(tmp_path: Path):
    found = read_vcf(write(tmp_path), genome())
    assert keys(found) == [
        ("1", 99, 100, "A", "G", "snv"),
        ("1", 199, 200, "A", "C", "snv"),
        ("1", 199, 200, "A", "T", "snv"),
        ("1", 300, 301, "A", "", "del"),
        ("1", 300, 302, "AA", "", "del"),
        ("1", 400, 500, "", "<DEL>", "sym_del"),
        ("1", 600, 700, "", "<DUP:TANDEM>", "sym_dup"),
        ("1", 799, 800, "G", "G]chrX:5]", "bnd"),
        ("X", 50, 50, "", "TT", "ins"),
        ("chrUn_KI270302v1", 4, 7, "ATG", "GTC", "mnv"),
    ]
    assert found.variants is not None
    assert set(found.variants["genome_build"]) == {"GRCh38"}
    assert found.variants["digest"].nunique() == 10
    assert found.variants["source_alt_index"].tolist()[:5] == [1, 1, 2, 1, 2]
    assert found.profiled == ("A", "B")


def test_genotypes_keep_what_is_not_known(tmp_path: Path):
    rows = read_vcf(write(tmp_path), genome()).genotypes
    assert rows is not None
    told = {(row["sample"], row["variant_ix"]): row for row in rows.to_dict("records")}
    assert told["A", 0]["alleles"] == [0, 1]
    assert (told["A", 0]["dosage"], told["A", 0]["depth"], told["A", 0]["alt_depth"]) == (1, 19, 9)
    assert told["A", 0]["quality"] == 99
    assert told["A", 0]["filter"] == ["PASS"]
    assert ("B", 0) not in told
    assert told["A", 1]["alleles"] == [1, 2]
    assert told["A", 2]["alleles"] == [2, 1]
    assert told["A", 2]["alt_depth"] == 6
    assert told["A", 1]["phased"]
    assert told["A", 1]["filter"] == []
    assert told["B", 2]["alleles"] == [1, None]
    assert pd.isna(told["B", 2]["dosage"])
    assert told["B", 1]["alleles"] == [2, None]
    assert told["A", 3]["filter"] == ["q10", "s50"]
    assert told["A", 3]["alleles"] == [1, 2]
    assert told["B", 5]["alleles"] == [None, None]
    assert told["A", 8]["alleles"] == [1]
    assert not told["A", 8]["phased"]
    assert told["A", 8]["dosage"] == 1
    assert told["B", 8]["phase_set"] == 42


def test_what_makes_no_variant_is_counted_and_said(tmp_path: Path):
    found = read_vcf(write(tmp_path), genome())
    assert found.counts["records"] == 11
    assert found.counts["without_alt"] == 1
    assert found.counts["spanning_deletions"] == 1
    assert found.counts["blocks_without_variant"] == 1
    assert "alleles of other kinds: <WEIRD> (1)" in " ".join(map(str, found.notices))


def test_bcf_and_compressed_files_give_the_same(tmp_path: Path):
    path = write(tmp_path)
    with (
        pysam.VariantFile(str(path)) as one,
        pysam.VariantFile(str(tmp_path / "x.bcf"), "wb", header=one.header) as two,
    ):
        for record in one:
            two.write(record)
    pysam.tabix_compress(str(path), str(tmp_path / "y.vcf.gz"))
    plain = read_vcf(path, genome())
    for other in (read_vcf(tmp_path / "x.bcf", genome()), read_vcf(tmp_path / "y.vcf.gz", genome())):
        pd.testing.assert_frame_equal(plain.variants, other.variants)
        pd.testing.assert_frame_equal(plain.genotypes, other.genotypes)


def test_chromosomes_are_those_of_the_study(tmp_path: Path):
    sizes = tmp_path / "chrom.sizes"
    sizes.write_text("1\t248956422\nX\t156040895\n")
    found = read_vcf(write(tmp_path), genome(chrom_sizes=sizes))
    assert "records of other sequences: chrUn_KI270302v1 (1)" in " ".join(map(str, found.notices))
    sizes.write_text("1\t249250621\nX\t156040895\n")
    with pytest.raises(AssayError, match=r"chr1: 248,956,422 bp, 249,250,621 in chrom\.sizes; 1 such contig"):
        read_vcf(write(tmp_path), genome(chrom_sizes=sizes))


def test_the_build_is_that_of_the_contigs(tmp_path: Path):
    bare = HEADER.replace(",length=248956422", "").replace(",length=156040895", "")
    with pytest.raises(AssayError, match="GRCh38, the study says GRCh37"):
        read_vcf(write(tmp_path), genome(genome_build="GRCh37"))
    with pytest.raises(AssayError, match="no genome build"):
        read_vcf(write(tmp_path, header=bare), genome())
    assert read_vcf(write(tmp_path, header=bare), genome(genome_build="GRCh37")).counts["records"] == 11
    stated = bare.replace("<ID=chr1>", "<ID=chr1,assembly=hg19>")
    found = read_vcf(write(tmp_path, header=stated), genome()).variants
    assert found is not None
    assert set(found["genome_build"]) == {"GRCh37"}


@pytest.mark.parametrize(
    ("records", "header", "said"),
    [
        (("chr1 x . A G 50 PASS . GT 0/1 0/0",), HEADER, "x.vcf: "),
        (("chr1 5 . A G 50 PASS . GT 0/1 0/0", "chr1 5 . A"), HEADER, "x.vcf: "),
        (RECORDS, HEADER.replace("FORMAT\tA\tB", "FORMAT").replace("\tFORMAT\n", "\n"), "x.vcf: "),
        (RECORDS, "", "A VCF or BCF is read by htslib"),
    ],
)
def test_bad_input(tmp_path: Path, records: tuple[str, ...], header: str, said: str):
    with pytest.raises(AssayError) as caught:
        read_vcf(write(tmp_path, records, header), genome())
    assert said in str(caught.value)


def test_a_file_of_plain_gzip_and_a_cut_one_are_refused(tmp_path: Path):
    packed = tmp_path / "y.vcf.gz"
    packed.write_bytes(gzip.compress(write(tmp_path).read_bytes()))
    with pytest.raises(AssayError, match=r"compressed by gzip.*gunzip -c .*y.vcf.gz \| bgzip"):
        read_vcf(packed, genome())
    pysam.tabix_compress(str(tmp_path / "x.vcf"), str(packed), force=True)
    packed.write_bytes(packed.read_bytes()[:-60])
    with pytest.raises(AssayError, match="A VCF or BCF is read by htslib"):
        read_vcf(packed, genome())


def test_a_file_that_ends_its_parser_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    class Ended:
        returncode = -11

    monkeypatch.setattr(vcf.subprocess, "run", lambda *given, **options: Ended())
    with pytest.raises(AssayError, match=r"damaged file: it stopped its parser \(SIGSEGV\)"):
        read_vcf(write(tmp_path), genome())


def test_sites_without_samples_are_refused(tmp_path: Path):
    header = HEADER.replace("\tFORMAT\tA\tB", "")
    with pytest.raises(AssayError, match="no sample"):
        read_vcf(write(tmp_path, ("chr1 100 . A G 50 PASS .",), header), genome())


def random_genome(folder: Path) -> tuple[Path, str]:
    """A FASTA with many repeats, so that indels can move."""
    random = np.random.default_rng(5)
    units = [
        "".join(random.choice(list("ACGT"), random.integers(1, 4))) * int(random.integers(1, 8)) for _ in range(400)
    ]
    sequence = "".join(units)
    path = folder / "genome.fa"
    path.write_text(">chr1\n" + "\n".join(sequence[k : k + 60] for k in range(0, len(sequence), 60)) + "\n")
    return path, sequence


def random_records(sequence: str, count: int = 400) -> list[tuple[int, str, str]]:
    random = np.random.default_rng(7)
    found = []
    for _ in range(count):
        start = int(random.integers(1, len(sequence) - 40))
        ref = sequence[start : start + int(random.integers(1, 8))]
        alt = ref[: int(random.integers(1, len(ref) + 1))] + ref[-1] * int(random.integers(0, 3))
        if alt != ref:
            found.append((start + 1, ref, alt))
    return found


def test_indels_are_moved_as_bcftools_moves_them(tmp_path: Path):
    fasta, sequence = random_genome(tmp_path)
    header = HEADER.replace("length=248956422", f"length={len(sequence)}")
    records = tuple(f"chr1 {at} . {ref} {alt} 50 PASS . GT 0/1 0/0" for at, ref, alt in random_records(sequence))
    path = write(tmp_path, records, header)
    pysam.faidx(str(fasta))
    pysam.bcftools.norm("-f", str(fasta), "-o", str(tmp_path / "norm.vcf"), str(path), catch_stdout=False)
    with pysam.VariantFile(str(tmp_path / "norm.vcf")) as file:
        expected = {plain_allele(record.start, record.ref, record.alts[0]) for record in file if record.alts}
    found = read_vcf(path, genome(fasta=fasta, genome_build="GRCh38"))
    assert {(start, ref, alt) for _, start, _, ref, alt, _ in keys(found)} == expected
    assert found.counts["moved_left"] > 50
    wrong = "A" if sequence[9] != "A" else "C"
    other = write(tmp_path, (f"chr1 10 . {wrong} {wrong}G 50 PASS . GT 0/1 0/0",), header)
    with pytest.raises(AssayError, match=r"REF is what stands there in genome\.fa"):
        read_vcf(other, genome(fasta=fasta, genome_build="GRCh38"))


@pytest.mark.parametrize(
    ("name", "plain"),
    [("chr1", "1"), ("NC_000023.11", "X"), ("M", "MT"), ("chrM", "MT"), ("23", "23"), ("GL000220.1", "GL000220.1")],
)
def test_names_of_chromosomes(name: str, plain: str):
    assert chromosome(name) == plain


def test_numbers_of_chromosomes_and_names_of_builds():
    assert (chromosome("23", numbered=True), chromosome("chr24", numbered=True)) == ("X", "Y")
    assert {genome_build(name) for name in ("37", "GRCh37", "hg19", "b37", "GRCh37.p13")} == {"GRCh37"}
    assert {genome_build(name) for name in ("38", "GRCh38.p14", "hg38")} == {"GRCh38"}
    assert genome_build("mm10") == ""
