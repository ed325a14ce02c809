"""The report of the omics half: sources and consents, ontologies, how well diagnoses are found, ranked subjects."""

from __future__ import annotations

from typing import Any

import pandas as pd

from groprog_assets.figures.numbers import fixed, number
from groprog_assets.report.assays import assay_sections
from groprog_assets.report.blocks import Block, cell, details, facts, note, paragraph, table
from groprog_assets.report.integration import integration_sections
from groprog_assets.report.page import rendered_sections
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document

SUBJECTS_SHOWN = 20
"""Subjects of each source on the page; the tables in the results hold all."""
DISEASES_SHOWN = 10
LICENCES = (
    "Licences, where the data are of these sources. HPO: https://human-phenotype-ontology.github.io/license.html, shown "
    "unaltered with its release. MONDO mappings: CC0 1.0. "
    "Disease annotations: the HPO project, OMIM and Orphanet identifiers."
)
_FIGURES = {
    "all": "every annotation; many cases are the very publications that annotations cite, so this flatters",
    "unleaked": "only subjects whose publications no annotation of their disease cites",
    "publication-out": "for each subject the annotations that cite nothing but its publications are removed",
}


def render_omics(study: StudyView, values: Bundle, checks: Document) -> bytes:
    """The page as UTF-8 HTML, equal bytes for equal values. `checks`: the verdicts by asset (`context.omics_checks`)."""
    footer = "Research use only; no medical advice."
    if values.reference_terms is not None:
        ontology, known = values.reference_terms.summary, values.reference_annotations.summary
        footer += (
            f" HPO {ontology['version']}, annotations {known['version'] or 'of no release'},"
            f" MONDO mappings {values.reference_xrefs.summary['version']}. {LICENCES}"
        )
    verdicts = [(asset, item) for asset, items in checks.items() for item in items]
    failed = [
        {
            "where": asset,
            "check": item["name"],
            "severity": "error" if item["blocking"] else "warn",
            "description": item["description"],
        }
        for asset, item in verdicts
        if not item["passed"]
    ]
    sections = [("sources", "Records and consents", _sources(values))]
    if values.assay_raw is not None:
        sections += [*assay_sections(values), *integration_sections(values, study.parameters.integration.significance)]
    if values.disease_ranking is not None:
        sections += [
            ("ontologies", "Ontologies and annotations", _ontologies(values)),
            ("accuracy", "How often the diagnosis is found", _accuracy(values)),
            ("subjects", "Ranked diseases", _subjects(values)),
        ]
    told = {
        "facts": _headlines(values)["rows"],
        "failed": sorted(failed, key=lambda item: item["severity"]),
        "passed": len(verdicts) - len(failed),
    }
    subtitle = "omics: subjects, phenotypes, assays and ranked diseases"
    return rendered_sections(study.name, study.title or study.name, subtitle, sections, footer, **told)


def _headlines(values: Bundle) -> Block:
    told = [("Subjects", f"{len(values.subjects.table):,}", "with consent for this purpose")]
    if values.disease_ranking is not None:
        best = _row(values.disease_ranking.accuracy, "likelihood ratio", "unleaked", "micro")
        shown = "–" if best is None else f"{fixed(best['top_1'], 1)} %"
        told += [
            ("Findings", f"{len(values.phenotypes.table):,}", "present or excluded"),
            ("Candidate diseases", f"{len(values.ranking_index.candidates):,}", "OMIM, with ORPHA's annotation pooled"),
            ("Diagnosis first", shown, "of subjects whose publications no annotation of their disease cites"),
        ]
    if values.assay_raw is not None:
        told += [
            ("Assays", f"{len(values.assay_raw.table):,}", "measured in samples of these subjects"),
            ("Samples", f"{len(values.samples.table):,}", "of subjects with consent"),
        ]
    return facts(told)


def _row(accuracy: pd.DataFrame, scorer: str, figure: str, average: str) -> pd.Series | None:
    chosen = (accuracy["scorer"] == scorer) & (accuracy["figure"] == figure) & (accuracy["average"] == average)
    return accuracy[chosen].iloc[0] if chosen.any() else None


def _sources(values: Bundle) -> list[Block]:
    consents = values.consents.summary
    counts = pd.DataFrame() if values.omics_sources is None else values.omics_sources
    rows = [[str(item) for item in row] for row in counts.itertuples(index=False, name=None)]
    heads = [name.replace("_", " ").capitalize() for name in counts.columns]
    refused = [[reason, cell(f"{count:,}", count)] for reason, count in consents["refused"].items()]
    told = (
        f"{consents['permitted']:,} of {consents['subjects']:,} subjects may be used (purpose: {consents['purpose']})."
    )
    return [
        *([table(heads, rows, "Records by collection.")] if rows else []),
        paragraph(f"{told} A subject without a consent, and one who has withdrawn, is in none of the numbers below."),
        *([table(["Why not", "Subjects"], refused, "Subjects left out.")] if refused else []),
    ]


def _ontologies(values: Bundle) -> list[Block]:
    terms, known, mappings = (
        values[name].summary for name in ("reference_terms", "reference_annotations", "reference_xrefs")
    )
    rows = [
        [
            "HPO",
            terms["version"],
            f"{count_of(terms['terms'], 'term')}, {terms['obsolete']:,} obsolete, {count_of(terms['edges'], 'is_a edge')}",
        ],
        ["Annotations", known["version"], f"{count_of(known['rows'], 'row')}, {known['negated']:,} negated"],
        ["MONDO mappings", mappings["version"], f"{mappings['joined']:,} of {mappings['rows']:,} rows are joined over"],
    ]
    lost = values.phenotypes.summary["unresolved"]
    found = [
        table(["What", "Release", "Content"], rows),
        paragraph(
            f"{count_of(lost['uses'], 'finding')} ({count_of(lost['ids'], 'identifier')}) lead to no live term: "
            f"they are kept with the identifier as "
            "read, and count for nothing."
        ),
        paragraph(LICENCES),
    ]
    return found


def _accuracy(values: Bundle) -> list[Block]:
    accuracy, summary = values.disease_ranking.accuracy, values.disease_ranking.summary
    heads = ["Score", "Figure", "Average", "Counted", "First", "First 3", "First 10", "First 50", "Mean of 1 / rank"]
    rows = [
        [
            *(row.scorer, row.figure, row.average, cell(f"{row.packets:,}", row.packets)),
            *(cell(f"{fixed(value, 1)} %", value) for value in (row.top_1, row.top_3, row.top_10, row.top_50)),
            cell(fixed(row.mean_reciprocal_rank, 3), row.mean_reciprocal_rank),
        ]
        for row in accuracy.itertuples(index=False)
    ]
    lost = "; ".join(f"{reason}: {count:,}" for reason, count in summary["not_counted"].items() if count)
    told = " ".join(f"`{name}`: {text}." for name, text in _FIGURES.items())
    blocks = [
        paragraph(
            "Subjects whose diagnosis is known are ranked as if it were not. Three figures, because published cases leak:"
        ),
        paragraph(told + " Micro averages are over subjects, macro over diseases."),
    ]
    if not rows:
        return [*blocks, paragraph("No subject has a confirmed diagnosis among the candidates.")]
    return [*blocks, table(heads, rows), *([paragraph(f"Not counted: {lost}.")] if lost else [])]


def _subjects(values: Bundle) -> list[Block]:
    ranks, ratios = values.disease_ranking.table, values.disease_ranking.ratios
    names = dict(values.reference_terms.terms[["term_id", "name"]].itertuples(index=False, name=None))
    blocks: list[Block] = [
        note(
            "A rank orders diseases by annotated findings alone. Relative support is no probability: it compares a disease with "
            "the other candidates, and does not say whether the subject has it. A finding that a disease does not list speaks "
            "against it only because nobody annotated it.",
            "warn",
            "How to read this",
        )
    ]
    by_subject = dict(iter(ranks.groupby("subject_id", sort=True)))
    parts = dict(iter(ratios.groupby("subject_id", sort=True)))
    for source, group in values.subjects.table.groupby("source", sort=True):
        chosen = [name for name in group["subject_id"] if name in by_subject]
        more = f" The first {SUBJECTS_SHOWN} of {len(chosen):,}." if len(chosen) > SUBJECTS_SHOWN else ""
        blocks.append({"kind": "heading", "text": str(source), "note": f"{count_of(len(chosen), 'subject')}.{more}"})
        blocks += [_subject(name, by_subject[name], parts[name], names) for name in chosen[:SUBJECTS_SHOWN]]
    return blocks


def _subject(name: str, ranks: pd.DataFrame, ratios: pd.DataFrame, names: dict[str, str]) -> Block:
    shown = ranks[(ranks["rank"] <= DISEASES_SHOWN) | ranks["diagnosed"]]
    own = ranks.loc[ranks["diagnosed"], "rank"]
    title = (
        f"{name}: diagnosis at rank {number(own.min())}" if len(own) else f"{name}: no diagnosis among the candidates"
    )
    rows: list[list[Any]] = [
        [
            cell(number(row.rank), row.rank),
            row.disease_id,
            cell(f"{row.name}{' (diagnosis)' if row.diagnosed else ''}", strong=bool(row.diagnosed)),
            cell(fixed(row.score, 2), row.score),
            cell(number(row.support), row.support),
        ]
        for row in shown.itertuples(index=False)
    ]
    tables = [table(["Rank", "Disease", "Name", "Score", "Relative support"], rows)]
    told = [*shown.loc[shown["diagnosed"], "disease_id"], *shown["disease_id"].head(1)]
    for disease in dict.fromkeys(told):
        part = ratios[(ratios["disease_id"] == disease) & ~ratios["excluded"]].sort_values("log_ratio", ascending=False)
        lines: list[list[Any]] = [
            [
                f"{names.get(row.term_id, '')} ({row.term_id})",
                cell(fixed(row.log_ratio, 2), row.log_ratio),
                row.reading,
                f"{names.get(row.matched, '')} ({row.matched})" if isinstance(row.matched, str) else "–",
                ", ".join(row.sources),
            ]
            for row in part.itertuples(index=False)
        ]
        heads = ["Finding", "ln likelihood ratio", "It", "Best annotation", "Source"]
        tables.append(table(heads, lines, f"What each finding says of {disease}."))
    return details(title, tables)
