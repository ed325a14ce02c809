"""Training the profile net of one fold."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groprog_assets.compute.compute_pool import Here, Pool
from groprog_assets.methods.sequence.splits import Splits
from groprog_assets.model.sequence.profile import ProfileExamples, fit_profile
from groprog_assets.model.sequence.shared_trunk import TrunkChoice, fit_trunks, values
from groprog_assets.model.sequence.training import EpochRow
from groprog_assets.prognosis.sequence_profile import ProfileInputs
from groprog_assets.study.sequence_net_parameters import NetParameters
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_assets.tables.values import Document, Values

NOUN = "sequence_profile"
IN_THREADS = False
"""A training seeds torch's one generator."""


class OfFolds(NamedTuple):
    """predicted: profile (g, 2, output) and counts (g, k) of every gene; weights: arrays of each fold's net; values (g, T) and
    choices of each fold with `shared_trunk`, else None and none."""

    predicted: dict[str, np.ndarray]
    weights: list[dict[str, np.ndarray]]
    values: NDArray[np.float64] | None
    choices: list[TrunkChoice]


def compute(shared: Values, part: Values, here: Here) -> Document:
    """weights: arrays of the net of a fold; predicted: profile (t, 2, output) and counts (t, k) of its test genes. With
    `shared_trunk` also values (t, T) of these and choice, how it came to share the trunk with them or not."""
    examples = ProfileExamples(**shared["examples"])
    settings = NetParameters.model_validate_json(shared["settings"])
    rows = part["rows"]

    def tell(row: EpochRow) -> None:
        if here.progress is not None:
            here.progress(f"profile fold {part['fold'] + 1} epoch {row['epoch'] + 1}: score {row['score']:.3f}")

    folder = None if here.scratch is None else here.scratch / f"profile_{part['fold']}"
    train, validation = (examples.rows(rows[role]) for role in ("train", "validation"))
    codes, told = examples.codes[rows["test"]], {}
    if settings.shared_trunk:
        targets = [shared["targets"]["targets"][rows[role]] for role in ("train", "validation")]
        fitted, network, choice = fit_trunks(
            train, validation, (targets[0], targets[1]), settings, shared["seed"], folder, tell
        )
        told = {"values": values(network, codes, settings.shift), "choice": choice}
    else:
        fitted = fit_profile(train, validation, settings, shared["seed"], folder, tell)
    found = fitted.predict(codes[:, settings.shift : codes.shape[1] - settings.shift])
    return {
        "weights": fitted.arrays(),
        "predicted": {"profile": found.profile.astype(np.float32), "counts": found.counts.astype(np.float32)},
        **told,
    }


def on_pool(
    pool: Pool,
    inputs: ProfileInputs,
    targets: NDArray[np.float64],
    splits: Splits,
    parameters: SequenceParameters,
    here: Here,
) -> OfFolds:
    """Every gene by the net that never saw its fold. targets (g, T): values that may share the trunk with `shared_trunk`."""
    shared: Document = {
        **({"targets": {"targets": targets}} if parameters.nets.shared_trunk else {}),
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
        for name, held in one["predicted"].items():
            whole = predicted.setdefault(name, np.zeros((len(inputs.examples.codes), *held.shape[1:]), np.float32))
            whole[part["rows"]["test"]] = held
    if not parameters.nets.shared_trunk:
        return OfFolds(predicted, [one["weights"] for one in made], None, [])
    told = np.full(targets.shape, np.nan)
    for part, one in zip(parts, made, strict=True):
        told[part["rows"]["test"]] = one["values"]
    return OfFolds(predicted, [one["weights"] for one in made], told, [one["choice"] for one in made])
