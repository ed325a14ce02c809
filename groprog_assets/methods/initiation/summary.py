"""Headline numbers of the initiation regions. Tables in, a document out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.initiation.annotation import nearest
from groprog_assets.methods.initiation.oriented import Key
from groprog_assets.methods.initiation.start_profile import StartProfile
from groprog_assets.study.initiation_parameters import InitiationParameters
from groprog_assets.tables.values import Document

ACTIVE_WITHIN = 150
"""bp within which a start finds an active annotated one."""
LEAST_EVIDENCE = 0.05
"""Share of the pairs that must pass the false discovery rate; below it pairing is said to carry no evidence."""


def headline(
    table: pd.DataFrame,
    starts: pd.DataFrame,
    profile: StartProfile | None,
    offset: Document,
    active: Mapping[Key, NDArray[np.int64]],
    parameters: InitiationParameters,
) -> Document:
    """Numbers of the summary: offset, profile, pairs and singles by confidence, flags, active annotated starts that were found.

    table: regions with their classes; starts: columns `scores.STARTS`; offset: document of `start_offset`; active: active
    annotated starts, of `region_reads`.
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
        "active_starts": _active_starts(starts, active, parameters),
    }


def _active_starts(
    starts: pd.DataFrame, active: Mapping[Key, NDArray[np.int64]], parameters: InitiationParameters
) -> Document:
    """{"active", "found"}: annotated starts with reads after them, and those with a reported start near them."""
    reported = starts[starts["score"] >= parameters.minimum_single_score]
    called = {
        key: np.sort(held.to_numpy(np.int64)) for key, held in reported.groupby(["chrom", "strand"])["five_prime"]
    }
    found = 0
    for key, own in active.items():
        if key in called and len(own):
            found += int((np.abs(called[key][nearest(called[key], own)] - own) <= ACTIVE_WITHIN).sum())
    return {"active": sum(map(len, active.values())), "found": found}
