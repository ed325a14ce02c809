"""Motifs of fission-yeast promoters from the model's own explanations: HomolD and HomolE, and memelite's Tomtom beside ours.

    python -m benchmarks.sequence_motifs

The genes, tasks and folds of `benchmarks.sequence`, promoter view, `ridge_kmer+words`. Needs ../shared/data/pombe; the comparison
with memelite needs the extra `sequence`.
"""

from __future__ import annotations

import importlib.util
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.sequence import LAYOUT, NAMES, TASKS, genes, genome, targets
from groprog_assets.methods.sequence.baselines import Examples
from groprog_assets.methods.sequence.cross_fitting import cross_fit
from groprog_assets.methods.sequence.explanations import study_attributions
from groprog_assets.methods.sequence.ladder import ladder
from groprog_assets.methods.sequence.published_model import PublishedModel
from groprog_assets.methods.sequence.splits import make_splits
from groprog_assets.methods.sequence.study_motifs import StudyMotifs, study_motifs
from groprog_assets.methods.sequence.windows import gene_codes, view_layout
from groprog_assets.methods.sequence.words import word_list
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_kernels.motif_similarity import similarity

ELEMENTS = {"HomolD": ("AGTCAC", "GTGACT"), "HomolE": ("ACCCTA", "TAGGGT")}
"""Six bases of each element, both strands."""


def main() -> None:
    parameters = SequenceParameters()
    rung = "ridge_kmer+words"
    with tempfile.TemporaryDirectory() as folder:
        held = genome(Path(folder))
        table = genes()
        values = targets(table, parameters).to_numpy(float)
        codes = gene_codes(table, held, NAMES, LAYOUT)
        sizes = {name: len(held.chromosome(other)) for name, other in NAMES.items()}
    splits = make_splits(table, codes, LAYOUT, parameters)
    layout = view_layout(LAYOUT, "promoter", parameters)
    examples = Examples(codes[:, : layout.width], np.empty((len(codes), 0)), values)
    fit = cross_fit(ladder(layout, [rung], parameters)[-1], examples, splits)
    card = {
        "tasks": list(TASKS),
        "windows": {"tss": list(LAYOUT.tss), "tts": None},
        "parameters": parameters.model_dump(mode="json"),
        "champions": {"promoter": rung},
    }
    model = PublishedModel(card, {"promoter": {f"fold{f}": part for f, part in enumerate(fit.predictors)}})
    table = table.assign(fold=splits.table["fold"].to_numpy())
    begin = time.process_time()
    explained = study_attributions(model, table, codes, sizes)
    print(
        f"contributions of {len(table):,} genes to {len(TASKS)} tasks: {time.process_time() - begin:.1f} CPU s; sums miss the "
        f"predictions by {explained.summary['largest_gap']:.1e} at most"
    )
    begin = time.process_time()
    made = study_motifs(model, table, codes, values, [], parameters)
    print(f"{len(made.seqlets):,} seqlets, {len(made.motifs)} motifs: {time.process_time() - begin:.1f} CPU s")
    columns = ["motif", "consensus", "seqlets", "genes", "effect", "z_held_out", "z_by_fold", "position"]
    shown = made.motifs.groupby(["task", "sign"], sort=False).head(5)[columns]
    print(shown.to_string(index=False, float_format=lambda value: f"{value:.2f}"))
    for task in ("body.cold", "tss.cold"):
        top = made.motifs[(made.motifs["task"] == task) & (made.motifs["sign"] == "up")].head(5)
        for name, words in ELEMENTS.items():
            rank = [any(word in text for word in words) for text in top["consensus"]]
            assert any(rank), f"{name} is not among the first five of {task}"
            found = top.iloc[rank.index(True)]
            assert found["same_sign"]
            print(
                f"{name} is motif {rank.index(True) + 1} of {task}, up: z on held-out genes {found['z_held_out']:.1f}"
            )
    words = word_list(codes, LAYOUT, values[:, 1], splits.roles[0], "tss.cold", (7,), parameters, 2000)
    words = words.assign(rank=words["z_train"].rank(ascending=False).astype(int))
    for word in ("CAGTCAC", "GTGACTG", "TACCCTA", "TAGGGTA"):
        for row in words[words["word"] == word].itertuples():
            print(
                f"{word}: rank {row.rank} of all 7-mers, z {row.z_train:.1f} on training, {row.z_test:.1f} on test genes"
            )
    beside_memelite(made)


def beside_memelite(made: StudyMotifs) -> None:
    """All pairs of the motifs by both programs, in one run."""
    if importlib.util.find_spec("memelite") is None:
        print("memelite is not installed; no comparison")
        return
    from memelite import tomtom

    matrices = list(made.matrices.values())
    seconds, results = {}, {}
    calls = {
        "ours": lambda: similarity(matrices, matrices, overlap=1).p,
        "memelite": lambda: tomtom(matrices, matrices, n_jobs=1)[0],
    }
    for name, call in calls.items():
        call()
        begin = time.process_time()
        results[name] = call()
        seconds[name] = time.process_time() - begin
    both = pd.DataFrame({name: np.log10(values + 1e-12).ravel() for name, values in results.items()})
    print(
        f"Tomtom of {len(matrices)} motifs with themselves: {seconds['ours']:.3f} CPU s, memelite {seconds['memelite']:.3f}; "
        f"rank correlation of p {both.corr(method='spearman').iloc[0, 1]:.3f}"
    )


if __name__ == "__main__":
    main()
