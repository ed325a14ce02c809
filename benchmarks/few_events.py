"""How far a score should fall back towards clinical Cox with few events: random parts of cohorts, judged on other patients.

python -m benchmarks.few_events SURVSET SOURCES [--draws 2] [--events 10 15 20 25 30 40 50 60] [--log FILE]

SURVSET as in benchmarks.survset; only the seven cohorts that may choose settings take part, which have fields alone. SOURCES as
in benchmarks.transfer: six cohorts that have expression. Each part's model is judged on the patients outside it (at most 1,500).
--log: a row a part, with Harrell's C of clinical_cox fitted to it, and what the model without fallback and mixtures of the two
gain; parts that it holds are not run again (by default few_events_search.tsv, so that --draws 0 prints what was found). Prints
gains by share of the model and number of events, and what pairs of limits would give: parts, mean (standard error), lowest,
share of the parts that lose more than .01.
"""

from __future__ import annotations

import argparse
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from benchmarks.survset import CHOSE_SETTINGS, named_cohort
from benchmarks.transfer import NAMES, read_source
from groprog_assets.fitting.clinical_cox import fit_clinical_cox
from groprog_assets.methods.evaluation.baselines import dummy_coding
from groprog_assets.model.cross_validation import fit_model
from groprog_assets.model.few_events import share_of_model
from groprog_assets.model.inputs import ModelInputs, Outcomes
from groprog_assets.model.predict import predict
from groprog_assets.study.parameters import Parameters
from groprog_kernels.concordance import harrell

LARGEST, JUDGED = 3000, 1500
LEAST_JUDGED = {"fields": 50, "omics": 25}
"""Events outside a part that its C rests on, at least: cohorts with omics have fewer."""
SHARES = (0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 1.0)
GAINS = [f"gain_{share:g}" for share in SHARES]
"""The columns of the log that tell C of a mixture less that of clinical_cox, by the share of the model."""
LIMITS = ((0, 1), (12, 30), (12, 45), (12, 60), (12, 90), (20, 60), (25, 50), (30, 50), (30, 60), (30, 90))
NO_FALLBACK = [0.0, 1.0]


def part_of(
    inputs: ModelInputs, outcomes: Outcomes, events: int, draw: int, name: str
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of a random part with `events` events (one more at most) and of the patients it is judged on."""
    order = np.random.default_rng([draw, events, len(name)]).permutation(len(inputs))
    end = int(np.searchsorted(np.cumsum(outcomes.event[order]), events)) + 1
    return np.sort(order[:end]), np.sort(order[end:])[:JUDGED]


def measured(
    inputs: ModelInputs, outcomes: Outcomes, train: np.ndarray, test: np.ndarray, parameters: Parameters
) -> dict[str, Any]:
    """C of clinical_cox, and of the model and the mixtures less it, for one part; the penalty that clinical_cox chose."""
    part, told, judged = inputs.take(train), outcomes.take(train), outcomes.take(test)
    risk = predict(fit_model(part, told, parameters, 0, 0).model, inputs.take(test)).risk
    random = np.random.default_rng([parameters.training.seed, 0, 0])
    cox = fit_clinical_cox(part, told.time, told.event, dummy_coding(part, parameters), random)
    alone = cox.coding.transform(inputs.take(test)) @ cox.coefficients
    base = harrell(alone, judged.time, judged.event).cindex
    row = {"clinical_cox": base, "penalty": cox.penalty}
    for name, share in zip(GAINS, SHARES):
        row[name] = harrell(share * risk + (1 - share) * alone, judged.time, judged.event).cindex - base
    return row


def gain_of(row: pd.Series, limits: tuple[float, float]) -> float:
    """C of a part less that of clinical_cox, had the score fallen back by `limits`; linear between the measured mixtures."""
    return float(np.interp(share_of_model(int(row["events"]), limits), [0.0, *SHARES], [0.0, *row[GAINS]]))


def told(label: str, values: np.ndarray) -> str:
    """A line of the report: parts, mean (standard error), lowest, share of the parts that lose more than .01."""
    error = values.std(ddof=1) / np.sqrt(values.size) if values.size > 1 else np.nan
    return f"{label:30s} {values.size:4d} {values.mean():+.4f} ({error:.4f}) {values.min():+.3f} {(values < -0.01).mean():.2f}"


def report(table: pd.DataFrame) -> list[str]:
    """The lines of `told` for the rows of one kind of cohort."""
    lines = []
    for share in (0.25, 0.5, 0.75, 1.0):
        for events, part in table.groupby("events"):
            lines.append(told(f"{share:g} of the model, {events} events", part[f"gain_{share:g}"].to_numpy()))
    for limits in LIMITS:
        gains = table.apply(gain_of, axis=1, limits=limits).to_numpy(float)
        lines.append(told(f"limits {limits}", gains))
        lines.append(told("  below 30 events", gains[table["events"] < 30]))
    return lines


def main() -> None:
    """Measure the parts that the log lacks, and print the gains."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("sources", type=Path)
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--events", type=int, nargs="+", default=[10, 15, 20, 25, 30, 40, 50, 60])
    parser.add_argument("--log", type=Path, default=Path(__file__).with_name("few_events_search.tsv"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    off = {"fallback_events": NO_FALLBACK, "fallback_events_of_fields": NO_FALLBACK}
    parameters = Parameters.model_validate({"linear_path": off})
    columns = ["cohort", "events", "draw", "clinical_cox", "penalty", *GAINS]
    table = pd.read_csv(options.log, sep="\t") if options.log.exists() else pd.DataFrame(columns=columns)
    had = set(zip(table["cohort"], table["events"], table["draw"]))
    asked = product(range(options.draws), options.events, (*CHOSE_SETTINGS, *NAMES))
    for draw, events, name in asked:
        if (name, events, draw) in had:
            continue
        if name in NAMES:
            _, inputs, outcomes = read_source(options.sources, name)
        else:
            inputs, outcomes = named_cohort(options.folder, name, LARGEST, draw)[:2]
        train, test = part_of(inputs, outcomes, events, draw, name)
        if int(outcomes.event[test].sum()) < LEAST_JUDGED["omics" if name in NAMES else "fields"]:
            continue
        row = {"cohort": name, "events": events, "draw": draw} | measured(inputs, outcomes, train, test, parameters)
        table.loc[len(table)] = row
        table.to_csv(options.log, sep="\t", index=False, float_format="%.4f")
    omics = table["cohort"].isin(NAMES)
    for title, rows in (("fields alone", table[~omics]), ("with expression", table[omics])):
        print(title, *report(rows), sep="\n")


if __name__ == "__main__":
    main()
