"""Checks of the assays: keys, units, builds of coordinates, finite values, consent, missing values, batches."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from groprog_assets.checks.omics import keys
from groprog_assets.checks.verdict import Verdict
from groprog_assets.study.assay_scales import SCALE_RANGES, WITH_UNIT
from groprog_assets.study.measurement_parameters import MeasurementParameters
from groprog_assets.tables.values import Document

if TYPE_CHECKING:
    import pandas as pd


def of_assays(assays: pd.DataFrame, features: pd.DataFrame, summary: Document, broken: list[str]) -> list[Verdict]:
    """The checks of the assays as read. summary: by assay its counts and its smallest and largest value; broken: keys."""
    return [
        keys(broken),
        units(assays, summary),
        builds(assays, features),
        finite_values(assays),
        consent_coverage(assays, summary),
    ]


def units(assays: pd.DataFrame, summary: Document) -> Verdict:
    """Fails when a matrix has no scale, no unit where its scale needs one, or values outside the scale's range."""
    wrong = []
    for row in _rows(assays[assays["kind"] == "dense"]):
        held = summary[row.assay_id]
        if not isinstance(row.scale, str):
            wrong.append(f"{row.assay_id} has no scale")
            continue
        least, most = SCALE_RANGES.get(row.scale, (-math.inf, math.inf))
        if row.scale in WITH_UNIT and not isinstance(row.unit, str):
            wrong.append(f"{row.assay_id} has no unit, and {row.scale} needs one")
        if "smallest" in held and not (least <= held["smallest"] and held["largest"] <= most):
            wrong.append(f"{row.assay_id} has values outside [{least:g}, {most:g}], the range of {row.scale}")
    told = "; ".join(wrong) or "every matrix has its scale and unit, and values within the scale's range"
    return Verdict("units", not wrong, told, {"wrong": len(wrong)}, blocking=True)


def builds(assays: pd.DataFrame, features: pd.DataFrame) -> Verdict:
    """Fails when an assay has coordinates and no genome build."""
    placed = set(features.loc[features["chrom"].notna(), "assay_id"])
    without = assays[assays["genome_build"].isna() & (assays["assay_id"].isin(placed) | (assays["kind"] == "sparse"))]
    stated = ", ".join(f"{row.assay_id} {row.genome_build}" for row in _rows(assays.dropna(subset="genome_build")))
    names = ", ".join(without["assay_id"])
    told = f"no build of the coordinates of {names}; state genome_build" if names else stated or "no coordinates"
    return Verdict("builds", not names, told, {"without": len(without)}, blocking=True)


def finite_values(assays: pd.DataFrame) -> Verdict:
    """Fails when a matrix has no value at all; says what share is missing (NaN). Infinities are refused on reading."""
    dense = assays[(assays["kind"] == "dense") & (assays["samples"] > 0)]
    empty = dense.loc[~(dense["missing_share"] < 1), "assay_id"].tolist()
    shares = ", ".join(f"{row.assay_id} {100 * row.missing_share:.1f} %" for row in _rows(dense))
    told = f"no value in {', '.join(empty)}" if empty else f"missing: {shares}" if shares else "no matrix"
    return Verdict("finite_values", not empty, told, {"empty": len(empty)}, blocking=True)


def consent_coverage(assays: pd.DataFrame, summary: Document) -> Verdict:
    """Fails when an assay has no sample of a subject who may be used; says how many samples of each are."""
    counts = {row.assay_id: (row.samples, summary[row.assay_id]["counts"]["samples_in_file"]) for row in _rows(assays)}
    without = [name for name, (kept, _) in counts.items() if not kept]
    told = ", ".join(f"{name} {kept:,} of {held:,}" for name, (kept, held) in counts.items())
    remedy = f". Nobody of {', '.join(without)} may be used: check omics.consents" if without else ""
    values = {"samples": sum(held for _, held in counts.values()), "used": sum(kept for kept, _ in counts.values())}
    return Verdict("consent_coverage", not without, f"samples used: {told}{remedy}", values, blocking=True)


def missing_kind(summary: Document, parameters: MeasurementParameters) -> Verdict:
    """Fails when low values are missing more often in an assay that is declared missing at random. summary: of `normalised`."""
    found = {name: held["missing_correlation"] for name, held in summary.items()}
    wrong = [
        f"{name} is declared mar, and its low values are missing more often (Spearman {value:.2f})"
        for name, value in found.items()
        if summary[name]["missing_kind"] == "mar" and value < parameters.mnar_correlation
    ]
    told = ", ".join(f"{name} {value:.2f}" for name, value in found.items())
    remedy = ". Declare missing_kind: mnar or mixed" if wrong else ""
    description = "; ".join(wrong) + remedy if wrong else f"correlation of missing share and mean: {told or 'no assay'}"
    return Verdict("missing_kind", not wrong, description, {"wrong": len(wrong)})


def of_batches(
    broken: list[str], effects: pd.DataFrame, forbidden: dict[str, str], parameters: MeasurementParameters
) -> list[Verdict]:
    """The checks of the correction. broken: keys; effects: table `batch_effects`; forbidden {assay: why it was refused}."""
    return [
        keys(broken),
        confounding(forbidden),
        batch_association(effects, parameters),
        biology_kept(effects, parameters),
    ]


def confounding(forbidden: dict[str, str]) -> Verdict:
    """Fails when a correction that the study asks for is refused: batch and biology are nearly one, or a batch is too small."""
    told = "; ".join(f"{name}: {why}" for name, why in forbidden.items()) or "nothing forbids the corrections asked for"
    return Verdict("confounding", not forbidden, told, {"refused": len(forbidden)}, blocking=True)


def batch_association(effects: pd.DataFrame, parameters: MeasurementParameters) -> Verdict:
    """Fails when batch goes with a covariate or the outcome: a correction then takes part of it along."""
    near = [row for row in _rows(effects) if row.association >= parameters.confounding_noted]
    told = ", ".join(
        f"{row.assay_id}: batch and {row.associated_with}, Cramer's V {row.association:.2f}" for row in near
    )
    description = (
        told or f"no covariate or outcome goes with the batches (Cramer's V below {parameters.confounding_noted:g})"
    )
    return Verdict("batch_association", not near, description, {"assays": len(near)})


def biology_kept(effects: pd.DataFrame, parameters: MeasurementParameters) -> Verdict:
    """Fails when a correction lowers the share of variance of the biological factor by more than the parameter allows."""
    lost, told = [], []
    for row in _rows(effects[effects["corrected"] & effects["factor"].notna()]):
        before, after = row.factor_share_before, row.factor_share_after
        told.append(f"{row.assay_id}: {row.factor} {before:.3f} to {after:.3f}")
        if after < (1 - parameters.largest_loss) * before:
            lost.append(row.assay_id)
    description = "; ".join(told) or "no corrected assay names a biological factor"
    remedy = f". Lost in {', '.join(lost)}: the batches hold part of it; compare with method: none" if lost else ""
    return Verdict("biology_kept", not lost, f"share of variance, {description}{remedy}", {"assays": len(lost)})


def _rows(table: pd.DataFrame) -> Iterator[Any]:
    """The rows, cells by the names of the columns."""
    return iter(table.itertuples(index=False))
