"""What `groprog status` says of runs and disk."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from groprog_assets.cli.main import main
from groprog_assets.running.usage import bytes_in, spoken_bytes


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
