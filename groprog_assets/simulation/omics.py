"""The omics half of the bundled study: three assays of part of its patients, with batches, a factor and a stratum planted.

Random numbers of its own: no other simulated file depends on it. Tables in and out, except `write_omics`, which writes them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.simulation.cohort import SimulatedCohort
from groprog_assets.simulation.phenotypes import SimulatedPhenotypes, build_phenotypes, write_phenotypes
from groprog_assets.simulation.world import World

Floats = NDArray[np.float64]

MOST_SUBJECTS = 96
PROBES = 160
SET_GENES = 20
"""Genes of the planted pathway, which rise with the factor; as many others fall."""
STRATUM_GENES = 30
PATHWAYS, DRUGS = 12, 6
STRATUM_SHARE = 0.4
PLANNED = {"rna": (3, "lab"), "protein": (2, "plate"), "methylation": (2, "chip")}
"""By assay: the number of its batches, and what they are called."""


class Plan(NamedTuple):
    """Size of what is planted, in log2 units. own: change of a planted feature by one SD of the factor; other: SD of the factor's
    weights in the other features; stratum: difference of the strata in their features; batch: SD of a batch's shifts;
    noise: SD."""

    own: float = 1.0
    other: float = 0.4
    stratum: float = 2.0
    batch: float = 0.8
    noise: float = 0.7


PLAN = Plan()


PARAMETERS = {"integration": {"subsamples": 30, "repeats": 1, "permutations": 1000}}
"""Fewer repetitions than a study of patients would take: they keep the bundled study quick."""


class SimulatedOmics(NamedTuple):
    """samples: the sample table; assays by name: features x samples as a laboratory would send them; consents: the table of
    consents; sets, drugs: gene sets by name; targets: drugs by their gene; patients, features: the truth, a row each; planted:
    the names of the planted pathway and drug; phenotypes: records of a few of the patients."""

    samples: pd.DataFrame
    assays: dict[str, pd.DataFrame]
    consents: pd.DataFrame
    sets: dict[str, list[str]]
    drugs: dict[str, list[str]]
    targets: pd.DataFrame
    patients: pd.DataFrame
    features: pd.DataFrame
    planted: dict[str, str]
    phenotypes: SimulatedPhenotypes


def build_omics(world: World, cohort: SimulatedCohort, seed: int) -> SimulatedOmics:
    """Three assays of at most `MOST_SUBJECTS` patients of the cohort: counts of transcripts, protein intensities, beta values.

    Planted: a factor (standard normal) in every assay, which raises the genes of one pathway; the stratum of the 40 % with the
    largest log hazard (with noise), whose own features differ, so that it dies earlier; batches that shift every feature, to
    which the samples of each activity are dealt evenly. `activity` is the factor cut at 0, with noise; a drug lowers what the
    factor raises. Low protein intensities are missing; 1 % of the beta values are; five patients lack each of these two assays.
    One patient has no consent, one withdrew it, one allows ancestry research alone.
    """
    rng = np.random.default_rng([seed, 17])
    truth, clinical = cohort.truth, cohort.clinical.set_index("PATIENT_ID")
    count = min(MOST_SUBJECTS, len(truth))
    at = np.sort(rng.choice(len(truth), count, replace=False))
    ids = truth["patient_id"].to_numpy()[at]
    hazard = truth["log_hazard"].to_numpy()[at] + rng.normal(0, 0.5, count)
    stratum = (hazard > np.quantile(hazard, 1 - STRATUM_SHARE)).astype(int) + 1
    factor = rng.standard_normal(count)
    activity = np.where(factor + rng.normal(0, 0.3, count) > 0, "high", "low")
    features = _features(world, rng)
    patients = pd.DataFrame({"patient_id": ids, "factor": factor, "stratum": stratum, "activity": activity})
    assays, rows = {}, []
    lacking = rng.permutation(count)[:10].reshape(2, 5) if count >= 40 else np.empty((2, 0), int)
    for number, (assay, (batches, called)) in enumerate(PLANNED.items()):
        batch = np.empty(count, int)
        batch[np.lexsort((rng.random(count), activity))] = np.arange(count) % batches
        values = _values(features[features["assay"] == assay], factor, stratum, batch, rng)
        made = _MEASURED[assay](values, rng)
        names = np.char.add(ids.astype(str), f"-{assay[0].upper()}")
        own = features.loc[features["assay"] == assay, "feature"]
        frame = pd.DataFrame(made, index=pd.Index(own, name="feature"), columns=names)
        batch_names = np.array([f"{called}_{k + 1}" for k in range(batches)])[batch]
        measured = np.ones(count, bool)
        measured[lacking[number - 1] if number else []] = False
        assays[assay] = frame.loc[:, measured]
        patients[f"{assay}_batch"] = np.where(measured, batch_names, "")
        rows.append(pd.DataFrame({"sample": names, "subject": ids, "assay": assay, "batch": batch_names})[measured])
    samples = pd.concat(rows, ignore_index=True)
    person = clinical.loc[samples["subject"]]
    samples["tissue"], samples["specimen"] = "UBERON:0002107", "tumour"
    samples["collected"] = (person["AGE"] * 12).round().astype(int).clip(upper=89 * 12).to_numpy()
    samples["sex"] = person["SEX"].str.lower().to_numpy()
    samples["activity"] = patients.set_index("patient_id").loc[samples["subject"], "activity"].to_numpy()
    samples["months"] = person["OS_MONTHS"].to_numpy()
    samples["died"] = person["OS_STATUS"].map({"1:DECEASED": "yes", "0:LIVING": "no"}).fillna("").to_numpy()
    consents, refused = _consents(ids, rng)
    patients["may_be_used"] = np.where(np.isin(ids, refused), "no", "yes")
    sets, drugs, planted = _gene_sets(features, rng)
    targets = _targets(features, rng)
    usable = patients.loc[patients["may_be_used"] == "yes", "patient_id"]
    phenotypes = build_phenotypes(world, clinical.loc[usable], seed)
    return SimulatedOmics(samples, assays, consents, sets, drugs, targets, patients, features, planted, phenotypes)


def write_omics(made: SimulatedOmics, study: Path) -> dict[str, Any]:
    """Write omics/ and the truth into the folder of a study (truth/ exists); returns the study's `omics` block."""
    folder, truth = study / "omics", study / "truth"
    folder.mkdir(exist_ok=True)
    tab: Any = {"sep": "\t", "lineterminator": "\n"}
    made.samples.to_csv(folder / "samples.tsv", index=False, **tab)
    made.consents.to_csv(folder / "consents.tsv", index=False, **tab)
    for assay, frame in made.assays.items():
        frame.to_csv(folder / f"{assay}.tsv", na_rep="NA", **tab)
    for name, sets in (("pathways.gmt", made.sets), ("drug_signatures.gmt", made.drugs)):
        rows = ("\t".join([key, "simulated", *genes]) + "\n" for key, genes in sets.items())
        (folder / name).write_text("".join(rows))
    made.targets.to_csv(folder / "drug_targets.tsv", index=False, **tab)
    made.patients.to_csv(truth / "omics_patients.tsv", index=False, float_format="%.6f", **tab)
    made.features.to_csv(truth / "omics_features.tsv", index=False, float_format="%.6f", **tab)
    made.phenotypes.truth.to_csv(truth / "rare_diseases.tsv", index=False, **tab)
    (truth / "omics.json").write_text(json.dumps(made.planted, indent=2) + "\n")
    return {**write_phenotypes(made.phenotypes, folder), **_BLOCK}


def _features(world: World, rng: np.random.Generator) -> pd.DataFrame:
    """assay, feature, role (pathway, falling, stratum, other), weight (change by one SD of the factor), difference (of stratum 2
    from stratum 1), level. Proteins bear the names of their genes, and have their roles."""
    genes = rng.permutation(world.genes["gene"].to_numpy())
    role = np.full(len(genes), "other", dtype=object)
    role[:SET_GENES], role[SET_GENES : 2 * SET_GENES] = "pathway", "falling"
    role[2 * SET_GENES : 2 * SET_GENES + STRATUM_GENES] = "stratum"
    proteins = np.zeros(len(genes), bool)
    for name, number in (("pathway", 12), ("falling", 12), ("stratum", 20), ("other", 50)):
        proteins[np.flatnonzero(role == name)[:number]] = True
    probes = np.array([f"sim{k + 1:05d}" for k in range(PROBES)])
    of_probes = np.array(["stratum"] * 40 + ["other"] * (PROBES - 40), dtype=object)
    parts = []
    for assay, names, roles, low, high in (
        ("rna", genes, role, 5.0, 12.0),
        ("protein", genes[proteins], role[proteins], 20.0, 27.0),
        ("methylation", probes, of_probes, -3.0, 3.0),
    ):
        spread = rng.normal(0, PLAN.other, len(names))
        sign = np.where(rng.random(len(names)) < 0.5, 1.0, -1.0)
        weight = np.select(
            [roles == "pathway", roles == "falling", roles == "stratum"], [PLAN.own, -PLAN.own, 0.0], spread
        )
        difference = np.where(roles == "stratum", sign * PLAN.stratum, 0.0)
        level = rng.uniform(low, high, len(names))
        columns = {"assay": assay, "feature": names, "role": roles, "weight": weight, "difference": difference}
        parts.append(pd.DataFrame({**columns, "level": level}).sort_values("feature"))
    return pd.concat(parts, ignore_index=True)


def _values(
    features: pd.DataFrame,
    factor: Floats,
    stratum: NDArray[np.int64],
    batch: NDArray[np.int64],
    rng: np.random.Generator,
) -> Floats:
    """(features, subjects) log2 or M values before they are measured."""
    shift = rng.normal(0, PLAN.batch, (len(features), int(batch.max()) + 1))[:, batch]
    noise = rng.normal(0, PLAN.noise, (len(features), len(factor))) * (1 + 0.25 * (batch == 0))
    planted = np.outer(features["weight"], factor) + np.outer(features["difference"], stratum - 1)
    return np.asarray(features["level"].to_numpy()[:, None] + planted + shift + noise)


def _counts(values: Floats, rng: np.random.Generator) -> NDArray[np.int64]:
    """Reads: negative binomial with dispersion 0.02, depths that differ by a fifth."""
    depth = np.exp(rng.normal(0, 0.2, values.shape[1]))
    return rng.poisson(np.exp2(values) * depth * rng.gamma(50, 1 / 50, values.shape))


def _intensities(values: Floats, rng: np.random.Generator) -> Floats:
    """Protein intensities; the lower the more often missing. Samples differ in load."""
    loaded = values + rng.normal(0, 0.3, values.shape[1])
    missing = rng.random(values.shape) < 1 / (1 + np.exp((loaded - 19.5) / 0.4))
    return np.where(missing, np.nan, np.exp2(loaded).round())


def _betas(values: Floats, rng: np.random.Generator) -> Floats:
    """Beta values of M values; 1 % missing at random."""
    beta = (1 / (1 + np.exp2(-values))).round(4)
    return np.where(rng.random(values.shape) < 0.01, np.nan, beta)


_MEASURED = {"rna": _counts, "protein": _intensities, "methylation": _betas}


def _consents(ids: NDArray[Any], rng: np.random.Generator) -> tuple[pd.DataFrame, list[str]]:
    """The table of consents, and the three who may not be used: no row, withdrawn, ancestry research alone."""
    none, gone, ancestry = (str(name) for name in rng.choice(ids, 3, replace=False))
    rows = [(name, 1, "2025-03-01", "", "DUO:0000006") for name in ids.tolist() if name != none]
    rows.append((gone, 2, "2025-03-01", "2025-09-01", "DUO:0000006"))
    table = pd.DataFrame(rows, columns=["subject", "version", "granted", "withdrawn", "permission"])
    table.loc[table["subject"] == ancestry, "permission"] = "DUO:0000011"
    return table.sort_values(["subject", "version"], ignore_index=True), [none, gone, ancestry]


def _gene_sets(
    features: pd.DataFrame, rng: np.random.Generator
) -> tuple[dict[str, list[str]], dict[str, list[str]], dict[str, str]]:
    """Pathways and drug signatures by name, and which of them are planted. The others are drawn from genes of no planted role."""
    rna = features[features["assay"] == "rna"]
    genes = {role: sorted(own["feature"]) for role, own in rna.groupby("role")}

    def drawn(number: int) -> list[str]:
        return sorted(rng.choice(genes["other"], number, replace=False).tolist())

    place, cure = int(rng.integers(PATHWAYS)), int(rng.integers(DRUGS))
    sets = {f"SIM_PATHWAY_{k + 1:02d}": drawn(SET_GENES) for k in range(PATHWAYS)}
    planted = {"pathway": f"SIM_PATHWAY_{place + 1:02d}", "drug": f"simdrug{cure + 1}"}
    sets[planted["pathway"]] = genes["pathway"]
    drugs = {f"simdrug{k + 1}_{half}": drawn(15) for k in range(DRUGS) for half in ("up", "down")}
    drugs[f"{planted['drug']}_up"], drugs[f"{planted['drug']}_down"] = genes["falling"][:15], genes["pathway"][:15]
    return sets, drugs, planted


def _targets(features: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """A drug that acts on a gene of the pathway, and one that acts on another gene."""
    rna = features[features["assay"] == "rna"]
    chosen = [str(rng.choice(rna.loc[rna["role"] == role, "feature"])) for role in ("pathway", "other")]
    columns = {"drug_id": ["SIM:1", "SIM:2"], "name": ["simdrug1", "simdrug2"], "gene_id": chosen}
    return pd.DataFrame({**columns, "action": "inhibitor", "source": "simulation", "version": "1"})


def _assay(name: str, omics: str, scale: str, missing_kind: str, **more: Any) -> dict[str, Any]:
    correction = {"covariates": ["sex"], "biological_factor": "activity"}
    named = {"name": name, "omics": omics, "path": f"omics/{name}.tsv", "scale": scale}
    return {**named, **more, "missing_kind": missing_kind, "batch_correction": correction}


_BLOCK: dict[str, Any] = {
    "samples": "omics/samples.tsv",
    "assays": [
        _assay("rna", "transcriptome", "count", "mar", unit="reads", id_system="symbol"),
        _assay("protein", "proteome", "linear", "mnar", unit="LFQ intensity", id_system="symbol"),
        _assay("methylation", "epigenome", "beta", "mar", id_system="probe"),
    ],
    "groups": {"column": "activity", "reference": "low"},
    "survival": {"time": "months", "event": "died"},
    "gene_sets": "omics/pathways.gmt",
    "drug_signatures": "omics/drug_signatures.gmt",
    "drug_targets": "omics/drug_targets.tsv",
    # Judged on a fixed day, so that a study run later has the same subjects.
    "consents": {"table": "omics/consents.tsv", "purpose": "health", "as_of": "2026-01-01"},
}
"""The part of the study's `omics` block that is the same for every seed."""
