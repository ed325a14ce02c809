"""Summary of a cohort: table 1 by event, missing values, follow-up. Tables in, numbers out."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from groprog_assets.tables.values import Document
from groprog_kernels.censoring import kaplan_meier


def summarise(
    index: pd.DataFrame, records: pd.DataFrame, fields: pd.DataFrame, outcomes: pd.DataFrame, exclusions: pd.DataFrame
) -> Document:
    """JSON-able numbers of a cohort: patients, events, person_months, batches, follow_up, missing {field: fraction},
    table_one (rows of `table_one`), excluded {reason: how many}."""
    return {
        "patients": len(outcomes),
        "events": int(outcomes["event"].sum()),
        "person_months": float(outcomes["time"].sum()),
        "with_expression": int(index["has_expression"].sum()),
        "with_nascent": int(index["has_nascent"].sum()),
        "batches": {str(k): int(v) for k, v in index["batch"].value_counts().sort_index().items() if k},
        "follow_up": follow_up(outcomes),
        "missing": {name: float(records[name].isna().mean()) for name in fields["field"]},
        "table_one": table_one(records, fields, outcomes),
        "excluded": {str(k): int(v) for k, v in exclusions["reason"].value_counts().sort_index().items()},
    }


def follow_up(outcomes: pd.DataFrame) -> dict[str, float | None]:
    """Follow-up by the reverse Kaplan-Meier method: median and quartiles (months) of the time to censoring, events treated as
    censored, with the 95 % interval of the median; None where the curve does not reach the quantile. Also median survival.

    Source: Schemper and Smith 1996, doi:10.1016/0197-2456(96)00075-X; paper 3.6.
    """
    time, event = outcomes["time"].to_numpy(np.float64), outcomes["event"].to_numpy(bool)
    if not len(time):
        names = ("median", "lower", "upper", "quartile_1", "quartile_3", "median_survival", "longest")
        return dict.fromkeys(names)
    reverse, forward = kaplan_meier(time, ~event), kaplan_meier(time, event)
    return {
        "median": _crossing(reverse.time, reverse.survival, 0.5),
        "lower": _crossing(reverse.time, reverse.lower, 0.5),
        "upper": _crossing(reverse.time, reverse.upper, 0.5),
        "quartile_1": _crossing(reverse.time, reverse.survival, 0.75),
        "quartile_3": _crossing(reverse.time, reverse.survival, 0.25),
        "median_survival": _crossing(forward.time, forward.survival, 0.5),
        "longest": float(time.max()),
    }


def _crossing(time: np.ndarray, curve: np.ndarray, level: float) -> float | None:
    """First time the curve is at or below `level`; NaN entries do not count."""
    with np.errstate(invalid="ignore"):
        reached = np.flatnonzero(curve <= level)
    return float(time[reached[0]]) if len(reached) else None


def table_one(records: pd.DataFrame, fields: pd.DataFrame, outcomes: pd.DataFrame) -> list[Document]:
    """One row a covariate or level, over all patients and by event.

    Keys: field, kind, unit, level ("" for continuous), and for each of all, event, censored: continuous {median, quartile_1,
    quartile_3, known}; others {count, known}. Also missing (patients). No p-values: with censoring, the difference
    between patients with and without an observed event is not a test of the hazard.
    """
    joined = records.merge(outcomes[["patient_id", "event"]], on="patient_id", validate="one_to_one")
    event = joined["event"].to_numpy(bool)
    groups = {"all": np.ones(len(joined), bool), "event": event, "censored": ~event}
    rows = []
    for field in fields.itertuples():
        values, levels = joined[field.field], json.loads(str(field.levels))
        row = {"field": field.field, "kind": field.kind, "unit": field.unit, "missing": int(values.isna().sum())}
        if field.kind == "continuous":
            cells = {name: _quartiles(values[chosen]) for name, chosen in groups.items()}
            rows.append({**row, "level": "", **cells})
            continue
        for level in levels:
            cells = {
                name: {"count": int((values[chosen] == level).sum()), "known": int(values[chosen].notna().sum())}
                for name, chosen in groups.items()
            }
            rows.append({**row, "level": level, **cells})
    return rows


def _quartiles(values: pd.Series) -> dict[str, float | int | None]:
    known = values.dropna()
    if known.empty:
        return {"median": None, "quartile_1": None, "quartile_3": None, "known": 0}
    low, middle, high = (float(v) for v in known.quantile([0.25, 0.5, 0.75]))
    return {"median": middle, "quartile_1": low, "quartile_3": high, "known": len(known)}
