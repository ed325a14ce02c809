"""Table 1 of a cohort: each covariate at baseline, over all patients and by outcome. Tables in, a table of words out."""

from __future__ import annotations

import pandas as pd


def cohort_table(records: pd.DataFrame, fields: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    """One row a covariate or level: columns `field`, `level`, `all`, `event`, `censored`, `missing` (text, a count).

    `records` (clinical_records), `fields` (clinical_fields) and `outcomes` as in tables.py, joined on patient_id; patients
    without an outcome are left out. Continuous fields give median (quartiles) in their unit, others n (per cent of the
    known). A field absent from `records` is skipped. Percentages are of patients with a value, so missing is beside them.
    """
    joined = records.merge(outcomes[["patient_id", "event"]], on="patient_id", how="inner")
    event = joined["event"].astype(bool)
    rows: list[dict[str, object]] = []

    def row(field: str, level: str, texts: list[str], missing: int | None) -> None:
        rows.append(
            dict(zip(["field", "level", "all", "event", "censored", "missing"], [field, level, *texts, missing]))
        )

    for field in fields.itertuples():
        if field.field not in joined:
            continue
        values = joined[field.field]
        label = f"{field.field} ({field.unit})" if getattr(field, "unit", "") else str(field.field)
        gaps = int(values.isna().sum())
        groups = (values, values[event], values[~event])
        if field.kind == "continuous":
            row(
                label,
                "median (quartiles)",
                [_quartiles(pd.to_numeric(group, errors="coerce")) for group in groups],
                gaps,
            )
            continue
        known = values.dropna().astype(str)
        for index, level in enumerate(sorted(known.unique())):
            texts = [_share(group.dropna().astype(str), level) for group in groups]
            row(label if index == 0 else "", level, texts, gaps if index == 0 else None)
    return pd.DataFrame(rows, columns=["field", "level", "all", "event", "censored", "missing"])


def _quartiles(values: pd.Series) -> str:
    if values.notna().sum() == 0:
        return "–"
    low, middle, high = values.quantile([0.25, 0.5, 0.75])
    return f"{middle:.4g} ({low:.4g}–{high:.4g})"


def _share(values: pd.Series, level: str) -> str:
    if len(values) == 0:
        return "–"
    count = int((values == level).sum())
    return f"{count:,} ({100 * count / len(values):.0f} %)"
