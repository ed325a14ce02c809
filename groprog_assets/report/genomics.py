"""The report's genomic sections: density, differential transcription, enrichment, loci.

Each function takes the report's context and returns blocks; an empty list means that there is nothing to show.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from groprog_assets.figures.loci import FEWEST_READS, sentence, with_enough_reads
from groprog_assets.figures.numbers import fixed, number, p_value
from groprog_assets.report.blocks import (
    Block,
    Cell,
    cell,
    details,
    document_table,
    facts,
    figure,
    frame_of,
    links,
    member,
    note,
    paragraph,
    svg_of,
    table,
)
from groprog_assets.study.parameters import Parameters, TranscriptionParameters
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document, Values

SETTING_USED = "The box is the setting used: the published one unless the study asks for the tuned one."

CAPTIONS: dict[str, tuple[str, str]] = {
    "transcript_density": (
        "Share of genes whose called unit covers each point of a gene stretched to one length, from one gene-length "
        "upstream of the start (TSS) to one beyond the end (TTS). The grey frame is the ideal: 0, then 1 over the "
        "gene, then 0.",
        "Curve of the share of genes covered by their transcription unit along the scaled gene, with the ideal frame.",
    ),
    "tss_profile": (
        "Reads around the transcription start site in base pairs, sense above and antisense below, by condition; under "
        "it every gene as a row, in the same order in each condition.",
        "Mean sense and antisense signal against distance from the transcription start site, by condition, over a heat map of "
        "the genes.",
    ),
    "em_trace": (
        "Log-likelihood of the two-state model at each EM iteration; it may only rise.",
        "Line chart of log-likelihood against EM iteration.",
    ),
    "tuning_surface": (
        "The tuning grid judged twice: by the error rate, which falls when units are over-called, and by the share of "
        f"genes that one unit recovers, which does not. {SETTING_USED}",
        "Two heat maps, error rate and genes recovered, over the two tuning parameters of the hidden Markov model.",
    ),
    "ma_plot": (
        "Each point is a transcription unit: average abundance across, change upwards. Coloured points pass both "
        "thresholds; dashed lines are the fold-change threshold.",
        "MA plot: log2 fold change against log2 counts per million, with up- and down-regulated units coloured.",
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
    "This study has {lacking}. Differences between its libraries cannot be told from differences between any two "
    "dishes of cells: the variation was assumed, not measured. Ranks and fold changes may guide the next "
    "experiment; the p-values are no evidence."
)

SHOWN = 12


def locus_caption(locus: str) -> tuple[str, str]:
    """(caption, alternative text) of the figure of a key locus."""
    return (
        f"{locus}: reads per million in each window, plus strand above the line, minus strand below, by condition.",
        f"Signal tracks of {locus} on both strands in each condition.",
    )


def picture(context: Values, name: str, captions: Mapping[str, tuple[str, str]] | None = None) -> Block:
    """The named figure with its caption, or the reason why it is missing."""
    caption, alt = (captions or CAPTIONS)[name]
    image = member(context.get("figures"), name)
    if image is None:
        reason = str(member(context.get("absent"), name) or "it was not made in this run").rstrip(".")
        return {"kind": "missing", "text": f"No figure {name.replace('_', ' ')}: {reason}."}
    return figure(image, caption, alt, name, file=svg_of(name))


def settings(context: Values) -> Parameters:
    """The parameters of the study, or the published ones when the context has none."""
    return context.get("settings") or Parameters()


def screen(context: Values) -> str:
    """What makes a unit or a region risen or fallen, in words: the study's threshold and its p, adjusted or not."""
    bounds = settings(context).differential
    chosen = "adjusted p" if bounds.significance_column == "adjusted_p_value" else "p"
    return f"|log₂ fold change| > {bounds.absolute_log2_fold_change:g}, {chosen} < {bounds.significance:g}"


def lacking(context: Values) -> str:
    """What the contrast has too few libraries of, as the comparison says it."""
    summary = member(context.get("differential_transcription"), "summary") or {}
    return str(summary.get("lacking") or "no replicates")


def headlines(context: Values) -> list[dict[str, str]]:
    """Headline facts of the genomic sections, for the top of the page."""
    found = []
    kept = [member(bundle, "funnel") for bundle in (context.get("filtered_alignments") or {}).values()]
    last = [int(funnel["remaining"].iloc[-1]) for funnel in kept if funnel is not None and len(funnel)]
    if last:
        found.append(
            ("Reads used", number(sum(last)), f"in {count_of(len(last), 'library', 'libraries')}, after all filters")
        )
    units = frame_of(context.get("transcripts"))
    if units is not None:
        found.append(("Transcription units", number(len(units)), "called on both strands"))
    tested = frame_of(context.get("differential_transcription"))
    if tested is not None:
        up, down = (int((tested["direction"] == way).sum()) for way in ("up", "down"))
        count = count_of(len(tested), "unit")
        label = f"exploratory: {lacking(context)}" if context.get("exploratory") else f"of {count} tested"
        found.append(("Up / down", f"{number(up)} / {number(down)}", label))
    return [{"label": label, "value": value, "note": text} for label, value, text in found]


def density(context: Values) -> list[Block]:
    """Units over scaled genes, with the meaning of the four figures and what an ideal call has."""
    bundle = context.get("transcript_density")
    summary = member(bundle, "summary") or {}
    if not summary:
        return []
    fit = member(context.get("transcript_hmm"), "fit") or {}
    rows = [
        [
            cell(label, strong=True),
            cell(fixed(summary.get(key), 4), summary.get(key)),
            cell(ideal, float(ideal)),
            meaning,
        ]
        for key, label, ideal, meaning in DENSITY_MEANING
    ]
    blocks = [
        paragraph(
            f"Transcription units were called with a two-state hidden Markov model over {_windows(fit)}. This section "
            "asks whether the calls fit known genes. Each gene and as much on either side is stretched to one "
            "length; the curve is the share of genes whose unit covers a point. It shows where calls lie, not how "
            "many reads lie there."
        ),
        picture(context, "transcript_density"),
        table(
            ["Figure", "This study", "Ideal", "What it means"],
            rows,
            "Agreement of units with genes: scores of the calls, not amounts of polymerase.",
            file="transcript_density.json",
        ),
        paragraph(
            f"{count_of(summary.get('pairs') or 0, 'gene is', 'genes are')} matched with one unit each; "
            f"{count_of(summary.get('merged') or 0, 'unit spans', 'units span')} two or more genes, "
            f"{count_of(summary.get('dissociated') or 0, 'gene is', 'genes are')} split over two or more units; "
            f"error rate {fixed(summary.get('error_rate'), 4)}. That rate falls when intergenic units are "
            "over-called, so it is read beside the share of genes recovered by one unit each, "
            f"{fixed(summary.get('genes_recovered'), 4)}."
        ),
        *_repair(summary),
        picture(context, "tss_profile"),
    ]
    captions = {**CAPTIONS, "tuning_surface": _tuning_caption(fit)}
    names = [name for name in ("em_trace", "tuning_surface") if member(context.get("figures"), name)]
    extra = [picture(context, name, captions) for name in names]
    if fit:
        extra.append(document_table(fit, "Fitted parameters."))
    return [*blocks, details("How the model was fitted", extra)] if extra else blocks


def _windows(fit: Values) -> str:
    return f"{fit['bin_size']:,}-bp windows" if fit.get("bin_size") else "windows of one length"


def _tuning_caption(fit: Values) -> tuple[str, str]:
    """The caption of the tuning grid; a setting that the study states itself is not called the published one."""
    caption, alt = CAPTIONS["tuning_surface"]
    published = TranscriptionParameters()
    names = ("log_prob_leave_transcribed", "untranscribed_shape")
    stated = any(name in fit and not math.isclose(fit[name], getattr(published, name)) for name in names)
    if stated and not fit.get("tuned"):
        caption = caption.replace(SETTING_USED, "The box is the setting used, which the study states itself.")
    return caption, alt


def _repair(summary: Values) -> list[Block]:
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
        f"Before and after repair: {count_of(after.get('broken') or 0, 'fragment')} of units broken on genes, "
        f"{count_of(after.get('combined') or 0, 'unit')} combined."
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


def differential(context: Values) -> list[Block]:
    """MA plot and the strongest changes in each direction."""
    tested = frame_of(context.get("differential_transcription"))
    if tested is None:
        return []
    contrast = context["study"].get("contrast") or {"treatment": "treatment", "control": "control"}
    up, down = (tested[tested["direction"] == way] for way in ("up", "down"))
    blocks: list[Block] = []
    if context.get("exploratory"):
        blocks.append(note(EXPLORATORY.format(lacking=lacking(context)), "warn", "Exploratory"))
    ratio = f"{len(up) / len(down):.2f} : 1" if len(down) else "–"
    blocks += [
        facts(
            [
                ("Tested", number(len(tested)), "transcription units"),
                ("Up", number(len(up)), f"higher in {contrast['treatment']}"),
                ("Down", number(len(down)), f"lower in {contrast['treatment']}"),
                ("Up to down", ratio, "units that rise, per unit that falls"),
            ]
        ),
        picture(context, "ma_plot"),
    ]
    for title, side in (("up", up), ("down", down)):
        if len(side):
            certain = side["conservative_log2_fold_change"].abs()
            order = side.loc[certain.sort_values(ascending=False, kind="stable").index]
            exploratory = bool(context.get("exploratory"))
            rows = [_unit(row, exploratory, frame_of(context.get("genes"))) for row in order.head(SHOWN).itertuples()]
            heads = [
                "Gene",
                "Unit",
                "log₂ fold change",
                "log₂ CPM",
                "Adjusted p" + (" (exploratory)" if context.get("exploratory") else ""),
            ]
            caption = (
                f"Strongest {title}-regulated units, sorted by conservative log₂ fold change (the end of its interval "
                "nearer to 0), largest first. A unit over no gene has the nearest gene in brackets."
            )
            blocks.append(table(heads, rows, caption, len(side), file="differential.tsv"))
    return blocks


def _unit(row: Any, exploratory: bool, genes: pd.DataFrame | None) -> list[Cell]:
    return [
        cell(str(row.gene).split(";")[0] or nearest_gene(row, genes), strong=bool(row.gene)),
        cell(f"{row.chrom}:{row.start + 1:,}–{row.end:,} {row.strand}", mono=True),
        cell(fixed(row.log2_fold_change, 2), float(row.log2_fold_change)),
        cell(fixed(row.log_cpm, 2), float(row.log_cpm)),
        cell(p_value(row.adjusted_p_value), float(row.adjusted_p_value), level="muted" if exploratory else ""),
    ]


def nearest_gene(unit: Any, genes: pd.DataFrame | None) -> str:
    """`(gene, distance)` of the gene nearest to a unit on either strand, end to end; "no gene" on a chromosome without."""
    near = None if genes is None else genes[genes["chrom"] == unit.chrom]
    if near is None or near.empty:
        return "no gene"
    ends = np.sort(near[["tss", "tts"]].to_numpy(np.int64), axis=1)
    gap = np.maximum(0, np.maximum(ends[:, 0] - unit.end, unit.start - ends[:, 1] - 1))
    place = int(gap.argmin())
    distance = f"{gap[place] / 1000:.1f} kb" if gap[place] >= 1000 else f"{gap[place]} bp"
    overlaps = ends[place, 0] < unit.end and ends[place, 1] + 1 > unit.start
    return f"({near['gene'].iloc[place]}, {'overlapping' if overlaps else distance})"


def enrichment(context: Values) -> list[Block]:
    """The most enriched terms, with background and set sizes."""
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
    bound = settings(context).enrichment.significance
    significant = terms[terms["adjusted_p_value"] < bound]
    background = int(terms["background_size"].max())
    blocks += [
        paragraph(
            f"Terms over-represented among the changed genes, against the {count_of(background, 'gene')} that could have "
            f"been found changed (not the whole genome). {number(len(significant))} of {number(len(terms))} tests "
            f"have an adjusted p below {bound:g}."
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
                f"Most enriched terms of the {gene_set} genes, sorted by p.",
                len(part),
                file="enrichment.tsv",
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


def loci(context: Values) -> list[Block]:
    """Each key locus: tracks, change per strand, reliability."""
    looked = frame_of(context.get("loci"))
    if looked is None:
        return []
    blocks: list[Block] = []
    told = member(member(context.get("loci"), "summary"), "loci") or {}
    for locus, part in looked.groupby("locus", sort=False):
        first = part.iloc[0]
        place = f"{first['chrom']}:{int(first['start']) + 1:,}–{int(first['end']):,}"
        region = member(told.get(str(locus)), "region")
        if region is not None:
            place = f"{place}; initiation region {region['name']} ({region['interval']})"
        blocks.append({"kind": "heading", "text": str(locus), "note": place})
        if reason := sentence(str(first["reason"])):
            blocks.append(paragraph(reason))
        blocks.append(links([("Open the locus to zoom and move (no network needed)", f"loci/{locus}.html")]))
        if not bool(part["reliable"].all()):
            blocks.append(note(_why_unreliable(told.get(str(locus)) or {}), "warn", "Not reliable"))
        image = member(context.get("figures"), f"locus_{locus}")
        if image is not None:
            caption, alt = locus_caption(str(locus))
            blocks.append(figure(image, caption, alt, f"locus_{locus}", file=svg_of(f"locus_{locus}")))
        rows = [_track(row) for row in with_enough_reads(part).itertuples()]
        heads = ["Condition", "Strand", "Reads", "Per million", "Highest window", "log₂ fold change"]
        caption = (
            f"Reads by strand and condition. Under {FEWEST_READS} reads of both conditions no fold change is given."
        )
        blocks.append(table(heads, rows, caption, file=f"loci/{locus}.tsv"))
    return blocks


def _why_unreliable(told: Document) -> str:
    """The reason and what follows from it; told: of one locus, from the summary of `loci`."""
    if told.get("place") and told["region"] is None:
        return (
            f"No initiation region is called at {told['place']}. The interval itself is shown, and nothing is concluded "
            "from it. Regions near it are in initiation/initiation_regions.tsv."
        )
    return (
        "This locus lies in a masked region or has several copies in the genome. Reads cannot be placed here with "
        "certainty; the tracks are shown, nothing is concluded from them, and its gene is no key locus in the model."
    )


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
