"""The report's genomic sections: reads, density, differential transcription, pausing, enrichment, loci.

Each function takes the report's context and returns blocks; an empty list means there was nothing to show.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from groprog_assets.figures.numbers import fixed, number, p_value, percent
from groprog_assets.report.blocks import (
    Block,
    Cell,
    cell,
    details,
    document_table,
    facts,
    figure,
    frame_of,
    member,
    note,
    paragraph,
    table,
)

CAPTIONS: dict[str, tuple[str, str]] = {
    "read_quality": (
        "Mean base quality at each sequencing cycle, one line a library, one panel a mate (figures 2 and 3 of the "
        "paper). A fall towards the end is ordinary; a jump in the middle is usually a second mate glued to the "
        "first.",
        "Line chart of mean Phred quality against sequencing cycle for each library.",
    ),
    "filter_funnel": (
        "Reads left after each filter, as a share of those in the file.",
        "Bar chart of the share of reads remaining after each filtering step, by library.",
    ),
    "transcript_density": (
        "Share of genes whose called unit covers each point of a gene stretched to one length, from one gene-length "
        "upstream of the start (TSS) to one beyond the end (TTS). The grey frame is the ideal: 0, then 1 over the "
        "gene, then 0.",
        "Curve of the share of genes covered by their transcription unit along the scaled gene, with the ideal frame.",
    ),
    "tss_profile": (
        "Figure 4's twin in true base pairs: reads around the transcription start site, sense above and antisense "
        "below, by condition; under it every gene as a row, in the same order in each condition.",
        "Mean sense and antisense signal against distance from the transcription start site, by condition, over a heat map of "
        "the genes.",
    ),
    "em_trace": (
        "Log-likelihood of the two-state model at each EM iteration; it may only rise.",
        "Line chart of log-likelihood against EM iteration.",
    ),
    "tuning_surface": (
        "The tuning grid judged twice: by the error rate, which falls when units are over-called, and by the share of "
        "genes that one unit recovers, which does not. The box is the setting used: the published one unless the study "
        "asks for the tuned one.",
        "Two heat maps, error rate and genes recovered, over the two tuning parameters of the hidden Markov model.",
    ),
    "ma_plot": (
        "Each point is a transcription unit: average abundance across, change upwards. Coloured points pass both "
        "thresholds; dashed lines are the fold-change threshold.",
        "MA plot: log2 fold change against log2 counts per million, with up- and down-regulated units coloured.",
    ),
    "pausing": (
        "Distribution of log10 pausing index per condition: violin, quartiles, median. Index 1 (zero here) means the "
        "promoter is as dense as the gene body.",
        "Violin and box plots of log10 pausing index for each condition.",
    ),
    "enrichment": (
        "Most enriched terms of the up-regulated genes in each branch of the Gene Ontology: −log10 p, with genes "
        "found of the term's size. Filled bars pass the adjusted threshold.",
        "Bar chart of minus log10 p for the most enriched GO terms in the BP, CC and MF branches.",
    ),
    "workflow": (
        "How the assets of this study follow from one another; each box is one asset of the graph.",
        "Diagram of the asset graph from raw reads and clinical records to the report.",
    ),
}

PUBLISHED_DENSITY = {"five_prime_fp": 0.4125, "tp": 0.7197, "post_tts": 0.4872, "tua": 0.5972}
"""Paper, section 4.3 and figure 4: Huh7, OE and Mock."""

DENSITY_MEANING = (
    (
        "five_prime_fp",
        "FivePrimeFP",
        "0",
        "share of the stretch upstream of the start that the unit covers: calls that begin too early",
    ),
    ("tp", "TP", "1", "share of the gene body that the unit covers"),
    (
        "post_tts",
        "PostTTS",
        "0",
        "share of the stretch beyond the gene's end: true run-through, or calls that end too late",
    ),
    ("tua", "TUA", "1", "(TP + (TP − FivePrimeFP)) / (1 + TP): one score for accuracy, not a region of the gene"),
)

EXPLORATORY = (
    "This study has no replicates. Differences between its libraries cannot be told from differences between any two "
    "dishes of cells: the variation was assumed, not measured (A39). Ranks and fold changes may guide the next "
    "experiment; the p-values are no evidence."
)

SHOWN = 12


def picture(context: Mapping[str, Any], name: str, captions: Mapping[str, tuple[str, str]] | None = None) -> Block:
    """The named figure with its caption, or the reason it is not there."""
    caption, alt = (captions or CAPTIONS)[name]
    image = member(context.get("figures"), name)
    if image is None:
        reason = str(member(context.get("absent"), name) or "it was not made in this run").rstrip(".")
        return {"kind": "missing", "text": f"No figure {name.replace('_', ' ')}: {reason}."}
    return figure(image, caption, alt, name)


def headlines(context: Mapping[str, Any]) -> list[dict[str, str]]:
    """Facts of the genomic half for the top of the page."""
    found = []
    kept = [member(bundle, "funnel") for bundle in (context.get("filtered_alignments") or {}).values()]
    last = [int(funnel["remaining"].iloc[-1]) for funnel in kept if funnel is not None and len(funnel)]
    if last:
        found.append(("Reads used", number(sum(last)), f"in {len(last)} libraries, after all filters"))
    units = frame_of(context.get("transcripts"))
    if units is not None:
        found.append(("Transcription units", number(len(units)), "called on both strands"))
    tested = frame_of(context.get("differential_transcription"))
    if tested is not None:
        up, down = (int((tested["direction"] == way).sum()) for way in ("up", "down"))
        label = "exploratory: no replicates" if context.get("exploratory") else f"of {number(len(tested))} units tested"
        found.append(("Up / down", f"{number(up)} / {number(down)}", label))
    return [{"label": label, "value": value, "note": text} for label, value, text in found]


def reads(context: Mapping[str, Any]) -> list[Block]:
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
                "Only reads that align to one place are used, and regions where that cannot be trusted (rDNA, "
                "repeats, blacklist) are masked. The strand rule is inferred from annotated genes, never assumed: a "
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
        blocks.append(picture(context, "filter_funnel"))
    if rows or member(context.get("figures"), "read_quality"):
        blocks.append(picture(context, "read_quality"))
    if context.get("quality"):
        blocks.append(details("Quality figures", [document_table(context["quality"])]))
    return blocks


def density(context: Mapping[str, Any]) -> list[Block]:
    """Figure 4 with what its four figures truly mean (F3), beside the paper's."""
    bundle = context.get("transcript_density")
    summary = member(bundle, "summary") or {}
    if not summary:
        return []
    rows = [
        [
            cell(label, strong=True),
            cell(fixed(summary.get(key), 4), summary.get(key)),
            cell(ideal, float(ideal)),
            cell(fixed(PUBLISHED_DENSITY[key], 4), PUBLISHED_DENSITY[key]),
            meaning,
        ]
        for key, label, ideal, meaning in DENSITY_MEANING
    ]
    blocks = [
        paragraph(
            "Transcription units were called with a two-state hidden Markov model over 50-bp windows. This section "
            "asks whether the calls fit known genes. Each gene and as much on either side is stretched to one "
            "length; the curve is the share of genes whose unit covers a point. It shows where calls lie, not how "
            "many reads lie there."
        ),
        picture(context, "transcript_density"),
        table(
            ["Figure", "This study", "Ideal", "Paper (Huh7)", "What it means"], rows, "The four figures of figure 4."
        ),
        note(
            "The paper reads FivePrimeFP as promoter-proximal polymerase and PostTTS and TUA as regions. They are "
            "scores of the calls: a FivePrimeFP of 0.41 says that calls reach far upstream of genes, not that "
            "polymerase is retained there (F3).",
            "info",
            "Not what the paper says",
        ),
        paragraph(
            f"{number(summary.get('pairs'))} genes matched with one unit each; {number(summary.get('merged'))} units "
            f"span two or more genes, {number(summary.get('dissociated'))} genes are split over two or more units; "
            f"error rate {fixed(summary.get('error_rate'), 4)}. That rate falls when intergenic units are "
            "over-called, so it is read beside the share of genes recovered by one unit each, "
            f"{fixed(summary.get('genes_recovered'), 4)}."
        ),
        *_repair(summary),
        picture(context, "tss_profile"),
    ]
    extra = [picture(context, name) for name in ("em_trace", "tuning_surface") if member(context.get("figures"), name)]
    fit = member(context.get("transcript_hmm"), "fit")
    if fit:
        extra.append(document_table(fit, "Fitted parameters."))
    return [*blocks, details("How the model was fitted", extra)] if extra else blocks


def _repair(summary: Mapping[str, Any]) -> list[Block]:
    """Merge and dissociation before and after the repair, where the summary holds them."""
    after = member(summary, "repaired") or {}
    if not after:
        return []
    names = (
        ("units", "Units", 0),
        ("merged", "Units over two or more genes", 0),
        ("dissociated", "Genes over two or more units", 0),
        ("error_rate", "Error rate", 4),
        ("genes_recovered", "Genes recovered", 4),
    )
    rows = [
        [cell(label, strong=True)]
        + [
            cell(fixed(value, digits) if digits else number(value), value)
            for value in (summary.get(key), after.get(key))
        ]
        for key, label, digits in names
    ]
    title = (
        f"Before and after repair: {number(after.get('broken'))} fragments of units broken on genes, "
        f"{number(after.get('combined'))} units combined."
    )
    return [
        table(["Against genes", "As called", "Repaired"], rows, title),
        note(
            "Repaired units (`transcripts/repaired.bed`) are made to fit the annotation, so their agreement with it proves "
            "nothing. Everything else on this page uses the units as called.",
            "info",
            "Repair",
        ),
    ]


def differential(context: Mapping[str, Any]) -> list[Block]:
    """MA plot and the strongest changes in each direction."""
    tested = frame_of(context.get("differential_transcription"))
    if tested is None:
        return []
    contrast = context["study"].get("contrast") or {"treatment": "treatment", "control": "control"}
    up, down = (tested[tested["direction"] == way] for way in ("up", "down"))
    blocks: list[Block] = []
    if context.get("exploratory"):
        blocks.append(note(EXPLORATORY, "warn", "Exploratory"))
    ratio = f"{len(up) / len(down):.2f} : 1" if len(down) else "–"
    blocks += [
        facts(
            [
                ("Tested", number(len(tested)), "transcription units"),
                ("Up", number(len(up)), f"higher in {contrast['treatment']}"),
                ("Down", number(len(down)), f"lower in {contrast['treatment']}"),
                ("Up to down", ratio, "paper: 312 / 145 = 2.15 : 1"),
            ]
        ),
        picture(context, "ma_plot"),
    ]
    for title, side in (("up", up), ("down", down)):
        if len(side):
            certain = side["conservative_log2_fold_change"].abs()
            order = side.loc[certain.sort_values(ascending=False, kind="stable").index]
            rows = [_unit(row, bool(context.get("exploratory"))) for row in order.head(SHOWN).itertuples()]
            heads = [
                "Gene",
                "Unit",
                "log₂ fold change",
                "log₂ CPM",
                "Adjusted p" + (" (exploratory)" if context.get("exploratory") else ""),
            ]
            caption = f"Strongest {title}-regulated units, by the change that is at least there."
            blocks.append(table(heads, rows, caption, len(side)))
    return blocks


def _unit(row: Any, exploratory: bool) -> list[Cell]:
    return [
        cell(str(row.gene).split(";")[0] or "no gene", strong=bool(row.gene)),
        cell(f"{row.chrom}:{row.start + 1:,}–{row.end:,} {row.strand}", mono=True),
        cell(fixed(row.log2_fold_change, 2), float(row.log2_fold_change)),
        cell(fixed(row.log_cpm, 2), float(row.log_cpm)),
        cell(p_value(row.adjusted_p_value), float(row.adjusted_p_value), level="muted" if exploratory else ""),
    ]


def pausing(context: Mapping[str, Any]) -> list[Block]:
    """Pausing index per condition, both forms (F6), classes and the tests for 'stable'."""
    index = frame_of(context.get("pausing"))
    if index is None:
        return []
    rows = []
    for condition, part in index[index["passes"]].groupby("condition", sort=True):
        with np.errstate(divide="ignore"):
            ratio = np.log10(part["pausing_index"].to_numpy(float))
            counts = np.log10(part["count_ratio"].to_numpy(float))
        classes = part["pause_class"].value_counts()
        rows.append(
            [
                cell(str(condition), strong=True),
                cell(number(len(part)), len(part)),
                cell(fixed(np.nanmedian(part["pausing_index"]), 2), float(np.nanmedian(part["pausing_index"]))),
                cell(fixed(_median(ratio), 3), _median(ratio)),
                cell(fixed(_median(counts), 3), _median(counts)),
                cell(number(int(classes.get("high", 0))), int(classes.get("high", 0))),
                cell(number(int(classes.get("low", 0))), int(classes.get("low", 0))),
            ]
        )
    heads = [
        "Condition",
        "Genes",
        "Median index",
        "Median log₁₀ index",
        "Median log₁₀ count ratio",
        "High pause",
        "Low pause",
    ]
    blocks = [
        paragraph(
            "The pausing index compares polymerase near the promoter (−50 to +200 bp) with the gene body (+200 to "
            "+5,000 bp, or the gene's end). It is given as a ratio of densities; the paper's figure 9 shows the "
            "ratio of raw counts, which lies 1.28 lower on this scale because the windows differ in length (F6)."
        ),
        picture(context, "pausing"),
        table(
            heads,
            rows,
            "Genes with enough body reads in every library. Paper: medians −0.78 and −0.86 of the count ratio.",
        ),
    ]
    summary = member(context.get("pausing"), "summary")
    if summary:
        blocks.append(details("Is it stable? Shift, tests and equivalence", [document_table(summary)]))
    return blocks


def _median(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else float("nan")


def enrichment(context: Mapping[str, Any]) -> list[Block]:
    """The most enriched terms, background and sizes stated."""
    terms = frame_of(context.get("enrichment"))
    if terms is None:
        return []
    blocks: list[Block] = []
    if context.get("exploratory"):
        blocks.append(
            note(
                "The gene sets below come from the exploratory screen above and carry its doubt.", "warn", "Exploratory"
            )
        )
    significant = terms[terms["adjusted_p_value"] < 0.05]
    background = int(terms["background_size"].max())
    blocks += [
        paragraph(
            f"Terms over-represented among the changed genes, against the {number(background)} genes that could have "
            f"been found changed (not the whole genome). {number(len(significant))} of {number(len(terms))} tests "
            "have an adjusted p below 0.05."
        ),
        picture(context, "enrichment"),
    ]
    ordered = terms.sort_values(["p_value", "term"], kind="stable")
    for gene_set in ("up", "down", "changed"):
        part = ordered[(ordered["gene_set"] == gene_set) & (ordered["term_size"] < ordered["background_size"])]
        if len(part):
            block = table(
                ["Branch", "Term", "Id", "Genes", "Expected ×", "p", "Adjusted p", "Which"],
                [_term(row) for row in part.head(SHOWN).itertuples()],
                f"Most enriched terms of the {gene_set} genes.",
                len(part),
            )
            blocks.append(block if gene_set == "up" else details(f"Terms of the {gene_set} genes", [block]))
    return blocks


def _term(row: Any) -> list[Cell]:
    genes = str(row.genes).split(";")
    shown = ", ".join(genes[:6]) + (f" and {len(genes) - 6} more" if len(genes) > 6 else "")
    return [
        cell(str(row.namespace)),
        cell(str(row.name), strong=True),
        cell(str(row.term), mono=True),
        cell(f"{row.overlap} of {row.term_size}", int(row.overlap)),
        cell(fixed(row.fold_enrichment, 1), float(row.fold_enrichment)),
        cell(p_value(row.p_value), float(row.p_value)),
        cell(p_value(row.adjusted_p_value), float(row.adjusted_p_value)),
        cell(shown),
    ]


def loci(context: Mapping[str, Any]) -> list[Block]:
    """Each key locus: tracks, change per strand, whether its reads can be trusted (F5)."""
    looked = frame_of(context.get("loci"))
    if looked is None:
        return []
    blocks: list[Block] = [
        paragraph(
            "Beside this page, `loci/<name>.html` holds each locus to zoom and move in; the page carries its data and its "
            "program (igv.js) and needs no network."
        )
    ]
    for locus, part in looked.groupby("locus", sort=False):
        first = part.iloc[0]
        reason = str(first["reason"]).rstrip(".")
        place = f"{first['chrom']}:{int(first['start']) + 1:,}–{int(first['end']):,}"
        blocks.append({"kind": "heading", "text": str(locus), "note": place})
        blocks.append(paragraph(f"{reason[:1].upper()}{reason[1:]}."))
        if not bool(part["reliable"].all()):
            blocks.append(
                note(
                    "This locus lies in a masked region or has several copies in the genome. Reads cannot be placed "
                    "here with certainty; the tracks are shown, nothing is concluded from them, and its gene is no "
                    "key locus in the model (F5).",
                    "warn",
                    "Not reliable",
                )
            )
        image = member(context.get("figures"), f"locus_{locus}")
        if image is not None:
            caption = f"{locus}: reads per million in each window, plus strand above the line, minus strand below, by condition."
            blocks.append(
                figure(image, caption, f"Signal tracks of {locus} on both strands in each condition.", f"locus_{locus}")
            )
        rows = [_track(row) for row in part.itertuples()]
        heads = ["Condition", "Strand", "Reads", "Per million", "Highest window", "log₂ fold change"]
        blocks.append(table(heads, rows))
    return blocks


def _track(row: Any) -> list[Cell]:
    change = row.log2_fold_change
    return [
        cell(str(row.condition)),
        cell(str(row.strand).replace("-", "−")),
        cell(number(row.count), int(row.count)),
        cell(fixed(row.signal, 1), float(row.signal)),
        cell(fixed(row.maximum, 2), float(row.maximum)),
        cell("–" if pd.isna(change) else fixed(change, 2), change),
    ]
