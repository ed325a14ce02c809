"""The constants of `fold_covariates` as a JSON-able document with arrays of numbers, and back.

What has an order stands in lists: JSON is written with sorted keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.methods.integration.factor_model import ONE_BATCH, AssayPart, FittedFactors
from groprog_assets.methods.integration.fold_covariates import AssayFit, Fitted
from groprog_assets.methods.integration.pathway_scores import FittedScores
from groprog_assets.methods.integration.stratum_profiles import StratumProfiles
from groprog_assets.methods.measurements.batch_correction import BatchFit, Encoding
from groprog_assets.methods.measurements.normalisation import Normalisation
from groprog_assets.study.measurement_parameters import MeasurementParameters
from groprog_assets.tables.values import Arrays, Document
from groprog_kernels.combat import Combat
from groprog_kernels.factor_model import FactorModel

COMBAT = ("mean", "slopes", "spread", "shift", "factor")
VIEW = ("mean", "weights", "squares", "precision")


class WrittenCovariates(NamedTuple):
    """names {kind: its covariates}, in order; document: text and settings; arrays: numbers, by name."""

    names: dict[str, list[str]]
    document: Document
    arrays: Arrays


def written(fitted: Fitted) -> WrittenCovariates:
    """`fitted` as a document and numbers: arrays (f,) and (f, k) of each assay and kind by its place, as `assay0_reference`."""
    arrays: Arrays = {}
    assays = []
    for k, (name, fit) in enumerate(fitted.assays.items()):
        held = fit.normalisation
        arrays |= {f"assay{k}_reference": held.reference, f"assay{k}_kept": fit.kept}
        arrays |= {f"assay{k}_mean": fit.mean, f"assay{k}_spread": fit.spread, f"assay{k}_level": fit.level}
        told = {
            **{"name": name, "features": list(fit.features), "symbols": list(fit.symbols), "level": held.level},
            **{"method": held.method, "scale": held.scale, "normalised_scale": held.normalised_scale, "batches": None},
            "unit": fit.unit,
        }
        if fit.batches is not None:
            constants = fit.batches.constants
            arrays |= {f"assay{k}_combat_{part}": getattr(constants, part) for part in COMBAT}
            told["batches"] = {
                "names": list(fit.batches.batches),
                "encodings": [[encoding.name, list(encoding.levels)] for encoding in fit.batches.encodings],
                "reference": constants.reference,
            }
        assays.append(told)
    factors = None
    if fitted.factors is not None:
        model = fitted.factors.model
        for k, part in enumerate(fitted.factors.parts.values()):
            parts = (part.means[ONE_BATCH].to_numpy(), model.weights[k], model.squares[k], model.precision[k])
            arrays |= {f"factors{k}_{name}": values for name, values in zip(VIEW, parts, strict=True)}
        factors = {
            "names": [str(name) for name in fitted.factors.scores.columns],
            "views": [[assay, part.features.astype(str).tolist()] for assay, part in fitted.factors.parts.items()],
        }
    scores = []
    for k, (name, own) in enumerate(fitted.scores.items()):
        arrays |= {f"scores{k}_mean": own.mean.to_numpy(), f"scores{k}_scale": own.scale.to_numpy()}
        members = [[held, list(genes)] for held, genes in own.members.items()]
        scores.append({"assay": name, "genes": own.mean.index.astype(str).tolist(), "members": members})
    profiles = None
    if fitted.profiles is not None:
        profiles = []
        for k, (name, profile) in enumerate(fitted.profiles.profiles.items()):
            spread = fitted.profiles.spread[name]
            arrays |= {f"strata{k}_profile": profile.to_numpy(dtype=np.float64)}
            arrays |= {f"strata{k}_{part}": spread[part].to_numpy() for part in ("mean", "scale")}
            profiles.append([name, profile.index.astype(str).tolist()])
    document = {
        **{"assays": assays, "factors": factors, "scores": scores, "strata": profiles, "left_out": fitted.left_out},
        "least_members": fitted.least_members,
        "measurements": fitted.measurements.model_dump(),
    }
    return WrittenCovariates(fitted.names, document, arrays)


def read_back(document: Document, arrays: Arrays) -> Fitted:
    """What `written` wrote: the constants from its document and arrays; a KeyError where one is missing."""
    assays = {}
    for k, told in enumerate(document["assays"]):
        constants = (told["method"], told["scale"], told["normalised_scale"])
        normalisation = Normalisation(*constants, arrays[f"assay{k}_reference"], float(told["level"]))
        batches = None
        if told["batches"] is not None:
            held = told["batches"]
            combat = Combat(**{part: arrays[f"assay{k}_combat_{part}"] for part in COMBAT}, reference=held["reference"])
            encodings = tuple(Encoding(name, tuple(levels)) for name, levels in held["encodings"])
            batches = BatchFit(tuple(held["names"]), encodings, combat)
        names = (tuple(told["features"]), tuple(told["symbols"]))
        kept = arrays[f"assay{k}_kept"].astype(bool)
        # A model of before these were kept knows nothing of the training values' spread.
        nothing = {
            "mean": np.full(kept.sum(), np.nan),
            "spread": np.full(kept.sum(), np.nan),
            "level": np.full(2, np.nan),
        }
        known = {part: arrays.get(f"assay{k}_{part}", unknown) for part, unknown in nothing.items()}
        fit = AssayFit(*names, normalisation, kept, batches, told.get("unit", ""))
        assays[told["name"]] = fit._replace(mean=known["mean"], spread=known["spread"], level=known["level"])
    scores = {}
    for k, told in enumerate(document["scores"]):
        mean, scale = (pd.Series(arrays[f"scores{k}_{part}"], index=told["genes"]) for part in ("mean", "scale"))
        members = {name: tuple(genes) for name, genes in told["members"]}
        scores[told["assay"]] = FittedScores(mean, scale, members, pd.DataFrame())
    return Fitted(
        assays,
        _factors(document["factors"], arrays),
        scores,
        _profiles(document["strata"], arrays),
        int(document["least_members"]),
        MeasurementParameters(**document["measurements"]),
        dict(document["left_out"]),
    )


def _factors(told: Document | None, arrays: Arrays) -> FittedFactors | None:
    if told is None:
        return None
    views, parts = [], {}
    for k, (assay, features) in enumerate(told["views"]):
        mean, *rest = (arrays[f"factors{k}_{part}"] for part in VIEW)
        parts[assay] = AssayPart(pd.Index(features), pd.DataFrame({ONE_BATCH: mean}, index=features))
        views.append(rest)
    names: Sequence[str] = told["names"]
    weights, squares, precision = (tuple(view[place] for view in views) for place in range(3))
    nobody = np.empty((0, len(names)))
    model = FactorModel(nobody, weights, squares, (), precision, np.empty((len(views), len(names))), np.empty(0))
    return FittedFactors(pd.DataFrame(nobody, columns=list(names)), parts, model)


def _profiles(told: list[tuple[str, list[str]]] | None, arrays: Arrays) -> StratumProfiles | None:
    if told is None:
        return None
    spread, profiles = {}, {}
    for k, (assay, features) in enumerate(told):
        held = arrays[f"strata{k}_profile"]
        profiles[assay] = pd.DataFrame(held, index=features, columns=range(1, held.shape[1] + 1))
        both = {part: arrays[f"strata{k}_{part}"] for part in ("mean", "scale")}
        spread[assay] = pd.DataFrame(both, index=features)
    return StratumProfiles(spread, profiles)
