"""Selections of assets: bare names, near names, and what matches nothing."""

from __future__ import annotations

import pytest

from groprog_assets.definitions import defs
from groprog_assets.errors import StudyError
from groprog_assets.graph.specification import SPECIFICATIONS
from groprog_assets.running.selection import NASCENT, selected_assets


@pytest.mark.parametrize(
    ("select", "chosen"),
    [
        ("pausing", {"pausing"}),
        ("pausing or cohort", {"pausing", "cohort"}),
        ('key:"pausing" or key:cohort', {"pausing", "cohort"}),
        ("group:cohort", {"cohort", "clinical_records", "patient_assays", "patient_expression", "source_cohorts"}),
        ("group:cohort and not cohort", {"clinical_records", "patient_assays", "patient_expression", "source_cohorts"}),
        ("key:patient_*", {"patient_assays", "patient_expression", "patient_features"}),
        ("roots(+cohort)", {"clinical_records", "reference_diseases"}),
    ],
)
def test_what_a_selection_chooses(select: str, chosen: set[str]):
    assert selected_assets(defs, select) == chosen


@pytest.mark.parametrize(
    ("select", "said"),
    [
        ("pausng", "Did you mean pausing"),
        ("pausing or pausng", "Did you mean pausing"),
        ("pausing or zzz", "Known are"),
        ('key:"nix"', "names no asset"),
        ("group:nothing", "names no group"),
        ("group:cohor", "Did you mean cohort"),
        ("cohort and pausing", "matches none"),
        ("key:zz*", "matches none"),
        ("pausing (", "Dagster's asset selection"),
    ],
)
def test_a_selection_that_matches_nothing_is_an_error(select: str, said: str):
    with pytest.raises(StudyError, match=said):
        selected_assets(defs, select)


def test_the_nascent_half_reads_no_patient():
    chosen = selected_assets(defs, NASCENT)
    assert {"nascent_figures", "locus_pages", "gene_features", "pausing", "enrichment"} <= chosen
    assert not {SPECIFICATIONS[name].group for name in chosen} & {"cohort", "model", "omics", "sequence"}
