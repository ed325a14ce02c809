"""The partitions of the graph: one for each library. Chromosomes are processed inside a step."""

from __future__ import annotations

from dagster import DynamicPartitionsDefinition

LIBRARY_DIMENSION = "library"
LIBRARY = DynamicPartitionsDefinition(name=LIBRARY_DIMENSION)
