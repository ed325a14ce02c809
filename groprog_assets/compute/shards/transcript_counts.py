"""The units' reads in one library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from groprog_assets.compute.compute_pool import Here
from groprog_assets.methods.transcription import transcript_counts as method
from groprog_assets.study.parameters import DifferentialParameters

NOUN = "transcript_counts"


def compute(shared: Mapping[str, Any], part: Mapping[str, Any], here: Here) -> dict[str, Any]:
    """table: `transcript_counts` of the units `shared["transcripts"]` in the library of the part, by its positions."""
    parameters = DifferentialParameters.model_validate_json(shared["parameters"])
    positions = {part["library"]: part["filtered"].positions}
    return {"table": method.count_transcripts(shared["transcripts"], positions, parameters)}


def joined(made: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The tables of all libraries in one, in the order given."""
    return pd.concat([one["table"] for one in made], ignore_index=True)
