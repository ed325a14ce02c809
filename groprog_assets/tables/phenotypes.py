"""Tables of subjects, their findings and diagnoses, and of the diseases ranked for them."""

from __future__ import annotations

from groprog_assets.tables.columns import Column, Table

SUBJECT = Column("subject_id", "str", "p- and 16 hex", "pseudonym under the study's key")
SEXES = ("female", "male", "other", "unknown")
VITAL = ("alive", "deceased", "unknown")
CERTAINTIES = ("confirmed", "suspected", "excluded")
_ONSET = (
    Column("onset_months_min", "Int32", "months", "earliest age of onset; below 0 before birth", nullable=True),
    Column("onset_months_max", "Int32", "months", "latest age of onset", nullable=True),
)

DECLARED = (
    Table(
        "omics_sources",
        "one collection of records; nothing of a subject",
        (
            Column("source", "str", "name", "collection, as the study names it"),
            Column("packets", "int64", "packets", "phenopackets"),
            Column("findings", "int64", "findings", "present"),
            Column("excluded_findings", "int64", "findings", "looked for and not present"),
            Column("diagnoses", "int64", "diagnoses", "diseases named"),
            Column("variants", "int64", "variants", "interpreted variants"),
            Column("unknown_fields", "int64", "fields", "fields that phenopackets do not have; not read"),
        ),
        ("source",),
    ),
    Table(
        "subjects",
        "one subject with consent",
        (
            SUBJECT,
            Column("sex", "str", ", ".join(SEXES), "as the record states it", values=SEXES),
            Column("age_months", "Int32", "months", "at the last encounter; above 89 years as 1068", nullable=True),
            Column("vital_status", "str", ", ".join(VITAL), "at the last encounter", values=VITAL),
            Column("source", "str", "text", "collection the record comes from"),
            Column("site", "str", "text", "where the subject was seen", nullable=True),
        ),
        ("subject_id",),
    ),
    Table(
        "phenotypes",
        "one finding of a subject, present or excluded",
        (
            SUBJECT,
            Column("term_id", "str", "CURIE", "live term; missing where the id could not be resolved", nullable=True),
            Column("excluded", "bool", "flag", "looked for and not present"),
            *_ONSET,
            Column("onset_term", "str", "CURIE", "onset as a term", nullable=True),
            Column("severity", "str", "CURIE", "severity", nullable=True),
            Column("modifiers", "list[str]", "CURIEs", "further modifiers"),
            Column("source_term", "str", "CURIE", "id as read"),
            Column("source", "str", "text", "collection the record comes from"),
        ),
        ("subject_id", "source_term", "excluded", "source"),
    ),
    Table(
        "diagnoses",
        "one diagnosis of a subject",
        (
            SUBJECT,
            Column("mondo_id", "str", "CURIE", "MONDO class by exact match", nullable=True),
            Column("omim_id", "str", "CURIE", "OMIM identifier", nullable=True),
            Column("orpha_id", "str", "CURIE", "ORPHA identifier", nullable=True),
            Column("source_id", "str", "CURIE", "id as read"),
            Column("status", "str", ", ".join(CERTAINTIES), "what the record says of it", values=CERTAINTIES),
            *_ONSET,
        ),
        ("subject_id", "source_id"),
    ),
    Table(
        "subject_publications",
        "one publication that a subject's record cites",
        (SUBJECT, Column("publication", "str", "CURIE", "PMID or DOI")),
        ("subject_id", "publication"),
    ),
    Table(
        "subject_variants",
        "one variant that a subject's record interprets",
        (
            SUBJECT,
            Column("gene_id", "str", "CURIE", "gene as read", nullable=True),
            Column("symbol", "str", "symbol", "gene symbol as read", nullable=True),
            Column("genome_build", "str", "name", "assembly of the VCF record, as read", nullable=True),
            Column("chrom", "str", "name", "chromosome of the VCF record", nullable=True),
            Column("start", "Int64", "bp", "first base of the VCF record, 0-based", nullable=True),
            Column("ref", "str", "bases", "reference allele of the VCF record", nullable=True),
            Column("alt", "str", "bases", "alternative allele of the VCF record", nullable=True),
            Column("hgvs", "str", "text", "variant as the record writes it, HGVS where it gives that", nullable=True),
            Column("allelic_state", "str", "text", "heterozygous, homozygous, hemizygous", nullable=True),
            Column("classification", "str", "ACMG", "pathogenicity as the record states it", nullable=True),
            Column(
                "status", "str", "text", "what the record says of the variant: CAUSATIVE, CANDIDATE, ...", nullable=True
            ),
        ),
        ("subject_id", "symbol", "hgvs"),
    ),
    Table(
        "subject_terms",
        "one subject under one term that it has, ancestors counted; sorted by term",
        (
            Column("term_id", "str", "CURIE", "term, or ancestor of one"),
            Column("subject_ix", "int32", "row of `subjects`", "whose"),
        ),
        ("term_id", "subject_ix"),
    ),
    Table(
        "candidate_diseases",
        "one disease that a subject's findings are compared with",
        (
            Column("disease_id", "str", "CURIE", "OMIM identifier"),
            Column("name", "str", "text", "name of the disease"),
        ),
        ("disease_id",),
    ),
    Table(
        "ranking_terms",
        "one live term, in the order of its number",
        (Column("term_id", "str", "CURIE", "term"),),
        ("term_id",),
    ),
    Table(
        "ranking_annotations",
        "one term of a candidate disease, of its own or pooled from an ORPHA disease",
        (
            Column("disease", "int64", "row of `candidate_diseases`", "which disease"),
            Column("term", "int64", "row of `ranking_terms`", "which term"),
            Column(
                "frequency",
                "float64",
                "fraction",
                "as it is used: ratios drawn to the prior, a default where none is stated",
            ),
            Column("annotated_id", "str", "CURIE", "disease of the annotation file that the row is from"),
            Column("sources", "list[str]", "CURIEs", "publications and databases cited"),
        ),
        ("disease", "term", "annotated_id"),
    ),
    Table(
        "disease_ranks",
        "one disease ranked for a subject",
        (
            SUBJECT,
            Column("rank", "float64", "rank", "1 for the best; equal scores share the mean of their ranks"),
            Column("disease_id", "str", "CURIE", "OMIM identifier"),
            Column("name", "str", "text", "name of the disease"),
            Column("score", "float64", "natural log", "sum of the logarithms of the likelihood ratios"),
            Column("support", "float64", "fraction", "relative support: softmax of the scores; no probability"),
            Column("diagnosed", "bool", "flag", "one of the subject's own diagnoses"),
        ),
        ("subject_id", "disease_id"),
    ),
    Table(
        "finding_ratios",
        "one finding's part in a disease's score",
        (
            SUBJECT,
            Column("disease_id", "str", "CURIE", "OMIM identifier"),
            Column("term_id", "str", "CURIE", "finding"),
            Column(
                "excluded",
                "bool",
                "flag",
                "a finding that is not present; it counts with parameters.ranking.excluded_weight",
            ),
            Column("log_ratio", "float64", "natural log", "logarithm of the likelihood ratio", nullable=True),
            Column("matched", "str", "CURIE", "term of the disease that fits best", nullable=True),
            Column("frequency", "float64", "fraction", "frequency used for it", nullable=True),
            Column("sources", "list[str]", "CURIEs", "what the annotation cites"),
            Column(
                "reading",
                "str",
                "supports, says little, speaks against, agrees, contradicts, no annotation",
                "in words",
            ),
        ),
        ("subject_id", "disease_id", "term_id", "excluded"),
    ),
    Table(
        "case_ranks",
        "one disease ranked for the subject of a case study, among all or among the diseases of its gene",
        (
            Column("case_name", "str", "name", "case study, as the study names it"),
            Column("restricted", "bool", "flag", "ranked among the diseases of the case's gene alone"),
            SUBJECT,
            Column("rank", "float64", "rank", "1 for the best; equal scores share the mean of their ranks"),
            Column("disease_id", "str", "CURIE", "OMIM identifier"),
            Column("name", "str", "text", "name of the disease"),
            Column("score", "float64", "natural log", "sum of the logarithms of the likelihood ratios"),
            Column("support", "float64", "fraction", "relative support: softmax of the scores; no probability"),
            Column("compared", "bool", "flag", "one of the diseases that the case compares"),
        ),
        ("case_name", "restricted", "disease_id"),
    ),
    Table(
        "case_ratios",
        "one finding's part in the score of a disease of a case study",
        (
            Column("case_name", "str", "name", "case study, as the study names it"),
            SUBJECT,
            Column("disease_id", "str", "CURIE", "OMIM identifier"),
            Column("term_id", "str", "CURIE", "finding"),
            Column("excluded", "bool", "flag", "a finding that is not present"),
            Column("log_ratio", "float64", "natural log", "logarithm of the likelihood ratio", nullable=True),
            Column("matched", "str", "CURIE", "term of the disease that fits best", nullable=True),
            Column("frequency", "float64", "fraction", "frequency used for it", nullable=True),
            Column("sources", "list[str]", "CURIEs", "what the annotation cites"),
            Column(
                "reading",
                "str",
                "supports, says little, speaks against, agrees, contradicts, no annotation",
                "in words",
            ),
        ),
        ("case_name", "disease_id", "term_id", "excluded"),
    ),
    Table(
        "diagnosed_ranks",
        "the rank of a subject's own diagnosis by one scorer",
        (
            SUBJECT,
            Column("disease_id", "str", "CURIE", "OMIM identifier of the diagnosis"),
            Column("scorer", "str", "name", "how diseases were scored"),
            Column("figure", "str", "all, unleaked, publication-out", "which annotations the disease keeps"),
            Column("rank", "float64", "rank", "1 for the best; equal scores share the mean of their ranks"),
        ),
        ("subject_id", "disease_id", "scorer", "figure"),
    ),
    Table(
        "ranking_accuracy",
        "how often the diagnosis was among the first, by scorer and figure",
        (
            Column("scorer", "str", "name", "how diseases were scored"),
            Column("figure", "str", "all, unleaked, publication-out", "which annotations the disease keeps"),
            Column("average", "str", "micro, macro", "over packets, or over diseases"),
            Column("packets", "int64", "packets", "counted"),
            Column("top_1", "float64", "%", "diagnosis ranked first"),
            Column("top_3", "float64", "%", "within the first three"),
            Column("top_10", "float64", "%", "within the first ten"),
            Column("top_50", "float64", "%", "within the first fifty"),
            Column("mean_reciprocal_rank", "float64", "fraction", "mean of 1 / rank"),
        ),
        ("scorer", "figure", "average"),
    ),
)
