"""Check whether the omics improve on the clinical covariates. It blocks nothing."""

from __future__ import annotations

from groprog_assets.checks.verdict import Verdict
from groprog_assets.tables.values import Values


def omics_add(document: Values, mode: str = "signature") -> Verdict:
    """Passes when the interval of the difference to the clinical baseline lies above zero, or no omics were asked for."""
    if mode == "clinical":
        return Verdict("omics_add", True, "Clinical mode: no omics enter the model, so none are judged.")
    rows = [
        row
        for row in document.get("differences", [])
        if (row["model"], row["against"], row["metric"]) == ("groprog", "clinical_cox", "c_ipcw")
    ]
    if not rows or rows[0].get("lower") is None:
        return Verdict("omics_add", False, "No difference to the clinical baseline was measured.")
    row = rows[0]
    passed = row["lower"] > 0
    interval = f"{row['difference']:+.3f} [{row['lower']:+.3f}, {row['upper']:+.3f}]"
    return Verdict(
        "omics_add",
        passed,
        f"{row['metric']} of {row['model']} less {row['against']}: {interval}; "
        + ("the omics add." if passed else "it cannot be said that the omics add."),
        {"difference": row["difference"], "lower": row["lower"], "upper": row["upper"]},
    )
