"""The report's section on initiation regions: its fixed words, and why nothing was called."""

from __future__ import annotations

import pytest

from groprog_assets.methods.initiation.initiation_regions import initiation_regions
from groprog_assets.report.initiation import initiation as section
from groprog_assets.store.artifacts import Bundle
from groprog_assets.study.initiation_parameters import InitiationParameters
from groprog_assets.study.parameters import Parameters
from groprog_assets.study.schema import Library
from tests.methods.initiation.simulated_starts import SIZES, simulate


@pytest.fixture(scope="module")
def called():
    world = simulate(1, genes=60, enhancers=100, decoys=20)
    library = Library(id="a", condition="x")
    return initiation_regions({"a": world.positions}, [library], SIZES, world.models, InitiationParameters())


def words(blocks) -> str:
    return str(blocks)


def test_the_section_claims_no_target(called):
    context = {
        "initiation_regions": Bundle(table=called.table, summary=called.summary),
        "settings": Parameters(),
    }
    text = words(section(context))
    assert "pairs of starts that face away from each other" in text
    assert "Candidate enhancers" in text
    assert "never called an enhancer" in text
    assert "target" not in text
    assert "regulat" not in text


def test_the_section_says_why_nothing_was_called(called):
    problem = {"where": "library a", "value": "one strand", "rule": "Both.", "remedy": "Give both tracks."}
    summary = {**called.summary, "refused": {"a": [problem]}, "nothing_called": "no library can be used"}
    text = words(section({"initiation_regions": Bundle(table=called.table[:0], summary=summary)}))
    assert "Give both tracks." in text
    assert "no library can be used" in text
