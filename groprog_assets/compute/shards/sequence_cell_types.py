"""Training the nets of one fold that predict one cell type from the others, with and without the adversarial head."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from groprog_assets.compute.compute_pool import Here, Pool
from groprog_assets.methods.sequence.baselines import Examples
from groprog_assets.methods.sequence.splits import Splits
from groprog_assets.model.sequence.adversarial import unseen_type
from groprog_assets.study.sequence_net_parameters import NetParameters
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_assets.tables.values import Document, Values

NOUN = "sequence_cell_types"
IN_THREADS = False
"""A training seeds torch's one generator."""


def compute(shared: Values, part: Values, here: Here) -> Document:
    """plain, adversarial (t, T): predictions of the test genes of a fold in the cell type `part["held"]`."""
    settings, rows, held = NetParameters.model_validate_json(shared["settings"]), part["rows"], int(part["held"])
    tracks: NDArray[np.float32] = shared["tracks"]["tracks"]
    targets: NDArray[np.float64] = shared["targets"]["targets"]

    def examples(kind: int, chosen: NDArray[np.int64]) -> Examples:
        side = tracks[kind][chosen].reshape(len(chosen), -1).astype(np.float64)
        return Examples(shared["codes"]["codes"][chosen], side, targets[kind][chosen])

    def tell(row: str) -> None:
        if here.progress is not None:
            here.progress(f"{part['name']}, {row}")

    kinds = range(len(targets))
    found = unseen_type(
        [examples(kind, rows["train"]) for kind in kinds],
        [examples(kind, rows["validation"]) for kind in kinds],
        examples(held, rows["test"]),
        held,
        settings,
        shared["seed"],
        tracks.shape[2],
        None if here.scratch is None else here.scratch / f"type_{held}_fold_{part['fold']}",
        tell,
    )
    return {"predicted": found._asdict()}


def on_pool(
    pool: Pool,
    codes: NDArray[np.uint8],
    tracks: NDArray[np.float32],
    targets: NDArray[np.float64],
    names: list[str],
    splits: Splits,
    parameters: SequenceParameters,
    here: Here,
) -> dict[str, NDArray[np.float64]]:
    """{`plain`, `adversarial`: (k, g, T) predictions of each cell type by nets that saw neither its targets nor the gene's fold}.

    codes (g, L); tracks (k, g, c, L) and targets (k, g, T) of each cell type; names (k).
    """
    shared = {
        "codes": {"codes": codes},
        "tracks": {"tracks": tracks},
        "targets": {"targets": targets},
        "settings": parameters.nets.model_dump_json(),
        "seed": parameters.seed,
    }
    parts: list[dict[str, Any]] = [
        {
            "name": f"{name} from the others, fold {fold + 1} of {len(splits.roles)}",
            "held": held,
            "fold": fold,
            "rows": {role: np.flatnonzero(roles == role) for role in ("train", "validation", "test")},
        }
        for held, name in enumerate(names)
        for fold, roles in enumerate(splits.roles)
    ]
    found = {form: np.full(targets.shape, np.nan) for form in ("plain", "adversarial")}
    for part, made in zip(parts, pool.map(NOUN, shared, parts, here), strict=True):
        for form, predicted in made["predicted"].items():
            found[form][part["held"], part["rows"]["test"]] = predicted
    return found
