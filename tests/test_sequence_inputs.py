"""What `study check` says of the files and fields of the sequence half."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
import yaml

from tests.test_sequence_study import SECTION, checked, with_sequence
from tests.test_without_cohort import without_cohort
from tests.trained_study import copied


def test_columns_and_tracks_that_cannot_be_read_are_told(written: Path, tmp_path: Path):
    path = without_cohort(copied(written, tmp_path / "study"))
    (path.parent / "half.tsv").write_text("gene\thours\nnobody\tlong\n")
    own = {**SECTION, "side": "half.tsv", "channels": ["nothing"], "models": ["ridge_kmer", "cnn_bilstm"]}
    output = checked(with_sequence(path, own))
    for part in ("Channels are names of marks", "reads neither sequence.side nor sequence.channels"):
        assert part in output, part
    output = checked(with_sequence(path, {**SECTION, "side": "half.tsv"}))
    assert "'long' in column hours" in output
    (path.parent / "half.tsv").write_text("gene\thours\nnobody\t1\n")
    assert "0 of 1 ids are genes: nobody against" in checked(path)
    assert "no column 'days'" in checked(
        with_sequence(path, {**SECTION, "side": {"table": "half.tsv", "columns": ["days"]}})
    )


def test_sites_that_fit_no_chromosome_are_told(written: Path, tmp_path: Path):
    path = without_cohort(copied(written, tmp_path / "study"))
    (path.parent / "a.bed").write_text("nowhere\t5\t9\n")
    (path.parent / "b.bed").write_text("chr1\t5\t999999999\nchr1\t7\n")
    (path.parent / "c").mkdir()
    (path.parent / "c" / "a.bed").write_text("chr1\t5\t9\nelsewhere\t5\t9\n")
    output = checked(with_sequence(path, {**SECTION, "sites": ["a.bed", "b.bed"]}))
    for part in ("1 site, none on chr1", "Lift them over", "covers at least one base"):
        assert part in output, part
    output = checked(with_sequence(path, {**SECTION, "sites": ["c/a.bed"]}))
    assert "1 site is on other chromosomes" in output
    assert "no problems" in output
    assert "a name of its own" in checked(with_sequence(path, {**SECTION, "sites": ["c/a.bed", "a.bed"]}))


def test_every_bad_file_is_told_at_once(written: Path, tmp_path: Path):
    path = without_cohort(copied(written, tmp_path / "study"))
    folder = path.parent
    (folder / "aliases.txt").write_text("chr1\tone\none\ttwo\n")
    (folder / "families.tsv").write_text("gene\tfamily\textra\na\tb\tc\n")
    (folder / "targets.tsv").write_text("gene\tvalue\nnobody\t1\n")
    fasta = folder / "genome" / "genome.fa"
    zipped = folder / "genome" / "genome.fa.gz"
    zipped.write_bytes(gzip.compress(fasta.read_bytes()))
    document = yaml.safe_load(path.read_text())
    document["genome"]["fasta"] = "genome/genome.fa.gz"
    document["sequence"] = {
        "aliases": "aliases.txt",
        "families": "families.tsv",
        "targets": {"table": "targets.tsv", "columns": ["value"]},
    }
    path.write_text(yaml.safe_dump(document))
    said = checked(path)
    for part in ("plain gzip", "one again", "3 columns", "0 of 1 ids are genes: nobody against"):
        assert part in said, part


def test_notices_and_ids_are_told_beside_problems(written: Path, tmp_path: Path):
    path = without_cohort(copied(written, tmp_path / "study"))
    fasta = path.parent / "genome" / "genome.fa"
    fasta.write_text(fasta.read_text().replace(">chr2", ">other", 1))
    rows = "".join(f"nobody{place}\t{place}\t{'xy'[place % 2]}\n" for place in range(30))
    (path.parent / "targets.tsv").write_text(f"gene\tvalue\tprotocol\nwrong\tmuch\tx\n{rows}")
    own = {**SECTION, "targets": {"table": "targets.tsv", "columns": ["value"], "unit": "tpm"}}
    output = checked(with_sequence(path, own))
    for part in (
        "lacks chr2 of chrom_sizes",
        "'much' in column value",
        "column protocol names x, y",
        "0 of 31 ids are genes: wrong, nobody0, nobody1 against",
    ):
        assert part in output, part


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace(">chr2", ">other", 1), "lacks chr2 of chrom_sizes"),
        (lambda text: text.replace(">chr2", ">chr1", 1), "chr1 stands 2 times"),
        (lambda text: text.rstrip("\n") + "A\n", "of unequal length|bases, chr2 in chrom_sizes"),
        (lambda text: text.replace(">chr", ">scaffold", 2), "none of its sequences"),
    ],
)
def test_a_reference_that_does_not_fit_is_told(written: Path, tmp_path: Path, change, said: str):
    path = with_sequence(without_cohort(copied(written, tmp_path / "study")))
    fasta = path.parent / "genome" / "genome.fa"
    fasta.write_text(change(fasta.read_text()))
    output = checked(path)
    assert any(part in output for part in said.split("|")), output


def test_names_and_lengths_are_told_beside_what_is_wrong_within_the_fasta(written: Path, tmp_path: Path):
    path = with_sequence(without_cohort(copied(written, tmp_path / "study")))
    fasta = path.parent / "genome" / "genome.fa"
    lines = fasta.read_text().splitlines()
    lines[2] = lines[2][:-5]
    fasta.write_text("\n".join([*lines, ">chr2", "ACGT"]) + "\n")
    output = checked(path)
    for part in ("chr2 stands 2 times", "lines of unequal length in chr1", "bases, chr1 in chrom_sizes"):
        assert part in output, part
    assert "chr2 in chrom_sizes" not in output, "which of the two is meant is not known"


def test_an_old_index_and_a_missing_fasta_are_notices(written: Path, tmp_path: Path):
    path = with_sequence(without_cohort(copied(written, tmp_path / "study")))
    fasta = path.parent / "genome" / "genome.fa"
    index = fasta.with_name("genome.fa.fai")
    index.write_text("chr1\t5\t6\t60\t61\n")
    os.utime(index, (1, 1))
    output = checked(path)
    assert "older than the FASTA, or of another file" in output
    assert "no problems" in output
    document = yaml.safe_load(path.read_text())
    del document["genome"]["fasta"]
    path.write_text(yaml.safe_dump(document))
    assert "Without a FASTA the study has no sequence half" in checked(path)


def test_an_alias_names_the_sequence(written: Path, tmp_path: Path):
    path = without_cohort(copied(written, tmp_path / "study"))
    fasta = path.parent / "genome" / "genome.fa"
    fasta.write_text(fasta.read_text().replace(">chr", ">scaffold"))
    (path.parent / "aliases.txt").write_text("# names\nchr1\tscaffold1\nchr2\tscaffold2\n")
    output = checked(with_sequence(path, {**SECTION, "aliases": "aliases.txt"}))
    assert "no problems" in output
    assert "lacks" not in output


def test_rungs_that_cannot_be_fitted_are_told(written: Path, tmp_path: Path):
    path = with_sequence(without_cohort(copied(written, tmp_path / "study")), {**SECTION, "models": ["ridge_kmer+pwm"]})
    assert "reads motifs" in checked(path)
    (path.parent / "m.meme").write_text("no motifs\n")
    (path.parent / "l.bedpe").write_text("chr1\t5\t6\tchr1\t5\t999999999\n")
    own = {**SECTION, "models": ["gbm", "cnn"], "motifs": ["m.meme"], "contacts": "l.bedpe"}
    output = checked(with_sequence(path, own))
    assert "made on another assembly" in output
    assert "no line `MEME version`" in output
    assert "Remove gbm, cnn from sequence.models" in output


def test_every_net_is_refused_where_there_are_few_genes(written: Path, tmp_path: Path):
    path = without_cohort(copied(written, tmp_path / "study"))
    table = "\n".join(["gene\ta", *(f"invented{k}\t{k}" for k in range(300))]) + "\n"
    (path.parent / "t.tsv").write_text(table)
    for targets in ({}, {"targets": {"table": "t.tsv", "columns": ["a"]}}):
        output = " ".join(checked(with_sequence(path, {**SECTION, "profile": True, **targets})).split())
        assert "fewer than 200 genes nets would fit them by heart. Remove sequence.profile." in output


def test_genes_without_a_value_are_not_counted_where_nets_ask_for_many(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("groprog_assets.intake.sequence_check.FEW_GENES", 5)
    path = without_cohort(copied(written, tmp_path / "study"))
    lines = (path.parent / "genome" / "annotation.gtf").read_text().splitlines()
    names = sorted({line.split('gene_name "')[1].split('"')[0] for line in lines if 'gene_name "' in line})[:6]
    table = path.parent / "t.tsv"
    own = {**SECTION, "models": ["cnn"], "targets": {"table": "t.tsv", "columns": ["a"]}}
    for lost, refused in ((0, False), (2, True)):
        rows = [f"{name}\t{'' if place < lost else place}" for place, name in enumerate(names)]
        table.write_text("\n".join(["gene\ta", *rows]) + "\n")
        assert ("4 genes with a value" in checked(with_sequence(path, own))) == refused


def test_numbers_of_nets_that_nothing_reads_are_told(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("groprog_assets.intake.sequence_check.FEW_GENES", 10)
    path = without_cohort(copied(written, tmp_path / "study"))

    def said(nets: dict, **more: object) -> str:
        numbers = {**SECTION["parameters"], "nets": nets}
        output = checked(with_sequence(path, {**SECTION, "views": ["promoter"], **more, "parameters": numbers}))
        assert "no problems" in output
        return " ".join(output.split())

    idle = said({"encoder": "ordinal", "trials": 4, "width": 64})
    assert "nets: encoder, trials. The study fits no net" in idle
    assert "sequence.parameters.nets:" not in said({"encoder": "ordinal", "trials": 4}, models=["cnn"])
    assert "sequence.parameters.nets:" not in said({"shared_trunk": True}, profile=True)
    assert "this study learns no profile" in said({"shared_trunk": True}, models=["cnn"])
    assert "the view locus, which this study has not" in said({"promoter_alone": True}, models=["cnn"])
    assert "it names none" in said({"trials": 4}, profile=True)


def test_a_card_that_is_asked_for_and_not_there_is_told_by_the_check(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("groprog_assets.intake.sequence_check.FEW_GENES", 10)
    path = without_cohort(copied(written, tmp_path / "study"))
    numbers = {**SECTION["parameters"], "nets": {"device": "cuda"}}
    with_sequence(path, {**SECTION, "models": ["cnn"], "parameters": numbers})
    for there in (False, True):
        monkeypatch.setattr("torch.cuda.is_available", lambda there=there: there)
        assert (
            "sequence.parameters.nets.device: cuda. torch finds no CUDA" in " ".join(checked(path).split())
        ) != there
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with_sequence(path, {**SECTION, "parameters": numbers})
    assert "torch finds no CUDA" not in checked(path), "no net is trained"


def test_cell_types_that_do_not_fit_are_told_and_alike_windows_are_a_notice(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = without_cohort(copied(written, tmp_path / "study"))
    one = {"name": "a", "tasks": ["body.control"], "channels": ["H3K4me3"]}
    output = checked(with_sequence(path, {**SECTION, "cell_types": [one]}))
    assert "two are needed" in output
    batched = {"table": "t.tsv", "columns": ["body.control"], "batch": "protocol"}
    trunk = {**SECTION["parameters"], "nets": {"shared_trunk": True}}
    own = {**SECTION, "cell_types": [one], "targets": batched, "profile": True, "parameters": trunk}
    output = checked(with_sequence(path, own))
    assert "Remove cell_types, or level the table" in output
    assert "Remove nets.shared_trunk, or level the table" in output
    other = {"name": "a", "tasks": ["body.treated", "tss.nowhere"], "channels": ["H3K4me3"]}
    output = checked(with_sequence(path, {**SECTION, "cell_types": [one, {**other, "channels": ["nothing"]}]}))
    for part in ("a name of its own", "so there are as many: 1", "Tasks of this study are body.", "names of marks"):
        assert part in output, part
    other = {"name": "b", "tasks": ["body.control"], "channels": ["H3K27ac"]}
    assert "body.control is of a" in checked(with_sequence(path, {**SECTION, "cell_types": [one, other]}))
    other["tasks"] = ["body.treated"]
    assert "Remove sequence.cell_types" in checked(with_sequence(path, {**SECTION, "cell_types": [one, other]}))
    monkeypatch.setattr("groprog_assets.intake.sequence_check.FEW_GENES", 10)
    output = checked(path)
    assert "no problems" in output
    assert "no channels" not in output
    bare = [{name: kind[name] for name in ("name", "tasks")} for kind in (one, other)]
    output = checked(with_sequence(path, {**SECTION, "cell_types": bare}))
    assert "Their windows are alike" in output
    assert "no problems" in output
