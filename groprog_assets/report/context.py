"""The context of the report: libraries, files read, overrides, checks, values, excluded patients. No Dagster."""

from __future__ import annotations

from importlib import metadata
from typing import Any

from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.derivations import Record
from groprog_assets.store.workspace import OMICS_ASSETS, StudyView, Workspace
from groprog_assets.tables.values import Document
from groprog_assets.wording import shell_command

NASCENT_VALUES = (
    *("filtered_alignments", "transcript_hmm", "transcripts", "transcript_density", "genes"),
    *("initiation_regions", "differential_initiation"),
    *("library_sizes", "differential_transcription", "gene_differential", "pausing", "enrichment", "loci"),
)
"""Values of the nascent half that the report takes as they are."""
SEQUENCE_VALUES = (
    *("sequence_evaluation", "sequence_targets", "sequence_motifs", "sequence_profile"),
    *("sequence_cell_types", "variant_effects"),
)
"""Values of the sequence half that the report takes as they are."""
AFTER = ("report", "lineage_snapshot", "locus_pages")
"""Assets that the report does not use. The report is the same whether they are computed before or after it."""


def state_of(workspace: Workspace) -> Document:
    """The current values that the report describes; they determine its provenance section."""
    return {
        f"{asset}[{partition}]": [
            record["output"]["sha256"],
            record["code_version"],
            record["verdicts"],
            record["files"],
        ]
        for asset, partition, record in _records(workspace)
    } | {"overrides": workspace.study.parameters.overrides()}


def report_context(study: StudyView, workspace: Workspace) -> Document:
    """The keys of `render_report` that are about the run."""
    records = list(_records(workspace))
    files = {(item["path"], item["sha256"]): item for _, _, record in records for item in record["files"]}
    left_out = {item["library"]: item["reason"] for _, _, record in records for item in record["left_out"]}
    contrast = study.contrast
    return {
        "study": {
            "name": study.name,
            "title": study.title,
            "genome": study.genome.name,
            "contrast": {"treatment": contrast.treatment, "control": contrast.control},
            "mode": study.parameters.representation.mode if study.cohort else "",
            "endpoint": study.cohort.endpoint.name if study.cohort else "",
            "patients": study.cohort is not None,
            "compare_with_paper": study.compare_with_paper,
        },
        "settings": study.as_parameters(),
        "absent": _absent(study),
        "marks": [
            {name: getattr(mark, name) for name in ("name", "cell_type", "build", "source")} for mark in study.marks
        ],
        "libraries": [_library(workspace, library, left_out) for library in workspace.study.libraries],
        "inputs": sorted(files.values(), key=lambda item: (item["role"], item["library"], item["path"])),
        "parameters": workspace.study.parameters.overrides(),
        "provenance": {
            "version": metadata.version("groprog"),
            "environment": workspace.environment(),
            "command": shell_command("groprog", "run", workspace.path.name),
            **{f"left out: {name}": reason for name, reason in sorted(left_out.items())},
        },
        "artifacts": [
            {
                "asset": asset,
                "partition": partition,
                "data_version": record["output"]["sha256"],
                "code_version": record["code_version"],
            }
            for asset, partition, record in records
        ],
        "checks": [
            {
                "asset": asset,
                "partition": partition,
                "check": verdict["name"],
                "passed": verdict["passed"],
                "severity": "error" if verdict["blocking"] else "warn",
                "description": verdict["description"],
            }
            for asset, partition, record in records
            for verdict in record["verdicts"]
        ],
    }


def reported_values(study: StudyView, values: Bundle) -> Document:
    """The keys of `render_report` that are about the results. `values`: upstream values by asset, None for what the study does
    not have."""
    from groprog_assets.methods.annotation.masks import masked_kinds
    from groprog_assets.methods.reads.read_quality import judge_quality

    conditions = {library.id: library.condition for library in study.libraries}
    found: Document = {
        **{name: values[name] for name in NASCENT_VALUES},
        "masks": masked_kinds(study.genome),
        "quality": judge_quality(values.read_quality, conditions, study.parameters.quality),
        "figures": {name: blob.content for name, blob in values.figures.png.items()},
    }
    if values.sequence_evaluation is not None:
        found |= {name: values[name] for name in SEQUENCE_VALUES}
    if values.cohort and values.risk_model and values.external_validation and values.champion:
        found |= {
            **{name: values[name] for name in ("cohort", "evaluation", "ablation", "risk_scores", "champion")},
            "related_work": values.related_work,
            "external_validation": values.external_validation.cohorts,
            "search_log": values.risk_model.search,
            "training_history": values.risk_model.history,
            "signature": values.risk_model.signature,
            "transferred": values.risk_model.get("transferred"),
            "transfer_gain": values.transfer_gain,
            "source_cohorts": values.source_cohorts.sources,
            "model_card": {"model": values.risk_model.summary, "decision": values.champion["reason"]},
        }
    return found


def _absent(study: StudyView) -> dict[str, str]:
    """The reasons for empty sections of which the study has no input."""
    reasons = {}
    if study.ontology is None:
        reasons["enrichment"] = "The study names no ontology, so the functions of the changed genes were not tested."
    if not study.loci:
        reasons["loci"] = "The study names no key loci."
    if not study.marks:
        reasons["marks"] = "The study names no chromatin tracks."
    if not study.validation:
        reasons["external"] = (
            "The study names no patients of another centre (validation), so the model is judged at home only."
        )
    return reasons


def _records(workspace: Workspace) -> list[tuple[str, str, Record]]:
    libraries = {library.id for library in workspace.study.libraries}
    return [
        (asset, partition, workspace.derivations.read(digest))
        for asset, partition, digest in workspace.derivations.pointers()
        if asset not in (*AFTER, *OMICS_ASSETS) and workspace.has(asset) and (not partition or partition in libraries)
    ]


def _library(workspace: Workspace, library: Any, left_out: dict[str, str]) -> Document:
    record = workspace.derivations.current_record("alignments", library.id)
    headline = record["headline"] if record else {}
    return {
        "id": library.id,
        "condition": library.condition,
        "replicate": library.replicate,
        "assay": library.assay,
        "read_end": library.read_end,
        "strandedness": library.strandedness,
        "program": headline.get("program") or "",
        "reads": headline.get("reads"),
        "left_out": left_out.get(library.id, ""),
        "metadata": dict(library.metadata),
    }


def omics_checks(workspace: Workspace) -> Document:
    """The verdicts of the omics assets now current, by asset; what the page tells of them."""
    found: Document = {}
    for asset in OMICS_ASSETS:
        record = workspace.derivations.current_record(asset)
        if record is not None and asset != "omics_report":
            found[asset] = record["verdicts"]
    return found
