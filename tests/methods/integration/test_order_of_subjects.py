"""The key of the pseudonyms decides what subjects are called, and nothing else: folds, subsamples, permutations, factors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from groprog_assets.methods.integration.subject_outcomes import SubjectOutcomes, subject_outcomes
from groprog_assets.methods.integration.subject_tables import (
    biomarker_tables,
    factor_tables,
    network_tables,
    strata_tables,
)
from groprog_assets.methods.measurements.assay_frames import assay_frames
from groprog_assets.methods.measurements.layout import write_measurements
from groprog_assets.store.pseudonyms import pseudonym, sample_pseudonym
from groprog_assets.study.integration_parameters import IntegrationParameters
from groprog_assets.study.omics_integration import SubjectGroups, SubjectSurvival
from groprog_assets.tables.values import Document
from tests.methods.integration.planted import assays_with_strata, survival_of

NAMES = [f"person-{k:02d}" for k in range(60)]
PARAMETERS = IntegrationParameters(repeats=2, subsamples=20, permutations=200)


def _found(folder: Path, key: bytes) -> dict[str, Any]:
    """Every table of a study whose key is `key`, subjects under their names again; a subject has two samples, one no protein."""
    values, stratum = assays_with_strata(4, (30, 30), shift=1.3)
    time, event = survival_of(stratum, 5, ratio=1.4)
    person = {pseudonym(name, key): name for name in NAMES}
    subject_of = dict(zip(NAMES, person))
    rows, held, files, features = [], [], {}, []
    for assay, frame in values.items():
        own = NAMES if assay == "rna" else NAMES[1:]
        given = frame.to_numpy()[:, -len(own) :]
        if assay == "rna":
            own, given = [*own, "person-00 again"], np.hstack([given, given[:, :1] + 0.5])
        folder.mkdir(exist_ok=True)
        files[assay] = write_measurements(folder / f"{assay}.parquet", np.arange(len(given)), given)
        ids = [sample_pseudonym(assay, name, key) for name in own]
        rows += [(made, subject_of[name.removesuffix(" again")], False) for made, name in zip(ids, own)]
        held += [(assay, k, made) for k, made in enumerate(ids)]
        features += [(assay, k, name, name, name) for k, name in enumerate(frame.index)]
    samples = pd.DataFrame(rows, columns=["sample_id", "subject_id", "is_reference"]).sort_values("sample_id")
    named = samples["subject_id"].map(person)
    at = [NAMES.index(name) for name in named]
    stated = {
        "kind": np.where(stratum[at] == 1, "b", "a"),
        "months": time[at].astype(str),
        "died": event[at].astype(int),
    }
    factors = pd.concat(
        pd.DataFrame(
            {"sample_id": samples["sample_id"], "factor": name, "value": pd.Series(given).astype(str).to_numpy()}
        )
        for name, given in stated.items()
    )
    groups, survival = SubjectGroups(column="kind", reference="a"), SubjectSurvival(time="months", event="died")
    outcomes: SubjectOutcomes = subject_outcomes(samples, factors, groups, survival)
    # One has no outcome: subjects of the strata and of the outcomes are not the same.
    assert outcomes.time is not None
    outcomes = outcomes._replace(time=outcomes.time.drop(subject_of[NAMES[7]]))
    known = pd.DataFrame(features, columns=["assay_id", "feature_ix", "feature_id", "source_id", "symbol"])
    frames = assay_frames(files, known, pd.DataFrame(held, columns=["assay_id", "position", "sample_id"]), samples)
    strata = strata_tables(frames, outcomes, PARAMETERS)
    biomarkers = biomarker_tables(frames, known, outcomes, None, None, PARAMETERS)
    network = network_tables(frames, PARAMETERS)
    told: Document = {"strata": strata.survival, "biomarkers": biomarkers.summary}
    tables = {
        "factor_scores": factor_tables(frames, known, PARAMETERS).table,
        **{"neighbours": network.table, "strata": strata.table, "numbers": strata.numbers, "survival": strata.outcomes},
        **{"biomarkers": biomarkers.table, "folds": biomarkers.folds},
    }
    for table in tables.values():
        for column in {"subject_id", "other_id"} & set(table.columns):
            table[column] = table[column].map(person)
    return {**tables, "told": told, "network": network.network["network"]}


def test_three_keys_give_equal_tables(tmp_path: Path):
    found = [_found(tmp_path / str(k), bytes([k]) * 32) for k in range(3)]
    assert len(found[0]["strata"]) == 59
    assert 0 < found[0]["biomarkers"]["frequency"].mean() < 1
    assert found[0]["told"]["strata"]["log_rank"]["permutation_p_value"] is not None
    for other in found[1:]:
        assert repr(other["told"]) == repr(found[0]["told"])  # as text: times that are not reached are NaN
        np.testing.assert_array_equal(other["network"], found[0]["network"])
        for name in set(other) - {"told", "network"}:
            pd.testing.assert_frame_equal(other[name], found[0][name], check_exact=True, obj=name)
