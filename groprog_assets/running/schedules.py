"""Scheduled re-training: at the times of `retrain_cron`, or switched on in the UI."""

from __future__ import annotations

import dagster as dg

from groprog_assets.errors import GroProgError
from groprog_assets.graph.resources import StudyResource
from groprog_assets.intake.retraining import features_due, left_behind, table_changed
from groprog_assets.running.attempts import attempt
from groprog_assets.running.jobs import cohort_job, study_job
from groprog_assets.store.artifacts import digest_value
from groprog_assets.store.workspace import open_workspace

MONDAYS_AT_TWO = "0 2 * * 1"


def retraining(study_path: str = "") -> list[dg.ScheduleDefinition]:
    """The schedules of the study at `study_path` (or of GROPROG_STUDY); of none, such that stand still.

    `retraining` when the clinical table changed; `retraining_with_libraries` when the libraries did, which includes the former.
    """
    try:
        cron = open_workspace(study_path or None).study.retrain_cron
    except GroProgError:
        cron = None
    times = cron or MONDAYS_AT_TWO
    status = dg.DefaultScheduleStatus.RUNNING if cron else dg.DefaultScheduleStatus.STOPPED

    @dg.schedule(
        name="retraining",
        job=cohort_job,
        cron_schedule=times,
        default_status=status,
        description="Train again when the clinical table is another one than the model's; `retrain_cron` of the study sets when.",
    )
    def retrain(context: dg.ScheduleEvaluationContext, study: StudyResource) -> dg.RunRequest | dg.SkipReason:
        workspace = study.workspace
        if features_due(workspace):
            return dg.SkipReason("The libraries changed too: retraining_with_libraries does both.")
        if not table_changed(workspace) and not left_behind(workspace):
            return dg.SkipReason("The clinical table is the one last read.")
        name, _ = workspace.snapshots.current()
        key = digest_value([name, workspace.source_files(("cohort.clinical",), "")])
        return attempt(context.instance, key, wait=0) or dg.SkipReason("A retraining on this table is under way.")

    @dg.schedule(
        name="retraining_with_libraries",
        job=study_job,
        cron_schedule=times,
        default_status=status,
        description="Make everything after the libraries again when new ones came in; `retrain_cron` of the study sets when.",
    )
    def retrain_with_libraries(
        context: dg.ScheduleEvaluationContext, study: StudyResource
    ) -> dg.RunRequest | dg.SkipReason:
        key = features_due(study.workspace)
        if not key:
            return dg.SkipReason("The libraries are those last read.")
        return attempt(context.instance, key, wait=0) or dg.SkipReason("A run with these libraries is under way.")

    return [retrain, retrain_with_libraries]
