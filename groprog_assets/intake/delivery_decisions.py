"""The outcome for each delivered file as a decision in Dagster's event log.

It is a decision about clinical_records or, with libraries, about raw_reads.
"""

from __future__ import annotations

import dagster as dg

from groprog_assets.intake.inbox import Delivery
from groprog_assets.lineage.decisions import DECISION, EVIDENCE, record_decision


class DeliveryDecisions:
    """The decisions of one instance about deliveries (`inbox.Decisions`)."""

    def __init__(self, instance: dg.DagsterInstance):
        self.instance = instance

    def record(self, delivery: Delivery, actor: str) -> None:
        """A decision names a file by its digest: the name it came with may be a patient's, and `groprog inbox list` knows it."""
        told = {name: item for name, item in delivery.evidence.items() if name != "first"}
        evidence = {"sha256": delivery.sha256, "kind": delivery.kind, **told}
        record_decision(self.instance, _about(delivery), delivery.verdict, actor, evidence)

    def has(self, delivery: Delivery, since: float) -> bool:
        cursor = None
        while True:
            page = self.instance.fetch_observations(dg.AssetKey(_about(delivery)), limit=100, cursor=cursor)
            for record in page.records:
                if record.timestamp < since:
                    return False
                observation = record.asset_observation
                metadata = {} if observation is None else observation.metadata
                told = metadata[EVIDENCE].value if EVIDENCE in metadata else {}
                if (
                    isinstance(told, dict)
                    and told.get("sha256") == delivery.sha256
                    and metadata[DECISION].value == delivery.verdict
                ):
                    return True
            cursor = page.cursor
            if not page.has_more:
                return False


def _about(delivery: Delivery) -> str:
    return "raw_reads" if delivery.kind == "libraries" else "clinical_records"
