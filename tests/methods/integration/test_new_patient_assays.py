"""Files of new patients as the constants of a model take them: whose the samples are, and what the model does not know."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import CohortError
from groprog_assets.methods.integration.new_patient_assays import NewAssays, read_new_assays
from groprog_assets.study.measurement_parameters import MeasurementParameters
from groprog_assets.study.omics_assays import AssaySource

FEATURES = [f"g{k}" for k in range(12)]
PATIENTS = ("b", "a")


def constants(**changes: object) -> dict:
    """The document of a model that was fitted to one assay."""
    held = {"name": "rna", "method": "none", "scale": "log2", "normalised_scale": "log2", "unit": "reads"}
    held |= {"features": [f"local:{name}" for name in FEATURES], "batches": None, **changes}
    left_out = {"protein": "no feature\nvaries"}
    return {"assays": [held], "left_out": left_out, "measurements": MeasurementParameters().model_dump()}


def read(folder: Path, table: pd.DataFrame, fitted: dict, samples: str = "", name: str = "rna") -> NewAssays:
    table.rename_axis("gene").to_csv(folder / "new.tsv", sep="\t", na_rep="NA")
    if samples:
        (folder / "samples.tsv").write_text(samples)
    told = {"omics": "transcriptome", "path": folder / "trained_on.tsv", "scale": "log2", "unit": "reads"}
    sources = [AssaySource.model_validate({"name": each, **told}) for each in ("rna", "protein", "rna.late")]
    given = folder / "samples.tsv" if samples else None
    return read_new_assays({name: folder / "new.tsv"}, given, PATIENTS, sources, fitted, 10)


def values(columns: list[str], rows: list[str] | None = None) -> pd.DataFrame:
    names = FEATURES if rows is None else rows
    made = np.arange(len(names) * len(columns), dtype=float).reshape(len(names), -1)
    return pd.DataFrame(made, index=names, columns=columns)


def test_samples_stand_in_the_order_of_the_patients_and_several_of_one_are_averaged(tmp_path: Path):
    table = values(["a1", "b1", "a2", "r"])
    rows = "sample\tsubject\tis_reference\na1\ta\t\nb1\tb\t\na2\ta\t\nr\ta\tyes\n"
    made = read(tmp_path, table, constants(), rows)
    expected = [table["b1"], (table["a1"] + table["a2"]) / 2]
    np.testing.assert_allclose(made.assays.values, np.array(expected))
    assert made.notices == ("assay rna: 1 sample of nobody in the table left out",)
    (assay,) = made.assays.assays
    assert assay.owner.tolist() == [0, 1, 1]
    np.testing.assert_array_equal(
        read(tmp_path, table.rename(columns={"a1": "a"}), constants()).assays.measured(), [0, 1]
    )


def test_features_that_the_model_does_not_have_are_no_harm(tmp_path: Path):
    table = values(["a", "b"], [*FEATURES[:10], "other"])
    assert read(tmp_path, table, constants()).assays.measured().all()
    with pytest.raises(
        CohortError, match=r"9 features of the model.*12 features: local:g0, local:g1, local:g2 and 9 more"
    ):
        read(tmp_path, table.drop(index="g3"), constants())


@pytest.mark.parametrize(
    ("name", "fitted", "said"),
    [
        ("protein", constants(), "protein was left out of it: no feature varies"),
        ("nosuch", constants(), "use the name of the assay in the study file"),
        ("rna", constants(unit="ng/ml"), "trained on values whose unit is ng/ml"),
        ("rna", constants(scale="ln"), "trained on values whose scale is ln"),
        ("rna", constants(batches={"names": ["x", "y"], "encodings": []}), "the columns sample, subject and batch"),
        ("rna", constants(name="rna.first"), "The model reads rna.first of such a file"),
        ("rna", constants(name="rna.late"), "The model reads rna.late."),  # an assay of its own
    ],
)
def test_what_the_model_does_not_know_is_refused(tmp_path: Path, name: str, fitted: dict, said: str):
    with pytest.raises(CohortError) as error:
        read(tmp_path, values(["a", "b"]), fitted, name=name)
    assert said in str(error.value)


def test_a_model_of_before_units_were_kept_is_not_asked_for_one(tmp_path: Path):
    fitted = constants()
    del fitted["assays"][0]["unit"]
    assert read(tmp_path, values(["a", "b"]), fitted).assays.measured().all()
