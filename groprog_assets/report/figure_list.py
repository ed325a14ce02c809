"""The figures of a study, and the inputs of each. Called by the assets `nascent_figures` and `figures`; matplotlib is imported
on use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from groprog_assets.prognosis.model_columns import labelled_genes, model_inputs
from groprog_assets.store.artifacts import Blob, Bundle
from groprog_assets.store.workspace import StudyView
from groprog_assets.tables.values import Arrays, Document, Values

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def nascent_drawings(study: StudyView, values: Values) -> dict[str, Callable[[], Figure]]:
    """{figure name: function that draws it}; `values` are the assets by name, filtered alignments unread. Names are those of the
    report's captions."""
    from groprog_assets.figures import (
        chromatin,
        density,
        differential,
        enrichment,
        initiation,
        library_similarity,
        loci,
        pausing,
        reads,
        tss_profile,
        tuning,
    )

    control, treatment = study.contrast.control, study.contrast.treatment
    conditions = {library.id: library.condition for library in study.libraries}
    filtered = values["filtered_alignments"].items()
    funnels = {library: item.member("funnel").value() for library, item in filtered}
    changed, paused, key = values["differential_transcription"], values["pausing"], values["loci"]
    starts, responding = values["initiation_regions"], values["differential_initiation"]
    around, fitted = values["tss_profile"], values["transcript_hmm"]
    overlap = values["transcript_density"]
    found = {
        "read_quality": lambda: reads.read_quality(values["read_quality"], conditions, control, treatment),
        "filter_funnel": lambda: reads.filter_funnel(funnels, conditions, control, treatment),
        "transcript_density": lambda: density.transcript_density(overlap.profile, overlap.summary),
        "tss_profile": lambda: tss_profile.tss_profile(
            around.table, control, treatment, {name: Bundle(image) for name, image in around.heat_maps.items()}
        ),
        "tuning_surface": lambda: tuning.tuning_surface(fitted.tuning, fitted.fit),
        "em_trace": lambda: tuning.em_trace(fitted.trace),
        "initiation_profile": lambda: initiation.start_profile(starts.profile),
        "initiation_heat_map": lambda: initiation.heat_map(starts.heat_map, starts.metaplot, control, treatment),
        "initiation_classes": lambda: initiation.classes(
            starts.table, study.parameters.initiation.pair_false_discovery_rate
        ),
        "initiation_response": lambda: initiation.response(responding.table, responding.summary, treatment, control),
        "ma_plot": lambda: differential.ma_plot(
            changed.table, changed.summary, study.parameters.differential.absolute_log2_fold_change
        ),
        "library_components": lambda: library_similarity.library_components(
            values["library_similarity"].table, control, treatment
        ),
        "library_correlation": lambda: library_similarity.library_correlation(values["library_similarity"].correlation),
        "pausing": lambda: pausing.pausing_distribution(paused.table, paused.summary, control, treatment),
        "enrichment": lambda: enrichment.enrichment(
            values["enrichment"].table, study.parameters.enrichment.significance
        ),
    }
    if len(values["chromatin_signal"]):
        found["chromatin_marks"] = lambda: chromatin.marks_by_transcription(
            values["chromatin_signal"], values["gene_signal"]
        )
    if study.compare_with_paper:
        found |= forms_of_the_paper(study, values)
    for name in sorted(set(key.table["locus"])):
        found[f"locus_{name}"] = partial(
            loci.locus_tracks, name, key.table, key.tracks, values["genes"], control, treatment
        )
    return found


def forms_of_the_paper(study: StudyView, values: Values) -> dict[str, Callable[[], Figure]]:
    """Figures 1 to 3 and 9 in the source paper's own forms, beside those that every study has."""
    from groprog_assets.figures import pausing, reads, wet_lab

    control, treatment = study.contrast.control, study.contrast.treatment
    conditions = {library.id: library.condition for library in study.libraries}
    records = {library.id: library.metadata for library in study.libraries}
    qualities, paused = values["read_quality"], values["pausing"]
    return {
        "paper_wet_lab": lambda: wet_lab.wet_lab_days(records, conditions, control, treatment),
        "paper_quality_control": lambda: reads.condition_quality(qualities, conditions, control),
        "paper_quality_treatment": lambda: reads.condition_quality(qualities, conditions, treatment),
        "paper_pausing": lambda: pausing.pausing_distribution(
            paused.table, paused.summary, control, treatment, "count_ratio"
        ),
    }


def study_drawings(study: StudyView, values: Bundle) -> dict[str, Callable[[], Figure]]:
    """The figures beside those of `nascent_drawings`: the graph, and of a study with a cohort its patients and its model."""
    drawings = graph_drawing(values.cohort is not None, values.sequence_evaluation is not None)
    if values.sequence_evaluation is not None:
        found = values.sequence_evaluation, values.sequence_model, values.sequence_motifs, values.sequence_profile
        drawings |= sequence_drawings(*found)
    if values.cohort and values.risk_model and values.patient_expression:
        mode = study.parameters.representation.mode
        omics = (values.patient_expression, values.normalized_features)
        drivers = cohort_drivers(values.risk_model, values.cohort, *omics, mode)
        energy_clamp = study.parameters.network.energy_clamp
        drawings |= cohort_drawings({**values, "drivers": drivers, "energy_clamp": energy_clamp})
    return drawings


def cohort_drawings(values: Values) -> dict[str, Callable[[], Figure]]:
    """The figures of the patients and of the model, as `nascent_drawings` has those of the libraries."""
    from groprog_assets.figures import (
        ablation,
        attributions,
        calibration,
        cohort,
        evaluation,
        kaplan_meier,
        robustness,
        signature,
        training,
        transfer_gain,
    )
    from groprog_assets.report.prognosis import LABELS, MODEL

    document, trained, patients = values["evaluation"], values["risk_model"], values["cohort"]
    elsewhere = {}
    for found in values["external_validation"].cohorts:
        strata, held = found["evaluation"]["strata"].get(MODEL), found["evaluation"]["calibration"].get(MODEL)
        elsewhere[f"external_{found['name']}_survival"] = partial(
            kaplan_meier.kaplan_meier_figure,
            strata,
            f"Survival in {found['name'].replace('_', ' ')}, by the training's cuts",
        )
        elsewhere[f"external_{found['name']}_calibration"] = partial(calibration.calibration_figure, held, "There")
    # A part that weighs nothing is said to weigh nothing and has no figure.
    of_parts: dict[str, Callable[[], Figure]] = {}
    if trained.summary["stacking"][1] > 0:
        of_parts["training"] = lambda: training.training_curves(trained.history)
        shares = trained.out_of_fold.groupby("patient_id")["eta"].mean()
        if shares.notna().any():  # eq. 6 is of the paper's form alone
            of_parts["energy"] = lambda: training.energy_histogram(shares, tuple(values["energy_clamp"]))
    if values["transfer_gain"]["gains"]:
        of_parts["transfer_gain"] = lambda: transfer_gain.transfer_gain(values["transfer_gain"])
    if trained.signature.get("weight"):
        of_parts["signature"] = lambda: signature.signature_weights(trained.signature)
    return {
        **elsewhere,
        **of_parts,
        "patient_funnel": lambda: cohort.patient_funnel(patients.funnel),
        "follow_up": lambda: cohort.follow_up(patients.outcomes, patients.summary),
        "missingness": lambda: cohort.missingness(patients.summary, patients.fields),
        "decision": lambda: evaluation.decision_figure(document, LABELS),
        "attributions": lambda: attributions.attributions(values["drivers"]),
        "kaplan_meier": lambda: kaplan_meier.kaplan_meier_figure(document["strata"].get(MODEL)),
        "calibration": lambda: calibration.calibration_figure(document["calibration"].get(MODEL)),
        "auc": lambda: evaluation.auc_figure(document, LABELS),
        "roc": lambda: evaluation.roc_figure(document, LABELS),
        "robustness": lambda: robustness.robustness_figure(document),
        "ablation": lambda: ablation.ablation_figure(values["ablation"]),
    }


def cohort_drivers(trained: Any, cohort: Any, expression: Arrays, features: Any, mode: str) -> Document:
    """{"fields", "genes", "labels", "blocks": {name: mean absolute contribution over the cohort's patients}} of the final model.

    A label's contribution to a patient is the sum over its genes; a gene may carry several labels. Units: log relative hazard.
    """
    import numpy as np

    from groprog_assets.model.checkpoint import load_model
    from groprog_assets.model.explain import explain

    model = load_model({name: blob.content for name, blob in trained.files.items()})
    found = explain(model, model_inputs(cohort, expression, features, mode))
    labels = {}
    for name, members in labelled_genes(features).items():
        chosen = np.array([gene in members for gene in found.genes], dtype=bool)
        labels[name] = float(np.abs(found.gene[:, chosen].sum(axis=1)).mean())

    def means(names: Any, parts: Any) -> dict[str, float]:
        return dict(zip(map(str, names), np.abs(parts).mean(axis=0).tolist()))

    return {
        "fields": means(found.fields, found.field),
        "genes": means(found.genes, found.gene) | means(found.alterations, found.alteration),
        "labels": labels,
        "blocks": means(found.blocks, found.block),
    }


def sequence_drawings(
    evaluation: Bundle, model: Bundle, motifs: Bundle, profile: Bundle | None
) -> dict[str, Callable[[], Figure]]:
    """The figures of the sequence half: measured and predicted values of the main task, the ladder with its intervals, what
    stretches of the window are worth, logos, and of a study with a profile net examples of profiles."""
    from groprog_assets.figures import sequence, sequence_logos
    from groprog_assets.methods.sequence.study_motifs import logo_rows

    metrics, summary = evaluation.metrics, evaluation.summary
    found: dict[str, Callable[[], Figure]] = {
        "sequence_predictions": lambda: sequence.predicted_against_measured(model.predictions, summary, metrics),
        "sequence_ladder": lambda: sequence.ladder(metrics, summary),
        "sequence_window_ablation": lambda: sequence.window_ablation(evaluation.windows),
        "sequence_motifs": lambda: sequence_logos.motif_logos(
            logo_rows(motifs.motifs), motifs.matrices, motifs.seqlets
        ),
    }
    if profile is not None:
        shown = profile.examples["measured"], profile.examples["predicted"], profile.summary["examples"]
        found["sequence_profiles"] = lambda: sequence.profile_examples(*shown)
    return found


def graph_drawing(with_cohort: bool, with_sequence: bool) -> dict[str, Callable[[], Figure]]:
    """The figure of the graph that a study has, with or without a cohort and a sequence half; omics has a report of its own."""
    from groprog_assets.figures import workflow
    from groprog_assets.graph.specification import SPECIFICATIONS
    from groprog_assets.store.workspace import COHORT_ASSETS, OMICS_ASSETS, SEQUENCE_ASSETS

    absent = {*OMICS_ASSETS, *(() if with_cohort else COHORT_ASSETS), *(() if with_sequence else SEQUENCE_ASSETS)}
    groups = {name: SPECIFICATIONS[name].group for name in sorted(SPECIFICATIONS) if name not in absent}
    edges = [(above, name) for name in groups for above in SPECIFICATIONS[name].inputs if above in groups]
    return {"workflow": lambda: workflow.workflow(groups, edges)}


def drawn(drawing: Mapping[str, Callable[[], Figure]]) -> Bundle:
    """Every figure as PNG and SVG: Bundle(png, svg) of Bundles of Blobs by name."""
    from matplotlib import pyplot

    from groprog_assets.figures.style import DRAWING, laid_out_once

    images: dict[str, Bundle] = {"png": Bundle(), "svg": Bundle()}
    for name, draw in drawing.items():
        with DRAWING:
            figure = draw()
            for kind, content in laid_out_once(figure).items():
                images[kind][name] = Blob(content, f".{kind}")
            pyplot.close(figure)
    return Bundle(images)


def gene_contributions(position: Any, codes: Any, tracks: Any) -> bytes:
    """SVG of what the bases (L,) of one gene's window add to each task."""
    from matplotlib import pyplot

    from groprog_assets.figures.sequence_logos import window_contributions
    from groprog_assets.figures.style import DRAWING, figure_bytes

    with DRAWING:
        figure = window_contributions(position, codes, tracks)
        content = figure_bytes(figure, "svg")
        pyplot.close(figure)
    return content
