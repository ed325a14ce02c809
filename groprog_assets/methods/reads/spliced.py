"""Share of spliced reads, which tells RNA-seq of mature RNA from nascent RNA. A file in, a number out."""

from __future__ import annotations

from pathlib import Path

LOOKED_AT = 100_000
"""Mapped primary alignments from the beginning of the file that are looked at."""
_SKIPPED = 3
"""Code of the CIGAR operation N."""


def spliced_share(path: Path, most: int = LOOKED_AT) -> float | None:
    """Fraction of the first `most` mapped primary alignments with an N in their CIGAR; None where there are none, or where the
    file cannot be read without its reference (CRAM)."""
    import pysam

    spliced = seen = 0
    try:
        with pysam.AlignmentFile(str(path), check_sq=False) as file:
            for record in file.fetch(until_eof=True):
                if record.is_unmapped or record.is_secondary or record.is_supplementary:
                    continue
                seen += 1
                spliced += any(operation == _SKIPPED for operation, _ in record.cigartuples or ())
                if seen == most:
                    break
    except (OSError, ValueError):
        return None
    return spliced / seen if seen else None
