"""Reads per window from position tables, and spike-in scale factors. Tables in, tables out; no Dagster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from groprog_assets.errors import Problem, ReadsError
from groprog_assets.methods.reads.bigwig import read_bigwig_pair, write_bigwigs
from groprog_assets.methods.reads.positions import STRANDS, categories, sequences
from groprog_assets.tables import conform
from groprog_kernels import coverage as windows

__all__ = ["bin_positions", "read_bigwig_pair", "spike_in_scales", "write_bigwigs"]


def spike_in_scales(reads: Mapping[str, int]) -> dict[str, float]:
    """Factor by which each library's raw counts are multiplied so that all have equal spike-in signal.

    reads: library -> unique reads on spike-in contigs. The library with the fewest has factor 1, the others a smaller one.
    Empty when a library has none, because libraries then cannot be compared. Source: external spike-in
    normalisation as in Orlando et al. 2014, doi:10.1016/j.celrep.2014.10.018.
    """
    if not reads or min(reads.values()) <= 0:
        return {}
    return {library: min(reads.values()) / own for library, own in reads.items()}


def bin_positions(positions: pd.DataFrame, chrom_sizes: Mapping[str, int], bin_size: int) -> pd.DataFrame:
    """`bin_sequences` of a `positions` table."""
    return bin_sequences(sequences(positions).items(), chrom_sizes, bin_size)


def bin_sequences(
    held: Iterable[tuple[tuple[str, str], tuple[np.ndarray, np.ndarray]]], chrom_sizes: Mapping[str, int], bin_size: int
) -> pd.DataFrame:
    """The `coverage` table: reads per `bin_size`-bp window of each strand, windows without reads left out.

    held: (chromosome, strand) and (position, count) of each sequence, as `sequences` or `sequences_in_pieces` give them; each is
    let go once it is binned. The trailing partial window of a chromosome is dropped, as in groHMM 1.41; chromosomes shorter than
    a window and strands without reads give no rows. ReadsError when a chromosome is not in chrom_sizes or a position lies beyond
    its end. Source: groHMM 1.41 windowAnalysis.
    """
    rank = {chrom: i for i, chrom in enumerate(chrom_sizes)}
    parts, problems = [], []
    for (chrom, strand), (position, count) in held:
        if chrom not in rank or int(position[-1]) >= chrom_sizes[chrom]:
            value = f"{chrom}:{int(position[-1]):,}, chromosome length {chrom_sizes.get(chrom, 'unknown')}"
            problems.append(
                Problem(
                    "positions",
                    value,
                    "Positions must lie within the study's chromosomes.",
                    "Use the chromosome sizes of the assembly the reads were aligned to.",
                )
            )
            continue
        binned = windows.bin_positions(position, count, chrom_sizes[chrom], bin_size)
        parts.append((rank[chrom], STRANDS.index(strand), binned.window, binned.reads))
        del position, count  # a view of a piece would keep it while the next is read
    if problems:
        raise ReadsError(problems)
    parts.sort(key=lambda part: part[:2])
    sizes = [len(part[2]) for part in parts]
    smallest = np.min_scalar_type(-len(chrom_sizes) - 1)
    frame = pd.DataFrame(
        {
            "chrom": categories(np.repeat(np.array([p[0] for p in parts], smallest), sizes), list(chrom_sizes)),
            "strand": categories(np.repeat(np.array([p[1] for p in parts], np.int8), sizes), list(STRANDS)),
            "window": np.concatenate([p[2] for p in parts]) if parts else np.empty(0, np.int32),
            "count": np.concatenate([p[3] for p in parts]) if parts else np.empty(0, np.int32),
        },
        copy=False,
    )
    return conform(frame, "coverage")
