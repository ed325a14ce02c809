"""The rules of a study file: between its fields (`rule_findings`) and for the files it names (`file_findings`).

Study in, findings out; nothing is written. Standard library only.
"""

from __future__ import annotations

import difflib
import json
import os
from collections import Counter
from collections.abc import Iterator
from math import isfinite
from pathlib import Path

from groprog_assets.errors import AnnotationError, GroProgError, TextTableError
from groprog_assets.study.assays import COVERAGE_TRACKS
from groprog_assets.study.assemblies import other_assembly, same_assembly
from groprog_assets.study.chrom_sizes import read_chrom_sizes
from groprog_assets.study.descriptor_rules import descriptor_rules
from groprog_assets.study.files import bam_problem, clinical_path, open_regular, other_kind
from groprog_assets.study.finding import Finding, closest, repeated
from groprog_assets.study.initiation_rules import initiation_rules
from groprog_assets.study.intervals import parse_interval, parse_place, target_text
from groprog_assets.study.library_files import equal_files
from groprog_assets.study.matrix_rules import matrix_files, matrix_layouts, matrix_rules, patient_assay_rules
from groprog_assets.study.new_study import TO_FILL_IN, TWO_CONDITIONS
from groprog_assets.study.omics_rules import omics_files, omics_rules
from groprog_assets.study.other_cohorts import other_cohort_rules, other_cohorts
from groprog_assets.study.recording_rules import recording_rules
from groprog_assets.study.schema import ClinicalField, Cohort, Library, OtherCohort, Study, TargetRegion
from groprog_assets.study.sequence_rules import sequence_files, sequence_rules
from groprog_assets.study.text_tables import table_layout

RESERVED_FIELDS = frozenset({"patient_id", "batch", "time", "event"})


def rule_findings(study: Study) -> list[Finding]:
    """Every rule between fields that is broken."""
    absent = [*_halves(study)]
    if absent or not study.libraries:
        return [*absent, *(_cohort(study) if not absent else ()), *omics_rules(study)]
    return [
        *_libraries(study),
        *initiation_rules(study),
        *_regions(study),
        *_cohort(study),
        *descriptor_rules(study),
        *other_cohort_rules(study),
        *omics_rules(study),
        *sequence_rules(study),
    ]


NASCENT_FIELDS = ("genome", "libraries", "contrast")


def _halves(study: Study) -> Iterator[Finding]:
    """A study has libraries with their genome and contrast, or omics, or both; what belongs to libraries needs them."""
    given = [name for name in NASCENT_FIELDS if getattr(study, name)]
    if study.omics is not None and not given:
        for name in ("loci", "marks", "ontology", "signature_target", "validation", "sequence"):
            if getattr(study, name):
                rule = f"{name} is read together with libraries."
                yield Finding((name,), "without libraries", rule, "Add genome, libraries and contrast, or remove it.")
        if study.cohort is not None:
            yield from _cohort_alone(study, study.cohort)
        return
    for name in NASCENT_FIELDS:
        if name not in given:
            remedy = "It is: " + (Study.model_fields[name].description or "") + "."
            yield Finding((name,), "missing", f"The field {name!r} is required.", remedy)


def _cohort_alone(study: Study, cohort: Cohort) -> Iterator[Finding]:
    """A cohort without libraries: nothing describes its genes, so the model reads fields, assays and further matrices."""
    without = (
        (
            "expression",
            "Expression is read by what libraries say of the genes.",
            "Name it as an assay, in cohort.omics.",
        ),
        ("nascent_libraries", "They are libraries of the study.", "Add genome, libraries and contrast, or remove it."),
        ("sources", "Other cohorts are read beside expression.", "Remove it."),
    )
    for name, rule, remedy in without:
        if getattr(cohort, name):
            yield Finding(("cohort", name), "without libraries", rule, remedy)
    mode = study.parameters.representation.mode
    if mode != "clinical":
        rule = "Without libraries no gene is described."
        yield Finding(
            ("parameters", "representation", "mode"), mode, rule, "Set parameters.representation.mode: clinical."
        )


def _libraries(study: Study) -> Iterator[Finding]:
    libraries = study.libraries
    yield from repeated([library.id for library in libraries], ("libraries",), "id", "Libraries")
    for k, library in enumerate(libraries):
        yield from _sources(library, study, ("libraries", k))
    patients = set(study.nascent_libraries.values())
    replicates = Counter((lib.condition, lib.replicate) for lib in libraries if lib.id not in patients)
    for (condition, replicate), count in replicates.items():
        if count > 1:
            last = max(k for k, lib in enumerate(libraries) if (lib.condition, lib.replicate) == (condition, replicate))
            yield Finding(
                ("libraries", last, "replicate"),
                f"{condition} replicate {replicate} stands {count} times",
                "A replicate is one library.",
                "Number the replicates.",
            )
    yield from _contrast(study, sorted({library.condition for library in study.experiment_libraries}))


def _contrast(study: Study, conditions: list[str]) -> Iterator[Finding]:
    """Two conditions are compared, each with a library. What is still to be filled in is said once."""
    sides = {side: getattr(study.contrast, side) for side in ("treatment", "control")}
    if len(conditions) == 1:
        yield Finding(("contrast",), f"all libraries are of condition {conditions[0]!r}", *TWO_CONDITIONS)
        return
    unfilled = [side for side, name in sides.items() if name == TO_FILL_IN]
    if unfilled:
        rule = "A contrast compares two conditions that have libraries."
        remedy = f"Write the names; the conditions are {', '.join(conditions)}."
        yield Finding(("contrast",), f"{TO_FILL_IN} still stands for {' and '.join(unfilled)}", rule, remedy)
    for side, name in sides.items():
        if name not in conditions and side not in unfilled:
            yield Finding(
                ("contrast", side),
                f"{name!r} has no library",
                "Each side of the contrast needs at least one library that is no control and no patient's own.",
                closest(name, conditions),
            )
    if sides["treatment"] == sides["control"] and not unfilled:
        yield Finding(("contrast",), "both sides alike", "A contrast compares two conditions.", "Name two conditions.")


def _sources(library: Library, study: Study, at: tuple[str | int, ...]) -> Iterator[Finding]:
    """Where a library's reads come from: alignments, a bigWig pair, or FASTQ; reads beside alignments give qualities only."""
    tracks = [library.bigwig_plus, library.bigwig_minus]
    if any(tracks) and not all(tracks):
        yield Finding(
            at, "one bigWig of two", "A library as tracks needs bigwig_plus and bigwig_minus.", "Give the other strand."
        )
    if any(tracks) and library.read_end == "coverage":
        yield Finding((*at, "read_end"), *COVERAGE_TRACKS)
    if any(tracks) and (library.alignments or library.reads):
        yield Finding(
            at, "bigWig beside reads or alignments", "A library has one source of positions.", "Keep one of them."
        )
    if not any(tracks) and not library.alignments and not library.reads:
        yield Finding(
            at,
            f"library {library.id} has neither reads nor alignments",
            "A library needs reads (FASTQ), alignments (BAM, SAM, CRAM) or a bigWig pair.",
            "Add one of them.",
        )
    if library.reads and not library.alignments and study.genome.bowtie2_index is None:
        yield Finding(
            (*at, "reads"), "FASTQ without an index", "FASTQ must be aligned first.", "Give genome.bowtie2_index."
        )
    if library.alignments and library.alignments.suffix.lower() == ".cram" and study.genome.fasta is None:
        yield Finding((*at, "alignments"), library.alignments.name, "CRAM needs the reference.", "Give genome.fasta.")


def _regions(study: Study) -> Iterator[Finding]:
    yield from repeated([locus.name for locus in study.loci], ("loci",), "name", "Loci")
    for k, locus in enumerate(study.loci):
        named = [name for name in ("gene", *_PLACES) if getattr(locus, name) is not None]
        if len(named) != 1:
            yield Finding(
                ("loci", k),
                " and ".join(named) or "neither gene nor interval nor region",
                "A locus is a gene of the annotation, an interval, or the initiation region called at a place.",
                "Give one of them.",
            )
        if locus.interval is not None and parse_interval(locus.interval) is None:
            yield Finding(("loci", k, "interval"), locus.interval, *_INTERVAL_RULE)
        if locus.region is not None and parse_place(locus.region) is None:
            yield Finding(("loci", k, "region"), locus.region, *_PLACE_RULE)
    target = study.signature_target
    if isinstance(target, str) and parse_interval(target) is None:
        yield Finding(("signature_target",), target, *_INTERVAL_RULE)
    elif isinstance(target, TargetRegion) and parse_place(target.region) is None:
        yield Finding(("signature_target", "region"), target.region, *_PLACE_RULE)
    yield from repeated([mark.name for mark in study.marks], ("marks",), "name", "Marks")
    for k, mark in enumerate(study.marks):
        if not same_assembly(mark.build, study.genome.name):
            yield Finding(
                ("marks", k, "build"),
                mark.build,
                f"A track must lie on the study's assembly, {study.genome.name}.",
                "Lift the track over, or take one made on this assembly.",
            )
    ontology = study.ontology
    if ontology is not None and ontology.gmt is None and (ontology.obo is None or ontology.gaf is None):
        given = "obo without gaf" if ontology.obo else "gaf without obo" if ontology.gaf else "empty"
        yield Finding(
            ("ontology",), given, "An ontology is an OBO with its GAF, or a GMT.", "Give the missing file, or a GMT."
        )
    if ontology is not None and ontology.gmt is not None and (ontology.obo or ontology.gaf):
        yield Finding(
            ("ontology",), "gmt beside obo or gaf", "An ontology is an OBO with its GAF, or a GMT.", "Keep one."
        )


_PLACES = ("interval", "region")
_INTERVAL_RULE = (
    "An interval is written chrom:start-end, 1-based, both ends included, start not after end.",
    "Write it like chr21:26,900,001-26,910,000.",
)
_PLACE_RULE = (
    "An initiation region is named by its place, chrom:start-end, 1-based, and where one strand is meant by :+ or :- after it.",
    "Write it like chr21:26,900,001-26,910,000 or chr21:26,900,001-26,910,000:-.",
)


def _units(field: ClinicalField, at: tuple[str | int, ...]) -> Iterator[Finding]:
    """Units told apart by range: one reading a value, each with a way into the field's unit."""
    if field.units and field.kind != "continuous":
        yield Finding((*at, "units"), f"{field.name} is {field.kind}", "Levels have no unit.", "Set kind: continuous.")
    if field.units and not field.unit:
        yield Finding((*at,), f"{field.name} without unit", "Values are brought into the field's unit.", "State unit.")
    for k, stated in enumerate(field.units):
        where = (*at, "units", k)
        if not (isfinite(stated.lowest) and isfinite(stated.highest) and stated.lowest < stated.highest):
            shown = f"[{stated.lowest:g}, {stated.highest:g}]"
            yield Finding(where, shown, "A range has a finite lower and a higher upper end.", "Mend it.")
        if not (isfinite(stated.factor) and stated.factor > 0):
            yield Finding((*where, "factor"), f"{stated.factor:g}", "A factor is a positive number.", "Mend it.")
        if stated.unit == field.unit and stated.factor != 1:
            rule = f"{stated.unit} is the field's own unit: its factor is 1."
            yield Finding((*where, "factor"), f"{stated.factor:g}", rule, "Remove the factor, or mend the unit.")
        for other in field.units[:k]:
            if stated.lowest <= other.highest and other.lowest <= stated.highest:
                rule = "Ranges of two units do not overlap: a value has one reading."
                yield Finding(where, f"{stated.unit} overlaps {other.unit}", rule, "Narrow one of them.")


def _cohort(study: Study) -> Iterator[Finding]:
    if study.cohort is None:
        return
    cohort, at = study.cohort, ("cohort", "fields")
    yield from repeated([field.name for field in cohort.fields], at, "name", "Fields")
    yield from repeated([field.column for field in cohort.fields], at, "column", "Columns")
    for k, field in enumerate(cohort.fields):
        if field.column in cohort.endpoint.columns:
            yield Finding(
                (*at, k, "column"),
                f"{field.column} is the outcome",
                "What is predicted may not be an input (it would give a concordance of 1 on any cohort).",
                "Remove the field.",
            )
        if field.column == cohort.patient_column:
            yield Finding(
                (*at, k, "column"), field.column, "The patient identifier is no covariate.", "Remove the field."
            )
        if field.kind == "ordinal" and len(field.levels) < 2:
            yield Finding(
                (*at, k),
                f"ordinal {field.name} without levels",
                "An order must be stated.",
                "List the levels, lowest first.",
            )
        if len(set(field.levels)) < len(field.levels):
            yield Finding((*at, k, "levels"), f"{field.levels}", "A level stands once.", "Remove the repetition.")
        if field.kind == "continuous" and field.levels:
            yield Finding(
                (*at, k, "levels"), f"{field.levels}", "A continuous field has no levels.", "Remove them, or set kind."
            )
        if field.kind != "continuous" and field.height_column:
            yield Finding(
                (*at, k), f"{field.name} is {field.kind}", "A body mass index is a number.", "Set kind: continuous."
            )
        yield from recording_rules(field, cohort.endpoint.columns, (*at, k))
        yield from _units(field, (*at, k))
        if field.plausible is not None and not field.plausible[0] < field.plausible[1]:
            shown = f"[{field.plausible[0]:g}, {field.plausible[1]:g}]"
            yield Finding((*at, k, "plausible"), shown, "A range has a lower and a higher end.", "Mend it.")
        if field.plausible is not None and field.kind != "continuous":
            yield Finding((*at, k, "plausible"), field.kind, "Levels have no range.", "Remove it, or set the kind.")
        if field.name in RESERVED_FIELDS:
            yield Finding(
                (*at, k, "name"), field.name, "The name is taken by the cohort's own tables.", "Rename the field."
            )
        strangers = sorted(set(field.vocabulary.values()) - {"", *field.levels})
        if field.levels and strangers:
            yield Finding(
                (*at, k, "vocabulary"),
                ", ".join(strangers),
                "A vocabulary leads to levels.",
                f"Levels are {field.levels}.",
            )
    endpoint = cohort.endpoint
    both = {v.lower() for v in endpoint.event_values} & {v.lower() for v in endpoint.censored_values}
    if both:
        yield Finding(
            ("cohort", "endpoint"),
            ", ".join(sorted(both)),
            "A value means event or censored, not both.",
            "Remove it from one.",
        )
    if endpoint.time_column == endpoint.event_column:
        yield Finding(("cohort", "endpoint"), endpoint.time_column, "Time and event are two columns.", "Name both.")
    ids = [library.id for library in study.libraries]
    for patient, library in cohort.nascent_libraries.items():
        if library not in ids:
            yield Finding(
                ("cohort", "nascent_libraries", patient), library, "The library must be listed.", closest(library, ids)
            )
    yield from matrix_rules(study)
    yield from patient_assay_rules(study)
    mode = study.parameters.representation.mode
    if mode == "signature" and cohort.expression is None:
        yield Finding(
            ("cohort",),
            "no expression",
            "The signature mode makes the experiment personal through each patient's expression.",
            "Give cohort.expression, or set parameters.representation.mode to clinical.",
        )
    if mode == "matched" and not cohort.nascent_libraries:
        yield Finding(
            ("cohort",),
            "no nascent_libraries",
            "The matched mode needs a library for each patient.",
            "Give cohort.nascent_libraries, or set parameters.representation.mode.",
        )


def file_findings(study: Study) -> list[Finding]:
    """Problems of the files a study names, from their first and last bytes."""
    findings = []
    for at, path in named_files(study):
        found = None if at[0] == "omics" and path.is_dir() else _file(at, path)
        if found:
            findings.append(found)
    if not study.libraries:
        return findings
    index = study.genome.bowtie2_index
    if index is not None and not any(Path(f"{index}.1.{suffix}").exists() for suffix in ("bt2", "bt2l")):
        rule = "A bowtie2 index is named by its prefix; prefix.1.bt2 must exist."
        remedy = f"Make it with bowtie2-build {study.genome.fasta or 'GENOME.fa'} {index}"
        findings.append(Finding(("genome", "bowtie2_index"), f"{index}.1.bt2 does not exist", rule, remedy))
    findings += equal_files(study)
    broken = {finding.at for finding in findings}
    findings += _chromosomes(study) if ("genome", "chrom_sizes") not in broken else []
    if study.cohort is not None and ("cohort", "clinical") not in broken:
        findings += _clinical(study.cohort, ("cohort",), broken)
    for at, other in other_cohorts(study):
        findings += _clinical(other, at, broken) if (*at, "clinical") not in broken else []
    return findings


def named_files(study: Study) -> Iterator[tuple[tuple[str | int, ...], Path]]:
    """Every input file with its field; folders to be made (results, inbox) are not inputs."""
    genome, cohort, ontology = study.genome, study.cohort, study.ontology
    for name in ("chrom_sizes", "annotation", "blacklist", "multi_copy", "fasta"):
        if genome is not None and getattr(genome, name) is not None:
            yield ("genome", name), getattr(genome, name)
    for k, library in enumerate(study.libraries):
        for j, mate in enumerate(library.reads):
            yield ("libraries", k, "reads", j), mate
        for name in ("alignments", "bigwig_plus", "bigwig_minus"):
            if getattr(library, name) is not None:
                yield ("libraries", k, name), getattr(library, name)
    for k, mark in enumerate(study.marks):
        yield ("marks", k, "bigwig"), mark.bigwig
    for name in ("obo", "gaf", "gmt"):
        if ontology is not None and getattr(ontology, name) is not None:
            yield ("ontology", name), getattr(ontology, name)
    yield from sequence_files(study)
    if cohort is not None:
        yield ("cohort", "clinical"), clinical_path(cohort.clinical)
        yield from matrix_files(cohort, ("cohort",))
        if cohort.splits is not None:
            yield ("cohort", "splits"), cohort.splits
    yield from omics_files(study)
    for at, other in other_cohorts(study):
        yield (*at, "clinical"), clinical_path(other.clinical)
        yield from matrix_files(other, at)


def _unusable(path: Path) -> str:
    """Why a path cannot name a file at all: a pipe or device, or a name that the system refuses; "" otherwise."""
    try:
        os.stat(path)
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error)
    kind = other_kind(path)
    return f"{kind}, no regular file" if kind not in ("", "a folder") else ""


def _file(at: tuple[str | int, ...], path: Path) -> Finding | None:
    """Missing, unreadable, empty or visibly broken files."""
    if problem := _unusable(path):
        return Finding(at, f"{path}: {problem}", "A file of a study is a regular file.", "Name the file itself.")
    if not path.exists():
        near = (
            difflib.get_close_matches(path.name, [p.name for p in path.parent.iterdir()], 1)
            if path.parent.is_dir()
            else []
        )
        remedy = f"Did you mean {near[0]!r}?" if near else "Check the path; it is relative to the study file."
        return Finding(at, f"{path} does not exist", "Every file a study names must be there.", remedy)
    if path.is_dir():
        return Finding(at, f"{path} is a folder", "A file is expected.", "Name the file in it.")
    try:
        with open_regular(path) as file:
            start = file.read(4)
        broken = bam_problem(path) if path.suffix.lower() == ".bam" else ""
    except OSError as error:
        return Finding(at, f"{path}: {error.strerror}", "The file must be readable.", "Mend its permissions.")
    if not start:
        return Finding(at, f"{path} is empty", "An input file holds something.", "Was it written completely?")
    if broken:
        return Finding(at, f"{path}: {broken}", "A BAM must be whole.", "Copy or write it again.")
    if path.suffix == ".gz" and start[:2] != b"\x1f\x8b":
        return Finding(at, f"{path} is not gzip", "The suffix .gz promises gzip.", "Rename or compress it.")
    if at == ("cohort", "splits"):
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            return Finding(at, f"{path}: {error}", "Fixed folds are JSON.", "Mend the file.")
    return None


def _chromosomes(study: Study) -> Iterator[Finding]:
    """chrom_sizes parses, and the intervals lie on it."""
    try:
        sizes = read_chrom_sizes(study.genome.chrom_sizes)
    except AnnotationError as error:
        yield from _file_findings(("genome", "chrom_sizes"), error)
        return
    other = other_assembly(study.genome.name, sizes)
    if other is not None:
        yield Finding(("genome", "name"), *other)
    places = [(("loci", k, name), getattr(locus, name)) for k, locus in enumerate(study.loci) for name in _PLACES]
    for at, text in [*places, (("signature_target",), target_text(study.signature_target))]:
        parsed = parse_place(text) if text else None
        if parsed is None:
            continue
        chrom, end = parsed.chrom, parsed.end
        if chrom not in sizes:
            yield Finding(at, f"{text}", f"{chrom} is not a chromosome of chrom_sizes.", closest(chrom, sizes))
        elif end > sizes[chrom]:
            yield Finding(at, f"{text}", f"{chrom} ends at {sizes[chrom]:,}.", "Is the interval of another assembly?")


def _clinical(
    cohort: Cohort | OtherCohort, part: tuple[str | int, ...], broken: set[tuple[str | int, ...]]
) -> Iterator[Finding]:
    """The columns the study names stand in the header, and the matrix has one. `part`: where in the study."""
    try:
        layout = table_layout(clinical_path(cohort.clinical))
    except TextTableError as error:
        yield from _file_findings((*part, "clinical"), error)
        return
    named = [
        ((*part, "patient_column"), cohort.patient_column),
        ((*part, "endpoint", "time_column"), cohort.endpoint.time_column),
        ((*part, "endpoint", "event_column"), cohort.endpoint.event_column),
        ((*part, "endpoint", "event_time_column"), cohort.endpoint.event_time_column),
        ((*part, "batch_column"), cohort.batch_column),
        *(((*part, "fields", k, "column"), field.column) for k, field in enumerate(cohort.fields)),
        *(((*part, "fields", k, "height_column"), field.height_column) for k, field in enumerate(cohort.fields)),
    ]
    for at, column in named:
        if column is not None and column not in layout.columns:
            rule = f"The column must stand in the header of {layout.path.name}."
            yield Finding(at, f"{column!r} is not a column", rule, closest(column, layout.columns))
    repeated = [column for column, count in Counter(layout.columns).items() if count > 1]
    if repeated:
        yield Finding(
            (*part, "clinical"), ", ".join(repeated), "A column stands once in a header.", "Rename the others."
        )
    yield from matrix_layouts(cohort, part, broken)


def _file_findings(at: tuple[str | int, ...], error: GroProgError) -> Iterator[Finding]:
    for problem in error.problems:
        yield Finding(at, f"{problem.where}: {problem.value}", problem.rule, problem.remedy)
