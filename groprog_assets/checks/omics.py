"""Checks of the omics half: keys, releases that agree, consent, findings that the ontology knows."""

from __future__ import annotations

from groprog_assets.checks.verdict import Verdict
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document

MOST_UNRESOLVED = 0.05
"""Share of uses of identifiers that may lead to no live term; more are of another ontology or of another release."""


def keys(broken: list[str]) -> Verdict:
    """Fails when a key refers to nothing; `broken` says which."""
    return Verdict("keys", not broken, "; ".join(broken) or "every key refers to a row", {}, blocking=True)


def ontology_release(terms: str, annotations: str) -> Verdict:
    """Fails when the annotations are made for another release of the ontology than the one read."""
    return Verdict(
        "ontology_release",
        terms == annotations,
        f"terms of {terms}, annotations made for {annotations or 'a release that is not stated'}"
        + ("" if terms == annotations else "; take hp.obo and phenotype.hpoa of one release"),
        {"terms": terms, "annotations": annotations},
        blocking=True,
    )


def consent_coverage(summary: Document) -> Verdict:
    """Fails when no subject may be used; says who may not and why."""
    permitted, every = summary["permitted"], summary["subjects"]
    refused = "; ".join(f"{reason}: {count:,}" for reason, count in summary["refused"].items())
    return Verdict(
        "consent_coverage",
        permitted > 0,
        f"{permitted:,} of {every:,} subjects may be used for this purpose ({summary['purpose']})"
        + (f"; left out: {refused}" if refused else "")
        + ("" if permitted else ". Give consents: omics.consents.table, or every_subject with its reason"),
        {"permitted": permitted, "subjects": every},
        blocking=True,
    )


def findings_resolved(summary: Document) -> Verdict:
    """Fails when many identifiers of findings lead to no live term; a few newer than the ontology are usual."""
    lost, uses = summary["unresolved"]["uses"], max(summary["read"], 1)
    shown = ", ".join(item["id"] for item in summary["unresolved"]["examples"])
    return Verdict(
        "findings_resolved",
        lost <= MOST_UNRESOLVED * uses,
        f"{lost:,} of {uses:,} findings lead to no live term ({count_of(summary['unresolved']['ids'], 'identifier')}"
        + (f": {shown})" if shown else ")"),
        {"unresolved": lost, "findings": uses},
    )


def contradictions(summary: Document) -> Verdict:
    """Fails when a subject has a finding below one that its record excludes; the present finding counts."""
    count = summary["subjects_with_contradictions"]
    told = f"{count_of(count, 'subject has', 'subjects have')} a finding below one that is excluded; the finding counts"
    return Verdict("contradictions", count == 0, told, {"subjects": count})
