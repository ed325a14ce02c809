"""Reader of transcripts in a GFF3: NCBI, Ensembl, GENCODE, PomBase, JGI. Lines in, rows out.

A transcript is a feature whose parent is a gene; a gene that has only exons, or only coding sequence, has one transcript made of
these. Features below a transcript, such as a miRNA of its primary transcript, are parts of it.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from groprog_assets.methods.annotation.gtf import Placed, Row, interval_of
from groprog_assets.study.annotation_files import ProblemCollector, lines

SYMBOLS = ("gene_name", "Name", "gene", "locus_tag")
"""Attributes of a gene that hold its symbol, in order of preference; without them its ID is used."""
PARTS = ("exon", "CDS")
"""Features from which a gene without transcripts gets one: exons, else CDS."""
_ATTRIBUTE = re.compile(r"(?:^|;)\s*(ID|Parent|Name|gene|gene_name|locus_tag)=([^;]*)")
_PREFIX = re.compile(r"^(?:gene|rna|transcript)[:-]")


class _Feature(NamedTuple):
    """A gene or a transcript: place, its attributes, and where the file names it."""

    chrom: str
    start: int
    end: int
    strand: str
    attributes: dict[str, str]
    line: int


def is_gff3(attributes: str) -> bool:
    """Whether attributes are written as GFF3 does, with an ID or a Parent."""
    return bool(re.search(r"(?:^|;)\s*(?:ID|Parent)=", attributes))


def attributes_of(text: str) -> dict[str, str]:
    """The attributes that are read, percent-encoded letters decoded."""
    return {name: unquote(value.strip()) for name, value in _ATTRIBUTE.findall(text)}


def transcript_name(identifier: str) -> str:
    """The name of a transcript: its ID without the prefix `rna-`, `transcript:` or `gene-` that NCBI and Ensembl add."""
    return _PREFIX.sub("", identifier)


def parents(attributes: dict[str, str]) -> list[str]:
    """The IDs of a feature's parents; none for one without."""
    return [name for name in attributes.get("Parent", "").split(",") if name]


def gff3_transcripts(path: Path, problems: ProblemCollector) -> Placed:
    """Every transcript of a GFF3, in the file's order: those with a line, then those made of a gene's exons or CDS.

    The gene is named by SYMBOLS, else by its ID without prefix. Genes are features with `gene` in their type. What follows
    `##FASTA` is not read. Malformed lines go to `problems`.
    """
    genes: dict[str, _Feature] = {}
    others: list[tuple[str, _Feature]] = []
    parts: dict[str, dict[str, list[_Feature]]] = {}
    for number, line in lines(path):
        if line.startswith(">"):
            break
        fields = line.split("\t")
        place = interval_of(fields, number, "GFF3", problems)
        if place is None:
            continue
        found = attributes_of(fields[8])
        feature = _Feature(unquote(fields[0]), *place, fields[6], found, number)
        if fields[2] in PARTS:
            for parent in parents(found):
                parts.setdefault(parent, {}).setdefault(fields[2], []).append(feature)
        elif "gene" in fields[2].lower() and "ID" in found:
            genes[found["ID"]] = feature
        elif "ID" in found:
            others.append((found["ID"], feature))
    return _placed(genes, others, parts)


def _placed(
    genes: dict[str, _Feature], others: list[tuple[str, _Feature]], parts: dict[str, dict[str, list[_Feature]]]
) -> Placed:
    symbols = {name: _symbol(name, gene) for name, gene in genes.items()}
    rows, with_transcript = [], set()
    for name, feature in others:
        of = [parent for parent in parents(feature.attributes) if parent in genes]
        for parent in of[:1]:
            with_transcript.add(parent)
            rows.append(Row(*feature[:4], transcript=transcript_name(name), gene=symbols[parent], line=feature.line))
        if not parents(feature.attributes) and name in parts:  # a tRNA or mRNA without a gene of its own
            rows.append(
                Row(*feature[:4], transcript=transcript_name(name), gene=_symbol(name, feature), line=feature.line)
            )
    counts: Counter[str] = Counter()
    without = []
    for name, gene in genes.items():
        if name in with_transcript:
            continue
        kind = next((kind for kind in PARTS if kind in parts.get(name, {})), "")
        if not kind:
            without.append(symbols[name])
            continue
        counts[f"from {'exons' if kind == 'exon' else kind}"] += 1
        held = parts[name][kind]
        start, end = min(part.start for part in held), max(part.end for part in held)
        rows.append(Row(gene.chrom, start, end, gene.strand, transcript_name(name), symbols[name], gene.line))
    return Placed(rows, counts, without)


def _symbol(name: str, feature: _Feature) -> str:
    """The symbol of a gene, or its ID without prefix."""
    return next((feature.attributes[key] for key in SYMBOLS if feature.attributes.get(key)), transcript_name(name))
