"""Dagster wiring only: an asset calls one method and returns `materialized(...)`."""
