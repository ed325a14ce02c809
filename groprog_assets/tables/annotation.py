"""Tables of the genes, masks and ontology of the study."""

from __future__ import annotations

from groprog_assets.tables.columns import CHROM, END, GENE, START, STRAND, Column, Table

DECLARED = (
    Table(
        "gene_models",
        "one annotated transcript",
        (
            CHROM,
            START,
            END,
            STRAND,
            Column("transcript", "str", "id", "transcript id of the annotation"),
            GENE,
        ),
        ("chrom", "start", "end", "strand", "transcript"),
    ),
    Table(
        "consensus",
        "one gene's consensus interval (groHMM 1.41 makeConsensusAnnotations)",
        (
            CHROM,
            START,
            END,
            STRAND,
            GENE,
            Column("kind", "str", "single or isoforms", "whether one or several transcripts stand behind it"),
        ),
        ("chrom", "start", "end", "strand", "gene"),
    ),
    Table(
        "masks",
        "one masked interval",
        (
            CHROM,
            START,
            END,
            Column("reason", "str", "text", "blacklist, rDNA or multi-copy, with its source"),
        ),
        ("chrom", "start", "end", "reason"),
    ),
    Table(
        "genes",
        "one gene",
        (
            CHROM,
            START,
            END,
            STRAND,
            GENE,
            Column(
                "tss",
                "int64",
                "bp, 0-based",
                "dominant transcription start site: the base where transcription begins",
            ),
            Column("tts", "int64", "bp, 0-based", "last base of the longest transcript that starts at that site"),
            Column("transcript", "str", "id", "transcript whose start it is"),
            Column("tss_reads", "int64", "reads", "reads within the window of the chosen site, all libraries"),
            Column("placements", "int32", "loci", "distinct loci carrying this symbol"),
            Column("masked", "float64", "fraction", "fraction of the interval inside masks"),
            Column("reliable", "bool", "flag", "one placement and less than half masked"),
        ),
        ("gene",),
    ),
    Table(
        "ontology_terms",
        "one term",
        (
            Column("term", "str", "id", "term id, or name of a gene set"),
            Column("name", "str", "text", "preferred name"),
            Column("namespace", "str", "BP, CC, MF or other", "branch"),
            Column("obsolete", "bool", "flag", "withdrawn term"),
            Column("synonyms", "str", "joined by |", "alternative ids and synonyms, by which the term may be named"),
            Column("replaced_by", "str", "id", "live term that is read instead of this withdrawn one; empty for none"),
            Column("format", "str", "OBO or GMT", "kind of file the term comes from"),
        ),
        ("term",),
    ),
    Table(
        "ontology_annotations",
        "one gene under one term, true-path closed",
        (
            GENE,
            Column("term", "str", "id", "GO id"),
            Column("direct", "bool", "flag", "stated in the file, not inherited"),
        ),
        ("gene", "term"),
    ),
)
