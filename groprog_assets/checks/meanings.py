"""What each check asks, in a sentence for the reader of the UI; the outcome has its own words (`Verdict.description`)."""

from __future__ import annotations

MEANINGS = {
    "schema": "The stored value reads back byte for byte, and has the columns, types and keys that are declared.",
    "has_signal": "At least one read is left; without reads everything downstream would be zero.",
    "both_strands": "Each chromosome with enough reads has some on both strands.",
    "strandedness": "Reads over genes lie on the strand that the study file declares.",
    "one_base_a_read": "Each read counts at one base, as the defaults of unit calling assume.",
    "units_follow_genes": "Most transcription units lie over one gene, as everything that is counted in them assumes.",
    "read_quality": "The mean base quality of the worst sequencing cycle is not below the floor of the study.",
    "quality_gate": "Where the study sets a threshold, the mean quality of the worst sequencing cycle is not below it.",
    "distinct_libraries": "No two libraries hold the same reads; a copy would count one sample twice.",
    "spike_in": "Where a spike-in genome is named, each library has enough spike-in reads to set its scale.",
    "initiation_signal": "Each library shows read ends on both strands, and the -TAP or input controls could be used.",
    "initiation_depth": "The libraries are deep enough for initiation regions to be called.",
    "start_profile": "The signal rises clearly around starts of transcription, as it does in nascent RNA.",
    "positive_control": "The target that the perturbation should raise (`signature_target`) did rise.",
    "named_regions": "An initiation region is called at each place that a key locus names as one.",
    "outcome_coding": "The codes and the time unit of the outcome are the usual ones.",
    "exclusions_by_event": "Patients left out without a usable outcome do not depend on whether they had the event.",
    "enough_events": "The cohort has at least the minimum number of events.",
    "no_leakage": "No covariate and no row of the expression matrix knows the outcome.",
    "between_patient_variance": "The genomic inputs differ between patients; equal ones would tell the model nothing.",
    "calibration": "The predicted survival probabilities hold on held-out patients (D-calibration).",
    "omics_add": "The model with omics is better than the clinical covariates alone; the interval of the gain is above zero.",
    "inputs_drift": "The covariates of new patients are distributed as those that the model in use was trained on.",
    "calibration_drift": "As many events happened since the model in use was trained as it expected.",
    "keys": "Every key refers to a row that exists.",
    "ontology_release": "The annotations were made for the release of the ontology that is read.",
    "consent_coverage": "At least one subject may be used for the purpose of the study.",
    "findings_resolved": "Nearly all identifiers of findings lead to a current term of the ontology.",
    "contradictions": "No subject has a finding below one that the same record excludes.",
    "units": "Each matrix has a scale, the unit that the scale needs, and values within its range.",
    "builds": "Each assay with coordinates names its genome build.",
    "finite_values": "Each matrix has values; the share that is missing is told.",
    "missing_kind": "Values of an assay declared missing at random are not missing more often where they are low.",
    "confounding": "The corrections for batch can be made: batch and biology are not nearly one, no batch is too small.",
    "batch_association": "Batch does not go with a covariate or the outcome, part of which a correction would take along.",
    "biology_kept": "The correction for batch leaves the biological factor its share of the variance.",
    "contributions_sum_to_prediction": "The contributions of a window sum to its prediction less that of the background.",
    "motifs_hold_elsewhere": "Most motifs have the sign of their effect in genes that the model never saw.",
    "chromosomes": "The FASTA has every chromosome, with the length that `chrom_sizes` states.",
    "sequence_fits_annotation": "Starts of genes are initiators (a purine after a pyrimidine) more often than nearby bases.",
    "no_empty_chromosome": "Each chromosome with genes has at least one gene that is used.",
    "replicates_agree": "Replicates agree on every task that the sequence models are given.",
    "no_component_crosses": "No two genes that are alike or close to each other stand in training and test of one fold.",
    "predictions_vary": "Every sequence model predicts different values for different genes (the mean aside).",
    "champion_beats_mean": "The chosen sequence model is better than predicting the mean.",
    "variants_match_reference": "The REF allele of every variant equals the reference sequence.",
}


def meaning_of(check: str) -> str | None:
    """The sentence for the check of this name; None where nobody has written one, which a test finds."""
    return MEANINGS.get(check)
