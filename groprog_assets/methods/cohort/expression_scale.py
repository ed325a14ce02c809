"""Scale of an expression matrix (z-scores, logarithms, counts, linear values) and conversion to a common log scale."""

from __future__ import annotations

import warnings
from typing import Literal, NamedTuple

import numpy as np

from groprog_assets.errors import Notice, Problem

Scale = Literal["z_score", "log", "counts", "linear"]
HIGHEST_LOG = 64.0
"""Upper limit of logarithms of expression; in any experiment some counts or linear values are higher."""
LOWEST_LOG_RANGE = 25.0
"""Linear values of a whole transcriptome exceed this; logarithms to base 2 rarely do."""
CENTRED, OFF_CENTRE = 0.6, 2.0
"""Genes count as centred, as z-scores are, when the median of their absolute medians is below this."""
EQUAL_TOTALS = 0.01
"""Largest relative spread of sample totals that were scaled to one total, as in TPM and CPM."""
FEWEST_FOR_TOTALS = 200
"""Fewest genes for which the totals of samples are compared."""


class _Seen(NamedTuple):
    """The values: range, whether all are whole, genes centred near 0, genes far from 0, one total for all samples."""

    lowest: float
    highest: float
    whole: bool
    centred: bool
    off_centre: bool
    equal_totals: bool

    def guess(self) -> str:
        """The scale the values look like; "counts or linear" where fractional values may be either."""
        if self.lowest < 0:
            return "z_score" if self.centred else "log"
        if self.highest <= HIGHEST_LOG:
            return "log"
        if self.equal_totals:
            return "linear"
        return "counts" if self.whole else "counts or linear"


def scale_problems(values: np.ndarray, scale: Scale, where: str) -> list[Problem]:
    """Contradictions between the values and the declared scale; `values` (genes, patients), NaN ignored.

    Told from values alone: z-scores have negative values and genes centred at 0; logs lie below 64 and their genes are not
    centred; counts are not negative, exceed 64 and differ in their totals between samples (fractions are expected counts);
    linear values are not negative. Doubtful values pass with a Notice: linear values that are whole and differ in their
    totals, or are all as low as logarithms.
    """
    seen = _seen(values)
    if seen is None:
        return [Problem(where, "no number in it", "Expression holds numbers.", "Is it the right file?")]
    looks = seen.guess()
    wrong = {
        "z_score": seen.lowest >= 0 or (seen.off_centre and not seen.centred),
        "log": seen.centred or seen.highest > HIGHEST_LOG,
        "counts": seen.lowest < 0 or (not seen.whole and looks in ("log", "linear")),
        "linear": seen.lowest < 0,
    }[scale]
    value = f"values from {seen.lowest:g} to {seen.highest:g}, {'whole' if seen.whole else 'fractional'}"
    if seen.equal_totals:
        value += ", the samples' totals equal as of TPM"
    if wrong and looks == scale:
        looks = "log" if scale == "z_score" else "z_score"
    if wrong:
        remedy = f"Set cohort.expression.scale to {looks}, or give the right file."
        if looks == "counts or linear":
            remedy = (
                "Set cohort.expression.scale to counts if these are read counts (expected counts of RSEM or salmon too), "
                "to linear if they are TPM or FPKM."
            )
        return [Problem(where, value, f"The study says {scale}; they look like {looks}.", remedy)]
    if scale == "linear":
        _doubt(seen, where, value)
    return []


def _doubt(seen: _Seen, where: str, value: str) -> None:
    """Warn when linear values may be on another scale."""
    if seen.whole and seen.highest > HIGHEST_LOG and not seen.equal_totals:
        looks, why = "counts", "their depth of sequencing stays in linear values"
    elif 0 < seen.highest <= LOWEST_LOG_RANGE and not seen.whole:
        looks, why = "log", "the logarithm is taken once more of linear values"
    else:
        return
    rule = f"The study says linear; they may be {looks}, and {why}."
    remedy = f"Set cohort.expression.scale to {looks} if they are; nothing if they are not."
    warnings.warn(Notice(Problem(where, value, rule, remedy)), stacklevel=2)


def _seen(values: np.ndarray) -> _Seen | None:
    known = values[np.isfinite(values)]
    if not known.size:
        return None
    lowest, highest = float(known.min()), float(known.max())
    middle, centred = 0.0, False
    if (
        lowest < 0
    ):  # many negative values and genes whose median lies near 0; single z-scores may be thousands (TCGA-LIHC's are)
        rows = values[np.isfinite(values).any(axis=1)]
        middle = float(np.median(np.abs(np.nanmedian(rows, axis=1))))
        centred = bool((known < 0).mean() > 0.2 and middle < CENTRED)
    totals = np.nansum(values, axis=0)
    spread = float(np.ptp(totals) / totals.max()) if lowest >= 0 and totals.max() > 0 else 1.0
    equal = values.shape[1] > 1 and values.shape[0] >= FEWEST_FOR_TOTALS and spread <= EQUAL_TOTALS
    return _Seen(lowest, highest, bool((known == np.round(known)).all()), centred, middle > OFF_CENTRE, equal)


def common_scale(values: np.ndarray, scale: Scale, where: str) -> tuple[np.ndarray, str]:
    """(values on the scale the model reads, its unit): z-scores and logs as they are, counts as log2(1 + counts per million of
    the sample), linear values as log2(1 + value). Fractional counts are rounded first, with a Notice."""
    if scale == "counts":
        values = _rounded(values, where)
        total = np.nansum(values, axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log2(1 + values / np.where(total > 0, total, np.nan) * 1e6), "log2(1 + counts per million)"
    if scale == "linear":
        return np.log2(1 + values), "log2(1 + value)"
    return values, "z-score" if scale == "z_score" else "log, as given"


def _rounded(values: np.ndarray, where: str) -> np.ndarray:
    whole = np.round(values)
    fractional = int((np.isfinite(values) & (whole != values)).sum())
    if not fractional:
        return values
    share = fractional / int(np.isfinite(values).sum())
    problem = Problem(
        where,
        f"{fractional:,} of its counts ({share:.0%}) are fractional, up to {np.nanmax(values):g}",
        "They are taken as expected counts (RSEM, salmon) and rounded.",
        "Nothing, if they are. If they are TPM or FPKM, set cohort.expression.scale to linear.",
    )
    warnings.warn(Notice(problem), stacklevel=2)
    return whole
