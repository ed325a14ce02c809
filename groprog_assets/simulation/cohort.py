"""Simulated patients: a hazard from age, stage and the planted signature; clinical table, expression matrix and truth.

Three kinds of cohort, which differ in what a model must be able to do to find the signature.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.simulation.world import World

Kind = Literal["signature", "programme", "interaction"]


class Plan(NamedTuple):
    """What one kind of cohort plants. log hazard = sum of `coefficients` x covariate.

    loading: change of a responding gene's expression by one SD of the signature. modules: nuisance modules, each of a share
    `module_share` of the genes with normal loadings of SD `module_loading`; they predict nothing. noise: SD.
    """

    coefficients: dict[str, float]
    loading: float
    modules: int
    module_share: float
    module_loading: float
    noise: float


CLINIC = {"age_per_decade": 0.30, "stage": 0.55, "albumin": -0.35}
WEAKER_CLINIC = {"age_per_decade": 0.25, "stage": 0.40, "albumin": -0.25}
LATE_STAGE = 3
PLANS: dict[Kind, Plan] = {
    "signature": Plan({**CLINIC, "signature": 0.75}, 0.55, 2, 1.0, 0.5, 0.7),
    "programme": Plan({**WEAKER_CLINIC, "signature": 1.2}, 0.2, 20, 0.15, 0.8, 0.7),
    "interaction": Plan({**WEAKER_CLINIC, "signature_until_late_stage": 1.0}, 0.4, 20, 0.15, 0.8, 0.7),
}
"""signature: the planted genes move together so strongly that the leading directions of expression find them. programme: modules
are stronger than the signature, so that only a model which knows the responding genes finds it. interaction: the signature raises
the hazard until stage II and lowers it as much from stage III on, which no sum of columns can express."""
MEDIAN_MONTHS = 30.0
FOLLOW_UP_MONTHS = (12.0, 84.0)


class SimulatedCohort(NamedTuple):
    """clinical: the table a hospital would send; expression: genes x patients, log2; truth: one row a patient."""

    clinical: pd.DataFrame
    expression: pd.DataFrame
    truth: pd.DataFrame


def build_cohort(world: World, patients: int, other_genes: int, seed: int, kind: Kind = "programme") -> SimulatedCohort:
    """`patients` patients of a world, of a kind of `PLANS`.

    log hazard = sum of the plan's coefficients x covariate; the signature is a standard normal that raises the planted up
    genes and lowers the down genes in the patient's expression. Exponential survival with `MEDIAN_MONTHS`, uniform administrative
    censoring. Two batches shift every gene. Missing: 12 % albumin, 6 % stage, 5 % of patients without expression, 0.5 % of
    expression values, two patients without an outcome. Treatment is recorded 60 days after baseline and does nothing.
    """
    rng = np.random.default_rng([seed, 7])
    n = patients
    age = np.clip(rng.normal(61, 11, n), 25, 90).round(1)
    stage = rng.choice([1, 2, 3, 4], n, p=[0.35, 0.3, 0.25, 0.1])
    grade = np.clip(stage // 2 + rng.integers(0, 3, n), 1, 3)
    albumin = np.clip(rng.normal(3.9, 0.5, n), 2.0, 5.2).round(1)
    signature = rng.standard_normal(n)
    plan = PLANS[kind]
    columns = {
        "age_per_decade": (age - 61) / 10,
        "stage": stage - 2,
        "albumin": (albumin - 3.9) / 0.5,
        "signature": signature,
        "signature_until_late_stage": np.where(stage < LATE_STAGE, signature, -signature),
    }
    log_hazard = np.sum([weight * columns[name] for name, weight in plan.coefficients.items()], axis=0)
    death = rng.exponential(MEDIAN_MONTHS / np.log(2), n) * np.exp(-log_hazard)
    censoring = rng.uniform(*FOLLOW_UP_MONTHS, n)
    time = np.maximum(np.minimum(death, censoring), 0.1).round(2)
    event = death <= censoring
    batch = rng.integers(0, 2, n)
    ids = np.array([f"SIM-{k + 1:04d}" for k in range(n)])
    missing_outcome = np.zeros(n, bool)
    missing_outcome[rng.choice(n, 2, replace=False)] = True

    def blank(values: np.ndarray, share: float, token: str = "") -> np.ndarray:
        return np.where(rng.random(n) < share, token, values.astype(str))

    clinical = pd.DataFrame(
        {
            "PATIENT_ID": ids,
            "OS_MONTHS": np.where(missing_outcome, "", time.astype(str)),
            "OS_STATUS": np.where(missing_outcome, "", np.where(event, "1:DECEASED", "0:LIVING")),
            "AGE": age,
            "SEX": rng.choice(["Female", "Male"], n),
            "STAGE": blank(np.array(["", "I", "II", "III", "IV"])[stage], 0.06, "[Not Available]"),
            "GRADE": blank(np.char.add("G", grade.astype(str)), 0.04),
            "ALBUMIN": blank(albumin, 0.12, "NA"),
            "TREATMENT": rng.choice(["surgery", "ablation", "systemic"], n, p=[0.6, 0.25, 0.15]),
            "BATCH": np.array(["site_1", "site_2"])[batch],
        }
    )
    # Draws of their own, so that who has expression does not depend on the kind.
    expression = _expression(world, signature, batch, other_genes, plan, np.random.default_rng([seed, 13]))
    expression.columns = ids
    with_expression = rng.random(n) >= 0.05
    truth = pd.DataFrame(
        {
            "patient_id": ids,
            "signature": signature,
            "log_hazard": log_hazard,
            "death_months": death,
            "censoring_months": censoring,
            "has_expression": with_expression,
        }
    )
    return SimulatedCohort(clinical, expression.loc[:, with_expression], truth)


def build_external(
    world: World, like: SimulatedCohort, patients: int, other_genes: int, seed: int, kind: Kind = "programme"
) -> SimulatedCohort:
    """`patients` patients of another centre with the same hazard, as that centre writes them.

    Follow-up in days, its own column names and words, no albumin. Its platform lacks a quarter of the genes of `like`, spreads
    values by 1.3 and moves every gene by a normal of SD 0.8.
    """
    made = build_cohort(world, patients, other_genes, seed + 1, kind)
    rng = np.random.default_rng([seed, 11])
    ids = made.clinical["PATIENT_ID"].str.replace("SIM", "EXT")
    months = pd.to_numeric(made.clinical["OS_MONTHS"])
    clinical = pd.DataFrame(
        {
            "id": ids,
            "days": (months * 365.25 / 12).round().astype("Int64").astype("str").replace("<NA>", ""),
            "vital": made.clinical["OS_STATUS"].map({"1:DECEASED": "dead", "0:LIVING": "alive"}).fillna(""),
            "age": made.clinical["AGE"],
            "sex": made.clinical["SEX"].str[0],
            "ajcc": ("Stage " + made.clinical["STAGE"]).where(made.clinical["STAGE"].str.len() < 4, "unknown"),
            "grade": made.clinical["GRADE"],
        }
    )
    shared = made.expression.index.intersection(like.expression.index)
    kept = shared[rng.random(len(shared)) >= 0.25]
    own = made.expression.loc[kept]
    centred = own.sub(own.mean(axis=1), axis=0) * 1.3
    moved = like.expression.loc[kept].mean(axis=1) + rng.normal(0, 0.8, len(kept))
    expression = centred.add(moved, axis=0).clip(lower=0).round(3)
    expression.columns = expression.columns.str.replace("SIM", "EXT")
    return SimulatedCohort(clinical, expression, made.truth.assign(patient_id=ids))


def _expression(
    world: World, signature: np.ndarray, batch: np.ndarray, other_genes: int, plan: Plan, rng: np.random.Generator
) -> pd.DataFrame:
    """genes x patients, log2. The genes of the world except a few the platform lacks, and genes the world does not have."""
    genes = world.genes
    absent = rng.choice(len(genes), max(1, len(genes) // 20), replace=False)
    names = genes["gene"].drop(index=absent.tolist()).tolist() + [f"OTHER{k + 1:02d}" for k in range(other_genes)]
    loading = np.sign(genes["log2_fold_change"].drop(index=absent.tolist()).to_numpy()) * plan.loading
    loading = np.concatenate([loading, np.zeros(other_genes)])
    g, n = len(names), len(signature)
    of_module = rng.normal(0, plan.module_loading, (g, plan.modules))
    if plan.module_share < 1:
        of_module *= rng.random(of_module.shape) < plan.module_share
    module = of_module @ rng.standard_normal((plan.modules, n))  # variation that predicts nothing
    level = rng.uniform(3, 10, (g, 1))
    shift = rng.normal(0, 0.6, (g, 2))[:, batch]
    values = level + shift + loading[:, None] * signature + module + rng.normal(0, plan.noise, (g, n))
    values = np.round(np.maximum(values, 0), 3)
    values[rng.random((g, n)) < 0.005] = np.nan
    frame = pd.DataFrame(values, index=pd.Index(names, name="Hugo_Symbol"))
    return frame.iloc[np.argsort(names, kind="stable")]
