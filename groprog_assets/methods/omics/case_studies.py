"""Case studies: one subject's diseases ranked among all and among those of one gene, with the part of each finding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from groprog_assets.methods.omics.disease_ranking import Ranked, StoredIndex, diseases_of_genes, rank_subject, ranker
from groprog_assets.study.omics_parameters import RankingParameters
from groprog_assets.study.omics_study import CaseStudy
from groprog_assets.tables import TABLES, conform
from groprog_assets.tables.values import Document


class CaseStudies(NamedTuple):
    """Tables `case_ranks` and `case_ratios`; `summary`: JSON-able, cases that could not be told and why."""

    table: pd.DataFrame
    ratios: pd.DataFrame
    summary: Document


def case_studies(
    cases: Sequence[CaseStudy],
    ids: Mapping[str, str],
    phenotypes: pd.DataFrame,
    given: StoredIndex,
    gene_disease: pd.DataFrame,
    parameters: RankingParameters,
) -> CaseStudies:
    """The first diseases of each case and those it compares, among all and among the diseases of its gene.

    ids {packet: pseudonym} of the subjects who may be used; a case of anybody else, or without a finding that the ontology
    knows, is left out and named in the summary.
    """
    made = ranker(given) if cases else None
    ranks, ratios, left_out = [], [], {}
    for case in cases:
        subject = ids.get(case.packet)
        rows = phenotypes[phenotypes["subject_id"] == subject]
        known = rows[rows["term_id"].isin(list(made.numbers.number))] if made else rows
        present, absent = (known.loc[known["excluded"] == flag, "term_id"].tolist() for flag in (False, True))
        if subject is None or made is None or not present:
            left_out[case.name] = "no subject who may be used" if subject is None else "no finding that is known"
            continue
        genes = diseases_of_genes(gene_disease, [case.gene])
        own = {
            restricted: rank_subject(made, subject, present, absent, case.compare, parameters, among)
            for restricted, among in ((False, None), (True, genes))
        }
        ranks += [_named(case, found).assign(restricted=restricted) for restricted, found in own.items()]
        parts = pd.concat([found.ratios for found in own.values()])
        ratios.append(parts.drop_duplicates(["disease_id", "term_id", "excluded"]).assign(case_name=case.name))
    summary = {"cases": len(cases), "left_out": left_out}
    return CaseStudies(_stacked(ranks, "case_ranks"), _stacked(ratios, "case_ratios"), summary)


def _named(case: CaseStudy, found: Ranked) -> pd.DataFrame:
    return found.ranks.rename(columns={"diagnosed": "compared"}).assign(case_name=case.name)


def _stacked(frames: list[pd.DataFrame], name: str) -> pd.DataFrame:
    empty = pd.DataFrame(columns=TABLES[name].column_names)
    return conform(pd.concat(frames, ignore_index=True) if frames else empty, name)
