"""Training the profile net of one fold."""

from __future__ import annotations

import numpy as np

from groprog_assets.compute.compute_pool import Here, Pool
from groprog_assets.methods.sequence.splits import Splits
from groprog_assets.model.sequence.profile import ProfileExamples, fit_profile
from groprog_assets.model.sequence.training import EpochRow
from groprog_assets.prognosis.sequence_profile import ProfileInputs
from groprog_assets.study.sequence_net_parameters import NetParameters
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_assets.tables.values import Document, Values

NOUN = "sequence_profile"
IN_THREADS = False
"""A training seeds torch's one generator."""


def compute(shared: Values, part: Values, here: Here) -> Document:
    """weights: arrays of the net of a fold; predicted: profile (t, 2, output) and counts (t, k) of its test genes."""
    examples = ProfileExamples(**shared["examples"])
    settings = NetParameters.model_validate_json(shared["settings"])
    rows = part["rows"]

    def tell(row: EpochRow) -> None:
        if here.progress is not None:
            here.progress(f"profile fold {part['fold'] + 1} epoch {row['epoch'] + 1}: score {row['score']:.3f}")

    folder = None if here.scratch is None else here.scratch / f"profile_{part['fold']}"
    train, validation = (examples.rows(rows[role]) for role in ("train", "validation"))
    fitted = fit_profile(train, validation, settings, shared["seed"], folder, tell)
    codes = examples.codes[rows["test"]]
    found = fitted.predict(codes[:, settings.shift : codes.shape[1] - settings.shift])
    return {
        "weights": fitted.arrays(),
        "predicted": {"profile": found.profile.astype(np.float32), "counts": found.counts.astype(np.float32)},
    }


def on_pool(
    pool: Pool, inputs: ProfileInputs, splits: Splits, parameters: SequenceParameters, here: Here
) -> tuple[dict[str, np.ndarray], list[dict[str, np.ndarray]]]:
    """({profile (g, 2, output), counts (g, k)} of every gene by the net that never saw its fold, arrays of each fold's net)."""
    shared = {
        "examples": inputs.examples._asdict(),
        "settings": parameters.nets.model_dump_json(),
        "seed": parameters.seed,
    }
    parts: list[Document] = [
        {"fold": fold, "rows": {role: np.flatnonzero(roles == role) for role in ("train", "validation", "test")}}
        for fold, roles in enumerate(splits.roles)
    ]
    made = pool.map(NOUN, shared, parts, here)
    predicted: dict[str, np.ndarray] = {}
    for part, one in zip(parts, made, strict=True):
        for name, values in one["predicted"].items():
            whole = predicted.setdefault(name, np.zeros((len(inputs.examples.codes), *values.shape[1:]), np.float32))
            whole[part["rows"]["test"]] = values
    return predicted, [one["weights"] for one in made]
