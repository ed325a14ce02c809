"""Drugs whose signature runs against a ranking of genes: hypotheses, no evidence of benefit. Tables in, tables out.

Source of the score: Lamb et al. 2006, doi:10.1126/science.1132939, with weighted running sums as in Subramanian et al. 2017,
doi:10.1016/j.cell.2017.10.049.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.errors import AnnotationError, Problem
from groprog_assets.methods.features.multiple_testing import benjamini_hochberg
from groprog_assets.methods.integration.ranked_sets import enrichment_scores, permuted_ranks, present, ranked

LEAST_GENES = 10
"""Genes of a signature's half that must be in the ranking."""
LABEL = "hypothesis, no evidence of benefit"
_HALF = re.compile(r"(?P<drug>.+?)[ _:.-](?P<half>up|down|dn)", re.IGNORECASE)


class Signature(NamedTuple):
    """The genes that a drug raises and lowers."""

    up: tuple[str, ...]
    down: tuple[str, ...]


def signatures_of(sets: Mapping[str, tuple[str, ...]]) -> dict[str, Signature]:
    """Signatures from gene sets in pairs NAME_up and NAME_down (or _dn), in any case.

    AnnotationError for sets named otherwise, and for a drug with one of the two.
    """
    halves: dict[str, dict[str, tuple[str, ...]]] = {}
    odd = []
    for name, genes in sets.items():
        found = _HALF.fullmatch(name)
        if found is None:
            odd.append(name)
            continue
        half = "up" if found["half"].lower() == "up" else "down"
        halves.setdefault(found["drug"], {})[half] = genes
    odd += [drug for drug, own in halves.items() if len(own) < 2]
    if odd:
        rule = "A signature is two sets, NAME_up and NAME_down."
        raise AnnotationError([Problem("drug signatures", name, rule, "Rename or complete it.") for name in odd[:20]])
    return {drug: Signature(own["up"], own["down"]) for drug, own in halves.items()}


def signature_reversal(
    statistic: pd.Series,
    signatures: Mapping[str, Signature],
    permutations: int = 1000,
    seed: int = 1,
    least: int = LEAST_GENES,
) -> pd.DataFrame:
    """Connectivity of each drug's signature with the ranking of genes by `statistic` (gene -> t); a row a drug, by p.

    score: half the difference of the running sums of the drug's up and down genes, |t| as weights, where they have opposite
    signs, else 0; below 0 the drug reverses the ranking. p: share of scores as far from 0 when the genes of the ranking are
    dealt anew, (1 + as extreme) / (1 + `permutations`); q: Benjamini-Hochberg over the tested drugs. Columns: drug, up_present,
    down_present, up_score, down_score, score, p_value, q_value, reverses, label. A drug with fewer than `least` genes present in
    a half is listed without a score.
    """
    ranking = ranked(statistic)
    weights = ranking.abs().to_numpy(dtype=np.float64)
    places = {drug: (present(ranking, own.up), present(ranking, own.down)) for drug, own in signatures.items()}
    tested = [drug for drug, (up, down) in places.items() if min(len(up), len(down)) >= least]
    observed, extreme = {}, dict.fromkeys(tested, 0)
    for drug in tested:
        halves = [float(enrichment_scores(half[None, :], weights)[0]) for half in places[drug]]
        observed[drug] = (*halves, float(_joined(np.array(halves[:1]), np.array(halves[1:]))[0]))
    for orders in permuted_ranks(len(ranking), permutations, seed) if tested else ():
        for drug in tested:
            dealt = _joined(*(enrichment_scores(orders[:, half], weights) for half in places[drug]))
            extreme[drug] += int((np.abs(dealt) >= abs(observed[drug][2]) * (1 - 1e-12)).sum())
    rows = []
    for drug, (up, down) in places.items():
        scores = observed.get(drug, (np.nan, np.nan, np.nan))
        p_value = (1 + extreme[drug]) / (1 + permutations) if drug in observed else np.nan
        rows.append((drug, len(up), len(down), *scores, p_value))
    columns = ["drug", "up_present", "down_present", "up_score", "down_score", "score", "p_value"]
    table = pd.DataFrame(rows, columns=columns)
    table["q_value"] = benjamini_hochberg(table["p_value"].to_numpy(dtype=np.float64))
    table["reverses"] = table["score"] < 0
    table["label"] = LABEL
    return table.sort_values(["p_value", "score", "drug"], kind="stable", ignore_index=True)


def _joined(up: NDArray[np.float64], down: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.sign(up) != np.sign(down), (up - down) / 2, 0.0)
