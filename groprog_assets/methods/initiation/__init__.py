"""Initiation regions: where transcription starts, in which direction, and what changes there. One module a step; no Dagster."""
