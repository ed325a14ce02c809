"""A trained model as files: safetensors for weights, JSON for everything else.

Loading executes no code from a file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from groprog_assets.errors import ModelError, Problem
from groprog_assets.model.encoders import Encoders
from groprog_assets.model.network import RiskNetwork
from groprog_assets.model.risk_model import RiskModel
from groprog_assets.study.parameters import Parameters, without_retired
from groprog_kernels.cox import Baseline

FORMAT = 4


def save_model(model: RiskModel) -> dict[str, bytes]:
    """File name -> bytes: model.json (parameters, encoders, vocabulary, digest of the rest), encoders.safetensors,
    reference.safetensors (Breslow baseline, training risks), member-<i>.safetensors. Equal models give equal bytes."""
    files = {"encoders.safetensors": save_arrays(_contiguous(model.encoders.arrays()))}
    files["reference.safetensors"] = save_arrays(
        _contiguous(
            {
                "baseline_time": model.baseline.time,
                "baseline_log_cumulative_hazard": model.baseline.log_cumulative_hazard,
                "training_risk": model.training_risk,
            }
        )
    )
    for place, network in enumerate(model.members):
        tensors = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
        files[f"member-{place}.safetensors"] = save_tensors(tensors)
    document = {
        "format": FORMAT,
        "members": len(model.members),
        "widths": list(model.widths),
        "parameters": model.parameters.model_dump(mode="json"),
        "encoders": model.encoders.document(),
        "linear_penalties": list(model.linear_penalties),
        "training_patients": model.training_patients,
        "training_events": model.training_events,
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
    }
    files["model.json"] = json.dumps(document, sort_keys=True, allow_nan=False).encode()
    return files


def load_model(source: Mapping[str, bytes] | str | Path) -> RiskModel:
    """The model of a mapping as `save_model` gives, or of a folder of such files.

    Raises ModelError when a file is missing, altered, or of another format. A model of another version of the program is
    refused, because its parameters could mean something else.
    """
    files = _files(source)
    if "model.json" not in files:
        raise ModelError(Problem("model", "no model.json", "A model is a folder with model.json.", "Name that folder."))
    document = json.loads(files["model.json"])
    if document.get("format") != FORMAT:
        rule = f"This program reads format {FORMAT}."
        remedy = "Train again with this program (`groprog run`), or use the version that made the model."
        raise ModelError(Problem("model.json", f"format {document.get('format')}", rule, remedy))
    problems = []
    for name, digest in document["sha256"].items():
        if name not in files:
            problems.append(
                Problem(f"model file {name}", "missing", "All files of the model are needed.", "Copy it again.")
            )
        elif hashlib.sha256(files[name]).hexdigest() != digest:
            problems.append(
                Problem(f"model file {name}", "altered", "Its bytes must match model.json.", "Copy it again.")
            )
    if problems:
        raise ModelError(problems)
    parameters = Parameters.model_validate(without_retired(document["parameters"]))
    encoders = Encoders.restore(document["encoders"], load_arrays(files["encoders.safetensors"]))
    reference = load_arrays(files["reference.safetensors"])
    widths = tuple(document["widths"])
    members = []
    for place in range(document["members"]):
        network = RiskNetwork(encoders, parameters, widths).double()
        network.load_state_dict(load_tensors(files[f"member-{place}.safetensors"]))
        members.append(network.eval())
    return RiskModel(
        parameters,
        encoders,
        tuple(members),
        widths,
        Baseline(reference["baseline_time"], reference["baseline_log_cumulative_hazard"]),
        reference["training_risk"],
        tuple(document["linear_penalties"]),
        document["training_patients"],
        document["training_events"],
    )


def model_version(files: Mapping[str, bytes]) -> str:
    """sha256 over the files of a saved model, in the order of their names."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(name.encode() + b"\0" + hashlib.sha256(files[name]).digest())
    return digest.hexdigest()


def _files(source: Mapping[str, bytes] | str | Path) -> dict[str, bytes]:
    if isinstance(source, Mapping):
        return {name: bytes(content) for name, content in source.items()}
    folder = Path(source)
    if not folder.is_dir():
        raise ModelError(
            Problem(f"model folder {folder}", "no such folder", "A model is a folder.", "Name that folder.")
        )
    return {
        path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in (".json", ".safetensors")
    }


def _contiguous(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: np.ascontiguousarray(array) for name, array in arrays.items()}
