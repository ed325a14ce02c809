"""Windows of genes in the gene frame: their layout, which genes have one, their codes. Tables in, arrays out.

A gene frame has the TSS at 0 and runs 5' to 3' on the gene's strand. The window around the transcript's end follows that around
the TSS, with columns of code 4 between.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.reads.window_counts import groups, tss_window
from groprog_assets.methods.sequence.genome_codes import GenomeCodes
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_assets.tables import conform
from groprog_kernels.windows import window_codes

EDGES = (-1000, -500, -250, -100, 0, 100, 250, 500, 1000)
"""Offsets from the TSS, or from the transcript's end, between which k-mers are counted apart."""
SPACER = 8
"""Columns of code 4 between the two windows of a gene."""

TOO_MANY_UNKNOWN = "too many unknown bases"


class Layout(NamedTuple):
    """bp before and after the TSS, and before and after the end of the transcript; None without a window there."""

    tss: tuple[int, int]
    tts: tuple[int, int] | None = None

    @property
    def width(self) -> int:
        """Columns of a window."""
        return sum(self.tss) + (0 if self.tts is None else SPACER + sum(self.tts))

    @property
    def origin(self) -> int:
        """The column of the TSS."""
        return self.tss[0]

    @property
    def spans(self) -> tuple[tuple[int, int, int], ...]:
        """(first column, that of the site, column past the last) of the window around the TSS, and of that around the end."""
        first = (0, self.origin, sum(self.tss))
        if self.tts is None:
            return (first,)
        second = sum(self.tss) + SPACER
        return (first, (second, second + self.tts[0], second + sum(self.tts)))

    @property
    def spacer(self) -> slice:
        """The columns between the two windows; none without a second."""
        return slice(sum(self.tss), sum(self.tss) + (0 if self.tts is None else SPACER))

    def promoter(self, end: int) -> Layout:
        """The layout of the same windows cut `end` bp downstream of the TSS, without the transcript's end."""
        return Layout((self.tss[0], min(end, self.tss[1])))

    def stretches(self) -> list[list[int]]:
        """Columns between which k-mers are counted, a rising list for each of the windows."""
        found = [_stretches(self.tss, self.origin)]
        if self.tts is not None:
            found.append(_stretches(self.tts, sum(self.tss) + SPACER + self.tts[0]))
        return found


def _stretches(around: tuple[int, int], column: int) -> list[int]:
    before, after = around
    return [column + edge for edge in sorted({-before, after, *(edge for edge in EDGES if -before < edge < after)})]


def view_layout(layout: Layout, view: str, parameters: SequenceParameters) -> Layout:
    """The layout of a view: `promoter` ends `promoter_end` bp downstream of the TSS, `locus` is the whole window."""
    return layout.promoter(parameters.promoter_end) if view == "promoter" else layout


def gene_codes(genes: pd.DataFrame, genome: GenomeCodes, names: Mapping[str, str], layout: Layout) -> NDArray[np.uint8]:
    """Codes (g, width) uint8 of the windows of genes, in their order; code 4 outside the chromosome.

    genes: chrom, strand, tss, tts (0-based); names: chromosome of the genes -> name in the FASTA.
    """
    out = np.full((len(genes), layout.width), 4, np.uint8)
    chrom, strand = genes["chrom"].to_numpy(), genes["strand"].to_numpy()
    for start, (before, after), column in _places(genes, layout):
        for (c, s), rows in groups(chrom, strand).items():
            found = window_codes(genome.chromosome(names[c]), start[rows], before + after, np.full(len(rows), s == "-"))
            out[rows, column : column + before + after] = found
            genome.release()
    return out


def gene_masks(genes: pd.DataFrame, genome: GenomeCodes, names: Mapping[str, str], layout: Layout) -> NDArray[np.bool_]:
    """(g, width) whether each base of the windows of `gene_codes` is soft-masked, which is lower case in the FASTA; no model
    reads it."""
    out = np.zeros((len(genes), layout.width), bool)
    for start, (before, after), column in _places(genes, layout):
        for row, (chrom, strand, first) in enumerate(zip(genes["chrom"], genes["strand"], start, strict=True)):
            found = genome.soft_masked(names[chrom], int(first), int(first) + before + after)
            out[row, column : column + before + after] = found if strand == "+" else found[::-1]
    genome.release()
    return out


def _places(genes: pd.DataFrame, layout: Layout) -> list[tuple[NDArray[np.int64], tuple[int, int], int]]:
    """(first base of each gene's window on the genome, bp before and after its site, its first column) of each of the windows."""
    sites = [("tss", layout.tss, 0)]
    if layout.tts is not None:
        sites.append(("tts", layout.tts, sum(layout.tss) + SPACER))
    strand = genes["strand"].to_numpy()
    return [
        (tss_window(genes[site].to_numpy(), strand, -before, after)[0], (before, after), column)
        for site, (before, after), column in sites
    ]


def unknown_bases(
    codes: NDArray[np.uint8], layout: Layout, parameters: SequenceParameters
) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
    """(share of unknown bases (n,) of windows (n, width) of a layout, why each is not used (n,), "" where it is): what N, IUPAC
    codes and positions outside the chromosome hide may be `maximum_unknown` of a window at most. The columns between the window
    around the TSS and that around the end do not count."""
    share = (np.delete(codes, layout.spacer, axis=1) == 4).mean(axis=1)
    return share, np.where(share > parameters.maximum_unknown, TOO_MANY_UNKNOWN, "").astype(object)


def window_table(
    genes: pd.DataFrame, genome: GenomeCodes, names: Mapping[str, str], layout: Layout, parameters: SequenceParameters
) -> pd.DataFrame:
    """Table `sequence_windows`: every gene with its window, whether it is used, and why not.

    Left out are genes whose chromosome the FASTA lacks, genes that share their TSS and strand with another (the one with
    more reads at the TSS stays, then the longer one), and windows with more unknown bases than `maximum_unknown`, positions
    outside the chromosome among them. genes: table `genes`.
    """
    reason = np.where(genes["chrom"].isin(list(names)), "", "chromosome not in the FASTA").astype(object)
    length = (genes["tts"] - genes["tss"]).abs() + 1
    order = np.lexsort((genes["gene"].to_numpy(str), -length.to_numpy(), -genes["tss_reads"].to_numpy()))
    sites = genes.iloc[order]
    first = sites.groupby(["chrom", "strand", "tss"], sort=False)["gene"].transform("first")
    shared = first.reindex(genes.index)
    double = (shared != genes["gene"]).to_numpy() & (reason == "")
    reason[double] = ("TSS shared with " + shared[double].astype(str)).to_numpy()
    unknown = np.ones(len(genes))
    held = np.flatnonzero(reason == "")
    codes = gene_codes(genes.iloc[held], genome, names, layout)
    unknown[held], reason[held] = unknown_bases(codes, layout, parameters)
    table = genes[["gene", "chrom", "strand", "tss", "tts"]].assign(unknown=unknown, used=reason == "", reason=reason)
    return conform(table, "sequence_windows")
