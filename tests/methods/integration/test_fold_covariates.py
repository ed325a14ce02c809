"""Covariates fitted on training patients: nobody's covariate depends on a held-out patient, assays may be missing, planted things
come back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groprog_assets.methods.integration.fitted_covariates import WrittenCovariates, read_back, written
from groprog_assets.methods.integration.fold_covariates import PatientAssay, covariates, fit_covariates
from groprog_assets.methods.integration.patient_assays import PatientAssays, assay_arrays, assays_of
from groprog_assets.methods.measurements.batch_correction import number_columns
from groprog_assets.methods.measurements.layout import write_measurements
from groprog_assets.study.integration_parameters import IntegrationParameters
from groprog_assets.study.measurement_parameters import MeasurementParameters
from groprog_assets.study.omics_assays import AssaySource, BatchCorrection

MEASUREMENTS = MeasurementParameters()
INTEGRATION = IntegrationParameters(subsamples=10)
SETS = {"driven": tuple(f"g{k}" for k in range(15)), "short": ("g1", "g2")}


def planted(seed: int = 1, n: int = 60) -> tuple[PatientAssays, np.ndarray]:
    """rna (counts, two batches) and protein (log2) of n patients, two groups of whom differ by one factor; the last three
    patients have no protein, and the first has two rna samples."""
    random = np.random.default_rng(seed)
    group = np.arange(n) % 2
    factor = np.where(group, 1.2, -1.2) + 0.2 * random.normal(size=n)
    batch = np.where(np.arange(n) % 5 < 3, "a", "b")
    level = 6 + np.outer(np.r_[np.ones(30), np.zeros(50)], factor) + (batch == "b") * random.normal(0.8, 0.3, (80, 1))
    counts = np.round(np.exp2(level + 0.3 * random.normal(size=(80, n)))) + 1
    rna = PatientAssay(
        *("rna", "median of ratios, log2(x + 1)", "count", "log2", BatchCorrection()),
        *(tuple(f"f{k}" for k in range(80)), tuple(f"g{k}" for k in range(80))),
        np.concatenate([counts, counts[:, :1] + 1], axis=1),
        *(np.r_[np.arange(n), 0], [*batch.tolist(), "a"], {}),
    )
    proteins = 20 + np.outer(np.r_[np.ones(20), np.zeros(20)], factor) + 0.4 * random.normal(size=(40, n))
    proteins[random.random(proteins.shape) < 0.05] = np.nan
    protein = PatientAssay(
        *("protein", "log2, sample medians", "log2", "log2", None),
        *(tuple(f"p{k}" for k in range(40)), tuple(f"g{k}" for k in range(40))),
        *(proteins[:, : n - 3], np.arange(n - 3), [None] * (n - 3), {}),
    )
    return PatientAssays(n, (rna, protein), SETS, MEASUREMENTS, INTEGRATION), factor


def changed(assays: PatientAssays, patient: int) -> PatientAssays:
    """The same with other values of one patient."""
    random = np.random.default_rng(9)
    made = []
    for assay in assays.assays:
        values = assay.values.copy()
        own = assay.owner == patient
        values[:, own] = np.round(values[:, own] * random.uniform(0.3, 3, (len(values), int(own.sum())))) + 1
        made.append(assay._replace(values=values))
    return PatientAssays(assays.patients, tuple(made), assays.sets, assays.measurements, assays.integration)


def flat(found: WrittenCovariates) -> list[str]:
    """The names of the covariates in order."""
    return [name for own in found.names.values() for name in own]


TRAIN, TEST = np.arange(0, 45), np.arange(45, 60)


def test_planted_factor_set_and_strata_come_back_in_patients_who_were_held_out():
    assays, factor = planted()
    found = assays.take(TRAIN).fit()
    held = assays.take(TEST).covariates(found.document, found.arrays)
    assert found.document["left_out"] == {}
    assert flat(found)[0] == "factor_1"
    assert {"rna: driven", "protein: driven", "stratum 2"} <= set(flat(found))
    assert "rna: short" not in flat(found)
    for name in ("factor_1", "rna: driven"):
        assert abs(np.corrcoef(held[:, flat(found).index(name)], factor[TEST])[0, 1]) > 0.9
    stratum = held[:, flat(found).index("stratum 2")]
    assert abs(np.corrcoef(stratum, factor[TEST] > 0)[0, 1]) > 0.9


def test_a_held_out_patient_moves_nobody():
    assays, _ = planted()
    other = changed(assays, 50)
    found, again = assays.take(TRAIN).fit(), other.take(TRAIN).fit()
    assert found.document == again.document
    assert all(np.array_equal(found.arrays[name], again.arrays[name], equal_nan=True) for name in found.arrays)
    before, after = (one.take(TEST).covariates(found.document, found.arrays) for one in (assays, other))
    moved = np.abs(before - after).max(axis=1) > 1e-9
    assert moved.tolist() == [patient == 50 for patient in TEST]


def test_a_fit_to_the_training_part_is_the_whole_pipeline_on_the_training_part():
    assays, _ = planted()
    part = assays.take(TRAIN)
    alone = PatientAssays(part.patients, part.assays, part.sets, part.measurements, part.integration)
    found, again = part.fit(), alone.fit()
    for one in (part, alone, assays.take(np.r_[TRAIN, TEST]).take(TRAIN)):
        np.testing.assert_allclose(
            one.covariates(again.document, again.arrays), part.covariates(found.document, found.arrays)
        )
    everyone = assays.fit()
    whole, own = (assays.covariates(one.document, one.arrays)[:, 0] for one in (everyone, found))
    assert np.abs(np.abs(whole) - np.abs(own)).max() > 0.01  # a fit to everyone gives other covariates: leakage shows


def test_a_patient_counts_with_the_assays_that_are_there():
    assays, _ = planted()
    found = assays.take(TRAIN).fit()
    held = assays.take(TEST)
    place = flat(found).index("factor_1")
    values = held.covariates(found.document, found.arrays)
    assert np.isfinite(values[-3:, place]).all()
    assert np.isnan(values[-3:, flat(found).index("protein: driven")]).all()
    rna = PatientAssays(held.patients, held.assays[:1], held.sets, held.measurements, held.integration)
    alone = rna.covariates(found.document, found.arrays)
    np.testing.assert_allclose(alone[-3:, place], values[-3:, place])
    assert np.sign(alone[:, place]).tolist() == np.sign(values[:, place]).tolist()
    nobody = PatientAssays(4, (), held.sets, held.measurements, held.integration)
    assert np.isnan(nobody.covariates(found.document, found.arrays)).all()


def test_a_batch_that_training_does_not_have_counts_as_not_measured():
    assays, _ = planted()
    rna = assays.assays[0]
    strange = rna._replace(
        batch=["c" if owner == 55 else name for owner, name in zip(rna.owner, rna.batch, strict=True)]
    )
    other = PatientAssays(assays.patients, (strange, assays.assays[1]), assays.sets, MEASUREMENTS, INTEGRATION)
    found = assays.take(TRAIN).fit()
    values = other.take(TEST).covariates(found.document, found.arrays)
    row = TEST.tolist().index(55)
    assert np.isnan(values[row, flat(found).index("rna: driven")])
    assert np.isfinite(values[row, flat(found).index("protein: driven")])
    assert np.isfinite(values[row, flat(found).index("factor_1")])


def test_a_single_sample_of_a_batch_takes_no_part_in_a_fit():
    assays, _ = planted()
    rna = assays.assays[0]
    alone = rna._replace(batch=["c" if owner == 7 else name for owner, name in zip(rna.owner, rna.batch, strict=True)])
    fit = fit_covariates((alone,), {}, MEASUREMENTS, INTEGRATION).assays["rna"]
    assert fit.batches is not None
    assert fit.batches.batches == ("a", "b")


def with_column(
    values: Sequence[str | None],
    numbers: tuple[str, ...],
    batch: list[str | None] | None = None,
    **correction: str | list[str],
) -> PatientAssays:
    """The planted rna assay, one sample a patient, with a column `stage` that its correction has as covariate."""
    assays, _ = planted()
    rna = assays.assays[0].samples(np.arange(60))
    wish = BatchCorrection.model_validate({"covariates": ["stage"], **correction})
    rna = rna._replace(correction=wish, columns={"stage": list(values)}, numbers=numbers, batch=batch or rna.batch)
    return PatientAssays(60, (rna,), assays.sets, MEASUREMENTS, INTEGRATION)


def encodings_of(assays: PatientAssays, rows: np.ndarray) -> list[list[object]]:
    """How the covariates of the correction are encoded in a fit to the patients at `rows`."""
    encodings: list[list[object]] = assays.take(rows).fit().document["assays"][0]["batches"]["encodings"]
    return encodings


def test_a_covariate_is_of_one_kind_in_every_fold():
    mixed = ["other" if k == 50 else str(1 + k % 3) for k in range(60)]
    assays = with_column(mixed, number_columns({"stage": mixed}, ["stage"]))
    assert encodings_of(assays, TRAIN) == [["stage", ["1", "2", "3"]]]  # these are numbers, the column is not
    assert encodings_of(assays, np.arange(10, 60)) == [["stage", ["1", "2", "3", "other"]]]
    late = [str(1 + k % 2 if k < 45 else k) for k in range(60)]
    assert encodings_of(with_column(late, number_columns({"stage": late}, ["stage"])), TRAIN) == [["stage", []]]


@pytest.mark.parametrize("numbers", [(), ("stage",)])
@pytest.mark.parametrize("value", ["other", "1e400", None])
def test_a_covariate_that_training_cannot_encode_counts_as_not_measured(numbers: tuple[str, ...], value: str | None):
    assays = with_column([value if k == 50 else str(1 + k % 3) for k in range(60)], numbers)
    found = assays.take(TRAIN).fit()
    lost = np.isnan(assays.take(TEST).covariates(found.document, found.arrays)).all(axis=1)
    assert lost.tolist() == [patient == 50 for patient in TEST]


def test_the_kind_of_a_covariate_is_kept_with_the_assay(tmp_path: Path):
    write_measurements(tmp_path / "rna.parquet", np.arange(2), np.arange(12.0).reshape(2, 6))
    names = [f"s{k}" for k in range(6)]
    value = ["1", "2", "3", "1", "2", "other"]
    columns = {"age": ["40", "51", "62", "70", "33", "48"], "stage": value}
    features = {
        "assay_id": "rna",
        "feature_ix": [0, 1],
        "feature_id": ["f0", "f1"],
        "source_id": ["g0", "g1"],
        "symbol": None,
    }
    factors = [pd.DataFrame({"sample_id": names, "factor": name, "value": held}) for name, held in columns.items()]
    held = {"assay_id": "rna", "sample_id": names, "position": range(6), "batch": list("aabbab")}
    tables = {
        "assays": pd.DataFrame({"assay_id": ["rna"], "omics": "proteome", "scale": "log2", "unit": "intensity"}),
        "assay_samples": pd.DataFrame(held),
        "features": pd.DataFrame(features),
        "samples": pd.DataFrame({"sample_id": names, "subject_id": names, "is_reference": False}),
        "sample_factors": pd.concat(factors),
    }
    told = {"name": "rna", "omics": "proteome", "path": "x.tsv", "scale": "log2", "unit": "intensity"}
    source = AssaySource.model_validate({**told, "batch_correction": {"covariates": list(columns)}})
    files = {"rna": tmp_path / "rna.parquet"}
    patients = {name: name for name in names[:5]}  # the word is a subject's who is no patient of the cohort
    arrays = assay_arrays(["rna"], [source], None, patients, tables, files, MEASUREMENTS, INTEGRATION)
    (assays,) = assays_of(arrays, names[:5])
    assert assays.assays[0].numbers == ("age",)
    assert assays.take(np.arange(3)).assays[0].numbers == ("age",)


def test_a_reference_batch_that_a_fold_does_not_have_leaves_the_assay_out():
    batch: list[str | None] = ["a" if k < 45 else "r" for k in range(60)]
    assays = with_column(["x"] * 60, (), batch, covariates=[], reference_batch="r")
    found = assays.take(TRAIN).fit()
    assert "reference_batch 'r'" in found.document["left_out"]["rna"]
    assert found.document["assays"] == []
    assert assays.fit().document["left_out"] == {}


def test_too_few_patients_and_values_that_do_not_vary_are_told():
    assays, _ = planted()
    few = assays.take(np.arange(3)).fit()
    assert "A factor model needs an assay and four samples." in few.document["left_out"]["factors"]
    rna = assays.assays[0]
    flat = rna._replace(values=np.ones_like(rna.values), correction=None)
    left_out = fit_covariates((flat,), {}, MEASUREMENTS, INTEGRATION).left_out
    assert left_out["rna"] == "no feature varies between the training patients"


def test_no_value_of_a_patient_is_among_the_constants():
    assays, _ = planted()
    found = assays.fit()
    own = assays.covariates(found.document, found.arrays)
    seen = {float(value) for values in found.arrays.values() for value in np.ravel(values) if np.isfinite(value)}
    assert not seen & {float(value) for value in own[:, :1].ravel()}
    assert all(60 not in np.shape(values) for values in found.arrays.values())


def test_written_constants_are_read_back():
    assays, _ = planted()
    fitted = fit_covariates(assays.assays, assays.sets, MEASUREMENTS, INTEGRATION)
    told = written(fitted)
    again = read_back(told.document, told.arrays)
    np.testing.assert_array_equal(covariates(fitted, assays.assays, 60), covariates(again, assays.assays, 60))
    assert again.names == told.names


@pytest.mark.parametrize("kind", ["factors", "pathway_scores", "strata"])
def test_kinds_of_covariates_are_chosen(kind: str):
    assays, _ = planted()
    chosen = IntegrationParameters(subsamples=10, covariates=[kind])
    found = fit_covariates(assays.assays, assays.sets, MEASUREMENTS, chosen).names
    names = found.pop(kind)
    assert names
    assert not any(found.values())
    start = {"factors": "factor", "pathway_scores": ("rna: ", "protein: "), "strata": "stratum"}[kind]
    assert all(name.startswith(start) for name in names)
