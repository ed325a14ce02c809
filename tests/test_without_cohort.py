"""A study without a cohort: the nascent half to its report, nothing of patients, nothing left of a cohort it once had."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from groprog_assets.cli.main import main
from groprog_assets.definitions import build_definitions
from groprog_assets.export.results_folder import export_results
from groprog_assets.graph.specification import SPECIFICATIONS
from groprog_assets.lineage.reproduction import execute
from groprog_assets.running.planning import plan
from groprog_assets.store.readings import load_asset
from groprog_assets.store.workspace import COHORT_ASSETS, OMICS_ASSETS, SEQUENCE_ASSETS, Workspace
from groprog_assets.study.check import check_study, study_notices
from tests.trained_study import copied, run, without_drawing

PROGNOSIS = {"risk_scores.tsv", "evaluation.json", "ablation.json", "external_validation.json", "model/card.md"}


def without_cohort(path: Path) -> Path:
    document = yaml.safe_load(path.read_text())
    del document["cohort"]
    document.pop("validation", None)
    document["parameters"] = {"transcription": {"tune": False}}
    path.write_text(yaml.safe_dump(document))
    return path


ABSENT = {*COHORT_ASSETS, *SEQUENCE_ASSETS, *OMICS_ASSETS}


@pytest.fixture(scope="module")
def nascent(written: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """study.yaml of one without a cohort, run whole, its figures blank; an inbox beside it once held a cohort's value."""
    path = without_cohort(copied(written, tmp_path_factory.mktemp("nascent") / "study"))
    with pytest.MonkeyPatch.context() as patch:
        without_drawing(patch)
        run(path)
    return path


def test_the_assets_of_patients_are_those_of_two_groups():
    assert set(COHORT_ASSETS) == {n for n, item in SPECIFICATIONS.items() if item.group in ("cohort", "model")}


def test_a_study_without_a_cohort_is_sound_and_says_what_is_missing(nascent: Path):
    assert check_study(nascent) == []
    assert [notice.where for notice in study_notices(Workspace(nascent).study)] == ["cohort"]


def test_every_other_asset_is_made_once(nascent: Path):
    made = {asset for asset, _, _ in Workspace(nascent).derivations.pointers()}
    assert made == set(SPECIFICATIONS) - ABSENT
    assert not run(nascent).total(), "a second run keeps all"


def test_the_graph_makes_nothing_of_patients_and_starts_nothing(nascent: Path):
    definitions = build_definitions(study_path=str(nascent))
    graph = definitions.resolve_asset_graph()
    assert {key.path[-1] for key in graph.materializable_asset_keys} == set(SPECIFICATIONS) - {
        *COHORT_ASSETS,
        *SEQUENCE_ASSETS,
        *OMICS_ASSETS,
    }
    assert {job.name for job in definitions.jobs or ()} == {"annotation_job", "library_job", "study_job"}
    assert "inbox" not in {sensor.name for sensor in definitions.sensors or ()}
    assert not definitions.schedules


def test_the_report_has_the_nascent_sections_alone(nascent: Path):
    names = export_results(Workspace(nascent))
    page = (nascent.parent / "results" / "report.html").read_text()
    for anchor in ("provenance", "reads", "density", "differential", "pausing", "enrichment", "loci", "appendix"):
        assert f'<section id="{anchor}"' in page
    for anchor in ("cohort", "evaluation", "external", "training", "model-card"):
        assert f'<section id="{anchor}"' not in page
    assert "the study names no cohort" in page
    assert not PROGNOSIS & set(names)
    assert {"differential.tsv", "pausing.tsv", "enrichment.tsv", "features.parquet", "lineage.json"} <= set(names)
    assert json.loads((nascent.parent / "results" / "lineage.json").read_text())["derivations"]


def test_the_report_states_the_parameters_it_was_made_by(
    nascent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Run again under other windows and thresholds: figures are drawn anew, and the page keeps no published number of them."""
    without_drawing(monkeypatch)
    export_results(Workspace(nascent))
    before = (nascent.parent / "results" / "report.html").read_text()
    path = copied(nascent, tmp_path / "study")
    document = yaml.safe_load(path.read_text())
    document["parameters"] |= {
        "pausing": {"promoter_upstream": 30, "promoter_downstream": 150, "body_end": 2000},
        "differential": {"absolute_log2_fold_change": 2.0},
        "enrichment": {"significance": 0.2},
    }
    path.write_text(yaml.safe_dump(document))
    steps = {step.asset: step.verdict for step in plan(Workspace(path), set(SPECIFICATIONS) - ABSENT)}
    assert steps["nascent_figures"] != "keep"
    run(path)
    export_results(Workspace(path))
    page = (path.parent / "results" / "report.html").read_text()
    drawn_by = Workspace(path).derivations.current_record("nascent_figures")["parameters"]
    assert drawn_by["parameters.differential"]["absolute_log2_fold_change"] == 2.0
    assert drawn_by["parameters.enrichment"]["significance"] == 0.2
    body = page.split('<section id="reads"')[1].split('<section id="appendix"')[
        0
    ]  # overrides are told beside the published
    for old, new in (
        ("−50 to +200 bp", "−30 to +150 bp"),
        ("+5,000 bp", "+2,000 bp"),
        ("1.28 lower", "1.01 lower"),
        ("adjusted p below 0.05", "adjusted p below 0.2"),
    ):
        assert old in before
        assert old not in body
        assert new in body


def test_the_report_is_made_again_from_its_record(nascent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    without_drawing(monkeypatch)
    found = execute(Workspace(nascent), "report", "", tmp_path, lambda text: None)
    assert found[-1].name == "report"
    assert all(outcome.equal for outcome in found), [outcome for outcome in found if not outcome.equal]


def test_what_is_about_patients_says_that_there_are_none(nascent: Path):
    table = nascent.parent / "new.tsv"
    table.write_text("PATIENT_ID\tAGE\nP1\t60\n")
    for command in (["score", str(nascent), str(table)], ["inbox", "take", str(nascent)]):
        result = CliRunner().invoke(main, command)
        assert result.exit_code == 2
        assert "cohort" in result.output


def test_validation_needs_a_cohort(nascent: Path, tmp_path: Path):
    document = yaml.safe_load(nascent.read_text())
    endpoint = {"time_column": "t", "event_column": "e"}
    document["validation"] = [{"name": "elsewhere", "clinical": "cohort/clinical.tsv", "endpoint": endpoint}]
    path = nascent.with_name("validated.yaml")
    path.write_text(yaml.safe_dump(document))
    assert any("no cohort" in problem.value for problem in check_study(path))


def test_what_an_earlier_cohort_left_is_no_part_of_it(twice_run: Path, tmp_path: Path):
    path = copied(twice_run, tmp_path / "study")
    assert Workspace(path).derivations.current("clinical_records")
    workspace = Workspace(without_cohort(path))
    steps = plan(workspace, set(SPECIFICATIONS) - ABSENT)
    assert {step.verdict for step in steps} <= {"keep", "compute", "follow"}
    assert not PROGNOSIS & set(export_results(workspace))


def test_counts_of_units_stand_in_matrices(nascent: Path):
    export_results(Workspace(nascent))
    folder = nascent.parent / "results" / "transcripts"
    libraries = [library.id for library in Workspace(nascent).study.libraries]
    for units, counts in (("all", "counts"), ("repaired", "repaired_counts")):
        matrix = pd.read_csv(folder / f"{counts}.tsv", sep="\t")
        assert matrix.columns.tolist() == ["transcript", *libraries]
        assert matrix["transcript"].tolist() == pd.read_csv(folder / f"{units}.tsv", sep="\t")["name"].tolist()
    long = load_asset(Workspace(nascent), "transcript_counts").set_index(["transcript", "library"])["count"]
    called = pd.read_csv(folder / "counts.tsv", sep="\t").set_index("transcript")
    assert all(called.loc[unit, library] == count for (unit, library), count in long.items())
