"""Pages of single subjects, for stewards on this machine alone: what supports a decision, and where each line comes from."""

from __future__ import annotations

from typing import Any

import pandas as pd

from groprog_assets.beacon.desk import Desk, Held, Refused
from groprog_assets.beacon.links import link
from groprog_assets.beacon.subject_values import outside_range, risk
from groprog_assets.figures.numbers import fixed, number
from groprog_assets.omics_catalog.writing import OF_SUBJECTS
from groprog_assets.report.blocks import Block, cell, details, facts, note, paragraph, table
from groprog_assets.report.case_page import RESEARCH, case_sections
from groprog_assets.store.pseudonyms import PSEUDONYM
from groprog_assets.store.readings import load_asset
from groprog_assets.tables import TABLES

RANKED = 10
MADE_BY = {
    "subject_variants": "subjects",
    "subject_terms": "phenotypes",
    "disease_ranks": "disease_ranking",
    "judged_samples": "out_of_range",
}
"""Table -> the asset that makes it, where the names differ."""
Page = tuple[str, str, list[Block]]


def subject_blocks(desk: Desk, held: Held, name: str) -> Page:
    """Findings, ranked diseases with the part of each finding, variants, diagnoses, values out of range, risk, consent.

    Refused, as who is not there, is who has withdrawn since the snapshot, or allows the study's purpose no longer.
    """
    subjects = (
        held.catalog.rows("SELECT * FROM subjects WHERE subject_id = ?", name) if PSEUDONYM.fullmatch(name) else []
    )
    if not subjects or not held.catalog.may_be_used(name, *desk.purpose):
        raise Refused(404, "There is no such subject in this snapshot.")
    one = subjects[0]
    years = "unknown" if one["age_months"] is None else f"{one['age_months'] // 12} y {one['age_months'] % 12} m"
    blocks: list[Block] = [
        note(f"{RESEARCH} A ranking orders diseases by annotated findings alone.", "warn", "Research use only"),
        facts(
            [
                ("Sex", one["sex"], "as the record states it"),
                ("Age", years, "at the last encounter"),
                ("Vital status", one["vital_status"], "at the last encounter"),
                ("Source", one["source"], "collection"),
            ]
        ),
        _findings(held, name),
        *_ranks(held, name),
        _variants(held, name),
        _diagnoses(held, name),
        _consents(held, name),
        *outside_range(held, name),
        *risk(desk, held, name),
        _origins(held),
    ]
    return name, "subject: what supports a decision", blocks


def case_blocks(desk: Desk, held: Held, name: str) -> Page:
    """The page of a case study of the study file. Refused, as is one that is not there, where its subject may not be used."""
    omics = desk.workspace.study.omics
    cases = {case.name: case for case in omics.cases} if omics else {}
    made = load_asset(desk.workspace, "case_studies")
    if name not in cases or made is None:
        raise Refused(404, f"There is no such case study; there are {', '.join(cases) or 'none'}.")
    own = made.table.loc[made.table["case_name"] == name, "subject_id"].unique().tolist()
    if not all(held.catalog.may_be_used(subject, *desk.purpose) for subject in own):
        raise Refused(404, "The subject of this case study has withdrawn, or allows the study's purpose no longer.")
    rows = held.catalog.rows("SELECT * FROM subject_variants WHERE list_contains(?::VARCHAR[], subject_id)", own)
    variants = pd.DataFrame(rows, columns=list(TABLES["subject_variants"].column_names))
    blocks: list[Block] = []
    for _, title, part in case_sections(cases[name], made, held.names, variants):
        blocks += [{"kind": "heading", "text": title, "note": ""}, *part]
    return cases[name].title, "case study", blocks


def _finding(held: Held, term: Any) -> dict[str, Any]:
    text = f"{held.names.get(term, 'not in the ontology')} ({term})" if term else "not in the ontology"
    return link(text, "finding", term) if term in held.names else cell(text)


def _findings(held: Held, name: str) -> Block:
    rows = held.catalog.rows(
        "SELECT term_id, excluded, onset_months_min, onset_months_max, source_term FROM phenotypes WHERE subject_id = ?"
        " ORDER BY excluded, term_id",
        name,
    )
    lines = [
        [
            _finding(held, row["term_id"]) if row["term_id"] else cell(f"{row['source_term']}: no live term"),
            "not present" if row["excluded"] else "present",
            "–"
            if row["onset_months_min"] is None
            else f"{row['onset_months_min']} to {row['onset_months_max']} months",
        ]
        for row in rows
    ]
    return table(["Finding", "It is", "Onset"], lines, "Findings.")


def _ranks(held: Held, name: str) -> list[Block]:
    ranks = held.catalog.rows(
        f"SELECT * FROM disease_ranks WHERE subject_id = ? AND (rank <= {RANKED} OR diagnosed) ORDER BY rank, disease_id",
        name,
    )
    if not ranks:
        return [paragraph("No disease was ranked: the ontology knows none of the findings that are present.")]
    lines = [
        [
            cell(number(row["rank"]), row["rank"]),
            link(f"{row['name']}{' (diagnosis)' if row['diagnosed'] else ''}", "disease", row["disease_id"]),
            cell(fixed(row["score"], 1), row["score"]),
            cell(number(row["support"]), row["support"]),
        ]
        for row in ranks
    ]
    caption = "Diseases by likelihood ratio. Relative support compares candidates; it is no probability."
    blocks = [table(["Rank", "Disease", "Sum of ln LR", "Relative support"], lines, caption)]
    for row in ranks[:RANKED]:
        parts = held.catalog.rows(
            "SELECT * FROM finding_ratios WHERE subject_id = ? AND disease_id = ? ORDER BY excluded, log_ratio DESC, term_id",
            name,
            row["disease_id"],
        )
        told = [
            [
                _finding(held, part["term_id"]),
                cell(fixed(part["log_ratio"], 1), part["log_ratio"]),
                part["reading"],
                ", ".join(part["sources"][:4]) or "–",
            ]
            for part in parts
        ]
        title = f"{number(row['rank'])}. {row['name']}: what each finding says"
        blocks.append(details(title, [table(["Finding", "ln LR", "It", "Source"], told)]))
    return blocks


def _variants(held: Held, name: str) -> Block:
    rows = held.catalog.rows("SELECT * FROM subject_variants WHERE subject_id = ? ORDER BY symbol, hgvs", name)
    ranked = held.catalog.rows(
        "SELECT DISTINCT symbol FROM gene_disease JOIN disease_ranks USING (disease_id)"
        f" WHERE subject_id = ? AND rank <= {RANKED}",
        name,
    )
    genes = {row["symbol"] for row in ranked}
    lines = [
        [
            link(row["symbol"], "gene", row["symbol"]) if row["symbol"] else "–",
            row["hgvs"] or "–",
            row["allelic_state"] or "–",
            (row["classification"] or "–").replace("_", " ").lower(),
            "yes" if row["symbol"] in genes else "no",
        ]
        for row in rows
    ]
    heads = ["Gene", "Variant", "State", "Class", "Gene of a first disease"]
    return (
        table(heads, lines, "Variants that the record interprets.")
        if lines
        else paragraph("The record has no variant.")
    )


def _diagnoses(held: Held, name: str) -> Block:
    rows = held.catalog.rows("SELECT * FROM diagnoses WHERE subject_id = ? ORDER BY source_id", name)
    lines = [
        [
            held.diseases.get(row["omim_id"] or row["source_id"], row["source_id"]),
            row["source_id"],
            row["mondo_id"] or "–",
            row["status"],
        ]
        for row in rows
    ]
    return (
        table(["Diagnosis", "As read", "MONDO", "Status"], lines, "Diagnoses of the record.")
        if lines
        else paragraph("No diagnosis.")
    )


def _consents(held: Held, name: str) -> Block:
    rows = held.catalog.rows("SELECT * FROM consents WHERE subject_id = ? ORDER BY version DESC", name)
    lines = [
        [
            cell(str(row["version"]), row["version"]),
            f"{row['granted']:%Y-%m-%d}",
            "–" if row["withdrawn"] is None else f"{row['withdrawn']:%Y-%m-%d}",
            row["permission"],
            ", ".join(row["modifiers"]) or "–",
            "–" if row["until"] is None else f"{row['until']:%Y-%m-%d}",
        ]
        for row in rows
    ]
    heads = ["Version", "Granted", "Withdrawn", "Permission", "Modifiers", "Until"]
    return table(heads, lines, "Consent; the largest version counts.")


def _origins(held: Held) -> Block:
    rows = held.catalog.rows("SELECT table_name, sha256 FROM snapshot ORDER BY table_name")
    lines = [
        [
            row["table_name"],
            cell(row["sha256"][:16], mono=True),
            cell(f"groprog lineage trace {MADE_BY.get(row['table_name'], row['table_name'])}", mono=True),
        ]
        for row in rows
        if row["table_name"] in (*OF_SUBJECTS, "disease_ranks", "judged_samples", "out_of_range")
    ]
    return table(["Table", "sha256", "How it came to be"], lines, "Where these lines come from.")
