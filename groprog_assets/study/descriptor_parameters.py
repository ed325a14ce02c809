"""Descriptors of a gene that the source paper names and that are made only where a study asks for them.

Standard library and pydantic only.
"""

from __future__ import annotations

from groprog_assets.study.citation import ParameterGroup, cited

OFF = "off: no gain in prognosis was shown (docs/model.md)"


class DescriptorParameters(ParameterGroup):
    key_locus_activity: bool = cited(False, unit="switch", source="paper 3.2 and 4.6", why=OFF)
    coordination: bool = cited(False, unit="switch", source="paper 4.6", why=OFF)
    tracks: bool = cited(False, unit="switch", source="paper 3.1", why=OFF)
    windows: int = cited(
        12,
        unit="windows of the span of tss_profile",
        source="unstated",
        why="250 bp each by default: narrower than a promoter, wide enough to hold reads; used by tracks and coordination",
        ge=3,
        le=120,
    )
    sequence: bool = cited(
        False,
        unit="switch",
        source="unstated",
        why="off until its ablation shows a gain; of the sequence half: out-of-fold predictions and k-mer axes of each gene",
    )
    screening: bool = cited(
        False,
        unit="switch",
        source="paper Table 5",
        why=OFF,
    )
