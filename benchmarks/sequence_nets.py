"""Trees, motifs and nets against ridge on fission-yeast PRO-seq, every chromosome held out once; training speed.

    python -m benchmarks.sequence_nets speed        # sequences per CPU second, one core
    python -m benchmarks.sequence_nets rungs [NAME ...]
    python -m benchmarks.sequence_nets promoter EPOCHS NAME ...   # the view promoter alone
    python -m benchmarks.sequence_nets chromosome chr02 EPOCHS NAME ...   # the same, with this chromosome alone held out
    python -m benchmarks.sequence_nets profile
    python -m benchmarks.sequence_nets pairs    # both forms of cnn_bilstm on pairs of genes and neighbouring promoters

Genes and tasks are those of `benchmarks.sequence`. A net is stopped by validation genes of its training chromosomes; nothing is
tuned on the held-out ones. Nets train for at most EPOCHS epochs, so that each costs minutes.
"""

from __future__ import annotations

import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.sequence import FOLDER, LAYOUT, LENGTHS, NAMES, TASKS, genes, genome, targets
from groprog_assets.methods.reads.bigwig import read_bigwig_pair
from groprog_assets.methods.sequence.baselines import Examples
from groprog_assets.methods.sequence.cross_fitting import CrossFit, cross_fit
from groprog_assets.methods.sequence.meme import Motif
from groprog_assets.methods.sequence.metrics import block_weights, interval, promote, resampled_r, task_metrics
from groprog_assets.methods.sequence.pairs import neighbour_pairs
from groprog_assets.methods.sequence.profiles import mean_profile, profile_scores, stranded_profiles, summarised
from groprog_assets.methods.sequence.splits import make_splits
from groprog_assets.methods.sequence.windows import Layout, gene_codes, view_layout
from groprog_assets.model.sequence.profile import ProfileExamples, fit_profile, margin
from groprog_assets.model.sequence.rungs import NetRung
from groprog_assets.prognosis.sequence_rungs import MEAN, MeanOfRungs, every_rung
from groprog_assets.study.sequence_net_parameters import NetParameters
from groprog_assets.study.sequence_parameters import SequenceParameters

EPOCHS = 16
RIDGE = ("ridge_kmer", "ridge_kmer+words")


def consensus(name: str, word: str) -> Motif:
    """A motif of a word: 91 % of each of its bases."""
    codes = np.array(["ACGT".index(letter) for letter in word])
    return Motif(name, "", np.eye(4)[codes].T * 0.88 + 0.03, 0)


MOTIFS = [consensus("HomolD", "CAGTCACA"), consensus("HomolE", "ACCCTACCCT")]
"""The two known elements of fission-yeast core promoters."""


def rungs(
    names: list[str], views: tuple[str, ...] = ("promoter", "locus"), epochs: int = EPOCHS, held_out: str = ""
) -> None:
    """r of each rung with its interval, and its paired gain over the best ridge; held_out: one chromosome, else each in turn."""
    parameters = SequenceParameters(nets=NetParameters(epochs=epochs))
    with tempfile.TemporaryDirectory() as folder:
        held, table = genome(Path(folder)), genes()
        values = targets(table, parameters).to_numpy(float)
        codes = gene_codes(table, held, NAMES, LAYOUT)
    splits = make_splits(table, codes, LAYOUT, parameters)
    known, chrom = values, table["chrom"].to_numpy()
    if held_out:
        (number,) = set(splits.table.loc[chrom == held_out, "fold"])
        own = np.where(splits.table["fold"] == number, 0, 1)
        splits = splits._replace(table=splits.table.assign(fold=own), roles=splits.roles[number : number + 1])
        values = np.where(own[:, None] == 0, known, np.nan)
        print(f"{held_out} held out, {(own == 0).sum():,} genes")
    fold = splits.table["fold"].to_numpy()
    weights = block_weights(chrom, table["tss"].to_numpy(), fold, parameters)
    for view in views:
        layout = view_layout(LAYOUT, view, parameters)
        examples = Examples(codes[:, : layout.width], np.empty((len(codes), 0)), known)
        fits: dict[str, CrossFit] = {}
        samples: dict[str, list[np.ndarray]] = {}
        plain: dict[str, list[float]] = {}
        for rung in every_rung(layout, [*RIDGE, *names, *([MEAN] if "cnn" in names else [])], parameters, MOTIFS):
            begin = time.process_time()
            if isinstance(rung, MeanOfRungs):
                fit = cross_fit(rung, examples, splits, fitter=partial(joined, fits))
            else:
                fit = cross_fit(rung, examples, splits)
            fits[rung.name] = fit
            seconds = time.process_time() - begin
            samples[rung.name] = [
                resampled_r(weights, y, p, fold) for y, p in zip(values.T, fit.predicted.T, strict=True)
            ]
            plain[rung.name] = [
                task_metrics(values[:, t], fit.predicted[:, t], fold, fit.level[:, t], fit.median[:, t]).pearson
                for t in range(len(TASKS))
            ]
            told = ", ".join(
                f"{task} {r:.3f} [{interval(s).lower:.3f}, {interval(s).upper:.3f}]"
                for task, r, s in zip(TASKS, plain[rung.name], samples[rung.name], strict=True)
            )
            epochs = [len(rows) for p in fit.predictors for rows in getattr(p, "history", [])]
            print(
                f"{view}, {rung.name}: {told}; {seconds:.0f} CPU s" + (f", epochs {epochs}" if epochs else ""),
                flush=True,
            )
            if rung.name in names or rung.name == MEAN:
                gains(view, rung.name, fit, fits, samples, plain, weights, values, fold)
        first = {name: held[0] for name, held in samples.items()}
        decided = promote(list(fits), first, {name: held[0] for name, held in plain.items()})
        print(f"{view}: champion on {TASKS[0]} is {decided.champion}", flush=True)


def joined(fits, rung, examples, every):  # type: ignore[no-untyped-def]
    """The means of predictors that are fitted already, fold by fold."""
    pairs = zip(fits[rung.first.name].predictors, fits[rung.second.name].predictors, every, strict=True)
    return [
        rung.joined(first, second, examples.rows(roles == "train"), examples.rows(roles == "validation"))
        for first, second, roles in pairs
    ]


def gains(view, name, fit, fits, samples, plain, weights, values, fold) -> None:  # type: ignore[no-untyped-def]
    """Paired gain of a rung over the best ridge of each task, and of their mean over it."""
    for t, task in enumerate(TASKS):
        best = max(RIDGE, key=lambda other: plain[other][t])
        gain = samples[name][t] - samples[best][t]
        scaled = [p[:, t] / np.nanstd(p[:, t]) for p in (fit.predicted, fits[best].predicted)]
        both = resampled_r(weights, values[:, t], scaled[0] + scaled[1], fold) - samples[best][t]
        inside, joined = interval(gain), interval(both)
        print(
            f"  {view}, {task}: {name} - {best} {gain.mean():+.3f} [{inside.lower:+.3f}, {inside.upper:+.3f}]; mean of the two - "
            f"{best} {both.mean():+.3f} [{joined.lower:+.3f}, {joined.upper:+.3f}]",
            flush=True,
        )


def profile(width: int = 32, epochs: int = 7) -> None:
    """The base-resolution net on the reads around starts at 18 degrees, beside the mean profile and the other replicate."""
    settings = NetParameters(profile_width=width, epochs=epochs)
    parameters, half = SequenceParameters(nets=settings), settings.profile_output // 2
    reach = half + margin(settings.profile_layers) + settings.shift
    with tempfile.TemporaryDirectory() as folder:
        held, table = genome(Path(folder)), genes()
        codes = gene_codes(table, held, NAMES, Layout((reach, reach)))
        windows = gene_codes(table, held, NAMES, LAYOUT)
    positions = {}
    for replicate in ("1", "2"):
        paths = [FOLDER / f"c18_dis2ts_DMSO_rep{replicate}_{side}.bw" for side in ("plus", "minus")]
        positions[replicate], _ = read_bigwig_pair(*paths, LENGTHS)
    wide = {name: stranded_profiles(positions, [name], table, half + settings.shift) for name in positions}
    own = {name: part[:, :, settings.shift : -settings.shift] for name, part in wide.items()}
    pooled = sum(own.values())
    examples = ProfileExamples(codes, sum(wide.values()).astype(np.float32), pooled.sum(axis=2).astype(float))
    splits = make_splits(table, windows, LAYOUT, parameters)
    fold = splits.table["fold"].to_numpy()
    weights = block_weights(table["chrom"].to_numpy(), table["tss"].to_numpy(), fold, parameters)
    found, flat, counts = np.zeros(pooled.shape), np.zeros(pooled.shape), np.zeros((len(table), 2))
    begin = time.process_time()
    for f, roles in enumerate(splits.roles):
        train, validation, test = (np.flatnonzero(roles == role) for role in ("train", "validation", "test"))
        fitted = fit_profile(examples.rows(train), examples.rows(validation), settings, parameters.seed)
        predicted = fitted.predict(codes[test][:, settings.shift : -settings.shift])
        found[test], counts[test] = predicted
        flat[test] = mean_profile(pooled[train].astype(float))
        print(f"fold {f}: scores {[round(row['score'], 3) for row in fitted.history]}", flush=True)
    print(f"net of width {width}, {epochs} epochs: {time.process_time() - begin:.0f} CPU s")
    least = settings.profile_counts
    rows = {
        "mean profile": profile_scores(pooled, flat, least),
        "net": profile_scores(pooled, found, least),
        "replicate 1 for replicate 2": profile_scores(own["2"], own["1"], least),
        "net for replicate 2": profile_scores(own["2"], found, least),
        "mean profile for replicate 2": profile_scores(own["2"], flat, least),
    }
    for name, scores in rows.items():
        told = summarised(scores)
        print(
            f"{name}: {told.windows:,} windows, JSD {told.jsd:.3f}, r {told.pearson:.3f}, within 2 bp {told.near:.3f}"
        )
    net, plain = rows["net"], rows["mean profile"]
    for name in ("jsd", "pearson", "near"):
        gain = getattr(net, name).astype(float) - getattr(plain, name)
        part = weights[:, net.rows].astype(float)
        inside = interval(part @ gain / part.sum(axis=1))
        print(f"  {name}, mean of net - mean profile {gain.mean():+.3f} [{inside.lower:+.3f}, {inside.upper:+.3f}]")
    for which, side in enumerate(("gene's strand", "other strand")):
        y, p = np.log1p(pooled[:, which].sum(axis=1)), np.log1p(counts[:, which])
        inside = interval(resampled_r(weights, y, p, fold))
        r = np.mean([np.corrcoef(y[fold == f], p[fold == f])[0, 1] for f in np.unique(fold)])
        print(f"  log reads of the {side}: r {r:.3f} [{inside.lower:.3f}, {inside.upper:.3f}]")


def pairs(epochs: int = 4) -> None:
    """The dual path in our form and in DeepCBA's literal one on (gene, neighbouring promoter) pairs, a row a pair as there, under
    a random split of the pairs and with a chromosome held out.

    Genes of chr02 and chr03, 520 bp around each start, so that a window has two positions; the fragments carry no information
    on their gene. Both forms see the same rows with the same seed.
    """
    parameters = SequenceParameters(nets=NetParameters(epochs=epochs, shift=4, fragment_width=520, batch=32))
    with tempfile.TemporaryDirectory() as folder:
        held, table = genome(Path(folder)), genes()
        values = targets(table, parameters)[TASKS[0]].to_numpy(float)
        codes = gene_codes(table, held, NAMES, LAYOUT)
    splits = make_splits(table, codes, LAYOUT, parameters)
    chrom = table["chrom"].to_numpy()
    (number,) = set(splits.table.loc[chrom == "chr03", "fold"])
    kept = np.flatnonzero(np.isin(chrom, ["chr02", "chr03"]) & np.isfinite(values))
    couples = kept[neighbour_pairs(chrom[kept], table["tss"].to_numpy()[kept], 2)]
    gene, window = couples[:, 0], codes[:, 500:1020]
    examples = Examples(
        np.hstack([window[gene], window[couples[:, 1]]]), np.ones((len(gene), 1)), values[gene][:, None]
    )
    random = np.random.default_rng(parameters.seed)
    at_random = random.choice(["train", "validation", "test"], len(gene), p=[0.7, 0.1, 0.2])
    every = {"chr03 held out": splits.roles[number][gene], "random split of the pairs": at_random}
    drawn = np.random.default_rng([parameters.seed, 1])
    times = np.stack([np.bincount(drawn.choice(kept, len(kept)), minlength=len(table)) for _ in range(1000)])
    for split, roles in every.items():
        train, validation, test = (np.flatnonzero(roles == role) for role in ("train", "validation", "test"))
        seen = np.isin(gene[test], gene[train]).mean()
        print(f"{split}: {len(train):,} pairs train, {len(test):,} test, the gene of {seen:.1%} of them also trains")
        samples = {}
        for name in ("cnn_bilstm", "cnn_bilstm+deepcba"):
            begin = time.process_time()
            fitted = NetRung(name, 520, parameters.nets, parameters.seed).fit(
                examples.rows(train), examples.rows(validation)
            )
            p, y = fitted.predict(examples.codes[test], examples.side[test])[:, 0], values[gene[test]]
            weights = times[:, gene[test]].astype(np.float32)
            samples[name] = resampled_r(weights, y, p, np.zeros(len(test)))
            inside, scores = interval(samples[name]), [round(row["score"], 3) for row in fitted.history[0]]
            print(
                f"  {name}: r {np.corrcoef(p, y)[0, 1]:.3f} [{inside.lower:.3f}, {inside.upper:.3f}], SD of the "
                f"predictions {p.std():.3f}, validation r {scores}; {time.process_time() - begin:.0f} CPU s",
                flush=True,
            )
        gap = samples["cnn_bilstm+deepcba"] - samples["cnn_bilstm"]
        inside = interval(gap)
        print(f"  literal less fixed {gap.mean():+.3f} [{inside.lower:+.3f}, {inside.upper:+.3f}]", flush=True)


def speed(genes: int = 4096) -> None:
    """Sequences per CPU second of one epoch on one core: a net of 42,500 weights on 800 bp, and profile nets."""
    random = np.random.default_rng(0)
    settings = NetParameters(width=32, epochs=1)
    codes = random.integers(0, 4, (genes, 800)).astype(np.uint8)
    examples = Examples(codes, np.empty((genes, 0)), random.normal(size=(genes, 4)))
    rung = NetRung("cnn", 800, settings, 1)
    rung.fit(examples.rows(np.arange(64)), examples.rows(np.arange(64)))
    begin = time.process_time()
    fitted = rung.fit(examples, examples.rows(np.arange(64)))
    rate = genes / (time.process_time() - begin)
    size = sum(value.size for value in fitted.arrays().values())
    print(f"cnn, 800 bp, {size:,} weights: {rate:,.0f} sequences per CPU second")
    assert rate >= 1000
    for width in (16, 32, 64):
        own, length = NetParameters(profile_width=width, epochs=1), 1000 + 2 * margin(8) + 32
        some = ProfileExamples(
            random.integers(0, 4, (256, length)).astype(np.uint8),
            random.poisson(0.3, (256, 2, 1032)).astype(np.float32),
            random.poisson(300, (256, 2)).astype(float),
        )
        fit_profile(some.rows(np.arange(64)), some.rows(np.arange(2)), own, 1)
        begin = time.process_time()
        fit_profile(some, some.rows(np.arange(2)), own, 1)
        print(f"profile, 2,114 bp, width {width}: {256 / (time.process_time() - begin):,.0f} sequences per CPU second")


if __name__ == "__main__":
    if sys.argv[1:2] == ["speed"]:
        speed()
    if sys.argv[1:2] == ["profile"]:
        profile()
    if sys.argv[1:2] == ["pairs"]:
        pairs()
    if sys.argv[1:2] == ["rungs"]:
        rungs(sys.argv[2:] or ["ridge_kmer+pwm", "gbm", "cnn"])
    if sys.argv[1:2] == ["promoter"]:
        rungs(sys.argv[3:], ("promoter",), int(sys.argv[2]))
    if sys.argv[1:2] == ["chromosome"]:
        rungs(sys.argv[4:], ("promoter",), int(sys.argv[3]), sys.argv[2])
