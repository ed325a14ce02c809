"""The table of scores as it stands on the terminal."""

from __future__ import annotations

import pandas as pd

from groprog_assets.cli.score import SHOWN, told_notes, told_scores


def scores(patients: int) -> pd.DataFrame:
    rows = {
        "patient_id": [f"P{k}" for k in range(patients)],
        "risk": [0.5 - k for k in range(patients)],
        "risk_lower": [0.25 - k for k in range(patients)],
        "risk_upper": [0.75 - k for k in range(patients)],
        "percentile": [76.4] * patients,
        "survival_12": [0.894] * patients,
        "survival_36": [0.5] * patients,
        "notes": ["no expression; age was missing", *["no expression"] * (patients - 1)],
    }
    return pd.DataFrame(rows)


def test_id_risk_percentile_and_survival_at_the_horizons():
    lines = told_scores(scores(2), "OS", [12.0, 36.0])
    assert " ".join(lines[0].split()) == "patient risk 95 % interval percentile OS 12 months OS 36 months"
    assert lines[1].split() == ["P0", "+0.50", "+0.25", "to", "+0.75", "76", "89", "%", "50", "%"]
    assert len({len(line) for line in lines}) == 1


def test_one_model_has_no_interval():
    alone = scores(2).assign(risk_lower=lambda table: table["risk"], risk_upper=lambda table: table["risk"])
    assert "none: one model" in told_scores(alone, "OS", [12.0])[1]


def test_a_long_table_is_cut_and_says_so():
    assert told_scores(scores(SHOWN + 7), "OS", [12.0, 36.0])[-1] == "and 7 more"


def test_each_note_once_with_its_patients_where_they_are_few():
    assert told_notes(scores(5)) == ["5 of 5 patients: no expression", "1 of 5 patients (P0): age was missing"]
