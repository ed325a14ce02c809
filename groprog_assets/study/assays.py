"""Protocol of each assay: strandedness of its reads, and the end of the RNA that it measures. Standard library only."""

from __future__ import annotations

from typing import Literal, NamedTuple

Strandedness = Literal["forward", "reverse"]
ReadEnd = Literal["five_prime", "three_prime", "coverage"]


class Assay(NamedTuple):
    """strandedness: "forward" where the read (the first mate) is the RNA's sequence, "reverse" where it is the complement;
    read_end: the end of the RNA that the assay is made to find; why: the same in words."""

    strandedness: Strandedness
    read_end: ReadEnd
    why: str


_RUN_ON = "sequencing begins at the RNA's 3' end, the last base the polymerase added"
_CAPPED = "the cap marks the RNA's 5' end, where transcription began"

ASSAYS: dict[str, Assay] = {
    "gro-seq": Assay("forward", "five_prime", "sequencing begins at the 5' end of the RNA fragment"),
    "pro-seq": Assay("reverse", "three_prime", _RUN_ON),
    "chro-seq": Assay("reverse", "three_prime", _RUN_ON),
    "gro-cap": Assay("forward", "five_prime", _CAPPED),
    "pro-cap": Assay("forward", "five_prime", _CAPPED),
}
"""Sources: Core 2008 (GRO-seq), Kwak 2013 (PRO-seq, PRO-cap), Core 2014 (GRO-cap), Chu 2018 (ChRO-seq); strands as proseq2.0
(-G, -P) and PINTS (--exp-type) take them."""

CAPPED_ASSAYS = tuple(name for name, assay in ASSAYS.items() if assay.why == _CAPPED)
"""Assays of which a read begins at the cap, where transcription began."""

RNA_END = {"five_prime": "the RNA's 5' end", "three_prime": "the RNA's 3' end"}

READ_END_TRACKS = (
    "Give the alignments instead (BAM, SAM, CRAM), or tracks of read ends: `bedtools genomecov -bg -5 -strand +` and `-strand -` "
    "of the BAM, as bedGraph or bigWig; for PRO-seq and ChRO-seq reads the two are exchanged."
)
"""What to do where a bigWig pair holds something else."""

COVERAGE_TRACKS = (
    "read_end: coverage with a bigWig pair",
    "A coverage track does not tell how many reads there are: each counts once a base, and tests and thresholds count reads.",
    f"{READ_END_TRACKS} Then set read_end to the end they hold, or leave it out.",
)
"""Value, rule and remedy of a pair of tracks declared as coverage."""


def unusual_read_end(assay: str, read_end: str) -> str:
    """What a read end means that is not the one the assay is made for; "" when it is."""
    usual = ASSAYS[assay]
    if read_end == usual.read_end:
        return ""
    if read_end == "coverage":
        return (
            "Windows of the unit model hold a read as many times as it is long; their defaults are for one base a read."
        )
    if usual.read_end == "three_prime":
        return f"In {assay}, {usual.why}; the 5' end is where the RNA was broken or capped, not where the polymerase stood."
    if usual.why == _CAPPED:
        return (
            f"In {assay}, {usual.why}; the 3' end is where the fragment was cut or the polymerase stood, not a start."
        )
    return f"In {assay}, {usual.why}; the 3' end is where the RNA was broken or where the read stopped."
