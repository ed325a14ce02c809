"""Regions that change between the conditions: the test of genes, with the genes' size factors. Tables in, tables out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.features.differential import compare
from groprog_assets.methods.features.multiple_testing import benjamini_hochberg
from groprog_assets.methods.initiation.links import link_factors, link_genes, with_changes
from groprog_assets.study.initiation_parameters import InitiationParameters
from groprog_assets.study.parameters import DifferentialParameters, Parameters
from groprog_assets.study.schema import Contrast, Library
from groprog_assets.tables import conform
from groprog_assets.tables.values import Document, Value
from groprog_kernels.exact_tests import poisson_ratio_test

PSEUDOCOUNT = 0.5
"""Reads added to both sides of an unreplicated fold change."""


class DifferentialInitiation(NamedTuple):
    """table: `differential_initiation`; links: `initiation_links`; summary: how it was tested and how many change, JSON-able."""

    table: pd.DataFrame
    links: pd.DataFrame
    summary: Document


def compare_regions(
    called: Mapping[str, pd.DataFrame],
    genes: Value,
    gene_signal: pd.DataFrame,
    gene_models: pd.DataFrame,
    libraries: Sequence[Library],
    contrast: Contrast,
    parameters: Parameters,
    library_sizes: Mapping[str, float] | None = None,
) -> DifferentialInitiation:
    """The test of `differential_initiation` and the links of `link_genes` of the called regions (`table`, `counts`).

    genes: value of `gene_differential`, whose size factors are those of the test; library_sizes: those of a spike-in, as there.
    The summary's `co_varying` counts links with a correlation, `linked_libraries` the libraries behind them, 0 where they
    are too few.
    """
    regions, counts = called["table"], called["counts"]
    table, summary = differential_initiation(
        regions,
        counts,
        genes.summary["size_factors"],
        libraries,
        contrast,
        parameters.differential,
        parameters.initiation,
    )
    factors = link_factors(gene_signal, genes.table, library_sizes)
    links = link_genes(regions, counts, gene_models, gene_signal, factors, parameters.initiation)
    links = with_changes(links, regions, table, genes.table)
    behind = len(set(counts["library"]) & set(factors))
    told = {
        "co_varying": int(links["relation"].str.contains("co-varying").sum()),
        "linked_libraries": behind if behind >= parameters.initiation.link_libraries else 0,
    }
    return DifferentialInitiation(table, links, {**summary, **told})


def differential_initiation(
    regions: pd.DataFrame,
    counts: pd.DataFrame,
    size_factors: Mapping[str, float],
    libraries: Sequence[Library],
    contrast: Contrast,
    differential: DifferentialParameters,
    parameters: InitiationParameters,
) -> tuple[pd.DataFrame, Document]:
    """Table `differential_initiation`, regions in their order, and its summary.

    regions, counts: `initiation_regions`, `initiation_counts`; size_factors: library -> that of the genes, because factors of the
    regions would hide a change that all of them share. Libraries without counts (left out of the call) are left out here. Two
    or more libraries on both sides: the negative-binomial test of genes (`differential.compare`). Otherwise fold change and exact
    binomial p of the summed counts, `unreplicated`: they tell how the counts differ and not whether another experiment would show
    it, so no direction is given. Regions with fewer than minimum_region_reads over the contrast's libraries are `untested`; FDR
    within the tested ones.
    """
    counted = set(counts["library"])
    sides = {
        side: [lib.id for lib in libraries if lib.condition == condition and lib.id in counted]
        for side, condition in (("treatment", contrast.treatment), ("control", contrast.control))
    }
    names = ("base_mean", "log2_fold_change", "standard_error", "p_value", "adjusted_p_value")
    wide = counts.pivot(index="region", columns="library", values="count").reindex(regions["name"]).fillna(0)
    total = {side: wide[ids].sum(axis=1).to_numpy(np.int64) for side, ids in sides.items()}
    missing = np.full(len(regions), np.nan)
    table = pd.DataFrame(
        {
            "region": regions["name"],
            "class": regions["class"],
            "kind": regions["kind"],
            "treatment_count": total["treatment"],
            "control_count": total["control"],
            **dict.fromkeys(names, missing),
            "analysis": "untested",
            "direction": "none",
        }
    )
    enough = total["treatment"] + total["control"] >= parameters.minimum_region_reads
    replicated = min(map(len, sides.values())) >= 2
    summary: Document = {
        "analysis": "replicated" if replicated else "unreplicated",
        "treatment": contrast.treatment,
        "control": contrast.control,
        "libraries": sides,
        "normalisation": "size factors of the genes",
    }
    if not all(sides.values()) or not enough.any():
        reason = "no region has enough reads" if all(sides.values()) else "a side of the contrast has no usable library"
        return conform(table, "differential_initiation"), {
            **summary,
            "tested": 0,
            "up": 0,
            "down": 0,
            "not_tested": reason,
        }
    if replicated:
        found = _replicated(wide[enough], sides, size_factors, libraries, contrast, differential)
    else:
        found = _unreplicated(total["treatment"][enough], total["control"][enough], sides, size_factors)
    for name, column in found.items():
        table.loc[enough, name] = column
    table = conform(table, "differential_initiation")
    tested = table[table["analysis"] != "untested"]
    return table, {
        **summary,
        "tested": len(tested),
        "not_tested": "",
        "up": int((tested["direction"] == "up").sum()),
        "down": int((tested["direction"] == "down").sum()),
        "by_class": {
            str(name): {direction: int((rows["direction"] == direction).sum()) for direction in ("up", "down")}
            for name, rows in tested.groupby("class")
        },
    }


def _replicated(
    wide: pd.DataFrame,
    sides: Mapping[str, list[str]],
    size_factors: Mapping[str, float],
    libraries: Sequence[Library],
    contrast: Contrast,
    parameters: DifferentialParameters,
) -> dict[str, NDArray | str]:
    ids = [name for side in sides.values() for name in side]
    depth = float(np.exp(np.log(wide[ids].sum(axis=0).clip(lower=1)).mean()))
    sizes = {name: float(size_factors[name]) * depth for name in ids}
    among = [library for library in libraries if library.id in ids]
    columns = compare(wide[ids], among, contrast, parameters, sizes).columns
    names = ("base_mean", "log2_fold_change", "standard_error", "p_value", "adjusted_p_value", "direction")
    return {**{name: columns[name].to_numpy() for name in names}, "analysis": "replicated"}


def _unreplicated(
    treatment: NDArray[np.int64],
    control: NDArray[np.int64],
    sides: Mapping[str, list[str]],
    size_factors: Mapping[str, float],
) -> dict[str, NDArray | str]:
    size = {side: sum(float(size_factors[name]) for name in ids) for side, ids in sides.items()}
    rate = (treatment + PSEUDOCOUNT) / size["treatment"], (control + PSEUDOCOUNT) / size["control"]
    exposure = [np.full(len(treatment), size[side]) for side in ("treatment", "control")]
    p_value = poisson_ratio_test(treatment, control, *exposure)
    return {
        "base_mean": (treatment / size["treatment"] + control / size["control"]) / 2,
        "log2_fold_change": np.log2(rate[0] / rate[1]),
        "p_value": p_value,
        "adjusted_p_value": benjamini_hochberg(p_value),
        "analysis": "unreplicated",
    }
