"""Reads at the promoters and bodies of all genes, in one library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from groprog_assets.compute.compute_pool import Here, Pool
from groprog_assets.methods.features import gene_signal as method
from groprog_assets.store.wire_format import Stored
from groprog_assets.study.parameters import PausingParameters
from groprog_assets.study.schema import Library
from groprog_assets.tables.values import Document, Values

NOUN = "gene_signal"


def compute(shared: Values, part: Values, here: Here) -> Document:
    """table: `gene_signal` of the genes `shared["genes"]` in the library of the part, from its positions."""
    library = Library.model_validate_json(part["library"])
    positions = {library.id: part["positions"]}
    parameters = PausingParameters.model_validate_json(shared["parameters"])
    sizes = None if part["size"] is None else {library.id: part["size"]}
    return {"table": method.gene_signal(positions, [library], shared["genes"], parameters, sizes=sizes)}


def on_pool(
    pool: Pool,
    genes: pd.DataFrame,
    libraries: Sequence[Library],
    filtered: Mapping[str, Stored],
    parameters: PausingParameters,
    sizes: Mapping[str, float] | None,
) -> pd.DataFrame:
    """`gene_signal` of all `libraries`, one part a library, in their order. filtered, sizes (reads): by library id."""
    shared = {"genes": genes, "parameters": parameters.model_dump_json()}
    parts = [
        {
            "library": library.model_dump_json(),
            "positions": filtered[library.id].member("positions").in_sequences(),
            "size": None if sizes is None else sizes[library.id],
        }
        for library in libraries
    ]
    return pd.concat([one["table"] for one in pool.map(NOUN, shared, parts)], ignore_index=True)
