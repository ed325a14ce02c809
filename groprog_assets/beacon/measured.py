"""What assays measure in groups of subjects, as the portal may tell it: boxes of a gene's values and of a set's scores.

Only subjects whose consent allows use without a stated purpose are in a box, as in the published counts.
"""

from __future__ import annotations

from collections import defaultdict
from statistics import fmean
from typing import Any

from groprog_assets.beacon.desk import Held
from groprog_assets.figures.numbers import number
from groprog_assets.methods.omics.disclosed_boxes import QUANTILES, GroupBox, group_boxes
from groprog_assets.report.blocks import Block, cell, paragraph, table
from groprog_assets.wording import count_of

MOST_FEATURES = 4
"""Features of one gene that a page shows."""
MOST_HELD = 256
"""Boxes of genes and sets, and pages, that are kept until the next snapshot."""
EVERYBODY = "all subjects"


def gene_boxes(held: Held, symbol: str) -> list[Block]:
    """A table for each feature of a gene, with the values of each group; a line where no assay measures it."""
    if symbol not in held.reference.genes_in["features"]:
        return [paragraph("No assay measures the gene.")]
    found = held.kept.get(("gene", symbol))
    if found is None:
        rows = held.catalog.rows(
            "SELECT assay_id, feature_ix, feature_id FROM features JOIN assays USING (assay_id) WHERE symbol = ?"
            " AND kind = 'dense' ORDER BY omics <> 'transcriptome', assay_id, feature_ix",
            symbol,
        )
        found = [block for row in rows[:MOST_FEATURES] for block in _feature(held, row)]
        if len(rows) > MOST_FEATURES:
            found.append(paragraph(f"{len(rows) - MOST_FEATURES} more features of assays are of this gene."))
        keep(held, ("gene", symbol), found)
    return found or [paragraph("No assay measures the gene.")]


def set_boxes(held: Held, name: str) -> list[Block]:
    """A table for each assay with the scores of a gene set in each group."""
    found = held.kept.get(("set", name))
    if found is None:
        rows = held.catalog.rows("SELECT assay_id, subject_id, score FROM pathway_scores WHERE set_id = ?", name)
        scores: dict[str, dict[str, float]] = defaultdict(dict)
        for row in rows:
            if row["score"] is not None:
                scores[row["assay_id"]][row["subject_id"]] = row["score"]
        found = []
        for assay, own in sorted(scores.items()):
            groups = _groups(held, assay)
            for subject, group, _ in _placed(held, assay):
                groups[group].append(own.get(subject, float("nan")))
            caption = f"Score of the set in {assay}: mean of its standardised genes."
            found += _told(held, assay, groups, caption)
        keep(held, ("set", name), found)
    return found


def compared(held: Held, outcome: str, assay: str) -> bool:
    """Whether a comparison's results may be told: by a noisy count each side has subjects enough."""
    row = held.catalog.rows(
        "SELECT max(samples) AS a, max(reference_samples) AS b FROM biomarkers WHERE outcome = ? AND assay_id = ?",
        outcome,
        assay,
    )[0]
    parameters = held.parameters
    sides = [side for side in (row["a"], row["b"]) if side]
    told = [held.noisy_of_samples(f"compared {outcome} {assay} {k}", side) for k, side in enumerate(sides)]
    return bool(told) and min(told) >= parameters.listing_fewest


def _feature(held: Held, row: dict[str, Any]) -> list[Block]:
    assay = row["assay_id"]
    view = held.stages.get(assay)
    values = held.catalog.measured(view, row["feature_ix"]) if view else None
    if values is None:
        return [paragraph(f"{assay}: the values of {row['feature_id']} are not in this snapshot.")]
    means: dict[tuple[str, str], list[float]] = defaultdict(list)
    for subject, group, position in _placed(held, assay):
        means[subject, group].append(values[position])
    groups = _groups(held, assay)
    for (_, group), own in means.items():
        known = [value for value in own if value == value]
        groups[group].append(fmean(known) if known else float("nan"))
    stage = view.removeprefix(f"measurements_{assay}_") if view else ""
    return _told(held, assay, groups, f"{row['feature_id']} in {assay}, {stage} values.")


def _placed(held: Held, assay: str) -> list[tuple[str, str, int]]:
    """(subject, group, position) of the samples of an assay that are counted and no reference."""
    key = ("placed", assay)
    if key not in held.kept:
        held.kept[key] = held.catalog.placed(assay, held.grouping, EVERYBODY)
    return held.kept[key]


def _groups(held: Held, assay: str) -> dict[str, list[float]]:
    """{group: no values yet} of every group that the assay's samples have."""
    return {name: [] for name in (held.catalog.groups(assay, held.grouping) if held.grouping else [EVERYBODY])}


def _told(held: Held, assay: str, groups: dict[str, list[float]], caption: str) -> list[Block]:
    boxes = group_boxes(held.samples_secret, f"group {held.grouping} of {assay}", groups, held.parameters)
    known = [line for box in boxes for line in box.lines or ()]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    rows = [_row(box, low, (high - low) or 1.0) for box in boxes]
    averaged, fewest = held.parameters.fewest, held.parameters.listing_fewest
    rule = (
        f"Each line is a mean of {count_of(averaged, 'subject')}, numbers have noise, groups of under {fewest} have no box,"
        " and what lies beyond the lines is not shown."
    )
    heads = ["Group" if held.grouping else "Subjects", "How many", *(f"{share:.0%}" for share in QUANTILES), "Box"]
    return [table(heads, rows, f"{caption} {rule}")]


def _row(box: GroupBox, low: float, width: float) -> list[Any]:
    if box.lines is None:
        return [box.group, box.size.words, *("–" for _ in QUANTILES), ""]
    told = [cell(number(line), line) for line in box.lines]
    places = [round(100 * (line - low) / width, 1) for line in box.lines]
    words = f"{box.group}: median {number(box.lines[2])}, quarters {number(box.lines[1])} and {number(box.lines[3])}"
    return [box.group, box.size.words, *told, cell("", box=places, words=words)]


def keep(held: Held, key: tuple[str, str], made: Any) -> None:
    """Keep what a page has made until the next snapshot; the first of many goes."""
    while len(held.kept) >= MOST_HELD:
        held.kept.pop(next(iter(held.kept)), None)
    held.kept[key] = made
