"""The report's section on the sequence half: the split and its inflation, the ladder, words. Context in, blocks out."""

from __future__ import annotations

import math

from groprog_assets.figures.numbers import fixed, number, p_value
from groprog_assets.report.blocks import Block, Cell, cell, details, document_table, member, note, paragraph, table
from groprog_assets.report.genomics import picture
from groprog_assets.report.sequence_card import PROFILE, with_interval
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Values

CAPTIONS: dict[str, tuple[str, str]] = {
    "sequence_predictions": (
        "Measured against predicted values of the main task, each gene by a model that never saw its chromosome. Above it r, "
        "mean over folds, and the r that a perfect prediction would have with these replicates.",
        "Scatter plots of measured against predicted transcription, one panel a view.",
    ),
    "sequence_ladder": (
        "Pearson r of every rung of the ladder: filled, whole chromosomes held out; hollow, a random split of genes, shown "
        "for comparison only.",
        "Pearson r with 95 % interval for each model and view, beside the r of a random split.",
    ),
    "sequence_window_ablation": (
        "Ridge on k-mers of one stretch of the window alone, and what r loses where the stretch is taken from the whole window; "
        "whole chromosomes held out, one penalty for all, 95 % intervals. Stretches downstream of the TSS are transcribed: they "
        "predict by codon use and UTRs, which is no regulation.",
        "Pearson r of each stretch of the window alone, and the loss of r without it, with 95 % intervals.",
    ),
    "sequence_profiles": (
        "Reads around the starts of genes, measured and as predicted by a net that never saw the chromosome; the other strand "
        "hangs below the line. Genes at the 10th, 50th and 90th percentile of the JSD of all judged windows, so that none was "
        "picked by eye.",
        "Measured and predicted profiles of reads around the TSS of three genes.",
    ),
    "sequence_motifs": (
        "Motifs of the seqlets: spans that raise or lower predictions, by models that never saw the gene's chromosome. Effect: "
        "mean change of the prediction where the motif is written into shuffled promoters. z: measured values of the genes "
        "that hold it less the others. Only motifs whose effect and z have one sign are shown. Below each logo what its places "
        "contribute, by their distance from the start.",
        "Sequence logos of motifs with their effect, z on held-out genes and distance from the start.",
    ),
}


def sequence(context: Values) -> list[Block]:
    """How well the sequence around genes predicts their transcription, on chromosomes the models never saw."""
    found = context.get("sequence_evaluation")
    if found is None:
        return []
    metrics, words, summary = found["metrics"], found["words"], found["summary"]
    split = summary["split"]
    blocks: list[Block] = [
        paragraph(
            f"Models predict the transcription of a gene from the sequence around its start. "
            f"{count_of(split['genes'], 'gene stands', 'genes stand')} in "
            f"{count_of(len(split['folds']), 'fold')} by {split['by']}; genes that overlap, share sequence or a family "
            f"({count_of(split['components'], 'component')}, the largest of {split['largest_component']:,} genes) never stand in "
            f"training and test of one fold. `promoter` ends shortly after the start; `locus` also sees transcribed sequence, "
            f"which predicts by codon use and UTRs and is no regulation."
        ),
        *_high_low(summary),
        *_beside(summary.get("side")),
        *_batch(summary.get("batch")),
        note(summary["warning"], "warn", "Not for differences between people"),
        picture(context, "sequence_ladder", CAPTIONS),
        picture(context, "sequence_predictions", CAPTIONS),
        picture(context, "sequence_window_ablation", CAPTIONS),
    ]
    used = metrics[metrics["champion"]]
    blocks.append(
        table(
            [
                "Task",
                "View",
                "Model used",
                "Genes",
                "r, held-out",
                "of the ceiling",
                "R²",
                "AUROC, high or low",
                "r, random split",
                "inflation",
            ],
            [_row(row) for _, row in used.iterrows()],
            "The model in use of each view, chromosomes held out. A model replaces a simpler one only where its gain is certain.",
        )
    )
    top = words[words["same_sign"]].sort_values("z_train", key=abs, ascending=False, kind="stable").head(20)
    if len(top):
        rows = [
            [
                str(row["task"]),
                cell(str(row["word"]), mono=True, strong=True),
                cell(number(int(row["genes"])), int(row["genes"])),
                cell(fixed(row["difference"], 2), float(row["difference"])),
                cell(fixed(row["z_train"], 1), float(row["z_train"])),
                cell(fixed(row["z_test"], 1), float(row["z_test"])),
            ]
            for _, row in top.iterrows()
        ]
        heads = ["Task", "Word", "Training genes", "Difference of means", "z, training", "z, test"]
        blocks.append(
            table(heads, rows, "Words of the core promoter, either strand, with one sign on training and test genes.")
        )
    blocks += _links(summary) + _profile(context) + _cell_types(context) + _motifs(context) + _variants(context)
    steps = {
        f"{view}, {step['rung']} against {step['against']}": {
            name: step[name] for name in ("difference", "lower", "upper", "promoted")
        }
        for view, decided in summary["views"].items()
        for step in decided["steps"]
    }
    blocks.append(details("How the model in use was chosen", [document_table(steps)]))
    blocks.append(details("Genes with a homolog on another chromosome", [document_table(summary["homologs"])]))
    targets = member(context.get("sequence_targets"), "tasks")
    if targets is not None:
        rows = [
            [
                str(row["task"]),
                cell(number(int(row["genes"]))),
                cell(fixed(row["replicate_r"], 2)),
                str(row["note"] or "predicted"),
            ]
            for _, row in targets.iterrows()
        ]
        blocks.append(details("Tasks", [table(["Task", "Genes", "r of replicates", "Note"], rows)]))
    return blocks


def _batch(batch: Values | None) -> list[Block]:
    """That the targets of several protocols were put on one level."""
    if batch is None:
        return []
    names = list(dict.fromkeys(name for offsets in batch["offsets"].values() for name in offsets))
    return [
        paragraph(
            f"The values of {batch['column']} {', '.join(names)} have offsets of their own, fitted on the training genes of each "
            "fold and taken off the targets."
        )
    ]


def _beside(side: Values | None) -> list[Block]:
    """What the models read beside the bases."""
    if side is None:
        return []
    columns = [str(each["name"]) for each in side["columns"]]
    channels = [f"{each['name']} ({each['cell_type']}, {each['build']})" for each in side["channels"]]
    told = [
        f"the columns {', '.join(columns)} of a table" if columns else "",
        f"{', '.join(channels)} along the window",
    ]
    read = " and ".join(part for part, has in zip(told, (columns, channels), strict=True) if has)
    return [paragraph(f"Beside the bases the models read {read}. What these add is no effect of the sequence.")]


def _high_low(summary: Values) -> list[Block]:
    """What the predictions are where the study asks for high or low."""
    if summary.get("task") != "high_low":
        return []
    told = (
        "Models answer whether a gene is high or low: they predict the log odds that its value is above the median of the "
        "training genes. The model in use is chosen by the AUROC; R² is one less the Brier score over that of even odds."
    )
    return [paragraph(told)]


def _row(row: Values) -> list[object]:
    return [
        cell(str(row["task"]), strong=True),
        str(row["view"]),
        str(row["rung"]),
        cell(number(int(row["genes"])), int(row["genes"])),
        _interval_cell(row["pearson"], row["lower"], row["upper"]),
        cell(fixed(row["of_ceiling"], 2), float(row["of_ceiling"])),
        cell(fixed(row["r2"], 3), float(row["r2"])),
        _interval_cell(row["auroc"], row["auroc_lower"], row["auroc_upper"]),
        cell(fixed(row["random_split"], 3), float(row["random_split"])),
        _interval_cell(row["inflation"], row["inflation_lower"], row["inflation_upper"]),
    ]


def _interval_cell(value: float, lower: float, upper: float) -> Cell:
    return cell(with_interval(value, lower, upper), float(value))


def _links(summary: Values) -> list[Block]:
    """The fragments that a net of two paths attends to most."""
    links = summary.get("links")
    if not links:
        return []
    told = (
        f"{links['rung']} reads {count_of(links['fragments'], 'distal fragment')} of {count_of(links['genes'], 'gene')}, each "
        "by the net that held its chromosome out. The attention on a fragment is the share of what the gene's window reads that "
        "comes from there; it is no proof of regulation."
    )
    if links["most_contacts"] is not None:
        told += (
            f" Of {count_of(links['chosen'], 'gene')} with several fragments, the fragment with the most contacts has the most "
            f"attention in {links['most_contacts']:.0%}."
        )
    rows = [
        [
            cell(str(row["gene"]), strong=True),
            f"{row['chrom']}:{row['start']:,}-{row['end']:,}",
            cell(fixed(row["contact"], 2), float(row["contact"])),
            cell(fixed(row["attention"], 2), float(row["attention"])),
        ]
        for row in links["strongest"]
    ]
    heads = ["Gene", "Fragment", "Contacts, 0 to 1", "Attention"]
    shown = (
        [table(heads, rows, "The clearest links of genes with several fragments; all are in `links.tsv`.")]
        if rows
        else []
    )
    return [paragraph(told), *shown]


def _profile(context: Values) -> list[Block]:
    """How near predicted profiles of reads around starts are, beside the mean profile, the initiator and the replicates."""
    found = context.get("sequence_profile")
    if found is None:
        return []
    metrics, summary = found["metrics"], found["summary"]
    rows = [
        [
            cell(str(row["predicted_by"]), strong=True),
            cell(number(int(row["windows"])), int(row["windows"])),
            *(cell(fixed(row[name], 3), float(row[name])) for name in PROFILE),
        ]
        for row in metrics.to_dict("records")
    ]
    gain = summary["jsd_gain"]
    told = (
        f"Where reads around starts fall, base by base, in windows with {summary['least_reads']} reads or more; "
        "chromosomes held out."
    )
    if gain is not None:
        lower, upper = summary["jsd_gain_interval"]
        verdict = "nearer than" if summary["better"] else "not nearer with certainty than"
        told += f" The net is {verdict} the mean profile: its mean JSD is lower by {with_interval(gain, lower, upper)}."
    shown = table(["Predicted by", "Windows", *PROFILE.values()], rows, told)
    drawn = "sequence_profiles" in context.get("figures", {})
    return [shown, *([picture(context, "sequence_profiles", CAPTIONS)] if drawn else []), *_trunks(summary)]


def _trunks(summary: Values) -> list[Block]:
    """In which folds profile and values share a trunk, and by what scores."""
    choices = summary.get("trunks", [])
    rows = [
        [
            cell(str(fold), fold),
            *(
                cell(fixed(score, 4), score)
                for score in (
                    math.nan if choice[name] is None else float(choice[name])
                    for name in ("profile_alone", "profile_shared", "values_alone", "values_shared")
                )
            ),
            "yes" if choice["shared"] else "no",
        ]
        for fold, choice in enumerate(choices)
    ]
    heads = ["Fold", "Profile alone", "Profile, one trunk", "Values alone", "Values, one trunk", "Shared"]
    told = (
        "Whether one trunk serves the profile and the values: only where neither score on the validation genes is lower "
        "than that of a net of its own. Scores: less the multinomial error, and mean r."
    )
    return [table(heads, rows, told)] if rows else []


def _cell_types(context: Values) -> list[Block]:
    """r on cell types whose targets the nets never saw, with and without the adversarial head."""
    found = context.get("sequence_cell_types")
    if found is None:
        return []
    rows = [
        [
            cell(str(row["cell_type"]), strong=True),
            str(row["task"]),
            cell(number(int(row["genes"])), int(row["genes"])),
            _interval_cell(row["pearson"], row["lower"], row["upper"]),
            _interval_cell(row["adversarial"], row["adversarial_lower"], row["adversarial_upper"]),
            _interval_cell(row["gain"], row["gain_lower"], row["gain_upper"]),
        ]
        for row in found["table"].to_dict("records")
    ]
    told = (
        "Cell types predicted by nets that learnt the targets of the others, chromosomes held out. With the head a second "
        "output guesses the cell type and its gradient is reversed, so that the net reads less of what tells cell types apart. "
        "Of the cell type that is predicted it reads windows and tracks, no targets."
    )
    return [table(["Cell type", "Task", "Genes", "r, net alone", "r, with the head", "gain"], rows, told)]


def _motifs(context: Values) -> list[Block]:
    """The logos, and the table of the motifs that hold on held-out genes."""
    found = context.get("sequence_motifs")
    if found is None:
        return []
    motifs, summary = found["motifs"], found["summary"]
    if not summary["explained"]:
        return [paragraph(f"{summary['rung']}, the model in use, does not explain itself base by base.")]
    held = motifs[motifs["same_sign"]].sort_values("z_held_out", key=abs, ascending=False, kind="stable")
    rows = [
        [
            str(row["task"]),
            cell(str(row["consensus"]), mono=True, strong=True),
            str(row["sign"]),
            cell(number(int(row["seqlets"])), int(row["seqlets"])),
            cell(fixed(row["effect"], 2), float(row["effect"])),
            cell(fixed(row["z_held_out"], 1), float(row["z_held_out"])),
            cell(f"{row['position']:+.0f}", float(row["position"])),
            str(row["best_match"]),
        ]
        for row in held.head(20).to_dict("records")
    ]
    heads = ["Task", "Motif", "Sign", "Seqlets", "Effect", "z, held-out", "bp from the start", "Resembles"]
    told = (
        "Motifs that hold on other genes: "
        f"{summary['same_sign']} of {summary['motifs']} have the sign of their effect on held-out genes."
    )
    return [picture(context, "sequence_motifs", CAPTIONS), table(heads, rows, told), *_sites(found)]


def _sites(found: Values) -> list[Block]:
    """Motifs against the study's sites, the surest first."""
    sites = found.get("sites")
    if sites is None or not len(sites):
        return []
    consensus = found["motifs"].set_index("motif")["consensus"]
    rows = [
        [
            str(row["task"]),
            cell(str(consensus[row["motif"]]), mono=True, strong=True),
            str(row["sites"]),
            cell(f"{row['hits_in']:,} of {row['hits']:,}", int(row["hits_in"])),
            cell(f"{row['controls_in']:,} of {row['controls']:,}", int(row["controls_in"])),
            _interval_cell(row["odds_ratio"], row["lower"], row["upper"]),
            cell(p_value(row["p_value"]), float(row["p_value"])),
            cell(p_value(row["q_value"]), float(row["q_value"])),
        ]
        for row in sites.sort_values("p_value", kind="stable").head(20).to_dict("records")
    ]
    heads = ["Task", "Motif", "Sites", "Hits in a site", "Windows like them", "Odds ratio", "p, Fisher", "q"]
    told = (
        "Whether motifs lie in given sites. Windows like a hit are of genes without the motif, as far from their start, with "
        "about the same share of G and C beside them."
    )
    return [table(heads, rows, told)]


def _variants(context: Values) -> list[Block]:
    """The variants with the largest effects on the main task."""
    scored, evaluation = context.get("variant_effects"), context.get("sequence_evaluation")
    if scored is None or evaluation is None or not len(scored["table"]):
        return []
    effects = scored["table"]
    held = effects[effects["task"] == evaluation["summary"]["main_task"]].sort_values(
        "effect", key=abs, ascending=False, kind="stable"
    )
    rows = [
        [
            f"{row['chrom']}:{row['position']}",
            cell(f"{row['ref'][:12]} > {row['alt'][:12]}", mono=True),
            cell(str(row["gene"]), strong=True),
            cell(f"{row['offset']:+d}", int(row["offset"])),
            cell(fixed(row["effect"], 2), float(row["effect"])),
            cell(fixed(row["z"], 1), float(row["z"])),
        ]
        for row in held.head(10).to_dict("records")
    ]
    heads = ["Place", "REF > ALT", "Gene", "bp from the start", "Effect", "z"]
    told = f"Variants with the largest effects on {evaluation['summary']['main_task']}, by models without the gene's chromosome."
    return [table(heads, rows, told)] if rows else []
