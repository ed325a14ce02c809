"""Tables of the assays: samples, features, sparse observations, and what each stage of the values is."""

from __future__ import annotations

from groprog_assets.tables.columns import INTEGER_LIST, TEXT_LIST, Column, Table
from groprog_assets.tables.phenotypes import SUBJECT

SAMPLE = Column("sample_id", "str", "s- and 16 hex", "pseudonym of the sample under the study's key")
ASSAY = Column("assay_id", "str", "name", "assay, as the study names it")
FEATURE = Column("feature_ix", "int32", "place", "row of the feature in the assay, from 0")
OMICS = ("genome", "transcriptome", "proteome", "metabolome", "epigenome")
KINDS = ("dense", "sparse")
SCALES = ("count", "linear", "log2", "log10", "ln", "beta", "mvalue", "npx", "zscore", "ordinal")
BUILDS = ("GRCh37", "GRCh38")
MISSING = ("mar", "mnar", "structural", "mixed")
MAPPINGS = ("exact", "alias", "previous", "ambiguous", "unmapped")
CHANGES = (*("snv", "mnv", "ins", "del", "delins", "sym_del", "sym_dup", "sym_inv", "sym_ins", "cnv", "bnd", "star"),)
STAGES = ("raw", "normalised", "corrected", "filled")
STAGE = Column("stage", "str", ", ".join(STAGES), "how far the values are processed", values=STAGES)
VARIANT = Column("variant_ix", "int64", "place", "row of the variant, from 0")
_INTERVAL = (
    Column("start", "int64", "bp", "first base, 0-based"),
    Column("end", "int64", "bp", "base after the last, 0-based"),
)
_PLACE = (
    Column("chrom", "str", "name", "chromosome, where the feature has a place", nullable=True),
    Column("start", "Int64", "bp", "first base, 0-based", nullable=True),
    Column("end", "Int64", "bp", "base after the last, 0-based", nullable=True),
    Column("strand", "str", "+ or -", "strand", nullable=True),
)
_SHARE = "fraction"
_R2 = "median over features of the share of variance (R squared) between"

DECLARED = (
    Table(
        "samples",
        "one sample of a subject with consent",
        (
            SAMPLE,
            SUBJECT,
            Column("tissue", "str", "UBERON or text", "where it was taken", nullable=True),
            Column("specimen", "str", "tumour, normal, blood, …", "what it is", nullable=True),
            Column("collected_months", "Int32", "months", "age of the subject when it was taken", nullable=True),
            Column("is_reference", "bool", "flag", "a reference against which others are judged"),
        ),
        ("sample_id",),
    ),
    Table(
        "sample_factors",
        "one further value of a sample, from a column that the study names",
        (
            SAMPLE,
            Column("factor", "str", "name", "column of the sample table"),
            Column("value", "str", "text", "as written", nullable=True),
        ),
        ("sample_id", "factor"),
    ),
    Table(
        "assays",
        "one assay",
        (
            ASSAY,
            Column("omics", "str", "kind", ", ".join(OMICS), values=OMICS),
            Column(
                "kind", "str", ", ".join(KINDS), "a matrix of values, or rows of variants and intervals", values=KINDS
            ),
            Column("platform", "str", "text", "instrument or array", nullable=True),
            Column("unit", "str", "text", "unit of a value as read", nullable=True),
            Column("scale", "str", ", ".join(SCALES), "of the values as read; none of a sparse assay", True, SCALES),
            Column("genome_build", "str", ", ".join(BUILDS), "build of coordinates", True, BUILDS),
            Column("id_system", "str", "name", "whose names the features have", nullable=True),
            Column("missing_kind", "str", ", ".join(MISSING), "why values are missing", values=MISSING),
            Column("normalisation", "str", "text", "how its values are normalised; none where they stay as they are"),
            Column("features", "int64", "features", "rows of the matrix"),
            Column("samples", "int64", "samples", "samples of subjects who may be used"),
            Column("missing_share", "float64", _SHARE, "values that are missing", nullable=True),
            Column("source_sha256", "str", "sha256", "of the source's bytes; of a folder, of its files' digests"),
        ),
        ("assay_id",),
    ),
    Table(
        "assay_samples",
        "one sample of an assay",
        (
            ASSAY,
            Column("position", "int32", "place", "element of a row of values, from 0"),
            SAMPLE,
            Column("batch", "str", "name", "samples that were processed together", nullable=True),
            Column("run_order", "Int32", "place", "order in which they were measured", nullable=True),
        ),
        ("assay_id", "position"),
    ),
    Table(
        "features",
        "one feature of an assay",
        (
            ASSAY,
            FEATURE,
            Column("feature_id", "str", "CURIE", "canonical identifier"),
            Column("source_id", "str", "text", "identifier as read"),
            Column("symbol", "str", "text", "gene symbol", nullable=True),
            Column("gene_id", "str", "CURIE", "gene", nullable=True),
            *_PLACE,
            Column("mapping", "str", ", ".join(MAPPINGS), "how the identifier was found", values=MAPPINGS),
        ),
        ("assay_id", "feature_ix"),
    ),
    Table(
        "flagged_values",
        "one value that is kept and doubted: below the limit of detection, or with a warning of the instrument",
        (ASSAY, FEATURE, Column("position", "int32", "place", "sample")),
        ("assay_id", "feature_ix", "position"),
    ),
    Table(
        "variants",
        "one variant, alleles trimmed and left-aligned",
        (
            VARIANT,
            Column("genome_build", "str", ", ".join(BUILDS), "build of the coordinates", values=BUILDS),
            Column("chrom", "str", "name", "chromosome without chr"),
            *_INTERVAL,
            Column("ref", "str", "bases", "reference allele; empty for an insertion"),
            Column("alt", "str", "bases", "other allele; empty for a deletion"),
            Column("kind", "str", ", ".join(CHANGES), "kind of change", values=CHANGES),
            Column("digest", "str", "sha256", "of build:chrom:start:end:ref:alt"),
            Column("source_alt_index", "int16", "place", "which ALT of its record, from 1"),
        ),
        ("variant_ix",),
    ),
    Table(
        "genotypes",
        "one variant in one sample",
        (
            SAMPLE,
            VARIANT,
            Column(
                "alleles",
                INTEGER_LIST,
                "allele numbers",
                "0 reference, 1 this variant, 2 another; missing where unknown",
            ),
            Column("dosage", "Int8", "copies", "of the variant; missing where an allele is", nullable=True),
            Column("phased", "bool", "flag", "the order of alleles means something"),
            Column("phase_set", "Int64", "number", "set of variants phased together", nullable=True),
            Column("depth", "Int32", "reads", "at the place", nullable=True),
            Column("alt_depth", "Int32", "reads", "with the variant", nullable=True),
            Column("quality", "float32", "Phred", "of the genotype", nullable=True),
            Column("filter", TEXT_LIST, "names", "filters failed; PASS; empty where none was applied"),
        ),
        ("sample_id", "variant_ix"),
    ),
    Table(
        "variant_consequences",
        "what a source says that a variant does",
        (
            VARIANT,
            Column("gene_id", "str", "CURIE", "gene", nullable=True),
            Column("symbol", "str", "symbol", "gene symbol as read", nullable=True),
            Column("transcript", "str", "name", "transcript", nullable=True),
            Column("consequence", "str", "SO or MAF class", "consequence", nullable=True),
            Column("hgvs_c", "str", "HGVS", "on the coding sequence", nullable=True),
            Column("hgvs_p", "str", "HGVS", "on the protein", nullable=True),
            Column("classification", "str", "ACMG", "clinical classification", nullable=True),
            Column("source", "str", "text", "who says so"),
        ),
        (),
    ),
    Table(
        "intervals",
        "one interval of a sample with its value",
        (
            ASSAY,
            SAMPLE,
            Column("chrom", "str", "name", "chromosome"),
            *_INTERVAL,
            Column("value", "float32", "the assay's unit", "value of the interval", nullable=True),
            Column("kind", "str", "segment, peak, region", "what the interval is"),
        ),
        (),
    ),
    Table(
        "assay_stages",
        "the values of one assay at one stage",
        (
            ASSAY,
            STAGE,
            Column("method", "str", "text", "what was done to the stage before"),
            Column("scale", "str", "scale", "scale of the values now"),
            Column("features", "int64", "features", "rows of the matrix"),
            Column("samples", "int64", "samples", "elements of a row"),
            Column("missing_share", "float64", _SHARE, "values that are missing", nullable=True),
        ),
        ("assay_id", "stage"),
    ),
    Table(
        "judged_samples",
        "one sample whose values were compared with the reference samples of its assay",
        (
            ASSAY,
            SAMPLE,
            SUBJECT,
            STAGE,
            Column("reference_samples", "int64", "samples", "of the assay that are a reference"),
            Column("judged", "int64", "features", "with a value, and with reference values enough"),
            Column("outside", "int64", "features", "of them out of the reference range"),
        ),
        ("assay_id", "sample_id"),
    ),
    Table(
        "out_of_range",
        "one value that lies out of the range of the reference samples",
        (
            ASSAY,
            SAMPLE,
            SUBJECT,
            FEATURE,
            Column("value", "float64", "the stage's unit", "of the sample"),
            Column("median", "float64", "the stage's unit", "of the reference samples"),
            Column("robust_z", "float64", "robust standard deviations", "0.6745 (value - median) / MAD"),
            Column("reference_samples", "int64", "samples", "references with a value of the feature"),
        ),
        ("assay_id", "sample_id", "feature_ix"),
    ),
    Table(
        "batch_effects",
        "what the batches of one assay explain, before and after their correction",
        (
            ASSAY,
            Column("corrected", "bool", "flag", "the values were corrected"),
            Column("why_not", "str", "text", "why they were not", nullable=True),
            Column("batches", "int64", "batches", "batches of its samples"),
            Column("covariates", TEXT_LIST, "names", "columns whose differences were kept"),
            Column("batch_share_before", "float64", _SHARE, f"{_R2} batches", nullable=True),
            Column("batch_share_after", "float64", _SHARE, f"{_R2} batches, afterwards", nullable=True),
            Column("factor", "str", "name", "biological factor that must be kept", nullable=True),
            Column("factor_share_before", "float64", _SHARE, f"{_R2} its levels", nullable=True),
            Column("factor_share_after", "float64", _SHARE, f"{_R2} its levels, afterwards", nullable=True),
            Column("associated_with", "str", "name", "covariate or outcome nearest to the batches", nullable=True),
            Column("association", "float64", "Cramer's V", "of batch and that column", nullable=True),
        ),
        ("assay_id",),
    ),
)
