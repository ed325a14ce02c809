"""Thresholds for reading the files of assays, each with its unit and source. Standard library and pydantic only."""

from __future__ import annotations

from groprog_assets.study.citation import ParameterGroup, cited


class AssayReadingParameters(ParameterGroup):
    precursor_q_value: float = cited(
        0.01,
        unit="q-value",
        source="DIA-NN R package, README: reports are filtered at Q.Value <= 0.01 and PG.Q.Value <= 0.01",
        gt=0,
        le=1,
    )
    protein_q_value: float = cited(
        0.01,
        unit="q-value",
        source="DIA-NN R package, README: reports are filtered at Q.Value <= 0.01 and PG.Q.Value <= 0.01",
        gt=0,
        le=1,
    )
    detection_p: float = cited(
        0.01,
        unit="detection p-value",
        source="minfi, detectionP: a position with a p-value above 0.01 should not be trusted",
        gt=0,
        le=1,
    )


DEFAULT_THRESHOLDS = AssayReadingParameters()
"""What a reader takes where the study file states nothing."""
