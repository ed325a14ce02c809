"""The values of a stage as data frames, for methods that name features and subjects. Files and tables in, frames out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from groprog_assets.methods.measurements.layout import read_measurements


def assay_frames(
    files: Mapping[str, Path],
    features: pd.DataFrame,
    assay_samples: pd.DataFrame,
    samples: pd.DataFrame | None = None,
    assays: Iterable[str] | None = None,
) -> dict[str, pd.DataFrame]:
    """{assay_id: features x samples} of a stage's files {assay_id: Parquet}, rows by feature_id, columns by sample_id.

    features, assay_samples: the tables of `assay_raw`. With the table `samples`, columns are subjects: several samples of a
    subject are averaged, and reference samples left out. assays: only these. Features of one feature_id are numbered: a, a#2.
    Columns are in the order of the assay's file: in that of the pseudonyms they would be dealt into other random folds under
    another key.
    """
    wanted = list(files) if assays is None else list(assays)
    found = {}
    for assay in wanted:
        numbers, values = read_measurements(files[assay])
        names = features[features["assay_id"] == assay].set_index("feature_ix")["feature_id"].loc[numbers.tolist()]
        rows = numbered(names)
        held = assay_samples[assay_samples["assay_id"] == assay].sort_values("position")["sample_id"]
        frame = pd.DataFrame(values, index=pd.Index(rows, name="feature_id"), columns=pd.Index(held, name="sample_id"))
        found[assay] = frame if samples is None else _by_subject(frame, samples)
    return found


def numbered(names: pd.Series) -> list[str]:
    """`names` with a number behind those that were there before: a, a#2."""
    again = names.groupby(names.to_numpy()).cumcount().to_numpy()
    return [f"{name}#{k + 1}" if k else str(name) for name, k in zip(names, again, strict=True)]


def _by_subject(frame: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    known = samples[~samples["is_reference"]].set_index("sample_id")["subject_id"]
    own = frame.loc[:, frame.columns.isin(known.index)]
    joined = own.T.groupby([known[name] for name in own.columns], sort=False).mean().T
    return joined.rename_axis(columns="subject_id")
