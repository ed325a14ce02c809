"""Place of each region among the annotated genes: class, nearest start, overlap, and the start estimated from its 5' bases.

Tables in, columns out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.initiation.regions import SIDES, rows_by_chrom
from groprog_assets.study.initiation_parameters import InitiationParameters
from groprog_assets.tables.values import Document

MATCHED_WITHIN = 150
"""bp between a start and the annotated one it is matched with."""
MATCHES = 100
"""Matched starts from which a library's own offset is taken."""
USUAL_OFFSET = {"three_prime": 35.0, "five_prime": 25.0, "capped": 0.0}
"""bp from the annotated start to five_prime where fewer match: PRO-seq of fission yeast, GRO-seq of MCF-7, capped RNA."""


class AnnotatedStarts(NamedTuple):
    """Annotated transcription start sites of one chromosome, sorted: tss (t,) 0-based, plus (t,) bool, gene (t,)."""

    tss: NDArray[np.int64]
    plus: NDArray[np.bool_]
    gene: NDArray


def annotated_starts(gene_models: pd.DataFrame) -> dict[str, AnnotatedStarts]:
    """chromosome -> its distinct start sites, of equal bases by strand and gene."""
    plus = (gene_models["strand"] == "+").to_numpy()
    frame = pd.DataFrame(
        {
            "chrom": gene_models["chrom"].astype("str").to_numpy(),
            "tss": np.where(plus, gene_models["start"], gene_models["end"] - 1),
            "plus": plus,
            "gene": gene_models["gene"].astype("str").to_numpy(),
        }
    ).drop_duplicates()
    frame = frame.sort_values(["chrom", "tss", "plus", "gene"], kind="stable")
    return {
        str(chrom): AnnotatedStarts(
            rows["tss"].to_numpy(np.int64), rows["plus"].to_numpy(bool), rows["gene"].to_numpy()
        )
        for chrom, rows in frame.groupby("chrom", sort=False)
    }


def nearest(sorted_bases: NDArray, place: NDArray) -> NDArray[np.int64]:
    """Index of the nearest of `sorted_bases` (t,) to each place (n,); of two as near the lower; t must be at least 1."""
    after = np.clip(np.searchsorted(sorted_bases, place), 1, max(len(sorted_bases) - 1, 1))
    after = np.minimum(after, len(sorted_bases) - 1)
    before = np.maximum(after - 1, 0)
    return np.where(np.abs(place - sorted_bases[before]) <= np.abs(sorted_bases[after] - place), before, after)


def place_columns(
    table: pd.DataFrame, gene_models: pd.DataFrame, parameters: InitiationParameters
) -> dict[str, NDArray | pd.Series]:
    """class, inside_gene, nearest_tss_gene, nearest_tss_distance, overlapping_genes and active_tss (r,) of the regions.

    proximal: an annotated start of either strand within proximal_distance of the centre. inside_gene: of distal regions whose
    centre lies in a gene, whether the better side has the gene's strand (sense) or not (antisense; sense where genes of both
    strands lie there), else none. The distance is positive downstream of the start, missing on chromosomes without genes.
    active_tss: an annotated start of the strand of a side within active_start_distance of its five_prime.
    """
    rows = len(table)
    starts = annotated_starts(gene_models)
    centre = (table["start"].to_numpy(np.int64) + table["end"].to_numpy(np.int64) - 1) / 2
    distance = np.full(rows, np.nan)
    gene = np.full(rows, "", object)
    active = np.zeros(rows, bool)
    for chrom, at in rows_by_chrom(table).items():
        held = starts.get(str(chrom))
        if held is None:
            continue
        found = nearest(held.tss, centre[at])
        distance[at] = (centre[at] - held.tss[found]) * np.where(held.plus[found], 1, -1)
        gene[at] = held.gene[found]
        for side, strand in SIDES.items():
            own = held.tss[held.plus == (strand == "+")]
            there = at[table[f"{side}_five_prime"].notna().to_numpy()[at]]
            if len(own) and len(there):
                base = table[f"{side}_five_prime"].to_numpy(np.float64, na_value=np.nan)[there]
                active[there] |= np.abs(own[nearest(own, base)] - base) <= parameters.active_start_distance
    proximal = np.abs(distance) <= parameters.proximal_distance
    inside, overlapping = _genes_around(table, centre, gene_models)
    return {
        "class": np.where(proximal, "proximal", "distal"),
        "inside_gene": np.where(proximal, "none", inside),
        "nearest_tss_gene": gene,
        "nearest_tss_distance": pd.Series(np.trunc(distance)).astype("Int64"),
        "overlapping_genes": overlapping,
        "active_tss": active,
    }


def _genes_around(table: pd.DataFrame, centre: NDArray, gene_models: pd.DataFrame) -> tuple[NDArray, NDArray]:
    """Sense, antisense or none (r,) of the gene over the centre, and the genes over the interval joined by ; (r,)."""
    score = table[["score_plus", "score_minus"]].fillna(-np.inf).to_numpy()
    better = np.where(score[:, 0] >= score[:, 1], "+", "-")
    inside, overlapping = np.full(len(table), "none", object), np.full(len(table), "", object)
    genes = (
        gene_models.assign(chrom=gene_models["chrom"].astype("str"), gene=gene_models["gene"].astype("str"))
        .groupby(["chrom", "strand", "gene"], observed=True)
        .agg(start=("start", "min"), end=("end", "max"))
        .reset_index()
        .sort_values(["chrom", "start", "end", "gene"], kind="stable")
    )
    by_chrom = dict(list(genes.groupby("chrom", sort=False)))
    start, end = table["start"].to_numpy(np.int64), table["end"].to_numpy(np.int64)
    for chrom, rows in rows_by_chrom(table).items():
        if str(chrom) not in by_chrom:
            continue
        held = by_chrom[str(chrom)]
        left, right = held["start"].to_numpy(np.int64), held["end"].to_numpy(np.int64)
        reach = np.maximum.accumulate(right)
        name, strand = held["gene"].to_numpy(), held["strand"].to_numpy()
        lowest, highest = np.searchsorted(reach, start[rows], side="right"), np.searchsorted(left, end[rows])
        possible = highest > lowest
        for row, low, high in zip(rows[possible], lowest[possible], highest[possible], strict=True):
            over = np.arange(low, high)[right[low:high] > start[row]]
            overlapping[row] = ";".join(dict.fromkeys(name[over]))
            under = over[(left[over] <= centre[row]) & (right[over] > centre[row])]
            if len(under):
                inside[row] = "sense" if better[row] in strand[under] else "antisense"
    return inside, overlapping


def start_offset(
    table: pd.DataFrame, gene_models: pd.DataFrame, signal: str, parameters: InitiationParameters
) -> Document:
    """How far five_prime lies downstream of the annotated start: {"offset" bp, "matched", "basis"}.

    The median over sides of at least strong_score with an annotated start of their strand within MATCHED_WITHIN bp; with fewer
    than MATCHES of them USUAL_OFFSET of the signal ("five_prime", "three_prime", "capped"). Capped 5' ends are starts: 0.
    """
    found = [np.empty(0)]
    starts = annotated_starts(gene_models)
    for side, strand in SIDES.items():
        strong = table[(table[f"score_{side}"] >= parameters.strong_score) & table[f"{side}_five_prime"].notna()]
        for chrom, rows in strong.groupby("chrom"):
            held = starts.get(str(chrom))
            own = np.empty(0, np.int64) if held is None else held.tss[held.plus == (strand == "+")]
            if len(own):
                base = rows[f"{side}_five_prime"].to_numpy(np.int64)
                offset = (base - own[nearest(own, base)]) * (1 if strand == "+" else -1)
                found.append(offset[np.abs(offset) <= MATCHED_WITHIN])
    matched = np.concatenate(found)
    if signal == "capped" or len(matched) < MATCHES:
        return {"offset": USUAL_OFFSET[signal], "matched": len(matched), "basis": "usual of the assay"}
    return {"offset": float(np.median(matched)), "matched": len(matched), "basis": "median of matched annotated starts"}
