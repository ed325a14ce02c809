"""Detection of libraries that hold the same reads under two names. Tables in, names out; no Dagster."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping

import numpy as np

from groprog_assets.methods.reads.positions import Positions, sequences, total_reads

LEAST_READS = 1_000
"""With fewer reads, two libraries may be equal by chance."""


def content_digest(table: Positions, place: str) -> str:
    """Digest of a `positions` or `coverage` table (`place`: "position" or "window") that does not depend on its row order.

    It does not depend on the order or compression of the source file either. "" for fewer than `LEAST_READS` reads.
    """
    held = sequences(table, place)
    if total_reads(held) < LEAST_READS:
        return ""
    digest = hashlib.sha256()
    for chrom, strand in sorted(held):
        at, count = held[chrom, strand]
        digest.update(f"{chrom}\t{strand}\t{len(at)}\n".encode())
        digest.update(np.ascontiguousarray(at, np.int64).tobytes())
        digest.update(np.ascontiguousarray(count, np.int64).tobytes())
    return digest.hexdigest()


def equal_libraries(tables: Mapping[str, Positions], place: str) -> list[list[str]]:
    """Groups of libraries with equal tables, each of two or more, in the order of `tables`. Arguments as for `content_digest`.

    Libraries whose number of reads no other has are not read.
    """
    held = {library: sequences(table, place) for library, table in tables.items()}
    reads = {library: total_reads(one) for library, one in held.items()}
    alike = Counter(reads.values())
    found: dict[str, list[str]] = {}
    for library, one in held.items():
        digest = content_digest(one, place) if alike[reads[library]] > 1 else ""
        if digest:
            found.setdefault(digest, []).append(library)
    return [group for group in found.values() if len(group) > 1]
