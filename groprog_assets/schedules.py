"""When re-training happens without anybody asking. Off until a person turns it on."""

from __future__ import annotations

import dagster as dg

from groprog_assets.jobs import cohort_job

retraining = dg.ScheduleDefinition(
    name="retraining",
    job=cohort_job,
    cron_schedule="0 2 * * 1",
    description="Mondays at two: re-train on the clinical table as it is; an idle week costs seconds, as values are kept.",
)
