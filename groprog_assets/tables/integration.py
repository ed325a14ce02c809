"""Tables of what several assays say together: factors, networks, strata, biomarkers, gene sets, drugs."""

from __future__ import annotations

from groprog_assets.tables.columns import Column, Table
from groprog_assets.tables.omics import ASSAY
from groprog_assets.tables.phenotypes import SUBJECT

_FACTOR = Column("factor", "str", "name", "factor_1 explains most")
_FEATURE = Column("feature_id", "str", "CURIE or name", "feature of the assay; several of one name are numbered a, a#2")
_SYMBOL = Column("symbol", "str", "symbol", "gene symbol, or the feature as read")
_SET = Column("set_id", "str", "name", "gene set, as its file names it")
_SCORE = "mean of the members' standard deviations from their means"
_P = Column("p_value", "float64", "probability", "two-sided, without adjustment", nullable=True)
_Q = Column("q_value", "float64", "probability", "Benjamini-Hochberg over the tested rows", nullable=True)
_PRESENT = (
    Column("size", "int64", "genes", "of the set in its file"),
    Column("present", "int64", "genes", "of them that are there"),
    Column("share", "float64", "fraction", "present / size"),
)

DIRECTIONS = ("up", "down")

DECLARED = (
    Table(
        "factor_scores",
        "one subject's score of one factor",
        (SUBJECT, _FACTOR, Column("score", "float64", "standard deviations", "posterior mean")),
        ("subject_id", "factor"),
    ),
    Table(
        "factor_weights",
        "one feature's weight in one factor",
        (
            _FACTOR,
            ASSAY,
            _FEATURE,
            _SYMBOL,
            Column("weight", "float64", "units of the assay a standard deviation", "posterior mean"),
            Column("included", "float64", "probability", "that the weight is not 0"),
        ),
        ("factor", "assay_id", "feature_id"),
    ),
    Table(
        "factor_variance",
        "how much of one assay one factor explains",
        (
            _FACTOR,
            ASSAY,
            Column("share", "float64", "fraction", "of the assay's variance that the factor alone explains"),
        ),
        ("factor", "assay_id"),
    ),
    Table(
        "network_neighbours",
        "one of the nearest subjects of a subject in the fused network",
        (
            SUBJECT,
            Column("other_id", "str", "p- and 16 hex", "the near subject"),
            Column("rank", "int64", "rank", "1 for the nearest"),
            Column("similarity", "float64", "share of affinity", "weight of the link in the fused network"),
        ),
        ("subject_id", "other_id"),
    ),
    Table(
        "subject_strata",
        "one subject's stratum",
        (SUBJECT, Column("stratum", "int64", "number", "1 is the largest")),
        ("subject_id",),
    ),
    Table(
        "stratum_numbers",
        "one number of strata that was tried",
        (
            Column("strata", "int64", "strata", "how many"),
            Column("stability", "float64", "adjusted Rand index", "median agreement with the strata of subsamples"),
            Column("smallest", "int64", "subjects", "in the smallest stratum"),
            Column("chosen", "bool", "flag", "these strata are reported"),
        ),
        ("strata",),
    ),
    Table(
        "stratum_survival",
        "the outcome of one stratum",
        (
            Column("stratum", "int64", "number", "1 is the largest"),
            Column("subjects", "int64", "subjects", "with an outcome"),
            Column("events", "int64", "events", "that happened"),
            Column("median", "float64", "months", "median survival, missing where it is not reached", nullable=True),
        ),
        ("stratum",),
    ),
    Table(
        "biomarkers",
        "one feature compared between groups, or with survival",
        (
            Column("outcome", "str", "group against reference, or survival", "what is compared"),
            ASSAY,
            _FEATURE,
            _SYMBOL,
            Column("effect", "float64", "units of the assay", "mean difference; missing for survival", nullable=True),
            Column("lower", "float64", "units of the assay", "of the effect's 95 % interval", nullable=True),
            Column("upper", "float64", "units of the assay", "of the effect's 95 % interval", nullable=True),
            Column("statistic", "float64", "t or z", "moderated t, or score statistic of a Cox model", nullable=True),
            _P,
            _Q,
            Column("samples", "int64", "subjects", "of the group with a value"),
            Column("reference_samples", "int64", "subjects", "of the reference with a value"),
            Column("missing", "float64", "fraction", "of the compared subjects without a value"),
            Column("frequency", "float64", "fraction of panels", "of held-out folds that chose it", nullable=True),
            Column("biomarker", "bool", "flag", "chosen by most panels"),
        ),
        ("outcome", "assay_id", "feature_id"),
    ),
    Table(
        "panel_folds",
        "one panel and the subjects that judged it",
        (
            Column("outcome", "str", "group against reference, or survival", "what is foretold"),
            Column("repeat", "int64", "number", "from 0"),
            Column("fold", "int64", "number", "held-out fold, from 0"),
            Column("chosen", "int64", "features", "of the panel"),
            Column("performance", "float64", "AUC or C", "on the held-out subjects; 0.5 by chance", nullable=True),
        ),
        ("outcome", "repeat", "fold"),
    ),
    Table(
        "target_candidates",
        "one drug that acts on the gene of a biomarker",
        (
            Column("outcome", "str", "group against reference, or survival", "what the biomarker foretells"),
            Column("rank", "int64", "rank", "of the biomarker, 1 for the first"),
            Column("feature", "str", "assay:feature", "the biomarker"),
            Column("gene_id", "str", "symbol", "gene that the drug acts on"),
            Column("statistic", "float64", "t or z", "of the biomarker"),
            Column("frequency", "float64", "fraction of panels", "that chose it"),
            Column("weight", "float64", "|statistic| x frequency", "by which candidates are ordered"),
            Column("drug_id", "str", "id", "drug, as the table of targets names it"),
            Column("name", "str", "text", "name of the drug"),
            Column("action", "str", "text", "inhibitor, agonist, ..."),
            Column("source", "str", "text", "where the row of the target comes from"),
            Column("version", "str", "text", "release of the source"),
        ),
        ("outcome", "feature", "drug_id", "action", "source"),
    ),
    Table(
        "pathway_scores",
        "one subject's score of one gene set in one assay",
        (SUBJECT, ASSAY, _SET, Column("score", "float64", _SCORE, "missing with too few members", nullable=True)),
        ("subject_id", "assay_id", "set_id"),
    ),
    Table(
        "scored_sets",
        "one gene set in one assay",
        (ASSAY, _SET, *_PRESENT, Column("scored", "bool", "flag", "enough members are there")),
        ("assay_id", "set_id"),
    ),
    Table(
        "ranked_sets",
        "one gene set in the ranking of an assay's genes by their statistic",
        (
            Column("outcome", "str", "group against reference, or survival", "what the ranking is of"),
            ASSAY,
            _SET,
            *_PRESENT,
            Column("score", "float64", "running sum", "> 0: its genes come early", nullable=True),
            Column(
                "normalised", "float64", "mean scores of random sets", "score over the mean of its sign", nullable=True
            ),
            _P,
            _Q,
            Column("chosen", "int64", "genes", "of the set, with q below parameters.integration.significance"),
            Column(
                "over_p_value",
                "float64",
                "probability",
                "of so many such genes by chance: hypergeometric, among the measured genes",
                nullable=True,
            ),
            Column("over_q_value", "float64", "q", "Benjamini-Hochberg over the tested sets", nullable=True),
        ),
        ("outcome", "assay_id", "set_id"),
    ),
    Table(
        "gene_sets",
        "one gene of a set, or of one half of a drug's signature",
        (
            _SET,
            Column("name", "str", "text", "description in the file, else the name of the set"),
            Column("source", "str", "text", "file's name"),
            Column("gene_id", "str", "symbol", "gene, as the file names it"),
            Column(
                "direction",
                "str",
                ", ".join(DIRECTIONS),
                "what the drug does to the gene; missing for a set",
                True,
                DIRECTIONS,
            ),
        ),
        ("source", "set_id", "gene_id", "direction"),
    ),
    Table(
        "drug_target",
        "one drug that acts on a gene",
        (
            Column("drug_id", "str", "id", "drug, as the table of targets names it"),
            Column("name", "str", "text", "name of the drug"),
            Column("gene_id", "str", "symbol", "gene that the drug acts on"),
            Column("action", "str", "text", "inhibitor, agonist, ...; missing where not known", nullable=True),
            Column("source", "str", "text", "where the row comes from"),
            Column("version", "str", "text", "release of the source"),
        ),
        (),
    ),
    Table(
        "drug_reversal",
        "one drug's signature against the ranking of an assay's genes; a hypothesis, no evidence of benefit",
        (
            Column("outcome", "str", "group against reference, or survival", "what the ranking is of"),
            ASSAY,
            Column("drug", "str", "name", "as the signature's sets name it"),
            Column("up_present", "int64", "genes", "that the drug raises and the ranking holds"),
            Column("down_present", "int64", "genes", "that the drug lowers and the ranking holds"),
            Column("up_score", "float64", "running sum", "of the genes that the drug raises", nullable=True),
            Column("down_score", "float64", "running sum", "of the genes that the drug lowers", nullable=True),
            Column("score", "float64", "running sum", "< 0: the drug reverses the ranking", nullable=True),
            _P,
            _Q,
            Column("reverses", "bool", "flag", "score below 0"),
            Column("label", "str", "text", "what may be concluded"),
        ),
        ("outcome", "assay_id", "drug"),
    ),
)
