"""Descriptors of a gene that a study asks for: key loci, coordination with marks, local tracks. Tables in, columns out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from groprog_assets.methods.features.local_tracks import coordination
from groprog_assets.study.descriptor_parameters import DescriptorParameters
from groprog_assets.study.schema import Contrast


def asked_descriptors(
    genes: pd.DataFrame,
    loci: pd.DataFrame,
    tracks: Mapping[str, np.ndarray],
    contrast: Contrast,
    asked: DescriptorParameters,
) -> dict[str, np.ndarray]:
    """Columns (g,) in the order of `genes`; none that is not asked for.

    key_locus_activity, key_locus_response: see `key_locus_signal`. chromatin_coordination: see `coordination`.
    track_<channel>_<window>: reads per kilobase and million, windows numbered from 1 in the direction of the gene. tracks: arrays
    of `local_tracks`, whose genes are those of `genes`.
    """
    found: dict[str, np.ndarray] = {}
    if asked.key_locus_activity:
        found |= key_locus_signal(genes, loci, contrast)
    if asked.coordination:
        found["chromatin_coordination"] = coordination(tracks["values"], tracks["marks"])
    if asked.tracks:
        for number, channel in enumerate(tracks["channel"].tolist()):
            for window in range(tracks["values"].shape[2]):
                found[f"track_{channel}_{window + 1:02d}"] = tracks["values"][:, number, window].astype(np.float64)
    return found


def key_locus_genes(genes: pd.DataFrame, locus: Any) -> np.ndarray:
    """(g,) bool: the gene whose interval or symbol a row of table `loci` is, otherwise those whose TSS lies in it."""
    same = (genes["chrom"] == locus.chrom) & (genes["start"] == locus.start) & (genes["end"] == locus.end)
    same |= genes["gene"] == locus.locus
    inside = (genes["chrom"] == locus.chrom) & genes["tss"].between(locus.start, locus.end - 1)
    return (same if same.any() else inside).to_numpy()


def key_locus_signal(genes: pd.DataFrame, loci: pd.DataFrame, contrast: Contrast) -> dict[str, np.ndarray]:
    """Nascent signal of the reliable key loci on the strand of their genes; 0 for all other genes.

    key_locus_activity: reads per kilobase and million over the locus, mean of control and treatment; key_locus_response: log2
    fold change there. A gene of several loci has the largest activity and the response of that locus. Source: paper 3.2, 4.6.
    """
    activity, response = np.zeros(len(genes)), np.zeros(len(genes))
    held = loci[loci["reliable"] & loci["condition"].isin([contrast.control, contrast.treatment])]
    strand = genes["strand"].to_numpy()
    for (_, turn), rows in held.groupby(["locus", "strand"], sort=True):
        first: Any = next(rows.itertuples())
        level = float(rows["signal"].mean()) / (max(first.end - first.start, 1) / 1e3)
        change = rows["log2_fold_change"].dropna().to_numpy(np.float64)
        chosen = key_locus_genes(genes, first) & (strand == turn) & (level > activity)
        activity[chosen] = level
        response[chosen] = change[0] if change.size else 0.0
    return {"key_locus_activity": activity, "key_locus_response": response}
