"""Normalisation of gene features to a common scale: eq. 2, and variants for signed and ranked ones. Tables in, tables out."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from groprog_assets.study.parameters import NormalizationParameters
from groprog_assets.tables import TABLES, conform
from groprog_assets.tables.values import Document, Values

LABEL = ("label", "differential")
RULES = {
    "tss_density": ("quantile_log", "density"),
    "body_density": ("quantile_log", "density"),
    "upstream_density": ("quantile_log", "density"),
    "pausing_index": ("log_rank", "pausing"),
    "five_prime_fraction": ("quantile_log", "pausing"),
    "body_fraction": ("quantile_log", "pausing"),
    "post_fraction": ("quantile_log", "pausing"),
    "tua": ("signed_log", "pausing"),
    "log2_fold_change": ("signed_log", "differential"),
    "significance": ("signed_log", "differential"),
    "expression_level": ("quantile_log", "differential"),
    "enhancers_near": ("count_log", "differential"),
    "enhancer_response": ("signed_log", "differential"),
    "key_locus_activity": ("count_log", "differential"),
    "key_locus_response": ("signed_log", "differential"),
    "chromatin_coordination": ("signed_log", "density"),
}
FRACTIONS = ("five_prime_fraction", "body_fraction", "post_fraction")
"""Overlap fractions that Table 5 of the paper ranks: with `rank_fractions` their rule is `rank`."""
SEQUENCE_MISSING = "sequence_missing"
PRETRAINED = "sequence_pretrained_"
"""How columns of vectors from other models begin."""
NOT_OF_EVERY_STUDY = (
    *("key_locus", "enhancers_near", "enhancer_response", "key_locus_activity", "key_locus_response"),
    SEQUENCE_MISSING,
)
RANK_SUFFIX = "_rank"
ROBUST_LIMIT = 3.0
NORMAL_MAD = 1.482602218505602


class NormalizedFeatures(NamedTuple):
    """table: `normalized_features`, no missing values; constants: `normalization_constants`, one row a feature."""

    table: pd.DataFrame
    constants: pd.DataFrame


def with_sequence(features: pd.DataFrame | None, descriptors: pd.DataFrame | None) -> pd.DataFrame | None:
    """The features with the columns of table `sequence_descriptors` behind them; as they are where either is None."""
    if features is None or descriptors is None:
        return features
    return features.merge(descriptors, on="gene", how="left", validate="one_to_one")


def normalize(features: pd.DataFrame | None, parameters: NormalizationParameters) -> NormalizedFeatures:
    """Each feature by its rule, blocks after Table 5; quantiles over the genes that have the feature. None: no gene, no feature.

    * quantile_log: eq. 2 with the upper clip, in [0, 1]; densities, overlap fractions, abundance, marks.
    * signed_log: sign(x) log1p|x| / log1p(q99 of |x|), clipped to [-1, 1], so 0 stays 0 (q99 of those that are not
      0 where more than 99 % are); fold change, significance, TUA, response of enhancers and of key loci, coordination with marks.
    * count_log: log1p(x) / log1p(q99 of the genes with one or more), at most 1, so 0 stays 0; the count of enhancers,
      activity of key loci.
    * log_rank: log10, then the robust z (median, MAD) clipped to +-3 in the feature's own column and the rank in (0, 1) in
      `<feature>_rank`; the pausing index. An index of 0 takes half the smallest positive one.
    * rank: the rank in (0, 1), ties sharing theirs; with `rank_fractions` the overlap fractions, instead of quantile_log.
    * standard: (x - mean) / SD over the genes, clipped to +-3; the descriptors from sequence.
    * label: as it is; the functional labels, key_locus, sequence_missing and further columns that hold only 0 and 1.

    A missing value becomes the feature's neutral value and nothing else: 0 for signed_log, the standard and the robust z, 0.5 for
    the rank, the median of the observed normalised values for quantile_log, 0 for a label. A feature without spread (q99 = q01;
    for labels one value; none observed) is dropped with a warning, and keeps its row in the constants. There is no warning where
    no gene has an enhancer near it.
    """
    if features is None:
        features = pd.DataFrame({"gene": pd.Series(dtype="str")})
    columns: dict[str, NDArray[np.float64]] = {}
    constants: list[Document] = []
    for name in features.columns.drop("gene"):
        values = features[name].to_numpy(np.float64, copy=True)
        rule, block = _rule(name, values)
        if parameters.rank_fractions and name in FRACTIONS:
            rule = "rank"
        held, lower, upper = _apply(rule, values, parameters)
        constants.append(
            {"feature": name, "rule": rule, "lower": lower, "upper": upper, "block": block, "dropped": held is None}
        )
        if held is None and name in NOT_OF_EVERY_STUDY and not np.nan_to_num(values).any():
            continue  # no candidate enhancer near any gene, no reliable key locus: nothing that a reader could mend
        if held is None:
            warnings.warn(f"feature {name} has no spread over {len(values)} genes and is not used", stacklevel=2)
            continue
        columns[name] = held
        if rule == "log_rank":
            columns[name + RANK_SUFFIX] = fractional_rank(values)
            constants.append({**constants[-1], "feature": name + RANK_SUFFIX})
    table = pd.DataFrame({"gene": features["gene"].to_numpy(), **columns})
    return NormalizedFeatures(
        conform(table, "normalized_features"),
        conform(
            pd.DataFrame(constants, columns=TABLES["normalization_constants"].column_names), "normalization_constants"
        ),
    )


def matched_features(patient_features: Values | None, experiment: NormalizedFeatures) -> Document:
    """Arrays values (n, g, J), gene (g,), feature (J,), patient_id (n,) of the patients with libraries of their own, on the
    experiment's scale (`normalize_patients`); empty when no patient has one."""
    if patient_features is None or not len(patient_features["patient_id"]):
        return {}
    return {
        "values": normalize_patients(patient_features["values"], patient_features["feature"].tolist(), experiment),
        "gene": patient_features["gene"],
        "feature": experiment.table.columns.drop("gene").to_numpy(dtype=str),
        "patient_id": patient_features["patient_id"],
    }


def normalize_patients(
    values: NDArray[np.float32], features: Sequence[str], experiment: NormalizedFeatures
) -> NDArray[np.float32]:
    """Patients' own features (n, g, j) -> (n, g, J) float32 in the columns of the experiment's table, genes in its order.

    The constants are those of the experiment, so the scale of a patient does not depend on other patients; only ranks are
    computed per patient. A feature that a patient's library does not measure has the value of the experiment. A missing value
    becomes the neutral value of `normalize`; a patient without any value stays missing (NaN).
    """
    columns = [name for name in experiment.table.columns if name != "gene"]
    constants = experiment.constants.set_index("feature")
    place = {name: k for k, name in enumerate(features)}
    result = np.empty((*values.shape[:2], len(columns)), np.float32)
    for k, name in enumerate(columns):
        own = experiment.table[name].to_numpy(np.float64)
        source = name.removesuffix(RANK_SUFFIX) if name.endswith(RANK_SUFFIX) else name
        if source not in place:
            result[:, :, k] = own
            continue
        raw = values[:, :, place[source]].astype(np.float64)
        if name.endswith(RANK_SUFFIX):
            result[:, :, k] = [fractional_rank(row) for row in raw]
            continue
        rule, (lower, upper) = str(constants.at[name, "rule"]), (constants[end][name] for end in ("lower", "upper"))
        result[:, :, k] = _as_in_experiment(rule, raw, float(lower), float(upper), own)
    result[~np.isfinite(values).any(axis=(1, 2))] = np.nan
    return result


def _as_in_experiment(
    rule: str, raw: NDArray[np.float64], lower: float, upper: float, own: NDArray[np.float64]
) -> NDArray[np.float64]:
    if rule == "signed_log":
        return np.nan_to_num(signed_log(raw, upper))
    if rule == "log_rank":
        with np.errstate(divide="ignore"):
            z = np.clip((np.log10(raw) - lower) / (upper - lower), -ROBUST_LIMIT, ROBUST_LIMIT)
        return np.nan_to_num(z)
    if rule == "quantile_log":
        scaled = quantile_log(raw, lower, upper)
        return np.where(np.isnan(scaled), np.median(own), scaled)
    return np.broadcast_to(own, raw.shape)


def quantile_log(x: ArrayLike, lower: float, upper: float) -> NDArray[np.float64]:
    """Eq. 2 with the upper clip: log1p(clip(x, lower, upper) - lower) / log1p(upper - lower), in [0, 1]; NaN stays.

    lower, upper: q01 and q99 in the feature's unit, upper > lower. Any shape.
    """
    x = np.asarray(x, dtype=np.float64)
    return np.log1p(np.clip(x, lower, upper) - lower) / np.log1p(upper - lower)


def signed_log(x: ArrayLike, upper: float) -> NDArray[np.float64]:
    """sign(x) log1p(min(|x|, upper)) / log1p(upper), in [-1, 1]; upper: q99 of |x|, > 0. NaN stays. Any shape."""
    x = np.asarray(x, dtype=np.float64)
    return np.sign(x) * np.log1p(np.minimum(np.abs(x), upper)) / np.log1p(upper)


def fractional_rank(x: ArrayLike) -> NDArray[np.float64]:
    """(mean rank - 0.5) / n of each value among the n observed, in (0, 1); ties share their mean rank, NaN becomes 0.5: (n,)."""
    rank = pd.Series(np.asarray(x, dtype=np.float64)).rank()
    return np.asarray(((rank - 0.5) / max(int(rank.notna().sum()), 1)).fillna(0.5), dtype=np.float64)


def _rule(name: str, values: NDArray[np.float64]) -> tuple[str, str]:
    if name in RULES:
        return RULES[name]
    if name.startswith("sequence_") and not _is_missing_flag(name):
        return "standard", "differential"
    if name.startswith(("mark_", "track_")):
        return "quantile_log", "density"
    observed = values[~np.isnan(values)]
    return LABEL if np.isin(observed, (0.0, 1.0)).all() else ("quantile_log", "differential")


def _is_missing_flag(name: str) -> bool:
    """Whether a column from sequence says which genes have no vector."""
    return name == SEQUENCE_MISSING or (name.startswith(PRETRAINED) and name.endswith("_missing"))


def _apply(
    rule: str, values: NDArray[np.float64], parameters: NormalizationParameters
) -> tuple[NDArray[np.float64] | None, float, float]:
    observed = values[~np.isnan(values)]
    if not len(observed) or np.all(observed == observed[0]):
        return None, np.nan, np.nan
    if rule == "label":
        return np.nan_to_num(values), np.nan, np.nan
    if rule == "rank":
        return fractional_rank(values), np.nan, np.nan
    if rule == "standard":
        centre, spread = float(observed.mean()), float(observed.std())
        return np.nan_to_num(np.clip((values - centre) / spread, -ROBUST_LIMIT, ROBUST_LIMIT)), centre, centre + spread
    if rule == "signed_log":
        size = np.abs(observed)
        upper = float(np.quantile(size, parameters.upper_quantile))
        if upper == 0 and size.any():  # most genes have none: the scale is that of those that have
            upper = float(np.quantile(size[size > 0], parameters.upper_quantile))
        return (np.nan_to_num(signed_log(values, upper)) if upper > 0 else None), np.nan, upper
    if rule == "log_rank":
        return _robust_z(values)
    if rule == "count_log":
        upper = float(np.quantile(observed[observed > 0], parameters.upper_quantile))
        return quantile_log(values, 0.0, upper), 0.0, upper
    lower, upper = (float(q) for q in np.quantile(observed, (parameters.lower_quantile, parameters.upper_quantile)))
    if upper <= lower:
        return None, lower, upper
    scaled = quantile_log(values, lower, upper)
    return np.where(np.isnan(scaled), np.nanmedian(scaled), scaled), lower, upper


def _robust_z(values: NDArray[np.float64]) -> tuple[NDArray[np.float64] | None, float, float]:
    positive = values[values > 0]
    if not len(positive):
        return None, np.nan, np.nan
    logs = np.log10(np.where(values == 0, positive.min() / 2, values))
    centre = float(np.nanmedian(logs))
    spread = float(np.nanmedian(np.abs(logs - centre))) * NORMAL_MAD
    if spread <= 0:
        return None, centre, centre
    z = np.clip((logs - centre) / spread, -ROBUST_LIMIT, ROBUST_LIMIT)
    return np.nan_to_num(z), centre, centre + spread
