"""Tables of the initiation regions, their counts, response and links."""

from __future__ import annotations

from groprog_assets.tables.columns import CHROM, END, GENE, PADJ, START, STRAND, Column, P, Table


def _sides(name: str, dtype: str, unit: str, meaning: str) -> tuple[Column, Column]:
    """The same column of each side; missing where the region has no start on that strand."""
    return tuple(  # type: ignore[return-value]
        Column(name.format(side), dtype, unit, f"{meaning}, {side} strand", True) for side in ("plus", "minus")
    )


_REGION = Column("region", "str", "id", "name in initiation_regions")
_FIVE_PRIME = _sides("{}_five_prime", "Int64", "bp, 0-based", "most upstream occupied base that maximises the score")
_SUMMIT = _sides(
    "{}_summit", "Int64", "bp, 0-based", "base around which 11 bp hold most reads, within 150 bp downstream"
)
DECLARED = (
    Table(
        "initiation_regions",
        "one initiation region: a pair of starts on opposite strands, divergent or convergent, or a single start",
        (
            CHROM,
            START,
            END,
            Column("name", "str", "id", "IR and a number, in the order of the table"),
            Column("score", "int64", "0-1000", "10 x pair score, of a single start 10 x its score; the BED score"),
            Column("strand", "str", "+, - or .", "strand of a single start; . for a pair"),
            Column("kind", "str", "divergent, convergent or single", "whether the starts of the strands overlap"),
            *(column for side in zip(_FIVE_PRIME, _SUMMIT, strict=True) for column in side),
            *_sides(
                "tss_estimate_{}",
                "Int64",
                "bp, 0-based",
                "five_prime less the offset of the summary; no base-pair claim",
            ),
            *_sides("score_{}", "float64", "natural log", "likelihood ratio of the start profile over flat signal"),
            Column("pair_score", "float64", "natural log", "lower score of the two sides", True),
            Column(
                "q_pair",
                "float64",
                "false discovery rate",
                "of pairs at this score, by decoys of a moved minus strand",
                True,
            ),
            *_sides("p_local_{}", "float64", "probability", "step test, geometric mean of two scales; ranks only"),
            *_sides("reads_{}", "Int64", "reads", "all libraries, first counting_window bp of the side"),
            *_sides("positions_{}", "Int64", "bases", "occupied ones of the first counting_window bp of the side"),
            Column("top_position_share", "float64", "fraction", "reads on the fullest of these bases", True),
            Column(
                "class",
                "str",
                "proximal or distal",
                "whether an annotated start is within proximal_distance of the centre",
            ),
            Column(
                "inside_gene",
                "str",
                "sense, antisense or none",
                "of distal ones, strand of the better side in the gene",
            ),
            Column("nearest_tss_gene", "str", "symbol", "gene of the nearest annotated start; not its target"),
            Column(
                "nearest_tss_distance",
                "Int64",
                "bp",
                "centre less that start, positive downstream on the gene's strand",
                True,
            ),
            Column("overlapping_genes", "str", "symbols joined by ;", "genes over the interval"),
            Column("flags", "str", "names joined by ;", "symmetric_island, pile_up, pol3_or_structural"),
            Column(
                "called_in",
                "str",
                "conditions joined by ;",
                "in which it passes alone or has 5 reads on each of its strands",
            ),
            Column("confidence", "str", "strong, medium, weak or ranked", "of pairs by q, of single starts by score"),
            Column("claim", "str", "text", "candidate enhancer, active TSS, or empty: what may be said of it"),
        ),
        ("name",),
    ),
    Table(
        "initiation_scores",
        "one local maximum of the start score",
        (
            CHROM,
            STRAND,
            Column("position", "int64", "bp, 0-based", "most upstream base of the maximum"),
            Column("score", "float64", "natural log", "likelihood ratio of the start profile over flat signal"),
        ),
        ("chrom", "strand", "position"),
    ),
    Table(
        "initiation_profile",
        "one bin around starts of transcription",
        (
            Column("offset", "int64", "bp", "first base of the bin, from the start"),
            Column("bin_size", "int64", "bp", "width of the bin"),
            Column("log_ratio", "float64", "natural log", "signal in the bin over the mean bin, one read added"),
        ),
        ("offset",),
    ),
    Table(
        "initiation_metaplot",
        "one bin around the centres of pairs, in one condition and class, on one strand",
        (
            Column("condition", "str", "name", "condition"),
            Column("class", "str", "proximal or distal", "as in initiation_regions"),
            STRAND,
            Column("offset", "int64", "bp", "first base of the bin, from the centre between the summits"),
            Column("signal", "float64", "reads per million", "mean of the pairs"),
        ),
        ("condition", "class", "strand", "offset"),
    ),
    Table(
        "initiation_counts",
        "one region in one library",
        (
            _REGION,
            Column("library", "str", "id", "library"),
            *_sides("{}_count", "Int64", "reads", "first counting_window bp of the side"),
            Column("count", "int64", "reads", "of the sides that the region has"),
        ),
        ("region", "library"),
    ),
    Table(
        "differential_initiation",
        "one region compared between the conditions",
        (
            _REGION,
            Column("class", "str", "proximal or distal", "as in initiation_regions"),
            Column("kind", "str", "divergent, convergent or single", "as in initiation_regions"),
            Column("treatment_count", "int64", "reads", "all libraries of the treatment"),
            Column("control_count", "int64", "reads", "all libraries of the control"),
            Column("base_mean", "float64", "reads", "mean of counts over size factors of the genes", True),
            Column("log2_fold_change", "float64", "log2", "treatment over control", True),
            Column("standard_error", "float64", "log2", "of the fold change; missing without replicates", True),
            P,
            PADJ,
            Column(
                "analysis", "str", "replicated, unreplicated or untested", "test that was made; untested: too few reads"
            ),
            Column("direction", "str", "up, down or none", "screen of the study; always none without replicates"),
        ),
        ("region",),
    ),
    Table(
        "initiation_links",
        "one region beside one gene",
        (
            _REGION,
            GENE,
            Column("relation", "str", "text", "nearest, overlapping, or co-varying with the number of libraries"),
            Column("distance", "int64", "bp", "centre of the region less the gene's start, positive downstream"),
            Column("libraries", "int64", "libraries", "behind the correlation; 0 where none is given"),
            Column("spearman", "float64", "rank correlation", "of log counts over the libraries", True),
            Column(
                "q_value",
                "float64",
                "false discovery rate",
                "of the correlation, by permutation of the libraries",
                True,
            ),
            Column("region_log2_fold_change", "float64", "log2", "of differential_initiation", True),
            Column("region_adjusted_p_value", "float64", "probability", "of differential_initiation", True),
            Column("gene_log2_fold_change", "float64", "log2", "of gene_differential, the reads of the body", True),
            Column("gene_adjusted_p_value", "float64", "probability", "of gene_differential", True),
        ),
        ("region", "gene"),
    ),
)
