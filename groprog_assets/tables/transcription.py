"""Tables of the transcription units and of the model that calls them."""

from __future__ import annotations

from groprog_assets.tables.columns import CHROM, END, GENE, START, STRAND, Column, Table

DECLARED = (
    Table(
        "em_trace",
        "one EM iteration",
        (
            Column("iteration", "int32", "1-based", "iteration"),
            Column("log_likelihood", "float64", "natural log", "summed over sequences, before the update"),
            Column("log_prob_enter_transcribed", "float64", "natural log", "after the update"),
            Column("transcribed_shape", "float64", "1", "gamma shape after the update"),
            Column("transcribed_scale", "float64", "1", "gamma scale after the update"),
        ),
        ("iteration",),
    ),
    Table(
        "tuning_surface",
        "one cell of the tuning grid",
        (
            Column("log_prob_leave_transcribed", "float64", "natural log", "grid value"),
            Column("untranscribed_shape", "float64", "gamma shape", "grid value"),
            Column("transcripts", "int64", "units", "transcription units called"),
            Column("merged", "int64", "units", "units over two or more genes"),
            Column("dissociated", "int64", "genes", "genes under two or more units"),
            Column(
                "error_rate",
                "float64",
                "fraction",
                "(merged + dissociated) / (units + genes); falls when units are over-called",
            ),
            Column(
                "genes_recovered",
                "float64",
                "fraction",
                "genes covered to at least half by exactly one unit that covers no other gene",
            ),
            Column(
                "dice",
                "float64",
                "fraction",
                "2 x genes recovered / (units + genes); falls for few units over many genes and for fragments",
            ),
            Column("log_likelihood", "float64", "natural log", "at the last iteration"),
        ),
        ("log_prob_leave_transcribed", "untranscribed_shape"),
    ),
    Table(
        "transcripts",
        "one transcription unit",
        (
            CHROM,
            START,
            END,
            STRAND,
            Column("name", "str", "id", "chrom_start+strand, stable between runs"),
            Column("score", "float64", "0-1000", "1000 x mean posterior, the BED score"),
            Column(
                "posterior",
                "float64",
                "probability",
                "mean posterior of the transcribed state over the unit's windows",
            ),
            Column("count", "int64", "reads", "reads in the unit, all libraries"),
            Column("grohmm_start", "int64", "bp, 1-based", "start as groHMM 1.41 reports it"),
            Column("grohmm_end", "int64", "bp, 1-based inclusive", "end as groHMM 1.41 reports it"),
        ),
        ("chrom", "start", "strand"),
    ),
    Table(
        "repaired_transcripts",
        "one transcription unit after it was mended with the annotation (groHMM 1.41 break and combine)",
        (
            CHROM,
            START,
            END,
            STRAND,
            Column("name", "str", "id", "chrom_start+strand; that of the called unit where it was left as it is"),
            Column("score", "float64", "0-1000", "1000 x mean posterior, the BED score"),
            Column(
                "posterior",
                "float64",
                "probability",
                "mean posterior of the transcribed state over the windows the unit touches, gaps that were joined included",
            ),
            Column("count", "int64", "reads", "reads in the unit, all libraries"),
            Column("status", "str", "empty, broken or combined", "what was done to it"),
        ),
        ("chrom", "start", "end", "strand"),
    ),
    Table(
        "transcript_density",
        "one scaled unit around genes",
        (
            Column("position", "int32", "scaled units", "-scale .. 2*scale-1; 0 is the TSS, scale the TTS"),
            Column("density", "float64", "fraction of genes", "genes whose matched unit covers the position"),
        ),
        ("position",),
    ),
    Table(
        "gene_overlap",
        "one gene matched with a transcription unit",
        (
            GENE,
            Column("transcript", "str", "id", "the matched transcription unit"),
            Column(
                "upstream_fraction",
                "float64",
                "fraction",
                "gene-width upstream of the TSS under the unit (per-gene FivePrimeFP)",
            ),
            Column("body_fraction", "float64", "fraction", "gene under the unit (per-gene TP)"),
            Column(
                "post_fraction",
                "float64",
                "fraction",
                "gene-width after the TTS under the unit (per-gene PostTTS)",
            ),
            Column("tua", "float64", "score", "(TP + (TP - FivePrimeFP)) / (1 + TP) of the gene"),
        ),
        ("gene",),
    ),
)
