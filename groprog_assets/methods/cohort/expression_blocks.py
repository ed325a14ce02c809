"""Expression of a cohort larger than memory: a Parquet file with a row for each patient, read some patients at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet

from groprog_assets.errors import CohortError, Problem


def parquet_blocks(path: Path, genes: Sequence[str], rows: int = 256) -> Callable[[], Iterator[np.ndarray]]:
    """Blocks of a Parquet file with a row for each patient and a column for each gene, `rows` patients at a time.

    Genes are read in the order given; other columns are not read. A row group is decoded as it is needed: write groups of a few
    thousand patients. Raises CohortError for genes that the file lacks.
    """
    absent = sorted(set(genes) - set(parquet.read_schema(path).names))
    if absent:
        raise CohortError(
            Problem(
                str(path),
                f"{len(absent)} of {len(genes)} genes are no column, first {absent[0]}",
                "The file has a row for each patient and a column for each gene.",
                "Ask for its own genes, or write the matrix with patients as rows.",
            )
        )

    def read() -> Iterator[np.ndarray]:
        with parquet.ParquetFile(path) as held:
            for batch in held.iter_batches(rows, columns=list(genes)):
                yield np.column_stack([batch.column(gene).to_numpy(zero_copy_only=False) for gene in genes]).astype(
                    np.float32
                )

    return read
