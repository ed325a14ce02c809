"""Values out of the range of an assay's reference samples, by robust z scores. Stored matrices and tables in, tables out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.measurements.layout import GROUP, Measurements
from groprog_assets.study.measurement_parameters import MeasurementParameters
from groprog_assets.tables import TABLES, conform

MAD_TO_SD = 0.6745
"""MAD / standard deviation of a normal distribution, as Iglewicz and Hoaglin (1993) round it."""


class RangeTables(NamedTuple):
    """Tables out_of_range, judged_samples."""

    table: pd.DataFrame
    judged: pd.DataFrame


def robust_z(
    values: NDArray[np.floating], reference: NDArray[np.bool_], least: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """(z (features, samples), median (features,), reference values (features,)) of values (features, samples), NaN = missing.

    z = 0.6745 (value - median) / MAD over the samples of the boolean mask `reference` (samples,). NaN where the value is
    missing, where fewer than `least` reference values are known, and where their MAD is 0.
    """
    held = values.astype(np.float64)
    known = np.isfinite(held[:, reference]).sum(axis=1)
    median, spread = (np.full(len(held), np.nan) for _ in range(2))
    enough = (known >= max(least, 1)).nonzero()[0]
    if len(enough):
        own = held[enough][:, reference]
        median[enough] = np.nanmedian(own, axis=1)
        spread[enough] = np.nanmedian(np.abs(own - median[enough, None]), axis=1)
    spread[spread == 0] = np.nan
    return MAD_TO_SD * (held - median[:, None]) / spread[:, None], median, known


def range_tables(
    files: Mapping[str, Path],
    assay_samples: pd.DataFrame,
    samples: pd.DataFrame,
    stage: str,
    parameters: MeasurementParameters,
) -> RangeTables:
    """Every sample that is no reference against the reference samples of its assay, at one stage {assay: Parquet file}.

    assay_samples, samples: the tables. An assay with fewer than `least_references` reference samples is not judged: its samples
    stand in judged_samples with 0 features.
    """
    subject = dict(zip(samples["sample_id"], samples["subject_id"], strict=True))
    is_reference = dict(zip(samples["sample_id"], samples["is_reference"], strict=True))
    outside, judged = [], []
    for assay, file in files.items():
        held = assay_samples[assay_samples["assay_id"] == assay].sort_values("position")["sample_id"].to_numpy()
        reference = np.array([bool(is_reference[name]) for name in held])
        counts = np.zeros((2, len(held)), dtype=np.int64)
        if reference.sum() >= parameters.least_references:
            with Measurements(file) as stored:
                for at in range(0, len(stored.features), GROUP):
                    numbers = stored.features[at : at + GROUP]
                    values = stored.block(numbers, range(len(held)))
                    z, median, known = robust_z(values, reference, parameters.least_references)
                    far = np.abs(z) > parameters.out_of_range
                    far[:, reference] = False
                    counts += np.array([np.isfinite(z).sum(axis=0), far.sum(axis=0)])
                    row, place = far.nonzero()
                    found = {
                        "feature_ix": numbers[row],
                        "sample_id": held[place],
                        "value": values[row, place],
                        "median": median[row],
                        "robust_z": z[row, place],
                        "reference_samples": known[row],
                    }
                    outside.append(pd.DataFrame(found).assign(assay_id=assay))
        told = {"sample_id": held, "judged": counts[0], "outside": counts[1], "reference_samples": int(reference.sum())}
        judged.append(pd.DataFrame(told).loc[~reference].assign(assay_id=assay, stage=stage))
    return RangeTables(_joined(outside, "out_of_range", subject), _joined(judged, "judged_samples", subject))


def _joined(parts: list[pd.DataFrame], name: str, subject: dict[str, str]) -> pd.DataFrame:
    """The parts as one table in the order of its key, with the subject of each sample."""
    declared = TABLES[name]
    if not parts:
        return conform(pd.DataFrame(columns=declared.column_names), name)
    held = pd.concat(parts, ignore_index=True)
    return conform(held.assign(subject_id=held["sample_id"].map(subject)).sort_values(list(declared.key)), name)
