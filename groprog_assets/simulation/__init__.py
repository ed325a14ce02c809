"""The bundled study: a small world with a planted truth, written in the formats that users bring.

Belongs here: what is planted and how it is written. Not here: reading it; the parsers of `methods` do, as for any study.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pysam
import yaml

from groprog_assets.simulation.cohort import PLANS, Kind, SimulatedCohort, build_cohort, build_external
from groprog_assets.simulation.omics import PARAMETERS, build_omics, write_omics
from groprog_assets.simulation.ontology import TERMS, annotate, write_ontology
from groprog_assets.simulation.reads import (
    DESIGN,
    SimulatedLibrary,
    draw_reads,
    patient_library,
    profiles,
    write_alignments,
    write_marks,
)
from groprog_assets.simulation.world import SCALES, World, build_world, rows_of

__all__ = ["HEADER", "simulate_study"]

HEADER = """\
# The bundled study: simulated, with the planted truth in truth/. Every file is in a format your own study may have.
# `groprog study init FOLDER` writes a template in which each field is explained.
"""

VCF_HEADER = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
SEQUENCE: dict[str, Any] = {
    "windows": {"tss": [500, 300], "tts": None},
    "views": ["promoter"],
    "variants": ["genome/variants.vcf"],
    # The published penalties are for thousands of genes; this genome has 240.
    "parameters": {"penalties": [30, 300, 3000], "words_kmer_penalty": 3000, "word_penalty": 30, "word_genes": 20},
}
"""The sequence half of the bundled study."""


def simulate_study(
    folder: Path,
    seed: int = 20260101,
    patients: int | None = None,
    scale: Literal["bundled", "tiny"] = "bundled",
    fastq: bool = True,
    matched: bool = False,
    landmark: float | None = None,
    kind: Kind = "programme",
) -> Path:
    """Write the study into `folder` (made if absent; files of the same name are replaced) and return its study.yaml.

    seed: equal seeds give equal bytes. patients: None takes the scale's number (400 bundled, 60 tiny). scale: `bundled` has
    7.2 Mb on two chromosomes, about 240 genes, and an omics half (`build_omics`); `tiny` 0.7 Mb and about 40 genes, for tests.
    fastq: also write the reads of the first library as FASTQ, for the per-cycle quality. matched: each patient also has a
    nascent library of his own, in which the planted signature is the share of the planted changes, and the study is in matched
    mode. landmark: months after baseline at which the study's clock starts; from 60 days on the treatment enters. kind: what
    the cohort plants (`PLANS` of `cohort`).
    Raises ValueError for fewer than 20 patients, of which no cohort with ten events can be expected.
    """
    size = SCALES[scale]
    patients = size.patients if patients is None else patients
    if patients < 20:
        raise ValueError(f"{patients} patients: at least 20 are needed for a cohort with ten events")
    folder = Path(folder)
    for part in ("genome", "reads", "marks", "ontology", "cohort", "validation", "truth"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    world = build_world(size, seed)
    _write_genome(world, folder / "genome")
    stretches = profiles(world, seed)
    drawn = {}
    for library in DESIGN:
        reads = draw_reads(world, library, stretches, seed)
        first = fastq and library is DESIGN[0]
        path = folder / "reads" / f"{library.id}.bam"
        write_alignments(world, library, reads, path, path.with_suffix(".fastq.gz") if first else None, seed)
        drawn[library.id] = len(reads)
    write_marks(world, folder / "marks", seed)
    annotations = annotate(world, seed)
    write_ontology(annotations, folder / "ontology" / "go.obo", folder / "ontology" / "annotations.gaf")
    cohort = build_cohort(world, patients, size.other_genes, seed, kind)
    own = {}
    if matched:
        for place, (patient, signature) in enumerate(zip(cohort.truth["patient_id"], cohort.truth["signature"])):
            own[patient] = library = patient_library(float(signature), place)
            path = folder / "reads" / f"{library.id}.bam"
            write_alignments(world, library, draw_reads(world, library, stretches, seed), path, None, seed)
    cohort.clinical.to_csv(folder / "cohort" / "clinical.tsv", sep="\t", index=False, lineterminator="\n")
    cohort.expression.to_csv(folder / "cohort" / "expression.tsv", sep="\t", na_rep="NA", lineterminator="\n")
    elsewhere = build_external(world, cohort, max(40, size.patients * 3 // 8), size.other_genes, seed, kind)
    elsewhere.clinical.to_csv(folder / "validation" / "clinical.csv", index=False, lineterminator="\n")
    elsewhere.expression.to_csv(folder / "validation" / "expression.tsv", sep="\t", na_rep="NA", lineterminator="\n")
    _write_truth(world, annotations, cohort, drawn, folder / "truth", seed, kind)
    omics: dict[str, Any] = {}
    if scale == "bundled":
        omics = write_omics(build_omics(world, cohort, seed), folder)
    study = folder / "study.yaml"
    study.write_text(
        HEADER
        + yaml.safe_dump(
            _study(world, scale, fastq, own, landmark, omics), sort_keys=False, width=120, allow_unicode=True
        )
    )
    return study


def _write_genome(world: World, folder: Path) -> None:
    """chrom.sizes, GTF, FASTA with index, masks."""
    (folder / "chrom.sizes").write_text("".join(f"{chrom}\t{size}\n" for chrom, size in world.chrom_sizes.items()))
    lines = []
    for row in rows_of(world.transcripts):
        attributes = f'gene_id "{row.gene}"; transcript_id "{row.transcript}"; gene_name "{row.gene}";'
        edges = np.linspace(row.start, row.end, 6).astype(int)  # three exons, two introns
        intervals = [("transcript", row.start, row.end)]
        intervals += [("exon", edges[k], edges[k + 1]) for k in (0, 2, 4)]
        lines += [
            f"{row.chrom}\tGroProg\t{kind}\t{start + 1}\t{end}\t.\t{row.strand}\t.\t{attributes}\n"
            for kind, start, end in intervals
        ]
    (folder / "annotation.gtf").write_text("".join(lines))
    with open(folder / "genome.fa", "wb") as file:
        for chrom, bases in world.sequence.items():
            file.write(f">{chrom}\n".encode())
            whole = len(bases) // 60 * 60
            rows = np.full((whole // 60, 61), ord("\n"), np.uint8)
            rows[:, :60] = bases[:whole].reshape(-1, 60)
            file.write(rows.tobytes())
            if whole < len(bases):
                file.write(bases[whole:].tobytes() + b"\n")
    pysam.faidx(str(folder / "genome.fa"))
    variants = "".join(
        f"{v.chrom}\t{v.position}\t{v.name}\t{v.ref}\t{v.alt}\t.\t.\t.\n" for v in world.variants.itertuples(False)
    )
    (folder / "variants.vcf").write_text(VCF_HEADER + variants)
    chrom, start, end = world.blacklist
    (folder / "blacklist.bed").write_text(f"{chrom}\t{start}\t{end}\tHigh Signal Region\n")
    (folder / "multi_copy.bed").write_text(
        "".join(f"{row.chrom}\t{row.start}\t{row.end}\trDNA {row.name}\n" for row in rows_of(world.repeats))
    )


def _write_truth(
    world: World,
    annotations: pd.DataFrame,
    cohort: SimulatedCohort,
    drawn: dict[str, int],
    folder: Path,
    seed: int,
    kind: Kind,
) -> None:
    """genes.tsv, transcripts.bed, enhancers.tsv, patients.tsv, summary.json and others: what a stage should find again."""
    world.genes.to_csv(folder / "genes.tsv", sep="\t", index=False, lineterminator="\n")
    units = world.units
    (folder / "transcripts.bed").write_text(
        "".join(f"{u.chrom}\t{u.start}\t{u.end}\t{u.genes}\t1000\t{u.strand}\n" for u in rows_of(units))
    )
    world.enhancers.to_csv(folder / "enhancers.tsv", sep="\t", index=False, lineterminator="\n", float_format="%.6f")
    world.words.to_csv(folder / "words.tsv", sep="\t", index=False, lineterminator="\n")
    world.variants.to_csv(folder / "variants.tsv", sep="\t", index=False, lineterminator="\n")
    cohort.truth.to_csv(folder / "patients.tsv", sep="\t", index=False, lineterminator="\n", float_format="%.6f")
    annotations.to_csv(folder / "annotations.tsv", sep="\t", index=False, lineterminator="\n")
    summary = {
        "seed": seed,
        "reads": drawn,
        "genes": len(world.genes),
        "expressed_genes": int(world.genes["expressed"].sum()),
        "units": len(units),
        "up": int((world.genes["log2_fold_change"] > 0).sum()),
        "down": int((world.genes["log2_fold_change"] < 0).sum()),
        "enhancers": {str(kind): int(n) for kind, n in world.enhancers["kind"].value_counts().sort_index().items()},
        "enriched_terms": {term.id: term.enriched for term in TERMS if term.enriched},
        "target": {"chrom": world.target[0], "start": world.target[1], "end": world.target[2], "log2_fold_change": 3.0},
        "cohort": kind,
        "log_hazard": PLANS[kind].coefficients,
    }
    (folder / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")


def _study(
    world: World,
    scale: str,
    fastq: bool,
    own: dict[str, SimulatedLibrary],
    landmark: float | None,
    omics: dict[str, Any],
) -> dict[str, Any]:
    """The study file's content."""
    changed = world.genes[world.genes["log2_fold_change"] != 0].sort_values("log2_fold_change")
    loci = [
        {"name": "strongest_up", "gene": changed["gene"].iloc[-1], "reason": "largest planted rise"},
        {"name": "strongest_down", "gene": changed["gene"].iloc[0], "reason": "largest planted fall"},
        {
            "name": "ribosomal_repeat",
            "gene": world.repeats["name"].iloc[0],
            "reason": "multi-copy: its reads cannot be placed and must not be counted",
        },
    ]
    chrom, start, end = world.target
    libraries = []
    for library in DESIGN:
        entry: dict[str, Any] = {"id": library.id, "condition": library.condition, "replicate": library.replicate}
        if fastq and library is DESIGN[0]:
            entry["reads"] = [f"reads/{library.id}.fastq.gz"]
        entry["alignments"] = f"reads/{library.id}.bam"
        entry["metadata"] = {"cells": "simulated", "run_on": "5 min, BrU", "read_length": 36}
        libraries.append(entry)
    clinical_fields = [
        {"column": "AGE", "name": "age", "kind": "continuous", "unit": "years"},
        {"column": "SEX", "name": "sex", "kind": "categorical", "levels": ["Female", "Male"]},
        {"column": "STAGE", "name": "stage", "kind": "ordinal", "levels": ["I", "II", "III", "IV"]},
        {"column": "GRADE", "name": "grade", "kind": "ordinal", "levels": ["G1", "G2", "G3"]},
        {"column": "ALBUMIN", "name": "albumin", "kind": "continuous", "unit": "g/dl"},
        {
            "column": "TREATMENT",
            "name": "treatment",
            "kind": "categorical",
            "known_at_days": 60,
            "block": "treatment",
        },
    ]
    origin = {"cell_type": "simulated", "build": "sim1", "source": "GroProg simulation"}
    elsewhere = {
        "name": "other_centre",
        "clinical": "validation/clinical.csv",
        "patient_column": "id",
        "endpoint": {
            "name": "OS",
            "time_column": "days",
            "event_column": "vital",
            "time_unit": "days",
            "event_values": ["dead"],
            "censored_values": ["alive"],
        },
        "fields": [
            {"column": "age", "name": "age", "kind": "continuous", "unit": "years"},
            {
                "column": "sex",
                "name": "sex",
                "kind": "categorical",
                "levels": ["Female", "Male"],
                "vocabulary": {"F": "Female", "M": "Male"},
            },
            {
                "column": "ajcc",
                "name": "stage",
                "kind": "ordinal",
                "levels": ["I", "II", "III", "IV"],
                "vocabulary": {f"Stage {level}": level for level in ("I", "II", "III", "IV")},
            },
            {"column": "grade", "name": "grade", "kind": "ordinal", "levels": ["G1", "G2", "G3"]},
        ],
        "expression": {"path": "validation/expression.tsv", "scale": "log"},
        "harmonize": True,
    }
    parameters: dict[str, Any] = {
        "training": {"joint_epochs": 60, "ensemble_seeds": 2},
        "linear_path": {"partitions": 1},
        "evaluation": {"bootstrap_samples": 200},
        **PARAMETERS,
    }
    if scale == "tiny":
        parameters = {
            "training": {
                "genomic_warmup_epochs": 2,
                "clinical_warmup_epochs": 2,
                "joint_epochs": 4,
                "ensemble_seeds": 1,
            },
            "evaluation": {"folds": 3, "bootstrap_samples": 20},
            "enrichment": {"minimum_term_size": 3},
            "transcription": {"tune": False},
            "perturbation": {"draws": 1},
            "ablation": {"parts": "none"},
        }
    for library in own.values():
        path = f"reads/{library.id}.bam"
        libraries.append(
            {"id": library.id, "condition": library.condition, "replicate": library.replicate, "alignments": path}
        )
    if landmark is not None:
        parameters["cohort"] = {"landmark_months": landmark}
    if own:
        parameters["representation"] = {"mode": "matched"}
    return {
        "name": "bundled" if scale == "bundled" else "tiny",
        "title": "Simulated perturbation experiment and cohort",
        "genome": {
            "name": "sim1",
            "chrom_sizes": "genome/chrom.sizes",
            "annotation": "genome/annotation.gtf",
            "blacklist": "genome/blacklist.bed",
            "multi_copy": "genome/multi_copy.bed",
            "fasta": "genome/genome.fa",
        },
        "libraries": libraries,
        "contrast": {"treatment": "treated", "control": "control"},
        "loci": loci,
        "marks": [
            {"name": mark, "bigwig": f"marks/{mark}.bw", **origin} for mark in ("H3K4me3", "H3K27ac", "H3K27me3")
        ],
        "ontology": {"obo": "ontology/go.obo", "gaf": "ontology/annotations.gaf"},
        **({"sequence": SEQUENCE} if scale == "bundled" else {}),
        "signature_target": f"{chrom}:{start + 1}-{end}",
        "cohort": {
            "clinical": "cohort/clinical.tsv",
            "endpoint": {"name": "OS", "time_column": "OS_MONTHS", "event_column": "OS_STATUS"},
            "fields": clinical_fields,
            "batch_column": "BATCH",
            "expression": {"path": "cohort/expression.tsv", "scale": "log"},
            **({"nascent_libraries": {patient: library.id for patient, library in own.items()}} if own else {}),
        },
        "validation": [elsewhere],
        **({"omics": omics} if omics else {}),
        "parameters": parameters,
    }
