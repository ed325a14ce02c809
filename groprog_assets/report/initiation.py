"""The report's section on initiation regions: what was called and how surely, classes, response, what may be said of them.

The report's context in, blocks out.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from groprog_assets.figures.numbers import fixed, number, p_value, percent
from groprog_assets.report.blocks import (
    Block,
    Cell,
    cell,
    details,
    document_table,
    frame_of,
    member,
    note,
    paragraph,
    table,
)
from groprog_assets.report.genomics import picture, settings
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document, Values

SHOWN = 20

CAPTIONS: dict[str, tuple[str, str]] = {
    "initiation_profile": (
        "Signal around starts of transcription, learned from the libraries without annotation: natural log of "
        "the signal in each "
        "bin over the mean bin. A high step at 0 and little before it mean clear starts.",
        "Step curve of log signal against distance from the start of transcription.",
    ),
    "initiation_heat_map": (
        "Reads around pairs that pass the false discovery rate: their mean by class and condition, plus strand "
        "above the line and "
        "minus strand below; under it every pair as a row. Starts that face away from each other have the minus "
        "strand's reads on "
        "the left and the plus strand's on the right.",
        "Mean signal of both strands around pairs of starts, by class and condition, over heat maps of the minus "
        "and plus strand.",
    ),
    "initiation_classes": (
        "Regions by class and confidence, and pairs by the false discovery rate that strand-shifted decoys give. "
        "The dashed line is "
        "the rate used.",
        "Bars of regions by class and confidence, and curves of the number of pairs against their q.",
    ),
    "initiation_response": (
        "Change of each tested region between the conditions against its mean count; counts are scaled by the "
        "size factors of the "
        "genes.",
        "Scatter of log2 fold change against mean count, for distal and proximal regions.",
    ),
}


def initiation(context: Values) -> list[Block]:
    """What was called, the start profile, signal around pairs, candidate enhancers, and their response."""
    regions = member(context.get("initiation_regions"), "table")
    summary = member(context.get("initiation_regions"), "summary")
    if regions is None or not summary:
        return []
    blocks: list[Block] = []
    for problems in summary["refused"].values():
        for problem in problems:
            text = f"{problem['where']}: {problem['value']}. {problem['rule']} {problem['remedy']}"
            blocks.append(note(text, "warn", "Library not used"))
    if summary["nothing_called"]:
        return [*blocks, note(f"{summary['nothing_called']}.", "warn", "No initiation regions were called")]
    rate = settings(context).initiation.pair_false_discovery_rate
    blocks.append(paragraph(_called(summary, len(regions), rate)))
    blocks += _asked(summary)
    if summary["pairing"]:
        blocks.append(
            note(
                f"{number(summary['pairs_passing'])} of {number(summary['pairs'])} pairs pass: starts are so "
                "dense that pairs at moved "
                "strands score as high. Single starts are not affected.",
                "warn",
                f"{summary['pairing'][:1].upper()}{summary['pairing'][1:]}",
            )
        )
    blocks += [
        picture(context, name, CAPTIONS) for name in ("initiation_profile", "initiation_heat_map", "initiation_classes")
    ]
    blocks += [*_response(context), *_candidates(context, regions)]
    blocks.append(
        note(
            "A single start far from genes is never called an enhancer: on MCF-7 a tenth to a fifth of them touch a bound "
            "transcription factor, as random occupied bases do, against about half of distal pairs. A gene named "
            "beside a region is the nearest "
            "one or co-varies with it; that does not say that the region acts on it. Positions are those of reads, not of "
            f"start sites; `tss_estimate` takes off {number(summary['offset']['offset'])} bp ({summary['offset']['basis']}).",
            "info",
            "What may be said",
        )
    )
    blocks.append(details("How the regions were called", [document_table(summary)]))
    return blocks


def _asked(summary: Document) -> list[Block]:
    """Whose start profile scores, and what the controls of capped libraries took out, where the study file asks for it."""
    said = []
    if summary.get("profile_of"):
        said.append(f"All libraries are scored with the start profile of {summary['profile_of']}.")
    control = summary.get("control")
    if control and control["libraries"]:
        pairs = ", ".join(f"{name} (control {other})" for name, other in control["libraries"].items())
        without = f" No control: {', '.join(control['without'])}." if control["without"] else ""
        said.append(
            f"Clusters with too few reads against their control were left out: {pairs}; one read of the controls counts as "
            f"{fixed(control['scale'], 2)}.{without}"
        )
    return [paragraph(" ".join(said))] if said else []


def _called(summary: Document, regions: int, rate: float) -> str:
    active = summary["active_starts"]
    share = (
        f" Of {count_of(active['active'], 'annotated start')} with reads after {'it' if active['active'] == 1 else 'them'}, "
        f"{percent(active['found'] / active['active'])} {'has' if active['found'] == 1 else 'have'} a start called within 150 bp."
        if active["active"]
        else ""
    )
    return (
        f"{count_of(regions, 'region')} where transcription starts, found in {count_of(summary['reads'], 'read')} of "
        f"{count_of(len(summary['libraries']), 'library', 'libraries together')}: {count_of(summary['pairs'], 'pair')} of starts "
        f"that face away from each other, of which {count_of(summary['pairs_passing'], 'passes', 'pass')} a false discovery rate "
        f"of {rate:g} ({number(summary['proximal_pairs'])} within a kilobase of an annotated start, "
        f"{number(summary['distal_pairs'])} farther away), and "
        f"{count_of(sum(summary['singles'].values()), 'single start')}, ranked by score.{share}"
    )


def _response(context: Values) -> list[Block]:
    result = context.get("differential_initiation")
    summary = member(result, "summary")
    if not summary:
        return []
    if summary["not_tested"]:
        return [note(f"{summary['not_tested']}.", "warn", "The response was not tested")]
    if summary["analysis"] == "unreplicated":
        text = (
            f"{count_of(summary['tested'], 'region has', 'regions have')} enough reads. With one library a condition the exact "
            "binomial p tells how "
            "two counts differ, not whether another experiment would show it; no region is called changed."
        )
    else:
        text = (
            f"Of {count_of(summary['tested'], 'region')} with enough reads {number(summary['up'])} rise and "
            f"{number(summary['down'])} fall. The test is that of genes, with the genes' size factors, so that a "
            "change shared by "
            "most regions remains."
        )
    return [paragraph(text), picture(context, "initiation_response", CAPTIONS)]


def _candidates(context: Values, regions: pd.DataFrame) -> list[Block]:
    chosen = regions[regions["claim"] == "candidate enhancer"].sort_values("pair_score", ascending=False, kind="stable")
    if not len(chosen):
        return [
            paragraph("No distal pair passes the false discovery rate without a flag: there is no candidate enhancer.")
        ]
    changes = frame_of(context.get("differential_initiation"))
    known = {} if changes is None else {str(row.region): row for row in changes.itertuples()}
    rows = [_candidate(row, known.get(str(row.name))) for row in chosen.head(SHOWN).itertuples(index=False)]
    heads = ["Region", "Place", "Pair score", "q", "Reads", "Nearest start", "log₂ fold change", "Adjusted p"]
    return [
        table(
            heads,
            rows,
            "Candidate enhancers: distal pairs, sorted by score.",
            len(chosen),
            file="initiation/initiation_regions.tsv",
        )
    ]


def _candidate(row: Any, change: Any) -> list[Cell]:
    reads = int(row.reads_plus + row.reads_minus)
    near = (
        "–" if pd.isna(row.nearest_tss_distance) else f"{row.nearest_tss_gene}, {int(row.nearest_tss_distance):+,} bp"
    )
    fold = float("nan") if change is None else float(change.log2_fold_change)
    adjusted = float("nan") if change is None else float(change.adjusted_p_value)
    return [
        cell(str(row.name), mono=True),
        cell(f"{row.chrom}:{row.start + 1:,}–{row.end:,}"),
        cell(fixed(row.pair_score, 1), float(row.pair_score)),
        cell(fixed(row.q_pair, 3), float(row.q_pair)),
        cell(number(reads), reads),
        cell(near),
        cell("–" if pd.isna(fold) else fixed(fold, 2), fold),
        cell("–" if pd.isna(adjusted) else p_value(adjusted), adjusted),
    ]
