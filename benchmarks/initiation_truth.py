"""Real data with known starts, and how well called starts agree with them. Used by `benchmarks.initiation` and its test.

Fission yeast: PRO-seq bigWigs, PRO-cap start sites and the annotation. MCF-7: GRO-seq of chr7, refGene, ChIP peaks,
PINTS's calls.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.methods.initiation.initiation_regions import (
    Calls,
    InitiationRegions,
    call_regions,
    initiation_regions,
    reach_of,
)
from groprog_assets.methods.initiation.oriented import PooledReads
from groprog_assets.methods.reads.bigwig import bigwig_lengths, read_bigwig_pair
from groprog_assets.methods.reads.positions import position_table
from groprog_assets.study.initiation_parameters import InitiationParameters
from groprog_assets.study.schema import Library
from groprog_kernels import reads

PARAMETERS = InitiationParameters()
POMBE_NAMES = {"NC_003424.3": "chr01", "NC_003423.3": "chr02", "NC_003421.2": "chr03"}
CHR7 = {"chr7": 159_138_663}
PEAK_MARGIN = 200
"""bp around a region within which a ChIP peak counts: with it PINTS's calls touch as many as recorded (.83 and .38)."""

Place = tuple[str, str, int]
"""Chromosome, strand, 0-based base."""


class Pombe(NamedTuple):
    """capped: PRO-cap starts with at least 5 reads; annotated: annotated 5' ends and PRO-cap starts; models: `gene_models`."""

    capped: list[Place]
    annotated: list[Place]
    models: pd.DataFrame


def pombe_positions(folder: Path, name: str) -> tuple[pd.DataFrame, dict[str, int]]:
    """`positions` of one bigWig pair, and the chromosome lengths."""
    paths = [folder / f"{name}_{strand}.bw" for strand in ("plus", "minus")]
    sizes = bigwig_lengths(paths[0])
    return read_bigwig_pair(paths[0], paths[1], sizes)[0], sizes


def pombe_truth(folder: Path) -> Pombe:
    """The start sites of fission yeast."""
    sites = pd.read_csv(folder / "obsTSS.bed", sep="\t")
    base = np.where(sites["strand"] == "+", sites["ObsTSS"], sites["end"] - 1)
    places = list(zip(sites["#chr"], sites["strand"], base.tolist(), strict=True))
    capped = sorted({place for place, count in zip(places, sites["readCount"], strict=True) if count >= 5})
    rows = []
    with gzip.open(folder / "ASM294v3.gff.gz", "rt") as lines:
        for line in lines:
            field = line.rstrip("\n").split("\t")
            if line.startswith("#") or field[0] not in POMBE_NAMES or "Parent=gene" not in field[8]:
                continue
            gene = re.search(r"gene=([^;]+)", field[8]) or re.search(r"Parent=gene-([^;]+)", field[8])
            assert gene is not None
            rows.append(
                (POMBE_NAMES[field[0]], int(field[3]) - 1, int(field[4]), field[6], field[8].split(";")[0][3:], gene[1])
            )
    models = pd.DataFrame(rows, columns=["chrom", "start", "end", "strand", "transcript", "gene"])
    return Pombe(capped, sorted({*places, *transcript_starts(models)}), models)


def transcript_starts(models: pd.DataFrame) -> list[Place]:
    """Distinct 5' ends of the transcripts."""
    base = np.where(models["strand"] == "+", models["start"], models["end"] - 1)
    return sorted(set(zip(models["chrom"], models["strand"], base.tolist(), strict=True)))


def mcf7_positions(path: Path) -> pd.DataFrame:
    """`positions` of one GRO-seq file of chr7."""
    found = reads.decode_reads(path, CHR7)
    return position_table(found.chrom, found.strand, found.position, found.reads, CHR7)


def refgene(path: Path) -> pd.DataFrame:
    """`gene_models` of the refGene GTF."""
    ends: dict[tuple[str, str, str, str], tuple[int, int]] = {}
    with gzip.open(path, "rt") as lines:
        for line in lines:
            field = line.rstrip("\n").split("\t")
            if field[2] not in ("exon", "transcript"):
                continue
            named = dict(re.findall(r'(\w+) "([^"]*)"', field[8]))
            key = (field[0], field[6], named["transcript_id"], named["gene_id"])
            start, end = ends.get(key, (int(field[3]) - 1, int(field[4])))
            ends[key] = (min(start, int(field[3]) - 1), max(end, int(field[4])))
    rows = [(chrom, *ends[chrom, strand, name, gene], strand, name, gene) for chrom, strand, name, gene in sorted(ends)]
    return pd.DataFrame(rows, columns=["chrom", "start", "end", "strand", "transcript", "gene"])


def active_starts(models: pd.DataFrame, positions: pd.DataFrame, least: int = 10) -> list[Place]:
    """Annotated starts with at least `least` reads in the 500 bp after them, on their strand."""
    pooled = PooledReads([positions], CHR7, 1)
    found = []
    for chrom, strand, base in transcript_starts(models):
        place, count = pooled.columns((chrom, strand))
        first = base if strand == "+" else base - 499
        low, high = np.searchsorted(place, [first, first + 500])
        if count[low:high].sum() >= least:
            found.append((chrom, strand, base))
    return found


def call(tables: list[pd.DataFrame], sizes: dict[str, int], threads: int = 1) -> Calls:
    """The calls on the sum of the tables, without annotation."""
    reach = reach_of(sizes, PARAMETERS)
    return call_regions(PooledReads(tables, sizes, 2 * reach.half), reach, PARAMETERS, threads=threads)


def whole(name: str, positions: pd.DataFrame, sizes: dict[str, int], models: pd.DataFrame) -> InitiationRegions:
    """All of the method on one GRO-seq library."""
    library = Library(id=name, condition=name, assay="gro-seq")
    return initiation_regions({name: positions}, [library], sizes, models, PARAMETERS)


def best(calls: Calls, number: int) -> list[Place]:
    """The `number` starts of both strands with the highest scores."""
    alone = calls.starts[calls.starts["alone"]].sort_values("score", ascending=False, kind="stable")[:number]
    return list(zip(alone["chrom"], alone["strand"], alone["five_prime"].tolist(), strict=True))


def share_near(places: Iterable[Place], others: Iterable[Place], within: int) -> float:
    """Share of `places` with one of `others` on their strand within so many bp."""
    held: dict[tuple[str, str], list[int]] = {}
    for chrom, strand, base in others:
        held.setdefault((chrom, strand), []).append(base)
    ordered = {key: np.sort(bases) for key, bases in held.items()}
    found = []
    for chrom, strand, base in places:
        bases = ordered.get((chrom, strand), np.empty(0))
        low, high = np.searchsorted(bases, [base - within, base + within + 1])
        found.append(high > low)
    return float(np.mean(found))


class Peaks(NamedTuple):
    """Pairs, and the shares of the proximal and of the distal ones with a ChIP peak."""

    pairs: int
    proximal: int
    proximal_share: float
    distal: int
    distal_share: float


def peaks_under(start: np.ndarray, end: np.ndarray, models: pd.DataFrame, peaks: Path) -> Peaks:
    """How many intervals of chr7 have a peak within PEAK_MARGIN bp, apart for those with an annotated start within 1 kb."""
    tss = np.sort([base for _, _, base in transcript_starts(models)])
    centre = (start + end - 1) / 2
    proximal = np.searchsorted(tss, centre + 1000, side="right") > np.searchsorted(tss, centre - 1000)
    held = pd.read_csv(peaks, sep="\t", header=None)
    left, right = (np.sort(held[column].to_numpy()) for column in (1, 2))
    touched = np.searchsorted(left, end + PEAK_MARGIN) > np.searchsorted(right, start - PEAK_MARGIN, side="right")
    return Peaks(
        len(start),
        int(proximal.sum()),
        float(touched[proximal].mean()) if proximal.any() else float("nan"),
        int((~proximal).sum()),
        float(touched[~proximal].mean()) if (~proximal).any() else float("nan"),
    )


def passing(calls: Calls, rate: float = 0.1) -> pd.DataFrame:
    """The pairs at the false discovery rate."""
    return calls.table[calls.table["q_pair"] <= rate]


def moved(positions: pd.DataFrame, shift: int) -> pd.DataFrame:
    """The same reads with the minus strand moved by `shift` bp; those that would leave chr7 are dropped."""
    minus = (positions["strand"] == "-").to_numpy()
    table = positions.assign(position=positions["position"] + np.where(minus, shift, 0))
    return table[(table["position"] >= 0) & (table["position"] < CHR7["chr7"])]


class PintsCalls(NamedTuple):
    """starts: + and - summits of bidirectional and summits of unidirectional calls; start, end (n,): bidirectional intervals."""

    starts: list[Place]
    start: np.ndarray
    end: np.ndarray


def pints_calls(folder: Path) -> PintsCalls:
    """PINTS's recorded calls on the 40-minute library."""
    both = pd.read_csv(folder / "MCF7_1_bidirectional_peaks.bed", sep="\t", header=None, dtype={4: str, 5: str})
    one = pd.read_csv(folder / "MCF7_1_unidirectional_peaks.bed", sep="\t", header=None)
    starts = [(str(row[1][0]), str(row[1][5]), int(row[1][7])) for row in one.iterrows()]
    for column, strand in ((4, "+"), (5, "-")):
        starts += [("chr7", strand, int(summit)) for text in both[column] for summit in text.split(",")]
    return PintsCalls(starts, both[1].to_numpy(), both[2].to_numpy())
