"""Bad input as a stranger meets it: the value, the rule and the remedy in words, status 2, and nothing touched.

One tiny study is run once; every test spoils one thing in a copy of it and asks `study check` and `run`.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pysam
import pytest
import yaml
from click.testing import CliRunner, Result

from groprog_assets.cli.main import main
from tests.trained_study import copied

READS = "gene_models or raw_reads or alignments or filtered_alignments"
LIBRARIES = ("control_1", "control_2", "treated_1", "treated_2")


@pytest.fixture(scope="module")
def finished(written: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny study of which a part has been run, so that there are state and results to keep."""
    study = copied(written, tmp_path_factory.mktemp("finished") / "study")
    done = groprog("run", study, "--select", f"{READS} or clinical_records")
    assert done.exit_code == 0, done.output
    assert (study.parent / "results" / "manifest.json").is_file()
    return study.parent


@pytest.fixture
def folder(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("GROPROG_STUDY", "")
    return Path(shutil.copytree(finished, tmp_path / "study"))


def groprog(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def content(folder: Path) -> dict[str, str]:
    """Digest of every file below a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def change(folder: Path, edit: Callable[[dict], object]) -> None:
    path = folder / "study.yaml"
    document = yaml.safe_load(path.read_text())
    edit(document)
    path.write_text(yaml.safe_dump(document, sort_keys=False))


def column(name: str, new: Callable[[pd.Series], pd.Series]) -> Callable[[Path], None]:
    """Spoil one column of the clinical table."""

    def spoil(folder: Path) -> None:
        table = clinical(folder)
        table[name] = new(table[name])
        write(folder, table)

    return spoil


def clinical(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "cohort" / "clinical.tsv", sep="\t", dtype=str, keep_default_na=False)


def write(folder: Path, table: pd.DataFrame) -> None:
    table.to_csv(folder / "cohort" / "clinical.tsv", sep="\t", index=False)


def rewrite(
    folder: Path,
    library: str,
    keep: Callable[[pysam.AlignedSegment], bool] = lambda read: True,
    edit: Callable[[dict], object] = lambda record: None,
    header: Callable[[dict], object] = lambda head: None,
    order: Callable[[list[dict]], list[dict]] = list,
) -> None:
    """The library's BAM again without an index: some reads, each record and the header edited, in another order."""
    path = folder / "reads" / f"{library}.bam"
    with pysam.AlignmentFile(str(path), check_sq=False) as source:
        head = source.header.to_dict()
        records = [read.to_dict() for read in source if keep(read)]
    header(head)
    new = pysam.AlignmentHeader.from_dict(head)
    with pysam.AlignmentFile(str(path), "wb", header=new) as target:
        for record in order(records):
            edit(record)
            target.write(pysam.AlignedSegment.from_dict(record, new))
    path.with_suffix(".bam.bai").unlink(missing_ok=True)


def longer(head: dict) -> None:
    for sequence in head["SQ"]:
        sequence["LN"] += 5000


def renamed(head: dict) -> None:
    for sequence in head["SQ"]:
        sequence["SN"] = f"scaffold_{sequence['SN']}"


def cut(folder: Path) -> None:
    path = folder / "reads" / "treated_1.bam"
    path.write_bytes(path.read_bytes()[:-3000])


def other_names(folder: Path) -> None:
    rewrite(
        folder, "control_1", header=renamed, edit=lambda r: r.update(ref_name="*", ref_pos="0", cigar="*", flag="4")
    )


def other_annotation(folder: Path) -> None:
    path = folder / "genome" / "annotation.gtf"
    path.write_text(path.read_text().replace("chr1\t", "chr7\t").replace("chr2\t", "chr8\t"))


def other_symbols(folder: Path) -> None:
    path = folder / "cohort" / "expression.tsv"
    first, *rows = path.read_text().splitlines(keepends=True)
    path.write_text(first + "".join(row if k < 9 else f"ENSG{row}" for k, row in enumerate(rows)))


def transposed(folder: Path) -> None:
    path = folder / "cohort" / "expression.tsv"
    rows = [line.split("\t") for line in path.read_text().splitlines()]
    path.write_text("".join("\t".join(row) + "\n" for row in zip(*rows, strict=True)))


def other_patients(folder: Path) -> None:
    path = folder / "cohort" / "expression.tsv"
    path.write_text(path.read_text().replace("SIM-", "OTHER-"))


def shortened(folder: Path, name: str) -> None:
    path = folder / "cohort" / name
    first, second, *rows = path.read_text().splitlines(keepends=True)
    path.write_text("".join([first, second.rpartition("\t")[0] + "\n", *rows]))


def twice(folder: Path) -> None:
    table = clinical(folder)
    write(folder, pd.concat([table, table.iloc[[3, 4]]]))


def few_events(folder: Path) -> None:
    table = clinical(folder)
    died = table.index[table["OS_STATUS"].str.startswith("1")]
    table.loc[died[9:], "OS_STATUS"] = "0:LIVING"
    write(folder, table)


def no_covariate(folder: Path) -> None:
    table = clinical(folder)
    for name in ("AGE", "SEX", "STAGE", "GRADE", "ALBUMIN"):
        table[name] = table[name].iloc[0]
    write(folder, table)


def broken_yaml(folder: Path) -> None:
    path = folder / "study.yaml"
    path.write_text(path.read_text().replace("genome:\n", "genome: [\n", 1))


def fastq(folder: Path, *mates: bytes) -> None:
    """Reads beside the alignments of treated_1."""
    paths = []
    for number, content_of_mate in enumerate(mates, 1):
        paths.append(folder / "reads" / f"mate_{number}.fastq")
        paths[-1].write_bytes(content_of_mate)
    names = [f"reads/{path.name}" for path in paths]
    change(folder, lambda study: library_of(study, "treated_1").update(reads=names))


def library_of(study: dict, name: str) -> dict:
    return next(library for library in study["libraries"] if library["id"] == name)


def mark_of(folder: Path, sizes: dict[str, int]) -> None:
    import pyBigWig

    with pyBigWig.open(str(folder / "marks" / "H3K4me3.bw"), "w") as track:
        track.addHeader(list(sizes.items()))
        track.addEntries([next(iter(sizes))], [0], ends=[10], values=[1.0])


def cut_cram(folder: Path) -> None:
    path = folder / "reads" / "treated_1.cram"
    genome = folder / "genome.fa"
    with pysam.AlignmentFile(str(folder / "reads" / "treated_1.bam")) as source:
        genome.write_text("".join(f">{name}\n{'A' * size}\n" for name, size in zip(source.references, source.lengths)))
        pysam.faidx(str(genome))
        with pysam.AlignmentFile(str(path), "wc", template=source, reference_filename=str(genome)) as target:
            for read in source:
                target.write(read)
    path.write_bytes(path.read_bytes()[:20])

    def named(study: dict) -> None:
        study["genome"]["fasta"] = "genome.fa"
        library_of(study, "treated_1")["alignments"] = "reads/treated_1.cram"

    change(folder, named)


def cut_tracks(folder: Path) -> None:
    import pyBigWig

    for strand, value in (("plus", 1.0), ("minus", -1.0)):
        path = folder / "reads" / f"{strand}.bw"
        with pyBigWig.open(str(path), "w") as track:
            track.addHeader([("chr1", 420_000)])
            track.addEntries(["chr1"] * 50, list(range(0, 500, 10)), ends=list(range(1, 501, 10)), values=[value] * 50)
        path.write_bytes(path.read_bytes()[:-40])

    def named(study: dict) -> None:
        library = library_of(study, "treated_1")
        library.pop("alignments")
        library.update(bigwig_plus="reads/plus.bw", bigwig_minus="reads/minus.bw")

    change(folder, named)


def bare_names(folder: Path) -> None:
    rewrite(
        folder,
        "control_1",
        header=lambda head: [s.update(SN=s["SN"].removeprefix("chr")) for s in head["SQ"]],
        edit=lambda r: r.update(ref_name=r["ref_name"].removeprefix("chr"), next_ref_name="*"),
    )


def ontology_file(folder: Path, kind: str) -> Path:
    return folder / yaml.safe_load((folder / "study.yaml").read_text())["ontology"][kind]


def cyclic(folder: Path) -> None:
    path = ontology_file(folder, "obo")
    text = path.read_text()
    ids = [line.removeprefix("id: ") for line in text.splitlines() if line.startswith("id: ")]
    path.write_text(text.replace(f"id: {ids[0]}\n", f"id: {ids[0]}\nis_a: {ids[0]}\n", 1))


def gtf_of_genes(folder: Path) -> None:
    path = folder / "genome" / "annotation.gtf"
    path.write_text(path.read_text().replace("\ttranscript\t", "\tgene\t").replace("\texon\t", "\tUTR\t"))


READ = b"@r1/1\nACGT\n+\nIIII\n"

REFUSED: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "truncated BAM": (cut, ("study.yaml:", "treated_1.bam", "truncated", "Copy or write it again")),
    "other assembly by length": (
        lambda f: rewrite(f, "control_1", header=longer),
        ("control_1.bam", "425,000", "420,000", "another assembly", "align them again"),
    ),
    "other assembly by name": (other_names, ("control_1.bam", "scaffold_chr1", "chr1", "same assembly")),
    "no genes on the reads' chromosomes": (
        other_annotation,
        ("annotation.gtf, line 1", "transcripts on chr7, chr8", "chrom_sizes", "(chr1, chr2)", "another assembly"),
    ),
    "annotation without genes": (
        lambda f: (f / "genome" / "annotation.gtf").write_text("# nothing\n"),
        ("annotation.gtf", "no transcript", "Give a GTF with transcript or exon lines"),
    ),
    "annotation in no format": (
        lambda f: (f / "genome" / "annotation.gtf").write_text("some words\n"),
        ("annotation.gtf", "some words", "neither a GTF nor"),
    ),
    "symbols of another naming": (
        other_symbols,
        ("3 of its 41 genes", "At least 10 symbols", "Use the same gene symbols"),
    ),
    "patients in the rows": (
        transposed,
        ("expression.tsv:1", "stand in the rows, 0 in the columns", "Transpose the table"),
    ),
    "expression of other patients": (other_patients, ("expression.tsv:1", "none of the", "'OTHER-0002'")),
    "a row of the clinical table cut short": (
        lambda f: shortened(f, "clinical.tsv"),
        ("clinical.tsv:2: row 'SIM-0001' has", "the header (line 1) names", "export the table again"),
    ),
    "a row of the expression cut short": (
        lambda f: shortened(f, "expression.tsv"),
        ("expression.tsv:2: row '", "the header (line 1) names", "export the table again"),
    ),
    "duplicate patients": (twice, ("2 patients stand more than once", "'SIM-0004'", "line", "one row a patient")),
    "negative time": (
        column("OS_MONTHS", lambda cells: cells.where(cells.index != 7, "-4")),
        ("OS_MONTHS", "'-4'; line 9", "starts at 0", "dates may be swapped"),
    ),
    "no time at all": (column("OS_MONTHS", lambda cells: cells.where(cells == "", "")), ("0 events among 0 patients",)),
    "unknown vocabulary": (
        column("OS_STATUS", lambda cells: cells.map(lambda cell: "tot" if cell.startswith("1") else "lebt")),
        ("OS_STATUS", "'tot'", "Events are 1, 1:DECEASED", "event_values"),
    ),
    "one unknown event value": (
        column("OS_STATUS", lambda cells: cells.where(cells.index != 9, "2:LOST")),
        ("OS_STATUS", "'2:LOST' (1)", "event_values"),
    ),
    "fewer than 10 events": (few_events, ("9 events among", "at least 10 events", "minimum_events")),
    "no covariate varies": (no_covariate, ("no usable covariate", "constant", "Add covariates")),
    "malformed YAML": (broken_yaml, ("study.yaml:", "not valid YAML", "Mend this line")),
    "path out of reach": (
        lambda f: change(f, lambda study: study["cohort"].update(clinical="../../../etc/passwd")),
        ("cohort.clinical", "../../../etc/passwd", "data_roots"),
    ),
    "locus of no gene": (
        lambda f: change(f, lambda study: study["loci"][0].update(gene="SG0210")),
        ("SG0210 is not a gene", "Did you mean 'SG021'?"),
    ),
    "mark that is no bigWig": (
        lambda f: (f / "marks" / "H3K4me3.bw").write_bytes(b"garbage" * 100),
        ("H3K4me3.bw", "does not begin as a bigWig"),
    ),
    "mark of another assembly": (
        lambda f: mark_of(f, {"chr9": 1000}),
        ("H3K4me3.bw", "no contig is among the study's chromosomes", "same assembly"),
    ),
    "truncated CRAM": (cut_cram, ("treated_1.cram", "whole BAM, SAM or CRAM", "make the file again")),
    "truncated bigWigs": (cut_tracks, ("plus.bw", "minus.bw", "cut off", "Make or copy it again")),
    "names without chr": (bare_names, ("control_1.bam", "differ only by 'chr'", "rename the chromosomes")),
    "FASTQ that is none": (
        lambda f: fastq(f, b"hello\n" * 8),
        ("mate_1.fastq", "record 1 does not begin with '@'", "four lines a read", "compare its checksum"),
    ),
    "FASTQ cut within a record": (lambda f: fastq(f, READ[:-8]), ("mate_1.fastq", "record 1", "again")),
    "mates of different runs": (
        lambda f: fastq(f, READ, READ.replace(b"r1/1", b"q7/2")),
        ("library treated_1", "read r1/1", "q7/2", "same order", "both files of one run"),
    ),
    "cyclic OBO": (cyclic, ("a cycle through", "may not lead back", "go-basic.obo")),
    "OBO cut off": (
        lambda f: ontology_file(f, "obo").write_text("format-version: 1.2\n\n[Term]\nid: GO:00"),
        (".obo", "OBO"),
    ),
    "GAF of too few columns": (
        lambda f: ontology_file(f, "gaf").write_text("!gaf-version: 2.2\nUniProtKB\tP1\n"),
        (".gaf:2", "2 columns", "at least 15", "tab-separated"),
    ),
    "GTF without transcripts": (gtf_of_genes, ("annotation.gtf", "no transcript", "genes with a gene line only")),
    "folds of other patients": (
        lambda f: (
            (f / "splits.json").write_text('{"ids": ["a"], "splits": [{"rep": 0, "fold": 0, "test": [0]}]}'),
            change(f, lambda study: study["cohort"].update(splits="splits.json")),
        ),
        ("splits.json", "have no fold"),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_study_with_a_problem_is_refused_before_anything_is_touched(case: str, folder: Path) -> None:
    spoil, words = REFUSED[case]
    spoil(folder)
    before = content(folder)
    for command in (["study", "check"], ["run"]):
        result = groprog(*command, folder / "study.yaml")
        assert result.exit_code == 2, result.output
        assert "Traceback" not in result.output
        assert [word for word in words if word not in result.output] == [], result.output
    assert content(folder) == before


def test_problems_of_several_files_come_at_once(folder: Path) -> None:
    rewrite(folder, "control_1", header=longer)
    twice(folder)
    other_annotation(folder)
    output = groprog("study", "check", folder / "study.yaml").output
    assert "another assembly" in output
    assert "more than once" in output
    assert "transcripts on chr7" in output


def test_a_constant_covariate_is_left_out_and_said(folder: Path) -> None:
    column("AGE", lambda cells: cells.map(lambda _: "60"))(folder)
    checked = groprog("study", "check", folder / "study.yaml")
    assert checked.exit_code == 0, checked.output
    assert "cohort.fields, age: constant: every known value is 60" in checked.output
    assert groprog("run", folder / "study.yaml", "--select", "clinical_records").exit_code == 0


def test_terms_of_the_gaf_that_the_obo_lacks_are_left_out_and_said(folder: Path) -> None:
    path = ontology_file(folder, "gaf")
    path.write_text(path.read_text().replace("GO:", "GO:99", 1))
    checked = groprog("study", "check", folder / "study.yaml")
    assert checked.exit_code == 0, checked.output
    assert "ontology: 1 terms of the GAF are not in the OBO (GO:99" in checked.output


def test_missing_times_are_left_out_and_counted(folder: Path) -> None:
    column("OS_MONTHS", lambda cells: cells.where(cells.index != 5, ""))(folder)
    assert groprog("study", "check", folder / "study.yaml").exit_code == 0
    result = groprog("run", folder / "study.yaml", "--select", "clinical_records")
    assert result.exit_code == 0, result.output
    assert "excluded 3" in result.output


def spoiled_late(folder: Path, words: tuple[str, ...]) -> None:
    """Found only by reading every record: the run ends with the words, results stay, what stood before still verifies."""
    results = content(folder / "results")
    outcome = groprog("run", folder / "study.yaml", "--select", READS)
    assert outcome.exit_code == 2, outcome.output
    assert "Traceback" not in outcome.output
    assert [word for word in words if word not in outcome.output] == [], outcome.output
    assert content(folder / "results") == results
    assert not list(folder.rglob("*.part"))
    assert groprog("lineage", "verify", "--study", folder / "study.yaml").exit_code == 0


def test_no_read_left_after_filtering(folder: Path) -> None:
    rewrite(folder, "treated_1", edit=lambda record: record.update(map_quality="0", tags=[]))
    why = ("treated_1", "reads is left after filtering", "not_unique", "minimum_mapping_quality")
    spoiled_late(folder, (*why, "· filtered_alignments [control_2]"))


def test_a_file_without_records(folder: Path) -> None:
    rewrite(folder, "treated_1", keep=lambda read: False)
    spoiled_late(folder, ("treated_1", "a header and no records"))


def test_a_bam_cut_within_but_closed(folder: Path) -> None:
    path = folder / "reads" / "treated_1.bam"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] + whole[-28:])
    spoiled_late(folder, ("treated_1.bam", "cut off", "make the file again"))


def test_genes_and_reads_that_share_only_the_header(folder: Path) -> None:
    path = folder / "genome" / "annotation.gtf"
    path.write_text("".join(line for line in path.read_text().splitlines(True) if not line.startswith("chr1\t")))
    for library in LIBRARIES:
        rewrite(folder, library, keep=lambda read: read.reference_name == "chr1")
    change(folder, lambda study: study.update(loci=[]))
    results = content(folder / "results")
    outcome = groprog("run", folder / "study.yaml", "--select", f"{READS} or genes")
    assert outcome.exit_code == 2, outcome.output
    assert "Traceback" not in outcome.output
    assert "0 genic reads" in outcome.output, outcome.output
    assert "check the annotation" in outcome.output
    assert content(folder / "results") == results


def test_an_unsorted_bam_without_index_gives_the_same_values(folder: Path) -> None:
    from groprog_assets.store.readings import read_asset
    from groprog_assets.store.workspace import open_workspace

    def positions() -> list[pd.DataFrame]:
        workspace = open_workspace(folder / "study.yaml")
        return [read_asset(workspace, "filtered_alignments", library).value().positions for library in LIBRARIES]

    before = positions()
    for library in LIBRARIES:
        rewrite(
            folder,
            library,
            header=lambda head: head.update(HD={"VN": "1.6", "SO": "unsorted"}),
            order=lambda records: sorted(records, key=lambda record: hashlib.md5(record["name"].encode()).digest()),
        )
    result = groprog("run", folder / "study.yaml", "--select", READS)
    assert result.exit_code == 0, result.output
    assert "✓ filtered_alignments [control_1]" in result.output
    for old, new in zip(before, positions(), strict=True):
        pd.testing.assert_frame_equal(old, new)


@pytest.mark.parametrize(
    ("what", "keep"),
    [
        ("reads on both strands of 1 chromosome", lambda read: read.reference_name != "chr2"),
        ("no reads on chr1 -, chr2 -", lambda read: not read.is_reverse),
    ],
    ids=["chromosome", "strand"],
)
def test_a_chromosome_or_strand_without_reads_is_a_finding_not_an_error(
    folder: Path, what: str, keep: Callable[[pysam.AlignedSegment], bool]
) -> None:
    from groprog_assets.store.workspace import open_workspace

    for library in LIBRARIES:
        rewrite(folder, library, keep=keep)
    result = groprog("run", folder / "study.yaml", "--select", "+pausing or +transcript_density or +tss_profile")
    assert result.exit_code == 0, result.output
    record = open_workspace(folder / "study.yaml").derivations.current_record("filtered_alignments", "control_1")
    assert record
    said = {verdict["name"]: verdict["description"] for verdict in record["verdicts"]}
    assert said["both_strands"].startswith(what)
