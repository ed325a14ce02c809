"""Assays of the same samples with something planted in them, for the tests of this folder."""

from __future__ import annotations

import numpy as np
import pandas as pd


def names(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{k:03d}" for k in range(count)]


def table(values: np.ndarray, prefix: str) -> pd.DataFrame:
    """Features x samples."""
    return pd.DataFrame(values, index=names(prefix, len(values)), columns=names("s", values.shape[1]))


def assays_with_strata(seed: int, sizes=(40, 30), shift: float = 2.0) -> tuple[dict[str, pd.DataFrame], np.ndarray]:
    """Two assays of 60 and 40 features, a quarter of which differ between the strata; the strata (n,)."""
    random = np.random.default_rng(seed)
    stratum = random.permutation(np.repeat(np.arange(len(sizes)), sizes))
    made = {}
    for assay, d in (("rna", 60), ("protein", 40)):
        means = random.normal(size=(d, len(sizes))) * shift * (np.arange(d) < d // 4)[:, None]
        made[assay] = table(means[:, stratum] + random.normal(size=(d, len(stratum))), assay)
    return made, stratum


def survival_of(stratum: np.ndarray, seed: int, ratio: float = 4.0) -> tuple[np.ndarray, np.ndarray]:
    """Time and event (n,): the hazard of stratum 1 is `ratio` times that of the others."""
    random = np.random.default_rng(seed)
    time = random.exponential(np.where(stratum == 1, 1 / ratio, 1.0))
    censored = random.exponential(1.5, len(stratum))
    return np.minimum(time, censored), time <= censored
