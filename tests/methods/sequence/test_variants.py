"""Variants: windows against a chromosome that is changed letter by letter, both strands; signs, errors, bytes of the file."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import AnnotationError
from groprog_assets.methods.sequence import alleles, genome_codes, haplotypes
from groprog_assets.methods.sequence import variants as method
from groprog_assets.methods.sequence.alleles import normalised
from groprog_assets.methods.sequence.vcf import annotated, read_variants
from groprog_kernels.bases import decode, encode_text, reverse_complement
from tests.methods.sequence.planted import LAYOUT, SMAPS, WORD, held_bytes, scored_world, write, write_fasta


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory):
    return scored_world(tmp_path_factory.mktemp("planted"))


def test_each_gene_is_scored_by_the_model_that_never_saw_its_chromosome(world):
    _, genes, scorer = world
    parts, side = scorer.model.predictors["promoter"], np.empty((1, 0))
    rows = np.array([int(np.flatnonzero(genes["fold"] == fold)[0]) for fold in sorted(set(genes["fold"]))])
    windows = scorer.codes[rows + 1]
    expected = []
    for row, window in zip(rows, windows, strict=True):
        own = parts[f"fold{genes['fold'][row]}"]
        expected.append((own.predict(window[None], side) - own.predict(scorer.codes[row : row + 1], side))[0])
    assert len(rows) > 1
    assert np.allclose(scorer.effects(rows, windows), expected)


def slow_window(text: str, tss: int, plus: bool, start: int, removed: int, added: str) -> str:
    """The window of the changed chromosome around the base where the TSS went."""
    changed = text[:start] + added + text[start + removed :]
    after = start + removed <= tss
    where = tss + (len(added) - removed if after and not (removed == 0 and start > tss) else 0)
    before, behind = LAYOUT.tss
    if plus:
        return changed[where - before : where + behind]
    return decode(reverse_complement(encode_text(changed[where - behind + 1 : where + before + 1].encode()).codes))


def test_a_deletion_that_draws_unknown_bases_into_the_window_has_no_effect(world, tmp_path: Path):
    genome, genes, scorer = world
    texts = {name: decode(genome.chromosome(name)) for name in genome.lengths}
    tss = int(genes["tss"][2])
    assert genes["strand"][2] == "+"
    texts["chrI"] = texts["chrI"][: tss - 700] + "N" * 300 + texts["chrI"][tss - 400 :]
    other = genome_codes.open_genome(write_fasta(tmp_path / "n.fa", texts), tmp_path, "n")
    own = method.Scorer(scorer.model, genes, other, scorer.names)
    rows = []
    for gone in (59, 61):  # of a window of 600 bases, 10 % may be unknown
        ref = texts["chrI"][tss - 301 : tss - 300 + gone]
        rows.append(("chrI", tss - 300, ".", ref, ref[0], ".", ".", "."))
    file = read_variants(write(tmp_path / "v.vcf", rows))
    table = method.variant_effects(file, own, {}).drop_duplicates("line")
    assert table["error"].tolist() == ["", "UNKNOWN_BASES"]
    assert table["effect"].isna().tolist() == [False, True]
    assert b"GPERR=UNKNOWN_BASES" in method.annotated_variants(file, table, own).splitlines()[-1]


def test_windows_of_indels_equal_those_of_the_changed_chromosome(world):
    genome, genes, scorer = world
    text = decode(genome.chromosome("chrII"))
    random = np.random.default_rng(0)
    rows = np.flatnonzero(genes["chrom"] == "chrII")
    checked = {"+": 0, "-": 0}
    for _ in range(400):
        gene = int(random.choice(rows))
        tss, plus = int(genes["tss"][gene]), genes["strand"][gene] == "+"
        start = tss + int(random.integers(-390, 190)) * (1 if plus else -1)
        removed, size = int(random.integers(0, 5)), int(random.integers(0, 5))
        added = "".join(random.choice(list("ACGT"), size))
        allele = method.Allele(
            start, encode_text(text[start : start + removed].encode()).codes, encode_text(added.encode()).codes
        )
        found = scorer.alternative(gene, allele)
        if removed != size and found is None:
            touched = range(start, start + removed)
            assert tss in touched or (tss + (-1 if plus else 1)) in touched
            continue
        if removed and start <= tss < start + removed:
            continue  # the TSS itself is replaced: the slow definition has no place for it
        assert decode(found) == slow_window(text, tss, plus, start, removed, added)
        checked[genes["strand"][gene]] += 1
    assert min(checked.values()) > 100


def word_of(genome, genes, gene: int) -> tuple[int, str]:
    """(position from 1, letters on the + strand) of the planted word upstream of a gene."""
    row = genes.iloc[gene]
    text = decode(genome.chromosome(row["chrom"]))
    low, high = (row["tss"] - 130, row["tss"] - 50) if row["strand"] == "+" else (row["tss"] + 50, row["tss"] + 130)
    for word in (decode(WORD), decode(reverse_complement(WORD))):
        at = text.find(word, low, high)
        if at >= 0:
            return at + 1, word
    raise AssertionError("no word")


@pytest.mark.skipif(not SMAPS.is_file(), reason="needs /proc/self/smaps")
@pytest.mark.parametrize("reader", ["effects", "haplotypes"])
def test_variants_all_over_the_genome_hold_the_pages_of_a_few(
    world, reader: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    _, _, scorer = world
    size, step, most = 1 << 24, 1 << 16, 1 << 21
    text = np.random.default_rng(6).choice(np.frombuffer(b"ACGT", np.uint8), size).tobytes().decode()
    genome = genome_codes.open_genome(write_fasta(tmp_path / "g.fa", {"a": text}), tmp_path, "s")
    tss = np.arange(step, size - step, step)
    near = pd.DataFrame({"gene": [f"g{at}" for at in tss], "chrom": "a", "strand": "+", "tss": tss, "tts": tss + 900})
    wide = method.Scorer(scorer.model, near.assign(fold=0), genome, {"a": "a"})
    held = []

    def watched(*given):
        held.append(held_bytes(tmp_path / "s.npy"))
        return normalised(*given)

    monkeypatch.setattr(genome_codes, "RELEASE_EVERY", 2)
    monkeypatch.setattr(alleles, "normalised", watched)
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts\n"
    rows = [f"a\t{at - 9}\t.\t{text[at - 10]}\t{'CA'[text[at - 10] == 'C']}\t.\t.\t.\tGT\t0|1\n" for at in tss]
    (tmp_path / "v.vcf").write_text(head + "".join(rows))
    score = method.variant_effects if reader == "effects" else haplotypes.haplotype_effects
    found = score(read_variants(tmp_path / "v.vcf"), wide, {})
    assert found["gene"].nunique() == len(tss) == len(held)
    assert max(held) > 0, "the file is mapped"
    # Linux maps up to 2 MB around a base that is read, and a window may lie in two such parts.
    assert max(held) <= 2 * most < size / 2
    assert held_bytes(tmp_path / "s.npy") == 0


def test_breaking_the_planted_word_lowers_its_task_and_swapping_alleles_turns_the_sign(world, tmp_path: Path):
    genome, genes, scorer = world
    carriers = [gene for gene in range(0, 90) if int(genes["gene"][gene].split("_")[1]) % 3 == 0]
    rows = []
    for gene in carriers:
        position, word = word_of(genome, genes, gene)
        rows.append((genes["chrom"][gene], position, ".", word, word[::-1], ".", ".", "."))
    file = read_variants(write(tmp_path / "v.vcf", rows))
    effects = method.variant_effects(file, scorer, {})
    own = effects[effects["gene"] == genes["gene"].to_numpy()[np.array(carriers)][effects["line"] - 3]]
    up, down = (own[own["task"] == task]["effect"] for task in ("up", "down"))
    assert len(up) == len(carriers)
    assert (up < 0).mean() > 0.9
    assert up.mean() < -0.6
    assert (down > 0).mean() > 0.9
    assert own["z"].abs().median() > 2


def test_antisymmetry(world):
    _, genes, scorer = world
    gene = 5
    tss = int(genes["tss"][gene])
    held = scorer.genome.chromosome(str(genes["chrom"][gene]))
    start = tss - 100 if genes["strand"][gene] == "+" else tss + 100
    other = np.array([(held[start] + 1) % 4], np.uint8)
    there = scorer.alternative(gene, method.Allele(start, held[start : start + 1], other))
    back = scorer.codes[gene]
    rows = np.array([gene])
    forth = scorer._predict(there[None], rows) - scorer._predict(back[None], rows)
    assert np.allclose(scorer.effects(rows, there[None]), forth)
    assert np.allclose(scorer._predict(back[None], rows) - scorer._predict(there[None], rows), -forth)
    assert np.abs(forth).max() > 0


@pytest.mark.parametrize(
    ("text", "position", "ref", "alt", "expected"),
    [
        ("CAAAT", 3, "AA", "A", (1, "A", "")),  # one A less, at its leftmost place
        ("GGGG", 4, "G", "GG", (0, "", "G")),
        ("ACGT", 2, "CG", "CT", (2, "G", "T")),
        ("ACGT", 2, "c", "t", (1, "C", "T")),
    ],
)
def test_alleles_are_trimmed_and_shifted_left(text, position, ref, alt, expected):
    codes = encode_text(text.encode()).codes
    found = normalised(codes, position, ref, alt)
    assert not isinstance(found, str)
    changed = text[: position - 1] + alt.upper() + text[position - 1 + len(ref) :]
    again = text[: found.start] + decode(found.alt) + text[found.start + len(found.ref) :]
    assert again == changed
    assert (found.start, decode(found.ref), decode(found.alt)) == expected


@pytest.mark.parametrize(
    ("ref", "alt", "expected"),
    [("A", "<DEL>", "UNSUPPORTED"), ("A", "*", "UNSUPPORTED"), ("A", ".", "UNSUPPORTED"), ("R", "A", "UNSUPPORTED"),
     ("A", "A]c:5]", "UNSUPPORTED"), ("C", "A", "REF_MISMATCH"), ("ACGTACGT", "A", "BEYOND_CHROMOSOME")],
)  # fmt: skip
def test_what_cannot_be_scored_is_named(ref, alt, expected):
    assert normalised(encode_text(b"ACGT").codes, 1, ref, alt) == expected


def test_the_file_comes_back_byte_for_byte_with_fields_behind_info(world, tmp_path: Path):
    genome, genes, scorer = world
    position, word = word_of(genome, genes, 3)
    chrom = genes["chrom"][3]
    first = write(
        tmp_path / "v.vcf",
        [(chrom, position, "rs1", word[0], f"{'ACGT'.replace(word[0], '')[0]},<DEL>", "5", "PASS", "AF=0.1,0.2;DB", "GT", "0|1"),
         ("elsewhere", 7, "x", "A", "C", ".", ".", ".")],
    )  # fmt: skip
    raw = first.read_bytes().replace(b"\n", b"\r\n")
    (tmp_path / "w.vcf.gz").write_bytes(gzip.compress(raw))
    file = read_variants(tmp_path / "w.vcf.gz")
    effects = method.variant_effects(file, scorer, {"elsewhere": frozenset({"elsewhere", "nowhere"})})
    out = method.annotated_variants(file, effects, scorer)
    lines, before = out.split(b"\r\n"), raw.split(b"\r\n")
    assert [line for line in lines if line in before] == [before[0], before[1], before[2], b""]
    fields = lines[-3].split(b"\t")
    assert fields[:7] == before[3].split(b"\t")[:7]
    assert fields[8:] == before[3].split(b"\t")[8:]
    info = dict(item.split(b"=") for item in fields[7].split(b";") if b"=" in item)
    assert fields[7].startswith(b"AF=0.1,0.2;DB;GPGENE=")
    assert info[b"GPERR"] == b".,UNSUPPORTED"
    assert info[b"GPGENE"].endswith(b",.")
    assert len(info[b"GPD_up"].split(b",")) == 2
    assert lines[-2].split(b"\t")[7] == b"GPERR=UNKNOWN_CONTIG"
    import pysam

    (tmp_path / "out.vcf").write_bytes(out.replace(b"elsewhere", chrom.encode()))
    with pysam.VariantFile(str(tmp_path / "out.vcf")) as peer:
        record = next(iter(peer))
        assert record.info["GPGENE"][1] is None or record.info["GPGENE"][1] == "."
    twice = annotated(file, [], {3: [("AF", "9")]})
    assert twice == raw


def test_a_table_of_five_columns_is_read(tmp_path: Path):
    path = tmp_path / "v.tsv"
    path.write_text("chrom\tpos\tid\tref\talt\nchrI\t5\tx\tA\tC,G\n")
    (row,) = read_variants(path).rows
    assert (row.chrom, row.position, row.alts) == ("chrI", 5, ("C", "G"))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [("v.vcf", "c\t1\t.\tA\tC\t.\t.\t.\n", "no line #CHROM"), ("v.tsv", "c\tx\t.\tA\tC\n", "separated by tabs"),
     ("v.tsv", "c\t0\t.\tA\tC\n", "separated by tabs"), ("v.tsv", "c\t1\n", "separated by tabs")],
)  # fmt: skip
def test_a_bad_file_is_refused(tmp_path: Path, name, text, said):
    (tmp_path / name).write_text(text)
    with pytest.raises(AnnotationError, match=said):
        read_variants(tmp_path / name)


def test_the_table_is_whole_without_variants(world, tmp_path: Path):
    _, _, scorer = world
    found = method.variant_effects(read_variants(write(tmp_path / "v.vcf", [])), scorer, {})
    assert isinstance(found, pd.DataFrame)
    assert len(found) == 0


def test_each_score_has_the_spread_of_all_models_and_whether_it_touches_coding_sequence(world, tmp_path: Path):
    genome, genes, scorer = world
    gene = 3
    position, word = word_of(genome, genes, gene)
    chrom = str(genes["chrom"][gene])
    file = read_variants(write(tmp_path / "v.vcf", [(chrom, position, ".", word, word[::-1], ".", ".", ".")]))
    names = {name: name for name in genome.lengths}
    start = position - 1 + next(k for k in range(len(word)) if word[k] != word[::-1][k])
    texts = {}
    for told, coding in (
        ("1", {chrom: np.array([[start, start + 1]])}),
        ("0", {chrom: np.array([[start - 30, start]])}),
        (".", None),
    ):
        own = method.Scorer(scorer.model, genes, genome, names, coding=coding)
        effects = method.variant_effects(file, own, {})
        line = method.annotated_variants(file, effects, own).splitlines()[-1]
        texts[told] = dict(item.split("=") for item in line.decode().split("\t")[7].split(";"))
        assert texts[told].get("GPCDS", ".").split("|")[0] == told
        assert effects["coding"].map({1.0: "1", 0.0: "0"}).fillna(".").eq(told).all()
    held = effects[effects["gene"] == genes["gene"][gene]].set_index("task")
    allele = normalised(genome.chromosome(chrom), position, word, word[::-1])
    assert not isinstance(allele, str)
    window = scorer.alternative(gene, allele)
    side = np.empty((1, 0))
    parts = [part for name, part in scorer.model.predictors["promoter"].items() if name != "final"]
    each = [(part.predict(window[None], side) - part.predict(scorer.codes[[gene]], side))[0] for part in parts]
    assert len(each) > 1
    assert np.allclose(held.loc[["up", "down"], "sd"], np.std(each, axis=0))
    at = texts["1"]["GPGENE"].split("|").index(str(genes["gene"][gene]))
    assert float(texts["1"]["GPSD_up"].split("|")[at]) == pytest.approx(np.std(each, axis=0)[0], rel=0.01)
    lone = scorer.model._replace(predictors={"promoter": {"final": parts[0], "fold0": parts[0]}})
    alone = method.Scorer(lone, genes.assign(fold=0), genome, names)
    effects = method.variant_effects(file, alone, {})
    assert effects["sd"].isna().all()
    assert b";GPSD_" not in method.annotated_variants(file, effects, alone).splitlines()[-1]


def test_the_header_says_which_effects_are_to_be_ranked_only(world, tmp_path: Path):
    _, genes, scorer = world
    file = read_variants(write(tmp_path / "v.vcf", []))
    nothing = method.variant_effects(file, scorer, {})
    plain = method.annotated_variants(file, nothing, scorer).decode()
    assert "rank only" not in plain
    assert "ID=oracle" not in plain, "a model whose card does not tell"
    figures = {"word": "CAGTCAC", "genes": 90, "association": 2.0, "effect": -0.1, "control": 0.01}
    oracle = {"up": {**figures, "rank_only": True}, "down": None}
    card = {**scorer.model.card, "oracle": {"promoter": oracle, "locus": {"down": {**figures, "rank_only": True}}}}
    told = method.Scorer(scorer.model._replace(card=card), genes, scorer.genome, scorer.names)
    lines = method.annotated_variants(file, nothing, told).decode().splitlines()
    (own,) = [line for line in lines if line.startswith("##groprog=<ID=oracle")]
    assert own == (
        '##groprog=<ID=oracle,Task="up",Word=CAGTCAC,Genes=90,Association=2,Effect=-0.1,Control=0.01,Use="rank only">'
    )
    marked = [line for line in lines if "GPD_" in line and "rank only" in line]
    assert [line.split(",")[0] for line in marked] == ["##INFO=<ID=GPD_up"]
    card["oracle"]["promoter"]["up"] = {**figures, "effect": -1.5, "rank_only": False}
    assert "rank only" not in method.annotated_variants(file, nothing, told).decode()
    import pysam

    (tmp_path / "told.vcf").write_text("\n".join([*lines[:-1], "##contig=<ID=chrI>", lines[-1]]) + "\n")
    with pysam.VariantFile(str(tmp_path / "told.vcf")) as peer:
        assert "GPD_up" in peer.header.info


def around_starts(world, count: int, seed: int) -> list[tuple[int, method.Allele]]:
    """(row of a gene, allele) of single changes, insertions and deletions in its window, not over its TSS."""
    genome, genes, _ = world
    random, found = np.random.default_rng(seed), []
    while len(found) < count:
        row = int(random.integers(0, len(genes)))
        codes = genome.chromosome(str(genes["chrom"][row]))
        removed, added = (int(each) for each in random.integers(0, 4, 2))
        downstream = int(random.choice([-1, 1])) * int(random.integers(8, 180))
        start = int(genes["tss"][row]) + downstream * (1 if genes["strand"][row] == "+" else -1)
        alt = random.integers(0, 4, added).astype(np.uint8)
        if removed + added and not np.array_equal(codes[start : start + removed], alt):
            found.append((row, method.Allele(start, codes[start : start + removed], alt)))
    return found


def scorer_elsewhere(world, row: int, text: str, tss: int, plus: bool, folder: Path) -> method.Scorer:
    """The scorer of one gene of the world, on a genome of its own."""
    _, genes, scorer = world
    folder.mkdir()
    genome = genome_codes.open_genome(write_fasta(folder / "g.fa", {"a": text}), folder, "s")
    gene = genes.iloc[[row]].assign(chrom="a", tss=tss, strand="+" if plus else "-").reset_index(drop=True)
    return method.Scorer(scorer.model, gene, genome, {"a": "a"})


def test_effects_turn_with_swapped_alleles_and_stay_on_the_other_strand(world, tmp_path: Path):
    """The REF as ALT on the genome that holds the ALT; and everything read from the other strand."""
    genome, genes, scorer = world
    largest = 0.0
    for number, (row, allele) in enumerate(around_starts(world, 16, 2)):
        codes = genome.chromosome(str(genes["chrom"][row]))
        tss, plus = int(genes["tss"][row]), genes["strand"][row] == "+"
        removed, added, size = len(allele.ref), len(allele.alt), len(codes)
        window = scorer.alternative(row, allele)
        assert window is not None
        forth = scorer.effects(np.array([row]), window[None])
        changed = decode(codes[: allele.start]) + decode(allele.alt) + decode(codes[allele.start + removed :])
        moved = tss + (added - removed if allele.start < tss else 0)
        turned = scorer_elsewhere(world, row, changed, moved, plus, tmp_path / f"{number}_alt")
        back = turned.alternative(0, method.Allele(allele.start, allele.alt, allele.ref))
        assert np.array_equal(turned.codes[0], window)
        assert np.allclose(turned.effects(np.array([0]), back[None]), -forth)
        text = decode(reverse_complement(codes))
        other = scorer_elsewhere(world, row, text, size - 1 - tss, not plus, tmp_path / f"{number}_strand")
        start = size - allele.start - removed
        mirrored = method.Allele(start, reverse_complement(allele.ref), reverse_complement(allele.alt))
        there = other.alternative(0, mirrored)
        assert np.array_equal(there, window)
        assert np.allclose(other.effects(np.array([0]), there[None]), forth)
        largest = max(largest, float(np.abs(forth).max()))
    assert largest > 0.05


@pytest.mark.parametrize("written", ["1", "chr1", "NC_000001.11", "I"])
def test_contigs_are_known_by_their_aliases_and_the_mitochondrion_is_not_guessed(world, tmp_path: Path, written: str):
    genome, genes, scorer = world
    names = frozenset({"chrI", "1", "chr1", "NC_000001.11", "I"})
    tss = int(genes["tss"][0])
    base = decode(genome.chromosome("chrI")[tss - 100 : tss - 99])
    other = "A" if base != "A" else "C"
    rows = [(written, tss - 99, ".", base, other, ".", ".", "."), ("MT", 5, ".", "A", "C", ".", ".", ".")]
    rows.append(("chrI", tss - 99, ".", base, other, ".", ".", "AF=0.1;"))  # a file joined of two
    found = method.variant_effects(read_variants(write(tmp_path / "v.vcf", rows)), scorer, dict.fromkeys(names, names))
    assert found.loc[found["chrom"] != "MT", "error"].eq("").all()
    assert found.groupby("line")["effect"].first().dropna().nunique() == 1
    text = method.annotated_variants(read_variants(tmp_path / "v.vcf"), found, scorer)
    assert b"\tAF=0.1;GPGENE=" in text
    assert genes["gene"][0] in set(found["gene"])
    assert found.loc[found["chrom"] == "MT", "error"].tolist() == ["UNKNOWN_CONTIG"]


def test_a_palindrome_has_one_effect_in_the_direction_of_the_gene(world):
    """GAATTC read from the other strand is itself: a model of the gene's frame sees one window, not two."""
    _, genes, scorer = world
    row = int(np.flatnonzero(genes["strand"] == "-")[0])
    start = int(genes["tss"][row]) + 60
    codes = scorer.genome.chromosome(str(genes["chrom"][row]))
    word = encode_text(b"GAATTC").codes
    window = scorer.alternative(row, method.Allele(start, codes[start : start + 6], word))
    assert np.array_equal(word, reverse_complement(word))
    at = scorer.layout.origin - 60 - 5
    assert np.array_equal(window[at : at + 6], word)
