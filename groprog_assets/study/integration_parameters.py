"""Parameters of factors, strata, biomarkers and gene sets, each with its unit and source. Standard library and pydantic only."""

from __future__ import annotations

from typing import Literal

from groprog_assets.study.citation import ParameterGroup, cited

CovariateKind = Literal["factors", "pathway_scores", "strata"]
"""What the assays of `cohort.omics` become in the risk model."""


class IntegrationParameters(ParameterGroup):
    factors: int = cited(
        10, unit="factors", source="unstated", why="at most; those that explain little are dropped", ge=1
    )
    least_share: float = cited(
        0.01,
        unit="fraction",
        source="unstated",
        why="of an assay's variance: below it in every assay a factor is noise",
        gt=0,
        lt=1,
    )
    neighbours: int = cited(20, unit="subjects", source="unstated", why="who are near in the network; snfpy's K", ge=1)
    affinity_width: float = cited(
        0.5, unit="local distances", source="unstated", why="deviation of the affinity's density; snfpy's mu", gt=0
    )
    fusion_rounds: int = cited(20, unit="rounds", source="unstated", why="networks hardly change after it", ge=1)
    most_strata: int = cited(
        6, unit="strata", source="unstated", why="more would have too few members to be of use", ge=2
    )
    subsamples: int = cited(100, unit="subsamples", source="unstated", why="their median is steady", ge=10)
    subsample_share: float = cited(
        0.8, unit="fraction", source="unstated", why="of the subjects in a subsample", gt=0, lt=1
    )
    least_stability: float = cited(
        0.75,
        unit="adjusted Rand index",
        source="unstated",
        why="below it subsamples give other strata: none are reported",
        gt=0,
        le=1,
    )
    smallest_stratum: int = cited(5, unit="subjects", source="unstated", why="a few outliers are no stratum", ge=2)
    permutations: int = cited(
        10_000, unit="permutations", source="unstated", why="of outcomes over strata: p down to 1e-4", ge=100
    )
    folds: int = cited(5, unit="folds", source="unstated", why="four fifths of the subjects choose a panel", ge=2)
    repeats: int = cited(
        10, unit="repeats", source="unstated", why="fifty panels give frequencies to two per cent", ge=1
    )
    significance: float = cited(
        0.05, unit="q", source="unstated", why="Benjamini-Hochberg, for features of a panel and in figures", gt=0, lt=1
    )
    largest_panel: int = cited(20, unit="features", source="unstated", why="what can be measured in a clinic", ge=1)
    least_frequency: float = cited(
        0.6, unit="fraction of panels", source="unstated", why="a biomarker is chosen by most panels", gt=0, le=1
    )
    set_members: int = cited(5, unit="genes", source="unstated", why="the mean of fewer is a few genes' score", ge=1)
    signature_genes: int = cited(10, unit="genes", source="unstated", why="in each half of a drug's signature", ge=1)
    set_permutations: int = cited(
        1000, unit="permutations", source="unstated", why="of the ranking, for sets and drugs", ge=100
    )
    covariates: list[CovariateKind] = cited(
        ["factors", "pathway_scores", "strata"],
        unit="kinds",
        source="unstated",
        why="of the risk model, from the assays of cohort.omics: together they have one ridge penalty",
    )
    most_network_patients: int = cited(
        400,
        unit="patients",
        source="unstated",
        why="each fold fuses a hundred networks of its own for strata; beyond, folds have no strata",
        ge=10,
    )
    seed: int = cited(1, unit="seed", source="unstated", why="of subsamples, folds and permutations", ge=0)
