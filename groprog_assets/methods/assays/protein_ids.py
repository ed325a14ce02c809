"""Protein accessions in a cell: the groups of search programs, FASTA headers, isoforms. Text in, identifiers out."""

from __future__ import annotations

import re

ACCESSION = re.compile(r"(?:[OPQ][0-9][A-Z0-9]{3}[0-9]|[A-NR-Z][0-9](?:[A-Z][A-Z0-9]{2}[0-9]){1,2})(?:-\d+)?")
"""An accession of UniProtKB, with the number of its isoform where it has one. Source: uniprot.org/help/accession_numbers."""
_FASTA = re.compile(r"(?:sp|tr)\|([^|]+)(?:\|.*)?")


def accession(text: str) -> str:
    """The UniProt accession that a text is, as it stands or in a FASTA header (`sp|P04637|P53_HUMAN`); "" for any other text."""
    plain = text.strip()
    header = _FASTA.fullmatch(plain)
    plain = header[1] if header else plain
    return plain if ACCESSION.fullmatch(plain) else ""


def leading(group: str, separator: str = ";") -> str:
    """The first member of a group such as `P04637;P04637-2`."""
    return group.split(separator, 1)[0].strip()


def protein_curie(group: str) -> str:
    """UniProt: and the leading accession of a group, isoform kept; "" where the leading member is no accession of UniProt."""
    found = accession(leading(group))
    return f"UniProt:{found}" if found else ""
