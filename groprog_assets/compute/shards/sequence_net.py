"""Training the sequence net of one fold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from groprog_assets.compute.compute_pool import Here, Pool
from groprog_assets.methods.sequence.baselines import Examples, Predictor, Rung
from groprog_assets.methods.sequence.cross_fitting import Fitter, fit_here
from groprog_assets.model.sequence.inputs import Around
from groprog_assets.model.sequence.rungs import NetRung
from groprog_assets.model.sequence.training import EpochRow
from groprog_assets.prognosis.sequence_rungs import MeanOfRungs
from groprog_assets.store.artifacts import digest_bytes, digest_value
from groprog_assets.study.sequence_net_parameters import NetParameters
from groprog_assets.tables.values import Document, Values

NOUN = "sequence_net"
IN_THREADS = False
"""Dropout draws from torch's one generator, so two trainings in a process would take each other's numbers."""


def compute(shared: Values, part: Values, here: Here) -> Document:
    """weights: the arrays of the net `shared["rung"]` fitted on the genes of a fold; train and validation are its row numbers.

    Training goes on from the last epoch kept in `here.scratch`.
    """
    examples = Examples(**shared["examples"])

    def tell(row: EpochRow) -> None:
        if here.progress is not None:
            here.progress(f"{shared['rung']} {part['name']} epoch {row['epoch'] + 1}: validation r {row['score']:.3f}")

    settings = NetParameters.model_validate_json(shared["settings"])
    rows = [part["rows"][role] for role in ("train", "validation")]
    named = digest_value([shared["rung"], shared["length"], *(digest_bytes(each.tobytes()) for each in rows)])
    folder = None if here.scratch is None else here.scratch / named
    rung = NetRung(
        shared["rung"],
        shared["length"],
        settings,
        shared["seed"],
        shared["filters"]["filters"],
        folder,
        tell,
        shared["high_low"],
        shared["channels"],
        Around(tuple(tuple(span) for span in shared["spans"]), shared["promoter"]),
    )
    fitted = rung.fit(*(examples.rows(each) for each in rows))
    return {"weights": fitted.arrays()}


def fitter_of(pool: Pool, here: Here) -> Fitter:
    """What fits rungs: a net fold by fold where the pool computes, any other rung in this process."""

    def fit(rung: Rung, examples: Examples, every: Sequence[NDArray[np.str_]]) -> list[Predictor]:
        if isinstance(rung, MeanOfRungs):
            parts = [fit(one, examples, every) for one in (rung.first, rung.second)]
            rows = [[examples.rows(roles == role) for role in ("train", "validation")] for roles in every]
            return [rung.joined(*both, *given) for *both, given in zip(*parts, rows, strict=True)]
        if not isinstance(rung, NetRung):
            return fit_here(rung, examples, every)
        shared = {
            "examples": examples._asdict(),
            "rung": rung.name,
            "length": rung.length,
            "settings": rung.settings.model_dump_json(),
            "seed": rung.seed,
            "high_low": rung.high_low,
            "channels": rung.channels,
            "spans": rung.around.spans,
            "promoter": rung.around.promoter,
            "filters": {"filters": rung.filters},
        }
        folds = [
            {
                "name": f"fold {place + 1} of {len(every)}",
                "rows": {role: np.flatnonzero(roles == role) for role in ("train", "validation")},
            }
            for place, roles in enumerate(every)
        ]
        return [rung.restored(made["weights"]) for made in pool.map(NOUN, shared, folds, here)]

    return fit
