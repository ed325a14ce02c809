"""Outcomes of subjects from the factors of their samples, and tables where there is too little to compute."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import AssayError
from groprog_assets.methods.integration.subject_outcomes import SubjectOutcomes, comparisons, subject_outcomes
from groprog_assets.methods.integration.subject_tables import (
    biomarker_tables,
    factor_tables,
    network_tables,
    strata_tables,
    symbols_of,
)
from groprog_assets.study.integration_parameters import IntegrationParameters
from groprog_assets.study.omics_integration import SubjectGroups, SubjectSurvival
from tests.methods.integration.planted import assays_with_strata, table

GROUPS = SubjectGroups(column="kind", reference="mild")
SURVIVAL = SubjectSurvival(time="months", event="died")


def _stated(rows):
    """Tables samples and sample_factors of (sample, subject, kind, months, died)."""
    frame = pd.DataFrame(rows, columns=["sample_id", "subject_id", "kind", "months", "died"])
    factors = frame.melt("sample_id", ["kind", "months", "died"], var_name="factor", value_name="value")
    return frame[["sample_id", "subject_id"]], factors


def test_samples_of_a_subject_have_its_outcome():
    rows = [("s1", "a", "mild", "3", "YES"), ("s2", "a", "mild", "3", "yes"), ("s3", "b", "severe", None, "no")]
    found = subject_outcomes(*_stated([*rows, ("s4", "c", None, "0", "0")]), GROUPS, SURVIVAL)
    assert found.group.to_dict() == {"a": "mild", "b": "severe"}
    assert found.time.to_dict() == {"a": 3.0, "c": 0.0}
    assert found.event.to_dict() == {"a": True, "c": False}
    assert [item.name for item in comparisons(found)] == ["severe against mild", "survival"]
    assert subject_outcomes(*_stated(rows), None, None).group is None


def test_three_groups_are_compared_with_the_others():
    rows = [(f"s{k}", f"p{k}", kind, None, None) for k, kind in enumerate(("x", "y", "mild"))]
    found = list(comparisons(subject_outcomes(*_stated(rows), GROUPS, None)))
    assert [item.name for item in found] == ["mild against others", "x against others", "y against others"]
    assert found[1].outcome.event.to_dict() == {"p0": True, "p1": False, "p2": False}


def test_outcomes_that_cannot_be_are_all_named():
    rows = [("s1", "a", "mild", "3", "yes"), ("s2", "a", "severe", "3", "yes"), ("s3", "b", "mild", "soon", "maybe")]
    with pytest.raises(AssayError) as told:
        subject_outcomes(*_stated(rows), GROUPS, SURVIVAL)
    for text in ("samples of a differ: mild, severe", "'soon' of b", "'maybe' of b"):
        assert text in str(told.value)


def test_an_assay_is_tested_as_if_it_were_alone():
    random = np.random.default_rng(6)
    spread = {"rna": 0.1 * random.chisquare(8, 60), "protein": 25 * random.chisquare(3, 60)}
    frames = {
        name: table(random.normal(size=(60, 30)) * np.sqrt(own)[:, None], f"{name}-") for name, own in spread.items()
    }
    for frame in frames.values():
        frame.iloc[:3, :15] += 3 * frame.iloc[:3].std(axis=1).to_numpy()[:, None]
    subjects = frames["rna"].columns
    outcomes = SubjectOutcomes(pd.Series(["severe"] * 15 + ["mild"] * 15, index=subjects), "mild")
    features = pd.DataFrame(columns=["assay_id", "feature_id", "symbol", "source_id"])
    parameters = IntegrationParameters(repeats=1)
    joined = biomarker_tables(frames, features, outcomes, None, None, parameters)
    for name, frame in frames.items():
        alone = biomarker_tables({name: frame}, features, outcomes, None, None, parameters).table
        own = joined.table[joined.table["assay_id"] == name]
        columns = ["feature_id", "effect", "lower", "upper", "statistic", "p_value"]
        pd.testing.assert_frame_equal(own[columns].reset_index(drop=True), alone[columns], check_exact=True)
    assert joined.table["biomarker"].any()


def test_too_few_subjects_give_empty_tables_and_the_reason():
    values, _ = assays_with_strata(1)
    few = {name: frame.iloc[:, :3] for name, frame in values.items()}
    parameters, features = (
        IntegrationParameters(),
        pd.DataFrame(columns=["assay_id", "feature_id", "symbol", "source_id"]),
    )
    for found in (factor_tables(few, features, parameters), network_tables(few, parameters)):
        assert found.table.empty
        assert "samples" in found.summary["why_not"]
    strata = strata_tables(few, subject_outcomes(*_stated([]), None, None), parameters)
    assert strata.table.empty
    assert strata.summary["strata"] == 0


def test_the_network_names_the_nearest():
    random = np.random.default_rng(2)
    values = random.normal(size=(30, 12))
    values[:, 7] = values[:, 3] + 0.01 * random.normal(size=30)
    found = network_tables({"rna": table(values, "g")}, IntegrationParameters(neighbours=4))
    first = found.table[found.table["rank"] == 1].set_index("subject_id")["other_id"]
    assert first["s003"] == "s007"
    assert first["s007"] == "s003"
    assert found.table.groupby("subject_id").size().eq(4).all()
    assert not (found.table["subject_id"] == found.table["other_id"]).any()


def test_symbols_are_those_read_where_none_is_known():
    rows = [("rna", "HGNC:1", "A", "ENSG1"), ("rna", "x:2", None, "probe2")]
    features = pd.DataFrame(rows, columns=["assay_id", "feature_id", "symbol", "source_id"])
    assert symbols_of(features) == {"rna": {"HGNC:1": "A", "x:2": "probe2"}}
