"""Library sizes: the reads themselves, the spike-in's proportion, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from groprog_assets.checks.spike_in import spike_in
from groprog_assets.errors import ReadsError
from groprog_assets.methods.reads.library_sizes import library_sizes, sizes_of_others, spike_in_sizes
from tests.methods.nascent import libraries

LIBRARIES = libraries(2)
READS = {"mock_1": 100, "mock_2": 400, "oe_1": 200, "oe_2": 200}
SPIKED = {"mock_1": 1_000, "mock_2": 1_000, "oe_1": 2_000, "oe_2": 2_000}


def test_without_a_spike_in_the_size_is_the_reads():
    for prefix in (None, ""):
        table = library_sizes(READS, dict.fromkeys(READS, 0), LIBRARIES, prefix)
        assert dict(zip(table["library"], table["size"], strict=True)) == READS
        assert set(table["basis"]) == {"reads"}
        assert spike_in_sizes(table) is None
        assert sizes_of_others(table, {"p": 5}, "dm6_") is None
        assert spike_in(table).passed


def test_sizes_are_in_proportion_to_the_spike_in_with_the_magnitude_of_the_reads():
    table = library_sizes(READS, SPIKED, LIBRARIES, "dm6_")
    sizes = spike_in_sizes(table)
    assert sizes["oe_1"] / sizes["mock_1"] == pytest.approx(2)
    assert sizes["mock_2"] == pytest.approx(sizes["mock_1"])
    assert np.exp(np.log(list(sizes.values())).mean()) == pytest.approx(200)
    assert sizes_of_others(table, {"patient": 4_000}, "dm6_") == {"patient": pytest.approx(2 * sizes["oe_1"])}
    assert spike_in(table).passed


def test_few_spike_in_reads_are_said_and_none_are_refused():
    verdict = spike_in(library_sizes(READS, {**SPIKED, "oe_2": 40}, LIBRARIES, "dm6_"))
    assert not verdict.passed
    assert not verdict.blocking
    assert "oe_2" in verdict.description
    with pytest.raises(ReadsError, match="mock_1") as raised:
        library_sizes(READS, {**SPIKED, "mock_1": 0, "oe_2": 0}, LIBRARIES, "dm6_")
    assert "oe_2" in str(raised.value)
    table = library_sizes(READS, SPIKED, LIBRARIES, "dm6_")
    with pytest.raises(ReadsError, match="patient"):
        sizes_of_others(table, {"patient": 0}, "dm6_")
