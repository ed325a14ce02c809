"""Sections of the omics page about what the assays say together: factors, strata, biomarkers, gene sets, drugs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from groprog_assets.figures.integration import factor_variance_figure, volcano_figure
from groprog_assets.figures.kaplan_meier import kaplan_meier_figure
from groprog_assets.figures.numbers import fixed, number, p_value
from groprog_assets.figures.style import figure_bytes
from groprog_assets.report.blocks import Block, Cell, cell, figure, note, paragraph, table
from groprog_assets.store.artifacts import Bundle
from groprog_assets.study.text_tables import count_of

ROWS = 15
"""Rows of a table on the page; the tables in the results hold all."""
WEIGHTS = 5
"""Features named of each factor."""
Section = tuple[str, str, list[Block]]


def integration_sections(values: Bundle, significance: float) -> list[Section]:
    """(anchor, title, blocks) of what was made of the assays together; q below `significance` counts as found."""
    made = [
        ("factors", "Factors", "factors", _factors),
        ("strata", "Strata", "strata", _strata),
        ("biomarkers", "Biomarkers", "biomarkers", lambda held: _biomarkers(held, significance)),
        ("pathways", "Gene sets", "pathway_scores", _pathways),
        ("drugs", "Drugs against the ranking", "reversal", _drugs),
    ]
    return [(anchor, title, blocks(values)) for anchor, title, asset, blocks in made if values[asset] is not None]


def _factors(values: Bundle) -> list[Block]:
    found = values.factors
    if found.summary["why_not"]:
        return [note(found.summary["why_not"], "warn", "No factors")]
    if not found.summary["factors"]:
        return [paragraph("No factor explains enough of an assay.")]
    rows = []
    for name, own in found.weights.groupby("factor", sort=False):
        first = own.reindex(own["weight"].abs().sort_values(ascending=False, kind="stable").index)[:WEIGHTS]
        told = ", ".join(f"{row.symbol} ({row.assay_id}, {number(row.weight, 2)})" for row in _rows(first))
        count = int((own["included"] > 0.5).sum())
        rows.append([str(name), cell(f"{count:,}", count), told])
    image = figure_bytes(factor_variance_figure(found.variance))
    caption = f"Variance of each assay that a factor alone explains; {count_of(found.summary['subjects'], 'subject')}."
    return [
        figure(image, caption, "Heat map of factors by assay", "factor_variance"),
        table(["Factor", "Features with weight", "Largest weights"], rows, file="factor_weights.tsv"),
    ]


def _strata(values: Bundle) -> list[Block]:
    found = values.strata
    if found.summary["why_not"]:
        return [note(found.summary["why_not"], "warn", "No strata")]
    rows = [
        [
            *(cell(number(row.strata), row.strata), cell(fixed(row.stability, 2), row.stability)),
            *(cell(f"{row.smallest:,}", row.smallest), "yes" if row.chosen else ""),
        ]
        for row in _rows(found.numbers)
    ]
    heads = ["Strata", "Stability", "Subjects in the smallest", "Reported"]
    told = (
        f"Spectral clusters of the fused network of {count_of(found.summary['subjects'], 'subject')} with every assay. "
        "Stability is the median agreement (adjusted Rand index) with the strata of subsamples. Subjects along one gradient also "
        "fall stably into two halves: stable strata need not be distinct diseases."
    )
    blocks = [paragraph(told), table(heads, rows)]
    survival = found.survival
    if not survival:
        return blocks
    image = figure_bytes(kaplan_meier_figure(survival, "Survival by stratum", "stratum"))
    permuted = survival["log_rank"]["permutation_p_value"]
    caption = f"Kaplan-Meier curves of the strata; log-rank test by permutation p = {p_value(permuted)}."
    outcomes = [
        [
            *(f"stratum {row.stratum}", cell(f"{row.subjects:,}", row.subjects), cell(f"{row.events:,}", row.events)),
            cell("not reached") if row.median != row.median else cell(fixed(row.median, 1), row.median),
        ]
        for row in _rows(found.outcomes)
    ]
    return [
        *blocks,
        figure(image, caption, "Survival by stratum", "stratum_survival"),
        table(["Stratum", "Subjects", "Events", "Median, months"], outcomes),
    ]


def _biomarkers(values: Bundle, significance: float) -> list[Block]:
    found = values.biomarkers
    blocks: list[Block] = [
        paragraph(
            "Features are tested on values that were measured (moderated t; survival: score statistic of a Cox model). Panels "
            "are chosen inside training folds and judged on held-out subjects; a biomarker is chosen by most panels."
        )
    ]
    for outcome, told in found.summary.items():
        own = found.table[found.table["outcome"] == outcome]
        reached = told["performance"]
        judged = "no panel could be judged" if reached is None else f"held-out AUC or C {fixed(reached, 2)}"
        blocks.append(
            {"kind": "heading", "text": outcome, "note": f"{count_of(told['biomarkers'], 'biomarker')}, {judged}"}
        )
        if told["why_not"]:
            blocks.append(note(told["why_not"], "warn", "Not all of it"))
        if own.empty:
            continue
        image = figure_bytes(volcano_figure(own, significance, outcome))
        caption = f"Features compared: {outcome}. Coloured: q below {significance:g}; ringed: biomarkers."
        blocks.append(figure(image, caption, f"Volcano plot: {outcome}", f"volcano_{len(blocks)}"))
        first = own.sort_values(["frequency", "p_value"], ascending=[False, True], kind="stable")[:ROWS]
        blocks.append(_feature_table(first, len(own)))
        targets = found.targets[found.targets["outcome"] == outcome]
        if len(targets):
            columns = ["rank", "feature", "name", "action", "source"]
            rows = [[str(item) for item in row] for row in targets[columns][:ROWS].itertuples(index=False, name=None)]
            caption = "Drugs that act on the gene of a biomarker: candidates to look at, no evidence of benefit."
            blocks.append(table(["Rank", "Biomarker", "Drug", "Action", "Source"], rows, caption, len(targets)))
    return blocks


def _feature_table(first: pd.DataFrame, total: int) -> Block:
    rows = [
        [
            *(row.symbol, row.assay_id, _number(row.effect), _number(row.statistic)),
            *(cell(p_value(row.q_value), row.q_value), _number(row.frequency), "yes" if row.biomarker else ""),
            cell(f"{fixed(100 * row.missing, 1)} %", row.missing),
        ]
        for row in _rows(first)
    ]
    heads = ["Feature", "Assay", "Effect", "Statistic", "q", "Chosen by", "Biomarker", "Missing"]
    return table(heads, rows, total=total, file="biomarkers.tsv")


def _pathways(values: Bundle) -> list[Block]:
    scored = values.pathway_scores.summary["assays"]
    told = "; ".join(f"{assay}: {held['scored']:,} of {held['sets']:,} sets" for assay, held in scored.items())
    blocks = [paragraph(f"Sets with enough genes measured, scored in each subject: {told}.")]
    ranked = None if values.biomarkers is None else values.biomarkers.sets.dropna(subset="p_value")
    if ranked is None or ranked.empty:
        return blocks
    rows = [
        [
            *(row.set_id, row.outcome, row.assay_id, cell(f"{row.present} of {row.size}", row.present)),
            *(_number(row.score), _number(row.normalised), cell(p_value(row.q_value), row.q_value)),
            *(cell(f"{row.chosen:,}", row.chosen), cell(p_value(row.over_q_value), row.over_q_value)),
        ]
        for row in _rows(ranked.sort_values("p_value", kind="stable")[:ROWS])
    ]
    heads = [
        "Set",
        "Outcome",
        "Assay",
        "Genes present",
        "Running sum",
        "Normalised",
        "q",
        "Genes that differ",
        "q of so many",
    ]
    caption = (
        "Sets whose genes come early (> 0) or late in the ranking by the statistic; and how many of them differ, by the "
        "hypergeometric test among the measured genes."
    )
    return [*blocks, table(heads, rows, caption, len(ranked), "ranked_sets.tsv")]


def _drugs(values: Bundle) -> list[Block]:
    found = values.reversal.table.dropna(subset="score")
    rows = [
        [
            *(row.drug, row.outcome, row.assay_id, cell(f"{row.up_present} + {row.down_present}", row.up_present)),
            *(_number(row.score), cell(p_value(row.q_value), row.q_value), "yes" if row.reverses else ""),
        ]
        for row in _rows(found.sort_values(["score", "drug"], kind="stable")[:ROWS])
    ]
    heads = ["Drug", "Outcome", "Assay", "Genes present", "Score", "q", "Reverses"]
    told = (
        "A hypothesis, no evidence of benefit: a drug scores below 0 when it lowers the genes that come first and raises those "
        "that come last."
    )
    return [note(told, "warn", "Research use only"), table(heads, rows, "", len(found), "drug_reversal.tsv")]


def _rows(frame: pd.DataFrame) -> Iterator[Any]:
    """The rows, cells by the names of the columns."""
    return iter(frame.itertuples(index=False))


def _number(value: float) -> Cell:
    return cell(fixed(value, 2), value)
