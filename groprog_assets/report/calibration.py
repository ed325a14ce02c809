"""The calibration table of the report. Documents in, a block out."""

from __future__ import annotations

from collections.abc import Callable

from groprog_assets.figures.numbers import fixed, p_value
from groprog_assets.report.blocks import Block, cell, table
from groprog_assets.tables.values import Values


def calibration_table(calibration: Values, ordered: list[str], label_of: Callable[[str], str]) -> Block:
    """One row a model of the evaluation's `calibration`: slope with SE, p of D-calibration, mean error at each horizon.

    Values that could not be estimated are dashes.
    """
    models = [model for model in ordered if model in calibration]
    horizons = list(dict.fromkeys(horizon for model in models for horizon in calibration[model]["horizons"]))
    rows = []
    for model in models:
        entry = calibration[model]
        slope, error = entry["slope"], entry["slope_standard_error"]
        test = (entry.get("d_calibration") or {}).get("p_value")
        errors = [(entry["horizons"].get(horizon) or {}).get("error") for horizon in horizons]
        said = fixed(slope, 2) + (f" (SE {fixed(error, 2)})" if error is not None else "")
        rows.append(
            [
                cell(label_of(model), strong=model == ordered[0]),
                cell(said, slope),
                cell(p_value(test), test),
                *(cell(fixed(value), value) for value in errors),
            ]
        )
    caption = (
        "Calibration, out of fold. A slope under 1: risks are spread too wide, over 1: too little. A small p of D-calibration: "
        "event times do not spread evenly over the predicted distribution. Mean error: observed against predicted, by tenth."
    )
    heads = ["Model", "Slope", "D-calibration p", *(f"Mean error, {horizon} months" for horizon in horizons)]
    return table(heads, rows, caption)
