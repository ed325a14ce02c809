"""Headline numbers of the initiation regions. Tables in, a document out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from groprog_assets.methods.initiation.annotation import annotated_starts, nearest
from groprog_assets.methods.initiation.oriented import PooledReads
from groprog_assets.methods.initiation.start_profile import StartProfile
from groprog_assets.study.initiation_parameters import InitiationParameters
from groprog_assets.tables.values import Document
from groprog_kernels.window_counts import count_windows, index_positions

ACTIVE_READS, ACTIVE_WINDOW, ACTIVE_WITHIN = 20, 1000, 150
"""An annotated start is active with so many reads in so many bp after it, and found by a start within so many bp."""
LEAST_EVIDENCE = 0.05
"""Share of the pairs that must pass the false discovery rate; below it pairing is said to carry no evidence."""


def headline(
    table: pd.DataFrame,
    starts: pd.DataFrame,
    profile: StartProfile | None,
    offset: Document,
    reads: PooledReads,
    gene_models: pd.DataFrame,
    parameters: InitiationParameters,
) -> Document:
    """Numbers of the summary: offset, profile, pairs and singles by confidence, flags, active annotated starts that were found.

    table: regions with their classes; starts: columns `scores.STARTS`; offset: document of `start_offset`.
    """
    rate = parameters.pair_false_discovery_rate
    pair = table["kind"] != "single"
    passing = table[pair & (table["q_pair"] <= rate)]
    ranked = table.loc[pair, "q_pair"].sort_values().to_numpy()
    singles = table[~pair]["confidence"].value_counts()
    evidence = len(passing) >= LEAST_EVIDENCE * pair.sum()
    return {
        "offset": offset,
        "profile": None
        if profile is None
        else {
            "half": profile.reach.half,
            "bin_size": profile.reach.bin_size,
            "contrast": profile.contrast,
            "sites": profile.sites,
            "chromosomes": list(profile.chromosomes),
            "dispersion": profile.dispersion,
        },
        "regions": len(table),
        "pairs": int(pair.sum()),
        "pairs_passing": len(passing),
        "distal_pairs": int((passing["class"] == "distal").sum()),
        "proximal_pairs": int((passing["class"] == "proximal").sum()),
        "candidate_enhancers": int((table["claim"] == "candidate enhancer").sum()),
        "singles": {name: int(count) for name, count in sorted(singles.items())},
        "q_at_100_pairs": float(ranked[99]) if len(ranked) >= 100 else None,
        "pairing": "" if evidence else "pairing carries no evidence in this genome",
        "flags": {
            name: int(table["flags"].str.contains(name).sum())
            for name in ("symmetric_island", "pile_up", "pol3_or_structural")
        },
        "active_starts": _active_starts(starts, reads, gene_models, parameters),
    }


def _active_starts(
    starts: pd.DataFrame, reads: PooledReads, gene_models: pd.DataFrame, parameters: InitiationParameters
) -> Document:
    """{"active", "found"}: annotated starts with reads after them, and those with a reported start near them."""
    reported = starts[starts["score"] >= parameters.minimum_single_score]
    active = found = 0
    for chrom, held in annotated_starts(gene_models).items():
        for strand in "+-":
            if (chrom, strand) not in reads.positions:
                continue
            own = np.unique(held.tss[held.plus == (strand == "+")])
            first = own if strand == "+" else own - ACTIVE_WINDOW + 1
            index = index_positions(*reads.columns((chrom, strand)))
            own = own[count_windows(index, first, first + ACTIVE_WINDOW) >= ACTIVE_READS]
            here = reported[(reported["chrom"] == chrom) & (reported["strand"] == strand)]
            called = np.sort(here["five_prime"].to_numpy(np.int64))
            active += len(own)
            if len(called) and len(own):
                found += int((np.abs(called[nearest(called, own)] - own) <= ACTIVE_WITHIN).sum())
    return {"active": active, "found": found}
