"""What grows old without new records has a freshness policy of the study's days; reads have none."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

from groprog_assets.definitions import build_definitions
from groprog_assets.running.freshness import UNSAID_DAYS, WARNED_AT
from groprog_assets.study.schema import Study


def test_cohort_model_and_report_are_to_be_made_within_the_study_s_days(monkeypatch):
    monkeypatch.delenv("GROPROG_STUDY", raising=False)
    graph = build_definitions().resolve_asset_graph()
    policies = {name: graph.get(dg.AssetKey(name)).freshness_policy for name in ("risk_model", "report", "coverage")}
    assert policies["coverage"] is None
    for name in ("risk_model", "report"):
        policy = policies[name]
        assert policy.fail_window.to_timedelta() == timedelta(days=UNSAID_DAYS)
        assert policy.warn_window.to_timedelta() == timedelta(days=UNSAID_DAYS) * WARNED_AT
    assert Study.model_fields["fresh_for_days"].default == UNSAID_DAYS
