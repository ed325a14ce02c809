"""The base of a read that is the 5' or 3' end of its RNA. Names in, names and text out; no Dagster.

A read begins at one end of the RNA fragment: at the 5' end where it has the RNA's sequence (forward), at the 3' end where it is
the complement (reverse). The second mate of a pair begins at the other end.
"""

from __future__ import annotations

from groprog_assets.study.assays import RNA_END, ReadEnd, Strandedness


def sequenced_end(read_end: ReadEnd, strandedness: Strandedness) -> ReadEnd:
    """The end of the sequenced read, named as in `decode_reads`, that is the end `read_end` of the RNA.

    Of pairs, "five_prime" is the first mate's 5' base and "three_prime" the second mate's.
    """
    if strandedness == "reverse":
        return "three_prime" if read_end == "five_prime" else "five_prime"
    return read_end


def counted_base(read_end: ReadEnd, strandedness: Strandedness, paired: bool) -> str:
    """The same as text, for reports and messages."""
    first = sequenced_end(read_end, strandedness) == "five_prime"
    if paired:
        return f"{RNA_END[read_end]}: 5' base of the {'first' if first else 'second'} mate"
    if first:
        return f"{RNA_END[read_end]}: 5' base of the read"
    turned = " or was turned before alignment" if strandedness == "forward" else ""
    return f"{RNA_END[read_end]}: last base of the read, that end only where the read reaches it{turned}"
