"""What was run, as people mean it: the Dagster runs of one `groprog run` are one entry. DuckDB and the standard library only."""

from __future__ import annotations

import duckdb

from groprog_assets.lineage import questions
from groprog_assets.tables.values import Document

COMMAND_TAG = "groprog/command"
"""The tag of a run with the command that made it."""
COMMAND_ID_TAG = "groprog/command_id"
"""The tag that all runs of one command share."""
MOST_ENTRIES = 60
DECISION = "starts_with(run_id, 'event-')"
"""A row of `runs` that is a decision, which has no Dagster run."""
KEPT = "kept"
"""The decision that a command had nothing to compute: people mean it as a run."""


def runs_known(connection: duckdb.DuckDBPyConnection, most: int = MOST_ENTRIES) -> list[Document]:
    """[{what, started, ended, actor, status, runs, computed, kept, failed}], newest first: one entry a command or a run that was
    launched in the UI.

    what: the command or the job. status: SUCCESS when every run of it succeeded, else that of one that did not. failed: checks
    that failed in it. Runs of a version that did not yet record the command stand one by one.
    """
    return questions.named_rows(
        connection,
        f"WITH run AS (SELECT r.*, s.sequence, {DECISION} AS decided,"
        " coalesce(json_extract_string(tags, ?), run_id) AS entry, json_extract_string(tags, ?) AS command"
        f" FROM runs r JOIN seals s USING (run_id) WHERE NOT {DECISION} OR job = ?),"
        " made AS (SELECT run_id, count(*) FILTER (NOT reused) AS computed, count(*) FILTER (reused) AS kept"
        " FROM materializations GROUP BY run_id UNION ALL SELECT run_id, 0, max(json_extract(body,"
        " '$.metadata.evidence.values')::BIGINT) FROM events WHERE kind = 'DECISION' GROUP BY run_id),"
        " judged AS (SELECT run_id, count(*) FILTER (NOT passed) AS failed FROM checks GROUP BY run_id)"
        " SELECT CASE WHEN any_value(decided) THEN 'groprog run' ELSE"
        " coalesce('groprog ' || any_value(command), arg_max(job, sequence)) END AS what,"
        " min(coalesce(started, ended)) AS started, max(ended) AS ended, arg_max(actor, sequence) AS actor, count(*) AS runs,"
        " coalesce(any_value(status) FILTER (status <> 'SUCCESS'), 'SUCCESS') AS status,"
        " coalesce(sum(computed), 0)::BIGINT AS computed, coalesce(sum(kept), 0)::BIGINT AS kept,"
        " coalesce(sum(failed), 0)::BIGINT AS failed FROM run LEFT JOIN made USING (run_id) LEFT JOIN judged USING (run_id)"
        " GROUP BY entry ORDER BY max(sequence) DESC LIMIT ?",
        [f'$."{COMMAND_ID_TAG}"', f'$."{COMMAND_TAG}"', KEPT, most],
    )


def decisions_known(connection: duckdb.DuckDBPyConnection, most: int = MOST_ENTRIES) -> list[Document]:
    """[{what, ended, actor, asset}] of decisions, newest first, but for commands that had nothing to compute."""
    return questions.named_rows(
        connection,
        "SELECT r.job AS what, r.ended, r.actor, any_value(e.asset) AS asset FROM runs r JOIN seals s USING (run_id)"
        f" JOIN events e USING (run_id) WHERE {DECISION} AND r.job <> ?"
        " GROUP BY r.run_id, r.job, r.ended, r.actor, s.sequence ORDER BY s.sequence DESC LIMIT ?",
        [KEPT, most],
    )
