"""Parameters of the multi-omics store, each with its unit and source. Standard library and pydantic only."""

from __future__ import annotations

from groprog_assets.study.citation import ParameterGroup, cited


class RankingParameters(ParameterGroup):
    pool_orpha: bool = cited(
        True,
        unit="switch",
        source="unstated",
        why="an OMIM disease also has the annotation of the ORPHA diseases of its MONDO class; more diagnoses come first so",
    )
    prior_patients: float = cited(
        2.0,
        unit="patients",
        source="unstated",
        why="a frequency of 1/1 is no certainty: ratios are drawn towards the prior frequency as if by so many patients",
        ge=0,
    )
    prior_frequency: float = cited(
        0.3, unit="fraction", source="unstated", why="about the mean of the ratios annotated", gt=0, lt=1
    )
    unstated_frequency: float = cited(
        0.8,
        unit="fraction",
        source="unstated",
        why="a finding annotated without a frequency is usually typical",
        gt=0,
        le=1,
    )
    ancestor_factor: float = cited(
        0.05,
        unit="fraction of an ancestor's ratio",
        source="unstated",
        why="chosen on one half of the diseases, judged on the other: flat below 0.1, worse above",
        ge=0,
        le=1,
    )
    smallest_ratio: float = cited(
        0.01,
        unit="likelihood ratio",
        source="unstated",
        why="one unannotated finding may not exclude a disease",
        gt=0,
        lt=1,
    )
    excluded_weight: float = cited(
        0.0,
        unit="weight of ln likelihood ratios",
        source="unstated",
        why="published tables list as excluded what other patients of the same disease have, so absence there speaks for it",
        ge=0,
        le=1,
    )
    shown_diseases: int = cited(
        50,
        unit="diseases a subject",
        source="unstated",
        why="what a person may read; diagnoses are kept wherever they rank",
        ge=1,
    )
    explained_diseases: int = cited(
        10,
        unit="diseases a subject",
        source="unstated",
        why="each finding's part is told of these and of the diagnoses",
        ge=1,
    )


class DisclosureParameters(ParameterGroup):
    """How counts of subjects are answered to who may not see the subjects."""

    epsilon: float = cited(
        0.2,
        unit="nats a question",
        source="unstated",
        why="scale of the noise is 1 / epsilon subjects; benchmarks/disclosure.py shows what a differencing attack then learns",
        gt=0,
        le=5,
    )
    fewest: int = cited(
        5, unit="subjects", source="unstated", why="smaller noisy counts are told as fewer than this", ge=1
    )
    rounding: int = cited(
        5, unit="subjects", source="unstated", why="noisy counts are told to the nearest multiple of this", ge=1
    )
    actor_budget: float = cited(
        4.0,
        unit="nats",
        source="unstated",
        why="twenty questions of one actor; it does not return with new data",
        ge=0,
    )
    total_budget: float = cited(
        40.0,
        unit="nats",
        source="unstated",
        why="bounds what actors learn who share their answers; it is no strong guarantee",
        ge=0,
    )
    listing_epsilon: float = cited(
        0.5,
        unit="nats a term",
        source="unstated",
        why="noise of the counts that decide, once a snapshot, by which terms may be asked",
        gt=0,
        le=5,
    )
    listing_fewest: int = cited(
        20, unit="subjects", source="unstated", why="rarer terms and diseases are not asked by", ge=1
    )
    requests_a_minute: int = cited(
        30, unit="requests an actor", source="unstated", why="what a person reads; a program that asks more waits", ge=1
    )
