"""The columns from which each column of an asset's main table is computed. The UI shows them as column lineage.

{asset: {column: "asset.column ..."}}. Where a value comes from is listed; what only decides which rows belong together (gene,
library, condition, chromosome, strand) is listed where it is carried over. Columns that a study adds (marks, covariates) are
not. A test changes each column and looks at what moves.
"""

from __future__ import annotations

from typing import Final

_PLACES = "filtered_alignments.position filtered_alignments.count"
_ENDS = "genes.tss genes.tts"
_COUNTS = f"{_PLACES} {_ENDS}"
_RATES = f"gene_signal.promoter_count gene_signal.body_count {_ENDS}"
_TESTED = "transcript_counts.count library_sizes.size"
_TEST = (
    *("base_mean", "log_cpm", "log2_fold_change", "standard_error", "conservative_log2_fold_change"),
    *("shrunken_log2_fold_change", "shrunken_standard_error", "dispersion", "p_value", "adjusted_p_value", "direction"),
)
_HIT = "differential_transcription.direction"
_UNIT = "coverage.window coverage.count"
_MODELLED = "gene_models.start gene_models.end filtered_alignments.position filtered_alignments.count"

_NEAR = "genes.tss initiation_regions.start initiation_regions.end initiation_regions.claim"

_FEATURES = (
    "gene tss_density body_density upstream_density five_prime_fraction body_fraction post_fraction tua log2_fold_change"
    " significance expression_level apoptosis_regulation cell_junction receptor_inhibition key_locus enhancers_near"
    " enhancer_response pausing_index"
)

COLUMN_SOURCES: Final[dict[str, dict[str, str]]] = {
    "coverage": {
        "chrom": "filtered_alignments.chrom",
        "strand": "filtered_alignments.strand",
        "window": "filtered_alignments.position",
        "count": "filtered_alignments.count",
    },
    "genes": {
        "chrom": "gene_models.chrom",
        "start": "gene_models.start",
        "end": "gene_models.end",
        "strand": "gene_models.strand",
        "gene": "gene_models.gene",
        "transcript": "gene_models.transcript",
        "tss": _MODELLED,
        "tts": _MODELLED,
        "tss_reads": _MODELLED,
    },
    "library_sizes": {"reads": "filtered_alignments.count"},
    "gene_signal": {
        "gene": "genes.gene",
        **{f"{window}_count": _COUNTS for window in ("promoter", "body", "upstream")},
        **{f"{window}_density": f"{_COUNTS} library_sizes.size" for window in ("promoter", "body", "upstream")},
    },
    "pausing": {
        "gene": "genes.gene gene_signal.gene",
        "condition": "gene_signal.condition",
        "promoter_count": "gene_signal.promoter_count",
        "body_count": "gene_signal.body_count",
        "promoter_length": _ENDS,
        "body_length": _ENDS,
        **dict.fromkeys(
            ("count_ratio", "pausing_index", "p_value", "adjusted_p_value", "passes", "pause_class"), _RATES
        ),
    },
    "tss_profile": {"signal": f"{_PLACES} genes.tss library_sizes.size"},
    "transcripts": {
        "chrom": "coverage.chrom",
        "strand": "coverage.strand",
        **dict.fromkeys(("start", "end", "name", "score", "posterior", "count", "grohmm_start", "grohmm_end"), _UNIT),
    },
    "transcript_counts": {
        "transcript": "transcripts.name",
        "count": f"{_PLACES} transcripts.start transcripts.end",
    },
    "transcript_density": {"density": "transcripts.start transcripts.end"},
    "differential_transcription": {
        "transcript": "transcripts.name transcript_counts.transcript",
        **{name: f"transcripts.{name}" for name in ("chrom", "start", "end", "strand")},
        "gene": "genes.gene genes.start genes.end transcripts.start transcripts.end",
        **dict.fromkeys(_TEST, _TESTED),
    },
    "gene_differential": {
        **{name: f"genes.{name}" for name in ("gene", "chrom", "start", "end", "strand")},
        **dict.fromkeys(_TEST, "gene_signal.body_count library_sizes.size"),
    },
    "library_similarity": {"score": _TESTED, "variance_fraction": _TESTED},
    "enrichment": {
        "term": f"ontology.term {_HIT}",
        "name": "ontology.name",
        "namespace": "ontology.namespace",
        "genes": f"genes.gene {_HIT}",
        **dict.fromkeys(
            (
                "overlap",
                "gene_set_size",
                "term_size",
                "background_size",
                "fold_enrichment",
                "p_value",
                "adjusted_p_value",
            ),
            f"{_HIT} genes.gene ontology.term ontology.namespace",
        ),
    },
    "chromatin_signal": {
        "gene": "genes.gene",
        "promoter_signal": "genes.tss",
        "body_signal": _ENDS,
    },
    "gene_features": {
        "gene": "genes.gene",
        "tss_density": "gene_signal.promoter_density",
        "body_density": "gene_signal.body_density",
        "upstream_density": "gene_signal.upstream_density",
        "pausing_index": "pausing.promoter_count pausing.body_count pausing.promoter_length pausing.body_length pausing.passes",
        "log2_fold_change": "differential_transcription.log2_fold_change differential_transcription.gene",
        "significance": "differential_transcription.p_value differential_transcription.gene",
        "expression_level": "differential_transcription.log_cpm differential_transcription.gene",
        "key_locus": "loci.locus loci.reliable",
        "enhancers_near": _NEAR,
        "enhancer_response": f"{_NEAR} differential_initiation.log2_fold_change",
        **dict.fromkeys(("apoptosis_regulation", "cell_junction", "receptor_inhibition"), "enrichment.term genes.gene"),
    },
    "normalized_features": {
        **{name: f"gene_features.{name}" for name in _FEATURES.split()},
        "pausing_index_rank": "gene_features.pausing_index",
    },
    "cohort": {
        "patient_id": "clinical_records.patient_id",
        "has_expression": "clinical_records.patient_id",
        "batch": "clinical_records.batch",
    },
    "encoded_tensors": {"patient_id": "cohort.patient_id"},
    "risk_model": {"patient_id": "cohort.patient_id encoded_tensors.patient_id", "fold": "encoded_tensors.fold"},
    "baselines": {"patient_id": "cohort.patient_id encoded_tensors.patient_id", "fold": "encoded_tensors.fold"},
    "risk_scores": {
        "patient_id": "cohort.patient_id",
        "out_of_fold_risk": "risk_model.risk",
        "genes_used": "normalized_features.gene",
    },
}
