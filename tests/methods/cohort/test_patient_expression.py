"""Expression matrices: orientation, identifiers, repeated genes, units; real and bad ones."""

from __future__ import annotations

import gzip
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import CohortError, Notice
from groprog_assets.methods.cohort.expression_scale import scale_problems
from groprog_assets.methods.cohort.patient_expression import expression_genes, read_expression, shared_genes
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
    text = refused(save(matrix().add_prefix("other "), tmp_path))
    assert "e.tsv:1: none of the 12 patients" in text
    assert "'other p0'" in text
    assert "data_clinical_sample.txt" in text


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
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        problems = scale_problems(KINDS[actual], declared, "file")
    if declared == actual:
        assert problems == []
        assert not said
    elif (declared, actual) in {("linear", "counts"), ("linear", "log")}:
        assert problems == []  # nothing contradicts them, so it is said only
        assert f"they may be {actual}" in str(said[0].message)
    elif (declared, actual) == ("counts", "linear"):
        assert problems == []  # as expected counts are; reading them says so
    else:
        assert actual in problems[0].rule.partition("look like ")[2]
        assert f"scale to {actual}" in problems[0].remedy or f"to {actual} if they are" in problems[0].remedy


def test_tpm_are_told_from_counts_by_their_totals() -> None:
    """Values scaled to one total are no counts, however they are called."""
    values = rng.gamma(0.5, 200, (400, 30))
    tpm = values / values.sum(axis=0) * 1e6
    assert scale_problems(tpm, "linear", "file") == []
    for declared in ("counts", "log", "z_score"):
        problem = scale_problems(tpm, declared, "file")[0]
        assert problem.rule.endswith("look like linear.")
        assert problem.remedy.startswith("Set cohort.expression.scale to linear,")
    rounded = np.round(tpm)
    assert scale_problems(rounded, "linear", "file") == []


def test_logs_with_a_small_offset_are_no_z_scores() -> None:
    """log2(TPM + 0.001), as UCSC Xena gives it, has negative values; its genes are not centred at 0."""
    values = np.log2(2 ** np.maximum(LOG, 0) * (rng.random(LOG.shape) > 0.2) + 0.001)
    assert values.min() < -9
    assert "look like log" in scale_problems(values, "z_score", "file")[0].rule
    assert scale_problems(values, "log", "file") == []


def test_expected_counts_are_rounded_and_said(tmp_path: Path) -> None:
    """The same sample at three depths, as RSEM writes it, comes out equal."""
    deep = np.array([[200.25, 1000.5, 8000.1], [50.0, 250.0, 2000.0], [12.6, 63.2, 500.4]]).T
    frame = pd.DataFrame(deep, index=["A", "B", "C"], columns=IDS[:3])
    with pytest.warns(Notice, match=r"6 of its counts \(67%\) are fractional.*expected counts \(RSEM, salmon\)"):
        values = read_expression(cohort(save(frame, tmp_path), "counts"), IDS[:3])["values"]
    rounded = np.round(deep)
    np.testing.assert_allclose(values, np.log2(1 + rounded / rounded.sum(axis=0) * 1e6).T, rtol=1e-6)
    assert np.ptp(values.mean(axis=1)) < 0.05


def test_dates_among_symbols_are_named_and_left_out(tmp_path: Path) -> None:
    frame = matrix(5).set_axis(["1-Mar", "TP53", "1-Mar", "2-Sep", "MYC"], axis=0)
    with pytest.warns(Notice) as said:
        read = read_expression(cohort(save(frame, tmp_path)), IDS)
    assert read["gene"].tolist() == ["MYC", "TP53"]
    assert read["averaged_gene"].tolist() == []
    text = str(said[0].message)
    assert "'1-Mar' in 2 rows: MARCH1 (now MARCHF1) or MARC1 (now MTARC1)" in text
    assert "'2-Sep': SEPT2 (now SEPTIN2)" in text


def test_a_row_cut_short_is_named(tmp_path: Path) -> None:
    path = save(matrix(), tmp_path)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:3], lines[3].rpartition("\t")[0] + "\n", *lines[4:]]))
    assert "e.tsv:4: row 'G2' has 12 cells, the header (line 1) names 13 columns" in refused(path)


def test_r_leaves_the_first_name_out(tmp_path: Path) -> None:
    path = save(matrix(), tmp_path)
    whole = read_expression(cohort(path), IDS)["values"]
    path.write_text(path.read_text().split("\t", 1)[1])
    with pytest.warns(Notice, match="the header has 12 names, the rows have 13 cells"):
        np.testing.assert_array_equal(read_expression(cohort(path), IDS)["values"], whole)


def test_a_header_that_lacks_a_patient_is_not_taken_for_r(tmp_path: Path) -> None:
    path = save(matrix(), tmp_path)
    path.write_text(path.read_text().replace("\tp4\t", "\t", 1))
    text = refused(path)
    assert "the header has 12 names, the rows have 13 cells" in text
    assert "col.names = NA" in text


def test_genes_under_a_patients_name(tmp_path: Path) -> None:
    path = save(matrix(), tmp_path)
    header, rest = path.read_text().split("\n", 1)
    path.write_text("\t".join([*header.split("\t")[1:], ""]) + "\n" + rest)
    assert "the first column is named 'p0', as a patient is" in refused(path)


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


@pytest.mark.parametrize(
    "counters",
    [
        ["__no_feature", "__ambiguous", "__not_aligned"],
        ["N_unmapped", "N_multimapping", "N_noFeature", "N_ambiguous"],
    ],
)
def test_counter_rows_of_htseq_and_star_are_no_genes(tmp_path: Path, counters: list[str]) -> None:
    """They differ between samples with the quality of the library and would enter every sample's total."""
    counts = matrix(30, 4).abs().mul(1000).round()
    plain = read_expression(cohort(save(counts, tmp_path), "counts"), IDS)
    extra = pd.DataFrame(
        {column: [10 ** (3 + k % 4)] * len(counters) for k, column in enumerate(counts.columns)}, index=counters
    )
    with pytest.warns(Notice, match=f"{len(counters)} rows that count reads of no gene"):
        read = read_expression(cohort(save(pd.concat([counts, extra]), tmp_path), "counts"), IDS)
    assert not set(counters) & set(read["gene"])
    np.testing.assert_allclose(read["values"], plain["values"])
    assert not set(counters) & set(expression_genes(save(pd.concat([counts, extra]), tmp_path)))
