"""Library similarity: a planted difference is the first component, scores keep distances, order and edges."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groprog_assets.methods.features.library_similarity import (
    correlations,
    library_similarity,
    principal_components,
)
from groprog_assets.study.parameters import DifferentialParameters
from tests.methods.nascent import libraries

TREND = {"fit": "parametric", "asymptotic": 0.02, "extra": 1.0}
LIBRARIES = libraries(3)


def counts(seed=0, units=300):
    rng = np.random.default_rng(seed)
    mean = 10 ** rng.uniform(1, 3, units)
    parts = []
    for depth, library in enumerate(LIBRARIES, 1):
        rate = mean * depth * np.where((np.arange(units) < 60) & (library.condition == "oe"), 4, 1)
        parts.append(
            pd.DataFrame(
                {
                    "transcript": [f"t{i}" for i in range(units)],
                    "library": library.id,
                    "count": rng.negative_binomial(50, 50 / (50 + rate)),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def test_conditions_part_on_the_first_component_whatever_the_depth():
    found = library_similarity(counts(), LIBRARIES, TREND, DifferentialParameters())
    first = found.table[found.table["component"] == 1].set_index("library")
    sides = [
        first.loc[[library.id for library in LIBRARIES if library.condition == name], "score"]
        for name in ("mock", "oe")
    ]
    assert np.sign(sides[0]).nunique() == np.sign(sides[1]).nunique() == 1
    assert np.sign(sides[0].iloc[0]) != np.sign(sides[1].iloc[0])
    assert first["variance_fraction"].iloc[0] > 0.6
    assert found.table.groupby("library")["variance_fraction"].sum().round(9).eq(1).all()
    wide = found.correlation.pivot(index="library", columns="other", values="correlation")
    assert np.allclose(np.diag(wide), 1)
    assert np.allclose(wide, wide.T)
    assert wide.loc["mock_1", "mock_2"] > wide.loc["mock_1", "oe_1"]


def test_sizes_replace_the_factors():
    plain = library_similarity(counts(), LIBRARIES, TREND, DifferentialParameters())
    sizes = {library.id: 1.0 for library in LIBRARIES}
    equal = library_similarity(counts(), LIBRARIES, TREND, DifferentialParameters(), sizes)
    by_depth = equal.stabilized.groupby("library")["signal"].median().reindex([one.id for one in LIBRARIES])
    assert by_depth.is_monotonic_increasing
    assert plain.stabilized.groupby("library")["signal"].median().std() < 0.2


def test_scores_keep_the_distances_of_the_units_used():
    stable = np.random.default_rng(1).normal(0, [[1], [2], [3], [0.1]], (4, 5))
    found = principal_components(stable, 3)
    used = stable[np.argsort(-stable.var(axis=1))[:3]]
    for one in range(5):
        for other in range(5):
            assert np.linalg.norm(found.score[one] - found.score[other]) == pytest.approx(
                np.linalg.norm(used[:, one] - used[:, other])
            )
    furthest = np.abs(found.score).argmax(axis=0)
    assert (found.score[furthest, range(found.score.shape[1])] > 0).all()
    assert (np.diff(found.variance_fraction) <= 1e-12).all()


def test_one_library_or_nothing_that_varies_has_no_component():
    assert principal_components(np.ones((5, 1)), 500).score.shape == (1, 0)
    assert principal_components(np.ones((5, 4)), 500).score.shape == (4, 0)
    assert principal_components(np.empty((0, 3)), 500).score.shape[0] == 3
    assert np.isnan(correlations(np.empty((0, 3)))).all()
    assert np.isnan(correlations(np.array([[1.0, 2.0], [1.0, 3.0]]))[0, 0])
