"""Transcription units in the formats of genome browsers and counting programs: BED, BED6+ with autoSql, GTF, GFF3.

Coordinates are turned here and nowhere else: BED is 0-based half-open, GTF and GFF3 1-based inclusive.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd

from groprog_assets.tables.values import Value

STRAND_COLOUR = {"+": "0,114,178", "-": "213,94,0"}
SEQUENCE_SAFE = ".:^*$@!+_?-|"
"""What a GFF3 sequence name may hold besides letters and digits; anything else is percent-encoded."""
AUTOSQL = """table transcriptionUnits
"Transcription units called by GroProg"
    (
    string chrom;      "Chromosome"
    uint   chromStart; "Start, 0-based"
    uint   chromEnd;   "End, exclusive"
    string name;       "Unit"
    uint   score;      "1000 x mean posterior"
    char[1] strand;    "+ or -"
    float  posterior;  "Mean posterior of the transcribed state"
    uint   reads;      "Reads in the unit, all libraries"
    string status;     "called, broken or combined"
    string genes;      "Genes under the unit, comma separated, . for none"
    )
"""


def unit_table(units: pd.DataFrame, genes_of: dict[str, str]) -> pd.DataFrame:
    """The columns all formats share, by chromosome, start, end: BED6, posterior, reads, status, genes (comma separated).

    units: table transcripts or repaired_transcripts; genes_of {unit name: symbols joined by ;}, empty for unknown units.
    """
    found = units[["chrom", "start", "end", "name", "score", "strand", "posterior"]].copy()
    found["score"] = np.clip(np.rint(found["score"].fillna(0)), 0, 1000).astype("int64")
    found["reads"] = units["count"]
    status = units["status"] if "status" in units else pd.Series("", index=units.index)
    found["status"] = status.where(status != "", "called")
    found["genes"] = [genes_of.get(name, "").replace(";", ",") for name in units["name"]]
    for column in ("chrom", "name"):
        found[column] = [bed_name(text) for text in found[column]]
    return found.sort_values(["chrom", "start", "end", "strand"], kind="stable", ignore_index=True)


def bed9(table: pd.DataFrame) -> str:
    """Nine columns that every browser opens, coloured by strand."""
    rows = (
        [row.chrom, row.start, row.end, row.name, row.score, row.strand, row.start, row.end, STRAND_COLOUR[row.strand]]
        for row in _rows(table)
    )
    return _lines(rows)


def bed6_plus(table: pd.DataFrame) -> str:
    """BED6 and four columns, for `bedToBigBed -type=bed6+4 -as=units.as`."""
    rows = (
        [*row[:6], f"{row.posterior:.6f}", row.reads, row.status, bed_name(row.genes) or "."] for row in _rows(table)
    )
    return _lines(rows)


def gtf(table: pd.DataFrame) -> str:
    """Each unit as one gene with one transcript of one exon, so that counting programs take it as it is (GTF 2.2)."""
    rows = []
    for row in _rows(table):
        shared = {"gene_id": row.name}
        detail = {"posterior": f"{row.posterior:.6f}", "reads": row.reads, "status": row.status}
        if row.genes:
            detail["gene_name"] = row.genes
        for feature, own in (
            ("gene", shared | detail),
            ("transcript", shared | {"transcript_id": row.name} | detail),
            ("exon", shared | {"transcript_id": row.name, "exon_number": "1"}),
        ):
            attributes = " ".join(f'{key} "{gtf_value(value)}";' for key, value in own.items())
            rows.append([row.chrom, "GroProg", feature, row.start + 1, row.end, row.score, row.strand, ".", attributes])
    return _lines(rows)


def gff3(table: pd.DataFrame) -> str:
    """Each unit as one `primary_transcript` feature, reserved characters percent-encoded (GFF3 1.26)."""
    rows = []
    for row in _rows(table):
        own = {"ID": row.name, "Name": row.name, "posterior": f"{row.posterior:.6f}", "reads": row.reads}
        own["status"] = row.status
        attributes = [f"{key}={quote(str(value), safe=SEQUENCE_SAFE + ' /()')}" for key, value in own.items()]
        if row.genes:
            attributes.append("gene=" + ",".join(quote(gene, safe=SEQUENCE_SAFE) for gene in row.genes.split(",")))
        place = quote(row.chrom, safe=SEQUENCE_SAFE)
        rows.append(
            [
                place,
                "GroProg",
                "primary_transcript",
                row.start + 1,
                row.end,
                row.score,
                row.strand,
                ".",
                ";".join(attributes),
            ]
        )
    return "##gff-version 3\n" + _lines(rows)


def bed_name(text: str) -> str:
    """Text without blanks, which BED splits at."""
    return "_".join(str(text).split())


def gtf_value(value: Value) -> str:
    """Text that cannot end a quoted GTF attribute: no quotes, semicolons, tabs or line ends."""
    return " ".join(str(value).replace('"', "'").replace(";", ",").split())


def _rows(table: pd.DataFrame) -> Iterator[Any]:
    return table.itertuples(index=False)


def _lines(rows: Any) -> str:
    return "".join("\t".join(str(item) for item in row) + "\n" for row in rows)
