"""The command line: readable errors, nothing touched by a bad study, kept values, a run killed and taken up again."""

from __future__ import annotations

import fcntl
import json
import warnings
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from dagster import BetaWarning

from groprog_assets.cli.main import main

QUICK = ["--select", "gene_models or clinical_records"]


def groprog(*arguments: str):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def change(study: Path, **fields: object) -> None:
    document = yaml.safe_load(study.read_text())
    document.update(fields)
    study.write_text(yaml.safe_dump(document))


def test_a_run_says_what_it_did_and_the_next_one_keeps_it(study: Path):
    first = groprog("run", study, *QUICK)
    assert first.exit_code == 0, first.output
    assert "✓ gene_models" in first.output
    assert "2 values computed, 0 kept" in first.output
    second = groprog("run", study, *QUICK)
    assert "· gene_models" in second.output
    assert "0 values computed, 2 kept" in second.output
    dry = groprog("run", study, *QUICK, "--dry-run")
    assert [line.split()[-1] for line in dry.stdout.splitlines()[:-1]] == ["keep", "keep"]


def test_a_dry_run_knows_what_a_change_would_cost(study: Path):
    groprog("run", study, *QUICK)
    change(study, parameters={"annotation": {"minimum_width": 900}})
    lines = groprog("run", study, "--dry-run").output.splitlines()
    said = {line[:40].strip(): line[40:].strip() for line in lines}
    assert said["clinical_records"] == "keep"
    assert said["gene_models"].startswith("compute")
    assert not said["genes"].startswith("keep")


def test_a_bad_study_touches_nothing_and_ends_with_2(study: Path):
    change(study, contrast={"treatment": "nobody", "control": "control"}, colour="red")
    before = sorted(study.parent.rglob("*"))
    for command in (["study", "check", study], ["run", study]):
        result = groprog(*command)
        assert result.exit_code == 2
        assert "Traceback" not in result.output
        assert "colour" in result.output
    assert sorted(study.parent.rglob("*")) == before


def test_every_problem_is_shown_at_once(study: Path):
    change(study, libraries=[{"id": "../x", "condition": "c"}], name="a b")
    output = groprog("study", "check", study).output
    assert "name" in output
    assert "libraries" in output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "{study}", "--select", "nonsense ("], "--select"),
        (["lineage", "trace", "pausing", "--study", "{study}"], "no ledger"),
        (["score", "{study}", "nobody.tsv"], "risk_model"),
        (["model", "show", "{study}"], "champion"),
        (["export", "{study}"], "Run the study first: groprog run"),
        (["run", "/nowhere/study.yaml"], "/nowhere/study.yaml"),
        (["lineage", "impact", "--study", "{study}"], "Name one thing"),
    ],
)
def test_what_cannot_be_done_is_said_without_a_traceback(study: Path, arguments: list[str], said: str):
    result = groprog(*[argument.format(study=study) for argument in arguments])
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output


def test_traceback_on_request(study: Path):
    result = groprog("--traceback", "lineage", "trace", "pausing", "--study", study)
    assert type(result.exception).__name__ == "LedgerError"


def test_a_warning_is_a_line_of_text(study: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    assert groprog("study", "check", study).exit_code == 0
    warnings.showwarning("feature x [1] has no spread", UserWarning, "normalized_features.py", 22)
    assert capsys.readouterr().err == "! feature x [1] has no spread\n"
    warnings.showwarning("beta", BetaWarning, "antlr_asset_selection.py", 145)
    assert capsys.readouterr().err == ""


def test_two_runs_of_one_study_do_not_meet(study: Path):
    (study.parent / ".groprog").mkdir()
    with open(study.parent / ".groprog" / "run.lock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        result = groprog("run", study, *QUICK)
    assert result.exit_code == 2
    assert "already running" in result.output


def test_a_damaged_library_is_named(study: Path):
    bam = study.parent / "reads" / "treated_1.bam"
    content = bytearray(bam.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 200] = bytes(200)
    bam.write_bytes(bytes(content))
    result = groprog("run", study, "--select", "gene_models or raw_reads or alignments or filtered_alignments")
    assert result.exit_code == 2
    assert "treated_1" in result.output
    assert "Traceback" not in result.output


def test_lineage_in_words_and_json(study: Path):
    assert groprog("run", study, "--select", "clinical_records", "--user", "ada").exit_code == 0
    text = groprog("lineage", "trace", "clinical_records", "--study", study).output
    assert "cohort/clinical.tsv" in text
    assert "by ada" in text
    found = json.loads(groprog("lineage", "trace", "clinical_records", "--study", study, "--json").output)
    assert found["files"][0]["role"] == "cohort.clinical"
    assert json.loads(groprog("lineage", "verify", "--study", study, "--json").output)["sound"]
    assert groprog("lineage", "rebuild", "--study", study).exit_code == 0
    output = study.parent / "prov.json"
    assert groprog("lineage", "export", "--study", study, "--output", output).exit_code == 0
    assert json.loads(output.read_text())["wasGeneratedBy"]


def test_verify_finds_an_altered_value_and_ends_with_2(study: Path):
    groprog("run", study, "--select", "clinical_records")
    found = json.loads(groprog("lineage", "trace", "clinical_records", "--study", study, "--json").output)
    stored = study.parent / ".groprog" / "store" / found["sha256"][:2] / found["sha256"]
    stored.write_bytes(stored.read_bytes()[:-1])
    result = groprog("lineage", "verify", "--study", study)
    assert result.exit_code == 2
    assert "clinical_records" in result.output


def test_the_nascent_half_alone_and_its_selection_are_one(study: Path):
    shown = groprog("run", study.parent, "--nascent", "--dry-run").stdout
    assert "nascent_figures" in shown
    assert "risk_model" not in shown
    refused = groprog("run", study, "--nascent", "--select", "pausing")
    assert refused.exit_code == 2
    assert "--nascent is a selection" in refused.output


def test_trace_names_the_libraries_and_near_assets(study: Path):
    assert groprog("run", study, "--select", "+alignments").exit_code == 0
    for arguments, said in (
        (["alignments"], "--partition"),
        (["alignments", "--partition", "treated1"], "Did you mean --partition treated_1?"),
        (["alignment"], "Did you mean alignments"),
        (["zzz"], "The ledger knows alignments"),
        (["alignments", "--partition", "treated_1", "--patient", "P1"], "Ask for risk_scores"),
    ):
        result = groprog("lineage", "trace", study, *arguments)
        assert result.exit_code == 2
        assert said in result.output


def test_an_update_is_known_by_its_name(study: Path):
    clinical = study.parent / "cohort" / "clinical.tsv"
    part = study.parent / "visit.update.tsv"
    part.write_text("\n".join(clinical.read_text().splitlines()[:4]) + "\n")
    groprog("run", study, "--select", "clinical_records")
    result = groprog("inbox", "check", study, part)
    assert result.exit_code == 0, result.output
    assert "rows of some patients; it would be accepted" in result.output
