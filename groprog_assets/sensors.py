"""What starts by itself: library partitions follow the study file, accepted clinical files start re-training, finished runs reach
the ledger and the results folder. Every sensor keeps a cursor or asks for a run key, so nothing is started twice."""

from __future__ import annotations

import dagster as dg

from groprog_assets.artifacts import digest_value
from groprog_assets.asset_definition import LIBRARY_FILES
from groprog_assets.decisions import record_decision
from groprog_assets.jobs import cohort_job, library_job
from groprog_assets.partitions import LIBRARY, LIBRARY_DIMENSION
from groprog_assets.resources import StudyResource
from groprog_assets.workspace import Workspace

STABLE_SECONDS = 10


@dg.sensor(name="libraries", job=library_job, minimum_interval_seconds=30)
def libraries(context: dg.SensorEvaluationContext, study: StudyResource) -> dg.SensorResult:
    """Registers the study's libraries as partitions and runs those that are new or whose files changed."""
    workspace = study.workspace
    known = set(context.instance.get_dynamic_partitions(LIBRARY_DIMENSION))
    missing = [library.id for library in workspace.study.libraries if library.id not in known]
    requests = []
    for library in workspace.study.libraries:
        files = workspace.source_files(LIBRARY_FILES, library.id)
        identity = digest_value([workspace.describe(library), files])
        record = workspace.derivations.current_record("raw_reads", library.id)
        if record is None or record["files"] != files:
            requests.append(dg.RunRequest(run_key=f"{library.id}:{identity}", partition_key=library.id))
    return dg.SensorResult(
        run_requests=requests if workspace.derivations.current("gene_models") else [],
        dynamic_partitions_requests=[LIBRARY.build_add_request(missing)] if missing else [],
    )


@dg.sensor(name="inbox", job=cohort_job, minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.RUNNING)
def inbox(context: dg.SensorEvaluationContext, study: StudyResource) -> dg.SensorResult | dg.SkipReason:
    """New clinical files that have not changed for ten seconds are accepted or set aside, each a decision in the ledger.

    What was accepted starts `cohort_job`, unless the study says when to train again (`retrain_cron`).
    """
    from groprog_assets.inbox import sort_inbox

    workspace = study.workspace
    if workspace.study.cohort.inbox is None:
        return dg.SkipReason("The study names no inbox.")
    arrived = sort_inbox(workspace, STABLE_SECONDS)
    if not arrived:
        return dg.SkipReason("Nothing new.")
    for item in arrived:
        evidence = {"file": item.name, "sha256": item.sha256, **item.evidence}
        record_decision(context.instance, "clinical_records", item.verdict, study.actor or "inbox", evidence)
    accepted = [item.sha256 for item in arrived if item.verdict == "accepted"]
    at_once = accepted[-1:] if workspace.study.retrain_cron is None else []
    return dg.SensorResult(
        run_requests=[dg.RunRequest(run_key=sha256) for sha256 in at_once], cursor=arrived[-1].sha256
    )


def _ended(name: str, status: dg.DagsterRunStatus) -> dg.SensorDefinition:
    @dg.run_status_sensor(
        run_status=status, name=name, default_status=dg.DefaultSensorStatus.RUNNING, minimum_interval_seconds=15
    )
    def ended(context: dg.RunStatusSensorContext, study: StudyResource) -> None:
        project(context.instance, study.workspace)

    return ended


def project(instance: dg.DagsterInstance, workspace: Workspace) -> int:
    """Project what ended since into the ledger; export the results when a report is there. The number of runs and decisions."""
    from groprog_assets.exports import export_results
    from groprog_assets.lineage.collect import collect

    added = collect(instance, workspace.ledger_path, workspace.derivations)
    if added and workspace.derivations.current("report"):
        export_results(workspace)
    return added


LEDGER = [
    _ended("ledger", dg.DagsterRunStatus.SUCCESS),
    _ended("ledger_of_failures", dg.DagsterRunStatus.FAILURE),
    _ended("ledger_of_cancellations", dg.DagsterRunStatus.CANCELED),
]
"""However a run in the UI ends, it reaches the ledger."""
