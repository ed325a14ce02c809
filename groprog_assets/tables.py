"""Every column of every table: dtype, unit and meaning. Schemas, checks and `docs/tables.md` are generated from here.

Coordinates are 0-based half-open (BED). `count` is raw, `signal` is normalised. A column marked `nullable` may hold missing
values; no other may. Tables listed as `open_ended` may carry further columns whose names depend on the study (mark names,
clinical fields). Standard library only; `conform` works on anything with pandas' column interface.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from groprog_assets.errors import Problem, TableError


class Column(NamedTuple):
    """One column: pandas dtype ("str", "category", "int32", "int64", "float32", "float64", "bool"), unit, meaning."""

    name: str
    dtype: str
    unit: str
    meaning: str
    nullable: bool = False


class Table(NamedTuple):
    """One table: what a row is, its columns, the columns whose values identify a row."""

    name: str
    row: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    open_ended: bool = False

    @property
    def column_names(self) -> list[str]:
        return [column.name for column in self.columns]


_CHROM = Column("chrom", "str", "name", "chromosome as named in the study's chromosome sizes")
_CHROM_CATEGORY = Column("chrom", "category", "name", "chromosome as named in the study's chromosome sizes")
_START = Column("start", "int64", "bp", "first base, 0-based")
_END = Column("end", "int64", "bp", "base after the last, 0-based")
_STRAND = Column("strand", "str", "+ or -", "strand of the RNA")
_STRAND_CATEGORY = Column("strand", "category", "+ or -", "strand of the RNA")
_GENE = Column("gene", "str", "symbol", "gene symbol of the annotation")
_P = Column("p_value", "float64", "probability", "two-sided unless the table says otherwise", nullable=True)
_PADJ = Column("adjusted_p_value", "float64", "probability", "Benjamini-Hochberg over the tested rows", nullable=True)

_TABLES = (
    Table(
        "read_quality",
        "one sequencing cycle of one mate",
        (
            Column("mate", "int32", "1 or 2", "mate in the pair; 1 for single reads"),
            Column("cycle", "int32", "1-based", "position in the read"),
            Column("mean_quality", "float64", "Phred", "arithmetic mean of the base qualities (FastQC)"),
            Column("error_mean_quality", "float64", "Phred", "quality of the mean error probability (A30)"),
            Column("minimum_quality", "int32", "Phred", "lowest base quality"),
            Column("maximum_quality", "int32", "Phred", "highest base quality"),
            Column("reads", "int64", "reads", "reads that reach this cycle"),
        ),
        ("mate", "cycle"),
    ),
    Table(
        "filter_funnel",
        "one filtering step, in order",
        (
            Column("step", "str", "name", "rule applied at this step"),
            Column("removed", "int64", "reads", "reads the step removed"),
            Column("remaining", "int64", "reads", "reads left after it"),
            Column("reason", "str", "text", "the rule in words, with its threshold"),
        ),
        ("step",),
    ),
    Table(
        "positions",
        "one base with at least one read on one strand",
        (
            _CHROM_CATEGORY,
            _STRAND_CATEGORY,
            Column("position", "int32", "bp", "0-based base of the chosen read end"),
            Column("count", "int32", "reads", "reads (or bases covered in coverage mode) at the base"),
        ),
        ("chrom", "strand", "position"),
    ),
    Table(
        "coverage",
        "one window with a non-zero count on one strand",
        (
            _CHROM_CATEGORY,
            _STRAND_CATEGORY,
            Column("window", "int32", "index", "0-based window; covers [window*bin_size, (window+1)*bin_size)"),
            Column("count", "int32", "reads", "sum of the position counts in the window"),
        ),
        ("chrom", "strand", "window"),
    ),
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
            Column("log_likelihood", "float64", "natural log", "at the last iteration"),
        ),
        ("log_prob_leave_transcribed", "untranscribed_shape"),
    ),
    Table(
        "transcripts",
        "one transcription unit",
        (
            _CHROM,
            _START,
            _END,
            _STRAND,
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
            _CHROM,
            _START,
            _END,
            _STRAND,
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
        "gene_models",
        "one annotated transcript",
        (
            _CHROM,
            _START,
            _END,
            _STRAND,
            Column("transcript", "str", "id", "transcript id of the annotation"),
            _GENE,
        ),
        ("chrom", "start", "end", "strand", "transcript"),
    ),
    Table(
        "consensus",
        "one gene's consensus interval (groHMM 1.41 makeConsensusAnnotations)",
        (
            _CHROM,
            _START,
            _END,
            _STRAND,
            _GENE,
            Column("kind", "str", "single or isoforms", "whether one or several transcripts stand behind it"),
        ),
        ("chrom", "start", "end", "strand", "gene"),
    ),
    Table(
        "masks",
        "one masked interval",
        (
            _CHROM,
            _START,
            _END,
            Column("reason", "str", "text", "blacklist, rDNA or multi-copy, with its source"),
        ),
        ("chrom", "start", "end", "reason"),
    ),
    Table(
        "genes",
        "one gene",
        (
            _CHROM,
            _START,
            _END,
            _STRAND,
            _GENE,
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
            _GENE,
            Column("transcript", "str", "id", "the matched transcription unit"),
            Column(
                "upstream_fraction",
                "float64",
                "fraction",
                "gene-width upstream of the TSS under the unit (per-gene FivePrimeFP, A33)",
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
    Table(
        "tss_profile",
        "one offset from the TSS in one condition, sense or antisense",
        (
            Column("condition", "str", "name", "condition of the study"),
            Column("orientation", "str", "sense or antisense", "relative to the gene"),
            Column("offset", "int32", "bp", "distance downstream of the TSS"),
            Column("signal", "float64", "reads per gene per million", "mean over genes"),
        ),
        ("condition", "orientation", "offset"),
    ),
    Table(
        "gene_signal",
        "one gene in one library",
        (
            _GENE,
            Column("library", "str", "id", "library"),
            Column("condition", "str", "name", "condition"),
            Column("promoter_count", "int64", "reads", "reads in the promoter window"),
            Column("body_count", "int64", "reads", "reads in the gene body"),
            Column("upstream_count", "int64", "reads", "reads in the upstream background window"),
            Column("promoter_density", "float64", "reads/kb/million", "promoter reads per kilobase and million"),
            Column("body_density", "float64", "reads/kb/million", "body reads per kilobase and million"),
            Column("upstream_density", "float64", "reads/kb/million", "upstream reads per kilobase and million"),
        ),
        ("gene", "library"),
    ),
    Table(
        "pausing",
        "one gene in one condition (libraries pooled)",
        (
            _GENE,
            Column("condition", "str", "name", "condition"),
            Column("promoter_count", "int64", "reads", "reads in [-50, +200) of the TSS"),
            Column("body_count", "int64", "reads", "reads in [+200, min(+5000, TTS)) of the TSS"),
            Column("promoter_length", "int64", "bp", "window length"),
            Column("body_length", "int64", "bp", "window length"),
            Column("count_ratio", "float64", "1", "promoter_count / body_count, figure 9's form (F6)", True),
            Column("pausing_index", "float64", "density ratio", "promoter density / body density (A35)", True),
            Column("p_value", "float64", "probability", "two-sided exact test of equal densities", True),
            _PADJ,
            Column(
                "passes",
                "bool",
                "flag",
                "at least the minimum body reads in every library and a finite index (S1-P03)",
            ),
            Column("pause_class", "str", "high, low, intermediate, untested", "A37"),
        ),
        ("gene", "condition"),
    ),
    Table(
        "transcript_counts",
        "one transcription unit in one library",
        (
            Column("transcript", "str", "id", "transcription unit"),
            Column("library", "str", "id", "library"),
            Column("count", "int64", "reads", "reads in the unit's counting window (limitToXkb)"),
        ),
        ("transcript", "library"),
    ),
    Table(
        "differential",
        "one transcription unit",
        (
            Column("transcript", "str", "id", "transcription unit"),
            _CHROM,
            _START,
            _END,
            _STRAND,
            Column(
                "gene",
                "str",
                "symbols joined by ;",
                "genes under the unit, largest overlap first; empty for none",
            ),
            Column("base_mean", "float64", "normalised reads", "mean of normalised counts"),
            Column("log_cpm", "float64", "log2 counts per million", "average log abundance (A41)"),
            Column("log2_fold_change", "float64", "log2", "treatment over control", True),
            Column("standard_error", "float64", "log2", "of the fold change", True),
            _P,
            _PADJ,
            Column("direction", "str", "up, down or none", "the paper's screen: |log2FC| > 1 and P < 0.05"),
            Column(
                "analysis",
                "str",
                "replicated or exploratory",
                "exploratory p-values rest on an assumed variation (A39)",
            ),
        ),
        ("transcript",),
    ),
    Table(
        "ontology_terms",
        "one term",
        (
            Column("term", "str", "id", "GO id"),
            Column("name", "str", "text", "preferred name"),
            Column("namespace", "str", "BP, CC, MF or other", "branch"),
            Column("obsolete", "bool", "flag", "withdrawn term"),
            Column("synonyms", "str", "joined by |", "alternative ids and synonyms, by which the term may be named"),
        ),
        ("term",),
    ),
    Table(
        "ontology_annotations",
        "one gene under one term, true-path closed",
        (
            _GENE,
            Column("term", "str", "id", "GO id"),
            Column("direct", "bool", "flag", "stated in the file, not inherited"),
        ),
        ("gene", "term"),
    ),
    Table(
        "enrichment",
        "one tested term for one gene set",
        (
            Column("gene_set", "str", "up, down or changed", "genes tested"),
            Column("term", "str", "id", "GO id"),
            Column("name", "str", "text", "preferred name"),
            Column("namespace", "str", "BP, CC, MF or other", "branch"),
            Column("overlap", "int64", "genes", "gene set and term"),
            Column("gene_set_size", "int64", "genes", "gene set within the background"),
            Column("term_size", "int64", "genes", "term within the background"),
            Column("background_size", "int64", "genes", "annotated genes that were tested"),
            Column("fold_enrichment", "float64", "ratio", "observed over expected overlap"),
            Column("p_value", "float64", "probability", "hypergeometric, upper tail"),
            Column("adjusted_p_value", "float64", "probability", "Benjamini-Hochberg within the branch"),
            Column("genes", "str", "symbols joined by ;", "genes of the overlap"),
        ),
        ("gene_set", "term"),
    ),
    Table(
        "loci",
        "one key locus in one condition on one strand",
        (
            Column("locus", "str", "name", "name in the study file"),
            _CHROM,
            _START,
            _END,
            Column("condition", "str", "name", "condition"),
            _STRAND,
            Column("count", "int64", "reads", "reads in the locus"),
            Column("signal", "float64", "reads per million", "normalised reads"),
            Column("maximum", "float64", "reads per million per window", "highest window"),
            Column(
                "log2_fold_change",
                "float64",
                "log2",
                "treatment over control on this strand, pseudocount 0.5",
                True,
            ),
            Column("reliable", "bool", "flag", "not in a mask, one placement (F5)"),
            Column("reason", "str", "text", "why the locus is looked at"),
        ),
        ("locus", "condition", "strand"),
    ),
    Table(
        "locus_tracks",
        "one window of one locus in one condition on one strand",
        (
            Column("locus", "str", "name", "name in the study file"),
            Column("condition", "str", "name", "condition or mark"),
            _STRAND,
            Column("start", "int64", "bp", "window start"),
            Column("end", "int64", "bp", "window end"),
            Column("signal", "float64", "reads per million", "signal in the window"),
        ),
        ("locus", "condition", "strand", "start"),
    ),
    Table(
        "chromatin_signal",
        "one gene under one mark",
        (
            _GENE,
            Column("mark", "str", "name", "mark of the study"),
            Column("promoter_signal", "float64", "mean of the track", "around the TSS", True),
            Column("body_signal", "float64", "mean of the track", "over the gene body", True),
        ),
        ("gene", "mark"),
    ),
    Table(
        "gene_features",
        "one gene: u_g of eq. 1 before the learned maps",
        (
            _GENE,
            Column(
                "tss_density",
                "float64",
                "reads/kb/million",
                "promoter density, mean of libraries (rho_tss)",
                True,
            ),
            Column(
                "body_density",
                "float64",
                "reads/kb/million",
                "body density, mean of libraries (rho_body)",
                True,
            ),
            Column("upstream_density", "float64", "reads/kb/million", "upstream background density", True),
            Column("pausing_index", "float64", "density ratio", "pi_g, pooled over conditions", True),
            Column("five_prime_fraction", "float64", "fraction", "per-gene FivePrimeFP (A33)", True),
            Column("body_fraction", "float64", "fraction", "per-gene TP", True),
            Column("post_fraction", "float64", "fraction", "per-gene PostTTS", True),
            Column("tua", "float64", "score", "per-gene TUA", True),
            Column("log2_fold_change", "float64", "log2", "delta_g, signed", True),
            Column("significance", "float64", "-log10 p", "of the fold change, signed by its direction", True),
            Column("expression_level", "float64", "log2 counts per million", "average abundance", True),
            Column("apoptosis_regulation", "float64", "0 or 1", "functional label (S1-P13)"),
            Column("cell_junction", "float64", "0 or 1", "functional label"),
            Column("receptor_inhibition", "float64", "0 or 1", "functional label"),
            Column("key_locus", "float64", "0 or 1", "gene of a reliable key locus (S1-P14)"),
        ),
        ("gene",),
        open_ended=True,
    ),
    Table(
        "normalized_features",
        "one gene: eq. 2 applied, columns of gene_features",
        (_GENE,),
        ("gene",),
        open_ended=True,
    ),
    Table(
        "normalization_constants",
        "one feature",
        (
            Column("feature", "str", "name", "column of gene_features"),
            Column("rule", "str", "quantile_log, signed_log, log_rank, label", "how it is normalised (A7, A8)"),
            Column("lower", "float64", "unit of the feature", "q01; log_rank: median of log10", True),
            Column(
                "upper",
                "float64",
                "unit of the feature",
                "q99 (signed_log: of |x|); log_rank: median + robust SD",
                True,
            ),
            Column("block", "str", "density, pausing, differential", "Table 5 block"),
            Column("dropped", "bool", "flag", "constant feature, not used"),
        ),
        ("feature",),
    ),
    Table(
        "clinical_records",
        "one patient's covariates as read",
        (Column("patient_id", "str", "id", "identifier of the clinical table"),),
        ("patient_id",),
        open_ended=True,
    ),
    Table(
        "clinical_fields",
        "one covariate",
        (
            Column("field", "str", "name", "column of clinical_records"),
            Column("kind", "str", "continuous, ordinal, categorical", "how it is encoded"),
            Column("unit", "str", "text", "unit of continuous fields"),
            Column("levels", "str", "JSON list", "levels of ordinal and categorical fields, in order"),
            Column("known_at_days", "float64", "days", "0 for baseline; when the value becomes known"),
            Column("block", "str", "state or treatment", "Table 5 block"),
            Column("used", "bool", "flag", "enters the model"),
            Column("reason", "str", "text", "why not, where it does not"),
            Column("missing", "int64", "patients", "patients without a value"),
        ),
        ("field",),
    ),
    Table(
        "outcomes",
        "one patient's outcome; the encoder never sees this table",
        (
            Column("patient_id", "str", "id", "identifier of the clinical table"),
            Column("time", "float64", "months", "follow-up from baseline (or the landmark)"),
            Column("event", "bool", "flag", "True when the endpoint happened at `time`"),
        ),
        ("patient_id",),
    ),
    Table(
        "exclusions",
        "one patient or column left out, and why",
        (
            Column("what", "str", "patient, column, library or gene", "kind of thing"),
            Column("id", "str", "id", "which"),
            Column("reason", "str", "text", "rule that removed it"),
        ),
        ("what", "id"),
    ),
    Table(
        "cohort_index",
        "one patient of the unified sample index",
        (
            Column("patient_id", "str", "id", "identifier of the clinical table"),
            Column("has_expression", "bool", "flag", "patient is in the expression matrix"),
            Column("has_nascent", "bool", "flag", "patient has a nascent library"),
            Column("batch", "str", "name", "declared batch; empty for none"),
        ),
        ("patient_id",),
    ),
    Table(
        "folds",
        "one patient in one fold of one repeat",
        (
            Column("repeat", "int32", "0-based", "repeat"),
            Column("fold", "int32", "0-based", "fold in which the patient is tested"),
            Column("patient_id", "str", "id", "patient"),
        ),
        ("repeat", "patient_id"),
    ),
    Table(
        "out_of_fold",
        "one model's prediction for one held-out patient",
        (
            Column(
                "model",
                "str",
                "name",
                "groprog, clinical_cox, penalised_cox, boosted_cox, groprog_clinical, ...",
            ),
            Column("repeat", "int32", "0-based", "repeat"),
            Column("fold", "int32", "0-based", "fold"),
            Column("patient_id", "str", "id", "patient"),
            Column("risk", "float64", "log relative hazard", "higher is worse"),
        ),
        ("model", "repeat", "patient_id"),
        open_ended=True,
    ),
    Table(
        "training_history",
        "one epoch of one fit",
        (
            Column("repeat", "int32", "0-based; -1 final model", "repeat"),
            Column("fold", "int32", "0-based", "fold"),
            Column("seed", "int32", "0-based", "ensemble member"),
            Column("epoch", "int32", "0-based", "epoch over all stages"),
            Column("stage", "str", "genomic, clinical or joint", "training stage"),
            Column("cox", "float64", "loss", "Cox term"),
            Column("ranking", "float64", "loss", "ranking term"),
            Column("coherence", "float64", "loss", "coherence term"),
            Column(
                "validation_concordance",
                "float64",
                "C-index",
                "of the EMA weights on the validation part",
                True,
            ),
            Column("genomic_rate", "float64", "multiple of l0", "eq. 12"),
            Column("clinical_rate", "float64", "multiple of l0", "eq. 12"),
            Column("eta_mean", "float64", "weight", "mean of eq. 6", True),
            Column("effective_rank", "float64", "dimensions", "of h", True),
        ),
        ("repeat", "fold", "seed", "epoch"),
    ),
    Table(
        "external_scores",
        "one patient of one external cohort, scored by the finished model",
        (
            Column("cohort", "str", "name", "external cohort of the study file"),
            Column("patient_id", "str", "id", "patient"),
            Column("risk", "float64", "log relative hazard", "higher is worse"),
            Column("risk_lower", "float64", "log relative hazard", "2.5 % of the ensemble's spread"),
            Column("risk_upper", "float64", "log relative hazard", "97.5 % of the ensemble's spread"),
            Column("percentile", "float64", "0-100", "among the training patients"),
            Column("genes_used", "int32", "genes", "of the model's vocabulary, with a value"),
            Column("model_version", "str", "digest", "model that scored"),
        ),
        ("cohort", "patient_id"),
        open_ended=True,
    ),
    Table(
        "risk_stability",
        "the held-out patients of one fold under one perturbation of their omics (A46)",
        (
            Column("repeat", "int32", "0-based", "repeat"),
            Column("fold", "int32", "0-based", "fold whose held-out patients were disturbed"),
            Column("kind", "str", "noise, gene_dropout, permutation", "what was done"),
            Column("level", "float64", "SD or share", "how much; 1 for permutation"),
            Column("draw", "int32", "0-based", "draw"),
            Column("spearman", "float64", "rank correlation", "of the risks with those of the clean patients", True),
            Column("cindex", "float64", "C-index", "Harrell's C of the disturbed patients", True),
            Column("loss", "float64", "C-index", "C of the clean patients less that", True),
        ),
        ("repeat", "fold", "kind", "level", "draw"),
    ),
    Table(
        "member_agreement",
        "two members of one fold's ensemble on its held-out patients",
        (
            Column("repeat", "int32", "0-based", "repeat"),
            Column("fold", "int32", "0-based", "fold"),
            Column("first", "int32", "0-based", "one member"),
            Column("second", "int32", "0-based", "the other"),
            Column("spearman", "float64", "rank correlation", "of their risks", True),
            Column("cka", "float64", "0 to 1", "linear centred kernel alignment of their h (eq. 6)", True),
        ),
        ("repeat", "fold", "first", "second"),
    ),
    Table(
        "search_log",
        "one setting tried on the inner folds of one training cohort",
        (
            Column("repeat", "int32", "0-based; -1 final model", "repeat"),
            Column("fold", "int32", "0-based", "outer fold, whose held-out patients the search never sees"),
            Column("trial", "int32", "0-based", "order in which it was tried"),
            Column("setting", "str", "JSON object", "parameter: value"),
            Column("score", "float64", "log partial likelihood per event", "out of fold on the inner folds"),
            Column("chosen", "bool", "flag", "the setting the fold's model was fitted with"),
        ),
        ("repeat", "fold", "trial"),
    ),
    Table(
        "risk_scores",
        "one patient scored by the current model",
        (
            Column("patient_id", "str", "id", "patient"),
            Column("risk", "float64", "log relative hazard", "ensemble mean; higher is worse"),
            Column("risk_lower", "float64", "log relative hazard", "2.5 % of the ensemble's spread"),
            Column("risk_upper", "float64", "log relative hazard", "97.5 % of the ensemble's spread"),
            Column("percentile", "float64", "0-100", "in the training cohort"),
            Column(
                "out_of_fold_risk",
                "float64",
                "log relative hazard",
                "mean over repeats of models that did not see the patient",
                True,
            ),
            Column("genes_used", "int32", "genes", "genes of the vocabulary the patient has"),
            Column("model_version", "str", "digest", "sha256 of the model"),
        ),
        ("patient_id",),
        open_ended=True,
    ),
)

_ROWS = 1 << 20

TABLES: dict[str, Table] = {table.name: table for table in _TABLES}


def conform(frame: Any, name: str) -> Any:
    """`frame` with the columns of `TABLES[name]` in order, cast to their dtypes; its index dropped.

    Raises TableError with every problem at once: missing or undeclared columns, missing values where none may be, values
    that do not fit the dtype, repeated keys.
    """
    table = TABLES[name]
    problems = []

    def problem(where: str, value: str, rule: str, remedy: str = "Mend the function that makes the table.") -> None:
        problems.append(Problem(f"table {name}, {where}", value, rule, remedy))

    present = list(frame.columns)
    missing = [column for column in table.column_names if column not in present]
    extra = [column for column in present if column not in table.column_names]
    if missing:
        problem("columns", f"missing {', '.join(missing)}", f"Declared are {', '.join(table.column_names)}.")
    if extra and not table.open_ended:
        problem("columns", f"undeclared {', '.join(map(str, extra))}", "Only declared columns may be stored.")
    if problems:
        raise TableError(problems)
    frame = frame[[*table.column_names, *extra]].reset_index(drop=True)
    casts = {}
    for column in table.columns:
        if not column.nullable and frame[column.name].isna().any():
            problem(
                f"column {column.name}",
                f"{int(frame[column.name].isna().sum())} missing values",
                "None may be missing.",
            )
        elif str(frame[column.name].dtype) != column.dtype:
            try:
                casts[column.name] = frame[column.name].astype(column.dtype)
            except (ValueError, TypeError, OverflowError) as error:
                problem(f"column {column.name}", str(error), f"The dtype is {column.dtype}.")
    if problems:
        raise TableError(problems)
    frame = frame.assign(**casts)
    if table.key and not _rises(frame, table.key) and frame.duplicated(list(table.key)).any():
        first = frame.loc[frame.duplicated(list(table.key)), list(table.key)].iloc[0].to_dict()
        problem("key", f"{first} stands twice", f"A row is {table.row}.")
        raise TableError(problems)
    return frame


def _rises(frame: Any, key: tuple[str, ...]) -> bool:
    """Whether every row comes after the one before in its key, which then cannot repeat; False also where it is not known.

    Compared a block at a time: tables of tens of millions of rows come sorted, and hashing them takes a hundred times the memory.
    """
    columns = []
    for name in key:
        column = frame[name]
        values = (column.cat.codes if column.dtype == "category" else column).to_numpy()
        if values.dtype.kind not in "iu":
            return False
        columns.append(values)
    for at in range(0, len(frame) - 1, _ROWS):
        rises, level = False, True
        for values in columns:
            after = values[at + 1 : at + 1 + _ROWS]
            before = values[at : at + len(after)]
            rises |= level & (after > before)
            level &= after == before
        if not rises.all():  # type: ignore[attr-defined]
            return False
    return True
