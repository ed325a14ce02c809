"""Other cohorts that the model learns from: read as the study's own is, patients of the study left out, fitted once.

Tables in, coefficients out; what is kept of a source names no patient.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from groprog_assets.errors import CohortError, GroProgError, Problem
from groprog_assets.prognosis.external_cohorts import read_elsewhere
from groprog_assets.prognosis.model_columns import columns, source_fits
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.pseudonyms import pseudonym, study_key, withdrawal_mark
from groprog_assets.store.withdrawn import marks_of_patients
from groprog_assets.store.workspace import Workspace
from groprog_assets.study.parameters import CohortParameters, Parameters
from groprog_assets.study.schema import Cohort, SourceCohort
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from groprog_assets.methods.cohort.cohort import AssembledCohort
    from groprog_assets.model.inputs import Fold, ModelInputs, Outcomes
    from groprog_assets.model.learning_curve import CurveRow
    from groprog_assets.model.source_fits import Source


OTHER_UNIT = 8.0
"""Medians of follow-up further apart than this factor are said: years are months by 12, months days by 30."""


LEAK_EVENTS = 10
"""Events that a fold needs in which a source's columns are asked whether they know its outcome."""


class SourceRead(NamedTuple):
    """A source as read: what the model is given of it, and a document of what was taken and left out."""

    source: Source
    document: Document


def read_sources(
    own: Cohort,
    cohort: AssembledCohort | Bundle,
    expression: Mapping[str, np.ndarray] | None,
    parameters: Parameters,
    withdrew: Callable[[str], bool] = lambda patient: False,
) -> list[SourceRead]:
    """The sources of the study's cohort section, each without patients of the study, of an earlier source, or who withdrew.

    cohort, expression: the study's own, as assembled. Raises CohortError with every problem of every source: those of its tables,
    all its patients being the study's, fewer than `cohort.minimum_events` events, fewer than `cohort.minimum_shared_genes` genes
    of it.
    """
    found: list[SourceRead] = []
    problems: list[Problem] = []
    earlier: list[tuple[pd.DataFrame, pd.DataFrame, Mapping[str, np.ndarray] | None]] = []
    for source in own.sources:
        try:
            read, tables = _read(source, own, cohort, expression, parameters, earlier, withdrew)
        except GroProgError as error:
            held = error.problems or [Problem("", str(error), "", "")]
            problems += [replace(item, where=f"cohort.sources, {source.name}, {item.where}") for item in held]
            continue
        found.append(read)
        earlier.append(tables)
    if problems:
        raise CohortError(problems)
    return found


def _read(
    source: SourceCohort,
    own: Cohort,
    cohort: AssembledCohort | Bundle,
    expression: Mapping[str, np.ndarray] | None,
    parameters: Parameters,
    earlier: list[tuple[pd.DataFrame, pd.DataFrame, Mapping[str, np.ndarray] | None]],
    withdrew: Callable[[str], bool],
) -> tuple[SourceRead, tuple[pd.DataFrame, pd.DataFrame, Mapping[str, np.ndarray] | None]]:
    from groprog_assets.methods.cohort.overlap import overlap
    from groprog_assets.model.inputs import ModelInputs, Outcomes
    from groprog_assets.model.source_fits import Source

    settings, mode = parameters.cohort, parameters.representation.mode
    mode = mode if expression is not None and expression["values"].size else "clinical"
    read = read_elsewhere(source, own, cohort, expression, settings, mode)
    held = read.cohort
    left_out = {"in the study's cohort": read.shared}
    gone = {patient for patient in held.records["patient_id"].astype(str) if withdrew(patient)}
    left_out["withdrawn"] = len(gone)
    for tables in earlier:
        same = overlap(tables, (held.records, held.outcomes, read.expression), settings.chance_of_identical_rows)
        twice = set(same.everyone(identifiers=source.shared_patients != "renumbered")) - gone
        left_out["in an earlier source"] = left_out.get("in an earlier source", 0) + len(twice)
        gone |= twice
    records = held.records[~held.records["patient_id"].isin(gone)].reset_index(drop=True)
    outcomes = held.outcomes.set_index("patient_id").loc[records["patient_id"]].reset_index()
    events = int(outcomes["event"].sum())
    path = str(source.clinical)
    if events < settings.minimum_events:
        told = ", ".join(f"{count} {why}" for why, count in left_out.items() if count)
        value = f"{count_of(events, 'event')} in {count_of(len(records), 'patient')}" + (
            f" ({told} left out)" if told else ""
        )
        rule = f"At least {settings.minimum_events} events are needed to learn a hazard from."
        raise CohortError(Problem(path, value, rule, "Give a larger cohort, or remove the source."))
    fields = cohort.fields[cohort.fields["used"]]
    known = [name for name in fields["field"] if name in records.columns and name not in read.absent]
    genes = 0
    if read.expression is not None and expression is not None:
        genes = _shared_genes(source, read.expression, expression, settings)
    inputs = ModelInputs.from_columns(
        columns(records),
        columns(fields[fields["field"].isin(known)]),
        read.expression if genes else None,
        mode="signature" if genes else "clinical",
    )
    given = Source(source.name, inputs, Outcomes(outcomes["time"].to_numpy(), outcomes["event"].to_numpy()))
    if genes and (problem := _says_nothing(source, given, min(genes, settings.minimum_shared_genes), settings)):
        raise CohortError(problem)
    if leaks := _leaks(source, own, given, settings):
        raise CohortError(leaks)
    document = {
        "name": source.name,
        "patients": len(records),
        "events": events,
        "left_out": {why: count for why, count in left_out.items() if count},
        "seen_by": read.seen_by,
        "fields": known,
        "absent": read.absent,
        "genes": genes,
    }
    return SourceRead(given, document), (records, outcomes, read.expression)


def _shared_genes(
    source: SourceCohort, there: Mapping[str, np.ndarray], here: Mapping[str, np.ndarray], settings: CohortParameters
) -> int:
    """How many of the study's genes the source has; CohortError for fewer than `minimum_shared_genes`."""
    from groprog_assets.methods.cohort.clinical_tables import examples

    given, own = there["gene"].astype(str).tolist(), here["gene"].astype(str).tolist()
    shared = len(set(given) & set(own))
    if shared < min(settings.minimum_shared_genes, len(own)):
        assert source.expression is not None
        value = f"{shared} of its {len(given)} genes ({examples(given, 3)}) are among the study's ({examples(own, 3)})"
        rule = f"At least {settings.minimum_shared_genes} genes are needed by the same symbols to learn from them."
        raise CohortError(
            Problem(
                str(source.expression.file),
                value,
                rule,
                "Use the same gene symbols, or give this source no expression.",
            )
        )
    return shared


def _says_nothing(source: SourceCohort, given: Source, least: int, settings: CohortParameters) -> Problem | None:
    """The refusal of an expression with too few events, or whose genes are constant or mostly missing."""
    from groprog_assets.model.source_fits import measured_expression

    assert source.expression is not None
    having = _having(given)
    events = int(given.outcomes.event[having].sum())
    remedy = "Is the matrix whole, and of these patients? Else give this source no expression."
    if events < settings.minimum_events:
        value = (
            f"{count_of(events, 'event')} among the {int(having.sum())} of {len(having)} patients who have expression"
        )
        rule = f"At least {settings.minimum_events} events are needed to learn from genes."
        return Problem(str(source.expression.file), value, rule, remedy)
    usable = len(measured_expression(given.inputs).genes)
    if usable >= least:
        return None
    value = f"{count_of(usable, 'gene varies', 'genes vary')} among its {count_of(int(having.sum()), 'patient')}; "
    value += "the others are constant or mostly missing"
    return Problem(str(source.expression.file), value, f"At least {least} genes are needed to learn from.", remedy)


def _leaks(source: SourceCohort, own: Cohort, given: Source, settings: CohortParameters) -> list[Problem]:
    """Columns and genes of a source that know its outcome: what is learned from them is no hazard of the study's patients.

    Asked are they alone, and not beside a model of the others: a source may have two fields, of which stage is the better one.
    """
    import numpy as np

    from groprog_assets.fitting.stratified_folds import stratified_folds
    from groprog_assets.model.inputs import Fold
    from groprog_assets.model.leakage import find_leaks

    count = max(2, min(5, int(given.outcomes.event.sum()) // LEAK_EVENTS))
    drawn = stratified_folds(given.outcomes.event, count, np.random.default_rng(0))
    folds = [Fold(0, fold, np.flatnonzero(drawn != fold), np.flatnonzero(drawn == fold)) for fold in range(count)]
    found = find_leaks(given.inputs, given.outcomes, folds, settings.leak_concordance, settings.landmark_days, settings)
    names = {field.name: field.column for field in source.as_cohort(own).fields}
    return [
        replace(leak.problem(), where=f"{leak.field} ({names[leak.field]})" if leak.field in names else leak.field)
        for leak in found
        if leak.rule != "model"
    ]


def _having(given: Source) -> np.ndarray:
    # (n,) bool: patients with a value of any gene.
    import numpy as np

    if given.inputs.expression is None:
        return np.zeros(len(given.inputs), bool)
    return np.asarray(np.isfinite(given.inputs.expression).any(axis=1))


def measured(read: SourceRead) -> int:
    """How many patients of a source have a value of a gene."""
    return int(_having(read.source).sum())


def other_time_unit(read: SourceRead, own: pd.Series) -> Problem | None:
    """What to say of a source whose follow-up is so much shorter or longer than the study's (own, months) that its unit may be
    another one. Its coefficients do not depend on the unit; a landmark does."""
    import numpy as np

    theirs, ours = float(np.median(read.source.outcomes.time)), float(own.median())
    if min(theirs, ours) <= 0 or max(theirs / ours, ours / theirs) < OTHER_UNIT:
        return None
    value = f"median follow-up {theirs:.3g} months, {ours:.3g} in the study"
    rule = (
        "A cohort in days is about 30 times one in months, one in years a twelfth: its times seem to have another unit."
    )
    remedy = "State their unit in the source's endpoint.time_unit; nothing, if its patients were followed for so long."
    return Problem(f"cohort.sources, {read.source.name}", value, rule, remedy)


def fitted_sources(
    own: Cohort,
    cohort: AssembledCohort | Bundle,
    expression: Mapping[str, np.ndarray],
    parameters: Parameters,
    withdrew: Callable[[str], bool],
) -> Bundle:
    """Value of the asset source_cohorts: `sources`, a document each; with any, `names` and `arrays` of their SourceFits."""
    from groprog_assets.model.device import single_threaded
    from groprog_assets.model.inputs import ModelInputs
    from groprog_assets.model.source_fits import fit_sources

    given = expression if expression["values"].size else None
    read = read_sources(own, cohort, given, parameters, withdrew)
    if not read:
        return Bundle(sources=[])
    specs = ModelInputs.from_columns(columns(cohort.records), columns(cohort.fields)).fields
    genes = [] if given is None else given["gene"].astype(str).tolist()
    with single_threaded():
        fits = fit_sources([one.source for one in read], specs, genes, parameters)
    return Bundle(sources=[one.document for one in read], names=fits.document(), arrays=fits.arrays())


def who_withdrew(workspace: Workspace) -> Callable[[str], bool]:
    """Whether a patient has withdrawn from the study: such a patient is not learned from in a source either."""
    marks, key = marks_of_patients(workspace.snapshots.root, study_key(workspace.state)), study_key(workspace.state)
    return lambda patient: withdrawal_mark(pseudonym(patient, key), key) in marks


def circumstances_of_sources(workspace: Workspace) -> Document:
    """Marks of who has withdrawn, where the study has sources: they decide who is learned from."""
    cohort = workspace.study.cohort
    if cohort is None or not cohort.sources:
        return {}
    return {"withdrawn": sorted(marks_of_patients(workspace.snapshots.root, study_key(workspace.state)))}


def gain_of_sources(
    inputs: ModelInputs,
    outcomes: Outcomes,
    folds: list[Fold],
    sources: Bundle,
    parameters: Parameters,
    tell: Callable[[str], object],
) -> list[CurveRow]:
    """The rows of the learning curve with these sources, on the folds of the first repeat; none without sources."""
    from groprog_assets.model.device import single_threaded
    from groprog_assets.model.learning_curve import learning_curve

    fits = source_fits(sources)
    if fits is None:
        return []
    with single_threaded():
        first = [fold for fold in folds if fold.repeat == folds[0].repeat]
        return learning_curve(replace(inputs, sources=fits), outcomes, first, parameters, tell)
