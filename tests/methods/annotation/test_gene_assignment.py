"""Genes under units, n to m."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_assets.methods.annotation.gene_assignment import assign_genes, representative_unit
from tests.methods.nascent import differential, genes, transcripts

INTERVALS = st.lists(
    st.tuples(st.sampled_from(["chr1", "chr2"]), st.integers(0, 12), st.integers(1, 9), st.sampled_from("+-")),
    max_size=8,
    unique_by=lambda row: (row[0], row[1], row[3]),
)


@settings(deadline=None, max_examples=40)
@given(INTERVALS, INTERVALS)
def test_every_pair_and_no_other(units, models):
    tx = transcripts([(f"t{i}", c, s, s + w, strand) for i, (c, s, w, strand) in enumerate(units)])
    gene = genes([(f"g{i}", c, s, s + w, strand) for i, (c, s, w, strand) in enumerate(models)])
    expected = {
        (t.name, g.gene, min(t.end, g.end) - max(t.start, g.start))
        for t in tx.itertuples(index=False)
        for g in gene.itertuples(index=False)
        if t.chrom == g.chrom and t.strand == g.strand and min(t.end, g.end) > max(t.start, g.start)
    }
    pairs = assign_genes(tx, gene)
    assert set(pairs.itertuples(index=False, name=None)) == expected
    assert len(pairs) == len(expected)


def test_largest_overlap_stands_first_and_abutting_does_not_count():
    tx = transcripts([("t", "chr1", 100, 200, "+")])
    gene = genes([("next", "chr1", 200, 300, "+"), ("small", "chr1", 190, 260, "+"), ("big", "chr1", 50, 160, "+")])
    assert assign_genes(tx, gene)["gene"].tolist() == ["big", "small"]


def test_the_unit_covering_most_of_a_gene_speaks_for_it():
    gene = genes([("A", "chr1", 100, 200, "+"), ("B", "chr1", 900, 950, "+")])
    table = differential(
        genes([("x", "chr1", 90, 130, "+"), ("y", "chr1", 130, 260, "+")]), ["up", "down"], [0.01, 0.02]
    )
    speaker = representative_unit(table, gene)
    assert speaker["direction"].to_dict() == {"A": "down"}
