"""What nobody is known to have done: no value is made, and nothing is sealed as a decision or as a run that succeeded."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from groprog_assets.definitions import build_definitions
from groprog_assets.errors import StudyError
from groprog_assets.graph import resources
from groprog_assets.graph.resources import ACTOR_TAG, known_actor
from groprog_assets.lineage import ledger
from groprog_assets.lineage.collect import collect
from groprog_assets.lineage.decisions import record_decision
from groprog_assets.running.execution import register_libraries, run_lock, run_study, study_instance
from groprog_assets.store.workspace import Workspace


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process under a user number without a name, as in a container."""

    def unnamed() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr(resources.getpass, "getuser", unnamed)
    monkeypatch.delenv(resources.ACTOR_VARIABLE, raising=False)


def sealed(workspace: Workspace) -> list[tuple[str, str, str]]:
    """(job, status, actor) of what the ledger holds, after it was brought up to date."""
    with study_instance(workspace) as instance:
        collect(instance, workspace.ledger_path, workspace.derivations)
    with ledger.open_ledger(workspace.ledger_path) as connection:
        return connection.execute("SELECT job, status, actor FROM runs ORDER BY ended, run_id").fetchall()


def test_who_acts_is_given_or_named_by_the_environment_or_logged_in(nobody: None, monkeypatch: pytest.MonkeyPatch):
    assert known_actor("ada") == "ada"
    monkeypatch.setenv(resources.ACTOR_VARIABLE, "eve")
    assert known_actor() == "eve"
    assert known_actor(" ada ") == "ada"


@pytest.mark.parametrize("given", ["", " ", "a\nb", "x" * 101])
def test_no_name_is_refused_with_what_to_do(nobody: None, given: str):
    with pytest.raises(StudyError, match="--user NAME"):
        known_actor(given)


def test_a_command_of_nobody_runs_nothing(study: Path, nobody: None):
    workspace = Workspace(study)
    with run_lock(workspace), pytest.raises(StudyError, match="nobody"):
        run_study(workspace, build_definitions(study_path=str(study)), "gene_models")
    assert workspace.derivations.current("gene_models") is None
    with run_lock(workspace):  # the remedy
        assert not run_study(workspace, build_definitions(study_path=str(study)), "gene_models", "ada").failures


@pytest.mark.parametrize("tags", [{}, {ACTOR_TAG: " "}])
def test_a_run_of_nobody_makes_nothing_and_is_sealed_as_unattributed(study: Path, nobody: None, tags: dict[str, str]):
    workspace = Workspace(study)
    definitions = build_definitions(study_path=str(study))
    with study_instance(workspace) as instance:
        register_libraries(instance, workspace)
        made = definitions.resolve_job_def("annotation_job").execute_in_process(
            instance=instance, tags=tags, raise_on_error=False, asset_selection=[dg.AssetKey("gene_models")]
        )
    assert not made.success
    assert workspace.derivations.current("gene_models") is None
    assert sealed(workspace) == [("annotation_job", "UNATTRIBUTED", "")]


def test_an_observation_is_no_decision(study: Path):
    workspace = Workspace(study)
    with study_instance(workspace) as instance:
        for metadata in ({}, {"groprog/decision": "promoted"}, {"groprog/decision": "promoted", "groprog/actor": " "}):
            instance.report_runless_asset_event(dg.AssetObservation(asset_key="champion", metadata=metadata))
        record_decision(instance, "champion", "promoted", "ada", {})
    assert sealed(workspace) == [*[("observation", "UNATTRIBUTED", "")] * 3, ("promoted", "SUCCESS", "ada")]
    with ledger.open_ledger(workspace.ledger_path) as connection:
        kinds = [row[0] for row in connection.execute("SELECT kind FROM events ORDER BY storage_id").fetchall()]
    assert kinds == [*["OBSERVATION"] * 3, "DECISION"]


def test_a_decision_of_nobody_is_not_recorded(study: Path):
    with study_instance(Workspace(study)) as instance, pytest.raises(ValueError, match="somebody"):
        record_decision(instance, "champion", "promoted", " ", {})
