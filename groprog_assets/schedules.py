"""When training starts again without anybody asking: at the times the study names (`retrain_cron`), else only when turned on."""

from __future__ import annotations

import dagster as dg

from groprog_assets.errors import GroProgError
from groprog_assets.jobs import cohort_job
from groprog_assets.resources import StudyResource
from groprog_assets.workspace import open_workspace

MONDAYS_AT_TWO = "0 2 * * 1"


def retraining(study_path: str = "") -> dg.ScheduleDefinition:
    """The schedule of the study at `study_path` (or of GROPROG_STUDY); of none, one that stands still."""
    try:
        cron = open_workspace(study_path or None).study.retrain_cron
    except GroProgError:
        cron = None

    @dg.schedule(
        name="retraining",
        job=cohort_job,
        cron_schedule=cron or MONDAYS_AT_TWO,
        default_status=dg.DefaultScheduleStatus.RUNNING if cron else dg.DefaultScheduleStatus.STOPPED,
        description="Train again when the clinical table is another one than the model's; `retrain_cron` of the study sets when.",
    )
    def retrain(context: dg.ScheduleEvaluationContext, study: StudyResource) -> dg.RunRequest | dg.SkipReason:
        workspace = study.workspace
        record = workspace.derivations.current_record("clinical_records")
        files = workspace.source_files(("cohort.clinical",), "")
        if record is not None and record["files"] == files:
            return dg.SkipReason("The clinical table is the one last read.")
        return dg.RunRequest(run_key=files[0]["sha256"])

    return retrain
