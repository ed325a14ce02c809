"""The one dimension along which work is split for Dagster: the library. Chromosomes run inside a step."""

from __future__ import annotations

from dagster import DynamicPartitionsDefinition

LIBRARY_DIMENSION = "library"
LIBRARY = DynamicPartitionsDefinition(name=LIBRARY_DIMENSION)
