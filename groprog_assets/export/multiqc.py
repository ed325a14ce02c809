"""The sections that MultiQC shows of a study, as its custom content. Tables in, {file name: document} out.

Source: MultiQC, custom content (`*_mqc.json`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from groprog_assets.tables.values import Document, Value, Values

if TYPE_CHECKING:
    import pandas as pd

PARENT = {
    "parent_id": "groprog",
    "parent_name": "GroProg",
    "parent_description": "Nascent transcription: reads, strands, transcription units, pausing.",
}
HEADS = {
    "five_prime_fp": "FivePrimeFP",
    "tp": "TP",
    "post_tts": "PostTTS",
    "tua": "TUA",
    "q_at_100_pairs": "q of the 100th pair",
    "median_log10_pausing_index": "Median log10 index",
    "median_log10_count_ratio": "Median log10 count ratio",
}
SHARE = {"suffix": "%", "max": 100, "min": 0, "format": "{:,.1f}"}


def documents(study: str, values: Values) -> dict[str, Document]:
    """{file name: document} of what is there; `values` {asset: value}, those by library {library: value}.

    Read: read_quality, filtered_alignments, transcripts, transcript_density, initiation_regions, pausing,
    differential_transcription. An asset
    that is absent or empty leaves its sections out.
    """
    found = {
        "general": _general(values),
        "read_quality": _read_quality(values.get("read_quality") or {}),
        "filter_funnel": _funnel(values.get("filtered_alignments") or {}),
        "strandedness": _strandedness(values.get("filtered_alignments") or {}),
        "density": _density(study, values.get("transcript_density")),
        "units": _units(study, values),
        "initiation": _initiation(study, values.get("initiation_regions")),
        "pausing": _pausing(values.get("pausing")),
    }
    return {
        f"groprog_{name}_mqc.json": {"id": f"groprog_{name}", **document}
        for name, document in found.items()
        if document.get("data")
    }


def _general(values: Values) -> Document:
    data: dict[str, Document] = {}
    for library, item in (values.get("filtered_alignments") or {}).items():
        total, kept = _ends(item.funnel)
        data[library] = {
            "groprog_reads": total,
            "groprog_used": 100 * kept / total if total else 0.0,
            "groprog_sense": item.summary.get("strandedness", {}).get("sense_fraction"),
        }
        data[library] = {name: value for name, value in data[library].items() if value is not None}
    return {
        "plot_type": "generalstats",
        "headers": {
            "groprog_reads": {"title": "Reads", "description": "Records in the file", "format": "{:,.0f}"},
            "groprog_used": {"title": "Used", "description": "Kept after all filters", **SHARE},
            "groprog_sense": {
                "title": "Sense",
                "description": "Share of reads on the gene's strand in the strand rule used",
                "min": 0,
                "max": 1,
                "format": "{:,.3f}",
            },
        },
        "data": data,
    }


def _read_quality(tables: Values) -> Document:
    data = {}
    for library, table in tables.items():
        for mate, rows in table.groupby("mate", sort=True):
            name = library if table["mate"].nunique() == 1 else f"{library} mate {mate}"
            data[name] = [[int(row.cycle), float(row.mean_quality)] for row in rows.itertuples()]
    return _section(
        "Mean quality by cycle",
        "Arithmetic mean of the base qualities at each sequencing cycle, as FastQC's per-base means.",
        "linegraph",
        {"xlab": "Cycle", "ylab": "Mean Phred quality", "ymin": 0},
        data,
    )


def _funnel(items: Values) -> Document:
    data: dict[str, dict[str, int]] = {}
    for library, item in items.items():
        steps = {row.step.replace("_", " "): int(row.removed) for row in item.funnel.itertuples() if row.removed}
        data[library] = {"used": _ends(item.funnel)[1], **steps}
    return _section(
        "Filter funnel",
        "What became of every record in the file.",
        "bargraph",
        {"ylab": "Reads", "cpswitch_counts_label": "Reads"},
        data,
    )


def _strandedness(items: Values) -> Document:
    data = {}
    for library, item in items.items():
        strand = item.summary.get("strandedness") or {}
        names = ("declared", "inferred", "sense_fraction", "reads", "status")
        data[library] = {name: strand[name] for name in names if strand.get(name) is not None}
    return _section(
        "Strandedness",
        "Strand rule inferred from reads over annotated genes, beside the one declared; a flipped or unclear library "
        "fails its check.",
        "table",
        {},
        {library: row for library, row in data.items() if row},
    )


def _density(study: str, density: Any) -> Document:
    profile = None if density is None else density.profile
    data, points = {}, 0
    if profile is not None and len(profile):
        shown = profile.iloc[:: max(len(profile) // 300, 1)]
        points = int(profile["position"].max() + 1) // 2  # one gene length before the gene, one after
        data[study] = [[int(row.position), float(row.density)] for row in shown.itertuples()]
    return _section(
        "Units on genes",
        f"Share of genes whose unit covers each point of a gene stretched to {points:,} points, from 0 at its start.",
        "linegraph",
        {"xlab": "Scaled position", "ylab": "Share of genes covered", "ymin": 0, "ymax": 1},
        data,
    )


def _units(study: str, values: Values) -> Document:
    row: Document = {}
    if values.get("transcripts") is not None:
        row["units"] = len(values["transcripts"])
    summary = getattr(values.get("transcript_density"), "summary", None) or {}
    for name in ("five_prime_fp", "tp", "post_tts", "tua", "merged", "dissociated", "error_rate", "genes_recovered"):
        if summary.get(name) is not None:
            row[name] = summary[name]
    changed = getattr(values.get("differential_transcription"), "summary", None) or {}
    for name in ("up", "down", "analysis"):
        if changed.get(name) is not None:
            row[name] = changed[name]
    return _section(
        "Transcription units",
        "Units called, how they fit genes (FivePrimeFP, TP, PostTTS, TUA of the called units), and how many change.",
        "table",
        {"col1_header": "Study"},
        {study: row} if row else {},
    )


def _initiation(study: str, called: Any) -> Document:
    summary = {} if called is None else called.summary
    row: Document = {}
    if summary:
        row = {"regions": summary.get("regions", 0), "distal_pairs": summary.get("distal_pairs", 0)}
        if summary.get("q_at_100_pairs") is not None:
            row["q_at_100_pairs"] = summary["q_at_100_pairs"]
        if summary.get("profile"):
            row["profile_contrast"] = float(summary["profile"]["contrast"])
        active = summary.get("active_starts") or {}
        if active.get("active"):
            row["active_starts_found"] = active["found"] / active["active"]
    return _section(
        "Initiation regions",
        "Regions where transcription starts; pairs far from annotated starts at the false discovery rate; q of "
        "the 100th pair; rise "
        "of the start profile (below 2 starts are unclear); share of the active annotated starts that were found.",
        "table",
        {"col1_header": "Study"},
        {study: row} if row else {},
    )


def _pausing(pausing: Any) -> Document:
    conditions = {} if pausing is None else pausing.summary.get("conditions") or {}
    return _section(
        "Polymerase pausing",
        "Genes with enough reads, classes, and medians of the log10 pausing index by condition.",
        "table",
        {"col1_header": "Condition"},
        {name: {key: value for key, value in row.items() if value is not None} for name, row in conditions.items()},
    )


def _section(title: str, text: str, kind: str, settings: Document, data: Document) -> Document:
    """A document. Curves are lists of (x, y), since keys of a JSON object have no order that can be relied on."""
    name = "groprog_" + title.lower().replace(" ", "_")
    headers = {}
    if kind == "table":
        columns = {column: value for row in data.values() for column, value in row.items()}
        headers = {
            column: {"title": HEADS.get(column, column.replace("_", " ").capitalize()), "format": _digits(value)}
            for column, value in columns.items()
        }
    return {
        **({"headers": headers} if headers else {}),
        **PARENT,
        "section_name": title,
        "description": text,
        "plot_type": kind,
        "pconfig": {"id": f"{name}_plot", "title": f"GroProg: {title}", **settings},
        "data": data,
    }


def _digits(value: Value) -> str:
    if isinstance(value, float):
        return "{:,.4f}"
    return "{:,.0f}" if isinstance(value, int) else "{}"


def _ends(funnel: pd.DataFrame) -> tuple[int, int]:
    if not len(funnel):
        return 0, 0
    return int(funnel["remaining"].iloc[0] + funnel["removed"].iloc[0]), int(funnel["remaining"].iloc[-1])
