"""Enrichment: the tail against SciPy, a planted term, labels, sizes, edges."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom

from groprog_assets.methods.features.enrichment import enrichment, hypergeometric_upper_tail
from groprog_assets.methods.features.multiple_testing import benjamini_hochberg
from groprog_assets.study.parameters import EnrichmentParameters
from groprog_assets.tables import conform
from tests.methods.nascent import differential, genes

PARAMETERS = EnrichmentParameters(minimum_term_size=5, maximum_term_size=40)
NAMES = [f"g{i:03d}" for i in range(100)]


@settings(deadline=None)
@given(st.integers(1, 60), st.data())
def test_tail_equals_scipy(total, data):
    drawn = data.draw(st.integers(0, total))
    marked = data.draw(st.integers(0, total))
    overlap = np.arange(min(drawn, marked) + 2)
    measured = hypergeometric_upper_tail(overlap, drawn, np.full(len(overlap), marked), total)
    assert np.allclose(measured, hypergeom.sf(overlap - 1, total, marked, drawn), rtol=1e-9, atol=1e-300)


def test_tail_at_the_size_of_a_genome():
    """R: phyper(k - 1, K, 18000 - K, 1200, lower.tail = FALSE)."""
    measured = hypergeometric_upper_tail([1, 5, 40, 300], 1_200, [20, 30, 100, 500], 18_000)
    exact = hypergeom.sf(np.array([1, 5, 40, 300]) - 1, 18_000, [20, 30, 100, 500], 1_200)
    assert np.allclose(measured, exact, rtol=1e-9, atol=0)


def test_a_set_beyond_the_background_is_refused():
    with pytest.raises(ValueError, match="larger than the background"):
        hypergeometric_upper_tail([1], 11, [2], 10)


def tables(members: dict[str, list[str]], namespace="BP", file_format="OBO"):
    terms = pd.DataFrame(
        {
            "term": list(members),
            "name": [f"name of {t}" for t in members],
            "namespace": namespace,
            "obsolete": False,
            "synonyms": "",
            "replaced_by": "",
            "format": file_format,
        }
    )
    rows = [{"gene": gene, "term": term, "direct": True} for term, held in members.items() for gene in held]
    return conform(terms, "ontology_terms"), conform(pd.DataFrame(rows), "ontology_annotations")


@pytest.fixture(scope="module")
def world():
    models = genes([(name, "chr1", 1_000 * i, 1_000 * i + 500, "+") for i, name in enumerate(NAMES)])
    direction = ["up"] * 15 + ["down"] * 5 + ["none"] * 80
    p_value = np.where(np.arange(100) < 90, 0.01, np.nan)
    members = {
        "planted": NAMES[:12] + NAMES[50:53],
        "spread": NAMES[::7],
        "small": NAMES[:4],
        "root": NAMES[:95],
        "GO:0042981": [NAMES[3], NAMES[95]],
    }
    return differential(models, direction, p_value), models, *tables(members)


def test_every_tested_term_names_its_genes_in_the_set(world):
    changed, models, terms, annotations = world
    table = enrichment(changed, models, terms, annotations, PARAMETERS).table
    found = {(row.gene_set, row.term): row.genes for row in table.itertuples()}
    assert {term for _, term in found} == {"planted", "spread"}
    rising, falling = {*NAMES[:15]}, {*NAMES[15:20]}
    for name, chosen in (("up", rising), ("down", falling), ("changed", rising | falling)):
        for term, members in (("planted", NAMES[:12]), ("spread", NAMES[::7])):
            assert found[name, term] == ";".join(gene for gene in members if gene in chosen)


def test_the_planted_term_comes_first_with_its_genes(world):
    result = enrichment(*world, PARAMETERS)
    first = result.table[result.table["gene_set"] == "up"].iloc[0]
    assert first["term"] == "planted"
    assert (first["overlap"], first["term_size"], first["gene_set_size"], first["background_size"]) == (12, 15, 15, 90)
    assert first["genes"] == ";".join(NAMES[:12])
    assert first["fold_enrichment"] == pytest.approx(12 * 90 / (15 * 15))
    assert first["p_value"] == pytest.approx(hypergeom.sf(11, 90, 15, 15), rel=1e-9)


def test_the_background_of_gene_sets_is_every_tested_gene(world):
    """One set of 15 genes, 12 of them among the 15 rising ones, 90 genes tested: as R's phyper(11, 15, 75, 15, lower = FALSE)."""
    table, models, *_ = world
    terms, annotations = tables({"planted": NAMES[:12] + NAMES[50:53]}, "other", "GMT")
    result = enrichment(table, models, terms, annotations, PARAMETERS)
    row = result.table[result.table["gene_set"] == "up"].iloc[0]
    assert (row["overlap"], row["term_size"], row["gene_set_size"], row["background_size"]) == (12, 15, 15, 90)
    assert row["p_value"] == pytest.approx(hypergeom.sf(11, 90, 15, 15), rel=1e-9)
    assert result.summary["background_genes"] == "tested"
    # of an ontology, a gene without a term was not looked at
    terms, annotations = tables({"planted": NAMES[:12] + NAMES[50:53]}, "BP", "OBO")
    result = enrichment(table, models, terms, annotations, PARAMETERS)
    assert set(result.table["background_size"]) == {15}
    assert result.summary["background_genes"] == "tested and annotated"


def test_the_background_is_tested_and_annotated_and_sizes_are_bounded(world):
    result = enrichment(*world, PARAMETERS)
    assert result.summary["background"] == 90
    assert set(result.table["term"]) == {"planted", "spread"}
    for _, part in result.table.groupby("gene_set"):
        assert np.allclose(part["adjusted_p_value"], benjamini_hochberg(part["p_value"].to_numpy()))
    assert result.summary["gene_sets"] == {"up": 15, "down": 5, "changed": 20}


def test_labels_cover_every_gene(world):
    labels = enrichment(*world, PARAMETERS).labels
    assert labels["gene"].tolist() == NAMES
    assert labels.loc[labels["apoptosis_regulation"] == 1, "gene"].tolist() == [NAMES[3], NAMES[95]]
    assert labels["cell_junction"].sum() == 0


def test_unresolved_label_terms_are_named(world):
    summary = enrichment(*world, PARAMETERS).summary
    assert "GO:0030054" in summary["labels_unresolved"]
    assert "GO:0042981" not in summary["labels_unresolved"]
    json.dumps(summary, allow_nan=False)


def test_adjustment_is_within_the_branch(world):
    table, models, terms, annotations = world
    split = terms.assign(namespace=["BP", "CC", "BP", "BP", "BP"])
    result = enrichment(table, models, split, annotations, PARAMETERS)
    assert np.allclose(result.table["adjusted_p_value"], result.table["p_value"])


@pytest.mark.parametrize("direction", ["none", "down"])
def test_an_empty_set_has_no_rows(world, direction):
    _, models, terms, annotations = world
    table = differential(models, [direction] * 100, [0.5] * 100)
    result = enrichment(table, models, terms, annotations, PARAMETERS)
    assert (result.table["gene_set"] == "up").sum() == 0
    assert len(result.labels) == 100


def test_no_annotation_at_all(world):
    table, models, terms, annotations = world
    result = enrichment(table, models, terms, annotations[:0], PARAMETERS)
    assert result.table.empty
    assert result.summary["background"] == 0
