"""Variants and profiles: a start moves as far as its planted word does, on both strands; swapped alleles, reversed genomes."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from groprog_assets.methods.sequence.alleles import Allele
from groprog_assets.methods.sequence.gene_windows import GeneWindows
from groprog_assets.methods.sequence.genome_codes import GenomeCodes, open_genome
from groprog_assets.methods.sequence.profile_effects import ProfileScorer, expected_start
from groprog_assets.methods.sequence.published_model import PublishedModel
from groprog_assets.methods.sequence.variants import Scorer, annotated_variants, variant_effects
from groprog_assets.methods.sequence.vcf import read_variants
from groprog_assets.model.sequence.profile import fit_profile
from groprog_assets.prognosis.sequence_profile import HeldOutNets, held_out_nets
from groprog_assets.store.artifacts import Bundle
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_kernels.bases import decode, reverse_complement
from tests.methods.sequence.planted import write_fasta
from tests.model.sequence.test_profile import OWN, WORD, starts

SPACING, GENES = 1000, 12
NAMES = {"c": "c", "r": "r"}
AHEAD = 8
"""Reads begin that many bp behind the first base of the word."""


class World(NamedTuple):
    """On "c" genes on both strands, on "r" the same from the other strand; the word's first base lies `offset` bp downstream."""

    genome: GenomeCodes
    genes: pd.DataFrame
    offset: list[int]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("profiles")
    random = np.random.default_rng(7)
    size = SPACING * (GENES + 1)
    codes = random.integers(0, 4, size).astype(np.uint8)
    rows, offset = [], []
    for number in range(GENES):
        tss, plus = SPACING * (number + 1), number % 2 == 0
        offset.append(int(random.integers(-20, 0)))
        _write(codes, tss, plus, offset[-1], WORD)
        end = tss + 400 if plus else tss - 400
        rows.append((f"g{number}", "c", "+" if plus else "-", tss, end, number % 2))
        rows.append((f"r{number}", "r", "-" if plus else "+", size - 1 - tss, size - 1 - end, number % 2))
    genes = pd.DataFrame(rows, columns=["gene", "chrom", "strand", "tss", "tts", "fold"])
    text = {"c": decode(codes), "r": decode(reverse_complement(codes))}
    return World(open_genome(write_fasta(folder / "g.fa", text), folder, "s"), genes, offset)


def _write(codes, tss, plus, offset, word):
    if plus:
        codes[tss + offset : tss + offset + len(word)] = word
    else:
        codes[tss - offset - len(word) + 1 : tss - offset + 1] = reverse_complement(word)


def moved(codes, tss, plus, offset, by):
    """(first base, REF, ALT) on the + strand of the change that takes the word away and writes it `by` bp downstream."""
    low, high = min(offset, offset + by), max(offset, offset + by) + len(WORD)
    at = tss + low if plus else tss - high + 1
    before = codes[at : at + high - low].copy()
    after = before if plus else reverse_complement(before)
    after = after.copy()
    own = offset - low
    # Turned about, the word is one no longer.
    after[own : own + len(WORD)] = WORD[::-1]
    after[own + by : own + by + len(WORD)] = WORD
    return at, before, after if plus else reverse_complement(after)


class Exact:
    """All reads of both strands 8 bp behind the leftmost word of the gene's strand, in 60 bp; evenly without one."""

    reach = 50

    def profile(self, codes, fold):
        out = np.zeros((len(codes), 2, 60))
        for row, window in enumerate(codes):
            found = decode(window).find(decode(WORD))
            out[row, 0, found + AHEAD - 20] = 1
        return out


class Still:
    """A model of one task that never changes."""

    def predict(self, codes, side):
        return np.zeros((len(codes), 1))


def scorer_of(world: World, nets) -> Scorer:
    parameters = SequenceParameters(promoter_end=5)
    card = {
        "tasks": ["body"],
        "windows": {"tss": [100, 100], "tts": None},
        "parameters": parameters.model_dump(),
        "champions": {"promoter": "still"},
    }
    model = PublishedModel(card, {"promoter": {"final": Still(), "fold0": Still(), "fold1": Still()}})
    profiles = ProfileScorer(nets, world.genes, world.genome, NAMES)
    return Scorer(model, world.genes, world.genome, NAMES, profiles=profiles)


def vcf(path: Path, rows) -> Path:
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    path.write_text(head + "".join(f"{c}\t{at + 1}\t.\t{decode(a)}\t{decode(b)}\t.\t.\t.\n" for c, at, a, b in rows))
    return path


def changes(world: World, by) -> list[tuple]:
    """The move of every gene's word, on both chromosomes."""
    size = world.genome.lengths["c"]
    rows = []
    for number, offset in enumerate(world.offset):
        tss, plus = SPACING * (number + 1), number % 2 == 0
        at, before, after = moved(world.genome.chromosome("c"), tss, plus, offset, by)
        rows.append(("c", at, before, after))
        rows.append(("r", size - at - len(before), reverse_complement(before), reverse_complement(after)))
    return rows


@pytest.mark.parametrize("by", [10, -7])
def test_the_expected_start_moves_as_far_as_the_planted_word_on_both_strands(world: World, tmp_path: Path, by: int):
    scorer = scorer_of(world, Exact())
    file = read_variants(vcf(tmp_path / "v.vcf", changes(world, by)))
    effects = variant_effects(file, scorer, {})
    assert sorted(effects["gene"]) == sorted(world.genes["gene"])
    assert (effects["tss_shift"] == by).all()
    assert (effects["jsd"] == 1).all(), "no base is shared"
    text = annotated_variants(file, effects, scorer).decode()
    assert text.count(f"GPJSD=1;GPSHIFT={by}\n") == 2 * GENES
    assert "##INFO=<ID=GPJSD,Number=A," in text
    assert "##INFO=<ID=GPSHIFT,Number=A," in text


def test_a_variant_that_only_the_profile_window_holds_has_no_effect_on_the_tasks(world: World, tmp_path: Path):
    """The model's window ends 5 bp downstream of the TSS, that of the profile 50 bp."""
    scorer = scorer_of(world, Exact())
    tss = SPACING
    codes = world.genome.chromosome("c")
    base = codes[tss + 30 : tss + 31]
    near = codes[tss + 3 : tss + 4]
    rows = [("c", tss + 30, base, (base + 1) % 4), ("c", tss + 3, near, (near + 1) % 4)]
    file = read_variants(vcf(tmp_path / "v.vcf", rows))
    effects = variant_effects(file, scorer, {})
    assert effects["gene"].tolist() == ["g0", "g0"]
    assert effects["task"].tolist() == ["", "body"]
    assert effects["offset"].tolist() == [30, 3]
    assert effects["tss_shift"].tolist() == [0, 0]
    lines = annotated_variants(file, effects, scorer).decode().splitlines()
    assert lines[-2].split("\t")[7] == "GPGENE=g0;GPPOS=30;GPTX=1;GPJSD=0;GPSHIFT=0"
    assert "GPD_body=0;" in lines[-1]


def test_two_genes_and_two_alts_keep_their_places(world: World, tmp_path: Path):
    genes = pd.concat([world.genes, world.genes.iloc[[0]].assign(gene="g0b", tss=SPACING + 20)], ignore_index=True)
    scorer = scorer_of(world._replace(genes=genes), Exact())
    codes = world.genome.chromosome("c")
    # 76 bp upstream of the second start: that gene's profile window of 50 bp does not hold it, nor does the first's of g0.
    at = SPACING - 56
    base = codes[at : at + 1]
    path = vcf(
        tmp_path / "v.vcf",
        [
            ("c", at, base, (base + 1) % 4),
            ("c", SPACING - 45, codes[SPACING - 45 : SPACING - 44], (codes[SPACING - 45 : SPACING - 44] + 1) % 4),
        ],
    )
    file = read_variants(path)
    lines = annotated_variants(file, variant_effects(file, scorer, {}), scorer).decode().splitlines()
    first, second = (dict(item.split("=") for item in line.split("\t")[7].split(";")) for line in lines[-2:])
    assert first["GPGENE"] == second["GPGENE"] == "g0|g0b"
    assert "GPJSD" not in first
    assert second["GPJSD"] == "0|."


@pytest.fixture(scope="module")
def trained() -> HeldOutNets:
    """A net that learnt where reads begin behind the word, stored and restored, for both folds."""
    own = OWN.model_copy(update={"epochs": 20})
    arrays = fit_profile(starts(), starts(60, 1), own, 1).arrays()
    return held_out_nets(Bundle({"fold0": arrays, "fold1": arrays}))


def test_a_trained_net_moves_the_start_with_the_word(world: World, trained: HeldOutNets, tmp_path: Path):
    assert trained.reach == 30 + 10 + 6 + 37
    effects = variant_effects(read_variants(vcf(tmp_path / "v.vcf", changes(world, 12))), scorer_of(world, trained), {})
    assert len(effects) == 2 * GENES
    assert np.median(effects["tss_shift"]) == pytest.approx(12, abs=3)
    assert (effects["tss_shift"] > 4).all()
    assert (effects["jsd"] > 0.5).all()
    back = variant_effects(read_variants(vcf(tmp_path / "b.vcf", changes(world, -12))), scorer_of(world, trained), {})
    assert (back["tss_shift"] < -4).all()


def random_alleles(world: World, count=60, seed=0):
    """(chromosome, start, REF, ALT) on "c" of single changes, insertions and deletions around starts, not over them."""
    random, codes, found = np.random.default_rng(seed), world.genome.chromosome("c"), []
    while len(found) < count:
        tss = SPACING * int(random.integers(1, GENES + 1))
        removed, added = (int(each) for each in random.integers(0, 4, 2))
        start = tss + int(random.choice([-1, 1])) * int(random.integers(6, 40))
        alt = random.integers(0, 4, added).astype(np.uint8)
        if removed + added and not np.array_equal(codes[start : start + removed], alt):
            found.append((tss // SPACING - 1, Allele(start, codes[start : start + removed], alt)))
    return found


def reversed_allele(world: World, allele: Allele) -> Allele:
    start = world.genome.lengths["c"] - allele.start - len(allele.ref)
    return Allele(start, reverse_complement(allele.ref), reverse_complement(allele.alt))


def test_a_genome_read_from_the_other_strand_gives_the_same_windows_and_effects(world: World, trained: HeldOutNets):
    scorer = scorer_of(world, trained)
    alleles = random_alleles(world)
    sides: list[list] = [[], []]
    for number, allele in alleles:
        for place, (row, own) in enumerate(((2 * number, allele), (2 * number + 1, reversed_allele(world, allele)))):
            chrom = "cr"[place]
            assert row in scorer.profiles.near(chrom, own)
            window = scorer.profiles.alternative(row, own)
            assert window is not None
            sides[place].append((row, window))
    (rows, windows), (others, reverse) = (
        (np.array(r), np.array(w)) for r, w in (zip(*side, strict=True) for side in sides)
    )
    assert np.array_equal(windows, reverse)
    one, other = scorer.profiles.effects(rows, windows), scorer.profiles.effects(others, reverse)
    assert np.allclose(one.jsd, other.jsd)
    assert np.allclose(one.shift, other.shift)
    assert np.abs(one.shift).max() > 0.1


def test_swapped_alleles_turn_the_shift_and_keep_the_divergence(world: World, trained: HeldOutNets, tmp_path: Path):
    """The genome with the ALT in it, and the REF as its ALT."""
    scorer = scorer_of(world, trained)
    for number, allele in random_alleles(world, 12, 1):
        row = 2 * number
        codes = world.genome.chromosome("c")
        removed, added = len(allele.ref), len(allele.alt)
        text = decode(codes[: allele.start]) + decode(allele.alt) + decode(codes[allele.start + removed :])
        gene = world.genes.iloc[[row]].copy()
        before = allele.start + removed <= gene["tss"].iloc[0]
        gene["tss"] += (added - removed) if before else 0
        folder = tmp_path / f"{number}_{allele.start}"
        folder.mkdir()
        genome = open_genome(write_fasta(folder / "g.fa", {"c": text}), folder, "s")
        turned = ProfileScorer(trained, gene.reset_index(drop=True), genome, {"c": "c"})
        back = turned.alternative(0, Allele(allele.start, allele.alt, allele.ref))
        there = scorer.profiles.alternative(row, allele)
        forth = scorer.profiles.effects(np.array([row]), there[None])
        again = turned.effects(np.array([0]), back[None])
        assert np.array_equal(turned.codes[0], there), "the ALT's window is that of its own genome"
        assert np.array_equal(back, scorer.profiles.codes[row])
        assert np.allclose(forth.shift, -again.shift, atol=1e-4)
        assert np.allclose(forth.jsd, again.jsd, atol=1e-5)


def test_each_gene_is_asked_of_the_net_that_never_saw_its_fold(world: World, tmp_path: Path):
    asked: dict[int, set[bytes]] = {0: set(), 1: set()}

    class Watched(Exact):
        def profile(self, codes, fold):
            asked[fold] |= {window.tobytes() for window in codes}
            return super().profile(codes, fold)

    scorer = scorer_of(world, Watched())
    variant_effects(read_variants(vcf(tmp_path / "v.vcf", changes(world, 3))), scorer, {})
    for fold, rows in world.genes.groupby("fold").groups.items():
        assert {scorer.profiles.codes[row].tobytes() for row in rows} <= asked[fold]
    assert not asked[0] & asked[1]


def test_the_expected_start_is_that_of_the_genes_strand():
    profiles = np.zeros((2, 2, 10))
    profiles[0, 0, 7], profiles[0, 1, 0] = 0.2, 0.8
    profiles[1, 1, 3] = 1
    found = expected_start(profiles)
    assert found[0] == 2
    assert np.isnan(found[1]), "without reads on it there is none"


def test_the_windows_of_profiles_and_models_are_cut_by_one_rule(world: World):
    scorer = scorer_of(world, Exact())
    assert isinstance(scorer, GeneWindows)
    assert np.array_equal(scorer.profiles.codes[:, :55], scorer.codes[:, 50:105])
