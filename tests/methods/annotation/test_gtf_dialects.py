"""A small faithful file of each GTF dialect: symbol, placements, extent and start site of every gene.

Attributes, features and their order are those of real files; coordinates are made small.
"""

from __future__ import annotations

import gzip
import re
import signal
from collections import defaultdict
from pathlib import Path

import pytest

from groprog_assets.errors import AnnotationError
from groprog_assets.methods.annotation import gtf
from groprog_assets.methods.annotation.consensus import consensus_annotation
from groprog_assets.methods.annotation.gene_models import annotation_file, read_annotation
from groprog_assets.methods.annotation.genes import dominant_tss
from groprog_assets.methods.annotation.gtf import placements, stable_gene, symbol_of
from groprog_assets.study.annotation_files import ProblemCollector
from groprog_assets.study.parameters import AnnotationParameters
from tests.methods.nascent import masks

SIZES = {"chr1": 60_000_000, "chrX": 3_000_000, "chrY": 3_000_000, "tg": 5000}


def line(chrom: str, source: str, feature: str, start: int, end: int, strand: str, attributes: str) -> str:
    return "\t".join([chrom, source, feature, str(start), str(end), ".", strand, ".", attributes])


def written(folder: Path, rows: list[str], name: str = "a.gtf") -> Path:
    path = folder / name
    path.write_text("\n".join(rows) + "\n")
    return path


def genes_of(path: Path, sizes: dict[str, int] = SIZES) -> dict[str, tuple]:
    """{symbol: (chrom, start, end, strand, tss, placements, reliable)} as the study's `genes` table has them."""
    models = read_annotation(path, sizes)
    table = dominant_tss(models, consensus_annotation(models), {}, masks(), AnnotationParameters())
    columns = ["chrom", "start", "end", "strand", "tss", "placements", "reliable"]
    return {row[0]: tuple(row[1:]) for row in table[["gene", *columns]].itertuples(index=False, name=None)}


def said(path: Path, sizes: dict[str, int] = SIZES) -> str:
    return "\n".join(map(str, annotation_file(path, sizes).notices))


DIALECTS = Path(__file__).parent / "dialects"

TWO_PLACES = {
    "DDX": ("chr1", 11_000, 14_000, "+", 11_000, 1, True),
    "SRG": ("chr1", 50_000, 53_000, "-", 52_999, 2, False),
}


@pytest.mark.parametrize(
    ("dialect", "chrom"), [("ucsc_genePredToGtf", "chr1"), ("igenomes", "chr1"), ("gencode", "chrX"), ("ncbi", "chrX")]
)
def test_a_gene_and_a_gene_at_two_loci_in_each_dialect(dialect: str, chrom: str) -> None:
    """The second place is called `_dup1` by UCSC, `_1` by iGenomes and NCBI, `_PAR_Y` by GENCODE; the gene is one."""
    expected = {**TWO_PLACES, "SRG": (chrom, *TWO_PLACES["SRG"][1:])}
    assert genes_of(DIALECTS / f"{dialect}.gtf") == expected


def test_a_refgene_table_places_an_accession_wherever_it_has_a_row(tmp_path: Path) -> None:
    rows = [
        "585\tNR_1\tchr1\t+\t11000\t14000\t14000\t14000\t1\t11000,\t14000,\t0\tDDX\tunk\tunk\t-1,",
        "585\tNR_2\tchr1\t-\t50000\t53000\t53000\t53000\t1\t50000,\t53000,\t0\tSRG\tunk\tunk\t-1,",
        "585\tNR_2\tchr1\t-\t90000\t93000\t93000\t93000\t1\t90000,\t93000,\t0\tSRG\tunk\tunk\t-1,",
    ]
    assert genes_of(written(tmp_path, rows, "refGene.txt")) == TWO_PLACES


def test_ensembl_without_symbol_is_named_by_its_stable_id(tmp_path: Path) -> None:
    """Ensembl keeps the version apart; files written from GENCODE carry it within the id."""
    apart = 'gene_id "ENSG00000000003"; gene_version "15"; transcript_id "ENST1"; transcript_version "2"; gene_source "havana";'
    within = 'gene_id "ENSG00000000005.6"; transcript_id "ENST2.1";'
    paralogue = 'gene_id "ENSG00000000005.6_PAR_Y"; transcript_id "ENST2.1_PAR_Y";'
    rows = [
        line("chr1", "havana", "transcript", 1_001, 3_000, "+", apart),
        line("chrX", "havana", "transcript", 1_001, 3_000, "+", within),
        line("chrY", "havana", "transcript", 1_001, 3_000, "+", paralogue),
    ]
    assert genes_of(written(tmp_path, rows)) == {
        "ENSG00000000003": ("chr1", 1_000, 3_000, "+", 1_000, 1, True),
        "ENSG00000000005": ("chrX", 1_000, 3_000, "+", 1_000, 2, False),
    }


def test_stringtie_names_the_reference_gene_and_leaves_unstranded_units_out(tmp_path: Path) -> None:
    rows = [
        "# StringTie version 2.2.1",
        line(
            "chr1",
            "StringTie",
            "transcript",
            1_001,
            3_000,
            "+",
            'gene_id "STRG.1"; transcript_id "STRG.1.1"; reference_id "NM_1"; ref_gene_id "G1"; ref_gene_name "ULK1"; cov "9.1";',
        ),
        # a new isoform of the same gene has no reference of its own
        line(
            "chr1", "StringTie", "transcript", 1_201, 4_000, "+", 'gene_id "STRG.1"; transcript_id "STRG.1.2"; cov "2";'
        ),
        line(
            "chr1",
            "StringTie",
            "transcript",
            9_001,
            11_000,
            "-",
            'gene_id "STRG.2"; transcript_id "STRG.2.1"; cov "2";',
        ),
        line(
            "chr1",
            "StringTie",
            "transcript",
            20_001,
            23_000,
            ".",
            'gene_id "STRG.3"; transcript_id "STRG.3.1"; cov "1";',
        ),
    ]
    path = written(tmp_path, rows)
    assert genes_of(path) == {
        "ULK1": ("chr1", 1_200, 3_000, "+", 1_000, 1, True),
        "STRG.2": ("chr1", 9_000, 11_000, "-", 10_999, 1, True),
    }
    assert "1 transcript has no strand (STRG.3.1)" in said(path)


def test_a_merged_gene_of_two_reference_genes_is_not_given_either_name(tmp_path: Path) -> None:
    rows = [
        line(
            "chr1",
            "StringTie",
            "transcript",
            1_001,
            3_000,
            "+",
            'gene_id "MSTRG.1"; transcript_id "A"; gene_name "A1";',
        ),
        line(
            "chr1",
            "StringTie",
            "transcript",
            5_001,
            8_000,
            "+",
            'gene_id "MSTRG.1"; transcript_id "B"; gene_name "B1";',
        ),
        line("chr1", "StringTie", "transcript", 9_001, 11_000, "+", 'gene_id "MSTRG.1"; transcript_id "MSTRG.1.3";'),
    ]
    assert set(genes_of(written(tmp_path, rows))) == {"A1", "B1", "MSTRG.1"}


def test_ucsc_table_browser_has_accessions_for_genes_and_that_is_said(tmp_path: Path) -> None:
    rows = [
        line("chr1", "hg38_refGene", "start_codon", 1_051, 1_053, "+", 'gene_id "NM_1"; transcript_id "NM_1";'),
        line("chr1", "hg38_refGene", "CDS", 1_051, 1_500, "+", 'gene_id "NM_1"; transcript_id "NM_1";'),
        line("chr1", "hg38_refGene", "exon", 1_001, 1_500, "+", 'gene_id "NM_1"; transcript_id "NM_1";'),
        line("chr1", "hg38_refGene", "exon", 4_001, 5_000, "+", 'gene_id "NM_1"; transcript_id "NM_1";'),
        line("chr1", "hg38_refGene", "exon", 9_001, 9_500, "+", 'gene_id "NM_1"; transcript_id "NM_1_dup1";'),
        line("chr1", "hg38_refGene", "exon", 12_001, 13_000, "+", 'gene_id "NM_1"; transcript_id "NM_1_dup1";'),
    ]
    path = written(tmp_path, rows)
    assert genes_of(path) == {"NM_1": ("chr1", 1_000, 5_000, "+", 1_000, 2, False)}
    assert "2 transcripts have no transcript line and are made from their exons" in said(path)
    alone = written(tmp_path, rows[:4], "alone.gtf")
    assert "1 of 1 transcripts have no gene but themselves (gene NM_1)" in said(alone)


def exons(transcript: str, *intervals: tuple[int, int], strand: str = "+", chrom: str = "chr1") -> list[str]:
    attributes = f'gene_id "{transcript}"; transcript_id "{transcript}";'
    return [line(chrom, "x", "exon", start, end, strand, attributes) for start, end in intervals]


def test_one_accession_at_two_loci_is_two_placements_and_never_one_long_gene(tmp_path: Path) -> None:
    rows = exons("NM_1", (1_001, 1_500), (4_001, 5_000), (30_001_001, 30_001_500), (30_004_001, 30_005_000))
    rows += exons("NM_2", (10_000_001, 10_020_000)) + exons("NM_3", (20_000_001, 20_020_000))
    path = written(tmp_path, rows)
    assert genes_of(path) == {
        "NM_1": ("chr1", 1_000, 5_000, "+", 1_000, 2, False),
        "NM_2": ("chr1", 10_000_000, 10_020_000, "+", 10_000_000, 1, True),
        "NM_3": ("chr1", 20_000_000, 20_020_000, "+", 20_000_000, 1, True),
    }
    assert "1 transcript lies at several places of one strand under one id" in said(path)


def test_a_transcript_line_that_a_converter_joined_over_two_loci_is_taken_apart(tmp_path: Path) -> None:
    attributes = 'gene_id "NM_1"; transcript_id "NM_1";'
    rows = [line("chr1", "gffutils", "transcript", 1_001, 30_005_000, "+", attributes)]
    rows += exons("NM_1", (1_001, 1_500), (4_001, 5_000), (30_001_001, 30_001_500), (30_004_001, 30_005_000))
    assert genes_of(written(tmp_path, rows)) == {"NM_1": ("chr1", 1_000, 5_000, "+", 1_000, 2, False)}


def test_a_long_intron_within_the_limit_joins(tmp_path: Path) -> None:
    rows = exons("NM_1", (1_001, 1_500), (1_101_000, 1_103_000))
    assert genes_of(written(tmp_path, rows))["NM_1"][1:3] == (1_000, 1_103_000)


@pytest.mark.parametrize(
    ("lengths", "gap", "expected"),
    [
        ([500, 1000, 500, 1000], 3_000, 2),
        ([500, 1000, 505, 995], 3_000, 2),
        ([500, 1000, 500, 1100], 3_000, 1),
        ([500, 500], 6_000, 2),
        ([500, 500], 3_000, 1),
        ([500] * 4, 3_000, 1),
        ([1078, 1078, 1079, 1078], 6_000, 4),
        ([140, 156, 997] * 10, 3_000, 10),
        ([500, 1000, 500], 3_000, 1),
        ([500, 1000], 1_300_000, 2),
    ],
)
def test_placements_are_told_by_distance_and_by_repeated_lengths(lengths: list[int], gap: int, expected: int) -> None:
    at, held = 0, []
    for length in lengths:
        held.append((at, at + length))
        at += length + gap
    found = placements(reversed(held), 1_200_000)
    assert len(found) == expected
    assert found[0][0] == 0
    assert found[-1][1] == held[-1][1]


def test_exons_that_overlap_count_once() -> None:
    assert placements([(0, 100), (50, 150), (150, 200), (400, 500)], 1_000) == [(0, 500)]


def test_an_appended_reporter_without_transcript_line_is_a_gene(tmp_path: Path) -> None:
    rows = [
        line(
            "chr1", "src", "transcript", 1_001, 9_000, "+", 'gene_id "ENSG1"; transcript_id "ENST1"; gene_name "AAA";'
        ),
        line("tg", "src", "exon", 1, 3_000, "+", 'gene_id "EGFP"; transcript_id "EGFP"; gene_name "EGFP";'),
    ]
    path = written(tmp_path, rows)
    assert genes_of(path) == {
        "AAA": ("chr1", 1_000, 9_000, "+", 1_000, 1, True),
        "EGFP": ("tg", 0, 3_000, "+", 0, 1, True),
    }
    # without its contig in chrom_sizes it cannot be a gene, and that is said
    sizes = {"chr1": 60_000_000}
    assert set(genes_of(path, sizes)) == {"AAA"}
    assert "1 of 2 transcripts, of 1 gene, lie on a chromosome of the study; 1 lies elsewhere (tg)" in said(path, sizes)


def test_a_gene_of_cds_only_reaches_to_its_stop_codon(tmp_path: Path) -> None:
    """NCBI's bacterial genes: no transcript, no exon; the stop codon is outside the CDS in GTF."""
    rows = [
        line(
            "chr1", "RefSeq", "gene", 5_001, 9_000, "+", 'gene_id "b2"; transcript_id ""; gene "thrA"; locus_tag "b2";'
        ),
        line(
            "chr1",
            "RefSeq",
            "CDS",
            5_001,
            8_997,
            "+",
            'gene_id "b2"; transcript_id "unassigned_transcript_2"; gene "thrA";',
        ),
        line(
            "chr1",
            "RefSeq",
            "start_codon",
            5_001,
            5_003,
            "+",
            'gene_id "b2"; transcript_id "unassigned_transcript_2"; gene "thrA";',
        ),
        line(
            "chr1",
            "RefSeq",
            "stop_codon",
            8_998,
            9_000,
            "+",
            'gene_id "b2"; transcript_id "unassigned_transcript_2"; gene "thrA";',
        ),
        line(
            "chr1",
            "RefSeq",
            "CDS",
            20_001,
            22_997,
            "-",
            'gene_id "b3"; transcript_id "unassigned_transcript_2"; gene "thrB";',
        ),
        line(
            "chr1", "RefSeq", "gene", 30_001, 33_000, "-", 'gene_id "b4"; transcript_id ""; gene "psd"; pseudo "true";'
        ),
    ]
    path = written(tmp_path, rows)
    assert genes_of(path) == {
        "thrA": ("chr1", 5_000, 9_000, "+", 5_000, 1, True),
        "thrB": ("chr1", 20_000, 22_997, "-", 22_996, 1, True),
    }
    assert "2 transcripts have no transcript line and are made from their coding sequence" in said(path)
    assert "1 gene has a gene line only (psd)" in said(path)


def test_exons_may_stand_before_their_transcript_line(tmp_path: Path) -> None:
    rows = exons("T1", (1_001, 1_500), (4_001, 5_000))
    rows.append(line("chr1", "x", "transcript", 801, 5_200, "+", 'gene_id "T1"; transcript_id "T1";'))
    assert genes_of(written(tmp_path, rows)) == {"T1": ("chr1", 800, 5_200, "+", 800, 1, True)}


def test_the_symbol_is_an_attribute_and_never_a_word_within_quotes() -> None:
    assert symbol_of('gene_id "X"; note "see; gene_name "; description "a; gene OTHER b"; gene "thrA";') == "thrA"
    assert symbol_of('gene_id "X"; gene "low"; gene_name "HIGH";') == "HIGH"
    assert symbol_of("gene_id X; gene_name Y;") == "Y"
    assert symbol_of('gene_id "X"; gene_name ""; gene_symbol ".";') == ""
    assert symbol_of('gene_id "X"; description "a \\"b\\"; gene_name c"; gene_name "D"') == "D"


def test_stable_gene_leaves_symbols_alone() -> None:
    assert [
        stable_gene(name) for name in ("AL627309.1", "HLA-A", "ENSMUSG00000000001.4", "NM_1_dup2", "AT1G01010.1")
    ] == [
        "AL627309.1",
        "HLA-A",
        "ENSMUSG00000000001",
        "NM_1",
        "AT1G01010.1",
    ]


def test_a_name_that_the_study_writes_otherwise_is_refused_though_others_fit(tmp_path: Path) -> None:
    rows = exons("A", (1_001, 3_000)) + exons("B", (1_001, 3_000), chrom="X")
    with pytest.raises(AnnotationError, match=r"a\.gtf, line 2: 1 of 2 transcripts on X\. .*Rename X to chrX"):
        read_annotation(written(tmp_path, rows), SIZES)
    mended = written(tmp_path, [row.replace("X\t", "chrX\t", 1) if row[0] == "X" else row for row in rows])
    assert set(genes_of(mended)) == {"A", "B"}


def test_scaffolds_under_another_name_are_counted_and_named(tmp_path: Path) -> None:
    """GENCODE's files of all regions have `chr1` beside `KI270728.1`; UCSC's sizes have `chr16_KI270728v1_random`."""
    path = written(tmp_path, exons("A", (1_001, 3_000)) + exons("B", (1_001, 3_000), chrom="KI270728.1"))
    sizes = {"chr1": 60_000_000, "chr16_KI270728v1_random": 10_000}
    assert set(genes_of(path, sizes)) == {"A"}
    assert "1 lies elsewhere (KI270728.1)" in said(path, sizes)
    assert "To keep them, rename KI270728.1 to chr16_KI270728v1_random in this file." in said(path, sizes)
    path.write_text(path.read_text().replace("KI270728.1", "chr16_KI270728v1_random"))
    assert set(genes_of(path, sizes)) == {"A", "B"}


def test_hg38_without_transcript_lines_gives_the_stated_transcripts(shared, tmp_path: Path) -> None:
    """UCSC's own placements, their `_dup1` taken off and their transcript lines taken out, come back from the exons alone."""
    stated, exons_only = defaultdict(list), []
    with gzip.open(shared / "data" / "reference" / "hg38.refGene.gtf.gz", "rt") as source:
        for text in source:
            text = re.sub(r'_dup\d+"', '"', text)
            fields = text.split("\t", 8)
            if fields[2] == "exon":
                exons_only.append(text)
            else:
                name = re.search(r'transcript_id "([^"]+)', fields[8])[1]
                stated[fields[0], fields[6], name].append((int(fields[3]) - 1, int(fields[4])))
    path = tmp_path / "exons.gtf"
    path.write_text("".join(exons_only))
    sizes = dict.fromkeys({chrom for chrom, _, _ in stated}, 300_000_000)
    found = defaultdict(list)
    for row in read_annotation(path, sizes).itertuples(index=False):
        found[row.chrom, row.strand, row.transcript].append((row.start, row.end))
    once = {key for key, places in stated.items() if len(set(places)) == 1}
    again = stated.keys() - once
    assert [key for key in once if found[key] != list(set(stated[key]))] == []
    assert sum(found[key] == sorted(set(stated[key])) for key in again) > 0.75 * len(again)
    assert max(end - start for places in found.values() for start, end in places) < 2_500_000


def test_a_lifted_gencode_id_loses_its_version() -> None:
    """GENCODE's files of GRCh37 add the number of the mapping: ENSG00000238011.6_3."""
    assert stable_gene("ENSG00000238011.6_3") == "ENSG00000238011"


def test_the_example_of_a_gene_without_a_symbol_is_one(tmp_path: Path) -> None:
    rows = [
        line("chr1", "x", "transcript", 1001, 9000, "+", 'gene_id "g1"; transcript_id "t1"; gene_name "AAA";'),
        *(
            line("chr1", "x", "exon", at + 1, at + 3000, "+", f'gene_id "NM_{at}"; transcript_id "NM_{at}";')
            for at in (20_000, 40_000)
        ),
    ]
    assert "have no gene but themselves (gene NM_20000)" in said(written(tmp_path, rows))


def test_a_cell_of_any_length_is_read_in_one_pass():
    def late(*_):
        raise AssertionError("not read in 20 s of CPU")

    before = signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, 20)  # a quadratic search would take hours
    try:
        for cell in ("z" * 3_000_000, " " * 3_000_000, "a " + "\\" * 3_000_000, 'gene_id "' + "y" * 3_000_000):
            assert symbol_of(cell) == ""
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@pytest.mark.parametrize("malformed", ["0\t50", "9\t5", "x\t50", "+5\t50", "5\t12345678901", "\t50", "cut"])
def test_a_malformed_line_is_told_when_its_turn_comes(malformed: str, tmp_path: Path) -> None:
    named = 'gene_id "G"; transcript_id "T{}";'
    rows = [line("chr1", "s", "transcript", 10 * n + 1, 10 * n + 9, "+", named.format(n)) for n in range(8)]
    rows[2] = rows[2].replace("gene_id", "x").replace("transcript_id", "y")
    rows[4] = "chr1\ts\ttranscript" if malformed == "cut" else rows[4].replace("41\t49", malformed)
    problems = ProblemCollector(written(tmp_path, rows))
    placed = gtf.gtf_transcripts(problems.path, problems, 1_000_000)
    assert re.findall(r"line (\d+)", "\n".join(map(str, problems.problems))) == ["3", "5"]
    assert [row.transcript for row in placed.rows] == ["T0", "T1", "T3", "T5", "T6", "T7"]


@pytest.mark.parametrize("malformed", ["0\t50", "9\t5", "x\t50", "5\t12345678901"])
def test_exons_behind_a_line_like_theirs_are_read_as_any_other(malformed: str, tmp_path: Path) -> None:
    """An exon is malformed where the one before it is not, and one on another chromosome is of another transcript."""
    named = 'gene_id "G"; transcript_id "T";'
    exons = [line("chr1", "s", "exon", at, at + 5, "+", named) for at in (11, 21, 31, 41)]
    exons[2] = exons[2].replace("31\t36", malformed)
    rows = [line("chr1", "s", "transcript", 11, 46, "+", named), *exons, line("chrX", "s", "exon", 51, 60, "+", named)]
    rows.append(line("chr1", "s", "gene", 11, 46, "+", named))
    problems = ProblemCollector(written(tmp_path, rows))
    placed = gtf.gtf_transcripts(problems.path, problems, 1_000_000)
    assert re.findall(r"line (\d+)", "\n".join(map(str, problems.problems))) == ["4"]
    assert [row[:5] for row in placed.rows] == [("chr1", 10, 46, "+", "T"), ("chrX", 50, 60, "+", "T")]
