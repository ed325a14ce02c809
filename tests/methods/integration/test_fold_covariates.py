"""Covariates fitted on training patients: nobody's covariate depends on a held-out patient, assays may be missing, planted things
come back."""

from __future__ import annotations

import numpy as np
import pytest

from groprog_assets.methods.integration.fitted_covariates import WrittenCovariates, read_back, written
from groprog_assets.methods.integration.fold_covariates import PatientAssay, covariates, fit_covariates
from groprog_assets.methods.integration.patient_assays import PatientAssays
from groprog_assets.study.integration_parameters import IntegrationParameters
from groprog_assets.study.measurement_parameters import MeasurementParameters
from groprog_assets.study.omics_assays import BatchCorrection

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
