"""From two 20 M-read BAMs of a human genome to differential transcription, pausing, enrichment, initiation
regions, loci and figures.

    python -m benchmarks.two_libraries [--reads N] [--rounds N] [--folder F] [--select ASSETS]

Simulates GRO-seq of both conditions once, on the genes of hg38 (refGene): rates, promoter-proximal peaks, read-through,
divergent promoters and background. The genes of one GO term rise sixteenfold, as many others fall. Every round runs
`groprog run` on a fresh copy of the study, as a user would, and asserts that the planted genes and the term come back.
Printed: wall time, user and system CPU and peak memory of the whole process tree, and seconds of every stage.
Limits: 180 s on two cores that do nothing else; 4 GB. Needs `../shared`.
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.tuning import HG38
from benchmarks.window_coverage import READ, write_bam

SHARED = Path(__file__).parents[2] / "shared" / "data" / "reference"
CHROMS = dict(zip([f"chr{name}" for name in [*range(1, 23), "X", "Y"]], HG38, strict=True))
TERM = "GO:0034976"  # response to endoplasmic reticulum stress
FOLD = 16.0
SELECT = "+nascent_figures or +locus_pages or +differential_initiation"
LIMIT_S, LIMIT_MB = 180.0, 4000.0
CONDITIONS = ("control", "treated")


def genes() -> pd.DataFrame:
    """The longest transcript of every gene: gene, chrom, start, end (0-based half-open), strand."""
    rows = []
    with gzip.open(SHARED / "hg38.refGene.gtf.gz", "rt") as text:
        for line in text:
            field = line.split("\t")
            if field[2] == "transcript" and field[0] in CHROMS:
                rows.append((field[8].split('"')[1], field[0], int(field[3]) - 1, int(field[4]), field[6]))
    table = pd.DataFrame(rows, columns=["gene", "chrom", "start", "end", "strand"])
    order = (table["start"] - table["end"]).argsort(kind="stable")
    return table.iloc[order].drop_duplicates("gene").sort_values(["chrom", "start"], ignore_index=True)


def annotated(term: str) -> set[str]:
    """Symbols the GAF gives to a term itself."""
    with gzip.open(SHARED / "goa_human-2022-09.gaf.gz", "rt") as text:
        fields = (line.split("\t") for line in text if not line.startswith("!"))
        return {field[2] for field in fields if field[4] == term}


def planted(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """`table` with the rate of every gene in both conditions; columns control, treated, change (1, -1, 0)."""
    width = (table["end"] - table["start"]).to_numpy()
    rate = np.where(rng.random(len(table)) < 0.55, rng.lognormal(0.0, 1.2, len(table)), 0.0)
    change = np.where(table["gene"].isin(annotated(TERM)), 1, 0)
    others = rng.choice(np.flatnonzero((change == 0) & (rate > 0) & (width > 5000)), change.sum(), replace=False)
    change[others] = -1
    rate[change != 0] = rng.uniform(0.5, 2.0, np.count_nonzero(change))  # middling: neither silent nor dominant
    half = FOLD**0.5
    low, high = (
        rate * half ** np.where(change > 0, -1.0, change < 0),
        rate * half ** np.where(change < 0, -1.0, change > 0),
    )
    return table.assign(control=low, treated=high, change=change)


def simulated(
    table: pd.DataFrame, rate: np.ndarray, reads: int, rng: np.random.Generator
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Reads by chromosome as `write_bam` takes them: a quarter of a gene's at its promoter, 12 % background, 3 % divergent."""
    width = np.minimum((table["end"] - table["start"]).to_numpy(), 300_000)
    weight = rate * (width + 2000.0)
    drawn = rng.multinomial(int(reads * 0.85), weight / weight.sum())
    background = rng.multinomial(reads - drawn.sum(), np.array(list(CHROMS.values())) / sum(CHROMS.values()))
    for rank, (chrom, size) in enumerate(CHROMS.items()):
        here = np.flatnonzero((table["chrom"] == chrom).to_numpy())
        gene = np.repeat(here, drawn[here])
        plus = (table["strand"].to_numpy() == "+")[gene]
        length = width[gene]
        kind = rng.random(len(gene))
        offset = np.where(
            kind < 0.25,
            rng.gamma(2.0, 25.0, len(gene)),
            np.where(kind < 0.28, -100.0 - rng.gamma(2.0, 60.0, len(gene)), rng.random(len(gene)) * (length + 4000)),
        ).astype(np.int64)
        sense = plus ^ ((kind >= 0.25) & (kind < 0.28))
        tss = np.where(plus, table["start"].to_numpy()[gene], table["end"].to_numpy()[gene] - 1)
        five = np.concatenate([tss + np.where(plus, offset, -offset), rng.integers(0, size, background[rank])])
        forward = np.concatenate([sense, rng.random(background[rank]) < 0.5])
        left = np.clip(np.where(forward, five, five - READ + 1), 0, size - READ)
        order = np.argsort(left, kind="stable")
        yield rank, left[order], ~forward[order]


def make(folder: Path, reads: int) -> None:
    """The two BAMs, the truth beside them, and everything else a study names; made once."""
    rng = np.random.default_rng(20260102)
    truth = planted(genes(), rng)
    folder.mkdir(parents=True, exist_ok=True)
    for seed, condition in enumerate(CONDITIONS):
        path = folder / f"{condition}_{reads}.bam"
        if not path.exists():
            noise = rng.gamma(100.0, 0.01, len(truth))  # 10 % of biological variation
            write_bam(path, CHROMS, simulated(truth, truth[condition].to_numpy() * noise, reads, rng), seed)
    truth.to_csv(folder / "truth.tsv", sep="\t", index=False)
    (folder / "chrom.sizes").write_text("".join(f"{chrom}\t{size}\n" for chrom, size in CHROMS.items()))


def study(folder: Path, reads: int, place: Path) -> Path:
    """A fresh study in `place`: nothing of it is computed yet."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    risen = pd.read_csv(folder / "truth.tsv", sep="\t").query("change > 0").iloc[:2]
    target = risen.iloc[0]
    libraries = "".join(
        f"  - {{id: {name}_1, condition: {name}, alignments: {folder / f'{name}_{reads}.bam'}}}\n"
        for name in CONDITIONS
    )
    loci = "".join(f"  - {{name: {gene}, gene: {gene}, reason: planted}}\n" for gene in risen["gene"])
    rng = np.random.default_rng(1)  # a study names some patients, whose age must not tell their times; not used here
    drawn = zip(rng.integers(40, 80, 200), rng.integers(1, 60, 200), rng.integers(0, 2, 200), strict=True)
    patients = "".join(f"P{k}\t{age}\t{months}\t{event}\n" for k, (age, months, event) in enumerate(drawn))
    (place / "patients.tsv").write_text("PATIENT_ID\tAGE\tMONTHS\tSTATUS\n" + patients)
    (place / "study.yaml").write_text(
        f"name: two_libraries\ndata_roots: [{folder}, {SHARED}]\n"
        f"genome: {{name: hg38, chrom_sizes: {folder / 'chrom.sizes'}, annotation: {SHARED / 'hg38.refGene.gtf.gz'}}}\n"
        f"libraries:\n{libraries}contrast: {{treatment: treated, control: control}}\nloci:\n{loci}"
        f"signature_target: {target['chrom']}:{target['start'] + 1}-{target['end']}\n"
        f"ontology: {{obo: {SHARED / 'go-2022-07-01.obo.gz'}, gaf: {SHARED / 'goa_human-2022-09.gaf.gz'}}}\n"
        "cohort:\n  clinical: patients.tsv\n  endpoint: {time_column: MONTHS, event_column: STATUS}\n"
        "  fields: [{column: AGE, name: age, kind: continuous, unit: years}]\n"
        "parameters: {representation: {mode: clinical}}\n"
    )
    return place / "study.yaml"


def tree_memory(root: int) -> float:
    """MB resident in a process and all below it; pages shared by two count twice."""
    parents, resident = {}, {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        process = int(status.parent.name)
        parents[process], resident[process] = int(fields[1]), int(fields[21])
    below, total = {root}, 0
    for process in sorted(parents):
        if process in below or parents[process] in below:
            below.add(process)
            total += resident[process]
    return total * os.sysconf("SC_PAGE_SIZE") / 1e6


def timed(command: list[str]) -> tuple[float, float, float, str]:
    """(wall s, CPU s, peak MB of the tree, output) of a command, which must succeed.

    It may keep compiled Python files, as an installed program has them, where the shell says otherwise.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    peak, done = 0.0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.1):
            peak = max(peak, tree_memory(child.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    assert child.stdout is not None
    text = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    done.set()
    watcher.join()
    assert status == 0, text
    return time.perf_counter() - began, used.ru_utime + used.ru_stime, peak, text


def judge(folder: Path, results: Path) -> str:
    """Assert that what was planted came back; what was seen, in a line."""
    truth = pd.read_csv(folder / "truth.tsv", sep="\t")
    units = pd.read_csv(results / "differential.tsv", sep="\t")
    seen = {}
    for name, sign in (("up", 1), ("down", -1)):
        wanted = set(truth.loc[truth["change"] == sign, "gene"])
        called = units.loc[units["direction"] == name, "gene"].dropna().str.split(";").explode()
        seen[name] = (len(wanted & set(called)), len(wanted), int((units["direction"] == name).sum()))
        assert seen[name][0] >= 0.8 * seen[name][1], seen
    terms = pd.read_csv(results / "enrichment.tsv", sep="\t")
    term = terms[(terms["term"] == TERM) & (terms["gene_set"] == "up")].iloc[0]
    assert term["adjusted_p_value"] < 1e-10, term
    assert len(pd.read_csv(results / "pausing.tsv", sep="\t")) > 1000
    regions = pd.read_csv(results / "initiation" / "initiation_regions.tsv", sep="\t")
    assert (regions["q_pair"] <= 0.1).sum() > 1000, len(regions)
    for name in ("ma_plot", "pausing", "enrichment", "transcript_density", "tss_profile"):
        assert (results / "figures" / f"{name}.svg").stat().st_size > 10_000, name
    found = ", ".join(
        f"{got} of {wanted} planted {name} ({calls} called)" for name, (got, wanted, calls) in seen.items()
    )
    return f"{found}; {TERM} adjusted p {term['adjusted_p_value']:.1e}"


def main() -> None:
    """Make the files, run the rounds, print medians; fail where a limit on memory or the truth is missed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--reads", type=int, default=20_000_000)
    options.add_argument("--rounds", type=int, default=1)
    options.add_argument("--folder", type=Path, default=Path("/tmp/groprog_two_libraries"))
    options.add_argument("--select", default=SELECT)
    options.add_argument("--make", action="store_true", help="only make the files")
    chosen = options.parse_args()
    make(chosen.folder, chosen.reads)
    if chosen.make:
        return
    rounds = []
    for _ in range(chosen.rounds):
        path = study(chosen.folder, chosen.reads, chosen.folder / "study")
        command = [sys.executable, "-m", "groprog_assets.cli.main", "run", str(path), "--select", chosen.select]
        load = os.getloadavg()[0]
        wall, cpu, memory, text = timed(command)
        rounds.append((wall, cpu, memory))
        for stage in re.findall(r"✓ (\S+(?: \[\S+\])?)\s+([\d.]+ s)", text):
            print(f"  {stage[0]:40}{stage[1]:>10}")
        print(f"wall {wall:.0f} s (load before {load:.1f}), CPU {cpu:.0f} s, peak {memory:,.0f} MB")
        print(judge(chosen.folder, path.parent / "results"), flush=True)
    wall, cpu, memory = (statistics.median(column) for column in zip(*rounds, strict=True))
    met = "met" if wall <= LIMIT_S else "missed at this load"
    print(f"2 x {chosen.reads:,} reads, medians of {chosen.rounds}: wall {wall:.0f} s (limit {LIMIT_S:.0f}: {met}), "
          f"CPU {cpu:.0f} s, peak {memory:,.0f} MB (limit {LIMIT_MB:,.0f})")  # fmt: skip
    assert memory <= LIMIT_MB


if __name__ == "__main__":
    main()
