"""A study of assays without phenopackets and libraries: it is checked, runs, keeps what is unchanged, and names nobody."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

from groprog_assets.definitions import build_definitions
from groprog_assets.export.results_folder import export_results
from groprog_assets.methods.assays.formats import Aids, Assay, read_assay
from groprog_assets.methods.measurements.layout import read_measurements
from groprog_assets.omics_catalog.catalog import Catalog
from groprog_assets.omics_catalog.writing import write_catalog
from groprog_assets.store.identities import names
from groprog_assets.store.readings import load_asset
from groprog_assets.store.workspace import ASKED_ASSETS, ASSAY_ASSETS, OMICS_ASSETS, PHENOTYPE_ASSETS, Workspace
from groprog_assets.study.assay_rules import assay_notices
from groprog_assets.study.check import check_study, load_study
from groprog_assets.study.omics_assays import AssaySource
from groprog_assets.study.omics_study import Omics
from tests.assay_files import SUBJECTS, assay_study, protein, rna, sample_rows
from tests.checked_study import changed, told_in_a_line
from tests.omics_files import omics_study
from tests.trained_study import copied, run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """study.yaml of one that was run whole."""
    path = assay_study(tmp_path_factory.mktemp("assays") / "study")
    run(path)
    export_results(Workspace(path))
    return path


@pytest.fixture
def copy(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy that a test may change."""
    path = copied(made, tmp_path / "study")
    monkeypatch.setenv("GROPROG_STUDY", str(path))
    return path


def test_a_check_reads_each_assay_once(made: Path, monkeypatch: pytest.MonkeyPatch):
    from groprog_assets.methods.assays import assay_tables

    read: list[str] = []

    def counted(source: AssaySource, aids: Aids) -> dict[str, Assay]:
        read.append(source.name)
        return read_assay(source, aids)

    monkeypatch.setattr(assay_tables, "read_assay", counted)
    sources = [source.name for source in load_study(made).omics.assays]
    for command in ("study", "omics"):
        read.clear()
        told_in_a_line(command, "check", str(made))
        assert read == sources


def test_the_graph_makes_the_assays_and_not_what_needs_phenopackets(made: Path):
    workspace = Workspace(made)
    assert {asset for asset, _, _ in workspace.derivations.pointers()} == set(OMICS_ASSETS) - {
        *PHENOTYPE_ASSETS,
        "reference_diseases",
        *ASKED_ASSETS,
    }
    definitions = build_definitions(study_path=str(made))
    makeable = definitions.resolve_asset_graph().materializable_asset_keys
    assert {key.path[-1] for key in makeable} == set(OMICS_ASSETS) - {
        *PHENOTYPE_ASSETS,
        *ASKED_ASSETS,
        "reference_diseases",
    }
    assert not run(made).total()


def test_packets_alone_have_no_assays(tmp_path: Path):
    workspace = Workspace(omics_study(tmp_path / "study"))
    assert not any(workspace.has(asset) for asset in ASSAY_ASSETS)
    assert workspace.has("phenotypes")


def test_the_values_are_those_of_the_files(made: Path):
    raw = load_asset(Workspace(made), "assay_raw")
    _, counts = read_measurements(raw.matrices["rna"].path)
    np.testing.assert_array_equal(counts, rna().to_numpy())
    _, levels = read_measurements(raw.matrices["protein"].path)
    np.testing.assert_allclose(levels, protein().to_numpy(), rtol=1e-6)
    held = raw.samples[raw.samples["assay_id"] == "rna"]
    assert held["batch"].tolist() == list("ab" * 6)
    assert len(load_asset(Workspace(made), "samples").table) == 22


def test_the_stages_are_artifacts_of_their_own_and_checked(made: Path):
    workspace = Workspace(made)
    stages = {name: load_asset(workspace, f"assay_{name}") for name in ("normalised", "corrected", "filled")}
    for name, stage in stages.items():
        assert set(stage.matrices) == {"rna", "protein"}
        assert set(stage.table["stage"]) == {name}
    assert (
        len({value.matrices["protein"].path for value in (load_asset(workspace, "assay_raw"), *stages.values())}) == 4
    )
    assert stages["corrected"].constants["rna"]["shift"].shape == (2, 40)
    record = workspace.derivations.current_record("assay_corrected")
    assert record is not None
    verdicts = {item["name"]: (item["passed"], item["blocking"]) for item in record["verdicts"]}
    assert verdicts["confounding"] == (True, True)
    assert verdicts["biology_kept"][0]


def test_a_batch_that_is_the_outcome_is_refused_by_check_and_run(copy: Path):
    table = sample_rows()
    table["died"] = table["batch"].map({"a": "yes", "b": "no"})
    table.to_csv(copy.parent / "samples.tsv", sep="\t", index=False)
    document = yaml.safe_load(copy.read_text())
    for assay in document["omics"]["assays"]:
        assay["batch_correction"] = {"outcome": "died"}
    copy.write_text(yaml.safe_dump(document))
    for command in (("study", "check"), ("run",)):
        output = told_in_a_line(*command, str(copy), code=2)
        assert "Cramer's V of batch and died 1.00" in output
        assert "method: none" in output
    for assay in document["omics"]["assays"]:
        assay["batch_correction"] = {"outcome": "died", "method": "none"}
    copy.write_text(yaml.safe_dump(document))
    told_in_a_line("run", str(copy))
    record = Workspace(copy).derivations.current_record("assay_corrected")
    assert record is not None
    assert not {item["name"]: item["passed"] for item in record["verdicts"]}["batch_association"]


def test_the_results_name_nobody(made: Path):
    state = made.parent / ".groprog"
    kept = [made.parent / "results", *(state / part for part in ("store", "derivations", "dagster"))]
    for path in (path for part in kept for path in part.rglob("*") if path.is_file()):
        content = path.read_bytes()
        text = str(pq.read_table(path).to_pylist()) if content.startswith(b"PAR1") else content.decode("latin-1")
        assert "patient-0" not in text, path
    assert len(names(state)) == len(SUBJECTS) + 22
    page = (made.parent / "results" / "omics" / "report.html").read_text()
    assert "Research use only" in page
    effects = (made.parent / "results" / "omics" / "batch_effects.tsv").read_text()
    assert "factor_share_after" in effects
    assert "40\t12" in (made.parent / "results" / "omics" / "assays.tsv").read_text()
    assert "protein" in page


def test_a_withdrawn_consent_takes_the_columns_out(copy: Path):
    rows = [f"{name}\t1\t2024-01-01\t{'2025-01-01' if k == 2 else ''}\tDUO:0000042" for k, name in enumerate(SUBJECTS)]
    header = "subject\tversion\tgranted\twithdrawn\tpermission\n"
    (copy.parent / "consents.tsv").write_text(header + "\n".join(rows) + "\n")
    workspace = Workspace(changed(copy, consents={"table": "consents.tsv"}))
    gone = names(workspace.state)[f"sample rna/{SUBJECTS[2]}-rna"]
    run(copy)
    raw = load_asset(workspace, "assay_raw")
    _, counts = read_measurements(raw.matrices["rna"].path)
    np.testing.assert_array_equal(counts, np.delete(rna().to_numpy(), 2, axis=1))
    assert gone not in names(workspace.state).values()
    assert gone not in set(raw.samples["sample_id"])
    assert gone not in set(load_asset(workspace, "samples").table["sample_id"])


def test_an_assay_of_nobody_stops_the_run_by_name(copy: Path):
    rows = [f"{name}\t1\t2024-01-01\tDUO:0000042" for name in SUBJECTS[10:]]
    (copy.parent / "consents.tsv").write_text("subject\tversion\tgranted\tpermission\n" + "\n".join(rows) + "\n")
    changed(copy, consents={"table": "consents.tsv"})
    output = told_in_a_line("run", str(copy), code=2)
    assert "consent_coverage" in output
    assert "protein 0 of 10" in output


def test_the_check_names_every_problem_before_a_run(copy: Path):
    table = sample_rows()
    table[table["sample"] != "patient-03-rna"].to_csv(copy.parent / "samples.tsv", sep="\t", index=False)
    text = (copy.parent / "protein.csv").read_text()
    (copy.parent / "protein.csv").write_text(text + text.splitlines()[3] + "\n")
    output = told_in_a_line("omics", "check", str(copy), code=2)
    assert "patient-03-rna" in output
    assert "'P00002' again" in output


def test_the_check_says_what_the_assays_hold(copy: Path):
    output = told_in_a_line("study", "check", str(copy))
    assert "40 features of 12 samples" in output
    assert "30 features of 10 samples" in output


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"samples": None}, "omics.samples"),
        ({"assays": []}, "omics"),
        ({"ontologies": {"hpo": "samples.tsv", "annotations": "samples.tsv"}}, "omics.ontologies"),
        ({"phenopackets": [{"source": "a", "path": "samples.tsv"}]}, "omics.ontologies"),
    ],
)
def test_a_broken_rule_is_named_with_its_field_and_remedy(copy: Path, change: dict, field: str):
    problems = check_study(changed(copy, **change))
    assert any(problem.where.endswith(field) and problem.rule and problem.remedy for problem in problems), problems


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"scale": None}, "scale"),
        ({"unit": ""}, "unit"),
        ({"scale": "beta"}, "omics"),
        ({"format": "seg"}, "genome_build"),
        ({"name": "PROTEIN"}, "name"),
        ({"batch_correction": {"covariates": ["died"], "outcome": "died"}}, "covariates[0]"),
        ({"batch_correction": {"covariates": ["kind", "kind"]}}, "covariates"),
        ({"batch_correction": {"method": "none", "mean_only": True}}, "method"),
    ],
)
def test_a_broken_rule_of_an_assay_is_named(copy: Path, change: dict, field: str):
    document = yaml.safe_load(copy.read_text())
    document["omics"]["assays"][0] |= change
    copy.write_text(yaml.safe_dump(document))
    problems = check_study(copy)
    assert any(problem.where.endswith(field) and problem.rule and problem.remedy for problem in problems), problems


def test_an_outcome_of_the_subjects_coded_otherwise_is_no_covariate_either(tmp_path: Path):
    rows = sample_rows()
    rows["died"] = ["yes" if int(subject.removeprefix("patient-")) % 3 == 0 else "no" for subject in rows["subject"]]
    rows["state"] = rows["died"].map({"yes": "gone", "no": "well"})
    rows["months"] = [str(3 + int(subject.removeprefix("patient-"))) for subject in rows["subject"]]
    path = assay_study(tmp_path / "study", rows)
    document = yaml.safe_load(path.read_text())
    document["omics"]["survival"] = {"time": "months", "event": "died"}
    document["omics"]["assays"][0]["batch_correction"] = {"covariates": ["kind", "state"]}
    path.write_text(yaml.safe_dump(document))
    assert "'state' holds the same as 'died'" in told_in_a_line("study", "check", str(path), code=2)


@pytest.mark.parametrize("name", ["months", "died"])
def test_an_outcome_of_the_subjects_is_no_covariate_of_a_correction(copy: Path, name: str):
    document = yaml.safe_load(copy.read_text())
    document["omics"]["survival"] = {"time": "months", "event": "died"}
    document["omics"]["assays"][0]["batch_correction"] = {"covariates": ["kind", name]}
    copy.write_text(yaml.safe_dump(document))
    (problem,) = [item for item in check_study(copy) if "batch_correction.covariates[1]" in item.where]
    assert problem.value == f"{name!r} is the outcome"


def test_groups_as_covariate_of_a_correction_are_noticed(copy: Path):
    document = yaml.safe_load(copy.read_text())
    document["omics"]["groups"] = {"column": "kind"}
    omics = Omics.model_validate(document["omics"])
    assert not any("omics.groups" in item.value for item in assay_notices(omics))
    document["omics"]["assays"][0]["batch_correction"] = {"covariates": ["kind"]}
    told = [item for item in assay_notices(Omics.model_validate(document["omics"])) if "omics.groups" in item.value]
    assert [item.where for item in told] == ["omics.assays, rna"]


def test_the_catalogue_shows_every_stage(made: Path):
    workspace = Workspace(made)
    snapshot = load_asset(workspace, "omics_catalog")
    stages = ("raw", "normalised", "corrected", "filled")
    assert set(snapshot["measurements"]) == {f"{assay}_{stage}" for assay in ("rna", "protein") for stage in stages}
    catalog = Catalog(write_catalog(workspace.state, workspace.store, snapshot), lambda purpose, studied: [])
    numbers, counts = read_measurements(load_asset(workspace, "assay_raw").matrices["rna"].path)
    row = catalog.rows('SELECT "values" FROM measurements_rna_raw WHERE feature_ix = ?', int(numbers[3]))[0]
    np.testing.assert_array_equal(row["values"], counts[3])
    known = int(np.isfinite(read_measurements(load_asset(workspace, "assay_raw").matrices["protein"].path)[1]).sum())
    assert catalog.number("SELECT count(*) FROM measurements_protein_raw_long") == known
    assert catalog.number("SELECT count(*) FROM samples") == 22
    catalog.close()
