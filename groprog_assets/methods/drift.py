"""Do new patients look like those a model was trained on? Tables in, shares out; no Dagster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

DRIFT_BOUND = 0.25
"""Population stability index from which a change is called large. Source: Siddiqi, Credit Risk Scorecards (2006), ch. 9."""
BINS = 10
SMALLEST_SHARE = 0.005


def describe_inputs(records: pd.DataFrame, fields: pd.DataFrame) -> dict[str, Any]:
    """{field: {"edges": inner decile bounds or [], "levels": names or [], "shares": share of patients a bin, missing last}}.

    records: clinical_records, one row a patient; fields: clinical_fields, of which the used ones count. JSON-able.
    """
    found: dict[str, Any] = {}
    used = fields.loc[fields["used"]]
    for name, sort in zip(used["field"].astype(str), used["kind"].astype(str), strict=True):
        values = records[name]
        known = values.dropna()
        if sort == "continuous":
            edges = (
                np.unique(np.quantile(known.astype(float), np.arange(1, BINS) / BINS)).tolist() if len(known) else []
            )
            kept: dict[str, Any] = {"edges": edges, "levels": []}
        else:
            kept = {"edges": [], "levels": sorted(set(known.astype(str)))}
        found[name] = {**kept, "shares": _shares(values, kept)}
    return found


def stability(reference: Mapping[str, Any], records: pd.DataFrame) -> dict[str, float]:
    """{field: population stability index} of `records` against `reference` (describe_inputs); >= 0, 0 for equal shares.

    sum over bins of (p - q) log(p / q), shares floored at 0.005 so that an empty bin is finite; levels the reference did not
    have are a bin of their own. Fields that `records` lacks are left out.
    """
    found = {}
    for name, kept in reference.items():
        if name in records:
            now = np.maximum(_shares(records[name], kept), SMALLEST_SHARE)
            then = np.maximum(kept["shares"], SMALLEST_SHARE)
            found[name] = float(((now - then) * np.log(now / then)).sum())
    return found


def _shares(values: pd.Series, kept: Mapping[str, Any]) -> list[float]:
    """Shares by bin; for levels the last but one is for any other level, and the last is always for missing values."""
    known = values.dropna()
    if kept["levels"]:
        names = known.astype(str)
        counts = [int((names == level).sum()) for level in kept["levels"]]
        counts.append(len(names) - sum(counts))
    else:
        bins = np.searchsorted(kept["edges"], known.astype(float), side="right")
        counts = np.bincount(bins, minlength=len(kept["edges"]) + 1).tolist()
    counts.append(len(values) - len(known))
    return [count / max(1, len(values)) for count in counts]
