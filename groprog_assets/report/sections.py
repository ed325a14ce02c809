"""The sections of the report, in order: nascent results, patients, performance, limits, and at the end what it was made from.

Assets' values in (the context of `report.render_report`), plain dicts for the template out. A section without values
gives the reason. The other modules of this room hold the sections.
"""

from __future__ import annotations

from collections.abc import Callable

from groprog_assets.figures.numbers import number, size
from groprog_assets.report import (
    chromatin,
    genomics,
    initiation,
    pausing,
    prognosis,
    reads,
    robustness,
    sequence,
    strata,
    summary,
)
from groprog_assets.report import external as elsewhere
from groprog_assets.report import libraries as compared
from groprog_assets.report import paper as beside
from groprog_assets.report.blocks import (
    Block,
    cell,
    details,
    document_rows,
    figure,
    frame_of,
    member,
    missing,
    note,
    paragraph,
    svg_of,
    table,
)
from groprog_assets.report.folding import folded
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document, Values

CAPTIONS: dict[str, tuple[str, str]] = {
    **reads.CAPTIONS,
    **compared.CAPTIONS,
    **genomics.CAPTIONS,
    **initiation.CAPTIONS,
    **pausing.CAPTIONS,
    **chromatin.CAPTIONS,
    **sequence.CAPTIONS,
    **prognosis.CAPTIONS,
    **strata.CAPTIONS,
    **robustness.CAPTIONS,
    **beside.CAPTIONS,
}
"""Figure name → (caption, alternative text)."""

SECTIONS: tuple[tuple[str, str, Callable[[Values], list[Block]]], ...] = (
    (
        "reads",
        "Reads: how many, how good",
        lambda context: [*libraries(context), *reads.reads(context), *compared.libraries(context)],
    ),
    ("density", "Where transcription units lie on genes", genomics.density),
    ("initiation", "Where transcription starts", initiation.initiation),
    (
        "differential",
        "What changed",
        lambda context: [*genomics.differential(context), *compared.test(context)],
    ),
    ("pausing", "Polymerase pausing", pausing.pausing),
    ("enrichment", "Functions of the changed genes", genomics.enrichment),
    ("loci", "Key loci", genomics.loci),
    ("marks", "Chromatin marks", chromatin.marks),
    ("sequence", "From sequence to transcription", sequence.sequence),
    ("cohort", "The patients", prognosis.cohort),
    ("evaluation", "How well the model predicts", prognosis.evaluation),
    ("external", "Patients of other centres", elsewhere.external),
    ("training", "How the model was trained", prognosis.training),
    ("model-card", "Model card and limits", prognosis.card),
    ("paper", "Beside the source paper", beside.paper),
    ("provenance", "Files, parameters, versions", lambda context: provenance(context)),
    ("appendix", "Checks, data versions, graph", lambda context: appendix(context)),
)


OF_PATIENTS = ("cohort", "evaluation", "external", "training", "model-card")
"""Sections that a study without patients does not have."""


def build_view(context: Values) -> Document:
    """The template's variables from the report's context; see `report.render_report` for its keys."""
    exploratory = is_exploratory(context)
    context = {**context, "exploratory": exploratory}
    study = context["study"]
    sections = []
    for anchor, title, build in SECTIONS:
        if anchor in OF_PATIENTS and not study.get("patients", True):
            continue
        if anchor == "sequence" and context.get("sequence_evaluation") is None:
            continue
        if anchor == "paper" and not study.get("compare_with_paper"):
            continue
        blocks = build(context)
        reason = member(context.get("absent"), anchor)
        if not blocks:
            blocks = [missing(reason or "This run holds nothing for this section.")]
        elif reason:
            blocks = [missing(reason), *blocks]
        empty = blocks[0]["kind"] == "missing"
        sections.append({"anchor": anchor, "title": title, "blocks": folded(blocks, anchor), "empty": empty})
    failed, passed = _checks(context)
    contrast = study.get("contrast") or {}
    return {
        "study": study["name"],
        "title": study.get("title") or study["name"],
        "subtitle": " · ".join(
            part
            for part in (
                f"{contrast['treatment']} against {contrast['control']}" if contrast else "",
                str(study.get("genome") or ""),
                f"endpoint {study['endpoint']}" if study.get("endpoint") else "",
                f"{study['mode']} mode" if study.get("mode") else "",
                "" if study.get("patients", True) else "nascent half alone: the study names no cohort",
            )
            if part
        ),
        "generated": context.get("generated") or "",
        "exploratory": genomics.lacking(context) if exploratory else "",
        "verdict": prognosis.verdict(context),
        "asked": summary.asked(context),
        "findings": [
            entry for entry in summary.findings(context) if entry["anchor"] in {x["anchor"] for x in sections}
        ],
        "facts": [*genomics.headlines(context), *prognosis.headlines(context)],
        "version": str(member(context.get("provenance"), "version") or ""),
        "failed": failed,
        "passed": passed,
        "sections": sections,
        "ledger_head": str(member(context.get("provenance"), "ledger_head") or ""),
    }


def is_exploratory(context: Values) -> bool:
    """Whether differential p-values rest on an assumed variation: as stated, else from the table's `analysis` column."""
    if context.get("exploratory") is not None:
        return bool(context["exploratory"])
    tested = frame_of(context.get("differential_transcription"))
    return tested is not None and bool((tested["analysis"] == "exploratory").any())


def _checks(context: Values) -> tuple[list[dict[str, str]], int]:
    """Failed checks, errors before warnings, and the number that passed."""
    checks = context.get("checks") or []
    failed = [
        {
            "where": f"{check['asset']}" + (f" [{check['partition']}]" if check.get("partition") else ""),
            "check": str(check["check"]),
            "severity": str(check.get("severity") or "error").lower(),
            "description": str(check.get("description") or "No description was recorded."),
        }
        for check in checks
        if not check["passed"]
    ]
    return sorted(failed, key=lambda check: check["severity"] != "error"), sum(bool(c["passed"]) for c in checks)


def libraries(context: Values) -> list[Block]:
    """The libraries with what the study says of each, and the wet-lab record."""
    blocks: list[Block] = []
    entries = context.get("libraries") or []
    if entries:
        rows = [
            [
                cell(str(library["id"]), strong=True),
                str(library.get("condition", "–")),
                cell(number(library.get("replicate")), library.get("replicate")),
                str(library.get("assay", "–")),
                str(library.get("read_end", "–")).replace("_", " "),
                str(library.get("program") or "–"),
                cell(str(library["left_out"]), level="bad") if library.get("left_out") else cell("used", level="good"),
            ]
            for library in entries
        ]
        blocks.append(
            table(["Library", "Condition", "Replicate", "Assay", "Read end counted", "Aligned by", "Used"], rows)
        )
    kept = {str(library["id"]): dict(library.get("metadata") or {}) for library in entries}
    asked = list(dict.fromkeys(name for record in kept.values() for name in record))
    if asked:
        rows = [
            [cell(library, strong=True), *(str(record.get(name, "–")) for name in asked)]
            for library, record in kept.items()
        ]
        heads = ["Library", *(name.replace("_", " ") for name in asked)]
        blocks.append(details("Wet-lab record, as the study states it", [table(heads, rows)]))
    return blocks


def provenance(context: Values) -> list[Block]:
    """Overridden parameters, input files with their digests, code and data versions, the ledger's head; all but the first and
    last folded away."""
    blocks: list[Block] = []
    overrides = context.get("parameters")
    if overrides:
        rows = [
            [
                cell(name, mono=True),
                cell(number(entry["value"]), strong=True),
                number(entry["default"]),
                str(entry.get("unit", "")),
                str(entry.get("source", "")),
            ]
            for name, entry in overrides.items()
        ]
        heads = ["Parameter", "This study", "Published", "Unit", "Source of the published value"]
        said = "Parameters that override published values. All others are as in docs/parameters.md."
        blocks.append(details(f"{count_of(len(rows), 'parameter')} of its own", [table(heads, rows, said)]))
    elif overrides is not None:
        blocks.append(paragraph("Every parameter has its published value; none was overridden."))
    inputs = context.get("inputs") or []
    if inputs:
        rows = [
            [
                str(entry.get("role", "–")),
                str(entry.get("library") or "–") if not str(entry.get("role", "")).startswith("genome") else "–",
                cell(str(entry["path"]), mono=True),
                cell(size(entry.get("bytes")), entry.get("bytes")),
                cell(str(entry.get("sha256") or "–"), mono=True, digest=True),
            ]
            for entry in inputs
        ]
        heads = ["Role", "Library", "File", "Size", "sha256"]
        blocks.append(details(f"{count_of(len(rows), 'file')} read, by content", [table(heads, rows)]))
    record = context.get("provenance") or {}
    if record:
        rows = [[cell(label), cell(text, mono=True)] for label, text in document_rows(record)]
        blocks.append(details("Run, code and ledger", [table(["What", "Value"], rows)]))
        where = "above" if record.get("ledger_head") else "in `lineage_head.json` beside this page"
        blocks.append(
            note(
                "Every number here can be traced to these files with `groprog lineage trace`. The head of the ledger stands "
                f"{where}; kept elsewhere, it lets `groprog lineage verify --head` show any later alteration."
            )
        )
    return blocks


def appendix(context: Values) -> list[Block]:
    """Patients and columns left out, all checks, data versions, and pictures no section asked for."""
    blocks: list[Block] = []
    known = set(CAPTIONS)
    others = {
        name: image
        for name, image in (context.get("figures") or {}).items()
        if name not in known and not name.startswith(("locus_", "external_"))
    }
    if "workflow" in (context.get("figures") or {}):
        blocks.append(picture(context, "workflow"))
    for name, image in sorted(others.items()):
        caption = name.replace("_", " ").capitalize() + "."
        blocks.append(figure(image, caption, caption, name, file=svg_of(name)))
    checks = context.get("checks") or []
    if checks:
        rows = [
            [
                cell(str(check["asset"]), mono=True),
                str(check.get("partition") or "–"),
                str(check["check"]).replace("_", " "),
                cell("passed", level="good") if check["passed"] else cell("failed", level="bad"),
                str(check.get("description") or ""),
            ]
            for check in checks
        ]
        blocks.append(
            details(
                f"All {count_of(len(checks), 'check')}",
                [table(["Asset", "Partition", "Check", "Result", "What it says"], rows)],
            )
        )
    artifacts = context.get("artifacts") or []
    if artifacts:
        rows = [
            [
                cell(str(entry["asset"]), mono=True),
                str(entry.get("partition") or "–"),
                cell(str(entry.get("data_version") or "–"), mono=True, digest=True),
                cell(str(entry.get("code_version") or "–"), mono=True, digest=True),
            ]
            for entry in artifacts
        ]
        blocks.append(
            details(
                f"Data and code version of {count_of(len(artifacts), 'artefact')}",
                [table(["Asset", "Partition", "Data version", "Code version"], rows)],
            )
        )
    return blocks


def picture(context: Values, name: str) -> Block:
    """The named figure with its caption, or the reason it is not there."""
    return genomics.picture(context, name, CAPTIONS)
