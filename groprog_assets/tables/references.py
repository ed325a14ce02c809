"""Which column of a table holds keys of another: an asset check asks that each of them is there."""

from __future__ import annotations

from typing import Final

REFERENCES: Final[dict[str, dict[str, str]]] = {
    "phenotypes": {"subject_id": "subjects.subject_id", "term_id": "terms.term_id"},
    "subject_terms": {"subject_ix": "subjects.subject_ix", "term_id": "terms.term_id"},
    "diagnoses": {"subject_id": "subjects.subject_id"},
    "subject_variants": {"subject_id": "subjects.subject_id"},
    "subject_publications": {"subject_id": "subjects.subject_id"},
    "term_aliases": {"term_id": "terms.term_id"},
    "term_synonyms": {"term_id": "terms.term_id"},
    "edges": {"child": "terms.term_id", "parent": "terms.term_id"},
    "closure": {"term_id": "terms.term_id", "ancestor": "terms.term_id"},
    "disease_aliases": {"mondo_id": "disease_classes.mondo_id"},
    "disease_edges": {"child": "disease_classes.mondo_id", "parent": "disease_classes.mondo_id"},
    "disease_closure": {"mondo_id": "disease_classes.mondo_id", "ancestor": "disease_classes.mondo_id"},
    "disease_terms": {"disease_id": "diseases.disease_id", "term_id": "terms.term_id"},
    "samples": {"subject_id": "subjects.subject_id"},
    "sample_factors": {"sample_id": "samples.sample_id"},
    "assay_samples": {"sample_id": "samples.sample_id", "assay_id": "assays.assay_id"},
    "features": {"assay_id": "assays.assay_id"},
    "assay_stages": {"assay_id": "assays.assay_id"},
    "batch_effects": {"assay_id": "assays.assay_id"},
    "flagged_values": {"assay_id": "assays.assay_id"},
    "genotypes": {"sample_id": "samples.sample_id", "variant_ix": "variants.variant_ix"},
    "variant_consequences": {"variant_ix": "variants.variant_ix"},
    "intervals": {"assay_id": "assays.assay_id", "sample_id": "samples.sample_id"},
    "judged_samples": {
        "assay_id": "assays.assay_id",
        "sample_id": "samples.sample_id",
        "subject_id": "subjects.subject_id",
    },
    "out_of_range": {
        "assay_id": "assays.assay_id",
        "sample_id": "samples.sample_id",
        "subject_id": "subjects.subject_id",
    },
    "factor_scores": {"subject_id": "subjects.subject_id", "factor": "factor_variance.factor"},
    "subject_strata": {"subject_id": "subjects.subject_id"},
    "pathway_scores": {"subject_id": "subjects.subject_id", "assay_id": "assays.assay_id"},
    "network_neighbours": {"subject_id": "subjects.subject_id", "other_id": "subjects.subject_id"},
    "factor_weights": {"assay_id": "assays.assay_id"},
    "factor_variance": {"assay_id": "assays.assay_id"},
    "biomarkers": {"assay_id": "assays.assay_id"},
    "scored_sets": {"assay_id": "assays.assay_id"},
    "ranked_sets": {"assay_id": "assays.assay_id"},
    "drug_reversal": {"assay_id": "assays.assay_id"},
    "disease_ranks": {"subject_id": "subjects.subject_id", "disease_id": "candidate_diseases.disease_id"},
    "case_ranks": {"subject_id": "subjects.subject_id", "disease_id": "candidate_diseases.disease_id"},
    "case_ratios": {
        "subject_id": "subjects.subject_id",
        "disease_id": "candidate_diseases.disease_id",
        "term_id": "ranking_terms.term_id",
    },
    "finding_ratios": {
        "subject_id": "subjects.subject_id",
        "disease_id": "candidate_diseases.disease_id",
        "term_id": "ranking_terms.term_id",
    },
    "diagnosed_ranks": {"subject_id": "subjects.subject_id", "disease_id": "candidate_diseases.disease_id"},
}
"""{table: {column: "table.column" that each value must be in}}; a missing value refers to nothing. `subject_ix` is the place of a
row of `subjects`, which has no such column of its own."""

JOINT_REFERENCES: Final[dict[str, dict[tuple[str, ...], str]]] = {
    "flagged_values": {("assay_id", "feature_ix"): "features", ("assay_id", "position"): "assay_samples"},
    "out_of_range": {("assay_id", "feature_ix"): "features"},
    "factor_weights": {("assay_id", "feature_id"): "features"},
    "biomarkers": {("assay_id", "feature_id"): "features"},
    "pathway_scores": {("assay_id", "set_id"): "scored_sets"},
}
"""{table: {columns: table that has a row with the same values in the columns of these names}}."""
