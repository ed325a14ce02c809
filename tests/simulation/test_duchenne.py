"""The simulated omics half of the Duchenne case study: its files are what its program writes, and what is planted comes back."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml

from groprog_assets.methods.integration.moderated_tests import group_tests
from groprog_assets.methods.measurements.normalisation import fit_normalisation, normalise, usual_method
from groprog_assets.study.measurement_parameters import MeasurementParameters
from studies.duchenne import prepare

FOLDER = Path(prepare.__file__).parent
ASSAYS = {item["name"]: item for item in yaml.safe_load((FOLDER / "study.yaml").read_text())["omics"]["assays"]}


@pytest.mark.parametrize("name", ["samples", *prepare.PLANTED])
def test_the_files_are_those_of_the_program(tmp_path: Path, name: str):
    prepare.main(tmp_path)
    assert (tmp_path / f"{name}.tsv").read_bytes() == (FOLDER / f"{name}.tsv").read_bytes()


@pytest.mark.parametrize("assay", list(prepare.PLANTED))
def test_what_is_planted_comes_back(assay: str):
    told = ASSAYS[assay]
    assert told["platform"] == "simulated"
    table = pd.read_csv(FOLDER / f"{assay}.tsv", sep="\t", index_col=0)
    method, scale = usual_method(told["omics"], told["scale"])
    constants = fit_normalisation(table.to_numpy(), method, told["scale"], scale)
    held = pd.DataFrame(normalise(table.to_numpy(), constants, MeasurementParameters()), table.index, table.columns)
    samples = prepare.sample_table().set_index("sample")
    state = samples.loc[samples["state"] != "NA", "state"]
    found = group_tests(held, state, reference="control").set_index("feature")
    planted = prepare.PLANTED[assay]
    strongest = found["t"].abs().sort_values(ascending=False).index
    assert set(strongest[: len(planted)]) == set(planted)
    assert (found.loc[list(planted), "q_value"] < 0.001).all()
    assert (found["q_value"] < 0.05).sum() <= len(planted) + 1  # one in twenty of those called may be noise
    for feature, difference in planted.items():
        assert found.loc[feature, "effect"] == pytest.approx(difference, abs=0.6)
