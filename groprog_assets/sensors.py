"""What starts by itself: library partitions follow the study file, accepted clinical files start re-training, finished runs reach
the ledger and the results folder. Every sensor keeps a cursor or asks for a run key, so nothing is started twice."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from groprog_assets.artifacts import digest_file, digest_value
from groprog_assets.jobs import cohort_job, library_job, study_job
from groprog_assets.partitions import LIBRARY
from groprog_assets.resources import StudyResource

STABLE_SECONDS = 10


@dg.sensor(name="libraries", job=library_job, minimum_interval_seconds=30)
def libraries(context: dg.SensorEvaluationContext, study: StudyResource) -> dg.SensorResult:
    """Registers the study's libraries as partitions and runs those that are new or whose files changed."""
    workspace = study.workspace
    known = set(context.instance.get_dynamic_partitions(LIBRARY.name))
    missing = [library.id for library in workspace.study.libraries if library.id not in known]
    requests = []
    for library in workspace.study.libraries:
        identity = digest_value([workspace.describe(library), _stamps(workspace, library.id)])
        if library.id in missing or workspace.derivations.current("raw_reads", library.id) is None:
            requests.append(dg.RunRequest(run_key=f"{library.id}:{identity}", partition_key=library.id))
    return dg.SensorResult(
        run_requests=requests if workspace.derivations.current("gene_models") else [],
        dynamic_partitions_requests=[LIBRARY.build_add_request(missing)] if missing else [],
    )


def _stamps(workspace: object, partition: str) -> list[dict[str, object]]:
    return workspace.source_files(("library.reads", "library.alignments"), partition)  # type: ignore[attr-defined]


@dg.sensor(name="inbox", job=cohort_job, minimum_interval_seconds=60)
def inbox(context: dg.SensorEvaluationContext, study: StudyResource) -> dg.SensorResult | dg.SkipReason:
    """New clinical files: whole and unchanged for ten seconds, read once as a table, then accepted or quarantined by content.

    An accepted file starts `cohort_job`; the study's clinical table is what that job reads.
    """
    from groprog_assets.lineage.inbox import sort_inbox

    workspace = study.workspace
    folder = workspace.study.cohort.inbox
    if folder is None:
        return dg.SkipReason("The study names no inbox.")
    arrived = sort_inbox(workspace.resolve(folder), workspace, STABLE_SECONDS)
    if not arrived:
        return dg.SkipReason("Nothing new.")
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=sha256) for sha256 in arrived], cursor=arrived[-1])


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS, name="ledger", monitored_jobs=[library_job, study_job, cohort_job]
)
def ledger(context: dg.RunStatusSensorContext) -> None:
    """A finished run is projected into the ledger and, when it made the report, exported to the results folder."""
    from groprog_assets.exports import export_results
    from groprog_assets.lineage.collect import collect

    workspace = StudyResource().workspace
    collect(context.instance, workspace.ledger_path)
    if workspace.derivations.current("report"):
        export_results(workspace)


__all__ = ["Path", "digest_file", "inbox", "ledger", "libraries"]
