"""The card of the published sequence model, for people: what it is, how well it does on genes it never saw, what it is not for.

A card and tables in, Markdown out.
"""

from __future__ import annotations

import pandas as pd

from groprog_assets.figures.numbers import fixed, number
from groprog_assets.tables.values import Values

PROFILE = {"jsd": "Median JSD", "pearson": "Mean r", "near": "Highest base within 2 bp"}
"""Columns of `sequence_profile_metrics` that are shown, and their heads."""

ORACLE = (
    "The word of the core promoter that goes best with measured values, and what the model makes of it on carriers that it never "
    "saw. Where shuffling it changes the prediction by less than a third of what carriers stand apart (the association), the "
    "order of effects is to be used and their size is not: `rank only`."
)


def sequence_card(card: Values, metrics: pd.DataFrame | None, profile: pd.DataFrame | None) -> str:
    """The card for `sequence/model/card.md`.

    card: the document of `card.json`; metrics: `sequence_metrics`, profile: `sequence_profile_metrics`, each None where it was
    not made. Every figure is of genes on chromosomes that the model which predicted them never saw.
    """
    before, after = card["windows"]["tss"]
    window = f"{before:,} bp before the TSS and {after:,} bp from it on, 5' to 3'"
    if card["windows"]["tts"]:
        window += f"; then 8 unknown bases, {card['windows']['tts'][0]:,} bp before the transcript's end and "
        window += f"{card['windows']['tts'][1]:,} bp from it on"
    folds = [f"fold {place}: {', '.join(names)}" for place, names in sorted(_held_out_by_fold(card).items())]
    lines = [
        "# Sequence model",
        "",
        f"Predicts {', '.join(card['tasks'])} of a gene from the sequence around its start.",
        "",
        *(
            ["Predictions are log odds of being above the median of the training genes.", ""]
            if card.get("task") == "high_low"
            else []
        ),
        f"- Window: {window}",
        *(f"- Model of view {view}: {rung}" for view, rung in card["champions"].items()),
        *_beside(card.get("side")),
        *_batch(card.get("batch")),
        f"- Genes: {number(card['genes'])}; `final` is fitted to all, `fold<k>` to those outside fold k",
        f"- Held out: {'; '.join(folds)}",
        f"- Genome: {card['fasta']['file']}, sha256 {card['fasta']['sha256']}",
        "- Use: `groprog sequence predict FOLDER windows.fa`, from this folder alone",
        "",
    ]
    if metrics is not None:
        lines += ["## On held-out chromosomes", "", *_metrics(metrics[metrics["champion"]]), ""]
    if profile is not None:
        lines += ["## Profiles of reads around starts", "", *_profile(profile), ""]
    if oracle := _oracle(card.get("oracle", {})):
        lines += ["## Size of effects", "", ORACLE, "", *oracle, ""]
    lines += ["## Limits", "", f"- {card['warning']}"]
    lines += [
        "- The random split is shown for comparison: it is no estimate for new genes.",
        "- `locus` sees transcribed sequence, which predicts by codon use and UTRs; variants are scored by `promoter`.",
        "- Effects of variants and designed sequences are predictions, not measurements. Research use only.",
    ]
    return "\n".join(lines) + "\n"


def _beside(side: Values | None) -> list[str]:
    """What the model reads beside the bases."""
    if side is None:
        return []
    columns = [f"{each['name']} (mean {fixed(each['mean'])})" for each in side["columns"]]
    channels = [f"{each['name']} ({each['cell_type']}, {each['build']}; {each['source']})" for each in side["channels"]]
    named = (("Side columns, to be given with --side", columns), ("Channels along the window", channels))
    return [f"- {what}: {', '.join(each)}" for what, each in named if each]


def _batch(batch: Values | None) -> list[str]:
    """The batches of the targets and their offsets, which predictions do not have."""
    if batch is None:
        return []
    told = []
    for task, offsets in batch["offsets"].items():
        each = (f"{name} {fixed(offset, 2)}" for name, offset in offsets.items())
        told.append(f"{task}: {', '.join(each)}")
    rule = "predictions are those of a batch of mean offset"
    return [f"- Offsets of {batch['column']}, log2, taken off the targets ({rule}): {'; '.join(told)}"]


def _held_out_by_fold(card: Values) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for chrom, folds in card["fold_of_chromosome"].items():
        for fold in folds:
            found.setdefault(fold, []).append(chrom)
    return found


def _metrics(rows: pd.DataFrame) -> list[str]:
    heads = [
        "Task",
        "View",
        "Genes",
        "r [95 %]",
        "of the ceiling",
        "R²",
        "AUROC, high or low [95 %]",
        "r, random split",
        "inflation [95 %]",
    ]
    return _table(
        heads,
        [
            [
                str(row["task"]),
                str(row["view"]),
                number(int(row["genes"])),
                with_interval(row["pearson"], row["lower"], row["upper"]),
                fixed(row["of_ceiling"], 2),
                fixed(row["r2"]),
                with_interval(row["auroc"], row["auroc_lower"], row["auroc_upper"]),
                fixed(row["random_split"]),
                with_interval(row["inflation"], row["inflation_lower"], row["inflation_upper"]),
            ]
            for row in rows.to_dict("records")
        ],
    )


def _oracle(views: Values) -> list[str]:
    rows = []
    for view, tasks in views.items():
        for task, found in tasks.items():
            if found is None:
                rows.append([task, view, "–", *["–"] * 4, "no clear word: not tested"])
                continue
            figures = [fixed(found[name], 2) for name in ("association", "effect", "control")]
            use = "rank only" if found["rank_only"] else "size and rank"
            rows.append([task, view, found["word"], number(found["genes"]), *figures, use])
    heads = ["Task", "View", "Word", "Carriers", "Association", "Effect of shuffling it", "Of the bases beside", "Use"]
    return _table(heads, rows) if rows else []


def _profile(rows: pd.DataFrame) -> list[str]:
    return _table(
        ["Predicted by", "Windows", *PROFILE.values()],
        [
            [
                str(row["predicted_by"]),
                number(int(row["windows"])),
                *(fixed(row[name]) for name in PROFILE),
            ]
            for row in rows.to_dict("records")
        ],
    )


def with_interval(value: float, lower: float, upper: float) -> str:
    """`0.447 [0.333, 0.552]`."""
    return f"{fixed(value)} [{fixed(lower)}, {fixed(upper)}]"


def _table(heads: list[str], rows: list[list[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (heads, ["---"] * len(heads), *rows)]
