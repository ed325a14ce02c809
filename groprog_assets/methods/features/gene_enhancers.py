"""Candidate enhancers near each gene and how they respond, as descriptors of the gene. Tables in, columns out.

Being near is all that is claimed: no region is said to regulate a gene.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.study.initiation_parameters import InitiationParameters


def gene_enhancers(
    genes: pd.DataFrame, regions: pd.DataFrame, responses: pd.DataFrame, parameters: InitiationParameters
) -> dict[str, NDArray[np.float64]]:
    """enhancers_near and enhancer_response of each gene, (g,) in the order of `genes`.

    regions, responses: tables `initiation_regions` and `differential_initiation`. enhancers_near: number of candidate enhancers
    whose centre lies within gene_distance of the gene's dominant start, on either side. enhancer_response: mean log2 fold change
    of the response_neighbours nearest of those that have one, each limited to +-largest_response; of two as near, the one at the
    lower coordinate counts first. Missing for genes without one.
    """
    table = regions[["name", "chrom", "start", "end", "claim"]]
    table = table[table["claim"] == "candidate enhancer"]
    fold = responses.set_index("region")["log2_fold_change"].reindex(table["name"]).to_numpy(np.float64)
    fold = np.clip(fold, -parameters.largest_response, parameters.largest_response)
    centre = (table["start"].to_numpy(np.int64) + table["end"].to_numpy(np.int64) - 1) // 2
    by_chrom = {str(chrom): rows for chrom, rows in table.groupby("chrom", observed=True).indices.items()}
    count, response = np.zeros(len(genes)), np.full(len(genes), np.nan)
    chromosomes = genes["chrom"].astype("str").to_numpy()
    for row, (chrom, tss) in enumerate(zip(chromosomes, genes["tss"].to_numpy(np.int64), strict=True)):
        rows = by_chrom.get(chrom)
        if rows is None:
            continue
        away = np.abs(centre[rows] - tss)
        near = rows[away <= parameters.gene_distance]
        count[row] = len(near)
        order = near[np.argsort(np.abs(centre[near] - tss), kind="stable")]
        known = fold[order][np.isfinite(fold[order])][: parameters.response_neighbours]
        if len(known):
            response[row] = known.mean()
    return {"enhancers_near": count, "enhancer_response": response}
