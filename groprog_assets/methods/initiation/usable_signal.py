"""Which libraries can show starts: rules that the statistics of calls would not notice being broken. Tables in, problems out.

Binned tracks and coverage give many pairs at a low false discovery rate, because neighbouring values depend on each other; one
signal on both strands and exchanged strands give thousands of single starts. Each is refused here, by name.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from groprog_assets.errors import Problem
from groprog_assets.methods.reads.point_tracks import grid
from groprog_assets.methods.reads.positions import BySequence, Positions, sequences
from groprog_assets.methods.reads.strandedness import sense_reads
from groprog_assets.study.assays import READ_END_TRACKS
from groprog_assets.study.initiation_parameters import InitiationParameters
from groprog_assets.study.schema import Library
from groprog_kernels.position_counts import occupied_positions

FEWEST_ON_A_STRAND = 0.01
"""Share of the reads below which a strand is absent."""
LEAST_JUDGED = 1000
"""Occupied bases below which steps, runs and shared bases are not judged: they may be so by chance."""
LEAST_OVER_GENES = 500
"""Reads over genes below which the strands are not judged."""


def signal_problems(
    positions: Positions,
    library: Library,
    gene_models: pd.DataFrame,
    parameters: InitiationParameters,
    spliced_share: float | None = None,
) -> list[Problem]:
    """Why this library may not be used for initiation regions; empty when it may.

    positions: `positions` table; gene_models: `gene_models` table; spliced_share: fraction of its reads with an N in the CIGAR,
    None where it is not known (tracks).
    """
    where = f"library {library.id}"
    if library.read_end == "coverage":
        rule = "A start is found from one base a read; coverage counts a read at each of its bases."
        return [
            Problem(where, "read_end: coverage", rule, "Set read_end to five_prime or three_prime, or leave it out.")
        ]
    held = sequences(positions)
    found = [*_strands(where, held, parameters), *_shape(where, held, parameters)]
    sense, antisense = sense_reads(positions, gene_models)
    reads = sense + antisense
    if reads >= LEAST_OVER_GENES and sense / reads < parameters.smallest_sense_share:
        found.append(
            Problem(
                where,
                f"{sense / reads:.0%} of {reads:,} reads over genes lie on the gene's strand",
                "With exchanged strands every start is an end.",
                "Exchange bigwig_plus and bigwig_minus, or set strandedness to auto.",
            )
        )
    if spliced_share is not None and spliced_share > parameters.largest_spliced_share:
        found.append(
            Problem(
                where,
                f"{spliced_share:.1%} of the reads are spliced",
                f"At most {parameters.largest_spliced_share:.0%} are in nascent RNA; this looks like RNA-seq of mature "
                "RNA, whose reads begin anywhere in exons.",
                "Give GRO-seq, PRO-seq or capped libraries.",
            )
        )
    return found


def _strands(where: str, held: BySequence, parameters: InitiationParameters) -> list[Problem]:
    reads = {
        strand: sum(int(c.sum(dtype=np.int64)) for (_, s), (_, c) in held.items() if s == strand) for strand in "+-"
    }
    total = sum(reads.values())
    for strand, name in (("+", "plus"), ("-", "minus")):
        if total and reads[strand] < FEWEST_ON_A_STRAND * total:
            return [
                Problem(
                    where,
                    f"one strand: {reads[strand]:,} of {total:,} reads are on the {name} strand",
                    "Pairs, and the directions of single starts, need both strands.",
                    "Give both tracks, or alignments of a stranded library.",
                )
            ]
    shared = every = 0
    for chrom in {chrom for chrom, _ in held}:
        sides = [held[chrom, strand][0] for strand in "+-" if (chrom, strand) in held]
        either = occupied_positions(sides)
        shared += sum(map(len, sides)) - either
        every += either
    if every >= LEAST_JUDGED and shared / every > parameters.largest_strand_overlap:
        return [
            Problem(
                where,
                f"{shared / every:.0%} of the occupied bases are occupied on both strands",
                f"At most {parameters.largest_strand_overlap:.0%} are in a stranded library; this is one signal given "
                "for both strands.",
                "Give the tracks of each strand, or alignments of a stranded library.",
            )
        ]
    return []


def _shape(where: str, held: BySequence, parameters: InitiationParameters) -> list[Problem]:
    columns = [(position, count) for position, count in held.values() if len(position)]
    bases = sum(len(position) for position, _ in columns)
    if bases < LEAST_JUDGED:
        return []
    rule = "Starts are found from reads at single bases; between bins and along reads neighbours depend on each other."
    step, share = grid([position for position, _ in columns])
    if step > 1:
        value = f"{share:.1%} of neighbouring positions are a multiple of {step} bp apart"
        return [Problem(where, value, rule, READ_END_TRACKS)]
    runs = sum(
        1 + int(np.count_nonzero((position[1:] != position[:-1] + 1) | (count[1:] != count[:-1])))
        for position, count in columns
    )
    if bases / runs > parameters.longest_equal_run:
        value = f"neighbouring bases have equal counts in runs of {bases / runs:.1f} on average"
        return [Problem(where, value, rule, READ_END_TRACKS)]
    return []
