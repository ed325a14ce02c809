"""Pages of gene sets and drugs, and what the page of a gene says of them and of its values in groups."""

from __future__ import annotations

import math
from typing import Any

from groprog_assets.beacon.desk import Held, Refused
from groprog_assets.beacon.links import link
from groprog_assets.beacon.measured import compared, gene_boxes, set_boxes
from groprog_assets.figures.numbers import fixed, number, percent
from groprog_assets.methods.integration.signature_reversal import LABEL
from groprog_assets.omics_catalog.catalog import Rows
from groprog_assets.report.blocks import Block, cell, details, facts, note, paragraph, table
from groprog_assets.study.text_tables import count_of

SHOWN = 60
Page = tuple[str, str, list[Block]]
NO_BENEFIT = f"That a drug reverses a ranking, or acts on a gene, is a {LABEL}."


def gene_parts(held: Held, symbol: str) -> list[Block]:
    """Sets with the gene, drugs that act on it or change it, and its values in groups of subjects."""
    rows = _of_gene(
        held,
        symbol,
        "gene_sets",
        "SELECT set_id, name, source, direction FROM gene_sets WHERE gene_id = ? ORDER BY set_id, direction",
    )
    sets = [[link(row["set_id"], "pathway", row["set_id"]), row["source"]] for row in rows if row["direction"] is None]
    targets = _of_gene(
        held,
        symbol,
        "drug_target",
        "SELECT DISTINCT drug_id, name, action, source, version FROM drug_target WHERE gene_id = ? ORDER BY name, action",
    )
    changed = [row for row in rows if row["direction"] is not None]
    drugs = [
        *([link(row["name"], "drug", row["drug_id"]), row["action"], _source(row)] for row in targets),
        *(
            [
                link(row["set_id"], "drug", row["set_id"]),
                f"{_DOES[row['direction']]} it in its signature",
                row["source"],
            ]
            for row in changed
        ),
    ]
    return [
        _first(
            ["Gene set", "Source"],
            sets,
            "Pathways and other sets of genes with it.",
            "No gene set of this study has it.",
        ),
        _first(
            ["Drug", "What it does", "Source"],
            drugs,
            f"Drugs: {NO_BENEFIT}",
            "No drug of this study acts on it or changes it.",
        ),
        {"kind": "heading", "text": "Values by group", "note": ""},
        *gene_boxes(held, symbol),
    ]


def _of_gene(held: Held, symbol: str, of: str, question: str) -> Rows:
    """The answer to a question of a gene, which is not asked where the gene is not in the table."""
    return held.catalog.rows(question, symbol) if symbol in held.reference.genes_in[of] else []


def pathway(held: Held, name: str) -> Page:
    """One gene set: its genes, where they are measured, how it stands in the comparisons, its scores in groups."""
    rows = held.catalog.rows(
        "SELECT gene_id, name, source FROM gene_sets WHERE set_id = ? AND direction IS NULL ORDER BY gene_id", name
    )
    if not rows:
        raise Refused(404, "This study has no gene set of this name. Search for its name.")
    genes = [row["gene_id"] for row in rows]
    measured = {
        row["symbol"]: row["assays"]
        for row in held.catalog.rows(
            "SELECT symbol, string_agg(DISTINCT assay_id, ', ' ORDER BY assay_id) AS assays FROM features"
            " WHERE list_contains(?::VARCHAR[], symbol) GROUP BY symbol",
            genes,
        )
    }
    scored = held.catalog.rows("SELECT * FROM scored_sets WHERE set_id = ? ORDER BY assay_id", name)
    told = [
        [
            row["assay_id"],
            f"{row['present']:,} of {row['size']:,}",
            percent(row["share"]),
            "yes" if row["scored"] else "no",
        ]
        for row in scored
    ]
    members = [[link(gene, "gene", gene), measured.get(gene, "no")] for gene in genes]
    blocks: list[Block] = [
        facts([("Genes", f"{len(genes):,}", f"in {rows[0]['source']}"), ("Measured", f"{len(measured):,}", "of them")]),
        *([paragraph(rows[0]["name"])] if rows[0]["name"] != name else []),
        *_ranked(held, "ranked_sets WHERE set_id = ?", name),
        *([table(["Assay", "Genes there", "Share", "Scored"], told, "The set in each assay.")] if told else []),
        {"kind": "heading", "text": "Scores by group", "note": ""},
        *(set_boxes(held, name) or [paragraph("No assay has genes enough for scores of the set.")]),
        details(f"All of {count_of(len(genes), 'gene')}", [table(["Gene", "Measured in"], members)]),
    ]
    return name, "gene set", blocks


def pathways(held: Held, name: str = "") -> Page:
    """The gene sets of the study, those that differ most first."""
    rows = held.catalog.rows(
        "SELECT set_id, count(DISTINCT gene_id) AS genes FROM gene_sets WHERE direction IS NULL GROUP BY set_id ORDER BY set_id"
    )
    if not rows:
        raise Refused(404, "This study has no gene sets (omics.gene_sets).")
    ranked = _told(held, held.catalog.rows("SELECT * FROM ranked_sets WHERE p_value IS NOT NULL ORDER BY p_value DESC"))
    first = {row["set_id"]: row["p_value"] for row in ranked}
    rows.sort(key=lambda row: (first.get(row["set_id"], math.inf), row["set_id"]))
    lines = [
        [link(row["set_id"], "pathway", row["set_id"]), cell(f"{row['genes']:,}", row["genes"])] for row in rows[:SHOWN]
    ]
    more = f", the first {SHOWN} of {len(rows):,}" if len(rows) > SHOWN else ""
    blocks = [
        *_ranked(held, f"ranked_sets ORDER BY p_value NULLS LAST, set_id LIMIT {SHOWN}"),
        table(["Gene set", "Genes"], lines, f"Gene sets{more}."),
    ]
    return "Pathways", "gene sets of this study", blocks


def drug(held: Held, name: str) -> Page:
    """One drug: whether its signature runs against the comparisons, the genes that it changes, those that it acts on."""
    genes = held.catalog.rows(
        "SELECT gene_id, direction, source FROM gene_sets WHERE set_id = ? AND direction IS NOT NULL ORDER BY gene_id",
        name,
    )
    targets = held.catalog.rows(
        "SELECT DISTINCT * FROM drug_target WHERE drug_id = ? OR name = ? ORDER BY gene_id, action", name, name
    )
    if not genes and not targets:
        raise Refused(404, "This study has no drug of this name. Search for its name.")
    acts = [[link(row["gene_id"], "gene", row["gene_id"]), row["action"], _source(row)] for row in targets]
    halves = {
        way: [[link(row["gene_id"], "gene", row["gene_id"])] for row in genes if row["direction"] == way]
        for way in _DOES
    }
    blocks: list[Block] = [
        note(f"{NO_BENEFIT} Research use only.", "warn", "What this is"),
        *_reversal(held, "drug_reversal WHERE drug = ?", name),
        *([table(["Gene", "Action", "Source"], acts, "Genes that the drug acts on.")] if acts else []),
        *_targets(held, "target_candidates WHERE drug_id = ? OR name = ?", name, name),
        *(
            details(f"{count_of(len(rows), 'gene')} that it {_DOES[way]}", [table(["Gene"], rows)])
            for way, rows in halves.items()
            if rows
        ),
    ]
    title = targets[0]["name"] if targets else name
    return title, f"drug, {targets[0]['drug_id']}" if targets else "drug", blocks


def drugs(held: Held, name: str = "") -> Page:
    """The drugs of the study: those whose signatures run against a comparison first, and those that act on a biomarker."""
    known = held.catalog.rows(
        "SELECT id, min(name) AS name FROM search_names WHERE kind = 'drug' GROUP BY id ORDER BY lower(min(name)), id"
    )
    if not known:
        raise Refused(404, "This study has neither signatures nor targets of drugs.")
    lines = [[link(row["name"], "drug", row["id"]), row["id"]] for row in known[:SHOWN]]
    more = f", the first {SHOWN} of {len(known):,}" if len(known) > SHOWN else ""
    blocks: list[Block] = [
        note(f"{NO_BENEFIT} Research use only.", "warn", "What this is"),
        *_reversal(held, f"drug_reversal WHERE score IS NOT NULL ORDER BY score LIMIT {SHOWN}"),
        *_targets(held, f"target_candidates ORDER BY weight DESC LIMIT {SHOWN}"),
        table(["Drug", "Identifier"], lines, f"Drugs with a signature or a target{more}."),
    ]
    return "Drugs", "signatures and targets in this study", blocks


_DOES = {"up": "raises", "down": "lowers"}


def _first(heads: list[str], rows: list[list[Any]], caption: str, none: str) -> Block:
    """The first rows as a table, or `none` where there are no rows."""
    if not rows:
        return paragraph(none)
    more = f" The first {SHOWN} of {len(rows):,}." if len(rows) > SHOWN else ""
    return table(heads, rows[:SHOWN], f"{caption}{more}")


def _source(row: dict[str, Any]) -> str:
    return f"{row['source']} {row['version']}".strip()


def _ranked(held: Held, of: str, *values: object) -> list[Block]:
    rows = _told(held, held.catalog.rows(f"SELECT * FROM {of}", *values))
    lines = [
        [
            link(row["set_id"], "pathway", row["set_id"]),
            row["outcome"],
            row["assay_id"],
            cell(fixed(row["normalised"], 2), row["normalised"]),
            cell(number(row["p_value"]), row["p_value"]),
            cell(number(row["q_value"]), row["q_value"]),
        ]
        for row in rows
        if row["p_value"] is not None
    ]
    heads = ["Gene set", "Comparison", "Assay", "Normalised score", "p", "q"]
    caption = (
        "Gene sets in the rankings of genes by group or survival; above 0 the set's genes are higher, or go with risk."
    )
    return [table(heads, lines, caption)] if lines else []


def _reversal(held: Held, of: str, *values: object) -> list[Block]:
    rows = _told(held, held.catalog.rows(f"SELECT * FROM {of}", *values))
    lines = [
        [
            link(row["drug"], "drug", row["drug"]),
            row["outcome"],
            row["assay_id"],
            cell(fixed(row["score"], 2), row["score"]),
            cell(number(row["p_value"]), row["p_value"]),
            cell(number(row["q_value"]), row["q_value"]),
            "reverses" if row["reverses"] else "does not",
        ]
        for row in rows
    ]
    heads = ["Drug", "Comparison", "Assay", "Score", "p", "q", f"It ({LABEL})"]
    caption = "Signatures against the rankings of genes; below 0 the drug's signature runs against the ranking."
    return [table(heads, lines, caption)] if lines else []


def _targets(held: Held, of: str, *values: object) -> list[Block]:
    rows = held.catalog.rows(f"SELECT *, split_part(feature, ':', 1) AS assay_id FROM {of}", *values)
    lines = [
        [
            link(row["name"], "drug", row["drug_id"]),
            link(row["gene_id"], "gene", row["gene_id"]),
            row["action"],
            row["outcome"],
            cell(number(row["weight"]), row["weight"]),
        ]
        for row in _told(held, rows)
    ]
    heads = ["Drug", "Gene of a biomarker", "Action", "Comparison", "|t| x frequency"]
    return [table(heads, lines, "Drugs that act on the gene of a biomarker.")] if lines else []


def _told(held: Held, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of comparisons with subjects enough on each side."""
    may = {pair: compared(held, *pair) for pair in {(row["outcome"], row["assay_id"]) for row in rows}}
    return [row for row in rows if may[row["outcome"], row["assay_id"]]]
