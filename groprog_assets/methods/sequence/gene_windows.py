"""Windows of a study's genes, and the same with an allele in place of the reference. Tables and alleles in, arrays out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.sequence.alleles import Allele
from groprog_assets.methods.sequence.genome_codes import GenomeCodes
from groprog_assets.methods.sequence.windows import Layout, gene_codes
from groprog_kernels.bases import reverse_complement
from groprog_kernels.windows import window_codes


class GeneWindows:
    """The windows of genes, and which of them an allele touches.

    genes: gene, chrom, strand, tss, tts, in the order of the rows that all methods speak of; names: chromosome -> name in the
    FASTA; whole: the layout of `codes`. Alleles change the window around the TSS alone, whose layout is `layout`.
    """

    def __init__(self, genes: pd.DataFrame, genome: GenomeCodes, names: Mapping[str, str], whole: Layout):
        self.genome, self.names = genome, dict(names)
        self.genes = genes.reset_index(drop=True)
        self.layout, self.whole = Layout(whole.tss), whole
        self.codes = gene_codes(self.genes, genome, names, whole)
        self._plus = self.genes["strand"].to_numpy() == "+"
        before, after = self.layout.tss
        tss = self.genes["tss"].to_numpy(np.int64)
        self._tss = tss
        self._start = np.where(self._plus, tss - before, tss - after + 1)
        self._by_chrom: dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}
        for name, part in self.genes.groupby("chrom", sort=False):
            rows = part.index.to_numpy()
            order = rows[np.argsort(self._start[rows], kind="stable")]
            self._by_chrom[str(name)] = (order, self._start[order])

    @property
    def width(self) -> int:
        """bp of the window around a TSS."""
        return sum(self.layout.tss)

    def near(self, chrom: str, allele: Allele) -> NDArray[np.int64]:
        """Rows of the genes whose window the allele touches."""
        if chrom not in self._by_chrom:
            return np.empty(0, np.int64)
        order, start = self._by_chrom[chrom]
        low = np.searchsorted(start, allele.start - self.width, side="right")
        high = np.searchsorted(start, allele.start + max(len(allele.ref), 1), side="left")
        return np.sort(order[low:high])

    def alternative(self, gene: int, allele: Allele) -> NDArray[np.uint8] | None:
        """The gene's window with the allele, as wide as before; None where an insertion or deletion spans the TSS."""
        before, after = self.layout.tss
        out = self.codes[gene].copy()
        plus, tss = bool(self._plus[gene]), int(self._tss[gene])
        start, removed, added = allele.start, len(allele.ref), len(allele.alt)
        shift = removed - added
        if plus:
            upstream, downstream = start + removed <= tss, start >= tss and not (removed == 0 and start == tss)
        else:
            upstream, downstream = start > tss, start + removed <= tss + 1 and not (removed == 0 and start == tss + 1)
        if shift == 0:
            upstream = downstream = False
            first, last = int(self._start[gene]), int(self._start[gene]) + before + after
        elif not (upstream or downstream):
            return None
        # What has to be read of the genome so that the window is full again, on the + strand.
        elif upstream:
            first, last = (tss - before - max(shift, 0), tss) if plus else (tss + 1, tss + 1 + before + max(shift, 0))
        else:
            first, last = (tss, tss + after + max(shift, 0)) if plus else (tss + 1 - after - max(shift, 0), tss + 1)
        name = self.names[str(self.genes["chrom"].iloc[gene])]
        low, high = min(first, start), max(last, start + removed)
        held = window_codes(self.genome.chromosome(name), np.array([low]), high - low, np.array([False]))[0]
        changed = np.concatenate([held[: start - low], allele.alt, held[start - low + removed :]])
        if shift == 0:
            part = changed[first - low : last - low]
            window = part if plus else reverse_complement(part)
            out[: len(window)] = window
            return out
        if upstream == plus:  # the TSS, or the end of what is read, lies to the right
            stop = last - low - shift
            part = changed[max(stop - (before if upstream else after), 0) : stop]
        else:
            begin = first - low
            part = changed[begin : begin + (before if upstream else after)]
        part = part if plus else reverse_complement(part)
        if upstream:
            out[:before] = part
        else:
            out[before : before + after] = part
        return out

    def offset(self, gene: NDArray[np.int64], start: NDArray[np.int64]) -> NDArray[np.int64]:
        """bp downstream of the TSS of a base of the genome; negative upstream."""
        return np.where(self._plus[gene], start - self._tss[gene], self._tss[gene] - start)
