"""Effects of the study's variants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.checks import sequence as checks
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Blob, Bundle
from groprog_assets.store.workspace import StudyView, Workspace
from groprog_assets.tables.values import Document

if TYPE_CHECKING:
    import pandas as pd


@study_asset(
    group="sequence",
    kinds={"parquet"},
    tables={"table": "variant_effects"},
    sections=("genome.fasta", "genome.annotation", "sequence"),
    files=("genome.fasta", "genome.annotation", "sequence.aliases", "sequence.variants"),
    checks=("variants_match_reference",),
)
def variant_effects(
    study: StudyView,
    workspace: Workspace,
    sequence_windows: pd.DataFrame,
    sequence_splits: Bundle,
    sequence_model: Bundle,
    reference_sequence: Document,
    sequence_side: Bundle | None,
    sequence_profile: Bundle | None,
) -> Materialized:
    """Effect of each variant near a gene on every task, and on the profile around its start, the gene's chromosome held out; the
    files with INFO fields."""
    from groprog_assets.methods.annotation.coding import coding_sequence
    from groprog_assets.methods.sequence import side, study_model, variants
    from groprog_assets.prognosis.sequence_rungs import every_rung

    genome = study_model.genome_of(study.genome.fasta, reference_sequence, workspace)
    files = {name: blob.content for name, blob in sequence_model.files.items()}
    names = reference_sequence["names"]
    beside = side.stored_side(sequence_side)
    coding = coding_sequence(study.genome.annotation) if study.sequence.variants else None
    given = files, sequence_windows, sequence_splits.table, genome, names, every_rung, beside, coding
    nets = None
    if sequence_profile is not None and study.sequence.variants:
        from groprog_assets.prognosis.sequence_profile import held_out_nets

        nets = held_out_nets(sequence_profile)
    scorer = variants.study_scorer(*given, nets)
    made = variants.scored_files(study.sequence.variants, scorer, study.sequence.aliases)
    texts = Bundle({name: Blob(content, ".vcf") for name, content in made.files.items()})
    return materialized(
        Bundle({"table": made.table, "files": texts}), verdicts=[checks.variants(made.table)], variants=made.variants
    )
