"""The libraries that can be used alone, as a page: signatures and docstrings of what they offer."""

from __future__ import annotations

import importlib
import inspect
import re
from types import ModuleType
from typing import Any

from groprog_assets.documentation.generated import GENERATED

MODULES = (
    ("Estimators", ("groprog_assets.estimators.risk_model", "groprog_assets.estimators.transcription_hmm")),
    (
        "Survival metrics",
        (
            "groprog_kernels.concordance",
            "groprog_kernels.auc",
            "groprog_kernels.brier",
            "groprog_kernels.censoring",
            "groprog_kernels.cox",
        ),
    ),
    ("Losses", ("groprog_assets.model.loss",)),
    ("Transcription HMM", ("groprog_kernels.hmm",)),
)


def api_page() -> str:
    """Module by module: every public function and class with its signature and its docstring."""
    lines = [
        "# API of the libraries",
        "",
        GENERATED,
        "",
        "What can be used without a study: scikit-learn estimators of the risk model and of the transcription HMM, metrics and",
        "losses of survival analysis, and the HMM itself. From the docstrings of the modules named.",
        "[The survival library](survival_library.md) has examples and compares with other programs.",
        "",
        "```python",
        *EXAMPLE.strip().split("\n"),
        "```",
    ]
    for title, names in MODULES:
        lines += ["", f"## {title}"]
        for name in names:
            module = importlib.import_module(name)
            lines += ["", f"### `{name}`", "", *_prose(inspect.getdoc(module) or "")]
            for item in _public(module):
                lines += ["", *_entry(item)]
    return "\n".join([*lines, ""])


EXAMPLE = """
>>> import numpy as np, pandas as pd
>>> from sklearn.model_selection import KFold, cross_val_score
>>> from groprog_assets.estimators import RiskModelEstimator, TranscriptionHMM, survival_outcomes
>>> rng = np.random.default_rng(0)
>>> age = rng.normal(60, 10, 120)
>>> time = rng.exponential(np.exp(-0.1 * (age - 60)))
>>> y = survival_outcomes(time, rng.random(120) < 0.8)
>>> scores = cross_val_score(RiskModelEstimator(), pd.DataFrame({"age": age}), y, cv=KFold(3))  # Harrell's C
>>> bool((scores > 0.6).all())
True
>>> counts = np.array([[0] * 40 + [4, 6, 5, 7] * 10 + [0] * 40] * 2)  # reads in windows, a row a strand
>>> TranscriptionHMM(log_prob_leave_transcribed=-5.0).fit(counts).predict(counts).sum(axis=1).tolist()
[40, 40]
"""


def _public(module: ModuleType) -> list[Any]:
    """Functions and classes that the module defines itself, in the order in which they stand in it."""
    held = [
        item
        for name, item in vars(module).items()
        if not name.startswith("_")
        and (inspect.isfunction(item) or inspect.isclass(item))
        and item.__module__ == module.__name__
    ]
    return sorted(held, key=lambda item: inspect.getsourcelines(item)[1])


def _entry(item: Any) -> list[str]:
    if not inspect.isclass(item):
        return [f"#### {item.__name__}", "", *_code(item.__name__, item), "", *_prose(inspect.getdoc(item) or "")]
    lines = [f"#### class {item.__name__}", "", *_code(item.__name__, item), "", *_prose(inspect.getdoc(item) or "")]
    for name, method in vars(item).items():
        if name.startswith("_") or not inspect.isfunction(method) or not method.__doc__:
            continue
        lines += ["", f"**`{name}`**", "", *_code(name, method), "", *_prose(inspect.getdoc(method) or "")]
    return lines


def _code(name: str, item: Any) -> list[str]:
    signature = re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(inspect.signature(item)))
    signature = signature.replace("(self, ", "(").replace("(self)", "()")
    text = f"{name}{signature}"
    if len(text) > 110:
        inside, _, after = text.partition("(")[2].rpartition(")")
        parts = [f"    {part}," for part in _split(inside)]
        return ["```python", f"{name}(", *parts, f"){after}", "```"]
    return ["```python", text, "```"]


def _split(inside: str) -> list[str]:
    """The arguments of a signature: split at the commas outside brackets."""
    found, depth, part = [], 0, ""
    for letter in inside:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            found.append(part.strip())
            part = ""
        else:
            part += letter
    return [*found, part.strip()]


def _prose(text: str) -> list[str]:
    """A docstring as Markdown: its examples as code, its words as they are."""
    lines: list[str] = []
    inside = False
    for line in text.split("\n"):
        example = line.lstrip().startswith(">>>")
        if example and not inside:
            lines += ["```python"]
            inside = True
        elif inside and not line.strip():
            lines += ["```"]
            inside = False
        lines.append(line if inside else _escaped(line))
    return [*lines, "```"] if inside else lines


def _escaped(line: str) -> str:
    """Words in which no letter means Markdown; what stands between backticks is left as it is."""
    parts = line.split("`")
    for place in range(0, len(parts), 2):
        parts[place] = parts[place].replace("*", r"\*").replace("_", r"\_").replace("<", "&lt;")
    return "`".join(parts)
