"""The bundled study: equal bytes for a seed, formats a user's own study has, and a planted truth that can be found."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pysam
import pytest

from groprog_assets.methods.cohort.clinical_records import read_clinical
from groprog_assets.methods.cohort.cohort import assemble_cohort
from groprog_assets.methods.cohort.patient_expression import read_expression
from groprog_assets.simulation import simulate_study
from groprog_assets.simulation.cohort import PLANS, Kind, build_cohort
from groprog_assets.simulation.ontology import TERMS
from groprog_assets.simulation.reads import DESIGN
from groprog_assets.simulation.world import SCALES, build_world
from groprog_assets.study.check import check_study, load_study
from groprog_kernels import hmm
from groprog_kernels.concordance import harrell


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate_study(tmp_path_factory.mktemp("tiny") / "study", scale="tiny").parent


@pytest.fixture(scope="module")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate_study(tmp_path_factory.mktemp("bundled") / "study", fastq=False).parent


@pytest.fixture(scope="module")
def windows(bundled: Path) -> dict[tuple[str, str], np.ndarray]:
    """Reads in 50-bp windows, uniquely mapped, all libraries."""
    sizes = load_sizes(bundled)
    counts = {(chrom, strand): np.zeros(size // 50, np.int64) for chrom, size in sizes.items() for strand in "+-"}
    for library in DESIGN:
        for read in reads_of(bundled / "reads" / f"{library.id}.bam"):
            if read.is_mapped and read.mapping_quality >= 10:
                end = read.reference_end - 1 if read.is_reverse else read.reference_start
                lane = counts[read.reference_name, "-" if read.is_reverse else "+"]
                if end // 50 < len(lane):
                    lane[end // 50] += 1
    return counts


def load_sizes(folder: Path) -> dict[str, int]:
    lines = (folder / "genome" / "chrom.sizes").read_text().splitlines()
    return {name: int(size) for name, size in (line.split("\t") for line in lines)}


def reads_of(path: Path) -> list[pysam.AlignedSegment]:
    with pysam.AlignmentFile(str(path)) as file:
        return list(file.fetch(until_eof=True))


def test_equal_seeds_give_equal_bytes_and_others_do_not(tiny: Path, tmp_path: Path) -> None:
    simulate_study(tmp_path / "again", scale="tiny")
    assert digests(tiny) == digests(tmp_path / "again")
    simulate_study(tmp_path / "other", scale="tiny", seed=1)
    changed = {name for name, digest in digests(tmp_path / "other").items() if digest != digests(tiny)[name]}
    assert {"reads/control_1.bam", "cohort/clinical.tsv", "genome/annotation.gtf"} <= changed


@pytest.mark.parametrize("seed", range(3))
def test_every_seed_gives_a_study_that_can_run(seed: int, tmp_path: Path) -> None:
    path = simulate_study(tmp_path, scale="tiny", seed=seed, fastq=False)
    assert check_study(path) == []
    study = load_study(path)
    read_clinical(study.cohort, study.parameters.cohort)


def test_too_few_patients_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 20"):
        simulate_study(tmp_path, scale="tiny", patients=10)
    assert not list(tmp_path.iterdir())


def test_reads_are_what_an_aligner_leaves(tiny: Path) -> None:
    sequence = pysam.FastaFile(str(tiny / "genome" / "genome.fa"))
    repeats = [line.split("\t") for line in (tiny / "genome" / "multi_copy.bed").read_text().splitlines()]
    first, second = ((name, int(start), int(end)) for name, start, end, _ in repeats)
    assert sequence.fetch(*first) == sequence.fetch(*second)
    for library in DESIGN:
        with pysam.AlignmentFile(str(tiny / "reads" / f"{library.id}.bam")) as file:
            assert file.header["PG"][0]["ID"] == "bowtie2"
            reads = list(file.fetch(until_eof=True))
        keys = [(read.reference_id, read.reference_start) for read in reads if read.is_mapped]
        assert (keys == sorted(keys)) == library.sorted
        assert (tiny / "reads" / f"{library.id}.bam.bai").exists() == library.sorted
        tied = [
            read for read in reads if read.is_mapped and read.has_tag("XS") and read.get_tag("XS") == read.get_tag("AS")
        ]
        assert len(tied) > 100
        assert all(read.mapping_quality <= 1 for read in tied)
        assert all(any(start <= read.reference_start < end for _, start, end in (first, second)) for read in tied)
        assert sum(read.is_unmapped for read in reads) > 100
        for read in reads[::997]:
            if read.is_mapped:
                assert read.query_sequence == sequence.fetch(
                    read.reference_name, read.reference_start, read.reference_end
                )


def test_fastq_holds_the_reads_of_the_alignment(tiny: Path) -> None:
    lines = gzip.decompress((tiny / "reads" / "control_1.fastq.gz").read_bytes()).decode().splitlines()
    records = {lines[k][1:]: (lines[k + 1], lines[k + 3]) for k in range(0, len(lines), 4)}
    mapped = [read for read in reads_of(tiny / "reads" / "control_1.bam") if read.is_mapped]
    assert len(records) == len(mapped)
    for read in mapped[::501]:
        qualities = "".join(chr(q + 33) for q in read.get_forward_qualities())
        assert records[read.query_name] == (read.get_forward_sequence(), qualities)


def test_every_arrangement_stands_in_the_world(bundled: Path) -> None:
    genes = pd.read_csv(bundled / "truth" / "genes.tsv", sep="\t")
    assert set(genes["arrangement"]) == {
        "single", "overlapping", "nested_antisense", "nested_sense", "abutting", "divergent",
    }  # fmt: skip
    assert 150 <= len(genes) <= 260
    assert {"+", "-"} == set(genes["strand"])
    changed = genes[genes["log2_fold_change"] != 0]
    assert (changed["arrangement"] == "single").all()
    assert len(changed) >= 50


def test_the_published_model_recovers_every_planted_unit(
    bundled: Path, windows: dict[tuple[str, str], np.ndarray]
) -> None:
    sequences = {}
    for lane, counts in windows.items():
        hit = np.flatnonzero(counts)
        sequences[lane] = hmm.sequence(hit.astype(np.int32), counts[hit].astype(np.int32), len(counts))
    fit = hmm.fit(list(sequences.values()), hmm.parameters())
    columns = ["chrom", "start", "end", "name", "score", "strand"]
    planted = pd.read_csv(bundled / "truth" / "transcripts.bed", sep="\t", names=columns)
    called = 0
    for (chrom, strand), sequence in sequences.items():
        starts, ends = (np.asarray(edge) * 50 for edge in hmm.decode(sequence, fit.parameters))
        here = planted[(planted["chrom"] == chrom) & (planted["strand"] == strand)].sort_values("start")
        assert len(starts) == len(here)
        assert (np.abs(starts - here["start"]) <= 500).all()
        assert (np.abs(ends - here["end"]) <= 500).all()
        called += len(starts)
    assert called == len(planted)


def test_a_silent_start_never_has_more_reads_than_the_used_one(
    bundled: Path, windows: dict[tuple[str, str], np.ndarray]
) -> None:
    genes = pd.read_csv(bundled / "truth" / "genes.tsv", sep="\t").set_index("gene")
    lines = [line.split("\t") for line in (bundled / "genome" / "annotation.gtf").read_text().splitlines()]
    silent = 0
    for chrom, _, kind, start, end, _, strand, _, attributes in lines:
        gene = attributes.split('"')[1]
        if kind != "transcript" or gene not in genes.index or genes.loc[gene, "pause_class"] != "high":
            continue
        tss = int(start) - 1 if strand == "+" else int(end) - 1
        if tss != genes.loc[gene, "tss"]:
            silent += 1
            near = [windows[chrom, strand][at // 50 - 1 : at // 50 + 2].sum() for at in (tss, genes.loc[gene, "tss"])]
            assert near[0] < near[1]
    assert silent > 10


def test_planted_pausing_and_fold_changes_are_in_the_reads(bundled: Path) -> None:
    genes = pd.read_csv(bundled / "truth" / "genes.tsv", sep="\t")
    genes = genes[genes["expressed"] & (genes["arrangement"] == "single")]
    ends: dict[tuple[str, str, bool], np.ndarray] = {}
    for treated in (False, True):
        lanes: dict[tuple[str, str], list[int]] = {}
        for library in (library for library in DESIGN if (library.response > 0) == treated):
            for read in reads_of(bundled / "reads" / f"{library.id}.bam"):
                if read.is_mapped and read.mapping_quality >= 10:
                    end = read.reference_end - 1 if read.is_reverse else read.reference_start
                    lanes.setdefault((read.reference_name, "-" if read.is_reverse else "+"), []).append(end)
        ends |= {(*lane, treated): np.sort(values) for lane, values in lanes.items()}

    def count(gene: object, low: int, high: int, treated: bool) -> int:
        tss, sign = gene.tss, 1 if gene.strand == "+" else -1  # type: ignore[attr-defined]
        first, last = sorted((tss + sign * low, tss + sign * (high - 1)))
        lane = ends[gene.chrom, gene.strand, treated]  # type: ignore[attr-defined]
        return int(np.searchsorted(lane, last, "right") - np.searchsorted(lane, first))

    index, change = [], []
    depth = [sum(lib.depth for lib in DESIGN if (lib.response > 0) == treated) for treated in (False, True)]
    for gene in genes.itertuples():
        end = min(5_000, gene.end - gene.start)
        promoter, body = (sum(count(gene, *window, t) for t in (False, True)) for window in ((-50, 200), (200, end)))
        index.append((promoter / 250) / (body / (end - 200)))
        change.append(np.log2(count(gene, 200, end, True) / depth[1] / (count(gene, 200, end, False) / depth[0])))
    assert np.corrcoef(np.log(index), np.log(genes["pausing_index"]))[0, 1] > 0.97
    high = genes["pause_class"] == "high"
    assert (np.array(index)[high] > 2).mean() > 0.98
    assert (np.array(index)[genes["pause_class"] == "low"] < 0.5).mean() > 0.95
    assert np.abs(np.array(change) - genes["log2_fold_change"]).median() < 0.15
    planted = genes["log2_fold_change"].to_numpy()
    assert (np.sign(change) == np.sign(planted))[planted != 0].all()


def test_planted_terms_are_enriched(bundled: Path) -> None:
    from scipy.stats import hypergeom

    genes = pd.read_csv(bundled / "truth" / "genes.tsv", sep="\t")
    annotations = pd.read_csv(bundled / "truth" / "annotations.tsv", sep="\t")
    for term in TERMS:
        members = set(annotations.loc[annotations["term"] == term.id, "gene"])
        for direction, sign in (("up", 1), ("down", -1)):
            changed = set(genes.loc[genes["log2_fold_change"] * sign > 0, "gene"])
            p_value = hypergeom.sf(len(members & changed) - 1, len(genes), len(members), len(changed))
            if term.enriched == direction:
                assert p_value < 1e-4
    summary = json.loads((bundled / "truth" / "summary.json").read_text())
    assert summary["enriched_terms"] == {term.id: term.enriched for term in TERMS if term.enriched}


def test_patients_carry_the_planted_hazard(bundled: Path) -> None:
    study = load_study(bundled / "study.yaml")
    read = read_clinical(study.cohort, study.parameters.cohort)
    expression = read_expression(study.cohort, read.records["patient_id"].tolist())
    genes = pd.read_csv(bundled / "truth" / "genes.tsv", sep="\t")
    made = assemble_cohort(
        read.records, read.outcomes, read.fields, read.exclusions, expression, study.cohort, study.parameters.cohort,
        genes=genes["gene"],
    )  # fmt: skip
    assert 0.4 < made.outcomes["event"].mean() < 0.75
    assert set(made.summary["batches"]) == {"site_1", "site_2"}
    assert made.summary["missing"]["albumin"] > 0.05
    assert not made.index["has_expression"].all()
    truth = pd.read_csv(bundled / "truth" / "patients.tsv", sep="\t").set_index("patient_id")
    risk = truth.loc[made.outcomes["patient_id"], "log_hazard"].to_numpy()
    time, event = made.outcomes["time"].to_numpy(), made.outcomes["event"].to_numpy()
    assert harrell(risk, time, event).cindex > 0.70
    up = set(genes.loc[genes["log2_fold_change"] > 0, "gene"])
    down = set(genes.loc[genes["log2_fold_change"] < 0, "gene"])
    sign = np.array([(gene in up) - (gene in down) for gene in expression["gene"].tolist()])
    centred = np.nan_to_num(expression["values"] - np.nanmean(expression["values"], axis=0))
    planted = truth.loc[expression["patient_id"].tolist(), "signature"]
    assert 0.5 < np.corrcoef(centred @ sign, planted)[0, 1] < 0.85
    leading = np.linalg.svd(centred, full_matrices=False)[0][:, :10]
    assert np.abs([np.corrcoef(each, planted)[0, 1] for each in leading.T]).max() < 0.4


@pytest.mark.parametrize("kind", ["signature", "programme", "interaction"])
def test_every_kind_of_cohort_plants_what_it_says(kind: Kind) -> None:
    world = build_world(SCALES["bundled"], 3)
    held = build_cohort(world, 2000, 5, 3, kind)
    truth, stage = held.truth, held.clinical["STAGE"]
    early, late = stage.isin(["I", "II"]).to_numpy(), stage.isin(["III", "IV"]).to_numpy()
    slopes = [np.polyfit(truth["signature"][part], truth["log_hazard"][part], 1)[0] for part in (early, late)]
    planted = PLANS[kind].coefficients
    turned = planted.get("signature_until_late_stage", 0.0)
    expected = [planted.get("signature", 0.0) + turned, planted.get("signature", 0.0) - turned]
    np.testing.assert_allclose(slopes, expected, atol=0.08)
    changed = world.genes.set_index("gene")["log2_fold_change"].reindex(held.expression.index).fillna(0)
    at = truth["signature"].to_numpy()[truth["has_expression"].to_numpy()]
    values = held.expression.to_numpy()
    filled = np.where(np.isnan(values), np.nanmean(values, axis=1, keepdims=True), values)
    slope = np.polynomial.polynomial.polyfit(at, filled.T, 1)[1]
    np.testing.assert_allclose(slope[(changed > 0).to_numpy()].mean(), PLANS[kind].loading, atol=0.06)
    np.testing.assert_allclose(slope[(changed < 0).to_numpy()].mean(), -PLANS[kind].loading, atol=0.06)
    assert abs(slope[(changed == 0).to_numpy()].mean()) < 0.03
