"""Scores of diseases for a patient's findings by definition: one disease, one finding, one ancestor after the other."""

from __future__ import annotations

import math


def propagated(own, above):
    """own [{term: frequency}], above [ancestors of each term] -> [{term: largest frequency at or below}]."""
    return [{t: max(f for own_t, f in d.items() if t in above[own_t]) for o in d for t in above[o]} for d in own]


def likelihood_ratio(own, above, query, disease, factor, floor):
    """The likelihood ratios of the findings for one disease."""
    spread, number = propagated(own, above), len(own)
    base = {t: sum(d.get(t, 0.0) for d in spread) / number + 0.5 / number for t in range(len(above))}
    ratio = {t: spread[disease].get(t, 0.0) / base[t] for t in base}
    return [max([floor, ratio[h], *(factor * ratio[a] for a in above[h] if a != h)]) for h in query]


def content(own, above):
    """-ln of the share of diseases with each term; a term of no disease counts as half a disease's."""
    spread = propagated(own, above)
    return [-math.log((sum(t in d for d in spread) or 0.5) / len(own)) for t in range(len(above))]


def pairwise(own, above, query, disease, kind):
    """For each finding the best Resnik or Lin similarity with one of the disease's own terms; 0 where it has none."""
    ic = content(own, above)

    def similarity(a, b):
        shared = max((ic[t] for t in above[a] & above[b]), default=0.0)
        return shared if kind == "resnik" else 2 * shared / (ic[a] + ic[b]) if ic[a] + ic[b] > 0 else 0.0

    return [max((similarity(h, t) for t in own[disease]), default=0.0) for h in query]


def group_similarity(own, above, query, disease):
    """simGIC: content of the shared terms over that of all terms of both, ancestors counted."""
    ic = content(own, above)
    asked = set().union(*(above[h] for h in query))
    held = set().union(set(), *(above[t] for t in own[disease]))
    union = sum(ic[t] for t in asked | held)
    return sum(ic[t] for t in asked & held) / union if union > 0 else 0.0
