"""Every kind of input: the file of which variant, how it is damaged, and what a user would run on it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.fuzz import grammars, operators
from tests.fuzz.operators import Columns, Operator, packed

if TYPE_CHECKING:
    from groprog_assets.study.schema import Study

CLINICAL = ["PATIENT_ID", "OS_MONTHS", "OS_STATUS", "AGE", "SEX", "STAGE", "GRADE", "ALBUMIN", "BATCH"]


class Kind(NamedTuple):
    """file: the damaged one, below the variant's folder; call: what is run in the folder of the mutant."""

    name: str
    variant: str
    file: str
    damage: Sequence[Operator]
    call: Callable[[Path], object]


def check(folder: Path) -> None:
    from groprog_assets.cli.main import main

    main(["study", "check", str(folder / "study.yaml")])


def inbox_check(name: str) -> Callable[[Path], None]:
    def call(folder: Path) -> None:
        from groprog_assets.cli.main import main

        main(["inbox", "check", str(folder / "study.yaml"), str(folder / "inbox" / name)])

    return call


def check_and_qualities(folder: Path) -> None:
    """The check, and the qualities of all reads, which the run reads."""

    def read(study: Study) -> None:
        from groprog_assets.methods.reads.read_quality import per_cycle_quality

        for library in study.libraries:
            per_cycle_quality(library, study.genome)

    _check_and(folder, read)


def check_and_marks(folder: Path) -> None:
    """The check, and the signal of the marks, which the run reads."""

    def read(study: Study) -> None:
        from groprog_assets.methods.annotation.gene_models import read_genome
        from groprog_assets.methods.features.chromatin_signal import mark_signal

        genes = read_genome(study.genome, study.parameters.annotation).consensus
        plus = genes["strand"] == "+"
        ends = {
            "tss": genes["start"].where(plus, genes["end"] - 1),
            "tts": genes["start"].where(~plus, genes["end"] - 1),
        }
        mark_signal(study.marks, genes.assign(**ends), study.parameters.chromatin)

    _check_and(folder, read)


def _check_and(folder: Path, read: Callable[[Study], None]) -> None:
    from groprog_assets.cli.answering import show_problems
    from groprog_assets.errors import GroProgError
    from groprog_assets.study.check import load_study

    try:
        check(folder)
    except SystemExit as end:
        if end.code:
            raise
    try:
        read(load_study(folder / "study.yaml"))
    except GroProgError as error:
        show_problems(error.problems)
        sys.exit(2)


def take(folder: Path) -> None:
    """The inbox sorted as the sensor does, without a Dagster instance; refused is what was set aside."""
    from groprog_assets.cli.answering import show_problems
    from groprog_assets.errors import Problem
    from groprog_assets.intake.inbox import sort_inbox
    from groprog_assets.store.workspace import Workspace

    set_aside = [item for item in sort_inbox(Workspace(folder / "study.yaml"), 0) if item.verdict != "accepted"]
    if set_aside:
        show_problems([Problem(item.name, item.verdict, "", "") for item in set_aside])
        sys.exit(2)


def score(folder: Path) -> None:
    from groprog_assets.cli.main import main

    patients, expression = folder / "new" / "patients.tsv", folder / "new" / "expression.tsv"
    main(["score", str(folder / "study.yaml"), str(patients), "--expression", str(expression), "--output", "-"])


def of_inbox(path: str) -> bool:
    """What an inbox that is sorted may leave: decisions, accepted files and such set aside, no temporary file."""
    name = Path(path).name
    return path.startswith((".groprog", "inbox/")) and not name.startswith(".trial") and ".part" not in name


GZIP = [operators.gzip_cut, operators.gzip_flip, operators.gzip_tail]
OBO_TEXT = [grammars.obo_line, grammars.obo_cycle, grammars.obo_quote, *operators.as_text(), *operators.generic()]
YAML = [grammars.yaml_value, grammars.yaml_type, grammars.yaml_unknown, grammars.yaml_lost, grammars.yaml_twice]
YAML += [grammars.yaml_number, grammars.yaml_anchors, grammars.yaml_cron, grammars.yaml_path, grammars.odd_names]
SAM = [grammars.sam_field, grammars.sam_lost, grammars.sam_unequal, grammars.sam_contig]
FASTQ = [grammars.fastq_line_lost, grammars.fastq_unequal, grammars.fastq_mark, grammars.fastq_quality]
JSON = [grammars.json_value, grammars.json_cut, grammars.json_patient, grammars.json_deep]
BAM = [operators.bgzf_flip, operators.bgzf_cut, operators.bam_inside, operators.bam_cut_inside, operators.bam_length]
BAM += [operators.bam_contig, operators.bam_header, operators.bam_counts]
CRAM = [operators.cram_flip, operators.whole_cut("a CRAM without its end-of-file container")]
BIGWIG = [operators.bigwig_flip, operators.bigwig_head, operators.whole_cut("a bigWig without its closing signature")]


def _table(columns: Columns, utf8: bool = True) -> list[Operator]:
    return [*operators.of_table(columns), *operators.as_text(utf8), *operators.generic()]


def _bed(columns: Columns) -> list[Operator]:
    """Masks: a BED without an interval is a BED."""
    return [operator for operator in _table(columns) if operator is not operators.empty]


def _clinical(delimiter: str, header: int = 0, outcome: bool = True) -> Columns:
    """The simulated cohort: months, age and albumin are numbers."""
    needed = CLINICAL if outcome else [name for name in CLINICAL if not name.startswith(("OS_", "BATCH"))]
    return Columns(delimiter, [1, 3, 7] if outcome else [3, 7], [1] if outcome else [], needed, header)


def _matrix() -> Columns:
    return Columns("\t", numbers=range(1, 20), needed=["Hugo_Symbol"][:0])


def kinds() -> list[Kind]:
    """All kinds that need no trained model."""
    sizes = Columns("\t", [1], [1], header=None, whole=False, least=2)
    gtf = Columns("\t", [3, 4], [3, 4], header=None, whole=False, ordered=(3, 4), least=9)
    gene_table = Columns("\t", [4, 5], [4, 5], header=None, whole=False, ordered=(4, 5), least=12)
    bed = Columns("\t", [1, 2], [1, 2], header=None, whole=False, ordered=(1, 2), least=3)
    bed_graph = Columns("\t", [1, 2, 3], [1, 2], header=None, whole=True, ordered=(1, 2), least=4)
    gaf = Columns("\t", header=None, whole=False, comment="!", least=15)
    gmt = Columns("\t", header=None, whole=False, least=3)
    external = Columns(",", [1, 3], [1], ["id", "days", "vital", "age", "sex", "ajcc", "grade"])
    manifest = Columns("\t", [2], [2], ["id", "condition", "alignments"])
    csv = _clinical(",")
    return [
        Kind("study file", "cohort", "study.yaml", [*YAML, *operators.as_text(), *operators.generic()], check),
        Kind("chromosome sizes", "genome", "genome/chrom.sizes", _table(sizes), check),
        Kind("GTF", "genome", "genome/annotation.gtf", _table(gtf), check),
        Kind("GTF, gzip", "packed", "genome/annotation.gtf.gz", [*GZIP, *map(packed, _table(gtf))], check),
        Kind("gene table", "htslib", "genome/refGene.txt", _table(gene_table), check),
        Kind("BED of masks", "genome", "genome/multi_copy.bed", _bed(bed), check),
        Kind("BED, gzip", "packed", "genome/blacklist.bed.gz", [*GZIP, *map(packed, _bed(bed))], check),
        Kind("OBO", "genome", "ontology/go.obo", OBO_TEXT, check),
        Kind("GAF", "genome", "ontology/annotations.gaf", _table(gaf, utf8=False), check),
        Kind("GMT", "packed", "ontology/sets.gmt", _table(gmt, utf8=False), check),
        Kind("FASTQ, gzip", "genome", "reads/control_1.fastq.gz", [*GZIP, *map(packed, FASTQ)], check_and_qualities),
        Kind("FASTQ", "packed", "reads/control_1.fastq", [*FASTQ, *operators.generic()], check_and_qualities),
        Kind("BAM", "genome", "reads/treated_1.bam", [*BAM, *operators.generic()], check),
        Kind("SAM", "htslib", "reads/control_1.sam", [*SAM, *operators.as_text(False), *operators.generic()], check),
        Kind("CRAM", "htslib", "reads/treated_1.cram", [*CRAM, *operators.generic()], check_and_qualities),
        Kind("bigWig of a library", "packed", "reads/treated_1_plus.bw", [*BIGWIG, *operators.generic()], check),
        Kind("bedGraph", "zipped", "reads/treated_1.minus.bedGraph", _bed(bed_graph), check),
        Kind(
            "bedGraph, gzip",
            "zipped",
            "reads/treated_1.plus.bedGraph.gz",
            [*GZIP, *map(packed, _bed(bed_graph))],
            check,
        ),
        Kind("bigWig of a mark", "genome", "marks/H3K4me3.bw", [*BIGWIG[1:], *operators.generic()], check_and_marks),
        Kind("clinical TSV", "cohort", "cohort/clinical.tsv", _table(_clinical("\t")), check),
        Kind("clinical CSV, gzip", "zipped", "cohort/clinical.csv.gz", [*GZIP, *map(packed, _table(csv))], check),
        Kind("cBioPortal", "cbioportal", "cohort/data_clinical_patient.txt", _table(_clinical("\t", 4)), check),
        Kind(
            "cBioPortal samples",
            "cbioportal",
            "cohort/data_clinical_sample.txt",
            _table(Columns("\t", needed=["PATIENT_ID", "SAMPLE_ID"])),
            check,
        ),
        Kind(
            "MAF",
            "cbioportal",
            "cohort/data_mutations.txt",
            _table(Columns("\t", needed=["Hugo_Symbol", "Variant_Classification", "Tumor_Sample_Barcode"])),
            check,
        ),
        Kind("copy number", "cbioportal", "cohort/data_cna.txt", _table(_matrix()), check),
        Kind("expression", "cohort", "cohort/expression.tsv", _table(_matrix()), check),
        Kind("expression, gzip", "zipped", "cohort/expression.tsv.gz", [*GZIP, *map(packed, _table(_matrix()))], check),
        Kind("fixed folds", "cohort", "cohort/splits.json", [*JSON, *operators.as_text(), *operators.generic()], check),
        Kind("external cohort", "cohort", "validation/clinical.csv", _table(external), check),
        Kind("external expression", "cohort", "validation/expression.tsv", _table(_matrix()), check),
        Kind("inbox: table", "cohort", "inbox/new.tsv", _table(_clinical("\t")), inbox_check("new.tsv")),
        Kind(
            "inbox: update",
            "cohort",
            "inbox/march.update.tsv",
            _table(Columns("\t", [1, 3, 7], [1], ["PATIENT_ID"])),
            inbox_check("march.update.tsv"),
        ),
        Kind(
            "inbox: withdrawal",
            "cohort",
            "inbox/gone.withdraw.txt",
            [*operators.as_text(False), *operators.generic()],
            inbox_check("gone.withdraw.txt"),
        ),
        Kind(
            "inbox: manifest",
            "cohort",
            "inbox/more.libraries.tsv",
            _table(manifest),
            inbox_check("more.libraries.tsv"),
        ),
        Kind(
            "inbox: delivered BAM",
            "cohort",
            "inbox/treated_3.bam",
            [*BAM[:2], *operators.generic()],
            inbox_check("more.libraries.tsv"),
        ),
        Kind("inbox, taken", "cohort", "inbox/new.tsv", _table(_clinical("\t")), take),
    ]


def scoring_kinds() -> list[Kind]:
    """Kinds that need the variant `scored`: a study with a model, and new patients beside it."""
    patients = _table(_clinical("\t", outcome=False))
    return [
        Kind("score: patients", "scored", "new/patients.tsv", patients, score),
        Kind("score: expression", "scored", "new/expression.tsv", _table(_matrix()), score),
    ]
