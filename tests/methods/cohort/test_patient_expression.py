"""Expression matrices: orientation, identifiers, repeated genes, units; real and bad ones."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import CohortError
from groprog_assets.methods.cohort.patient_expression import read_expression, scale_problems, shared_genes
from groprog_assets.study.parameters import CohortParameters
from groprog_assets.study.schema import ClinicalField, Cohort, Endpoint, Expression

IDS = [f"p{k}" for k in range(12)]


def cohort(path: Path, scale: str = "log") -> Cohort:
    return Cohort(
        clinical=path,
        endpoint=Endpoint(time_column="T", event_column="E"),
        fields=[ClinicalField(column="AGE", name="age", kind="continuous")],
        expression=Expression(path=path, scale=scale),
    )


def matrix(genes: int = 5, seed: int = 1) -> pd.DataFrame:
    values = np.random.default_rng(seed).uniform(1, 12, (genes, len(IDS))).round(3)
    return pd.DataFrame(values, index=pd.Index([f"G{k}" for k in range(genes)], name="Hugo_Symbol"), columns=IDS)


def save(frame: pd.DataFrame, folder: Path, separator: str = "\t") -> Path:
    frame.to_csv(folder / "e.tsv", sep=separator, na_rep="NA")
    return folder / "e.tsv"


def refused(path: Path, scale: str = "log", ids: list[str] = IDS) -> str:
    with pytest.raises(CohortError) as caught:
        read_expression(cohort(path, scale), ids)
    assert all(problem.rule and problem.remedy for problem in caught.value.problems)
    return str(caught.value)


def test_patients_by_genes_in_the_order_asked(tmp_path: Path) -> None:
    frame = matrix()
    frame.iloc[0, 0] = np.nan
    frame.insert(0, "Entrez_Gene_Id", range(5))
    path = save(frame, tmp_path)
    read = read_expression(cohort(path), ["p3", "absent", "p0"])
    assert read["patient_id"].tolist() == ["p3", "p0"]
    assert read["gene"].tolist() == ["G0", "G1", "G2", "G3", "G4"]
    assert read["values"].dtype == np.float32
    np.testing.assert_allclose(read["values"], frame[["p3", "p0"]].to_numpy().T, rtol=1e-6)
    assert np.isnan(read["values"][1, 0])


def test_a_study_without_expression_gives_none(tmp_path: Path) -> None:
    study = cohort(tmp_path / "absent.tsv").model_copy(update={"expression": None})
    read = read_expression(study, IDS)
    assert read["values"].shape == (0, 0)
    assert read["patient_id"].size == read["gene"].size == 0


def test_gzip_and_comma_read_the_same(tmp_path: Path) -> None:
    first = read_expression(cohort(save(matrix(), tmp_path)), IDS)
    path = save(matrix(), tmp_path, ",")
    path.write_bytes(gzip.compress(path.read_bytes()))
    np.testing.assert_array_equal(read_expression(cohort(path), IDS)["values"], first["values"])


def test_repeated_genes_are_averaged_and_named(tmp_path: Path) -> None:
    frame = matrix(3).set_axis(["B", "A", "B"], axis=0)
    frame.iloc[0, 1] = np.nan
    frame.loc[""] = 1.0
    frame.loc["empty"] = np.nan
    read = read_expression(cohort(save(frame, tmp_path)), IDS)
    assert read["gene"].tolist() == ["A", "B"]
    assert read["averaged_gene"].tolist() == ["B"]
    values = frame.iloc[[0, 2]]
    np.testing.assert_allclose(read["values"][:, 1], values.mean(), rtol=1e-6)


def test_a_transposed_matrix_is_named(tmp_path: Path) -> None:
    text = refused(save(matrix().T, tmp_path))
    assert "12 patients stand in the rows, 0 in the columns" in text
    assert "Transpose" in text


def test_other_patients_are_named(tmp_path: Path) -> None:
    text = refused(save(matrix().add_suffix("-01"), tmp_path))
    assert "'p0-01'" in text
    assert "suffixes" in text


def test_a_patient_in_two_columns(tmp_path: Path) -> None:
    frame = matrix()
    frame.columns = ["p1", *IDS[1:]]
    assert "several columns" in refused(save(frame, tmp_path))


@pytest.mark.parametrize("bad", ["inf", "high", "1,5"])
def test_cells_that_are_no_finite_number(tmp_path: Path, bad: str) -> None:
    frame = matrix().astype(object)
    frame.iloc[2, 3] = bad
    text = refused(save(frame, tmp_path))
    assert "patient p3, gene G2" in text
    assert repr(bad) in text


@pytest.mark.parametrize("missing", ["", "NA", "NaN", "null"])
def test_missing_cells_are_kept(tmp_path: Path, missing: str) -> None:
    frame = matrix().astype(object)
    frame.iloc[2, 3] = missing
    assert np.isnan(read_expression(cohort(save(frame, tmp_path)), IDS)["values"][3, 2])


def test_counts_and_linear_values_become_logs(tmp_path: Path) -> None:
    counts = pd.DataFrame(np.arange(60).reshape(5, 12) * 37, index=[f"G{k}" for k in range(5)], columns=IDS)
    read = read_expression(cohort(save(counts, tmp_path), "counts"), IDS)
    expected = np.log2(1 + counts / counts.sum() * 1e6)
    np.testing.assert_allclose(read["values"], expected.to_numpy().T, rtol=1e-6)
    assert read["unit"][0] == "log2(1 + counts per million)"
    read = read_expression(cohort(save(counts / 7, tmp_path), "linear"), IDS)
    np.testing.assert_allclose(read["values"], np.log2(1 + counts / 7).to_numpy().T, rtol=1e-6)


rng = np.random.default_rng(3)
LOG = rng.normal(7, 2, (50, 1)) + rng.normal(0, 1, (50, 40))
KINDS = {
    "z_score": rng.standard_normal((50, 40)),
    "log": np.maximum(LOG, 0),
    "counts": rng.poisson(2 ** np.maximum(LOG, 0)).astype(float),
    "linear": 2 ** np.maximum(LOG, 0),
}


@pytest.mark.parametrize("declared", KINDS)
@pytest.mark.parametrize("actual", KINDS)
def test_the_wrong_unit_is_detected_and_named(declared: str, actual: str) -> None:
    problems = scale_problems(KINDS[actual], declared, "file")
    if declared == actual or (declared, actual) in {("linear", "counts"), ("linear", "log")}:
        assert problems == []  # counts and logs are legal linear values: nothing contradicts them
    else:
        assert f"look like {actual}" in problems[0].rule


def test_no_number_at_all(tmp_path: Path) -> None:
    assert "no number" in refused(save(matrix() * np.nan, tmp_path))


def test_ten_patients_twenty_thousand_genes(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        np.tile(np.arange(10.0) / 3, (20_000, 1)), index=[f"G{k:05d}" for k in range(20_000)], columns=IDS[:10]
    )
    assert read_expression(cohort(save(frame, tmp_path)), IDS)["values"].shape == (10, 20_000)


def test_too_few_shared_genes_are_refused_with_examples() -> None:
    parameters = CohortParameters(minimum_shared_genes=3)
    assert shared_genes(["B", "A", "C", "X"], ["C", "B", "A", "A"], parameters) == ["A", "B", "C"]
    with pytest.raises(CohortError, match="2 of its 3 genes") as caught:
        shared_genes(["A", "B", "ENSG1"], ["A", "B", "TP53"], parameters)
    assert "'ENSG1'" in str(caught.value)
    assert "'TP53'" in str(caught.value)


def test_the_real_matrix(shared: Path) -> None:
    folder = shared / "data" / "cohorts" / "tcga_lihc"
    ids = pd.read_csv(folder / "data_clinical_patient.txt", sep="\t", comment="#")["PATIENT_ID"].tolist()
    path = folder / "data_mrna_seq_zscores.txt.gz"
    read = read_expression(cohort(path, "z_score"), ids)
    assert read["values"].shape == (333, 1550)
    assert read["patient_id"].tolist() == ids
    assert "look like z_score" in refused(path, "log", ids)
