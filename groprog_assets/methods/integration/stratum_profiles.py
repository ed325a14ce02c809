"""Strata as mean profiles, by which any sample has its stratum without the samples that made them. Tables in, tables out.

A fitted network holds the values of its samples; a model that is kept, or given away, may not. The profiles are means of strata.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.methods.integration.row_spread import row_spread
from groprog_assets.methods.integration.strata import FittedStrata


class StratumProfiles(NamedTuple):
    """By assay: mean and scale (f,) of its features over the samples with a stratum, and the strata's mean standardised values
    (features x strata, columns 1, 2, ...)."""

    spread: dict[str, pd.DataFrame]
    profiles: dict[str, pd.DataFrame]

    @property
    def strata(self) -> int:
        """How many there are."""
        return max((table.shape[1] for table in self.profiles.values()), default=0)


def fit_profiles(fitted: FittedStrata, values: Mapping[str, pd.DataFrame]) -> StratumProfiles:
    """Profiles of the strata of `fitted`, from the values (features x samples, by assay) of its fit; without strata none."""
    spread, profiles = {}, {}
    for assay, table in values.items() if not fitted.strata.empty else ():
        own = table.set_axis(table.columns.astype(str), axis=1)[fitted.strata.index]
        mean, scale, varies = row_spread(own)
        spread[assay] = pd.DataFrame({"mean": mean[varies], "scale": scale[varies]})
        standard = own[varies].sub(mean[varies], axis=0).div(scale[varies], axis=0)
        # A feature that nobody of a stratum has tells nothing of that stratum.
        profiles[assay] = standard.T.groupby(fitted.strata.to_numpy()).mean().T
    return StratumProfiles(spread, profiles)


def nearest_strata(fitted: StratumProfiles, values: Mapping[str, pd.DataFrame]) -> pd.Series:
    """Stratum of each sample of `values`: the one whose profile is nearest in mean square over the features that both have, the
    assays of the sample with equal weight. A sample without a feature of the profiles has no stratum and no row."""
    found: dict[str, list[pd.Series]] = {}
    for assay, profile in fitted.profiles.items():
        table = values.get(assay)
        if table is None:
            continue
        spread = fitted.spread[assay]
        standard = table.reindex(profile.index).sub(spread["mean"], axis=0).div(spread["scale"], axis=0)
        for name in standard.columns:
            apart = profile.sub(standard[name], axis=0) ** 2
            if (own := apart.mean()).notna().all():
                found.setdefault(str(name), []).append(own)
    nearest = {name: int(np.sum(apart, axis=0).argmin()) + 1 for name, apart in found.items()}
    return pd.Series(nearest, dtype=np.int64).rename("stratum")
