"""The page of a case study: findings with what each says of the compared diseases, ranks, and what speaks against those above."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from groprog_assets.figures.numbers import fixed, number, percent
from groprog_assets.methods.omics.disease_ranking import LITTLE
from groprog_assets.report.blocks import Block, cell, details, facts, note, paragraph, table, word
from groprog_assets.report.page import rendered_sections
from groprog_assets.store.artifacts import Bundle
from groprog_assets.study.omics_study import CaseStudy
from groprog_assets.study.text_tables import count_of

UNDECIDED = math.log(100.0)
"""Natural log of the likelihood ratio below which the page says that findings do not decide between two diseases."""
SHOWN = 10
RESEARCH = "Research use only; no medical advice, and no rank is a diagnosis."


def case_sections(
    case: CaseStudy, values: Bundle, terms: dict[str, str], variants: pd.DataFrame
) -> list[tuple[str, str, list[Block]]]:
    """(anchor, title, blocks) of a case. values: what `case_studies` made; terms {term: name}; variants of the subject."""
    ranks = values.table[values.table["case_name"] == case.name]
    ratios = values.ratios[(values.ratios["case_name"] == case.name) & ~values.ratios["excluded"]]
    if not len(ranks):
        reason = values.summary["left_out"].get(case.name, "it was not made")
        return [("case", "The case", [note(f"This case cannot be told: {reason}.", "warn")])]
    every, own = ranks[~ranks["restricted"]], ranks[ranks["restricted"]]
    return [
        ("record", "The record", _record(case, every, ratios, variants)),
        ("findings", "What each finding says", _findings(case, every, ratios, terms)),
        ("ranks", "Among all diseases", [_ranks(every)]),
        ("above", "What speaks against those above", _above(every, ratios, terms)),
        ("gene", f"Among the diseases of {case.gene}", _gene(case, own)),
    ]


def render_case(case: CaseStudy, values: Bundle, terms: dict[str, str], variants: pd.DataFrame, footer: str) -> bytes:
    """The page as UTF-8 HTML of its own, equal bytes for equal values."""
    sections = case_sections(case, values, terms, variants)
    return rendered_sections(case.name, case.title, "a case study", sections, footer)


def _record(case: CaseStudy, every: pd.DataFrame, ratios: pd.DataFrame, variants: pd.DataFrame) -> list[Block]:
    compared = every[every["compared"]].sort_values("rank")
    head = [("Findings", f"{ratios['term_id'].nunique():,}", "present and known to the ontology")]
    head += [(str(row.disease_id), number(row.rank), f"rank of {row.name}") for row in compared.itertuples(index=False)]
    rows = [
        [word(row.symbol), word(row.hgvs), word(row.allelic_state), word(row.classification)]
        for row in variants.astype(object).where(variants.notna(), None).itertuples(index=False)
    ]
    shown = [table(["Gene", "Variant", "State", "Classification"], rows, "Variants, as the record writes them.")]
    return [note(f"{RESEARCH} {case.origin}", "warn", "What this is"), facts(head), *(shown if rows else [])]


def _findings(case: CaseStudy, every: pd.DataFrame, ratios: pd.DataFrame, terms: dict[str, str]) -> list[Block]:
    names = dict(every[["disease_id", "name"]].itertuples(index=False, name=None))
    parts = {name: ratios[ratios["disease_id"] == name].set_index("term_id") for name in case.compare}
    parts = {name: part for name, part in parts.items() if len(part)}
    first = next(iter(parts.values()))
    rows: list[list[Any]] = []
    for term in first.sort_values("log_ratio", ascending=False).index:
        line: list[Any] = [f"{terms.get(term, '')} ({term})"]
        for part in parts.values():
            line.append(cell(fixed(part.loc[term, "log_ratio"], 1), float(part.loc[term, "log_ratio"])))
        best = first.loc[term]
        matched = best["matched"]
        found = isinstance(matched, str)
        line.append(f"{terms.get(matched, '')} ({matched}), {percent(best['frequency'])}" if found else "none")
        rows.append([*line, ", ".join(best["sources"]) or "–"])
    sums: list[Any] = [cell("Sum", "", strong=True)]
    totals = [float(part["log_ratio"].sum()) for part in parts.values()]
    sums += [cell(fixed(total, 1), total, strong=True) for total in totals]
    heads = ["Finding", *(f"ln LR, {name}" for name in parts), f"Best annotation of {next(iter(parts))}", "Source"]
    told = "; ".join(f"{name}: {names.get(name, name)}" for name in parts)
    return [
        paragraph(
            "The natural logarithm of each finding's likelihood ratio, above 0 where it speaks for the disease."
            f" {told}. A finding that nobody annotated speaks against a disease only so far."
        ),
        table(heads, [*rows, [*sums, "", ""]]),
    ]


def _ranks(ranks: pd.DataFrame) -> Block:
    shown = ranks[(ranks["rank"] <= SHOWN) | ranks["compared"]].sort_values(["rank", "disease_id"])
    rows: list[list[Any]] = [
        [
            cell(number(row.rank), row.rank),
            row.disease_id,
            cell(str(row.name), strong=bool(row.compared)),
            cell(fixed(row.score, 1), row.score),
            cell(number(row.support), row.support),
        ]
        for row in shown.itertuples(index=False)
    ]
    caption = "Relative support compares candidates; it is no probability."
    return table(["Rank", "Disease", "Name", "Sum of ln LR", "Relative support"], rows, caption)


def _above(every: pd.DataFrame, ratios: pd.DataFrame, terms: dict[str, str]) -> list[Block]:
    last = every.loc[every["compared"], "rank"].max()
    above = every[(every["rank"] < last) & ~every["compared"]].sort_values("rank")
    blocks: list[Block] = []
    for row in above.itertuples(index=False):
        part = ratios[(ratios["disease_id"] == row.disease_id) & (ratios["log_ratio"] <= -LITTLE)].sort_values(
            "log_ratio"
        )
        if row.disease_id not in set(ratios["disease_id"]):
            continue
        lines: list[list[Any]] = [
            [
                f"{terms.get(item.term_id, '')} ({item.term_id})",
                cell(fixed(item.log_ratio, 1), item.log_ratio),
                item.reading,
            ]
            for item in part.itertuples(index=False)
        ]
        title = f"{number(row.rank)}. {row.name} ({row.disease_id}): {_speak(len(lines))} against it"
        blocks.append(details(title, [table(["Finding", "ln LR", "It"], lines)]))
    if not blocks:
        return [paragraph("No other disease stands above the compared ones.")]
    return [
        paragraph("Findings that do not fit the other diseases that rank above the last of the compared ones."),
        *blocks,
    ]


def _speak(findings: int) -> str:
    return f"{count_of(findings, 'finding')} {'speaks' if findings == 1 else 'speak'}"


def _gene(case: CaseStudy, own: pd.DataFrame) -> list[Block]:
    order = own.sort_values(["rank", "disease_id"])
    first = order.head(2)
    told = f"Only the diseases that are annotated to the gene {case.gene} are ranked."
    if len(first) == 2 and set(first["disease_id"]) <= set(case.compare):
        gap = float(first["score"].iloc[0] - first["score"].iloc[1])
        names = " and ".join(first["name"])
        decided = "decide" if gap >= UNDECIDED else "do not decide"
        told += f" {names} come first, {fixed(gap, 1)} apart: these findings {decided} between them."
    return [paragraph(told), _ranks(own)]
