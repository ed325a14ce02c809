"""A patient's page: parts that sum, what was missing, nothing fetched, no name that runs as code."""

from __future__ import annotations

import re

import pytest

from groprog_assets.figures.patient_page import drivers, median_month, render_patient


def context(**changes: object) -> dict:
    score = {"patient_id": "P1", "risk": 0.9, "risk_lower": 0.5, "risk_upper": 1.3, "percentile": 81.0}
    score |= {"genes_used": 40, "model_version": "abc"}
    for month, value in ((12, 0.9), (36, 0.6)):
        score |= {f"survival_{month}": value, f"survival_lower_{month}": value - 0.1, f"survival_upper_{month}": value}
    base = {
        "study": "A study",
        "endpoint": "OS",
        "score": score,
        "notes": ["missing: albumin"],
        "horizons": [12.0, 36.0],
        "months": [0.0, 12.0, 36.0],
        "survival": [1.0, 0.9, 0.6],
        "survival_lower": [1.0, 0.8, 0.5],
        "survival_upper": [1.0, 0.95, 0.7],
        "average": [1.0, 0.95, 0.8],
        "reference": 0.1,
        "fields": {"age": 0.5, "stage": -0.2, "albumin": 0.0},
        "values": {"age": 71.0, "stage": "III", "albumin": float("nan")},
        "genes": {f"G{k}": 0.02 for k in range(20)},
        "assays": {},
        "files": [{"role": "patients", "file": "new.tsv", "sha256": "ab" * 32}],
        "labels": {"cell_junction": -0.04, "key_locus": 0.06},
        "unexplained": 0.1,
        "genes_total": 50,
        "members": 5,
        "landmark": None,
        "patients": 300,
        "events": 100,
    }
    return {**base, **changes}


def test_the_parts_sum_to_the_risk():
    rows = drivers(context())
    assert 0.1 + sum(row["contribution"] for row in rows) == pytest.approx(0.9)
    assert [row["name"] for row in rows[:2]] == ["age", "stage"]
    assert rows[-2]["name"] == "8 other genes"
    assert "+0.900" in render_patient(context()).decode()


def test_the_page_says_what_was_missing_and_fetches_nothing():
    page = render_patient(context()).decode()
    assert "missing: albumin" in page
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert render_patient(context()) == render_patient(context())
    assert "Nothing: every field" in render_patient(context(notes=[])).decode()


def test_a_clinician_reads_ratios_thirds_and_functions():
    page = " ".join(render_patient(context()).decode().split())
    assert "× 2.23" in page  # exp(0.9 - 0.1)
    assert "95 % of the ensemble × 1.49 to 3.32" in page
    assert "higher risk than 81 % of the 300 training patients; highest third" in page
    assert "predicted survival stays above 50 % until month 36" in page
    assert "overall survival (OS)" in page
    assert "of the model's 50" in page
    assert page.index("key locus") < page.index("cell junction")  # by size
    assert "Clinical fields together +0.300, genes together +0.400" in page
    assert "landmark" not in page
    assert "months count from then" not in page


def test_genes_without_weight_are_not_said_to_count():
    page = " ".join(render_patient(context(genes={"A": 0.0}, labels={"key_locus": 0.0})).decode().split())
    assert "known, but this model gives genes no weight" in page
    assert "Genes by function" not in page


def test_one_member_has_no_interval_and_a_landmark_is_said():
    page = " ".join(render_patient(context(members=1, landmark=3.0)).decode().split())
    assert "one model, so no interval" in page
    assert "95 % of the ensemble ×" not in page
    assert "80–90 %" not in page
    assert "80–90 %" in render_patient(context()).decode()
    assert "still at risk 3 months after baseline" in page


@pytest.mark.parametrize(("survival", "month"), [([1.0, 0.5, 0.4], 12.0), ([1.0, 0.9, 0.51], None)])
def test_the_median_is_where_half_survive(survival: list[float], month: float | None):
    assert median_month([0.0, 12.0, 36.0], survival) == month


@pytest.mark.parametrize(
    ("percentile", "said"),
    [(81.0, "81 %"), (99.7, "over 99 %"), (100.0, "100 %"), (0.3, "under 1 %"), (0.0, "0 %")],
)
def test_only_who_is_above_all_is_said_to_be(percentile: float, said: str):
    score = {**context()["score"], "percentile": percentile}
    assert f"higher risk than {said} of the 300 training patients" in render_patient(context(score=score)).decode()


def test_names_are_text():
    page = render_patient(context(notes=["<script>alert(1)</script>"], study="<b>x</b>")).decode()
    assert "<script>" not in page
    assert "<b>x</b>" not in page


def test_a_patient_without_any_driver_still_has_a_page():
    page = render_patient(context(fields={}, genes={}, labels={}, unexplained=0.0)).decode()
    assert "sum = log relative hazard" in page
