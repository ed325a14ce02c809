"""Case studies: the compared diseases are told wherever they rank, and who may not be used is left out by name."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from groprog_assets.errors import CohortError
from groprog_assets.methods.omics import case_studies as method
from groprog_assets.methods.omics.disease_annotations import read_genes
from groprog_assets.report.case_page import case_sections, render_case
from groprog_assets.store.artifacts import Bundle
from groprog_assets.study.omics_study import CaseStudy
from tests.methods.omics.test_disease_ranking import PUBLISHED, made_from
from tests.omics_files import omics_study

CASE = CaseStudy(
    name="one", title="One", packet="a", gene="LIMB1", compare=["OMIM:100002"], origin="Simulated, all of it."
)
FINDINGS = pd.DataFrame(
    {"subject_id": ["p"] * 3, "term_id": ["HP:0000011", "HP:0000021", None], "excluded": [False, True, False]}
)
NAMES = {"HP:0000011": "Short limbs", "HP:0000021": "Arrhythmia"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return omics_study(tmp_path).parent


def told(folder: Path, case: CaseStudy = CASE, ids: dict[str, str] | None = None) -> method.CaseStudies:
    genes, _ = read_genes(folder / "genes.txt")
    return method.case_studies(
        [case], {"a": "p"} if ids is None else ids, FINDINGS, made_from(folder), genes, PUBLISHED
    )


def test_compared_diseases_are_told_wherever_they_rank_and_the_gene_restricts(folder: Path):
    found = told(folder)
    every = found.table[~found.table["restricted"]].set_index("disease_id")
    assert every.loc["OMIM:100002", "compared"]
    assert every.loc["OMIM:100001", "rank"] == 1
    assert found.table.loc[found.table["restricted"], "disease_id"].tolist() == ["OMIM:100001"]
    assert set(found.ratios["disease_id"]) == {"OMIM:100001", "OMIM:100002", "OMIM:100003"}
    assert found.summary == {"cases": 1, "left_out": {}}


def test_the_page_says_what_speaks_against_those_above(folder: Path):
    page = render_case(CASE, Bundle(told(folder)._asdict()), NAMES, pd.DataFrame(), "footer").decode()
    for text in ("Research use only", "Simulated, all of it.", "Short limbs (HP:0000011)", "1. Limb disease", "footer"):
        assert text in page


def test_a_finding_that_says_little_is_not_counted_against_a_disease(folder: Path):
    found = told(folder)
    against = found.ratios["disease_id"] == "OMIM:100001"
    for ratio, count in ((-0.04, "0 findings speak"), (-0.06, "1 finding speaks")):
        found.ratios.loc[against, "log_ratio"] = ratio
        page = render_case(CASE, Bundle(found._asdict()), NAMES, pd.DataFrame(), "footer").decode()
        assert f"(OMIM:100001): {count} against it" in page


def test_who_may_not_be_used_is_left_out_by_name(folder: Path):
    found = told(folder, ids={})
    assert not len(found.table)
    assert found.summary["left_out"] == {"one": "no subject who may be used"}
    sections = case_sections(CASE, Bundle(found._asdict()), NAMES, pd.DataFrame())
    assert "cannot be told" in str(sections)


def test_a_gene_without_a_disease_is_refused(folder: Path):
    with pytest.raises(CohortError, match="GENE9"):
        told(folder, CASE.model_copy(update={"gene": "GENE9"}))
