"""The `dagster.yaml` beside a study: what it may not say, where `study check` and a run read it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from groprog_assets.errors import StudyError
from groprog_assets.running.execution import study_instance
from groprog_assets.store.workspace import Workspace
from groprog_assets.study.check import check_study
from groprog_assets.study.instance_settings import settings_problems

ROOT = Path(__file__).resolve().parents[2]
OWN_CLASS = {"module": "dagster._core.storage.local_compute_log_manager", "class": "LocalComputeLogManager"}


def told(folder: Path, text: str) -> str:
    path = folder / "dagster.yaml"
    path.write_text(text)
    return "\n".join(str(problem) for problem in settings_problems(path, folder))


@pytest.mark.parametrize("name", ["dagster.yaml", "examples/postgres/dagster.yaml", "groprog_assets/dagster.yaml"])
def test_the_settings_of_the_project_are_sound(name: str, tmp_path: Path):
    assert told(tmp_path, (ROOT / name).read_text()) == ""


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"storage": {"sqlite": {"base_dir": "/elsewhere"}}}, "/elsewhere"),
        ({"storage": {"sqlite": {"base_dir": "elsewhere"}}}, "elsewhere"),
        ({"storage": {"sqlite": {"base_dir": {"env": "HOME"}}}}, "storage.sqlite.base_dir.env"),
        ({"storage": {"mysql": {"mysql_url": "mysql://host/x"}}}, "storage.mysql"),
        ({"storage": {"postgres": {"postgres_url": "postgresql://somewhere/x"}}}, "GROPROG_POSTGRES"),
        ({"storage": {"custom": {"module": "beside", "class": "Storage"}}}, "storage.custom.module: beside"),
        ({"compute_logs": {**OWN_CLASS, "config": {"base_dir": "/elsewhere"}}}, "compute_logs.config.base_dir"),
        ({"compute_logs": {"module": "beside", "class": "Logs"}}, "compute_logs.module: beside"),
        ({"compute_logs": {"class": "Logs"}}, "compute_logs.module: not given"),
        ({"python_logs": {"dagster_handler_config": {"handlers": {}}}}, "python_logs"),
        ({"secrets": {"custom": {"module": "beside", "class": "Loader"}}}, "secrets"),
        ({"instance_class": {"module": "beside", "class": "Instance"}}, "instance_class"),
        ({"telemetry": {"enabled": {"env": "HOME"}}}, "telemetry.enabled.env"),
        ({"unheard_of": 1}, "unheard_of"),
        (["a list"], "not a mapping"),
    ],
)
def test_what_writes_elsewhere_or_names_code_is_refused(settings: object, said: str, tmp_path: Path):
    assert said in told(tmp_path, yaml.safe_dump(settings))


@pytest.mark.parametrize(
    "text", ["a: &x 1\nb: *x\n", "a: !!python/name:os.system\n", "a: [\n", "telemetry: {}\n" + "#" * 200_000]
)
def test_a_file_that_is_no_plain_settings_is_refused(text: str, tmp_path: Path):
    assert "packaged settings" in told(tmp_path, text)


def test_folders_of_the_study_and_limits_are_allowed(tmp_path: Path):
    logs = {**OWN_CLASS, "config": {"base_dir": str(tmp_path / "logs")}}
    runs = {"module": "dagster._core.run_coordinator", "class": "QueuedRunCoordinator"}
    limits = {**runs, "config": {"max_concurrent_runs": 2, "tag_concurrency_limits": [{"key": "a/b", "limit": 1}]}}
    assert told(tmp_path, yaml.safe_dump({"compute_logs": logs, "run_coordinator": limits})) == ""


def test_a_link_out_of_the_study_is_seen(tmp_path: Path):
    study = tmp_path / "study"
    study.mkdir()
    (study / "logs").symlink_to(tmp_path)
    logs = {**OWN_CLASS, "config": {"base_dir": str(study / "logs" / "x")}}
    assert "inside the study's folder only" in told(study, yaml.safe_dump({"compute_logs": logs}))


def test_the_check_and_the_run_refuse_it(study: Path):
    elsewhere = study.parent.parent / "elsewhere"
    (study.parent / "dagster.yaml").write_text(yaml.safe_dump({"storage": {"sqlite": {"base_dir": str(elsewhere)}}}))
    assert any("inside the study's folder only" in str(problem) for problem in check_study(study))
    with pytest.raises(StudyError, match="inside the study's folder only"), study_instance(Workspace(study)):
        pass
    assert not elsewhere.exists()


def test_the_remedy_leads_to_an_instance(study: Path):
    (study.parent / "dagster.yaml").write_text(yaml.safe_dump({"storage": {"sqlite": {"base_dir": "/elsewhere"}}}))
    (study.parent / "dagster.yaml").unlink()
    assert not check_study(study)
    with study_instance(Workspace(study)) as instance:
        assert instance.get_runs() == []
