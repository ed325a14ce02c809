"""Sensors: partitions follow the study's libraries, accepted files start re-training, finished runs reach the ledger and the
results folder. Each sensor requests a run by a key, so nothing is started twice and nothing is missed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from traceback import format_exception

import dagster as dg

from groprog_assets.errors import StudyError
from groprog_assets.graph.partitions import LIBRARY, LIBRARY_DIMENSION
from groprog_assets.graph.patient_names import unnamed
from groprog_assets.graph.resources import StudyResource
from groprog_assets.intake.delivery_decisions import DeliveryDecisions
from groprog_assets.intake.erasure import erase_withdrawn
from groprog_assets.intake.inbox import Delivery, sort_inbox
from groprog_assets.intake.retraining import changed_libraries, cohort_due, features_due, libraries_due
from groprog_assets.lineage.command_runs import COMMAND_TAG
from groprog_assets.running.attempts import attempt
from groprog_assets.running.execution import study_lock
from groprog_assets.running.jobs import cohort_job, library_job, study_job
from groprog_assets.store.workspace import Workspace

STABLE_SECONDS = 10


@dg.sensor(name="libraries", job=library_job, minimum_interval_seconds=30)
def libraries(context: dg.SensorEvaluationContext, study: StudyResource) -> dg.SensorResult:
    """Registers the libraries of the study file as partitions and runs those that are new or whose files changed."""
    workspace = study.workspace
    arrived = libraries_due(workspace)
    requests = [
        dg.RunRequest(run_key=f"{name}:{key}", partition_key=name)
        for name, key in changed_libraries(workspace).items()
        if name not in arrived
    ]
    return dg.SensorResult(run_requests=requests, dynamic_partitions_requests=_partitions(context.instance, workspace))


@dg.sensor(
    name="inbox",
    jobs=[cohort_job, library_job, study_job],
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def inbox(context: dg.SensorEvaluationContext, study: StudyResource) -> dg.SensorResult | dg.SkipReason:
    """New files that have not changed for ten seconds are accepted or set aside, each a decision in the ledger.

    Libraries accepted are run at once. What rests on them and on an accepted clinical table follows as soon as it can, or when
    the study says (`retrain_cron`).
    """
    workspace = study.workspace
    if workspace.study.inbox is None:
        return dg.SkipReason("The study names no inbox.")
    try:
        with study_lock(workspace), told_unnamed(workspace):
            arrived = take_in(context.instance, workspace, study.actor)
    except StudyError as error:  # a command changes the study at this moment
        return dg.SkipReason(str(error))
    requests = [
        dg.RunRequest(run_key=f"{name}:{key}", partition_key=name, job_name="library_job")
        for name, key in libraries_due(workspace).items()
    ]
    if workspace.study.retrain_cron is None:
        features, table = features_due(workspace), cohort_due(workspace)
        job = "study_job" if features else "cohort_job"
        requests += [found] if (found := attempt(context.instance, features or table, job)) else []
    if not arrived and not requests:
        return dg.SkipReason("Nothing new.")
    return dg.SensorResult(run_requests=requests, dynamic_partitions_requests=_partitions(context.instance, workspace))


@contextlib.contextmanager
def told_unnamed(workspace: Workspace) -> Iterator[None]:
    """An error inside is raised with patients under pseudonyms, since Dagster keeps what a sensor raises."""
    try:
        yield
    except Exception as error:
        raise dg.Failure(description=unnamed(workspace, "".join(format_exception(error)))) from None


def take_in(instance: dg.DagsterInstance, workspace: Workspace, actor: str) -> list[Delivery]:
    """Sort the inbox; each file becomes a decision. The caller holds the lock of the study."""
    return sort_inbox(workspace, STABLE_SECONDS, DeliveryDecisions(instance), actor)


def _partitions(instance: dg.DagsterInstance, workspace: Workspace) -> list[dg.AddDynamicPartitionsRequest]:
    known = set(instance.get_dynamic_partitions(LIBRARY_DIMENSION))
    missing = [library.id for library in workspace.study.libraries if library.id not in known]
    return [LIBRARY.build_add_request(missing)] if missing else []


def _ended(name: str, status: dg.DagsterRunStatus) -> dg.SensorDefinition:
    @dg.run_status_sensor(
        run_status=status, name=name, default_status=dg.DefaultSensorStatus.RUNNING, minimum_interval_seconds=15
    )
    def ended(context: dg.RunStatusSensorContext, study: StudyResource) -> None:
        if COMMAND_TAG in context.dagster_run.tags:
            return  # the command projects its runs itself, once all of them have ended
        with told_unnamed(study.workspace):
            project(context.instance, study.workspace, study.actor)

    return ended


def project(instance: dg.DagsterInstance, workspace: Workspace, actor: str = "") -> int:
    """Project what ended since into the ledger; export the results when a report is there. The number of runs and decisions."""
    from groprog_assets.lineage.collect import collect
    from groprog_assets.running.exporting import export_and_seal

    added = collect(instance, workspace.ledger_path, workspace.derivations)
    added += erase_withdrawn(instance, workspace)
    if added and workspace.derivations.current("report"):
        export_and_seal(workspace, actor, instance)
    return added


LEDGER = [
    _ended("ledger", dg.DagsterRunStatus.SUCCESS),
    _ended("ledger_of_failures", dg.DagsterRunStatus.FAILURE),
    _ended("ledger_of_cancellations", dg.DagsterRunStatus.CANCELED),
]
"""However a run in the UI ends, it reaches the ledger."""
