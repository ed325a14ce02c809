"""A study file from the results folder of nf-core/nascent 2.x: which files it wrote for each sample. Paths in, text out.

Folders of the releases: BAM in `samtools/` (2.0 to 2.2) or in the folder of the aligner (2.3), tracks in `deeptools/` and
`bedtools/` or in `coverage_graphs/`. Source: docs/output.md, conf/modules.config and the test snapshots of nf-core/nascent.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from groprog_assets.errors import Problem, StudyError
from groprog_assets.study.new_study import (
    contrast_problems,
    decisions,
    filled_template,
    init_study,
    renamed,
    told_contrast,
)
from groprog_assets.study.text_tables import count_of

ALIGNMENTS = re.compile(r"(?P<sample>.+?)(?P<kind>\.umi_dedup\.sorted|\.markdup\.sorted|\.sorted|)\.(?:bam|cram)")
KINDS = (".umi_dedup.sorted", ".markdup.sorted", ".sorted", "")
"""Of one sample's alignments, the first: deduplicated by UMI, duplicates marked, sorted, CRAM or BAM without a word."""
TRACK = re.compile(r"(?P<sample>.+)\.(?P<strand>plus|minus)\.(?P<form>bedGraph|bigWig|bw)")
FORMS = ("bedGraph", "bigWig", "bw")
"""Of one sample's tracks, the first: deepTools' bigWig has bins of 50 bp unless it was told otherwise."""
REPLICATE = re.compile(r"(?P<condition>.+)_REP(?P<number>[1-9][0-9]*)")
STATISTICS = re.compile(
    r"(?P<sample>.+?)(?:\.umi_dedup|\.markdup)?(?:\.sorted)?(?:\.bam|\.cram)?\.(?:flagstat|idxstats)"
)
"""What samtools says of a sample's alignments; the pipeline writes it also where it keeps no alignments."""
ASSAYS = {"GROseq": "gro-seq", "PROseq": "pro-seq", "GROcap": "gro-cap", "PROcap": "pro-cap"}
OTHER_CAPPED = ("CoPRO", "CAGE", "NETCAGE", "RAMPAGE", "csRNAseq", "STRIPEseq")
DEPTH = 3


class NfcoreFolder(NamedTuple):
    """libraries: entries of a study file, paths absolute; assumed: what is to be said of their assay; notices: what else a reader
    has to know or to decide."""

    libraries: list[dict[str, object]]
    assumed: list[str]
    notices: list[str]


def init_from_nfcore(folder: Path, results: Path, treatment: str = "", control: str = "") -> tuple[Path, list[str]]:
    """Write the template into `folder` with the libraries of `results`; its path, and what is to be known and left to decide.

    StudyError: `results` is no folder, or holds neither alignments nor tracks named as nf-core/nascent names them, or two files
    of equal kind for one sample; a condition asked for is not there; or a study.yaml exists already. Nothing is written then.
    """
    found = nfcore_libraries(results)
    conditions = [str(library["condition"]) for library in found.libraries]
    if problems := contrast_problems(conditions, treatment, control):
        raise StudyError(problems)
    contrast = told_contrast(conditions, treatment, control)
    entries = [
        {key: _relative(value, folder) if isinstance(value, Path) else value for key, value in library.items()}
        for library in found.libraries
    ]
    text = filled_template(entries, contrast, [_relative(results, folder)], str(results.resolve()), found.assumed)
    path = init_study(folder, text)
    given = {str(item["metadata"]["sample"]): str(item["id"]) for item in found.libraries}  # type: ignore[index]
    return path, [
        *found.assumed,
        *found.notices,
        *renamed(given, "sample names"),
        *decisions(entries, contrast, bool(treatment or control)),
    ]


def nfcore_libraries(results: Path) -> NfcoreFolder:
    """The libraries of a results folder, by sample name; alignments where a sample has them, else its pair of tracks.

    A sample `CONTROL_REP2` is replicate 2 of condition CONTROL; one without `_REP` is its own condition. A BAM of a condition
    whose replicates are there too is their sum, which the pipeline writes for HOMER and PINTS, and is left out.
    """
    if not results.is_dir():
        raise StudyError(
            Problem(str(results), "no folder", "It is the --outdir of nf-core/nascent.", "Name that folder.")
        )
    alignments: dict[str, dict[str, list[Path]]] = {}
    tracks: dict[str, dict[str, dict[str, list[Path]]]] = {}
    for path in _files(results):
        if match := ALIGNMENTS.fullmatch(path.name):
            alignments.setdefault(match["sample"], {}).setdefault(match["kind"], []).append(path)
        elif match := TRACK.fullmatch(path.name):
            strands = tracks.setdefault(match["sample"], {}).setdefault(match["form"], {})
            strands.setdefault(match["strand"], []).append(path)
    if not alignments and not tracks:
        rule = (
            "Alignments are named SAMPLE.sorted.bam or SAMPLE.cram, tracks SAMPLE.plus.bigWig and SAMPLE.minus.bigWig."
        )
        remedy = "Name the --outdir of nf-core/nascent; run it with --bam where it kept no alignments."
        raise StudyError(Problem(str(results), "no alignments and no tracks", rule, remedy))
    groups = {match["condition"] for name in (*alignments, *tracks) if (match := REPLICATE.fullmatch(name))}
    sums = sorted(name for name in alignments if name in groups)
    notices = [f"{', '.join(sums)}: the sum of the replicates, left out"] if sums else []
    assay, assumed = _assay(results)
    libraries: list[dict[str, object]] = []
    problems: list[Problem] = []
    only_tracks: list[str] = []
    for sample in sorted({*alignments, *tracks} - set(sums)):
        files: dict[str, Path] = {}
        if sample in alignments:
            kind = next(kind for kind in KINDS if kind in alignments[sample])
            files = _one(sample, {"alignments": alignments[sample][kind]}, problems)
        else:
            form = next(form for form in FORMS if form in tracks[sample])
            strands = tracks[sample][form]
            files = _one(
                sample, {f"bigwig_{strand}": strands.get(strand, []) for strand in ("plus", "minus")}, problems
            )
            only_tracks.append(sample)
        match = REPLICATE.fullmatch(sample)
        libraries.append(
            {
                "id": _identifier(sample),
                "condition": _identifier(match["condition"] if match else sample),
                "replicate": int(match["number"]) if match else 1,
                "assay": assay,
                **files,
                "metadata": {"pipeline": "nf-core/nascent", "sample": sample},
            }
        )
    if problems:
        raise StudyError(problems)
    lost = sorted(_aligned(results) - {*alignments, *tracks, *groups})
    if lost:
        those = "it" if len(lost) == 1 else "them"
        notices.append(
            f"{', '.join(lost)}: neither alignments nor tracks, though the pipeline has aligned {those}; the study is written "
            f"without {those}. Run the pipeline with --bam, or copy the missing files, and start again"
        )
    if only_tracks:
        notices.append(
            f"{', '.join(only_tracks)}: tracks only. Unless the pipeline was told otherwise, they hold coverage of whole reads, "
            "which `groprog study check` refuses; run it again with --bam, or give tracks of read ends (docs/nfcore.md)"
        )
    if not any(REPLICATE.fullmatch(str(sample)) for sample in (*alignments, *tracks)):
        notices.append("no sample is named CONDITION_REP1: set condition and replicate of each library")
    return NfcoreFolder(libraries, assumed, notices)


def _aligned(results: Path) -> set[str]:
    """Samples that the pipeline aligned, by the statistics it writes of each."""
    found = (STATISTICS.fullmatch(path.name) for path in _files(results))
    return {match["sample"] for match in found if match}


def _files(results: Path) -> Iterator[Path]:
    """Files up to DEPTH folders down, in a fixed order; not those of tag directories, the genome or Nextflow's own."""
    for at, folders, names in os.walk(results):
        depth = len(Path(at).relative_to(results).parts)
        folders[:] = sorted(
            name
            for name in folders
            if depth < DEPTH
            and not name.startswith(".")
            and not name.endswith("_tagdir")
            and name not in ("work", "genome")
        )
        yield from (Path(at) / name for name in sorted(names))


def _one(sample: str, named: dict[str, list[Path]], problems: list[Problem]) -> dict[str, Path]:
    """The only file of each field; a problem for a field without one or with several."""
    files = {}
    for field, paths in named.items():
        if len(paths) == 1:
            files[field] = paths[0].resolve()
            continue
        value = f"{count_of(len(paths), 'file')}: {', '.join(map(str, paths))}" if paths else f"no file for {field}"
        remedy = "Name the folder of one aligner." if paths else "Copy the missing file."
        problems.append(Problem(f"sample {sample}", value, "A library has one file, or one of each strand.", remedy))
    return files


def _assay(results: Path) -> tuple[str, list[str]]:
    """The assay by the pipeline's recorded parameters, and what is to be said of it."""
    for path in sorted((results / "pipeline_info").glob("params*.json"), reverse=True):
        try:
            given = json.loads(path.read_text(encoding="utf-8")).get("assay_type")
        except (OSError, ValueError, AttributeError):
            continue
        if not isinstance(given, str | None):
            given = json.dumps(given)
        if given in ASSAYS:
            return ASSAYS[given], []
        if given in OTHER_CAPPED:
            return "gro-cap", [
                f"assay_type {given}: read as gro-cap, which counts the 5' end of capped RNA too; check it"
            ]
        if given is not None:
            return "gro-seq", [f"assay_type {given!r} names no assay: correct `assay` of each library"]
    return "gro-seq", [
        "pipeline_info/params*.json states no assay_type: correct `assay` of each library, written as gro-seq"
    ]


def _identifier(name: str) -> str:
    """A name that can be one of the study file's."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name).lstrip("_.-")[:64] or "library"


def _relative(path: Path, folder: Path) -> str:
    return os.path.relpath(path.resolve(), folder.resolve())
