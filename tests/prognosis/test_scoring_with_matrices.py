"""`study check`, `run` and `score` on a study with mutations and copy number: read, weighed, noted, refused."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from groprog_assets.cli.main import main
from groprog_assets.store.workspace import open_workspace
from tests.trained_study import copied


@pytest.fixture(scope="module")
def trained(written: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny study with a mutation that every early death has, run up to its model, once."""
    study = copied(written, tmp_path_factory.mktemp("matrices") / "study")
    document = yaml.safe_load(study.read_text())
    clinical = pd.read_csv(study.parent / document["cohort"]["clinical"], sep="\t", comment="#", dtype=str)
    random = np.random.default_rng(0)
    patients = clinical["PATIENT_ID"].tolist()
    months = pd.to_numeric(clinical["OS_MONTHS"], errors="coerce").to_numpy()
    risky = (months < np.nanmedian(months)) & (random.random(len(patients)) < 0.8)
    mutations = pd.DataFrame((random.random((12, len(patients))) < 0.3).astype(int), columns=patients)
    mutations.iloc[0] = risky.astype(int)
    copies = pd.DataFrame(random.integers(-2, 3, (15, len(patients))), columns=patients)
    genes = pd.read_csv(study.parent / document["cohort"]["expression"]["path"], sep="\t", usecols=[0]).iloc[:, 0]
    for name, frame in (("mutations", mutations), ("copy_number", copies)):
        frame.insert(0, "Hugo_Symbol", genes[: len(frame)].tolist())
        frame.drop(columns=patients[:3]).to_csv(study.parent / f"{name}.tsv", sep="\t", index=False)
    document["cohort"]["matrices"] = [
        {"name": name, "kind": name, "path": f"{name}.tsv"} for name in ("mutations", "copy_number")
    ]
    study.write_text(yaml.safe_dump(document))
    done = CliRunner().invoke(main, ["run", str(study), "--select", "+risk_model"])
    assert done.exit_code == 0, done.output
    return study


def score(study: Path, folder: Path, *more: str):
    cohort = open_workspace(study).study.cohort
    frame = pd.read_csv(cohort.clinical, sep="\t", comment="#", dtype=str, keep_default_na=False).iloc[2:6]
    path = folder / "new.tsv"
    frame.drop(columns=["OS_MONTHS", "OS_STATUS"]).to_csv(path, sep="\t", index=False)
    return CliRunner().invoke(main, ["score", str(study), str(path), "--output", "-", *more])


def table(result) -> pd.DataFrame:
    assert result.exit_code == 0, result.output
    return pd.read_csv(io.StringIO(result.stdout), sep="\t", dtype={"notes": str}).set_index("patient_id")


def test_a_patient_with_and_without_the_matrix(trained: Path, tmp_path: Path):
    given = ("--matrix", "mutations", str(trained.parent / "mutations.tsv"))
    held, bare = table(score(trained, tmp_path, *given)), table(score(trained, tmp_path))
    assert "no mutations: counted as average" in held["notes"].iloc[0]  # not in the matrix
    assert "no mutations" not in held["notes"].iloc[1]
    assert held["notes"].str.contains("no copy number: counted as average").all()
    assert held["risk"].iloc[0] == pytest.approx(bare["risk"].iloc[0])
    assert not np.allclose(held["risk"].iloc[1:], bare["risk"].iloc[1:])
    summary = open_workspace(trained)
    assert summary.study.cohort.matrices[0].name == "mutations"


def test_pages_show_the_mutated_gene(trained: Path, tmp_path: Path):
    pages = tmp_path / "pages"
    given = ("--matrix", "mutations", str(trained.parent / "mutations.tsv"), "--pages", str(pages))
    assert score(trained, tmp_path, *given).exit_code == 0
    assert any("mutations: " in page.read_text() for page in pages.iterdir())


def test_other_names_and_other_values_are_refused(trained: Path, tmp_path: Path):
    refused = score(trained, tmp_path, "--matrix", "methylation", str(trained.parent / "mutations.tsv"))
    assert refused.exit_code != 0
    assert "The study's matrices are mutations, copy_number." in " ".join(refused.output.split())
    frame = pd.read_csv(trained.parent / "mutations.tsv", sep="\t")
    frame.assign(Hugo_Symbol=[f"ENSG{k}" for k in range(len(frame))]).to_csv(tmp_path / "o.tsv", sep="\t", index=False)
    refused = score(trained, tmp_path, "--matrix", "mutations", str(tmp_path / "o.tsv"))
    assert refused.exit_code != 0
    assert "no gene of the model" in refused.output


def test_lineage_names_the_files(trained: Path):
    record = open_workspace(trained).derivations.current_record("patient_expression", "")
    roles = {file["role"]: Path(file["path"]).name for file in record["files"] if "matrices" in file["role"]}
    assert set(roles) == {"cohort.matrices.file"}
    assert {Path(file["path"]).name for file in record["files"]} >= {"mutations.tsv", "copy_number.tsv"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"name": "mutations", "kind": "mutations", "path": "copy_number.tsv"},
            "A cell of kind mutations is 0 (none) or 1",
        ),
        ({"name": "signature", "kind": "mutations", "path": "mutations.tsv"}, "A part of the model has this name."),
        ({"name": "mutations", "kind": "mutations", "path": "absent.tsv"}, "does not exist"),
    ],
)
def test_study_check_names_what_cannot_be_read(trained: Path, change: dict[str, str], told: str):
    document = yaml.safe_load(trained.read_text())
    document["cohort"]["matrices"] = [change]
    other = trained.parent / "other.yaml"
    other.write_text(yaml.safe_dump(document))
    done = CliRunner().invoke(main, ["study", "check", str(other)])
    assert done.exit_code != 0
    assert told in " ".join(done.output.split())
