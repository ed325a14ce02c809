"""The three channels of a gene."""

from __future__ import annotations

import numpy as np
import pytest

from groprog_assets.methods.features.gene_signal import gene_signal, gene_windows
from groprog_assets.methods.reads.window_counts import count_stranded, stranded_index, tss_window
from groprog_assets.study.parameters import PausingParameters
from tests.methods.nascent import CHROM_SIZES, Asked, genes, libraries, positions
from tests.oracles import grohmm

PARAMETERS = PausingParameters()


def windows_of(*row, **columns):
    windows = gene_windows(genes([row], **columns), PARAMETERS, CHROM_SIZES)
    return {
        name: (int(getattr(windows, f"{name}_start")[0]), int(getattr(windows, f"{name}_end")[0]))
        for name in ("promoter", "body", "upstream")
    }


def test_windows_are_the_papers_on_both_strands():
    assert windows_of("A", "chr1", 10_000, 30_000, "+") == {
        "promoter": (9_950, 10_200),
        "body": (10_200, 15_000),
        "upstream": (9_000, 9_950),
    }
    assert windows_of("B", "chr1", 10_000, 30_000, "-") == {
        "promoter": (29_800, 30_050),
        "body": (25_000, 29_800),
        "upstream": (30_050, 31_000),
    }


def test_the_body_ends_at_the_tts():
    assert windows_of("A", "chr1", 10_000, 11_000, "+")["body"] == (10_200, 11_000)
    assert windows_of("B", "chr1", 10_000, 11_000, "-")["body"] == (10_000, 10_800)


@pytest.mark.parametrize("strand", ["+", "-"])
@pytest.mark.parametrize("width", [1, 150, 200])
def test_a_gene_inside_its_promoter_has_no_body(strand, width):
    frame = genes([("A", "chr1", 10_000, 10_000 + width, strand)])
    assert gene_windows(frame, PARAMETERS).length("body").tolist() == [0]
    signal = gene_signal({"mock_1": positions([("chr1", strand, 10_000, 5)])}, libraries()[:1], frame, PARAMETERS)
    assert signal["body_count"].tolist() == [0]
    assert signal["body_density"].tolist() == [0.0]
    assert signal["promoter_count"].tolist() == [5]


def test_windows_stay_on_the_chromosome():
    first = windows_of("A", "chr1", 10, 3_000, "+")
    assert first["promoter"] == (0, 210)
    assert first["upstream"] == (0, 0)
    last = windows_of("B", "chr1", 97_000, 99_990, "-")
    assert last["promoter"] == (99_790, 100_000)
    assert last["upstream"] == (100_000, 100_000)


def test_channels_are_counted_apart_and_per_strand():
    frame = genes([("A", "chr1", 10_000, 30_000, "+")])
    reads = [
        ("chr1", "+", 9_949, 3),
        ("chr1", "+", 9_950, 10),
        ("chr1", "+", 10_199, 1),
        ("chr1", "+", 10_200, 7),
        ("chr1", "+", 14_999, 2),
        ("chr1", "+", 15_000, 977),
        ("chr1", "-", 10_100, 1_000_000 - 1_000),
    ]
    row = gene_signal({"mock_1": positions(reads)}, libraries()[:1], frame, PARAMETERS).iloc[0]
    assert (row["upstream_count"], row["promoter_count"], row["body_count"]) == (3, 11, 9)
    assert np.isclose(row["promoter_density"], 11 / 0.25)
    assert np.isclose(row["body_density"], 9 / 4.8)
    assert np.isclose(row["upstream_density"], 3 / 0.95)


def test_a_sequence_is_read_once_for_all_channels():
    rows = [(f"{chrom}{strand}", chrom, 10_000, 30_000, strand) for strand in "+-" for chrom in ("chr1", "chr2")]
    asked = Asked(positions([(chrom, strand, 20_000, 1) for _, chrom, _, _, strand in rows]))
    gene_signal({"mock_1": asked}, libraries()[:1], genes(rows), PARAMETERS)
    assert sorted(asked.keys_asked) == sorted(asked)


def test_an_empty_library_has_no_density():
    frame = genes([("A", "chr1", 10_000, 30_000, "+")])
    row = gene_signal({"mock_1": positions()}, libraries()[:1], frame, PARAMETERS).iloc[0]
    assert (row["promoter_count"], row["promoter_density"]) == (0, 0.0)


@pytest.mark.parametrize("run", ["S0mR1", "S40mR1"])
def test_counts_on_real_genes_are_the_oracles(shared, run):
    """Promoter 250 bp and body 4,800 bp of 957 consensus genes, unclipped, as counted with GenomicRanges."""
    table = grohmm.bed(grohmm.annotation_table(shared, f"simplePI_{run}"))
    index = stranded_index(grohmm.positions(shared, f"{run}.bam"))
    strand, chrom = table["strand"].to_numpy(object), table["chrom"].to_numpy(object)
    tss = np.where(strand == "+", table["start"], table["end"] - 1)
    for name, first, last in (("prom", -50, 200), ("body", 200, 5_000)):
        counted = count_stranded(index, chrom, strand, *tss_window(tss, strand, first, last))
        assert np.array_equal(counted, table[name])
        assert np.allclose(counted / (last - first), table[f"{name}_density"].astype(float), rtol=1e-9, atol=0)
