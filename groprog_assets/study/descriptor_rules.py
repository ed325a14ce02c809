"""Rules of the descriptors that a study asks for: they need the inputs that they are made of.

Study in, findings out. Standard library only.
"""

from __future__ import annotations

from collections.abc import Iterator

from groprog_assets.study.finding import Finding
from groprog_assets.study.schema import Study


def descriptor_rules(study: Study) -> Iterator[Finding]:
    """One finding for each descriptor, and for the prior, that is asked for without what it is made of."""
    asked, representation = study.parameters.descriptors, study.parameters.representation
    at = ("parameters", "descriptors")
    if asked.coordination and not study.marks:
        rule = "Coordination compares the nascent signal with chromatin marks."
        yield Finding((*at, "coordination"), "no marks", rule, "Name marks, or remove it.")
    if asked.key_locus_activity and not study.loci:
        rule = "The activity is that of key loci."
        yield Finding((*at, "key_locus_activity"), "no loci", rule, "Name loci, or remove it.")
    if asked.sequence and not study.has_sequence:
        rule = "These descriptors are made by the sequence half."
        yield Finding(
            (*at, "sequence"), "no sequence half", rule, "Name genome.fasta and add `sequence:`, or remove it."
        )
    if asked.sequence and representation.mode != "signature":
        rule = "A gene's sequence is the same for every patient: it weighs the patients' expression, in signature mode."
        remedy = "Set representation.mode: signature, or remove it."
        yield Finding((*at, "sequence"), f"mode {representation.mode}", rule, remedy)
    if representation.coordination_prior == 0:
        return
    where = ("parameters", "representation", "coordination_prior")
    if not asked.coordination:
        rule = "The prior is a function of the descriptor chromatin_coordination."
        yield Finding(
            where, f"{representation.coordination_prior:g}", rule, "Set parameters.descriptors.coordination: true."
        )
    if representation.mode != "signature":
        rule = "The prior is of the genes of patients' expression, which the signature mode reads."
        yield Finding(where, f"mode {representation.mode}", rule, "Set representation.mode: signature, or remove it.")
    if study.cohort is not None and study.cohort.sources:
        rule = "Weights of other cohorts are laid on directions that have no prior."
        yield Finding(where, "cohort.sources", rule, "Remove one of the two.")
