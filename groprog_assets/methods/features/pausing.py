"""The paper's pausing index (Table 4, 4.7, figure 9): counts, densities, classes, and its shift. Tables in, tables out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.methods.features.gene_signal import gene_windows
from groprog_assets.methods.features.multiple_testing import benjamini_hochberg
from groprog_assets.methods.features.paired_shift import paired_shift
from groprog_assets.study.parameters import PausingParameters
from groprog_assets.study.schema import Contrast, Library
from groprog_assets.tables import conform
from groprog_assets.tables.values import Document
from groprog_kernels.exact_tests import poisson_ratio_test


class Pausing(NamedTuple):
    """table: `pausing`; summary: JSON-able medians, classes and the comparison of the contrast's conditions."""

    table: pd.DataFrame
    summary: Document


def pausing(
    gene_signal: pd.DataFrame,
    genes: pd.DataFrame,
    libraries: Sequence[Library],
    contrast: Contrast,
    parameters: PausingParameters,
    chrom_sizes: Mapping[str, int] | None = None,
) -> Pausing:
    """Pausing indices of every gene in every condition, libraries pooled.

    `count_ratio` is promoter over body reads (figure 9's form); `pausing_index` the ratio of densities over the real
    window lengths; both missing where the body has no reads or no length. A gene passes when its body holds the
    minimum reads in every library of the contrast, and its index is finite; a library of another condition is asked of that
    condition only. The p-value is the exact test of equal densities (two Poisson rates), over passing rows, adjusted within a
    condition. Classes: high, index at least `high_threshold` and significant; low, index at most `low_threshold`.
    """
    windows = gene_windows(genes, parameters, chrom_sizes)
    length = {window: windows.length(window) for window in ("promoter", "body")}
    conditions = list(dict.fromkeys(library.condition for library in libraries))
    enough = _enough_body_reads(gene_signal, genes, libraries, contrast, parameters)
    parts = []
    for condition in conditions:
        held = gene_signal[gene_signal["condition"] == condition].groupby("gene", sort=False)
        count = {
            window: held[f"{window}_count"].sum().reindex(genes["gene"]).fillna(0).to_numpy(np.int64)
            for window in ("promoter", "body")
        }
        defined = (count["body"] > 0) & (length["body"] > 0)
        ratio = np.divide(count["promoter"], count["body"], out=np.full(len(genes), np.nan), where=defined)
        scale = np.divide(length["body"], length["promoter"], out=np.zeros(len(genes)), where=length["promoter"] > 0)
        passes = enough[condition] & defined & (length["promoter"] > 0)
        p_value = np.full(len(genes), np.nan)
        if passes.any():
            p_value[passes] = poisson_ratio_test(
                *(count[window][passes] for window in ("promoter", "body")),
                *(length[window][passes] for window in ("promoter", "body")),
            )
        index = ratio * scale
        adjusted = benjamini_hochberg(p_value)
        parts.append(
            pd.DataFrame(
                {
                    "gene": genes["gene"].to_numpy(),
                    "condition": condition,
                    "promoter_count": count["promoter"],
                    "body_count": count["body"],
                    "promoter_length": length["promoter"],
                    "body_length": length["body"],
                    "count_ratio": ratio,
                    "pausing_index": index,
                    "p_value": p_value,
                    "adjusted_p_value": adjusted,
                    "passes": passes,
                    "pause_class": _classes(index, adjusted, passes, parameters),
                }
            )
        )
    table = conform(pd.concat(parts, ignore_index=True), "pausing")
    return Pausing(table, _summary(table, conditions, contrast, parameters))


def _enough_body_reads(
    gene_signal: pd.DataFrame,
    genes: pd.DataFrame,
    libraries: Sequence[Library],
    contrast: Contrast,
    parameters: PausingParameters,
) -> dict[str, np.ndarray]:
    body = gene_signal.pivot(index="gene", columns="library", values="body_count").reindex(genes["gene"])
    both = {contrast.treatment, contrast.control}
    enough = {}
    for condition in dict.fromkeys(library.condition for library in libraries):
        asked = both if condition in both else {condition}
        ids = [library.id for library in libraries if library.condition in asked]
        enough[condition] = np.asarray((body[ids] >= parameters.minimum_body_reads).all(axis=1))
    return enough


def _classes(index: np.ndarray, adjusted: np.ndarray, passes: np.ndarray, parameters: PausingParameters) -> np.ndarray:
    high = passes & (index >= parameters.high_threshold) & (adjusted < parameters.false_discovery_rate)
    low = passes & (index <= parameters.low_threshold)
    return np.select([~passes, high, low], ["untested", "high", "low"], "intermediate")


def _summary(
    table: pd.DataFrame, conditions: Sequence[str], contrast: Contrast, parameters: PausingParameters
) -> Document:
    by_condition = {}
    for condition in conditions:
        passing = table[(table["condition"] == condition) & table["passes"]]
        positive = passing[passing["promoter_count"] > 0]
        by_condition[condition] = {
            "genes": len(passing),
            "without_promoter_reads": len(passing) - len(positive),
            "median_log10_count_ratio": _median_log10(positive["count_ratio"]),
            "median_log10_pausing_index": _median_log10(positive["pausing_index"]),
            **{name: int((passing["pause_class"] == name).sum()) for name in ("high", "low", "intermediate")},
        }
    wide = table[table["passes"] & (table["promoter_count"] > 0)].pivot(
        index="gene", columns="condition", values="pausing_index"
    )
    control, treatment = np.log10(wide.reindex(columns=[contrast.control, contrast.treatment]).dropna().to_numpy()).T
    return {
        "conditions": by_condition,
        "comparison": {
            "treatment": contrast.treatment,
            "control": contrast.control,
            "unit": "log10 pausing index, treatment less control",
            **paired_shift(control, treatment, parameters.equivalence_margin),
        },
    }


def _median_log10(values: pd.Series) -> float | None:
    return float(np.median(np.log10(values))) if len(values) else None
