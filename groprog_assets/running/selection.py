"""Which assets a run is about: Dagster's selection syntax, with bare names of assets; every name and every selection must match.

Definitions and text in, names out.
"""

from __future__ import annotations

import difflib
import re

import dagster as dg

from groprog_assets.errors import Problem, StudyError
from groprog_assets.graph.specification import LIBRARY_ASSETS

NASCENT = "+nascent_figures or +locus_pages or +gene_features"
"""The nascent half of a study: all that needs neither patients nor sequence nor omics."""
WORDS = ("and", "or", "not", "roots", "sinks")
BARE = r'(?<![:"\w])([A-Za-z_]\w*)(?![\w":(])'
"""A word that stands alone: no field such as `group:`, no value of one, nothing in quotes."""
STATED = r'key:"?([A-Za-z_]\w*)"?(?![\w*])'
GROUPS = r'group:"?([A-Za-z_]\w*)"?(?![\w*])'


def selected_assets(definitions: dg.Definitions, select: str) -> set[str]:
    """Names chosen by Dagster's selection syntax ("pausing", "+pausing", "group:cohort"); all for an empty text.

    StudyError for a text that is none, for the name of no asset or group, and for a selection that matches nothing.
    """
    graph = definitions.resolve_asset_graph()
    every = {key.to_user_string() for key in graph.materializable_asset_keys}
    if not select:
        return every
    groups = {graph.get(key).group_name or "" for key in graph.materializable_asset_keys}
    problems = [
        *_unknown([*re.findall(BARE, select), *re.findall(STATED, select)], every, "asset"),
        *_unknown(re.findall(GROUPS, select), groups, "group"),
    ]
    if problems:
        raise StudyError(problems)
    named = re.sub(BARE, lambda found: found[0] if found[1] in WORDS else f'key:"{found[1]}"', select)
    try:
        keys = dg.AssetSelection.from_string(named).resolve(graph)
    except Exception as error:
        said = str(error).strip().splitlines()[0]
        raise StudyError(
            Problem("--select", select, f"It is Dagster's asset selection ({said}).", "Example: --select '+pausing'.")
        ) from None
    chosen = {key.to_user_string() for key in keys} & every
    if not chosen:
        rule = "A selection must match an asset; this one matches none."
        raise StudyError(Problem("--select", select, rule, "Example: --select '+pausing', or 'group:cohort'."))
    return chosen


def phases(chosen: set[str]) -> tuple[list[str], list[str], list[str]]:
    """The chosen assets as (annotation, libraries, study), the order in which they can run."""
    annotation = [name for name in ("gene_models",) if name in chosen]
    libraries = [name for name in LIBRARY_ASSETS if name in chosen]
    return annotation, libraries, sorted(chosen - set(annotation) - set(libraries))


def _unknown(names: list[str], known: set[str], what: str) -> list[Problem]:
    problems = []
    for name in dict.fromkeys(names):
        if name in known or name in WORDS:
            continue
        near = difflib.get_close_matches(name, sorted(known), 3, 0.6)
        remedy = f"Did you mean {', '.join(near)}?" if near else f"Known are: {', '.join(sorted(known))}."
        problems.append(Problem("--select", name, f"It names no {what} of the graph.", remedy))
    return problems
