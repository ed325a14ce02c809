"""What is said of a BAM, SAM or CRAM that cannot be read, wherever it is read."""

from __future__ import annotations

from pathlib import Path

from groprog_assets.errors import Problem
from groprog_assets.wording import shell_command


def unreadable_alignments(path: Path, error: Exception) -> Problem:
    """The problem of a file that is cut off, altered or not alignments; `error` is what the reader said.

    The remedy names a command that reads the whole file: `samtools quickcheck` reads no more than its two ends.
    """
    return Problem(
        str(path),
        str(error),
        "A whole BAM, SAM or CRAM is needed; order and index do not matter.",
        f"Copy or make the file again; `{shell_command('samtools', 'view', '-c', path)}` reads all of it and fails if it is "
        "damaged. A CRAM may need the FASTA it was made with (genome.fasta).",
    )
