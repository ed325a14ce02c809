"""Parameters of measurements: normalisation, missing values and batches, each with its unit and source. pydantic only."""

from __future__ import annotations

from groprog_assets.study.citation import ParameterGroup, cited


class MeasurementParameters(ParameterGroup):
    added_to_counts: float = cited(
        1.0, unit="counts", source="unstated", why="log2(x + 1): no count stays 0, and logarithms stay finite", gt=0
    )
    beta_offset: float = cited(
        1e-3,
        unit="beta value",
        source="unstated",
        why="M = log2((beta + offset) / (1 - beta + offset)): beta 0 and 1 give finite values",
        gt=0,
        lt=0.5,
    )
    mnar_correlation: float = cited(
        -0.3,
        unit="Spearman correlation",
        source="unstated",
        why="of missing share and mean; simulated: -.94 to -.71 where low values are missing, within .05 of 0 at random",
        ge=-1,
        le=0,
    )
    largest_missing_share: float = cited(
        0.5,
        unit="fraction",
        source="unstated",
        why="a feature seen in half the samples of no group says more about what is missing than about them",
        gt=0,
        le=1,
    )
    low_quantile: float = cited(
        0.01,
        unit="quantile",
        source="unstated",
        why="stands for the limit below which a value is not seen",
        gt=0,
        lt=0.5,
    )
    low_spread: float = cited(
        0.3,
        unit="standard deviations of the feature",
        source="unstated",
        why="spread of the values drawn for what lies below the limit",
        gt=0,
    )
    fill_factors: int = cited(
        5,
        unit="factors",
        source="unstated",
        why="at most so many factors predict values that are missing at random",
        ge=1,
    )
    seed: int = cited(0, unit="seed", source="unstated", why="of the values drawn for what lies below the limit", ge=0)
    out_of_range: float = cited(
        3.5,
        unit="robust standard deviations",
        source="Iglewicz and Hoaglin 1993: |0.6745 (x - median) / MAD| above 3.5 (NIST e-Handbook 1.3.5.17)",
        gt=0,
    )
    least_references: int = cited(
        10,
        unit="reference samples with a value",
        source="unstated",
        why="median and MAD of fewer say little of a range; the feature is not judged",
        ge=3,
    )
    combat_tolerance: float = cited(
        1e-4,
        unit="relative change",
        source="sva 3.46.0, ComBat: conv = .0001",
        gt=0,
        lt=1,
    )
    confounding_refused: float = cited(
        0.8, unit="Cramer's V", source="unstated", why="batch and factor then are nearly one", gt=0, le=1
    )
    confounding_noted: float = cited(
        0.5, unit="Cramer's V", source="unstated", why="a correction then takes part of the factor with it", gt=0, le=1
    )
    largest_loss: float = cited(
        0.1,
        unit="fraction",
        source="unstated",
        why="of the biological factor's share of variance; beyond it the correction removes what is of interest",
        gt=0,
        lt=1,
    )
