"""Whether motifs lie in given sites, such as open chromatin or eQTL, more often than windows like them: Fisher's exact test.

A hit is compared with windows of genes that lack the motif: as far from their TSS, and with about the same share of G and C
beside them. Otherwise any motif of promoters would be enriched in any site of promoters. Files and tables in, tables out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.features.multiple_testing import benjamini_hochberg
from groprog_assets.methods.sequence.reference import lines_on_study
from groprog_assets.methods.sequence.windows import Layout
from groprog_assets.study.annotation_files import ProblemCollector, some
from groprog_assets.study.bed import bed_lines
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables import TABLES, conform
from groprog_kernels.exact_tests import fisher_exact

Spans = tuple[NDArray[np.int64], NDArray[np.int64]]
TABLE = "sequence_motif_sites"


class Sites(NamedTuple):
    """name: of the file; places: {chromosome of the study: (starts (m,), ends (m,)), each rising}; total: lines of the file;
    left_out: those on chromosomes that the study does not have."""

    name: str
    places: dict[str, Spans]
    total: int
    left_out: int

    def overlapped(self, chrom: NDArray, start: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(n,) whether each span [start, end) of a chromosome shares a base with a site."""
        found = np.zeros(len(start), bool)
        for name, (starts, ends) in self.places.items():
            here = chrom == name
            begun = np.searchsorted(starts, end[here], side="left")
            found[here] = begun > np.searchsorted(ends, start[here], side="right")
        return found


def read_sites(path: Path, sizes: Mapping[str, int], aliases: Mapping[str, frozenset[str]]) -> Sites:
    """The intervals of a BED, plain or gzip, under the study's names of chromosomes.

    Raises AnnotationError with every problem: fewer than three columns, an interval without a base or beyond the end of its
    chromosome, none on a chromosome of the study. sizes: chromosome -> bp.
    """
    problems = ProblemCollector(path)
    rows = list(bed_lines(problems))
    chroms = lines_on_study(problems, rows, sizes, aliases, "site")
    held = [(chrom, row.start, row.end) for chrom, row in zip(chroms, rows, strict=True) if chrom]
    if not held and not problems.problems:
        value = f"{count_of(len(rows), 'site')}, none on {some(sizes)}"
        problems.add("", value, "Sites are named by the chromosomes of the study.", "Name aliases in sequence.aliases.")
    problems.raise_any()
    table = pd.DataFrame(held, columns=["chrom", "start", "end"])
    places = {
        str(chrom): (np.sort(part["start"].to_numpy(np.int64)), np.sort(part["end"].to_numpy(np.int64)))
        for chrom, part in table.groupby("chrom", sort=False)
    }
    return Sites(path.name, places, len(rows), len(rows) - len(held))


def motif_sites(
    seqlets: pd.DataFrame,
    genes: pd.DataFrame,
    codes: NDArray[np.uint8],
    layout: Layout,
    sites: Sequence[Sites],
    parameters: SequenceParameters,
) -> pd.DataFrame:
    """Table `sequence_motif_sites`: every motif of `seqlets` against every file of sites; empty without either.

    genes: gene, chrom, strand, tss, in the order of codes (g, width) of `layout`. Each hit has up to `site_controls` windows of
    its width at its distance from the TSS, of genes that do not hold the motif, whose share of G and C in the `site_flank` bp on
    both sides differs from the hit's by `site_gc` at most, the nearest first. Spans of one motif that overlap on the genome are
    one; a control overlaps no hit and no other control.
    """
    if not sites or not len(seqlets):
        return conform(pd.DataFrame(columns=list(TABLES[TABLE].column_names)), TABLE)
    surroundings = _Surroundings(genes, codes, layout, parameters)
    random = np.random.default_rng([parameters.seed, 4])
    held = seqlets[seqlets["motif"] != ""]
    rows: list[dict[str, object]] = []
    for (task, motif), part in held.groupby(["task", "motif"], sort=False):
        hits = _apart(part)
        controls, compared = surroundings.controls(part, hits, random)
        for each in sites:
            within, beside = (
                each.overlapped(spans["chrom"].to_numpy(), spans["start"].to_numpy(), spans["end"].to_numpy())
                for spans in (hits, controls)
            )
            counts = int(within.sum()), int((~within).sum()), int(beside.sum()), int((~beside).sum())
            rows.append(
                {
                    "task": task,
                    "motif": motif,
                    "sites": each.name,
                    "hits": len(hits),
                    "hits_in": counts[0],
                    "controls": len(controls),
                    "controls_in": counts[2],
                    **_odds(counts),
                    "p_value": float(fisher_exact(*([value] for value in counts))[0]),
                    "gc_hits": float(compared.mean()) if len(compared) else np.nan,
                    "gc_controls": float(controls["gc"].mean()) if len(controls) else np.nan,
                }
            )
    table = pd.DataFrame(rows)
    table["q_value"] = benjamini_hochberg(table["p_value"].to_numpy(float))
    return conform(table, TABLE)


def _odds(counts: tuple[int, int, int, int]) -> dict[str, float]:
    """The conditional odds ratio and its interval; missing where a row or a column is empty."""
    from scipy.stats.contingency import odds_ratio

    table = np.reshape(counts, (2, 2))
    if not (table.sum(axis=0).all() and table.sum(axis=1).all()):
        return {"odds_ratio": np.nan, "lower": np.nan, "upper": np.nan}
    found = odds_ratio(table, kind="conditional")
    inside = found.confidence_interval(0.95)
    return {"odds_ratio": float(found.statistic), "lower": float(inside.low), "upper": float(inside.high)}


def _apart(spans: pd.DataFrame) -> pd.DataFrame:
    """The spans in genome order without those that overlap the one kept before."""
    ordered = spans.sort_values(["chrom", "start", "end"], kind="stable")
    kept, last, where = [], -1, ""
    for chrom, start, end in zip(ordered["chrom"], ordered["start"], ordered["end"], strict=True):
        kept.append(chrom != where or start >= last)
        if kept[-1]:
            where, last = chrom, end
    return ordered[np.array(kept, bool)]


class _Surroundings:
    """The share of G and C around every place of every window, and where that place lies on the genome."""

    def __init__(self, genes: pd.DataFrame, codes: NDArray[np.uint8], layout: Layout, parameters: SequenceParameters):
        self._codes, self._layout, self._parameters = codes[:, : sum(layout.tss)], layout, parameters
        self._chrom = genes["chrom"].to_numpy(str)
        self._plus = genes["strand"].to_numpy() == "+"
        self._tss = genes["tss"].to_numpy(np.int64)
        self._row = pd.Series(np.arange(len(genes)), index=genes["gene"].to_numpy())
        strong = np.isin(self._codes, (1, 2))
        self._sums = [
            np.pad(np.cumsum(each, axis=1, dtype=np.int32), ((0, 0), (1, 0))) for each in (strong, self._codes < 4)
        ]

    def gc(self, offset: int, width: int) -> NDArray[np.float64]:
        """(g,) share of G and C in the flanks of a span; NaN where no base of them is known."""
        first, length = self._layout.origin + offset, self._codes.shape[1]
        flank = self._parameters.site_flank
        sides = ((max(first - flank, 0), max(first, 0)), (first + width, min(first + width + flank, length)))
        strong, known = (sum(total[:, b] - total[:, a] for a, b in sides if b > a) for total in self._sums)
        return np.divide(strong, known, out=np.full(len(self._codes), np.nan), where=np.asarray(known) > 0)

    def controls(
        self, every: pd.DataFrame, hits: pd.DataFrame, random: np.random.Generator
    ) -> tuple[pd.DataFrame, NDArray[np.float64]]:
        """(chrom, start, end, gc of the controls of one motif; share of G and C beside each hit that has any)."""
        free = np.ones(len(self._tss), bool)
        free[self._row[every["gene"]].to_numpy()] = False
        taken = _Taken(every)
        found: list[tuple[str, int, int, float]] = []
        compared = []
        for gene, offset, start, end in zip(hits["gene"], hits["offset"], hits["start"], hits["end"], strict=True):
            width = int(end - start)
            gc = self.gc(int(offset), width)
            own = gc[self._row[gene]]
            away = np.abs(gc - own)
            near = np.flatnonzero(free & (away <= self._parameters.site_gc))
            near = near[np.lexsort((random.random(len(near)), away[near]))]
            chosen = 0
            for row in near:
                left = int(self._tss[row] + offset if self._plus[row] else self._tss[row] - offset - width + 1)
                if left >= 0 and taken.add(str(self._chrom[row]), left, left + width):
                    found.append((str(self._chrom[row]), left, left + width, float(gc[row])))
                    chosen += 1
                    if chosen == self._parameters.site_controls:
                        break
            if chosen:
                compared.append(own)
        return pd.DataFrame(found, columns=["chrom", "start", "end", "gc"]), np.array(compared)


class _Taken:
    """Spans of the genome that are used, in bins of BIN bp."""

    BIN = 64

    def __init__(self, spans: pd.DataFrame):
        self._held: dict[tuple[str, int], list[tuple[int, int]]] = {}
        for chrom, start, end in zip(spans["chrom"], spans["start"], spans["end"], strict=True):
            self._keep(str(chrom), int(start), int(end))

    def _bins(self, start: int, end: int) -> range:
        return range(start // self.BIN, (end - 1) // self.BIN + 1)

    def _keep(self, chrom: str, start: int, end: int) -> None:
        for at in self._bins(start, end):
            self._held.setdefault((chrom, at), []).append((start, end))

    def add(self, chrom: str, start: int, end: int) -> bool:
        """Keep a span that overlaps none of those held; whether it was free."""
        for at in self._bins(start, end):
            if any(start < right and left < end for left, right in self._held.get((chrom, at), ())):
                return False
        self._keep(chrom, start, end)
        return True
