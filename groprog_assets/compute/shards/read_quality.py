"""Base qualities by cycle of one library, on a machine that can read its files."""

from __future__ import annotations

from typing import Any

from groprog_assets.compute.compute_pool import Here, Pool
from groprog_assets.methods.reads import read_quality as method
from groprog_assets.study.schema import Genome, Library
from groprog_assets.tables.values import Document, Values

NOUN = "read_quality"


def compute(shared: Values, part: Values, here: Here) -> Document:
    """table: `read_quality` of the library and genome of `shared`."""
    library, genome = Library.model_validate_json(shared["library"]), Genome.model_validate_json(shared["genome"])
    return {"table": method.per_cycle_quality(library, genome)}


def on_pool(pool: Pool, library: Library, genome: Genome) -> Any:
    """`read_quality` of one library, where the pool computes."""
    return pool.one(NOUN, {"library": library.model_dump_json(), "genome": genome.model_dump_json()})["table"]
