"""Enhancers planted far from genes: both strands are transcribed, and change with the nearest gene or do not.

The genes and their reads are drawn first and stay as they are; places, responses and reads have random numbers of their own.
Tables in, tables out; no files.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

AWAY = 3_000
"""bp that stay free between an enhancer and the nearest gene, target or mask."""
LENGTH = 1_000
"""bp over which the reads of one strand lie."""
HALF = (30, 120)
"""bp from the centre to the start of either strand."""
PAUSED, PAUSE, DECAY = 0.4, (35.0, 12.0), 350.0
"""Share of the reads in the pause, its mean distance from the start and SD in bp; bp over which the other reads fall to 1/e."""
READS = (25.0, 60.0)
"""Reads of one strand of an enhancer in a library of depth one."""
RESPONDING, UNMOVED = 0.45, 0.2
"""Share of the enhancers that change with their gene, and that do not although it changes; genes of the others do not change."""
COLUMNS = ["enhancer", "chrom", "minus_start", "plus_start", "reads", "gene", "distance", "log2_fold_change", "kind"]


def plant_enhancers(
    number: int,
    chrom_sizes: dict[str, int],
    transcripts: pd.DataFrame,
    units: pd.DataFrame,
    held: list[tuple[str, int, int]],
    gap: int,
    seed: int,
) -> pd.DataFrame:
    """`COLUMNS`, a row an enhancer, by place: `number` of them, or as many as have room.

    transcripts: chrom, start, end, strand, gene and the log2_fold_change of the gene. An enhancer lies AWAY bp or more from
    every transcript and `held` interval, each strand `gap` bp or more from units of that strand and the ends of the chromosome,
    and in a stretch of its own. reads: mean of one strand in a library of depth one. gene: the one with the nearest annotated
    start, distance: bp from it to the centre. kind: `with_gene` (its log2_fold_change is that of the gene), `unmoved` (that of
    the gene is not 0, its own is) or `still` (both are 0).
    """
    rng = np.random.default_rng([seed, 15])
    places = _places(chrom_sizes, transcripts, units, held, gap, rng)
    rng.shuffle(places)
    wanted = {"with_gene": round(number * RESPONDING), "unmoved": round(number * UNMOVED)}
    wanted["still"] = number - sum(wanted.values())
    rows: list[tuple[Any, ...]] = []
    for chrom, centre in places:
        near = _nearest(transcripts[transcripts["chrom"] == chrom], centre)
        changed = near.log2_fold_change != 0
        kind = "still" if not changed else "with_gene" if wanted["with_gene"] else "unmoved"
        if not wanted[kind]:
            continue
        wanted[kind] -= 1
        half, reads = int(rng.integers(*HALF)), rng.uniform(*READS)
        fold = near.log2_fold_change if kind == "with_gene" else 0.0
        rows.append((chrom, centre - half, centre + half, reads, near.gene, near.distance, fold, kind))
    frame = pd.DataFrame(rows, columns=COLUMNS[1:]).sort_values(["chrom", "plus_start"], ignore_index=True)
    frame.insert(0, "enhancer", [f"SE{k + 1:02d}" for k in range(len(frame))])
    return frame


def enhancer_bases(enhancer: Any, factor: float, strand: str, rng: np.random.Generator) -> NDArray[np.int64]:
    """5' bases of the reads of one strand of a row of `COLUMNS`; factor: depth of the library by its response."""
    n = rng.poisson(enhancer.reads * factor)
    paused = rng.random(n) < PAUSED
    falling = -DECAY * np.log1p(-rng.random(n) * -np.expm1(-LENGTH / DECAY))  # exponential, below LENGTH
    away = np.maximum(np.where(paused, rng.normal(*PAUSE, n), falling), 0).astype(np.int64)
    return enhancer.plus_start + away if strand == "+" else enhancer.minus_start - away


def enhancer_units(enhancers: pd.DataFrame) -> pd.DataFrame:
    """chrom, start, end, strand, genes (the enhancer's name), log2_fold_change: two transcription units of each enhancer."""
    columns = ["chrom", "start", "end", "strand", "genes", "log2_fold_change"]
    sides = [
        enhancers.assign(start=enhancers["minus_start"] - LENGTH + 1, end=enhancers["minus_start"] + 1, strand="-"),
        enhancers.assign(start=enhancers["plus_start"], end=enhancers["plus_start"] + LENGTH, strand="+"),
    ]
    return pd.concat(sides).rename(columns={"enhancer": "genes"})[columns]


def _places(
    chrom_sizes: dict[str, int],
    transcripts: pd.DataFrame,
    units: pd.DataFrame,
    held: list[tuple[str, int, int]],
    gap: int,
    rng: np.random.Generator,
) -> list[tuple[str, int]]:
    """(chromosome, centre): one place in each stretch where an enhancer may lie."""
    places = []
    for chrom, size in chrom_sizes.items():
        free = np.ones(size, bool)
        edge = HALF[1] + LENGTH
        free[: gap + edge] = free[size - gap - edge :] = False
        for name, start, end in [*transcripts[["chrom", "start", "end"]].itertuples(index=False), *held]:
            if name == chrom:
                free[max(0, start - AWAY) : end + AWAY] = False
        for name, start, end, strand in units[["chrom", "start", "end", "strand"]].itertuples(index=False):
            if name == chrom:
                before, after = (gap + edge, gap) if strand == "+" else (gap, gap + edge)
                free[max(0, start - before) : end + after] = False
        edges = np.flatnonzero(np.diff(np.concatenate([[False], free, [False]])))
        places += [(chrom, int(rng.integers(start, end))) for start, end in edges.reshape(-1, 2).tolist()]
    return places


def _nearest(transcripts: pd.DataFrame, centre: int) -> Any:
    """gene, log2_fold_change and distance (bp, without sign) of the transcript with the nearest start."""
    start = np.where(transcripts["strand"] == "+", transcripts["start"], transcripts["end"] - 1)
    made = transcripts.assign(distance=np.abs(start - centre)).sort_values(["distance", "gene"], kind="stable")
    return next(made.itertuples(index=False))
