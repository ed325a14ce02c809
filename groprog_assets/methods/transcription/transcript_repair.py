"""Repair of transcription units with the annotation: broken where they span genes, combined where a gene has several.

groHMM 1.41 breakTranscriptsOnGenes and combineTranscripts; units that need no repair are not an error here.
Tables in, tables out; results have chrom, start, end, strand, name, status ("", "broken", "combined"), by chromosome name
and start.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from groprog_assets.methods.transcription.transcript_agreement import OverlappingPairs, overlapping_pairs
from groprog_assets.study.parameters import AnnotationParameters

_COLUMNS = ["chrom", "start", "end", "strand", "name", "status"]


def break_transcripts_on_genes(
    transcripts: pd.DataFrame, genes: pd.DataFrame, parameters: AnnotationParameters
) -> pd.DataFrame:
    """Cut units that cover two or more genes, at the start of each gene after the first (the end of each before the last on -).

    A gene counts when it is longer than break_gene_size and its covered fraction exceeds repair_overlap. break_gap bp less
    one lie between the fragments, upstream of the gene on +, after its end on -, as in the reference.
    """
    units = _plain(transcripts)
    width = (genes["end"] - genes["start"]).to_numpy(np.int64)
    pairs = overlapping_pairs(units, genes)
    keep = (width > parameters.break_gene_size)[pairs.second]
    keep &= pairs.bases > parameters.repair_overlap * width[pairs.second]
    pairs = OverlappingPairs(*(column[keep] for column in pairs))
    covered = np.bincount(pairs.first, minlength=len(units))
    start, end = genes["start"].to_numpy(np.int64), genes["end"].to_numpy(np.int64)
    chrom, strand, first, last = (units[name].to_numpy() for name in ("chrom", "strand", "start", "end"))
    several = np.flatnonzero(covered >= 2)
    if not several.size:
        return _named(units)
    lefts, rights = [], []
    for unit in several:
        under = pairs.second[pairs.first == unit]
        if strand[unit] == "+":
            cuts = np.sort(start[under])[1:]
            lefts.append(np.r_[first[unit], cuts])
            rights.append(np.r_[cuts + 1 - parameters.break_gap, last[unit]])
        else:
            cuts = np.sort(end[under])[:-1]
            lefts.append(np.r_[first[unit], cuts + parameters.break_gap - 1])
            rights.append(np.r_[cuts, last[unit]])
    of = np.repeat(several, [len(left) for left in lefts])
    left, right = np.concatenate(lefts), np.concatenate(rights)
    fragments = pd.DataFrame(
        {"chrom": chrom[of], "start": left, "end": right, "strand": strand[of], "status": "broken"}
    )
    return _named(pd.concat([units[covered < 2], fragments[right > left]], ignore_index=True))


def combine_transcripts(
    transcripts: pd.DataFrame, genes: pd.DataFrame, parameters: AnnotationParameters
) -> pd.DataFrame:
    """Join the units of a gene that has two or more, from the start of the first to the end of the last.

    A gene counts when it is longer than combine_gene_size, a unit when more than repair_overlap of it lies in the gene.
    """
    units = _plain(transcripts)
    long = ((genes["end"] - genes["start"]) > parameters.combine_gene_size).to_numpy()
    width = (units["end"] - units["start"]).to_numpy(np.int64)
    pairs = overlapping_pairs(units, genes)
    keep = long[pairs.second] & (pairs.bases > parameters.repair_overlap * width[pairs.first])
    pairs = OverlappingPairs(*(column[keep] for column in pairs))
    several = np.bincount(pairs.second, minlength=len(genes))[pairs.second] >= 2
    joined = (
        pd.DataFrame({"gene": pairs.second[several], "unit": pairs.first[several]})
        .groupby("gene", sort=True)["unit"]
        .agg(["first", "last"])
    )
    first, last = units.iloc[joined["first"]], units.iloc[joined["last"]]
    combined = first.assign(end=last["end"].to_numpy(), status="combined").drop_duplicates(["chrom", "start", "strand"])
    used = np.zeros(len(units), dtype=bool)
    used[pairs.first[several]] = True
    return _named(pd.concat([units[~used], combined], ignore_index=True))


def repair_transcripts(
    transcripts: pd.DataFrame, genes: pd.DataFrame, parameters: AnnotationParameters
) -> pd.DataFrame:
    """The reference's final set: units broken on genes of either strand, then combined."""
    return combine_transcripts(break_transcripts_on_genes(transcripts, genes, parameters), genes, parameters)


def _plain(transcripts: pd.DataFrame) -> pd.DataFrame:
    """Units by strand, chromosome and start, with a status column."""
    frame = transcripts[["chrom", "start", "end", "strand"]].assign(status=transcripts.get("status", ""))
    return frame.sort_values(["strand", "chrom", "start"], kind="stable", ignore_index=True)


def _named(units: pd.DataFrame) -> pd.DataFrame:
    units = units.sort_values(["chrom", "start", "strand"], kind="stable", ignore_index=True)
    name = units["chrom"].astype("str") + "_" + units["start"].astype("str") + units["strand"].astype("str")
    return units.assign(name=name.astype("str"))[_COLUMNS]
