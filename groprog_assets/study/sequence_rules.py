"""Rules of the section `sequence` of a study file, and the files it names. Study in, findings out. Standard library only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from groprog_assets.study.finding import Finding
from groprog_assets.study.schema import Study
from groprog_assets.study.sequence_study import BASES_ALONE, WITH_MOTIFS


def sequence_rules(study: Study) -> Iterator[Finding]:
    """Every rule between fields of `sequence` that is broken."""
    section = study.sequence
    if section is None:
        return
    for k, name in enumerate(section.models):
        if name in WITH_MOTIFS and not section.motifs:
            rule = f"{name} reads motifs."
            yield Finding(("sequence", "models", k), name, rule, "Name MEME files in sequence.motifs, or leave it out.")
    names = [entry.name for entry in section.pretrained]
    for k, again in enumerate(names):
        if again in names[:k]:
            rule = "Each entry has a name of its own; tables of one model stand in one entry."
            yield Finding(("sequence", "pretrained", k, "name"), again, rule, "Rename it, or join the entries.")
    if section.pretrained and study.parameters.representation.mode != "signature":
        rule = "A gene's vector is the same for every patient: it weighs the patients' expression, in signature mode."
        remedy = "Set parameters.representation.mode: signature, or remove it."
        yield Finding(("sequence", "pretrained"), f"mode {study.parameters.representation.mode}", rule, remedy)
    yield from _side_rules(study)
    yield from _cell_type_rules(study)
    for k, path in enumerate(section.sites):
        if path.name in [other.name for other in section.sites[:k]]:
            rule = "Results name the sites by the name of their file."
            yield Finding(("sequence", "sites", k), path.name, rule, "Give each file a name of its own.")


def _side_rules(study: Study) -> Iterator[Finding]:
    section = study.sequence
    assert section is not None
    marks = [mark.name for mark in study.marks]
    for k, name in enumerate(section.channels):
        place = ("sequence", "channels", k)
        if name not in marks:
            rule = f"Channels are names of marks: {', '.join(marks) or 'the study has none'}."
            yield Finding(place, name, rule, "Name a mark, or add it to marks with its bigWig, cell type and build.")
        elif name in section.channels[:k]:
            yield Finding(place, name, "A channel is read once.", "Remove it.")
    for k, name in enumerate(section.models):
        if name in BASES_ALONE and (section.side is not None or section.channels):
            rule = f"{name} reads neither sequence.side nor sequence.channels, so it could not be compared with the others."
            yield Finding(("sequence", "models", k), name, rule, "Leave it out, or leave these out.")
        elif name == "ridge+cnn" and section.channels:
            rule = "Ridge reads stretches of the channels and cnn their bases; their mean reads no channels."
            yield Finding(
                ("sequence", "models", k), name, rule, "Name ridge_kmer+words and cnn, or leave out channels."
            )


def _cell_type_rules(study: Study) -> Iterator[Finding]:
    section = study.sequence
    assert section is not None
    kinds, marks = section.cell_types, [mark.name for mark in study.marks]
    if section.targets is not None and section.targets.batch is not None:
        rule = "Offsets of batches are fitted for the ladder alone."
        for name, asked in (("cell_types", bool(kinds)), ("profile", section.parameters.nets.shared_trunk)):
            if asked:
                what = "cell_types" if name == "cell_types" else "nets.shared_trunk"
                remedy = f"Remove {what}, or level the table by batch and leave out targets.batch."
                yield Finding(("sequence", name), f"{what} and targets.batch", rule, remedy)
    if len(kinds) == 1:
        rule = "One cell type is predicted by nets that learnt the targets of others: two are needed."
        yield Finding(("sequence", "cell_types"), kinds[0].name, rule, "Add another, or remove it.")
    seen: set[str] = set()
    used: dict[str, str] = {}
    for k, kind in enumerate(kinds):
        place = ("sequence", "cell_types", k)
        if kind.name in seen:
            rule = "Each cell type has a name of its own."
            yield Finding((*place, "name"), kind.name, rule, "Rename it, or join the entries.")
        seen.add(kind.name)
        for part in ("tasks", "channels"):
            names, first = getattr(kind, part), getattr(kinds[0], part)
            if len(names) != len(first):
                rule = f"The {part} of all cell types stand for each other in their order, so there are as many: {len(first)}."
                yield Finding((*place, part), ", ".join(names) or "none", rule, f"Give as many {part} for each.")
            for name in names:
                owner = used.setdefault(f"{part} {name}", kind.name)
                if owner != kind.name or names.count(name) > 1:
                    rule = f"One of the {part} is of one cell type and stands once; {name} is of {owner}."
                    yield Finding((*place, part), name, rule, "Remove it, or name another.")
        for name in kind.channels:
            if name not in marks:
                rule = f"Channels are names of marks: {', '.join(marks) or 'the study has none'}."
                yield Finding((*place, "channels"), name, rule, "Name a mark, or add it to marks with its bigWig.")
        known = _task_names(study)
        for name in kind.tasks:
            if name not in known:
                rule = f"Tasks of this study are {', '.join(known)}."
                yield Finding((*place, "tasks"), name, rule, "Name one of them.")


def _task_names(study: Study) -> list[str]:
    """What the models of a study may predict."""
    assert study.sequence is not None
    if study.sequence.targets is not None:
        return list(study.sequence.targets.columns)
    conditions = dict.fromkeys(library.condition for library in study.libraries)
    densities = [f"{kind}.{condition}" for kind in ("body", "tss", "antisense") for condition in conditions]
    return [*densities, "log2fc.body", "log2fc.tss", "log2fc.shrunken"]


def sequence_files(study: Study) -> Iterator[tuple[tuple[str | int, ...], Path]]:
    """(place in the study file, path) of every file that `sequence` names."""
    section = study.sequence
    if section is None:
        return
    for name in ("aliases", "contacts", "families"):
        if getattr(section, name) is not None:
            yield ("sequence", name), getattr(section, name)
    for name in ("variants", "motifs", "sites"):
        for k, path in enumerate(getattr(section, name)):
            yield ("sequence", name, k), path
    for k, entry in enumerate(section.pretrained):
        for number, path in enumerate(entry.tables):
            yield ("sequence", "pretrained", k, "tables", number), path
    if section.side is not None:
        yield ("sequence", "side", "table"), section.side.table
    if section.targets is not None:
        yield ("sequence", "targets", "table"), section.targets.table
