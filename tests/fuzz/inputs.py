"""A small simulated study in every format that a user may have; each variant is a folder with a sound study.yaml."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pysam
import yaml

from groprog_assets.simulation import simulate_study

EVERY = 60
"""Of the simulated reads every so many-th is kept."""
Document = dict[str, Any]


def write_variants(folder: Path) -> dict[str, Path]:
    """{name of a variant: its folder}, all below `folder`. Those about the genome have no cohort, so that their check is short.

    genome: BAM, FASTQ (gzip), GTF, BED, a mark, OBO and GAF. packed: a bigWig pair, plain FASTQ, gzipped GTF and BED, GMT.
    htslib: SAM, CRAM, a gene table. cohort: TSV, fixed folds, an external cohort, an inbox. zipped: gzipped CSV and matrix.
    cbioportal: a cBioPortal folder with samples.
    """
    made = simulate_study(folder / "simulated", scale="tiny").parent
    for library in ("control_1", "treated_1", "treated_2"):
        _thin(made / "reads" / f"{library}.bam")
    packed = made / "reads" / "control_1.fastq.gz"
    reads = b"".join(gzip.decompress(packed.read_bytes()).splitlines(keepends=True)[:800])
    packed.write_bytes(gzip.compress(reads, mtime=0))
    (made / "reads" / "control_1.fastq").write_bytes(reads)
    changes: dict[str, Callable[[Path, Document], None]] = {"genome": _genome, "packed": _packed, "htslib": _htslib}
    changes |= {"cohort": _cohort, "zipped": _zipped, "cbioportal": _cbioportal}
    found = {}
    for name, change in changes.items():
        found[name] = Path(shutil.copytree(made, folder / name, ignore=shutil.ignore_patterns("truth", "*.bai")))
        document = yaml.safe_load((made / "study.yaml").read_text())
        document["libraries"] = [item for item in document["libraries"] if item["id"] in ("control_1", "treated_1")]
        document["libraries"][0].pop("reads")
        change(found[name], document)
        (found[name] / "study.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    return found


def linked(source: Path, target: Path, name: str, content: bytes) -> Path:
    """A copy of the folder `source` by hard links, in which the file `name` has other bytes."""

    def link(one: str, other: str) -> None:
        if Path(one) != source / name:
            os.link(one, other)

    shutil.copytree(source, target, copy_function=link)
    (target / name).write_bytes(content)
    return target


def _thin(path: Path) -> None:
    """The BAM with every EVERY-th of its reads, without index."""
    with pysam.AlignmentFile(str(path), check_sq=False) as file:
        header, reads = file.header, [read for k, read in enumerate(file) if k % EVERY == 0]
    with pysam.AlignmentFile(str(path), "wb", header=header) as file:
        for read in reads:
            file.write(read)
    path.with_suffix(".bam.bai").unlink(missing_ok=True)


def _converted(source: Path, target: Path, fasta: Path) -> None:
    mode = {".sam": "wh", ".cram": "wc"}[target.suffix]
    with (
        pysam.AlignmentFile(str(source), check_sq=False) as file,
        pysam.AlignmentFile(str(target), mode, header=file.header, reference_filename=str(fasta)) as out,
    ):
        for read in file:
            out.write(read)
    source.unlink()


def _without_cohort(document: Document) -> None:
    del document["cohort"], document["validation"]
    document["marks"] = document["marks"][:1]


def _genome(folder: Path, document: Document) -> None:
    _without_cohort(document)
    document["libraries"][0]["reads"] = ["reads/control_1.fastq.gz"]


def _packed(folder: Path, document: Document) -> None:
    _without_cohort(document)
    _tracks(folder, document)
    document["libraries"][0]["reads"] = ["reads/control_1.fastq"]
    for name, field in (("genome/annotation.gtf", "annotation"), ("genome/blacklist.bed", "blacklist")):
        (folder / f"{name}.gz").write_bytes(gzip.compress((folder / name).read_bytes(), mtime=0))
        document["genome"][field] = f"{name}.gz"
    (folder / "ontology" / "sets.gmt").write_text(_gene_sets((folder / "ontology" / "annotations.gaf").read_text()))
    document["ontology"] = {"gmt": "ontology/sets.gmt"}


def _htslib(folder: Path, document: Document) -> None:
    _without_cohort(document)
    fasta = folder / "genome" / "genome.fa"
    _converted(folder / "reads" / "control_1.bam", folder / "reads" / "control_1.sam", fasta)
    _converted(folder / "reads" / "treated_1.bam", folder / "reads" / "treated_1.cram", fasta)
    for library, suffix in zip(document["libraries"], ("sam", "cram")):
        library["alignments"] = f"reads/{library['id']}.{suffix}"
    (folder / "genome" / "refGene.txt").write_text(_gene_table((folder / "genome" / "annotation.gtf").read_text()))
    document["genome"]["annotation"] = "genome/refGene.txt"
    del document["ontology"], document["marks"]


def _cohort(folder: Path, document: Document) -> None:
    """Fixed folds; in the inbox a table, an update, a withdrawal, and a manifest with its BAM."""
    del document["marks"], document["ontology"]
    document["cohort"]["inbox"] = "inbox"
    table = pd.read_csv(folder / "cohort" / "clinical.tsv", sep="\t", dtype=str, keep_default_na=False)
    ids = table["PATIENT_ID"].tolist()
    splits = [
        {"rep": repeat, "fold": fold, "test": [k for k in range(len(ids)) if (k + repeat) % 3 == fold]}
        for repeat in (0, 1)
        for fold in (0, 1, 2)
    ]
    (folder / "cohort" / "splits.json").write_text(json.dumps({"ids": ids, "splits": splits}))
    document["cohort"]["splits"] = "cohort/splits.json"
    document["parameters"]["evaluation"] |= {"folds": 3, "repeats": 2}
    inbox = folder / "inbox"
    inbox.mkdir()
    table.iloc[:-2].to_csv(inbox / "new.tsv", sep="\t", index=False)
    table.iloc[:8].assign(OS_MONTHS="120.5").to_csv(inbox / "march.update.tsv", sep="\t", index=False)
    (inbox / "gone.withdraw.txt").write_text("".join(f"{name}\n" for name in ids[-2:]))
    shutil.copyfile(folder / "reads" / "treated_2.bam", inbox / "treated_3.bam")
    (inbox / "more.libraries.tsv").write_text(
        "id\tcondition\treplicate\tassay\talignments\tread_end\toperator\n"
        "treated_3\ttreated\t3\tgro-seq\ttreated_3.bam\tfive_prime\teve\n"
    )


def _zipped(folder: Path, document: Document) -> None:
    _tracks(folder, document, text=True)
    del document["marks"], document["ontology"], document["validation"]
    table = pd.read_csv(folder / "cohort" / "clinical.tsv", sep="\t", dtype=str, keep_default_na=False)
    (folder / "cohort" / "clinical.csv.gz").write_bytes(gzip.compress(table.to_csv(index=False).encode(), mtime=0))
    document["cohort"]["clinical"] = "cohort/clinical.csv.gz"
    matrix = folder / "cohort" / "expression.tsv"
    (folder / "cohort" / "expression.tsv.gz").write_bytes(gzip.compress(matrix.read_bytes(), mtime=0))
    document["cohort"]["expression"]["path"] = "cohort/expression.tsv.gz"


def _cbioportal(folder: Path, document: Document) -> None:
    del document["marks"], document["ontology"], document["validation"]
    clinical = (folder / "cohort" / "clinical.tsv").read_text()
    described = [f"#{line}\n" for line in ("Patient\tMonths", "text\tmore", "STRING\tNUMBER", "1\t1")]
    (folder / "cohort" / "data_clinical_patient.txt").write_text("".join(described) + clinical)
    ids = [line.split("\t")[0] for line in clinical.splitlines()[1:]]
    samples = "".join(f"{name}\t{name}-01\tPrimary\n" for name in ids)
    (folder / "cohort" / "data_clinical_sample.txt").write_text(f"PATIENT_ID\tSAMPLE_ID\tSAMPLE_TYPE\n{samples}")
    expression = (folder / "cohort" / "expression.tsv").read_text().split("\n", 1)
    head = expression[0].split("\t")
    renamed = "\t".join([head[0], *(f"{name}-01" for name in head[1:])])
    (folder / "cohort" / "expression.tsv").write_text(f"{renamed}\n{expression[1]}")
    document["cohort"]["clinical"] = "cohort"
    genes = [line.split("\t", 1)[0] for line in expression[1].splitlines()[:6]]
    calls = "".join(f"{gene}\t" + "\t".join(str(k % 5 - 2) for k in range(len(ids))) + "\n" for gene in genes)
    (folder / "cohort" / "data_cna.txt").write_text(
        "Hugo_Symbol\t" + "\t".join(f"{name}-01" for name in ids) + f"\n{calls}"
    )
    rows = "".join(f"{genes[k % 6]}\tMissense_Mutation\t{name}-01\n" for k, name in enumerate(ids))
    (folder / "cohort" / "data_mutations.txt").write_text(
        f"Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\n{rows}"
    )
    document["cohort"]["matrices"] = [
        {"name": name, "kind": name, "path": "cohort"} for name in ("mutations", "copy_number")
    ]


def _tracks(folder: Path, document: Document, text: bool = False) -> None:
    """The treated library as a bigWig pair, or as a bedGraph pair of which one is gzip."""
    from groprog_assets.methods.annotation.gene_models import read_annotation
    from groprog_assets.methods.annotation.masks import read_masks
    from groprog_assets.methods.reads.bigwig import write_bigwigs
    from groprog_assets.methods.reads.filtered_alignments import filter_alignments
    from groprog_assets.study.check import load_study
    from groprog_assets.study.chrom_sizes import read_chrom_sizes

    (folder / "study.yaml").write_text(yaml.safe_dump(document))
    study = load_study(folder / "study.yaml")
    sizes = read_chrom_sizes(study.genome.chrom_sizes)
    library = study.libraries[1]
    assert library.alignments is not None
    masks, transcripts = read_masks(study.genome, sizes), read_annotation(study.genome.annotation, sizes)
    filtering = study.parameters.filtering
    done = filter_alignments(library.alignments, library, sizes, masks, transcripts, filtering, study.genome)
    document["libraries"][1].pop("alignments")
    if text:
        names = {"+": "reads/treated_1.plus.bedGraph.gz", "-": "reads/treated_1.minus.bedGraph"}
        for strand, name in names.items():
            rows = done.positions[done.positions["strand"] == strand]
            columns = (rows[column].tolist() for column in ("chrom", "position", "count"))
            lines = [f"{chrom}\t{base}\t{base + 1}\t{count}\n" for chrom, base, count in zip(*columns)]
            content = "".join(lines).encode()
            (folder / name).write_bytes(gzip.compress(content, mtime=0) if name.endswith(".gz") else content)
        document["libraries"][1] |= {"bigwig_plus": names["+"], "bigwig_minus": names["-"]}
        return
    write_bigwigs(done.positions, sizes, folder / "reads" / "treated_1")
    document["libraries"][1] |= {"bigwig_plus": "reads/treated_1_plus.bw", "bigwig_minus": "reads/treated_1_minus.bw"}


def _gene_table(gtf: str) -> str:
    rows = []
    for number, line in enumerate(gtf.splitlines()):
        chrom, _, feature, start, end, _, strand, _, attributes = line.split("\t")
        if feature != "transcript":
            continue
        gene, transcript = attributes.split('"')[1], attributes.split('"')[3]
        edges = f"{int(start) - 1}\t{end}"
        exons = f"1\t{int(start) - 1},\t{end},"
        rows.append(
            f"{number}\t{transcript}\t{chrom}\t{strand}\t{edges}\t{edges}\t{exons}\t0\t{gene}\tcmpl\tcmpl\t0,\n"
        )
    return "".join(rows)


def _gene_sets(gaf: str) -> str:
    held: dict[str, list[str]] = {}
    for line in gaf.splitlines():
        if not line.startswith("!"):
            cells = line.split("\t")
            held.setdefault(cells[4], []).append(cells[2])
    return "".join("\t".join([term, "na", *dict.fromkeys(genes)]) + "\n" for term, genes in held.items())


def write_scored(folder: Path) -> Path:
    """A study with a trained model, and in `new/` the tables of patients to score."""
    from tests.trained_study import trained_study

    path = trained_study(folder)
    new = folder / "new"
    new.mkdir()
    table = pd.read_csv(folder / "cohort" / "clinical.tsv", sep="\t", dtype=str, keep_default_na=False)
    table.iloc[:30].to_csv(new / "patients.tsv", sep="\t", index=False)
    shutil.copyfile(folder / "cohort" / "expression.tsv", new / "expression.tsv")
    return path.parent
