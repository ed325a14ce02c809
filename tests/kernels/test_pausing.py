"""groHMM's sliding window and its ratio limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_kernels import pausing as kernel
from groprog_kernels import pausing_reference as reference
from groprog_kernels.window_counts import index_positions
from tests.oracles import grohmm


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 3)), max_size=25),
    st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=4),
    st.integers(1, 4),
    st.integers(0, 9),
    st.integers(0, 9),
)
def test_maximal_window_equals_its_definition(reads, genes, size, up, down):
    position, count = (np.array([read[i] for read in reads], dtype=np.int64) for i in range(2))
    tss, reverse = [gene[0] for gene in genes], np.array([gene[1] for gene in genes], dtype=bool)
    index = index_positions(position, count)
    measured = kernel.maximal_window_counts(index, tss, reverse, size=size, up=up, down=down)
    assert np.array_equal(
        measured, reference.maximal_window_counts(position, count, tss, reverse, size=size, up=up, down=down)
    )


def test_reach_and_width_are_groHMMs(shared):
    """How far from the TSS the reference still counts a read, and how close two must be to count together."""
    unit = grohmm.unit(shared, "pausing")
    for strand, sign in (("plus", 1), ("minus", -1)):
        counted = [
            int(kernel.maximal_window_counts(index_positions([50_000 + sign * d]), [50_000], [sign < 0])[0])
            for d in unit["reach_d"]
        ]
        assert counted == unit[f"reach_{strand}"]
        together = [
            int(kernel.maximal_window_counts(index_positions([50_000, 50_000 + k]), [50_000], [sign < 0])[0])
            for k in range(1, len(unit[f"effective_k_{strand}"]) + 1)
        ]
        assert together == unit[f"effective_k_{strand}"]


def test_ratio_limits_are_groHMMs(shared):
    unit = grohmm.unit(shared, "ratio_ci")
    interval = kernel.ratio_interval(unit["num"], unit["den"])
    assert np.allclose(np.column_stack(interval), unit["ci"], rtol=1e-9, atol=0)


def test_no_counts_have_no_ratio():
    assert np.isnan(kernel.ratio_interval([0], [0])).all()


@pytest.mark.parametrize("options", [{"size": 0}, {"up": -1}, {"down": -1}])
def test_impossible_windows_are_refused(options):
    with pytest.raises(ValueError, match="size must be"):
        kernel.maximal_window_counts(index_positions([1]), [1], [False], **options)
    with pytest.raises(ValueError, match="equally long"):
        kernel.maximal_window_counts(index_positions([1]), [1, 2], [False])
