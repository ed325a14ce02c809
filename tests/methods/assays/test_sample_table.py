"""The sample table: every broken row is named at once; who may not be used has no row."""

from __future__ import annotations

from pathlib import Path

import pytest

from groprog_assets.errors import AssayError
from groprog_assets.methods.assays.matched_samples import SampleNames
from groprog_assets.methods.assays.sample_table import factor_names, read_sample_table, sample_tables
from groprog_assets.study.omics_assays import AssaySource


def source(name: str, **correction: object) -> AssaySource:
    given = {"name": name, "omics": "proteome", "path": "x.tsv", "scale": "log2", "batch_correction": correction}
    return AssaySource.model_validate(given)


ASSAYS = [source("rna", covariates=["age"], biological_factor="kind"), source("protein", outcome="died")]


def written(tmp_path: Path, *rows: str) -> Path:
    (tmp_path / "samples.tsv").write_text("\n".join(rows) + "\n")
    return tmp_path / "samples.tsv"


def test_factors_are_the_columns_that_corrections_name():
    assert factor_names(ASSAYS) == ["age", "kind", "died"]


def test_rows_are_read_as_declared(tmp_path: Path):
    path = written(
        tmp_path,
        "sample\tsubject\tassay\ttissue\tspecimen\tbatch\trun_order\tcollected\tis_reference\tage\tkind\tdied\tnote",
        "s1\tp1\trna\tUBERON:0002369\tTumour\tb1\t3\t640\tno\t53\tx\t1\tn",
        "s1\tp2\tprotein\tliver\tblood\tNA\t\t\tyes\tNA\ty\t0\tn",
    )
    read = read_sample_table(path, ASSAYS)
    assert read.unread == ["note"]
    assert read.rows["specimen"].tolist() == ["tumour", "blood"]
    assert read.rows["collected_months"].tolist()[0] == 640
    assert read.rows["is_reference"].tolist() == [False, True]
    assert read.factors["age"] == ["53", None]
    made = sample_tables(read, ["s-1", "s-2"], {"p2": "p-2"})
    assert made.table["subject_id"].tolist() == ["p-2"]
    assert set(made.factors["sample_id"]) == {"s-2"}
    assert set(made.factors["factor"]) == {"age", "kind", "died"}


def test_a_covariate_of_numbers_is_finite(tmp_path: Path):
    head = "sample\tsubject\tage\tkind\tdied"
    path = written(tmp_path, head, "s1\tp1\t53\tx\t1", "s2\tp2\t1e400\tx\t1", "s3\tp3\tNA\tx\t1")
    with pytest.raises(AssayError, match=r"samples.tsv:3, column age: '1e400'.*finite"):
        read_sample_table(path, ASSAYS)
    path = written(tmp_path, head, "s1\tp1\tyoung\tx\t1", "s2\tp2\tinf\tx\t1")
    assert read_sample_table(path, ASSAYS).factors["age"] == ["young", "inf"], "names of a column of words"


def test_every_broken_row_is_named_at_once(tmp_path: Path):
    path = written(
        tmp_path,
        "sample\tsubject\tassay\trun_order\tcollected\tis_reference\ttissue\tage\tkind",
        "s1\tp1\trna\t1\t2020-05-01\tno\tUBERON:12\t5\tx",
        "s1\tp1\trna\tfirst\t12\tno\t\t5\tx",
        "s2\t\tlipids\t2\t12\tmaybe\t\t5\tx",
    )
    with pytest.raises(AssayError) as error:
        read_sample_table(path, ASSAYS)
    said = str(error.value)
    for text in ("no column died", "2020-05-01", "UBERON:12", "'first'", "'lipids'", "'maybe'", "column subject"):
        assert text in said
    assert "samples.tsv:3, column sample" in said
    assert all(problem.rule and problem.remedy for problem in error.value.problems)


def test_a_misspelt_column_is_not_taken_for_a_note(tmp_path: Path):
    path = written(tmp_path, "sample\tsubject\trun-order", "s1\tp1\t1")
    with pytest.raises(AssayError, match="run_order"):
        read_sample_table(path, [])


def test_names_are_matched_exactly_then_by_alias_of_the_assay_then_of_every_one(tmp_path: Path):
    path = written(
        tmp_path,
        "sample\tsubject\tassay\talias",
        "s1\tp1\trna\tNA",
        "s1\tp2\tprotein\tNA",
        "s2\tp3\t\trun_7.raw",
    )
    names = SampleNames(read_sample_table(path, [source("rna"), source("protein")]))
    assert [names.row("rna", "s1"), names.row("protein", "s1")] == [0, 1]
    assert [names.row("rna", "s2"), names.row("protein", "run_7.raw"), names.row("rna", "S1")] == [2, 2, None]
    lost, *others = names.problems("x.tsv", "rna", ["s1 ", "s3"])
    assert "2 samples of 2" in lost.value
    assert "Did you mean 's1'" in lost.remedy
    assert not others
    assert next(names.problems("x.tsv", "rna", ["s1", "s1"])).value.startswith("1 sample twice")
    assert "two samples" in next(names.problems("x.tsv", "rna", ["s2", "run_7.raw"])).value
