"""What other cohorts say of the hazard: Cox models of the covariates and genes that they share with the study. NumPy only.

They are fitted on the sources alone, one baseline hazard each, before any patient of the study is looked at. As a source may
hurt, the fit is made for several sets of sources, and the training patients decide between them (`transfer`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import NamedTuple

import numpy as np

from groprog_assets.fitting.clinical_encoder import ClinicalEncoder
from groprog_assets.fitting.covariates import FieldSpec
from groprog_assets.fitting.harmonization import fit_harmonization, harmonize
from groprog_assets.fitting.ridge_cox import Stratum, fit_stratified
from groprog_assets.model.expression_encoder import ExpressionEncoder, leading_directions
from groprog_assets.model.inputs import ModelInputs, Outcomes
from groprog_assets.model.source_columns import SourceFits
from groprog_assets.study.parameters import Parameters
from groprog_kernels.risk_sets import risk_sets


class Source(NamedTuple):
    """Another cohort: its name in the study, its patients with the fields of the study they have, their outcomes."""

    name: str
    inputs: ModelInputs
    outcomes: Outcomes


def fit_sources(
    sources: Sequence[Source], fields: Sequence[FieldSpec], genes: Sequence[str], parameters: Parameters
) -> SourceFits:
    """Stratified Cox models of the fields and genes of the study that the sources have.

    Covariates: ridge penalty `transfer.clinical_penalty`; numbers as z within each cohort, a column that a source lacks at 0.
    Genes: robust z within each cohort, 0 where missing, as `transfer.directions` leading directions of all sources; ridge
    penalties per event. Sets: all sources, and those without one, without two, ... `transfer.most_dropped`.
    """
    asked = parameters.transfer
    names = [spec.name for spec in fields]
    given = [replace(source.inputs, fields=_shared(source.inputs, names)) for source in sources]
    flags, known_by = parameters.cohort.maximum_missing_flag, parameters.cohort.landmark_days
    encoders = [ClinicalEncoder.fit(inputs, flags, known_by) for inputs in given]
    held = [encoder.design_columns() for encoder in encoders]
    design = sorted({column for columns in held for column in columns if not column[1].startswith("curve")})
    at = {column: place for place, column in enumerate(design)}
    strata: list[Stratum] = []
    for source, inputs, encoder, columns in zip(sources, given, encoders, held):
        matrix, encoded = np.zeros((len(inputs), len(design))), encoder.transform(inputs).design
        for place, column in enumerate(columns):
            if column in at:
                matrix[:, at[column]] = encoded[:, place]
        sets = risk_sets(source.outcomes.time, source.outcomes.event)
        strata.append(Stratum(matrix, sets, np.zeros(len(inputs))))
    measured, order, loadings = _directions(sources, genes, parameters)
    kept = _sets(len(sources), asked.most_dropped)
    clinical = np.zeros((len(design), len(kept)))
    weights = np.zeros((2, loadings.shape[1], len(kept)))
    for number, chosen in enumerate(kept):
        inside = np.flatnonzero(chosen)
        if design:
            penalty = np.full(len(design), asked.clinical_penalty)
            clinical[:, number] = fit_stratified([strata[place] for place in inside], penalty).coefficients
        parts = [(strata[place], measured[place]) for place in inside]
        for which, per_event in enumerate((asked.molecular_penalty, asked.adjusted_penalty)):
            adjusting = clinical[:, number] * which
            told = [
                Stratum(found, stratum.sets, stratum.columns @ adjusting)
                for stratum, found in parts
                if found is not None
            ]
            if told and loadings.shape[1]:
                events = max(sum(int(one.sets.event.sum()) for one in told), 1)
                penalty = np.full(loadings.shape[1], events * per_event)
                start = weights[which, :, 0] if number else None
                weights[which, :, number] = fit_stratified(told, penalty, start).coefficients
    return SourceFits(
        tuple(source.name for source in sources),
        kept,
        tuple(design),
        clinical,
        order,
        loadings @ weights[0],
        loadings @ weights[1],
    )


def _shared(inputs: ModelInputs, names: Sequence[str]) -> tuple[FieldSpec, ...]:
    return tuple(spec for spec in inputs.fields if spec.name in names)


def _sets(count: int, most_dropped: int) -> np.ndarray:
    # (C, S) bool: all sources, then without each one, each two, ...; at least one is left.
    found = []
    for dropped in range(min(most_dropped, count - 1) + 1):
        for gone in combinations(range(count), dropped):
            found.append(~np.isin(np.arange(count), gone))
    return np.array(found)


def _directions(
    sources: Sequence[Source], genes: Sequence[str], parameters: Parameters
) -> tuple[list[np.ndarray | None], tuple[str, ...], np.ndarray]:
    # Scores (n, R) of each source on the pooled directions, None without expression; the genes (K,); loadings (K, R).
    having = [place for place, source in enumerate(sources) if source.inputs.expression is not None]
    found: list[np.ndarray | None] = [None] * len(sources)
    present = {gene for place in having for gene in sources[place].inputs.genes}
    order = tuple(gene for gene in genes if gene in present)
    if not order:
        return found, (), np.zeros((0, 0))
    given = [sources[place].inputs.with_genes(order) for place in having]
    if parameters.transfer.harmonization == "combat" and len(given) > 1:
        z = _harmonised(given, order)
    else:
        z = [_standardised(inputs, order) for inputs in given]
    loadings = leading_directions(np.vstack(z), parameters.transfer.directions)
    for place, matrix in zip(having, z):
        found[place] = matrix @ loadings
    return found, order, loadings


def measured_expression(inputs: ModelInputs) -> ExpressionEncoder:
    """The encoder of those of the patients who have a value of any gene; patients without expression say nothing of it."""
    measured = np.flatnonzero(np.isfinite(np.asarray(inputs.expression)).any(axis=1))
    return ExpressionEncoder.fit(inputs.take(measured), 1, len(measured))


def _standardised(inputs: ModelInputs, genes: tuple[str, ...]) -> np.ndarray:
    # (n, K) robust z of these patients; genes that are constant or mostly missing among the measured ones count as unknown.
    encoder = measured_expression(inputs)
    at = {gene: place for place, gene in enumerate(genes)}
    z = np.zeros((len(inputs), len(genes)))
    z[:, [at[gene] for gene in encoder.genes]] = encoder.transform(inputs).z
    return z


def _harmonised(given: list[ModelInputs], genes: tuple[str, ...]) -> list[np.ndarray]:
    # The differences between the sources taken out by ComBat, then one centre and scale for all.
    values = np.vstack([np.asarray(inputs.expression) for inputs in given])
    sizes = [len(inputs) for inputs in given]
    batch = np.repeat(np.arange(len(given)), sizes).astype(str)
    moved = harmonize(values, batch, fit_harmonization(values, batch)).astype(np.float32)
    together = ModelInputs(np.arange(len(values)).astype(str), (), {}, moved, genes)
    return np.split(_standardised(together, genes), np.cumsum(sizes)[:-1])
