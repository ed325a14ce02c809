"""Running a study: one run at a time, resumable, in the order annotation, libraries, study; then ledger and results.

A killed run leaves whole values and no half ones; the next run uses every value whose circumstances are unchanged.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg

from groprog_assets.compute.compute_pool import Pool
from groprog_assets.errors import Problem, ReadsError, StudyError, TableError
from groprog_assets.graph.instance_storage import events_kept_open, readable_storage
from groprog_assets.graph.partitions import LIBRARY_DIMENSION
from groprog_assets.graph.resources import ACTOR_TAG, LISTENERS, close_pools, known_actor
from groprog_assets.graph.specification import LIBRARY_ASSETS, SPECIFICATIONS
from groprog_assets.intake.delivery_decisions import DeliveryDecisions
from groprog_assets.intake.erasure import erase_withdrawn
from groprog_assets.intake.inbox import finish
from groprog_assets.lineage import ledger
from groprog_assets.lineage.collect import FINISHED, collect
from groprog_assets.lineage.command_runs import COMMAND_ID_TAG, COMMAND_TAG
from groprog_assets.running.code_location import in_code_location
from groprog_assets.running.parallel_values import libraries_in_parallel, study_in_parallel
from groprog_assets.running.selection import phases, selected_assets
from groprog_assets.running.unchanged import Unchanged, left_to_run, record_unchanged, unchanged_values
from groprog_assets.store.artifacts import write_atomically
from groprog_assets.store.half_written import remove_remains, remove_scratch_of_the_dead
from groprog_assets.store.workspace import STUDY_VARIABLE, Workspace
from groprog_assets.study.instance_settings import SETTINGS, require_safe_settings
from groprog_assets.tables.values import Document

OF_ONE_LIBRARY = (ReadsError, TableError, ValueError, ArithmeticError, LookupError)
"""What the files of one library can raise. After anything else, such as a full disk or workers that are gone, no further library
begins: it would meet the same."""
INTERRUPTED = "DagsterExecutionInterruptedError"


@dataclass
class RunReport:
    """What a run left undone: what failed (step, text), the libraries that were left out, and whether no further library may
    begin: what they all rest on failed, or something that is no fault of one library's files."""

    failures: list[tuple[str, str]] = field(default_factory=list)
    left_out: list[dict[str, str]] = field(default_factory=list)
    stopped: bool = False


@contextlib.contextmanager
def run_lock(workspace: Workspace) -> Iterator[None]:
    """The lock of the study for a command that runs it; half-written files of a killed one are removed first."""
    with study_lock(workspace):
        inbox = workspace.study.inbox
        remove_remains(workspace.state, workspace.results, *([] if inbox is None else [workspace.resolve(inbox)]))
        remove_scratch_of_the_dead()
        yield


@contextlib.contextmanager
def study_lock(workspace: Workspace) -> Iterator[None]:
    """One process at a time changes a study: a command that runs it, or whoever sorts its inbox; else StudyError."""
    try:
        workspace.state.mkdir(parents=True, exist_ok=True)
        opened = open(workspace.state / "run.lock", "a+")  # noqa: SIM115
    except OSError as error:
        rule, remedy = "The state of a study lies beside its file.", "Mend the rights of the folder, or copy the study."
        raise StudyError(Problem(str(workspace.state), error.strerror or str(error), rule, remedy)) from None
    with opened as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.seek(0)
            raise StudyError(
                Problem(
                    str(workspace.path),
                    f"already running ({handle.read().strip() or 'another process'})",
                    "One run at a time changes a study.",
                    "Wait for it, or end it; what it finished is kept.",
                )
            ) from None
        handle.seek(0)
        handle.truncate()
        handle.write(f"process {os.getpid()}")
        handle.flush()
        yield


@contextlib.contextmanager
def study_instance(workspace: Workspace) -> Iterator[dg.DagsterInstance]:
    """The Dagster instance of a study. Its databases are made by one process before any other may open them.

    Its settings are the `dagster.yaml` beside the study file, else those of the package. StudyError when they could write
    outside the study's folder, and when the storage cannot be opened, or fails while it is used.
    """
    home = workspace.home
    home.mkdir(parents=True, exist_ok=True)
    own, target = workspace.folder / SETTINGS, home / SETTINGS
    require_safe_settings(own, workspace.folder)
    with open(workspace.state / "instance.lock", "a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if own.is_file() or not target.is_file():
            settings = (own if own.is_file() else Path(__file__).parents[1] / SETTINGS).read_bytes()
            if not target.is_file() or target.read_bytes() != settings:
                write_atomically(target, settings)
        require_safe_settings(target, workspace.folder)
        os.environ["DAGSTER_HOME"] = str(home)
        os.environ[STUDY_VARIABLE] = str(workspace.path)
        with readable_storage(home, opening=True):
            instance = dg.DagsterInstance.from_config(str(home))
            instance.get_run_records(limit=1)
            instance.get_dynamic_partitions(LIBRARY_DIMENSION)
            instance.event_log_storage.get_maximum_record_id()
    try:
        with readable_storage(home):
            yield instance
    finally:
        instance.dispose()


def register_libraries(instance: dg.DagsterInstance, workspace: Workspace) -> None:
    """The study's libraries as partitions: new ones added, removed ones dropped (their records stay)."""
    wanted = [library.id for library in workspace.study.libraries]
    known = instance.get_dynamic_partitions(LIBRARY_DIMENSION)
    instance.add_dynamic_partitions(LIBRARY_DIMENSION, [name for name in wanted if name not in known])
    for name in known:
        if name not in wanted:
            instance.delete_dynamic_partition(LIBRARY_DIMENSION, name)


def close_orphans(instance: dg.DagsterInstance) -> int:
    """Runs of this command that were killed are marked failed, so that they reach the ledger; how many."""
    unfinished = instance.get_runs(dg.RunsFilter(tags={COMMAND_TAG: "run"}))
    closed = 0
    for run in unfinished:
        if run.status not in FINISHED:
            instance.report_run_failed(run, "The process was killed; what it finished is kept.")
            closed += 1
    return closed


def run_study(
    workspace: Workspace, definitions: dg.Definitions, select: str = "", actor: str = "", debug: bool = False
) -> RunReport:
    """Materialize the chosen assets, project the runs into the ledger. The caller holds `run_lock`."""
    report = RunReport()
    chosen = selected_assets(definitions, select)
    annotation, libraries, rest = phases(chosen)
    if not debug:
        for name in ("dagster", "dagster.daemon", "alembic"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
    with ledger.open_ledger(
        workspace.ledger_path, make=True
    ):  # one that cannot be written to is said before anything runs
        pass
    with study_instance(workspace) as instance:
        close_orphans(instance)
        finish(workspace, DeliveryDecisions(instance))
        register_libraries(instance, workspace)
        tags = {ACTOR_TAG: known_actor(actor), COMMAND_TAG: "run", COMMAND_ID_TAG: uuid.uuid4().hex[:12]}
        kept = unchanged_values(workspace, instance, chosen)
        _announce(kept)
        gated = any(SPECIFICATIONS[name].gated for name in rest)
        annotation, rest = left_to_run(annotation, "", kept), left_to_run(rest, "", kept)
        changed = {library.id: left_to_run(libraries, library.id, kept) for library in workspace.study.libraries}
        changed = {name: assets for name, assets in changed.items() if assets}
        try:
            resource = definitions.resources["pool"]  # type: ignore[index]
            with resource.opening() if annotation or changed or rest else contextlib.nullcontext(Pool) as pool:
                if annotation:
                    _execute(definitions, instance, "annotation_job", annotation, None, tags, report, debug)
                    report.stopped = bool(report.failures)
                with libraries_in_parallel(workspace, pool(), changed):
                    for library, assets in changed.items():
                        if not report.stopped:
                            _execute(definitions, instance, "library_job", assets, library, tags, report, debug)
            if not (annotation or changed or rest):
                record_unchanged(instance, workspace, kept, tags[ACTOR_TAG])
            if gated and not report.failures:
                _, report.left_out = workspace.eligible_libraries(LIBRARY_ASSETS)
                _require_conditions(workspace, report)
                reason = "its patient has withdrawn; remove it from the study file"
                report.left_out += [{"library": name, "reason": reason} for name in workspace.withdrawn_libraries]
            if rest and not report.failures:
                with study_in_parallel(workspace, pool(), rest):
                    _execute(definitions, instance, "study_job", rest, None, tags, report, debug)
        finally:
            close_pools()
            collect(instance, workspace.ledger_path, workspace.derivations)
            erase_withdrawn(instance, workspace)
    return report


def _announce(kept: Unchanged) -> None:
    """Tell the command line of the values that need no step."""
    for (asset, partition), record in kept.items():
        told: Document = {"asset": asset, "partition": partition, "headline": record["headline"]}
        for listener in LISTENERS:
            listener("finished", {**told, "seconds": 0.0, "reused": True})


def _execute(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    job: str,
    assets: list[str],
    partition: str | None,
    tags: dict[str, str],
    report: RunReport,
    debug: bool,
) -> None:
    told: dict[str, str] = {}
    errors: dict[str, Exception] = {}
    known: set[tuple[str, str]] = set()

    def listen(event: str, what: Document) -> None:
        if event == "failed":
            told[what["asset"]] = what["trace" if debug else "text"]
            errors[what["asset"]] = what["error"]

    LISTENERS.append(listen)
    try:
        with in_code_location(instance, job), events_kept_open():
            made = definitions.resolve_job_def(job).execute_in_process(
                instance=instance,
                partition_key=partition,
                asset_selection=[dg.AssetKey(name) for name in assets],
                tags=tags,
                raise_on_error=False,
                run_config={"loggers": {"console": {"config": {"log_level": "DEBUG" if debug else "CRITICAL"}}}},
            )
    finally:
        LISTENERS.remove(listen)
    _stop_if_interrupted(instance, made)
    refused = failed_checks(made.all_events)
    for event in made.all_events:
        if event.event_type == dg.DagsterEventType.STEP_FAILURE:
            data = event.step_failure_data
            error = data.error
            blocked = error is not None and error.cls_name == "DagsterAssetCheckFailedError"
            if blocked and partition is not None:
                continue  # the library is left out, and the report says so
            raised = errors.get(str(event.step_key))
            report.stopped = report.stopped or not isinstance(raised, OF_ONE_LIBRARY)
            found = {(item.where, item.value) for item in getattr(raised, "problems", [])}
            if found and found <= known:
                continue  # another step read the same file, and the same was wrong
            known |= found
            text = told.get(str(event.step_key), "") or (refused.get(str(event.step_key), "") if blocked else "")
            text = text or (error.to_string() if error and debug else _last_line(error))
            where = f"{event.step_key}[{partition}]" if partition else str(event.step_key)
            report.failures.append((where, text))


def _stop_if_interrupted(instance: dg.DagsterInstance, made: dg.ExecuteInProcessResult) -> None:
    """KeyboardInterrupt when a signal ended the run: Dagster records the interruption as a failed step and returns."""
    run = instance.get_run_by_id(made.run_id)
    ended = run is not None and run.status == dg.DagsterRunStatus.CANCELED
    errors = [event.step_failure_data.error for event in made.all_events if event.is_step_failure]
    if ended or any(INTERRUPTED in (error.to_string() if error else "") for error in errors):
        raise KeyboardInterrupt


def failed_checks(events: Sequence[dg.DagsterEvent]) -> dict[str, str]:
    """{asset: what its failed blocking checks found}."""
    found: dict[str, str] = {}
    for event in events:
        if event.event_type != dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            continue
        check = event.asset_check_evaluation_data
        if not check.passed and check.severity == dg.AssetCheckSeverity.ERROR:
            asset, said = check.asset_key.to_user_string(), f"check {check.check_name}: {check.description}"
            found[asset] = f"{found[asset]}; {said}" if asset in found else said
    return found


def _last_line(error: Any) -> str:
    while error is not None and error.cause is not None:
        error = error.cause
    said = error.message.strip() if error is not None else "failed without a message"
    return re.sub(r"^groprog_assets\.errors\.\w+: ", "", said)


def _require_conditions(workspace: Workspace, report: RunReport) -> None:
    """StudyError where every library of a side of the contrast is left out; controls and patients' own do not count."""
    study, contrast = workspace.study, workspace.study.contrast
    left_out = {item["library"]: item["reason"] for item in report.left_out}
    of = {item.id: item.condition for item in study.experiment_libraries}
    kept = {condition for name, condition in of.items() if name not in left_out}
    problems = [
        Problem(
            f"condition {condition}",
            "no library passed its checks: "
            + "; ".join(f"{name}: {reason}" for name, reason in left_out.items() if of[name] == condition),
            "Both sides of the contrast need one.",
            "Mend or replace the libraries named.",
        )
        for condition in (contrast.treatment, contrast.control)
        if condition not in kept
    ]
    if problems:
        raise StudyError(problems)
