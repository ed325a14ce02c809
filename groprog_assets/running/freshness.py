"""How old a result about patients may become before the UI calls it overdue: `fresh_for_days` of the study."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import dagster as dg

from groprog_assets.errors import GroProgError
from groprog_assets.store.workspace import open_workspace

GROUPS = ("cohort", "model", "report")
"""Reads do not grow old; a cohort without new records does."""
UNSAID_DAYS = 90
WARNED_AT = 0.8


def with_freshness(assets: Sequence[Any], study_path: str = "") -> Sequence[Any]:
    """`assets` with a freshness policy on those of GROUPS: a warning at four fifths of the study's days, a failure at the end."""
    try:
        days = open_workspace(study_path or None).study.fresh_for_days
    except GroProgError:
        days = UNSAID_DAYS
    window = timedelta(days=days)
    policy = dg.FreshnessPolicy.time_window(fail_window=window, warn_window=window * WARNED_AT)

    def given(spec: dg.AssetSpec) -> dg.AssetSpec:
        return dg.apply_freshness_policy(spec, policy) if spec.group_name in GROUPS else spec

    return dg.map_asset_specs(given, assets)
