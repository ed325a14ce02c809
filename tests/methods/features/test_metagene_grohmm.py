"""groHMM's metagene on its own fixtures."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groprog_assets.methods.features.metagene_grohmm import metagene
from tests.methods.nascent import positions
from tests.oracles import grohmm


def unit_case(shared):
    unit = grohmm.unit(shared, "metagene_unit")
    features = pd.DataFrame(
        [{"chrom": "chr1", "start": f["pos"] - 1, "end": f["pos"], "strand": f["strand"]} for f in unit["features"]]
    )
    reads = pd.Series([(r["pos"] - 1, r["strand"]) for r in unit["reads"]]).value_counts()
    return unit, features, positions([("chr1", strand, pos, n) for (pos, strand), n in reads.items()])


def test_unit_fixture(shared):
    unit, features, reads = unit_case(shared)
    result = metagene(features, reads, size=unit["size"], up=unit["up"])
    assert np.allclose(result.sense, unit["sense"], rtol=1e-9, atol=1e-12)
    assert np.allclose(result.antisense, unit["antisense"], rtol=1e-9, atol=1e-12)


def test_flipped_strands_give_the_true_antisense(shared):
    """Defect 7: the reference finds 33.3 antisense reads x bp a gene where 40 lie."""
    _, features, reads = unit_case(shared)
    curves = {
        how: metagene(features, reads, size=10, up=100, antisense=how).antisense.sum() for how in ("grohmm", "flipped")
    }
    assert curves == pytest.approx({"grohmm": 100 / 3, "flipped": 40.0})


def test_fifty_real_genes(shared):
    features = grohmm.bed(grohmm.annotation_table(shared, "metagene_features"))
    expected = grohmm.annotation_table(shared, "runMetaGene_S40mR1_top50")
    result = metagene(features, grohmm.positions(shared, "S40mR1.bam"), up=2_000)
    assert np.array_equal(result.position, expected["pos"])
    for name in ("sense", "antisense"):
        assert np.allclose(getattr(result, name), expected[name], rtol=1e-9, atol=1e-12)


def test_unknown_form_is_refused():
    with pytest.raises(ValueError, match="grohmm or flipped"):
        metagene(
            pd.DataFrame({"chrom": ["c"], "start": [0], "end": [1], "strand": ["+"]}), positions(), antisense="both"
        )
