"""What `groprog status` says of runs and disk."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from groprog_assets.cli.main import main
from groprog_assets.running.execution import study_instance
from groprog_assets.running.usage import bytes_in, spoken_bytes
from groprog_assets.store.workspace import Workspace


def test_sizes_in_words():
    said = [spoken_bytes(size) for size in (0, 812, 4_200, 4_200_000, 13_400_000_000)]
    assert said == ["0 bytes", "812 bytes", "4.2 kB", "4.2 MB", "13 GB"]


def test_bytes_of_a_folder(tmp_path: Path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_bytes(b"123")
    (tmp_path / "y").write_bytes(b"12345")
    assert bytes_in(tmp_path) == (2, 8)
    assert bytes_in(tmp_path / "nowhere") == (0, 0)


def test_a_store_that_no_run_has_made_yet_is_empty_and_not_elsewhere(study: Path):
    text = CliRunner().invoke(main, ["status", str(study)]).output
    assert "store       0 values, 0 bytes in" in text


def test_a_study_on_one_page(study: Path):
    runner = CliRunner()
    assert runner.invoke(main, ["run", str(study), "--select", "clinical_records", "--user", "ada"]).exit_code == 0
    text = runner.invoke(main, ["status", str(study.parent)]).output
    for said in ("1 success", "by ada, success", "queue       empty", "free", "verified    never", " sealed, 0 ended"):
        assert said in text
    told = json.loads(runner.invoke(main, ["status", str(study), "--json"]).output)
    assert told["runs"] == {"success": 1}
    assert told["disk"]["state"] > told["disk"]["store"] > 0
    runner.invoke(main, ["lineage", "verify", str(study)])
    assert "verified    20" in runner.invoke(main, ["status", str(study)]).output


def test_reproduce_names_packages_and_what_differs(study: Path):
    runner = CliRunner()
    runner.invoke(main, ["run", str(study), "--select", "clinical_records"])
    text = runner.invoke(main, ["lineage", "reproduce", "clinical_records", "--study", str(study)]).output
    assert "  pandas==" in text
    assert "  python==3" in text
    assert "Nothing changed since." in text
    (kept,) = (study.parent / ".groprog" / "environments").glob("*.json")
    told = json.loads(kept.read_text())
    assert f"  torch=={told['packages']['torch']}" in text


def lines_of(study: Path) -> dict[str, str]:
    text = CliRunner().invoke(main, ["status", str(study)]).output
    return {line[:12].strip(): line[12:] for line in text.splitlines()}


def test_a_command_is_one_run_whatever_dagster_made_of_it(study: Path):
    runner = CliRunner()
    select = ["--select", "gene_models or raw_reads or clinical_records"]
    assert runner.invoke(main, ["run", str(study), *select, "--user", "ada"]).exit_code == 0
    with study_instance(Workspace(study)) as instance:
        assert instance.get_runs_count() > 2
        last = max(record.end_time or 0 for record in instance.get_run_records())
    told = json.loads(runner.invoke(main, ["status", str(study), "--json"]).output)
    assert told["runs"] == {"success": 1}
    assert told["newest run"]["at"] == datetime.fromtimestamp(last, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    before = lines_of(study)["runs"]
    assert runner.invoke(main, ["run", str(study), *select, "--dry-run"]).exit_code == 0
    assert lines_of(study)["runs"] == before
    assert "0 values computed" in runner.invoke(main, ["run", str(study), *select, "--user", "bob"]).output
    after = lines_of(study)["runs"]
    assert after.startswith("2 success; the newest ended 20")
    assert after.endswith(" by bob, success")


def test_a_command_of_which_one_part_failed_has_failed(study: Path):
    runner = CliRunner()
    select = ["--select", "gene_models or raw_reads or clinical_records"]
    assert runner.invoke(main, ["run", str(study), *select]).exit_code == 0
    table = study.parent / "cohort" / "clinical.tsv"
    lines = table.read_text().splitlines(keepends=True)
    table.write_text("".join(lines).replace(lines[1], lines[1] * 2))
    document = yaml.safe_load(study.read_text())
    document["parameters"] = {"annotation": {"minimum_width": 900}}
    study.write_text(yaml.safe_dump(document))
    with study_instance(Workspace(study)) as instance:
        begun = instance.get_runs_count()
    monkey = pytest.MonkeyPatch()
    monkey.setattr("groprog_assets.cli.main.require_sound_or_known", lambda study: None)
    try:
        assert runner.invoke(main, ["run", str(study), *select]).exit_code == 2
    finally:
        monkey.undo()
    with study_instance(Workspace(study)) as instance:
        assert instance.get_runs_count() == begun + 2
    runs = lines_of(study)["runs"]
    assert "1 success" in runs
    assert "1 failure" in runs
    assert runs.endswith(", failure")


def test_status_and_collection_count_the_same_values(study: Path):
    runner = CliRunner()
    assert runner.invoke(main, ["run", str(study), "--select", "clinical_records"]).exit_code == 0
    told = json.loads(runner.invoke(main, ["status", str(study), "--json"]).output)
    assert told["disk"]["values"] == len(Workspace(study).store.objects.values()) > 0
    assert f"{told['disk']['values']} value" in runner.invoke(main, ["store", "collect", str(study)]).output
