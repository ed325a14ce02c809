"""The outcome of each record by definition, one record at a time. Source: SAM 1.6, 1.4 and 4.2."""

from __future__ import annotations

import re
import struct
from collections import Counter

UMI = re.compile(rb"(?:(?<=:)|_)[-+_]*([ACGNT][-+_ACGNT]{2,})$")
"""What umi_tools (after '_'), fastp and bcl2fastq (after ':') append to a read's name."""

SIZES = {"A": 1, "c": 1, "C": 1, "s": 2, "S": 2, "i": 4, "I": 4, "f": 4}
CODES = {"c": "b", "C": "B", "s": "h", "S": "H", "i": "i", "I": "I", "A": "c", "f": "f"}


def read_tags(data):
    """{tag: value} of a record's optional fields; arrays as tuples."""
    tags, at = {}, 0
    while at < len(data):
        name, kind = data[at : at + 2].decode(), chr(data[at + 2])
        at += 3
        if kind in "ZH":
            end = data.index(b"\0", at)
            tags[name] = data[at:end]
            at = end + 1
        elif kind == "B":
            inner, count = chr(data[at]), struct.unpack_from("<I", data, at + 1)[0]
            tags[name] = struct.unpack_from(f"<{count}{CODES[inner]}", data, at + 5)
            at += 5 + count * SIZES[inner]
        else:
            tags[name] = struct.unpack_from(f"<{CODES[kind]}", data, at)[0]
            at += SIZES[kind]
    return tags


def decode(
    contigs, records, chrom_lengths, read_end, uniqueness, minimum, duplicates, reverse=False, masks=None, spike_in=None
):
    """(Counter of (chrom, strand, position), Counter of outcomes, kept reads with an N in their CIGAR) of BAM records (bytes
    without their size)."""
    positions: Counter = Counter()
    outcomes: Counter = Counter()
    spliced = 0
    seen = set()

    def become(data):
        nonlocal spliced
        contig, position, name_size, mapq, _, operations, flag, length, _, mate, span = struct.unpack_from(
            "<iiBBHHHiiii", data
        )
        if flag & 4 or contig < 0 or position < 0:
            return "unmapped"
        if flag & 0x900:
            return "secondary_or_supplementary"
        if flag & 0x200:
            return "quality_fail"
        paired, second = flag & 1, bool(flag & 0x80)
        if paired and second != (read_end == "three_prime"):
            return "other_mate"
        at = 32 + name_size
        cigar = [(c & 15, c >> 4) for c in struct.unpack_from(f"<{operations}I", data, at)]
        tags = read_tags(data[at + 4 * operations + (length + 1) // 2 + length :])
        score, other = tags.get("AS"), tags.get("XS")
        tie = isinstance(score, int) and isinstance(other, int) and other >= score
        if uniqueness == "hits":
            unique = tags["NH"] == 1 if "NH" in tags else mapq >= minimum
        else:
            unique = mapq >= minimum or uniqueness == "none"
            unique = unique and not (uniqueness.startswith("tie") and tie)
            if uniqueness == "tie_or_alternative" and not (isinstance(score, int) and isinstance(other, int)):
                unique = unique and (tags["X0"] == 1 if "X0" in tags else "XA" not in tags)
        if not unique:
            return "not_unique"
        chrom = contigs[contig]
        if chrom not in chrom_lengths:
            return "spike_in" if spike_in and chrom.startswith(spike_in) else "contig_absent"
        if operations == 2 and cigar[0][0] == 4 and cigar[1][0] == 3 and "CG" in tags:
            cigar = [(c & 15, c >> 4) for c in tags["CG"]]
        end = position + (sum(n for op, n in cigar if op in (0, 2, 3, 7, 8)) or 1)
        if end > chrom_lengths[chrom]:
            return "out_of_range"
        minus = bool(flag & 16)
        five, three = (end - 1, position) if minus else (position, end - 1)
        bases = [five if read_end == "five_prime" or paired else three]
        if read_end == "coverage":
            bases, at = [] if cigar else [position], position
            for op, n in cigar:
                bases += range(at, at + n) if op in (0, 7, 8) else []
                at += n if op in (0, 2, 3, 7, 8) else 0
        low, high = (position, end) if read_end == "coverage" else (bases[0], bases[0] + 1)
        if any(start < high and low < stop for start, stop in (masks or {}).get(chrom, ()) if start < stop):
            return "masked"
        named = UMI.search(data[32 : at - 1])
        umi = tags.get("RX", named[1] if named else None) if duplicates == "umi" else None
        key = (chrom, minus, five, (mate, span) if paired else None, umi)
        if duplicates != "keep":
            if key in seen or (duplicates == "position" and flag & 0x400):
                return "duplicate"
            seen.add(key)
        turned = (minus + reverse + bool(paired and read_end == "three_prime")) % 2
        for base in bases:
            positions[chrom, "+-"[turned], base] += 1
        spliced += any(op == 3 for op, _ in cigar)
        return "kept"

    for record in records:
        outcomes[become(record)] += 1
    return positions, outcomes, spliced
