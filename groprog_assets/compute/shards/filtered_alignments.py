"""Filtering one library's alignments, on a machine that can read its files."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from groprog_assets.compute.compute_pool import Here, Pool
from groprog_assets.errors import Problem, ReadsError
from groprog_assets.methods.reads import filtered_alignments as method
from groprog_assets.methods.reads.tallied_qualities import tallying
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.wire_format import Stored
from groprog_assets.study.parameters import FilteringParameters
from groprog_assets.study.schema import Genome, Library
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document, Progress, Values

NOUN = "filtered_alignments"


def compute(shared: Values, part: Values, here: Here) -> Document:
    """positions, bases, funnel, summary of `filter_alignments`, whose arguments `shared` holds; `path` is that of the
    library's own file, absolute, with its size, unless `alignments` holds one that was made.

    ReadsError when the file is not there or of another size: a worker on another machine needs the same mounts.
    """
    made = shared["alignments"].get("made")
    path = Path(shared["path"]) if made is None else made.path
    size = path.stat().st_size if path.is_file() else -1
    if made is None and size != shared["bytes"]:
        seen = count_of(size, "byte") if size >= 0 else "not there"
        rule = f"Every worker must see it as whoever runs the study does ({count_of(shared['bytes'], 'byte')})."
        raise ReadsError(Problem(str(path), seen, rule, "Mount the study's folder at the same place on every machine."))
    library = Library.model_validate_json(shared["library"])
    own = made is None and not library.reads and library.alignments is not None
    with tallying(path) if own else nullcontext() as tally:
        filtered = method.filter_alignments(
            path,
            library,
            shared["gene_models"].chrom_sizes,
            shared["gene_models"].masks,
            shared["gene_models"].transcripts,
            FilteringParameters.model_validate_json(shared["parameters"]),
            Genome.model_validate_json(shared["genome"]),
            progress=here.progress,
            qualities=tally,
        )
    return dict(filtered._asdict())


def on_pool(
    pool: Pool,
    path: Path,
    library: Library,
    genome: Genome,
    parameters: FilteringParameters,
    alignments: Stored,
    gene_models: Stored,
    progress: Progress,
) -> Bundle:
    """positions, bases, funnel, summary of the `library`, whose own file is at `path` (absolute), computed as one shard."""
    shared = {
        "path": str(path),
        "bytes": path.stat().st_size,
        "alignments": alignments,
        "gene_models": gene_models,
        "library": library.model_dump_json(),
        "genome": genome.model_dump_json(),
        "parameters": parameters.model_dump_json(),
    }
    return Bundle(pool.one(NOUN, shared, Here(progress)))
