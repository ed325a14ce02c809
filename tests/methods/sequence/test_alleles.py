"""Variants on the reference: a file of another assembly is refused, single wrong references are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from groprog_assets.errors import AnnotationError, Notice
from groprog_assets.intake.sequence_check import variant_problems
from groprog_assets.methods.sequence import haplotypes
from groprog_assets.methods.sequence import variants as method
from groprog_assets.methods.sequence.vcf import contigs, read_variants
from groprog_kernels.bases import decode
from tests.methods.sequence.planted import scored_world, write


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory):
    return scored_world(tmp_path_factory.mktemp("planted"))


WRONG = {"A": "C", "C": "G", "G": "T", "T": "A"}
READERS = pytest.mark.parametrize("score", [method.variant_effects, haplotypes.haplotype_effects])


def substitutions(text: str, positions, wrong: int = 0) -> list[tuple]:
    """Changes of single bases of chrI, the first `wrong` of them with another REF; each carried by one sample."""
    rows = []
    for number, n in enumerate(positions):
        ref = WRONG[text[n - 1]] if number < wrong else text[n - 1]
        rows.append(("chrI", n, ".", ref, WRONG[ref], ".", ".", ".", "GT", "0|1"))
    return rows


def with_sample(path: Path, rows) -> Path:
    made = write(path, rows)
    made.write_text(made.read_text().replace("\tINFO\n", "\tINFO\tFORMAT\tone\n"))
    return made


@READERS
@pytest.mark.parametrize(("count", "wrong"), [(1, 1), (2, 2), (5, 3), (50, 26), (102, 102), (200, 3)])
def test_a_file_of_another_assembly_is_refused(world, tmp_path: Path, score, count: int, wrong: int):
    genome, _, scorer = world
    rows = substitutions(decode(genome.chromosome("chrI")), range(1, count + 1), wrong)
    said = rf"REF of {wrong} of {count} variants? is not the reference's: chrI:1 has .*another assembly"
    with pytest.raises(AnnotationError, match=said):
        score(read_variants(with_sample(tmp_path / "v.vcf", rows)), scorer, {})


@READERS
@pytest.mark.parametrize(("count", "wrong"), [(2, 1), (50, 25), (200, 2)])
def test_single_wrong_references_are_left_out_and_named(world, tmp_path: Path, score, count: int, wrong: int):
    genome, _, scorer = world
    rows = substitutions(decode(genome.chromosome("chrI")), range(1, count + 1), wrong)
    file = read_variants(with_sample(tmp_path / "v.vcf", rows))
    if score is method.variant_effects:
        assert score(file, scorer, {})["error"].str.startswith("REF_MISMATCH:").sum() == wrong
    else:
        with pytest.warns(Notice, match=f"no haplotype has {wrong} of {count} ALTs .{wrong} REF_MISMATCH"):
            score(file, scorer, {})


@READERS
@pytest.mark.filterwarnings("ignore::groprog_assets.errors.Notice")
def test_what_is_not_compared_is_no_sign_of_another_assembly(world, tmp_path: Path, score):
    genome, _, scorer = world
    text = decode(genome.chromosome("chrI"))
    (right, wrong) = substitutions(text, [5])[0], substitutions(text, [6], 1)[0]
    aside = [(*wrong[:4], "<DEL>", *wrong[5:]), ("chrM", *wrong[1:])]
    score(read_variants(with_sample(tmp_path / "v.vcf", [right, wrong, *aside * 3])), scorer, {})
    many = (*wrong[:4], f"{wrong[4]},{text[5]}A,{text[5]}C", *wrong[5:])
    score(read_variants(with_sample(tmp_path / "v.vcf", [right, many])), scorer, {})
    with pytest.raises(AnnotationError, match="REF of 1 of 1 variant "):
        score(read_variants(with_sample(tmp_path / "v.vcf", [wrong, *aside])), scorer, {})


@READERS
def test_a_file_without_a_variant_on_the_study_s_chromosomes_is_refused(world, tmp_path: Path, score):
    _, _, scorer = world
    rows = [("elsewhere", n, ".", "A", "C", ".", ".", ".", "GT", "0|1") for n in (5, 6)]
    with pytest.raises(AnnotationError, match=r"2 variants, none on chrI.*sequence\.aliases"):
        score(read_variants(with_sample(tmp_path / "v.vcf", rows)), scorer, {})


def test_a_header_of_another_assembly_is_refused(world, tmp_path: Path):
    genome, _, scorer = world
    rows = substitutions(decode(genome.chromosome("chrI")), [5, 6])
    path = with_sample(tmp_path / "v.vcf", rows)
    head = "##contig=<ID=chrI,length=120001>\n##contig=<ID=chrII,assembly=x,length=90000>\n##contig=<length=9,ID=elsewhere>\n"
    path.write_text(path.read_text().replace("#CHROM", f"{head}#CHROM"))
    with pytest.raises(AnnotationError, match="chrI has 120,001 bp, the reference 120,000") as found:
        method.variant_effects(read_variants(path), scorer, {})
    assert "chrII" not in str(found.value)
    path.write_text(path.read_text().replace("120001", "120000"))
    assert (method.variant_effects(read_variants(path), scorer, {})["error"] == "").all()


def test_the_check_of_a_study_compares_variants_with_its_chromosomes(tmp_path: Path):
    sizes = {"chrI": 100, "chrII": 50}
    rows = [("chrI", n, ".", "A", "C", ".", ".", ".", "GT", "0|1") for n in (5, 100, 101, 102)]
    path = with_sample(tmp_path / "v.vcf", rows)
    with pytest.warns(Notice, match=r"1 variant beyond the end of a chromosome .chrI:102"):
        assert variant_problems(read_variants(path), sizes, {}) == []
    path.write_text(path.read_text().replace("#CHROM", "##contig=<ID=chrI,length=99>\n#CHROM"))
    (problem,) = variant_problems(read_variants(path), sizes, {})
    assert problem.value == "chrI has 99 bp, the reference 100"
    (problem,) = variant_problems(read_variants(path), {"chrV": 9}, {})
    assert problem.value == "4 variants, none on chrV"


def test_a_contig_without_a_variant_or_in_words_does_not_matter(tmp_path: Path):
    sizes = {"chrI": 100, "chrM": 16_571}
    path = with_sample(tmp_path / "v.vcf", [("chrI", 5, ".", "A", "C", ".", ".", ".", "GT", "0|1")])
    head = '##contig=<ID=chrM,length=16569>\n##contig=<ID=chrI,Description="was cut, \\",length=99",length=100>\n'
    path.write_text(path.read_text().replace("#CHROM", f"{head}#CHROM"))
    assert contigs(read_variants(path)) == [("chrM", 16_569), ("chrI", 100)]
    assert variant_problems(read_variants(path), sizes, {}) == []


def test_a_telomere_has_its_own_word_and_is_counted(world, tmp_path: Path):
    genome, _, scorer = world
    text = decode(genome.chromosome("chrI"))
    rows = [("chrI", 0, ".", ref, "N[chrII:5[", ".", ".", ".", "GT", "0|1") for ref in "NA"]
    path = with_sample(tmp_path / "v.vcf", [*rows, *substitutions(text, [5])])
    with pytest.warns(Notice, match="POS 0 in 2 lines"):
        file = read_variants(path)
    found = method.variant_effects(file, scorer, {})
    assert found.drop_duplicates("line")["error"].tolist() == ["TELOMERE", "TELOMERE", ""]
    (tmp_path / "v.tsv").write_text("chrI\t0\t.\tA\tC\n")
    with pytest.raises(AnnotationError, match="chrom, pos, id, ref, alt"):
        read_variants(tmp_path / "v.tsv")


def test_a_position_beyond_the_chromosome_has_its_own_word(world, tmp_path: Path):
    genome, _, scorer = world
    text = decode(genome.chromosome("chrI"))
    last = len(text)
    rows = [*substitutions(text, [5, 6, last]), ("chrI", last + 1, ".", "A", "C", ".", ".", ".", "GT", "0|1")]
    rows.append(("chrI", last, ".", f"{text[-1]}A", text[-1], ".", ".", ".", "GT", "0|1"))
    found = method.variant_effects(read_variants(with_sample(tmp_path / "v.vcf", rows)), scorer, {})
    assert found.drop_duplicates("line")["error"].tolist() == ["", "", "", *[f"BEYOND_CHROMOSOME:{last}"] * 2]
    with pytest.raises(AnnotationError, match=rf"chrI:{last + 1} has A, chrI ends at {last}"):
        method.variant_effects(read_variants(with_sample(tmp_path / "v.vcf", rows[3:])), scorer, {})


def test_every_file_of_another_assembly_is_told_at_once(world, tmp_path: Path):
    genome, _, scorer = world
    text = decode(genome.chromosome("chrI"))
    paths = [write(tmp_path / f"{name}.vcf", [row[:8] for row in substitutions(text, [5], 1)]) for name in "ab"]
    (tmp_path / "c.vcf").write_text("chrI\n")
    with pytest.raises(AnnotationError) as refused:
        method.scored_files([*paths, tmp_path / "c.vcf"], scorer, None)
    told = "\n".join(map(str, refused.value.problems))
    assert all(f"{name}.vcf" in told for name in "abc")
