"""Methylation: beta values of array positions x samples, and the M-values on which statistics are computed.

Source: Du et al., doi:10.1186/1471-2105-11-587 (beta and M); Illumina, manifest of EPIC v2 (suffixes of positions).
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from groprog_assets.errors import AssayError, Problem
from groprog_assets.methods.assays.assay_table import AssayTable
from groprog_assets.methods.assays.columns import Cells, Header, collector, read_cells, read_header
from groprog_assets.methods.assays.dense import dense_assay, feature_rows, trimmed_notice
from groprog_assets.study.annotation_files import some
from groprog_assets.study.assay_parameters import DEFAULT_THRESHOLDS, AssayReadingParameters
from groprog_assets.study.omics_assays import AssaySource
from groprog_assets.study.text_tables import count_of

REPLICATE = re.compile(r"(.+)_[TBN][CON]\d{2}")
"""An EPIC v2 probe: its position, then strand, chemistry and number of the replicate: cg00000029_TC21."""


def read_beta(path: Path, source: AssaySource, thresholds: AssayReadingParameters = DEFAULT_THRESHOLDS) -> AssayTable:
    """Positions x samples, beta in [0, 1], the first column naming the position.

    source_id: the probe as read; feature_id: its position, without the suffix of EPIC v2. With duplicates: mean, max or first
    the probes of one position are joined; otherwise each is a feature. Values whose detection p-value (`source.detection_p`, a
    table of the same form) is above the threshold are missing and counted. Raises AssayError for a value outside [0, 1] and for
    detection p-values that lack a position or sample.
    """
    header = read_header(path)
    samples = header.columns[1:]
    problems = collector(header.path)
    found = read_cells(header, header.columns[:1], samples, problems, source.missing)
    outside = (found.values < 0) | (found.values > 1)
    rule, remedy = "A beta value lies between 0 and 1.", "M-values or percent? Give beta values, or format: matrix."
    found.mark(problems, outside, rule, remedy)
    problems.raise_any()
    probes = found.text.iloc[:, 0].tolist()
    values, counts = found.values, {}
    if source.detection_p is not None:
        detection = _detection(source.detection_p, header, probes, samples, source)
        undetected = ~(detection <= thresholds.detection_p)
        counts["not_detected"] = int((undetected & ~np.isnan(values)).sum())
        values = np.where(undetected, np.nan, values)
    positions = [match[1] if (match := REPLICATE.fullmatch(name)) else name for name in probes]
    joined = source.duplicates in ("mean", "max", "first")
    notices = trimmed_notice(found)
    several = len(positions) - len(set(positions))
    if several and not joined and len(set(probes)) == len(probes):
        value = f"{count_of(several, 'probe')} of positions that another probe has too"
        rule = "EPIC v2 has several probes of some positions; each is a feature of its own."
        notices.append(Problem(header.where, value, rule, "Set duplicates: mean to average them a position."))
    return dense_assay(
        header.path,
        source,
        feature_rows(probes, feature_id=positions),
        samples,
        values,
        lines=found.lines,
        counts=counts,
        notices=notices,
        identity=positions if joined else None,
    )


def _detection(
    path: Path, betas: Header, probes: list[str], samples: list[str], source: AssaySource
) -> NDArray[np.float64]:
    """(probes, samples) detection p-values in the order of the beta values; NaN where the table holds none."""
    header = read_header(path)
    absent = [name for name in samples if name not in header.columns[1:]]
    if absent:
        value = f"no column of {count_of(len(absent), 'sample')}: {some(absent)}"
        rule = f"Detection p-values have a column for every sample of {betas.path.name}."
        raise AssayError(Problem(header.where, value, rule, "Export both tables of the same samples."))
    problems = collector(header.path)
    found: Cells = read_cells(header, header.columns[:1], samples, problems, source.missing)
    found.mark(problems, (found.values < 0) | (found.values > 1), "A p-value lies between 0 and 1.", "Correct it.")
    problems.raise_any()
    place = {name: row for row, name in enumerate(found.text.iloc[:, 0])}
    lost = [name for name in probes if name not in place]
    if lost:
        value = f"no row of {count_of(len(lost), 'position')}: {some(lost)}"
        rule = f"Detection p-values have a row for every position of {betas.path.name}."
        raise AssayError(Problem(str(header.path), value, rule, "Export both tables of the same positions."))
    return found.values[[place[name] for name in probes]]


def m_values(beta: NDArray[np.floating], offset: float) -> NDArray[np.float64]:
    """log2((β + offset) / (1 − β + offset)) of betas in [0, 1], any shape; NaN stays NaN. 0 gives log2(offset / (1 + offset))."""
    wide = np.asarray(beta, dtype=np.float64)
    return np.log2((wide + offset) / (1.0 - wide + offset))


def beta_values(m: NDArray[np.floating], offset: float) -> NDArray[np.float64]:
    """The betas of M-values: the inverse of `m_values` with the same offset."""
    ratio = np.exp2(np.asarray(m, dtype=np.float64))
    return (ratio * (1.0 + offset) - offset) / (1.0 + ratio)
