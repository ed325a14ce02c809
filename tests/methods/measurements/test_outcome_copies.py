"""A covariate of a correction may not be the outcome under another name."""

from __future__ import annotations

import numpy as np
import pytest

from groprog_assets.methods.measurements.outcome_copies import copied_outcomes, is_copy
from groprog_assets.study.omics_assays import AssaySource

EVENT = ["yes", "no", "no", "yes", "no", "yes", "yes", "no", "no", "no", "yes", "no"]
MONTHS = [str(value) for value in (3.5, 12, 40, 7, 22, 1, 9, 31, 18, 27, 5, 60)]
CAUSES = [
    "disease" if value == "yes" and k % 2 else "other" if value == "yes" else "alive" for k, value in enumerate(EVENT)
]
CODED = ["1" if value == "yes" else "0" for value in EVENT]
RANDOM = np.random.default_rng(3)
MANY_MONTHS = [f"{value:.2f}" for value in RANDOM.exponential(30, 80)]
QUARTERS = [
    f"q{np.searchsorted(np.quantile([float(v) for v in MANY_MONTHS], [0.25, 0.5, 0.75]), float(v))}"
    for v in MANY_MONTHS
]
NOISE = RANDOM.normal(0, 40, 80)
STAGES = [("I", "II", "III")[np.searchsorted([10, 40], float(v) + 30 * RANDOM.normal())] for v in MANY_MONTHS]


def turned(values: list[str]) -> list[str | None]:
    return [str(100 - 2 * float(value)) for value in values]


@pytest.mark.parametrize(
    ("values", "outcome", "copy"),
    [
        (CODED, EVENT, True),
        (EVENT, EVENT, True),
        ([*CODED[:11], None], EVENT, True),
        ([*CODED[:10], "0", "0"], EVENT, False),  # one patient otherwise
        (["a" if k % 3 else "b" for k in range(12)], EVENT, False),
        (turned(MONTHS), MONTHS, True),
        ([str(round(float(value))) for value in MONTHS], MONTHS, True),
        ([str(value) for value in np.random.default_rng(0).permutation(12)], MONTHS, False),
        ([f"P{k}" for k in range(12)], MONTHS, False),  # each its own name: no order
        ([value.upper() if k % 2 else value for k, value in enumerate(EVENT)], EVENT, True),
        ([f"{value}.0" if k % 2 else value for k, value in enumerate(CODED)], EVENT, True),
        ([value.replace(".", ",") for value in MONTHS], MONTHS, True),
        (CAUSES, EVENT, False),  # too few to tell
        (CAUSES * 2, EVENT * 2, True),
        ((["f", "m"] * 12), EVENT * 2, False),
        (["one"] * 12, EVENT, False),
        (CODED[:9], EVENT[:9], False),
        ([None] * 12, EVENT, False),
        ([*CODED[:11], "1"] * 4, EVENT * 4, False),  # four of 48 otherwise
        ([*CODED * 4, "1"], [*EVENT * 4, "no"], True),  # one of 49 otherwise
        (QUARTERS, MANY_MONTHS, True),
        (["q3" if k == 5 else value for k, value in enumerate(QUARTERS)], MANY_MONTHS, True),
        (STAGES, MANY_MONTHS, False),
        (["99", *MANY_MONTHS[1:]], MANY_MONTHS, True),
        ([str(float(value) + noise) for value, noise in zip(MANY_MONTHS, NOISE)], MANY_MONTHS, False),
    ],
)
def test_a_copy_is_told_from_a_covariate(values: list[str | None], outcome: list[str], copy: bool):
    assert is_copy(values, outcome) is copy


def test_each_place_of_a_correction_is_named():
    correction = {"covariates": ["sex", "state"], "biological_factor": "status"}
    source = AssaySource.model_validate(
        {"name": "rna", "path": "rna.tsv", "omics": "transcriptome", "batch_correction": correction}
    )
    factors = {"sex": ["f", "m"] * 6, "state": CODED, "status": EVENT}
    problems = copied_outcomes([source], factors, {"died": EVENT})
    assert [problem.where for problem in problems] == [
        "omics.assays, rna: batch_correction.covariates",
        "omics.assays, rna: batch_correction.biological_factor",
    ]
    assert problems[0].value == "'state' holds the same as 'died'"
    assert problems[0].remedy


def test_many_levels_that_tell_the_outcome_are_a_copy_and_sites_are_not():
    random = np.random.default_rng(5)
    months = random.exponential(20, 96)
    died = random.random(96) < 0.5
    outcome, time = ["yes" if dead else "no" for dead in died], [f"{value:.2f}" for value in months]
    octile = [f"part {'hgfedcba'[k]}" for k in np.searchsorted(np.quantile(months, np.arange(1, 8) / 8), months)]
    both = [f"{part} {dead}" for part, dead in zip(octile, outcome)]
    assert is_copy(both, outcome)
    assert is_copy(octile, time)
    assert is_copy(both, time)
    assert not is_copy(octile, outcome)
    for levels in (8, 16, 24, 60):
        site = [f"site {k}" for k in random.integers(0, levels, 96)]
        assert not is_copy(site, outcome)
        assert not is_copy(site, time)
    by_stage = [f"{k + 3 * dead + random.integers(0, 3)}a" for k, dead in zip(random.integers(0, 5, 96), died)]
    assert not is_copy(by_stage, outcome), "associated, and no copy"
