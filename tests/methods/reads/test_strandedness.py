"""Reads with and against the genes under them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_assets.methods.reads.strandedness import sense_reads

SEQUENCES = st.sampled_from([("chr1", "+"), ("chr1", "-"), ("chr2", "+"), ("chr2", "-")])
genes = st.lists(st.tuples(SEQUENCES, st.integers(0, 30), st.integers(1, 12)), max_size=8)
reads = st.dictionaries(st.tuples(SEQUENCES, st.integers(0, 45)), st.integers(1, 4), max_size=30)


def frame(rows, columns):
    return pd.DataFrame([(*place, *rest) for place, *rest in rows], columns=["chrom", "strand", *columns])


@settings(deadline=None)
@given(genes=genes, reads=reads)
def test_reads_over_genes_of_one_strand_equal_a_count_base_by_base(genes, reads):
    annotated = {(place, base) for place, start, width in genes for base in range(start, start + width)}
    sense = antisense = 0
    for ((chrom, strand), base), count in reads.items():
        own = ((chrom, strand), base) in annotated
        other = ((chrom, "-" if strand == "+" else "+"), base) in annotated
        sense += count * (own and not other)
        antisense += count * (other and not own)
    rows = [(place, base, count) for (place, base), count in sorted(reads.items())]
    positions = frame(rows, ["position", "count"]).astype({"position": np.int32, "count": np.int32})
    models = frame([(place, start, start + width) for place, start, width in genes], ["start", "end"])
    assert sense_reads(positions, models) == (sense, antisense)
