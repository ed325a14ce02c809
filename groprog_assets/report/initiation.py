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
from groprog_assets.report.genomics import picture, screen, settings
from groprog_assets.study.initiation_parameters import InitiationParameters
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document, Values

SHOWN = 20
CHANGED = 50
"""Changed regions that the page lists."""

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
    blocks.append(paragraph(_called(summary, regions, settings(context).initiation)))
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
    blocks += [*_response(context, regions), *_candidates(context, regions)]
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


def _called(summary: Document, regions: pd.DataFrame, asked: InitiationParameters) -> str:
    divergent, convergent = (int((regions["kind"] == kind).sum()) for kind in ("divergent", "convergent"))
    near = f"{number(asked.proximal_distance)} bp"
    active = summary["active_starts"]
    share = (
        f" Of {count_of(active['active'], 'annotated start')} with reads after {'it' if active['active'] == 1 else 'them'}, "
        f"{percent(active['found'] / active['active'])} {'has' if active['found'] == 1 else 'have'} a start called within 150 bp."
        if active["active"]
        else ""
    )
    return (
        f"{count_of(len(regions), 'region')} where transcription starts, found in {count_of(summary['reads'], 'read')} of "
        f"{count_of(len(summary['libraries']), 'library', 'libraries together')}: {count_of(summary['pairs'], 'pair')} of starts "
        f"on opposite strands ({number(divergent)} divergent, {number(convergent)} convergent), of which "
        f"{count_of(summary['pairs_passing'], 'passes', 'pass')} a false discovery rate of "
        f"{asked.pair_false_discovery_rate:g} ({number(summary['proximal_pairs'])} within {near} of an annotated start, "
        f"{number(summary['distal_pairs'])} farther away), and "
        f"{count_of(sum(summary['singles'].values()), 'single start')}, ranked by score.{share}"
    )


def _response(context: Values, regions: pd.DataFrame) -> list[Block]:
    result = context.get("differential_initiation")
    summary = member(result, "summary")
    if not summary:
        return []
    if summary["not_tested"]:
        return [note(f"{summary['not_tested']}.", "warn", "The response was not tested")]
    if summary["analysis"] == "unreplicated":
        text = (
            f"{count_of(summary['tested'], 'region has', 'regions have')} enough reads. Without replicates on both sides no "
            "change is tested against the variation between libraries: the exact binomial p tells how two counts differ, not "
            "whether another experiment would show it, and no region is called changed."
        )
        return [paragraph(f"{text} {_co_varying(summary)}"), picture(context, "initiation_response", CAPTIONS)]
    by_class = "; ".join(
        f"{name}: {number(of['up'])} up, {number(of['down'])} down" for name, of in sorted(summary["by_class"].items())
    )
    text = (
        f"Of {count_of(summary['tested'], 'region')} with enough reads {number(summary['up'])} rise and "
        f"{number(summary['down'])} fall ({screen(context)}; {by_class}). {_co_varying(summary)} "
        "The test is that of genes, with the genes' size factors, so that a change shared by most regions remains."
    )
    return [
        paragraph(text),
        picture(context, "initiation_response", CAPTIONS),
        *_changed(regions, member(result, "table"), member(result, "links")),
    ]


def _co_varying(summary: Document) -> str:
    """How many links have a correlation, or that there are too few libraries for one."""
    if not summary["linked_libraries"]:
        return "There are too few libraries to say which genes co-vary with a region."
    return (
        f"{count_of(summary['co_varying'], 'link')} between a region and a gene {'is' if summary['co_varying'] == 1 else 'are'} "
        f"co-varying ({count_of(summary['linked_libraries'], 'library', 'libraries')})."
    )


def _changed(regions: pd.DataFrame, compared: pd.DataFrame, links: pd.DataFrame) -> list[Block]:
    """The changed regions with the change of their linked gene: the co-varying one of the lowest q, else the nearest."""
    changed = compared[compared["direction"] != "none"].sort_values(["adjusted_p_value", "region"], kind="stable")
    changed = changed.rename(columns={"class": "region_class"})
    if not len(changed):
        return []
    relation = links["relation"].astype("str")
    together = links.assign(
        words=relation.str.split("; ").map(lambda words: [word for word in words if word != "overlapping"]),
        order=relation.str.contains("co-varying").map({True: 0, False: 1}),
    )
    together = together[together["words"].astype(bool)]
    together = together.sort_values(["order", "q_value", "gene"], kind="stable").drop_duplicates("region")
    place = {str(row.name): row for row in regions.itertuples(index=False)}
    linked = {str(row.region): row for row in together.itertuples(index=False)}
    rows = [
        _change(place[str(row.region)], row, linked.get(str(row.region)))
        for row in changed.head(CHANGED).itertuples(index=False)
    ]
    heads = ["Region", "Class", "Place", "Reads", "log₂ fold change", "Adjusted p"]
    heads += ["Linked gene", "Relation", "Gene's log₂ fold change", "Gene's adjusted p"]
    caption = (
        "Changed regions by adjusted p, each beside one gene: the co-varying one of the lowest q, else the nearest. The change "
        "of the gene is that of the reads of its body. initiation/initiation_links.tsv has all links."
    )
    return [table(heads, rows, caption, len(changed), file="initiation/differential_initiation.tsv")]


def _change(row: Any, change: Any, link: Any) -> list[Cell]:
    gene = ["–", "–"] if link is None else [str(link.gene), "; ".join(link.words)]
    beside = [float("nan")] * 2 if link is None else [link.gene_log2_fold_change, link.gene_adjusted_p_value]
    return [
        cell(str(row.name), mono=True),
        cell(str(change.region_class)),
        cell(f"{row.chrom}:{row.start + 1:,}–{row.end:,}"),
        _reads(row),
        *_size_and_p(float(change.log2_fold_change), float(change.adjusted_p_value)),
        *(cell(text) for text in gene),
        *_size_and_p(*map(float, beside)),
    ]


def _reads(row: Any) -> Cell:
    """Reads of the sides that the region has."""
    reads = sum(int(side) for side in (row.reads_plus, row.reads_minus) if pd.notna(side))
    return cell(number(reads), reads)


def _size_and_p(fold: float, adjusted: float) -> tuple[Cell, Cell]:
    return cell(fixed(fold, 2), fold), cell(p_value(adjusted), adjusted)


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
        _reads(row),
        cell(near),
        *_size_and_p(fold, adjusted),
    ]
