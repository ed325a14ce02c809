"""The plot of each asset in the UI: one function per asset; value in, drawing function out.

A plot is drawn once, when the value is new, and is not part of the value. Plotting code is left out of the code version of an
asset, so a changed figure does not cause a new training. Figures and matplotlib are imported when drawing. No Dagster.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from groprog_assets.study.schema import Contrast, Library
from groprog_assets.tables.values import Document

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

Drawing = Callable[[], "Figure"]
"""Draws one matplotlib figure."""


def read_quality(table: pd.DataFrame, library: Library) -> Drawing:
    """Base quality by cycle of one library."""

    def draw() -> Figure:
        from groprog_assets.figures import reads

        return reads.read_quality({library.id: table}, {library.id: library.condition}, library.condition, "")

    return draw


def filter_funnel(filtered: Any, library: Library) -> Drawing:
    """Reads of one library that remain after each rule."""

    def draw() -> Figure:
        from groprog_assets.figures import reads

        return reads.filter_funnel(
            {library.id: filtered.funnel}, {library.id: library.condition}, library.condition, ""
        )

    return draw


def transcript_hmm(fitted: Any) -> dict[str, Drawing]:
    """The likelihood of every EM step, and the tuning surface where one was searched."""

    def trace() -> Figure:
        from groprog_assets.figures import tuning

        return tuning.em_trace(fitted.trace)

    def surface() -> Figure:
        from groprog_assets.figures import tuning

        return tuning.tuning_surface(fitted.tuning, fitted.fit)

    return {"em_trace": trace, **({"tuning": surface} if len(fitted.tuning) else {})}


def transcript_density(density: Any) -> Drawing:
    """Figure 4: density of units around scaled genes."""

    def draw() -> Figure:
        from groprog_assets.figures import density as figure

        return figure.transcript_density(density.profile, density.summary)

    return draw


def tss_profile(table: pd.DataFrame, contrast: Contrast) -> Drawing:
    """The metagene around starts, without its heat maps."""

    def draw() -> Figure:
        from groprog_assets.figures import tss_profile as figure

        return figure.tss_profile(table, contrast.control, contrast.treatment)

    return draw


def pausing(result: Any, contrast: Contrast) -> Drawing:
    """Figure 9: pausing in both conditions."""

    def draw() -> Figure:
        from groprog_assets.figures import pausing as figure

        return figure.pausing_distribution(result.table, result.summary, contrast.control, contrast.treatment)

    return draw


def differential_transcription(result: Any, threshold: float) -> Drawing:
    """Figure 5: the MA plot."""

    def draw() -> Figure:
        from groprog_assets.figures import differential

        return differential.ma_plot(result.table, result.summary, threshold)

    return draw


def library_similarity(result: Any) -> Drawing:
    """Correlation of the libraries."""

    def draw() -> Figure:
        from groprog_assets.figures import library_similarity as figure

        return figure.library_correlation(result.correlation)

    return draw


def enrichment(result: Any, significance: float) -> Drawing:
    """Figure 6: terms over-represented among up-regulated genes."""

    def draw() -> Figure:
        from groprog_assets.figures import enrichment as figure

        return figure.enrichment(result.table, significance)

    return draw


def loci(result: Any, genes: pd.DataFrame, contrast: Contrast) -> Drawing:
    """The first key locus of the study, as figures 7 and 8 show it."""

    def draw() -> Figure:
        from groprog_assets.figures import loci as figure

        names = list(dict.fromkeys(result.table["locus"]))
        return figure.locus_tracks(names[0], result.table, result.tracks, genes, contrast.control, contrast.treatment)

    return draw


def cohort(assembled: Any) -> dict[str, Drawing]:
    """Patients left after each step, follow-up, and missing values by covariate."""

    def funnel() -> Figure:
        from groprog_assets.figures import cohort as figure

        return figure.patient_funnel(assembled.funnel)

    def follow_up() -> Figure:
        from groprog_assets.figures import cohort as figure

        return figure.follow_up(assembled.outcomes, assembled.summary)

    def missing() -> Figure:
        from groprog_assets.figures import cohort as figure

        return figure.missingness(assembled.summary, assembled.fields)

    return {"funnel": funnel, "follow_up": follow_up, "missing": missing}


def risk_model(history: pd.DataFrame) -> Drawing:
    """Losses, validation and adaptive rates by epoch."""

    def draw() -> Figure:
        from groprog_assets.figures import training

        return training.training_curves(history)

    return draw


def evaluation(document: Document) -> dict[str, Drawing]:
    """Kaplan–Meier curves by tertile of the out-of-fold risk, and calibration."""

    def strata() -> Figure:
        from groprog_assets.figures import kaplan_meier
        from groprog_assets.report.prognosis import MODEL

        return kaplan_meier.kaplan_meier_figure(document["strata"].get(MODEL))

    def calibrated() -> Figure:
        from groprog_assets.figures import calibration
        from groprog_assets.report.prognosis import MODEL

        return calibration.calibration_figure(document["calibration"].get(MODEL))

    return {"kaplan_meier": strata, "calibration": calibrated}


def ablation(document: Document) -> Drawing | None:
    """Forest plot of the parts; None where no variant was trained."""

    def draw() -> Figure:
        from groprog_assets.figures import ablation as figure

        return figure.ablation_figure(document)

    return draw if document["parts"] else None


def transfer_gain(document: Document) -> Drawing | None:
    """The gain from other cohorts by training patients; None without any."""

    def draw() -> Figure:
        from groprog_assets.figures import transfer_gain as figure

        return figure.transfer_gain(document)

    return draw if document["gains"] else None


def external_validation(cohorts: list[Document]) -> dict[str, Drawing]:
    """Kaplan–Meier curves of each external cohort at the training's cuts."""

    def drawing(document: Document) -> Drawing:
        def draw() -> Figure:
            from groprog_assets.figures import kaplan_meier
            from groprog_assets.report.prognosis import MODEL

            return kaplan_meier.kaplan_meier_figure(document["evaluation"]["strata"].get(MODEL), document["name"])

        return draw

    return {document["name"]: drawing(document) for document in cohorts}


def initiation_regions(called: Any) -> Drawing:
    """The start profile."""

    def draw() -> Figure:
        from groprog_assets.figures import initiation as figure

        return figure.start_profile(called.profile)

    return draw


def differential_initiation(result: Any, contrast: Contrast) -> Drawing:
    """Change of each region against its reads."""

    def draw() -> Figure:
        from groprog_assets.figures import initiation as figure

        return figure.response(result.table, result.summary, contrast.treatment, contrast.control)

    return draw


def sequence_evaluation(made: Any) -> Drawing:
    """r of every rung on the main task, beside the random split."""

    def draw() -> Figure:
        from groprog_assets.figures import sequence as figure

        return figure.ladder(made.metrics, made.summary)

    return draw


def sequence_motifs(made: Any) -> Drawing:
    """Logos of the motifs that hold on held-out genes."""

    def draw() -> Figure:
        from groprog_assets.figures import sequence_logos
        from groprog_assets.methods.sequence.study_motifs import logo_rows

        return sequence_logos.motif_logos(logo_rows(made.motifs), made.matrices, made.seqlets)

    return draw
