"""The rule by which a read counts as uniquely aligned, chosen by aligner. Header text in, a rule out; no Dagster."""

from __future__ import annotations

import re
from typing import NamedTuple

from groprog_kernels.reads import Uniqueness


class UniquenessRule(NamedTuple):
    """rule: its name in the kernel; program: the aligner and its version, "" when unknown; command: its command line;
    reason: the rule as text."""

    rule: Uniqueness
    program: str
    command: str
    reason: str


_ALIGNERS: tuple[tuple[str, Uniqueness], ...] = (
    (r"bowtie2", "tie"),
    (r"bwa(-mem2)?", "tie_or_alternative"),
    (r"star|hisat2?|tophat2?|gsnap|subread|subjunc|novoalign", "hits"),
    (r"bowtie|minimap2|bedtools_bedtobam", "mapping_quality"),
)


def uniqueness_rule(header: str, minimum_mapping_quality: int) -> UniquenessRule:
    """The rule for a SAM header's text, chosen from its @PG lines (PN, else ID); the last aligner named wins.

    bowtie2: MAPQ at least the minimum and no second alignment as good (XS < AS). bwa mem: the same; its XA also lists hits that
    are worse (down to 80 % of the best score), so it says nothing where AS and XS are there. bwa aln writes neither: one best
    hit (X0 is 1), and no XA where X0 is absent too. STAR, HISAT2, TopHat: NH is 1. Others and unknown: MAPQ at least the
    minimum, 255 (unknown) accepted. Sources: the aligners' manuals.
    """
    floor = f"MAPQ at least {minimum_mapping_quality}"
    words = {
        "tie": f"{floor} and no second alignment with as good a score (XS < AS)",
        "tie_or_alternative": f"{floor} and no second alignment with as good a score (XS < AS; without scores, one best hit: "
        "X0 is 1, or no XA)",
        "hits": f"one reported hit (NH is 1); {floor} where NH is absent",
        "mapping_quality": f"{floor}; 255 (unknown) is accepted as unique",
    }
    for line in reversed(header.splitlines()):
        if not line.startswith("@PG"):
            continue
        fields = dict(field.split(":", 1) for field in line.split("\t")[1:] if ":" in field)
        for name in (fields.get("PN", ""), fields.get("ID", "")):
            for pattern, rule in _ALIGNERS:
                if re.fullmatch(rf"({pattern})([-_. ].*)?", name.strip(), re.IGNORECASE):
                    program = f"{fields.get('PN') or fields.get('ID')} {fields.get('VN', '')}".strip()
                    return UniquenessRule(rule, program, fields.get("CL", ""), words[rule])
    return UniquenessRule("mapping_quality", "", "", words["mapping_quality"])
