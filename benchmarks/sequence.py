"""The ladder without nets on fission-yeast PRO-seq, every chromosome held out once: r, inflation, CPU time.

    python -m benchmarks.sequence           # all of it; draws docs/images/sequence_pairs.png
    python -m benchmarks.sequence pairs     # what a random split of pairs is worth, alone

Genes: obsTSS.bed (PRO-cap reads, body of 100 bp or more, of rows with one TSS that with most reads). Tasks: body and TSS at
18 degrees, change under Cdk9 inhibition at 30 degrees. Nothing is tuned on these folds.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from groprog_assets.export.sequence import split_table
from groprog_assets.figures.sequence import splits_of_pairs
from groprog_assets.figures.style import figure_bytes
from groprog_assets.methods.reads.bigwig import read_bigwig_pair
from groprog_assets.methods.sequence.baselines import Examples
from groprog_assets.methods.sequence.cross_fitting import CrossFit, cross_fit, random_fit
from groprog_assets.methods.sequence.genome_codes import GenomeCodes, open_genome
from groprog_assets.methods.sequence.ladder import ladder
from groprog_assets.methods.sequence.metrics import block_weights, interval, resampled_r, task_metrics
from groprog_assets.methods.sequence.pairs import neighbour_pairs, pair_evidence
from groprog_assets.methods.sequence.splits import make_splits
from groprog_assets.methods.sequence.targets import nascent_targets
from groprog_assets.methods.sequence.windows import Layout, gene_codes, view_layout
from groprog_assets.study.schema import Contrast, Library
from groprog_assets.study.sequence_parameters import SequenceParameters

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT.parent / "shared" / "data" / "pombe"
PICTURE = ROOT / "docs" / "images" / "sequence_pairs.png"
NAMES = {"chr01": "NC_003424.3", "chr02": "NC_003423.3", "chr03": "NC_003421.2"}
LENGTHS = {"chr01": 5579133, "chr02": 4539804, "chr03": 2452883}
CONDITIONS = {"c18_dis2ts_DMSO": "cold", "c30_DMSO": "control", "c30_3MB": "inhibited"}
TASKS = ("body.cold", "tss.cold", "log2fc.body", "log2fc.tss")
LAYOUT = Layout((1000, 1000))
FLOORS = {
    ("locus", "ridge_kmer"): (0.55, 0.60, 0.39, 0.41),
    ("promoter", "ridge_kmer+words"): (0.44, 0.48),
}


def genome(folder: Path) -> GenomeCodes:
    """The genome, whose plain gzip is written again as text first."""
    plain = folder / "genome.fa"
    with plain.open("wb") as stream:
        subprocess.run(["gunzip", "-c", str(FOLDER / "ASM294v3.fna.gz")], stdout=stream, check=True)
    return open_genome(plain, folder, hashlib.sha256(plain.read_bytes()).hexdigest())


def genes() -> pd.DataFrame:
    """Genes with PRO-cap reads: gene, chrom, strand, tss, tts."""
    columns = ["chrom", "start", "end", "gene", "reads", "strand"]
    table = pd.read_csv(FOLDER / "obsTSS.bed", sep="\t", header=0, names=columns, usecols=range(6))
    table = table[table["chrom"].isin(list(NAMES))]
    plus = table["strand"] == "+"
    table = table.assign(
        tss=np.where(plus, table["start"], table["end"] - 1), tts=np.where(plus, table["end"] - 1, table["start"])
    )
    length = table["end"] - table["start"]
    table = table[(length >= 350) & (table["reads"] > 0)]
    table = table.sort_values(["reads", "start"], ascending=[False, True], kind="stable")
    table = table.drop_duplicates(["chrom", "strand", "tss"])
    return table.sort_values(["chrom", "tss", "gene"]).reset_index(drop=True)


def targets(table: pd.DataFrame, parameters: SequenceParameters) -> pd.DataFrame:
    """The four tasks of the genes, and the replicates' r of each, printed."""
    sizes = pd.read_csv(FOLDER / "obsTSS.bed", sep="\t", header=0, usecols=[0], names=["chrom"])  # chromosomes only
    assert set(LENGTHS) <= set(sizes["chrom"])
    libraries, positions, size = [], {}, {}
    for file, condition in CONDITIONS.items():
        for replicate in (1, 2):
            paths = [FOLDER / f"{file}_rep{replicate}_{side}.bw" for side in ("plus", "minus")]
            name = f"{condition}_{replicate}"
            libraries.append(
                Library(
                    id=name,
                    condition=condition,
                    replicate=replicate,
                    assay="pro-seq",
                    bigwig_plus=paths[0],
                    bigwig_minus=paths[1],
                )
            )
            positions[name], _ = read_bigwig_pair(*paths, LENGTHS)
            size[name] = float(positions[name]["count"].sum())
    contrast = Contrast(treatment="inhibited", control="control")
    made = nascent_targets(positions, libraries, contrast, size, table, {}, parameters)
    ceilings = made.tasks.set_index("task")["replicate_r"]
    print("replicates agree with r " + ", ".join(f"{ceilings[task]:.3f} ({task})" for task in TASKS))
    return made.values[list(TASKS)]


def main() -> None:
    parameters = SequenceParameters()
    with tempfile.TemporaryDirectory() as folder:
        held = genome(Path(folder))
        table = genes()
        values = targets(table, parameters).to_numpy(float)
        codes = gene_codes(table, held, NAMES, LAYOUT)
    if sys.argv[1:] != ["pairs"]:
        climbed(table, values, codes, parameters)
    paired(table, values[:, 0], codes[:, 500:1000])


def climbed(table: pd.DataFrame, values: np.ndarray, codes: np.ndarray, parameters: SequenceParameters) -> None:
    """The ladder in both views, and the effect of HomolD by its ridges."""
    splits = make_splits(table, codes, LAYOUT, parameters)
    told = splits.summary
    print(
        f"{len(table):,} genes, {told['components']:,} components (largest {told['largest_component']}), "
        f"{told['homolog_on_another_chromosome']} with a homolog on another chromosome"
    )
    fold = splits.table["fold"].to_numpy()
    weights = block_weights(table["chrom"].to_numpy(), table["tss"].to_numpy(), fold, parameters)
    for view in ("locus", "promoter"):
        layout = view_layout(LAYOUT, view, parameters)
        examples = Examples(codes[:, : layout.width], np.empty((len(codes), 0)), values)
        simpler: dict[str, CrossFit] = {}
        for rung in ladder(layout, ["ridge_kmer", "ridge_kmer+words"], parameters):
            begin = time.process_time()
            fit = cross_fit(rung, examples, splits)
            seconds = time.process_time() - begin
            randomly = random_fit(rung, examples, len(splits.roles), parameters)
            print(f"{view}, {rung.name}: {seconds:.1f} CPU s for {len(TASKS)} tasks and {len(splits.roles)} folds")
            for place, task in enumerate(TASKS):
                _say(task, place, values, fit, randomly, fold, weights, FLOORS.get((view, rung.name), ()))
                if "ridge_kmer" in simpler and rung.name == "ridge_kmer+words":
                    _gain(task, place, values, fit, simpler["ridge_kmer"], fold, weights)
            simpler[rung.name] = fit
        if view == "promoter":
            for name, fit in simpler.items():
                if name.startswith("ridge"):
                    homol_d(name, fit, codes[:, : layout.width], fold)


def paired(table: pd.DataFrame, value: np.ndarray, upstream: np.ndarray) -> None:
    """Each gene with three arbitrary neighbouring promoters, under each split of the pairs; draws PICTURE."""
    pairs = neighbour_pairs(table["chrom"].to_numpy(), table["tss"].to_numpy())
    chrom = np.unique(table["chrom"], return_inverse=True)[1]
    first = pairs[:, 0]
    begin = time.process_time()
    found = pair_evidence(upstream, upstream, pairs, first, chrom[first], value[first])
    assert found.by_chromosome is not None
    print(
        f"pairs with arbitrary neighbours: inflation {found.inflation:.3f} [{found.inflation_inside.lower:.3f}, "
        f"{found.inflation_inside.upper:.3f}]; {time.process_time() - begin:.0f} CPU s"
    )
    print(split_table(found).to_string(index=False, float_format="%.3f"))
    PICTURE.write_bytes(figure_bytes(splits_of_pairs(split_table(found)), "png", 110))
    assert found.inflation >= 0.5
    assert found.random.r >= 0.95
    assert found.by_chromosome.r <= 0.35


def homol_d(rung: str, fit: CrossFit, codes: np.ndarray, fold: np.ndarray) -> None:
    """Effect on the TSS density of shuffling the HomolD element CAGTCACA at -150 to -20, chromosome held out."""
    random = np.random.default_rng(0)
    word = np.array([1, 0, 2, 3, 1, 0, 1, 0], np.uint8)
    broken, control, rows = [], [], []
    for row, window in enumerate(codes):
        hits = [a for a in range(850, 973) if any(np.array_equal(window[a : a + 8], w) for w in (word, 3 - word[::-1]))]
        if not hits:
            continue
        first, second = window.copy(), window.copy()
        for at in hits:
            while np.array_equal(first[at : at + 8], window[at : at + 8]):
                first[at : at + 8] = random.permutation(window[at : at + 8])
        beside = hits[0] + 10 if hits[0] + 18 <= 980 else hits[0] - 10
        second[beside : beside + 8] = random.permutation(second[beside : beside + 8])
        rows.append(row)
        broken.append(first)
        control.append(second)
    place, at = TASKS.index("tss.cold"), np.array(rows)
    change = np.empty((2, len(rows)))
    for f, predictor in enumerate(fit.predictors):
        here = np.flatnonzero(fold[at] == f)
        nothing = np.empty((len(here), 0))
        before = predictor.predict(codes[at[here]], nothing)[:, place]
        for which, windows in enumerate((broken, control)):
            after = predictor.predict(np.array(windows)[here], nothing)[:, place]
            change[which, here] = after - before
    mean, share, beside_mean = change[0].mean(), float((change[0] < 0).mean()), change[1].mean()
    print(
        f"HomolD shuffled, {rung}: {len(rows)} genes, mean {mean:+.2f} log2, {share:.1%} negative, beside it {beside_mean:+.3f}"
    )
    if rung == "ridge_kmer+words":
        assert mean <= -0.8
        assert share >= 0.97
        assert abs(beside_mean) <= 0.05


def _say(
    task: str,
    place: int,
    values: np.ndarray,
    fit: CrossFit,
    randomly: CrossFit,
    fold: np.ndarray,
    weights: np.ndarray,
    floors: tuple[float, ...],
) -> None:
    y = values[:, place]
    found = task_metrics(y, fit.predicted[:, place], fold, fit.level[:, place], fit.median[:, place])
    honest = resampled_r(weights, y, fit.predicted[:, place], fold)
    other = resampled_r(weights, y, randomly.predicted[:, place], randomly.fold)
    flat = task_metrics(
        y, randomly.predicted[:, place], randomly.fold, randomly.level[:, place], randomly.median[:, place]
    )
    inside, gap = interval(honest), interval(other - honest)
    print(
        f"  {task:12s} r {found.pearson:.3f} [{inside.lower:.3f}, {inside.upper:.3f}], R2 {found.r2:.3f}, "
        f"AUROC {found.auroc:.3f}; "
        f"random split {flat.pearson:.3f}, inflation {flat.pearson - found.pearson:+.3f} [{gap.lower:+.3f}, {gap.upper:+.3f}]"
    )
    if place < len(floors):
        assert found.pearson >= floors[place], f"{task}: {found.pearson:.3f} is below {floors[place]}"


def _gain(
    task: str,
    place: int,
    values: np.ndarray,
    fit: CrossFit,
    simpler: CrossFit,
    fold: np.ndarray,
    weights: np.ndarray,
) -> None:
    both = [resampled_r(weights, values[:, place], each.predicted[:, place], fold) for each in (fit, simpler)]
    found = interval(both[0] - both[1])
    print(
        f"  {task:12s} paired gain over ridge_kmer {np.mean(both[0] - both[1]):+.3f} [{found.lower:+.3f}, {found.upper:+.3f}]"
    )


if __name__ == "__main__":
    main()
