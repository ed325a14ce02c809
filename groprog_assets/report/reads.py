"""The report section on reads: filter funnel, strandedness, base quality.

The report's context in, blocks out.
"""

from __future__ import annotations

from groprog_assets.figures.numbers import fixed, number, percent
from groprog_assets.report.blocks import Block, cell, details, document_table, member, paragraph, table
from groprog_assets.report.genomics import picture, settings
from groprog_assets.tables.values import Values

CAPTIONS: dict[str, tuple[str, str]] = {
    "read_quality": (
        "Mean base quality at each sequencing cycle, one line a library, one panel a mate. A fall towards the end is "
        "ordinary; a jump in the middle is usually a second mate glued to the first.",
        "Line chart of mean Phred quality against sequencing cycle for each library.",
    ),
    "filter_funnel": (
        "Reads left after each filter, as a share of those in the file.",
        "Bar chart of the share of reads remaining after each filtering step, by library.",
    ),
}


def reads(context: Values) -> list[Block]:
    """Read funnel, strandedness and per-cycle quality of every library."""
    libraries = context.get("filtered_alignments") or {}
    blocks: list[Block] = []
    rows = []
    for library, bundle in libraries.items():
        funnel, summary = member(bundle, "funnel"), member(bundle, "summary") or {}
        if funnel is None or not len(funnel):
            continue
        total = int(funnel["remaining"].iloc[0] + funnel["removed"].iloc[0])
        kept = int(funnel["remaining"].iloc[-1])
        strand = member(summary, "strandedness") or {}
        status = str(strand.get("status", "–"))
        rows.append(
            [
                cell(str(library), strong=True),
                cell(number(total), total),
                cell(number(kept), kept),
                cell(percent(kept / total if total else None, 1), kept / total if total else None),
                cell(f"{strand.get('inferred') or '–'}"),
                cell(fixed(strand.get("sense_fraction"), 3), strand.get("sense_fraction")),
                cell(status, level="good" if status == "ok" else "warn"),
            ]
        )
    if rows:
        blocks.append(
            paragraph(
                f"{_used(context, libraries)} The strand rule is inferred from annotated genes, never assumed: a "
                "flipped library would put every gene's signal on the wrong strand."
            )
        )
        heads = ["Library", "Reads in file", "Used", "Kept", "Strand rule", "Sense fraction", "Strand check"]
        blocks.append(table(heads, rows, "Reads from file to use."))
        steps = []
        for library, bundle in libraries.items():
            funnel = member(bundle, "funnel")
            if funnel is None:
                continue
            for step in funnel.itertuples():
                steps.append(
                    [
                        str(library),
                        str(step.step).replace("_", " "),
                        cell(number(step.removed), int(step.removed)),
                        cell(number(step.remaining), int(step.remaining)),
                        str(step.reason),
                    ]
                )
        blocks.append(
            details("Every filtering step", [table(["Library", "Step", "Removed", "Remaining", "Rule"], steps)])
        )
        blocks.append(picture(context, "filter_funnel", CAPTIONS))
    if rows or member(context.get("figures"), "read_quality"):
        blocks.append(picture(context, "read_quality", CAPTIONS))
    if context.get("quality"):
        blocks.append(details("Quality figures", [document_table(context["quality"])]))
    return blocks


def _used(context: Values, libraries: Values) -> str:
    """Which reads count and which regions are masked, from the study's settings and the libraries."""
    rules = {
        name: member(member(member(bundle, "summary"), "uniqueness"), "rule") for name, bundle in libraries.items()
    }
    tracks = [str(name) for name, rule in rules.items() if rule == "none"]
    if tracks and len(tracks) == len(rules):
        used = "The reads are those that the makers of the tracks chose"
    elif tracks:
        used = "Only reads that align to one place are used "
        used += f"(those of {', '.join(tracks)} were chosen by the makers of the tracks)"
    else:
        used = "Only reads that align to one place are used"
    masks = context.get("masks")
    unmasked = "reads in rDNA and other repeats are counted like all others"
    if not settings(context).filtering.use_masks:
        return f"{used}. Masking is off (`filtering.use_masks`): {unmasked}."
    if masks:
        return f"{used}, and regions where that cannot be trusted ({', '.join(masks)}) are masked."
    return f"{used}." if masks is None else f"{used}. The study names no regions to mask: {unmasked}."
