"""Diseases for phenopackets that are no part of the study, by the study's ranking index. Nothing is stored."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from groprog_assets.store.readings import read_asset
from groprog_assets.store.workspace import Workspace
from groprog_assets.study.omics_study import PhenopacketSource
from groprog_assets.tables.values import Document, Progress

if TYPE_CHECKING:
    import pandas as pd


class RankedPackets(NamedTuple):
    """Tables `disease_ranks` and `finding_ratios`, subjects under the packets' own ids; packets without a finding to rank by, and
    identifiers that lead to no live term."""

    ranks: pd.DataFrame
    ratios: pd.DataFrame
    left_out: list[str]
    unresolved: Document


def rank_packets(workspace: Workspace, path: Path, genes: Iterable[str] = ()) -> RankedPackets:
    """The diseases of each packet of a file or folder, by likelihood ratio; genes: restrict to their diseases.

    Raises CohortError for packets that cannot be read and for genes without a disease, ArtifactError before the index is made.
    """
    from groprog_assets.methods.omics import disease_ranking, ranked_subjects, ranking_accuracy, subjects

    packets = subjects.sourced_packets([PhenopacketSource(source="packets", path=path)])
    reference = read_asset(workspace, "reference_terms").value()
    index = read_asset(workspace, "ranking_index").value()
    names = {item.packet.id: item.packet.id for item in packets}
    found = subjects.findings(packets, names, list(names), reference)
    xrefs = read_asset(workspace, "reference_xrefs").value().table
    diagnoses = subjects.diagnosis_table(packets, names, list(names), xrefs)
    genes = list(genes)
    only = None
    if genes:
        known = read_asset(workspace, "reference_annotations").value().genes
        only = disease_ranking.diseases_of_genes(known, genes)
    parameters = workspace.study.parameters.ranking
    ranks, ratios = ranked_subjects.ranked(
        disease_ranking.ranker(index), found.table, ranking_accuracy.diagnosed_of(diagnoses), parameters, only
    )
    left_out = sorted(set(names) - set(ranks["subject_id"]))
    return RankedPackets(ranks, ratios, left_out, found.summary["unresolved"])


def packet_accuracy(
    workspace: Workspace, path: Path, scorers: list[str], progress: Progress
) -> tuple[pd.DataFrame, Document]:
    """(table `ranking_accuracy` of the packets of a file or folder whose diagnosis is known, JSON-able: who was not counted)."""
    from groprog_assets.methods.omics import ranking_accuracy, subjects

    packets = subjects.sourced_packets([PhenopacketSource(source="packets", path=path)])
    names = {item.packet.id: item.packet.id for item in packets}
    every = list(names)
    found = subjects.findings(packets, names, every, read_asset(workspace, "reference_terms").value())
    xrefs = read_asset(workspace, "reference_xrefs").value().table
    diagnoses = subjects.diagnosis_table(packets, names, every, xrefs)
    publications = subjects.subject_tables(packets, names, every).publications
    cases = ranking_accuracy.diagnosed_cases(found.table, diagnoses, publications)
    index = read_asset(workspace, "ranking_index").value()
    parameters = workspace.study.parameters.ranking
    made = ranking_accuracy.ranking_accuracy(index, cases, scorers, parameters, progress)
    return made.table, made.summary
