"""groHMM's own pausing index and its test for expressed genes (1.41.1). Tables in, tables out."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import gammainc

from groprog_assets.methods.reads.window_counts import count_stranded, groups, stranded_index, total_reads
from groprog_kernels.exact_tests import fisher_exact
from groprog_kernels.pausing import maximal_window_counts, ratio_interval

BACKGROUND_READS_PER_KILOBASE = 0.04
BACKGROUND_DEPTH = 10_751_533


def pausing_index(
    features: pd.DataFrame, positions: pd.DataFrame, *, size: int = 50, up: int = 1000, down: int = 1000
) -> pd.DataFrame:
    """pausingIndex of groHMM 1.41.1: one row a feature, in their order.

    features: chrom, start, end, strand, gene (0-based half-open). Columns: gene, pause (fullest window's reads / size; the
    window spans 2*size-1 bp), body ((body reads + 1) / D, inf where D = 0), p_value (Fisher, against the split expected from
    the lengths), lower and upper (95 % limits of the pausing ratio), pause_count, body_count, expected_pause, expected_body. D is
    the distance from TSS + down to the end of the gene, less the one base that the reference leaves out.
    """
    start, end = features["start"].to_numpy(np.int64), features["end"].to_numpy(np.int64)
    chrom, strand = features["chrom"].to_numpy(), features["strand"].to_numpy()
    plus = strand == "+"
    tss = np.where(plus, start, end - 1)
    index = stranded_index(positions)
    pause_count = np.zeros(len(features), np.int64)
    for (c, s), rows in groups(chrom, strand).items():
        if (c, s) in index:
            pause_count[rows] = maximal_window_counts(
                index[c, s], tss[rows], np.full(len(rows), s == "-"), size=size, up=up, down=down
            )
    body_start = np.where(plus, tss + down, start)
    body_end = np.where(plus, end, tss - down + 1)
    body_count = count_stranded(index, chrom, strand, body_start, body_end)
    length = np.maximum(body_end - body_start - 1, 0)
    both = pause_count + body_count
    expected_pause = np.rint(both * size / (size + length)).astype(np.int64)
    expected_body = np.rint(both * length / (size + length)).astype(np.int64)
    interval = ratio_interval(pause_count, body_count)
    with np.errstate(divide="ignore", invalid="ignore"):
        body = (body_count + 1) / length
    return pd.DataFrame(
        {
            "gene": features["gene"].to_numpy(),
            "pause": pause_count / size,
            "body": body,
            "p_value": fisher_exact(pause_count, body_count, expected_pause, expected_body),
            "lower": interval.lower * length / size,
            "upper": interval.upper * length / size,
            "pause_count": pause_count,
            "body_count": body_count,
            "expected_pause": expected_pause,
            "expected_body": expected_body,
        }
    )


def expressed_genes(
    features: pd.DataFrame, positions: pd.DataFrame, reads_per_base: float | None = None
) -> pd.DataFrame:
    """expressedGenes of groHMM 1.41.1: columns gene, p_value, count, size; one row a feature, in their order.

    p_value = P(Poisson(rate * size) > count), size = width - 1 as in the reference. reads_per_base defaults to 0.04 reads per
    kilobase at a depth of 10,751,533 reads, scaled to the library.
    """
    index = stranded_index(positions)
    start, end = features["start"].to_numpy(np.int64), features["end"].to_numpy(np.int64)
    if reads_per_base is None:
        reads_per_base = BACKGROUND_READS_PER_KILOBASE * total_reads(index) / BACKGROUND_DEPTH / 1000
    count = count_stranded(index, features["chrom"].to_numpy(), features["strand"].to_numpy(), start, end)
    size = end - start - 1
    return pd.DataFrame(
        {
            "gene": features["gene"].to_numpy(),
            "p_value": gammainc(count + 1.0, reads_per_base * size),
            "count": count,
            "size": size,
        }
    )
