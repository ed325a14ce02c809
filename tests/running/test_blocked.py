"""A value that failed a blocking check stops what reads it, in a later run and by selection too; the exit status says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from groprog_assets.cli.main import main
from groprog_assets.store.workspace import open_workspace
from tests.trained_study import run, trained_study, without_drawing


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        without_drawing(patch)
        return trained_study(tmp_path_factory.mktemp("blocked") / "study")


def with_failed_check(path: Path, asset: str) -> None:
    """As if the blocking check of `asset` had failed in the run that made its present value."""
    derivations = open_workspace(path).derivations
    record = derivations.current_record(asset)
    assert record is not None
    verdict = {"name": "no_leakage", "passed": False, "blocking": True, "description": "told the outcome", "values": {}}
    derivations.point(asset, "", derivations.write(json.loads(json.dumps({**record, "verdicts": [verdict]}))))


def test_what_failed_its_check_is_not_trained_on_by_selection(trained: Path):
    with_failed_check(trained, "encoded_tensors")
    results = {item: item.read_bytes() for item in (trained.parent / "results").rglob("*") if item.is_file()}
    model = open_workspace(trained).derivations.current("risk_model")
    planned = CliRunner().invoke(main, ["run", str(trained), "--select", "risk_model", "--dry-run"])
    assert "1 blocked" in planned.output
    done = CliRunner().invoke(main, ["run", str(trained), "--select", "risk_model"])
    assert done.exit_code == 2
    assert "told the outcome" in done.output + (done.stderr or "")
    assert open_workspace(trained).derivations.current("risk_model") == model
    assert {item: item.read_bytes() for item in results} == results


def test_once_the_check_passes_the_run_goes_on(trained: Path):
    run(trained)
    done = CliRunner().invoke(main, ["run", str(trained), "--select", "risk_model"])
    assert done.exit_code == 0, done.output
