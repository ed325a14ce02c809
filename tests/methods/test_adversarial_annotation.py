"""Genes where they should not be: at chromosome ends, one base long, abutting, nested, equal; a strand without reads."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import AnnotationError
from groprog_assets.methods.annotation.consensus import consensus_annotation
from groprog_assets.methods.annotation.gene_models import read_annotation
from groprog_assets.methods.annotation.genes import dominant_tss
from groprog_assets.methods.annotation.ontology import read_ontology
from groprog_assets.methods.features.gene_signal import gene_signal
from groprog_assets.methods.features.loci import loci
from groprog_assets.methods.features.pausing import pausing
from groprog_assets.methods.features.tss_profile import around_starts
from groprog_assets.methods.reads.coverage import bin_positions
from groprog_assets.methods.transcription.repaired_transcripts import repaired_transcripts
from groprog_assets.methods.transcription.transcript_counts import count_transcripts
from groprog_assets.methods.transcription.transcript_density import transcript_density
from groprog_assets.methods.transcription.transcript_hmm import fit_transcript_hmm
from groprog_assets.methods.transcription.transcripts import call_transcripts
from groprog_assets.study.parameters import Parameters
from groprog_assets.study.schema import Contrast, Locus, Ontology
from tests.methods.nascent import libraries, masks, positions

P = Parameters()
SIZES = {"chr1": 60_030, "chrM": 400, "chrTiny": 20}
GENES = [
    ("FIRST", "chr1", 0, 3_000, "+"),
    ("LAST", "chr1", 55_000, 60_030, "+"),
    ("ENDING", "chr1", 50_000, 60_030, "-"),
    ("BEGINNING", "chr1", 0, 2_500, "-"),
    ("WHOLE", "chrM", 0, 400, "+"),
    ("BASE", "chr1", 20_000, 20_001, "+"),
    ("HOST", "chr1", 30_000, 42_000, "+"),
    ("NESTED", "chr1", 33_000, 36_000, "+"),
    ("ABUTTING", "chr1", 42_000, 45_000, "+"),
    ("TWIN_A", "chr1", 10_000, 14_000, "-"),
    ("TWIN_B", "chr1", 10_000, 14_000, "-"),
    ("TINY", "chrTiny", 0, 20, "+"),
]


def gtf(rows, feature="transcript"):
    return "".join(
        f'{chrom}\tx\t{feature}\t{start + 1}\t{end}\t.\t{strand}\t.\tgene_id "{gene}"; transcript_id "{gene}.1";\n'
        for gene, chrom, start, end, strand in rows
    )


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Every gene annotated; + genes are read in both conditions, the - strand of `oe_1` holds nothing."""
    place = tmp_path_factory.mktemp("annotation") / "a.gtf"
    place.write_text(gtf(GENES))
    models = read_annotation(place, SIZES)
    generator = np.random.default_rng(2)
    reads: dict[str, list] = {"mock_1": [], "oe_1": []}
    for _, chrom, start, end, strand in GENES:
        for library, rows in reads.items():
            if library == "mock_1" or strand == "+":
                found = np.unique(generator.integers(start, end, max((end - start) // 10, 1)))
                rows += [(chrom, strand, int(at), int(generator.integers(1, 4))) for at in (start, *found, end - 1)]
    tables = {}
    for library, rows in reads.items():
        frame = pd.DataFrame(rows, columns=["chrom", "strand", "position", "count"])
        frame = frame.groupby(["chrom", "strand", "position"], as_index=False)["count"].sum()
        tables[library] = positions(frame.itertuples(index=False, name=None))
    consensus = consensus_annotation(models, 1, 1)
    genes = dominant_tss(models, consensus, tables, masks(), P.annotation)
    return models, consensus, genes, tables


def test_every_gene_is_kept_inside_its_chromosome(world):
    models, consensus, genes, _ = world
    assert set(models["gene"]) == {row[0] for row in GENES}
    assert (consensus["end"] > consensus["start"]).all()
    assert (genes["start"] >= 0).all()
    assert all(row.end <= SIZES[row.chrom] for row in genes.itertuples())
    by_name = genes.set_index("gene")
    assert by_name.loc["FIRST", "tss"] == 0
    assert by_name.loc["ENDING", "tss"] == SIZES["chr1"] - 1
    assert by_name.loc["BEGINNING", "tts"] == 0


def test_windows_beyond_an_end_count_what_is_there(world):
    _, _, genes, tables = world
    signal = gene_signal(tables, libraries(), genes, P.pausing).set_index(["gene", "library"])
    reads = tables["mock_1"]
    plus = reads[(reads["chrom"] == "chr1") & (reads["strand"] == "+")]
    window = plus[(plus["position"] >= 0) & (plus["position"] < P.pausing.promoter_downstream)]
    assert signal.loc[("FIRST", "mock_1"), "promoter_count"] == window["count"].sum()
    assert (signal[["promoter_count", "body_count", "upstream_count"]].to_numpy() >= 0).all()
    minus = [row[0] for row in GENES if row[4] == "-"]
    assert signal.loc[[(gene, "oe_1") for gene in minus if gene in genes["gene"].values], "body_count"].sum() == 0


def test_pausing_of_degenerate_genes_is_untested_not_infinite(world):
    _, _, genes, tables = world
    libs = libraries()
    signal = gene_signal(tables, libs, genes, P.pausing)
    table = pausing(signal, genes, libs, Contrast(treatment="oe", control="mock"), P.pausing).table.set_index("gene")
    for gene in ("BASE", "TINY"):
        if gene in table.index:
            assert not table.loc[gene, "passes"].any()
    assert np.isfinite(table.loc[table["passes"], "pausing_index"]).all()


def test_profile_and_heat_map_pad_with_nothing(world):
    _, _, genes, tables = world
    curve, maps = around_starts(tables, libraries(), genes, P.tss_profile)
    assert np.isfinite(curve["signal"]).all()
    row = maps["mock"]["gene"].tolist().index("FIRST")
    before = maps["mock"]["offset"][1:] <= 0
    assert maps["mock"]["sense"][row][before].sum() == 0
    assert maps["mock"]["sense"][row].sum() > 0


def test_units_to_the_last_base_and_their_repair(world):
    _, consensus, _, tables = world
    coverage = {name: bin_positions(table, SIZES, 50) for name, table in tables.items()}
    fit = fit_transcript_hmm(coverage, SIZES, consensus, 50, P.transcription).fit
    units = call_transcripts(coverage, fit, SIZES, 50)
    assert len(units)
    assert (units["end"] > units["start"]).all()
    repaired = repaired_transcripts(units, consensus, coverage, tables, fit, SIZES, P.annotation, P.differential).table
    assert (repaired["end"] > repaired["start"]).all()
    assert repaired["posterior"].between(0, 1).all()
    for table in (units, repaired):
        assert all(row.start >= 0 and row.end <= SIZES[row.chrom] for row in table.itertuples())
    density = transcript_density(units, consensus, tables, P.density, repaired=repaired)
    assert np.isfinite(density.profile["density"]).all()
    assert set(density.gene_overlap["gene"]) <= set(consensus["gene"])
    counts = count_transcripts(units, tables, P.differential).table
    assert (counts["count"] >= 0).all()


def test_a_locus_at_either_end_is_cut_to_the_chromosome(world):
    _, _, genes, tables = world
    asked = [Locus(name=name, reason="at an end") for name in ("FIRST", "LAST", "WHOLE")]
    contrast = Contrast(treatment="oe", control="mock")
    found = loci(asked, None, tables, libraries(), contrast, genes, masks(), [], SIZES, P.loci)
    assert found.tracks["start"].min() == 0
    chrom = found.table.drop_duplicates("locus").set_index("locus")["chrom"]
    assert all(row.end <= SIZES[chrom[row.locus]] for row in found.tracks.itertuples())


@pytest.mark.parametrize("feature", ["gene", "start_codon"])
def test_a_gtf_without_transcripts_or_exons_says_what_it_needs(tmp_path: Path, feature: str):
    place = tmp_path / "a.gtf"
    place.write_text(gtf(GENES, feature))
    with pytest.raises(AnnotationError) as caught:
        read_annotation(place, SIZES)
    assert all(problem.rule and problem.remedy for problem in caught.value.problems)


OBO = "format-version: 1.2\n\n" + "".join(
    f"[Term]\nid: GO:000000{n}\nname: t{n}\nnamespace: biological_process\n{parent}\n"
    for n, parent in ((1, ""), (2, "is_a: GO:0000001\n"), (3, "is_a: GO:0000003\n"))
)


def gaf(term):
    columns = [
        "UniProtKB",
        "P1",
        "FIRST",
        "involved_in",
        term,
        "PMID:1",
        "IDA",
        "",
        "P",
        "",
        "",
        "protein",
        "taxon:9606",
    ]
    return "!gaf-version: 2.2\n" + "\t".join([*columns, "20200101", "UniProt", "", ""]) + "\n"


def test_a_term_that_is_its_own_parent_is_a_cycle(tmp_path: Path):
    (tmp_path / "go.obo").write_text(OBO)
    (tmp_path / "g.gaf").write_text(gaf("GO:0000002"))
    with pytest.raises(AnnotationError, match=r"cycle.*GO:0000003"):
        read_ontology(Ontology(obo=tmp_path / "go.obo", gaf=tmp_path / "g.gaf"), ["FIRST"])


def test_a_gaf_of_unknown_terms_only_annotates_nothing_and_is_counted(tmp_path: Path):
    (tmp_path / "go.obo").write_text(OBO.replace("is_a: GO:0000003", "is_a: GO:0000001"))
    with gzip.open(tmp_path / "g.gaf.gz", "wt") as file:
        file.write(gaf("GO:7777777"))
    read = read_ontology(Ontology(obo=tmp_path / "go.obo", gaf=tmp_path / "g.gaf.gz"), ["FIRST"])
    assert read.annotations.empty
    assert read.version["unknown_terms"] == 1
    assert len(read.terms) == 3
