"""The first screen of the report: what was asked, and what was found. The report's context in, plain dicts out."""

from __future__ import annotations

from typing import Any

import numpy as np

from groprog_assets.figures.numbers import fixed, interval, number
from groprog_assets.report.blocks import frame_of, member
from groprog_assets.report.genomics import lacking, screen
from groprog_assets.report.prognosis import HEADLINE_METRIC, MODEL, label_of
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Values

Finding = dict[str, str]
"""{"label": what it is about, "text": one or two sentences, "anchor": the section that shows it}."""
NAMED = 3
"""Units named of each direction, by gene or place."""
ADDED = (
    ("omics", "all that is not clinical"),
    ("signature", "the nascent signature"),
    ("network", "the network"),
)
"""Parts of the ablation told on the first screen, with their words."""


def asked(context: Values) -> str:
    """The study's questions as one sentence, from what it names: libraries, contrast, patients, other centres, sequence."""
    study = context["study"]
    contrast = study.get("contrast") or {}
    parts = []
    if contrast:
        of_contrast = set(contrast.values())
        libraries = [
            entry
            for entry in context.get("libraries") or []
            if not entry.get("left_out") and entry.get("condition") in of_contrast
        ]
        of = f" in {number(len(libraries))} {'library' if len(libraries) == 1 else 'libraries'}" if libraries else ""
        parts.append(f"what {contrast['treatment']} changes in nascent transcription against {contrast['control']}{of}")
    outcomes = frame_of(context.get("cohort"), "outcomes")
    if outcomes is not None:
        endpoint = f" ({study['endpoint']})" if study.get("endpoint") else ""
        parts.append(f"whether that helps to predict the outcome{endpoint} of {count_of(len(outcomes), 'patient')}")
    if elsewhere := context.get("external_validation") or []:
        patients = sum(document["patients"] for document in elsewhere)
        parts.append(f"whether the model holds for {count_of(patients, 'patient')} of {_centres(len(elsewhere))}")
    if context.get("sequence_evaluation") is not None:
        parts.append("how much of transcription the genome sequence explains")
    if not parts:
        return ""
    sentence = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])}, and {parts[-1]}"
    return f"{sentence[:1].upper()}{sentence[1:]}."


def findings(context: Values) -> list[Finding]:
    """What was found, in the order of the sections; a part without values has no line."""
    made = (
        ("Transcription", _transcription(context), "differential"),
        ("Starts", _starts(context), "initiation"),
        ("Pausing", _pausing(context), "pausing"),
        ("Sequence", _sequence(context), "sequence"),
        ("Prognosis", _prognosis(context), "evaluation"),
        ("What each part adds", _added(context), "evaluation"),
        ("Other centres", _elsewhere(context), "external"),
    )
    return [{"label": label, "text": text, "anchor": anchor} for label, text, anchor in made if text]


def _centres(count: int) -> str:
    return "another centre" if count == 1 else count_of(count, "other centre")


def _transcription(context: Values) -> str:
    tested = frame_of(context.get("differential_transcription"))
    if tested is None:
        return ""
    sides = []
    for way, verb in (("up", "rise"), ("down", "fall")):
        side = tested[tested["direction"] == way]
        order = side["conservative_log2_fold_change"].abs().sort_values(ascending=False, kind="stable").index
        named = list(dict.fromkeys(_name(unit) for unit in side.loc[order].itertuples()))[:NAMED]
        sides.append(f"{number(len(side))} {verb}" + (f" (most {', '.join(named)})" if named else ""))
    end = f" Exploratory: there are {lacking(context)}." if context.get("exploratory") else ""
    return f"Of {count_of(len(tested), 'transcription unit')} {' and '.join(sides)}; {screen(context)}.{end}"


def _name(unit: Any) -> str:
    """The first gene of a unit, else its place."""
    return str(unit.gene).split(";")[0] or f"{unit.chrom}:{unit.start + 1:,}–{unit.end:,}"


def _starts(context: Values) -> str:
    regions, summary = (member(context.get("initiation_regions"), name) for name in ("table", "summary"))
    if regions is None or not summary:
        return ""
    if summary["nothing_called"]:
        return f"No initiation regions were called: {summary['nothing_called']}."
    enhancers = int((regions["claim"] == "candidate enhancer").sum())
    return (
        f"Initiation regions: {number(len(regions))}; pairs that pass the false discovery rate: "
        f"{number(summary['pairs_passing'])}; candidate enhancers: {number(enhancers)}."
    )


def _pausing(context: Values) -> str:
    index = frame_of(context.get("pausing"))
    contrast = context["study"].get("contrast") or {}
    if index is None or not contrast:
        return ""
    medians = {}
    for condition, part in index[index["passes"]].groupby("condition", sort=True):
        values = part["pausing_index"].to_numpy(float)
        if np.isfinite(values).any():
            medians[str(condition)] = float(np.median(values[np.isfinite(values)]))
    names = [contrast["control"], contrast["treatment"]]
    if not all(name in medians for name in names):
        return ""
    shift = member(member(context.get("pausing"), "summary"), "comparison") or {}
    told = " and ".join(f"{fixed(medians[name], 2)} in {name}" for name in names)
    end = ""
    if shift.get("hodges_lehmann") is not None:
        bounds = interval(shift["hodges_lehmann_lower"], shift["hodges_lehmann_upper"])
        end = f"; paired shift of log₁₀ index {fixed(shift['hodges_lehmann'])} (95 % interval {bounds})"
    return f"Median pausing index {told}{end}."


def _sequence(context: Values) -> str:
    """r of the main task by the model in use of each view, and what a random split would show."""
    found = context.get("sequence_evaluation")
    if found is None:
        return ""
    metrics, task = found["metrics"], found["summary"]["main_task"]
    used = metrics[metrics["champion"] & (metrics["task"] == task)]
    told = [
        f"{fixed(row.pearson)} ({interval(row.lower, row.upper)}) from the {row.view}, which a random split would show as "
        f"{fixed(row.random_split)}"
        for row in used.itertuples()
    ]
    by = found["summary"]["split"]["by"]
    return f"Correlation with {task} of genes held out by {by}: {'; '.join(told)}." if told else ""


def _prognosis(context: Values) -> str:
    models = member(context.get("evaluation"), "models")
    own = member(member(models, MODEL), HEADLINE_METRIC)
    if not own:
        return ""
    text = f"Concordance {fixed(own.get('estimate'))} ({interval(own.get('lower'), own.get('upper'))}) on held-out patients"
    others = {name: found.get(HEADLINE_METRIC) for name, found in models.items() if name != MODEL}
    beside = [f"{label_of(name)} {fixed(entry['estimate'])}" for name, entry in others.items() if entry]
    return f"{text}; {'; '.join(beside)}." if beside else f"{text}."


def _added(context: Values) -> str:
    parts = {row["part"]: row for row in member(context.get("ablation"), "parts") or []}
    told = []
    for name, words in ADDED:
        row = parts.get(name)
        if row is None or row.get("difference") is None:
            continue
        # the ablation's difference is without less with; what a part adds is its opposite
        gain, lower, upper = (
            None if value is None else -value for value in (row["difference"], row["upper"], row["lower"])
        )
        told.append(f"{words} {_signed(gain)} ({interval(lower, upper)})")
    return f"Concordance that a part adds, 95 % interval over folds: {'; '.join(told)}." if told else ""


def _signed(value: float | None) -> str:
    text = fixed(value)
    return f"+{text}" if value is not None and value > 0 and text != fixed(0) else text


def _elsewhere(context: Values) -> str:
    told = []
    for document in context.get("external_validation") or []:
        own = document["evaluation"]["models"][MODEL][HEADLINE_METRIC]
        name = str(document["name"]).replace("_", " ")
        told.append(f"{name} {fixed(own['estimate'])} ({interval(own['lower'], own['upper'])})")
    return f"Concordance of the finished model: {'; '.join(told)}." if told else ""
