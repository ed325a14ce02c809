"""Places as a study file writes them: `chrom:start-end`, and a strand where a region is meant. Standard library only."""

from __future__ import annotations

import re
from typing import NamedTuple

from groprog_assets.study.annotation_files import coordinate

INTERVAL = re.compile(r"^([^\s:]+):([\d,]+)-([\d,]+)$")


class Place(NamedTuple):
    """0-based half-open; strand "+", "-", or "" for either."""

    chrom: str
    start: int
    end: int
    strand: str

    @property
    def text(self) -> str:
        """As a study file writes it."""
        return f"{self.chrom}:{self.start + 1}-{self.end}" + (f":{self.strand}" if self.strand else "")


def parse_interval(text: str) -> tuple[str, int, int] | None:
    """`chrom:start-end`, 1-based inclusive as written in papers, as 0-based half-open; None when it is not one."""
    match = INTERVAL.match(text.strip())
    if not match:
        return None
    start, end = (coordinate(number.replace(",", "")) for number in match.group(2, 3))
    return (match.group(1), start - 1, end) if start is not None and end is not None and 1 <= start <= end else None


def parse_place(text: str) -> Place | None:
    """`chrom:start-end` or `chrom:start-end:strand`, the place of an initiation region; None when it is neither."""
    body, colon, strand = text.strip().rpartition(":")
    if strand in ("+", "-") and colon:
        found = parse_interval(body)
        return None if found is None else Place(*found, strand)
    found = parse_interval(text)
    return None if found is None else Place(*found, "")


def target_text(target: object) -> str:
    """The interval, or the place of the region, that a study's `signature_target` names; "" for None."""
    return str(getattr(target, "region", target) or "")
