"""Subjects of the phenopackets with their findings, diagnoses and variants, as tables; only those who may be used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd

from groprog_assets.errors import CohortError, Problem
from groprog_assets.methods.assays.sample_table import read_sample_table
from groprog_assets.methods.omics.curies import curie, prefix_of
from groprog_assets.methods.omics.disease_mappings import classes_of, members_of
from groprog_assets.methods.omics.foreign_keys import broken_keys
from groprog_assets.methods.omics.ontologies import TermNumbers, resolver, term_numbers, unresolved
from groprog_assets.methods.omics.phenopackets import Packet, read_phenopackets
from groprog_assets.study.omics_study import Omics, PhenopacketSource
from groprog_assets.tables import conform
from groprog_assets.tables.values import Document

SAMPLE_TABLE = "samples"
"""The source of a subject whom only the sample table names."""


class Sourced(NamedTuple):
    """A packet, the collection it comes from, and where the subject was seen ("" where not stated)."""

    packet: Packet
    source: str
    site: str


class Reference(Protocol):
    """The tables of an ontology, as read or as stored."""

    @property
    def terms(self) -> pd.DataFrame: ...
    @property
    def aliases(self) -> pd.DataFrame: ...
    @property
    def edges(self) -> pd.DataFrame: ...


class SubjectTables(NamedTuple):
    """Tables `subjects`, `subject_variants` and `subject_publications` of those who may be used."""

    table: pd.DataFrame
    variants: pd.DataFrame
    publications: pd.DataFrame


class Findings(NamedTuple):
    """Tables `phenotypes` and `subject_terms`; `summary`: JSON-able counts, unresolved terms, contradictions."""

    table: pd.DataFrame
    subject_terms: pd.DataFrame
    summary: Document


def sourced_packets(sources: Sequence[PhenopacketSource]) -> list[Sourced]:
    """The packets of all sources. Raises CohortError for problems of the files, and for an id that two sources share."""
    found: list[Sourced] = []
    problems: list[Problem] = []
    owner: dict[str, str] = {}
    for source in sources:
        try:
            packets = read_phenopackets(source.path)
        except CohortError as error:
            problems += error.problems
            continue
        for packet in packets:
            if packet.id in owner:
                rule = "A packet is known by its id, over all sources."
                value = f"id {packet.id!r} is also in {owner[packet.id]}"
                problems.append(Problem(str(source.path), value, rule, "Give each packet an id of its own."))
            owner.setdefault(packet.id, source.source)
        found += [Sourced(packet, source.source, source.site) for packet in packets]
    if problems:
        raise CohortError(problems[:20])
    return found


def source_counts(packets: Iterable[Sourced]) -> pd.DataFrame:
    """Table `omics_sources`: packets, findings, diagnoses, variants and unknown fields by source; nothing of a subject."""
    rows: dict[str, dict[str, int]] = {}
    names = ("packets", "findings", "excluded_findings", "diagnoses", "variants", "unknown_fields")
    for packet, source, _ in packets:
        counts = rows.setdefault(source, dict.fromkeys(names, 0))
        excluded = sum(feature.excluded for feature in packet.features)
        added = (1, len(packet.features) - excluded, excluded, len(packet.diagnoses), len(packet.variants))
        for name, count in zip(names, (*added, len(packet.unknown)), strict=True):
            counts[name] += count
    frame = pd.DataFrame([{"source": source, **counts} for source, counts in rows.items()], columns=["source", *names])
    return conform(frame, "omics_sources")


def unknown_fields(packets: Iterable[Sourced]) -> dict[str, int]:
    """{path of a field that phenopackets do not have: packets with it}."""
    counts: dict[str, int] = {}
    for packet, _, _ in packets:
        for path in set(packet.unknown):
            counts[path] = counts.get(path, 0) + 1
    return dict(sorted(counts.items()))


def subject_names(omics: Omics) -> list[str]:
    """The names of all subjects: ids of packets, and the subjects of the sample table. Raises CohortError as their readers do."""
    packets = [item.packet.id for item in sourced_packets(omics.phenopackets)]
    sampled = [] if omics.samples is None else read_sample_table(omics.samples, omics.assays).rows["subject"].tolist()
    return list(dict.fromkeys([*packets, *sampled]))


def subject_tables(packets: Sequence[Sourced], ids: dict[str, str], permitted: Iterable[str]) -> SubjectTables:
    """Subjects, variants and publications of those permitted, by pseudonym.

    ids {name: pseudonym} of packets and of who has samples alone: of these no more is known than that they have samples.
    """
    chosen = set(permitted)
    return SubjectTables(
        _subject_table(packets, ids, chosen),
        _variant_table(packets, ids, chosen),
        _publication_table(packets, ids, chosen),
    )


def broken_subject_keys(made: SubjectTables) -> list[str]:
    """Keys of variants and publications that lead to no subject, in words."""
    held = {"subjects": made.table, "subject_variants": made.variants, "subject_publications": made.publications}
    return broken_keys(held)


def _subject_table(packets: Iterable[Sourced], ids: dict[str, str], chosen: set[str]) -> pd.DataFrame:
    rows = [
        (ids[packet.id], packet.sex, packet.age_months, packet.vital_status, source, site or None)
        for packet, source, site in packets
        if ids[packet.id] in chosen
    ]
    known = {packet.id for packet, _, _ in packets}
    rows += [
        (subject, "unknown", None, "unknown", SAMPLE_TABLE, None)
        for name, subject in ids.items()
        if name not in known and subject in chosen
    ]
    columns = ["subject_id", "sex", "age_months", "vital_status", "source", "site"]
    frame = pd.DataFrame(rows, columns=columns).sort_values("subject_id")
    return conform(frame.assign(age_months=frame["age_months"].astype("Int32")), "subjects")


def findings(
    packets: Iterable[Sourced], ids: dict[str, str], subjects: Sequence[str], reference: Reference
) -> Findings:
    """Findings of `subjects`, their terms resolved to live ones of `reference`, and every term each subject has.

    A finding that resolves to no term is kept with its id as read. Two findings of one term are one; a term both present and
    excluded is present. A term present below an excluded one is a contradiction: counted, and the present one counts.
    """
    chosen = set(subjects)
    known = resolver(reference.terms, reference.aliases)
    numbers = term_numbers(reference.terms, reference.edges)
    rows: dict[tuple[str, str, bool, str], tuple] = {}
    contradictions = 0
    said: list[str] = []
    for packet, source, _ in packets:
        subject = ids[packet.id]
        if subject not in chosen:
            continue
        present: set[str] = set()
        absent: set[str] = set()
        for feature in packet.features:
            identifier = curie(feature.term)
            term, _ = known.resolve(identifier)
            said.append(identifier)
            key = (subject, term or identifier, feature.excluded, source)
            if key in rows:
                continue
            if term is not None:
                (absent if feature.excluded else present).add(term)
            onset = feature.onset
            modifiers = [curie(item) for item in feature.modifiers]
            severity = curie(feature.severity) or None
            rows[key] = (
                *(subject, term, feature.excluded, onset.least, onset.most, onset.term or None),
                *(severity, modifiers, feature.term, source),
            )
        for term in present & absent:
            del rows[subject, term, True, source]
        above = {numbers.ids[a] for term in present for a in numbers.closure.of(numbers.number[term])}
        contradictions += bool(above & absent)
    columns = ["subject_id", "term_id", "excluded", "onset_months_min", "onset_months_max", "onset_term"]
    columns += ["severity", "modifiers", "source_term", "source"]
    frame = pd.DataFrame(list(rows.values()), columns=columns)
    whole = {name: frame[name].astype("Int32") for name in ("onset_months_min", "onset_months_max")}
    frame = frame.assign(**whole).drop_duplicates(["subject_id", "source_term", "excluded", "source"])
    table = conform(frame.sort_values(["subject_id", "excluded", "source_term"]), "phenotypes")
    summary = {
        "read": len(said),
        "findings": len(table),
        "excluded": int(table["excluded"].sum()),
        "unresolved": unresolved(said, known),
        "subjects_with_contradictions": contradictions,
    }
    return Findings(table, _subject_terms(subjects, table, numbers), summary)


def diagnosis_table(
    packets: Iterable[Sourced], ids: dict[str, str], subjects: Sequence[str], xrefs: pd.DataFrame
) -> pd.DataFrame:
    """Table `diagnoses` of `subjects`: each disease as read, with its MONDO class and its OMIM and ORPHA identifiers.

    Identifiers follow exact mappings alone; where several fit, all are given, joined by |.
    """
    chosen = set(subjects)
    up = {prefix: classes_of(xrefs, prefix) for prefix in ("OMIM", "ORPHA")}
    down = {prefix: members_of(xrefs, prefix) for prefix in ("OMIM", "ORPHA")}
    rows = []
    for packet, _, _ in packets:
        if ids[packet.id] not in chosen:
            continue
        for item in packet.diagnoses:
            name = curie(item.disease)
            prefix = prefix_of(name)
            mondo = [name] if prefix == "MONDO" else up.get(prefix, {}).get(name, [])
            named = {
                other: [name] if prefix == other else sorted({m for c in mondo for m in down[other].get(c, [])})
                for other in down
            }
            known = ["|".join(found) or None for found in (mondo, named["OMIM"], named["ORPHA"])]
            rows.append((ids[packet.id], *known, item.disease, item.status, item.onset.least, item.onset.most))
    columns = ["subject_id", "mondo_id", "omim_id", "orpha_id", "source_id", "status"]
    frame = pd.DataFrame(rows, columns=[*columns, "onset_months_min", "onset_months_max"])
    whole = {name: frame[name].astype("Int32") for name in ("onset_months_min", "onset_months_max")}
    return conform(frame.assign(**whole).sort_values(["subject_id", "source_id"]), "diagnoses")


def _variant_table(packets: Iterable[Sourced], ids: dict[str, str], chosen: set[str]) -> pd.DataFrame:
    """Interpreted variants as their records write them."""
    rows = [
        (ids[packet.id], *(item or None if isinstance(item, str) else item for item in variant))
        for packet, _, _ in packets
        if ids[packet.id] in chosen
        for variant in packet.variants
    ]
    columns = ["subject_id", "gene_id", "symbol", "genome_build", "chrom", "start", "ref", "alt", "hgvs"]
    frame = pd.DataFrame(rows, columns=[*columns, "allelic_state", "classification", "status"])
    frame = frame.assign(start=frame["start"].astype("Int64"))
    return conform(
        frame.drop_duplicates(["subject_id", "symbol", "hgvs"]).sort_values("subject_id"), "subject_variants"
    )


def _publication_table(packets: Iterable[Sourced], ids: dict[str, str], chosen: set[str]) -> pd.DataFrame:
    """The publications that each record cites."""
    rows = [(ids[p.id], item) for p, _, _ in packets if ids[p.id] in chosen for item in p.publications]
    frame = pd.DataFrame(rows, columns=["subject_id", "publication"])
    return conform(frame.sort_values(["subject_id", "publication"]), "subject_publications")


def _subject_terms(subjects: Sequence[str], phenotypes: pd.DataFrame, numbers: TermNumbers) -> pd.DataFrame:
    """Table `subject_terms`: every term that a subject has, ancestors of its present findings counted; sorted by term.

    Excluded and unresolved findings give no row. `subject_ix` is the place of the subject in `subjects`.
    """
    place = {subject: k for k, subject in enumerate(subjects)}
    present = phenotypes[~phenotypes["excluded"] & phenotypes["term_id"].isin(list(numbers.number))]
    owner = present["subject_id"].map(place).to_numpy(dtype=np.int64)
    reached = [numbers.closure.of(numbers.number[term]) for term in present["term_id"]]
    above = np.concatenate([*reached, np.empty(0, dtype=np.int64)])
    width = max(len(place), 1)
    keys = np.unique(above * width + np.repeat(owner, [len(found) for found in reached]))
    ids = np.array(numbers.ids, dtype=object)
    return conform(pd.DataFrame({"term_id": ids[keys // width], "subject_ix": keys % width}), "subject_terms")
