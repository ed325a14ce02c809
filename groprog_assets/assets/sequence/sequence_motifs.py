"""Motifs that the sequence models use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.checks import sequence_explanations as checks
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.report import plots
from groprog_assets.store.artifacts import Blob, Bundle
from groprog_assets.store.workspace import StudyView, Workspace
from groprog_assets.tables.values import Document, Progress

if TYPE_CHECKING:
    import pandas as pd


@study_asset(
    group="sequence",
    kinds={"parquet"},
    tables={"motifs": "sequence_motifs", "seqlets": "sequence_seqlets", "sites": "sequence_motif_sites"},
    sections=("genome.fasta", "sequence"),
    files=("genome.fasta", "sequence.motifs", "sequence.sites", "sequence.aliases"),
    checks=("motifs_hold_elsewhere",),
)
def sequence_motifs(
    study: StudyView,
    workspace: Workspace,
    progress: Progress,
    gene_models: Bundle,
    sequence_windows: pd.DataFrame,
    sequence_targets: Bundle,
    sequence_splits: Bundle,
    sequence_model: Bundle,
    reference_sequence: Document,
    sequence_side: Bundle | None,
) -> Materialized:
    """Short spans that raise or lower the predictions, grouped into motifs; their effect, and whether measured values of genes
    that the model never saw agree; whether the motifs lie in the study's sites more often than windows like them."""
    from groprog_assets.methods.sequence import motif_sites, reference, side, study_model, study_motifs
    from groprog_assets.methods.sequence.batches import targets_on_one_level
    from groprog_assets.prognosis.sequence_rungs import stored_model

    genome = study_model.genome_of(study.genome.fasta, reference_sequence, workspace)
    genes, codes = study_model.used_windows(sequence_windows, genome, reference_sequence, study.sequence)
    genes = genes.assign(fold=sequence_splits.table["fold"].to_numpy())
    model = stored_model(sequence_model)
    known = study_motifs.read_motifs(study.sequence.motifs)
    targets = targets_on_one_level(sequence_targets, model.tasks)
    aliases = reference.read_aliases(study.sequence.aliases)
    sites = [motif_sites.read_sites(path, gene_models.chrom_sizes, aliases) for path in study.sequence.sites]
    given = (targets, known, study.sequence.parameters, progress, sites, side.stored_side(sequence_side))
    made = study_motifs.study_motifs(model, genes, codes, *given)
    value = Bundle({**made._asdict(), "meme": Blob(made.meme, ".meme")})
    verdicts = [checks.motifs(made.summary)]
    return materialized(value, plot=plots.sequence_motifs(made), verdicts=verdicts, motifs=len(made.motifs))
