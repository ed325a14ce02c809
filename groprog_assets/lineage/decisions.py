"""Decisions as events: a clinical file accepted or set aside, a model promoted or rolled back, with the evidence and the person.

They are observations of an asset in the event log, outside any run, and reach the ledger as events of their own, sealed like
a run.
"""

from __future__ import annotations

import dagster as dg

from groprog_assets.store.artifacts import plain
from groprog_assets.tables.values import Document

DECISION, ACTOR, EVIDENCE = "groprog/decision", "groprog/actor", "evidence"
DECIDED = ("champion", "clinical_records", "cohort", "omics_catalog", "raw_reads", "report")
"""Assets about which decisions are made."""


def record_decision(instance: dg.DagsterInstance, asset: str, decision: str, actor: str, evidence: Document) -> None:
    """Write a decision about an asset into the event log. `evidence` holds no identifier of a patient."""
    if asset not in DECIDED:
        raise ValueError(f"no decisions are made about {asset}")
    if not decision.strip() or not actor.strip():
        raise ValueError("a decision has a name and somebody who made it")
    metadata: Document = {DECISION: decision, ACTOR: actor, EVIDENCE: dg.MetadataValue.json(plain(evidence))}
    instance.report_runless_asset_event(dg.AssetObservation(asset_key=asset, description=decision, metadata=metadata))


def decisions(instance: dg.DagsterInstance) -> list[dg.EventLogRecord]:
    """Every decision, oldest first."""
    found: list[dg.EventLogRecord] = []
    for asset in DECIDED:
        cursor = None
        while True:
            page = instance.fetch_observations(dg.AssetKey(asset), limit=500, cursor=cursor, ascending=True)
            found += [record for record in page.records if not record.run_id]
            cursor = page.cursor
            if not page.has_more:
                break
    return sorted(found, key=lambda record: record.storage_id)
