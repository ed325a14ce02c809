# %% [markdown]
# # From sequence to transcription, step by step
#
# A study with `genome.fasta` and `sequence` does all of this in `groprog run`. Here each step is one call, on the genome of the
# bundled study: 240 genes on two chromosomes. Strongly transcribed genes hold CCGGAAGT upstream of their start, weak and silent
# ones GCTGTCCA. Nothing but the sequence and one number a gene goes in.
#
# `docs/sequence_notebook.py` is its source; `make docs` writes `docs/sequence_notebook.ipynb` from it, and the tests run it.

# %%
import tempfile
from pathlib import Path

import numpy as np

from groprog_assets.methods.sequence.baselines import Examples
from groprog_assets.methods.sequence.contributions import background_prediction, contributions
from groprog_assets.methods.sequence.cross_fitting import cross_fit, random_fit
from groprog_assets.methods.sequence.genome_codes import open_genome
from groprog_assets.methods.sequence.ladder import ladder
from groprog_assets.methods.sequence.metrics import task_metrics
from groprog_assets.methods.sequence.splits import make_splits
from groprog_assets.methods.sequence.windows import Layout, gene_codes, view_layout
from groprog_assets.methods.sequence.words import spelled
from groprog_assets.simulation import SEQUENCE
from groprog_assets.simulation.world import SCALES, build_world
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_kernels.bases import decode

# %% [markdown]
# ## A genome and genes
#
# `open_genome` reads a FASTA into codes (A 0, C 1, G 2, T 3, else 4), memory-mapped. `values` has one column a task: here the
# logarithm of a read count.

# %%
world = build_world(SCALES["bundled"], seed=20260101)
folder = Path(tempfile.mkdtemp())
fasta = folder / "genome.fa"
fasta.write_text("".join(f">{chrom}\n{bases.tobytes().decode()}\n" for chrom, bases in world.sequence.items()))
genome = open_genome(fasta, folder, "notebook")
genes = world.genes.reset_index(drop=True)
values = np.log2(np.random.default_rng(0).poisson(genes["rate"] * 2000) + 0.5)[:, None]
print(f"{sum(genome.lengths.values()):,} bases, {len(genes)} genes")

# %% [markdown]
# ## Windows and folds
#
# A window runs 5' to 3' on the gene's strand. Folds are whole chromosomes, and genes that overlap or share sequence never
# stand on both sides of a split.

# %%
parameters = SequenceParameters(**SEQUENCE["parameters"])
layout = view_layout(Layout((500, 300)), "promoter", parameters)
codes = gene_codes(genes, genome, {name: name for name in genome.lengths}, layout)
splits = make_splits(genes, codes, layout, parameters)
print(f"windows {codes.shape}, folds {[fold['chromosomes'] for fold in splits.summary['folds']]}")

# %% [markdown]
# ## The ladder
#
# Each rung is fitted without the chromosome that it is judged on. Beside it stands a random split of genes, which is no
# estimate for new genes.

# %%
examples = Examples(codes, np.empty((len(codes), 0)), values)
for rung in ladder(layout, ["ridge_kmer", "ridge_kmer+words"], parameters):
    fit, flat = cross_fit(rung, examples, splits), random_fit(rung, examples, len(splits.roles), parameters)
    honest, easy = (
        task_metrics(values[:, 0], made.predicted[:, 0], made.fold, made.level[:, 0], made.median[:, 0]).pearson
        for made in (fit, flat)
    )
    print(f"{rung.name:18s} r {honest:.2f} on held-out chromosomes, {easy:.2f} under a random split")

# %% [markdown]
# ## What the model has learnt
#
# The last rung selects words on its training genes. Which it took on each fold:

# %%
for fold, predictor in enumerate(fit.predictors):
    print(f"fold {fold}:", ", ".join(spelled(predictor.words[0], parameters.word_length)))

# %% [markdown]
# ## Which bases of one promoter count
#
# The contributions of all bases sum to the prediction less that of the background.

# %%
word = world.words[world.words["kind"] == "activator"].iloc[0]
row = int(np.flatnonzero(genes["gene"] == word["gene"])[0])
predictor = fit.predictors[int(fit.fold[row])]
added = contributions(predictor, "ridge_kmer+words", layout, parameters, codes[row : row + 1], 0).observed[0]
difference = fit.predicted[row, 0] - background_prediction(predictor, 0)
sums = np.convolve(added, np.ones(8), "valid")
at = int(sums.argmax())
print(
    f"{word['gene']}: contributions sum to {added.sum():.3f}, the prediction is {difference:.3f} above the background"
)
print(f"the 8 bases that add most: {decode(codes[row, at : at + 8])}, {at - layout.origin:+d} bp from the start")
assert abs(added.sum() - difference) < 1e-3

# %% [markdown]
# ## A variant
#
# One base of that word is replaced; the difference of two predictions is its effect, in log2.

# %%
changed = codes[row : row + 1].copy()
changed[0, at + 4] = (changed[0, at + 4] + 1) % 4
before, after = (predictor.predict(window, np.empty((1, 0)))[0, 0] for window in (codes[row : row + 1], changed))
print(f"predicted {before:.2f}, with the variant {after:.2f}")
assert after < before
