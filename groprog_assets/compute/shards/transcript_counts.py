"""Reads of all transcription units, in one library."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from groprog_assets.compute.compute_pool import Here, Pool
from groprog_assets.methods.transcription import transcript_counts as method
from groprog_assets.store.wire_format import Stored
from groprog_assets.study.parameters import DifferentialParameters
from groprog_assets.tables.values import Document, Values

NOUN = "transcript_counts"


def compute(shared: Values, part: Values, here: Here) -> Document:
    """table: `transcript_counts` of the units `shared["transcripts"]` in the library of the part, by its positions."""
    parameters = DifferentialParameters.model_validate_json(shared["parameters"])
    positions = {part["library"]: part["positions"]}
    return {"table": method.count_transcripts(shared["transcripts"], positions, parameters).table}


def on_pool(
    pool: Pool, transcripts: pd.DataFrame, filtered: Mapping[str, Stored], parameters: DifferentialParameters
) -> pd.DataFrame:
    """`transcript_counts` of all libraries of `filtered` (by library id), one part a library, in their order."""
    shared = {"transcripts": transcripts, "parameters": parameters.model_dump_json()}
    parts = [
        {"library": library, "positions": item.member("positions").in_sequences()} for library, item in filtered.items()
    ]
    return pd.concat([one["table"] for one in pool.map(NOUN, shared, parts)], ignore_index=True)
