"""A patient's page: parts that sum, what was missing, nothing fetched, no name that runs as code."""

from __future__ import annotations

import re

import pytest

from groprog_assets.figures.patient_page import drivers, render_patient


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
        "reference": 0.1,
        "fields": {"age": 0.5, "stage": -0.2, "albumin": 0.0},
        "values": {"age": 71.0, "stage": "III", "albumin": float("nan")},
        "genes": {f"G{k}": 0.02 for k in range(20)},
        "unexplained": 0.1,
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


def test_names_are_text():
    page = render_patient(context(notes=["<script>alert(1)</script>"], study="<b>x</b>")).decode()
    assert "<script>" not in page
    assert "<b>x</b>" not in page


def test_a_patient_without_any_driver_still_has_a_page():
    page = render_patient(context(fields={}, genes={}, unexplained=0.0)).decode()
    assert "sum = log relative hazard" in page
