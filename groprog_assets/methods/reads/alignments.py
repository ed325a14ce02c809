"""The alignment file of a library: the one the study names, or the one bowtie2 makes from FASTQ. No Dagster."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from groprog_assets.errors import Problem, ReadsError
from groprog_assets.methods.reads.bigwig import track_format
from groprog_assets.methods.reads.uniqueness import uniqueness_rule
from groprog_assets.study.schema import Genome, Library
from groprog_kernels import records

_PACK = "import sys, pysam; pysam.view(*sys.argv[1:], catch_stdout=False)"


class AlignmentSource(NamedTuple):
    """path: file to read; format: bam, sam, cram or bigwig; program, command: the aligner, "" when unknown; reads: reads
    given to the aligner, None where the file was not made here."""

    path: Path
    format: str
    program: str
    command: str
    reads: int | None


def resolve_alignments(library: Library, genome: Genome, folder: Path) -> AlignmentSource:
    """The alignment file of a library.

    A BAM, SAM or CRAM is used as it is; a bigWig pair is named by its plus track; FASTQ is aligned with bowtie2 into
    `folder`/<library>.bam (written under a temporary name first, so that an interrupted run leaves no file; its header names
    no temporary path, so that the same reads give the same bytes). ReadsError: the library names no reads; a file is missing
    or not alignments; FASTQ without bowtie2 on PATH, without an index, or refused by bowtie2. Source: bowtie2 manual;
    --very-sensitive is its preset for the best alignment.
    """
    if library.alignments is not None:
        try:
            header = records.read_header(library.alignments)
        except (records.BamError, OSError) as error:
            raise ReadsError(
                Problem(
                    str(library.alignments), str(error), "A BAM, SAM or CRAM is needed.", "Copy or make the file again."
                )
            ) from None
        rule = uniqueness_rule(header.text, 0)
        return AlignmentSource(Path(library.alignments), header.format, rule.program, rule.command, None)
    if library.bigwig_plus is not None:
        return AlignmentSource(Path(library.bigwig_plus), track_format(library.bigwig_plus), "", "", None)
    if not library.reads:
        raise ReadsError(
            Problem(
                f"library {library.id}",
                "neither reads, alignments nor bigWigs are named",
                "A library needs one of them.",
                "Add reads (FASTQ), alignments (BAM, SAM, CRAM) or bigwig_plus and bigwig_minus.",
            )
        )
    return _align(library, genome, Path(folder))


def _align(library: Library, genome: Genome, folder: Path) -> AlignmentSource:
    problems = []
    program = shutil.which("bowtie2")
    if program is None:
        problems.append(
            Problem(
                f"library {library.id}",
                "bowtie2 is not on PATH",
                "FASTQ files are aligned with it.",
                "Install it (Debian: apt install bowtie2; conda: conda install -c bioconda bowtie2) or give a BAM.",
            )
        )
    if genome.bowtie2_index is None or not any(
        Path(f"{genome.bowtie2_index}.1.{suffix}").is_file() for suffix in ("bt2", "bt2l")
    ):
        problems.append(
            Problem(
                "genome.bowtie2_index",
                f"{genome.bowtie2_index or 'not given'}",
                "FASTQ files are aligned to a bowtie2 index (its prefix, without .1.bt2).",
                "Make it with bowtie2-build GENOME.fa PREFIX and name PREFIX.",
            )
        )
    for path in library.reads:
        if not Path(path).is_file():
            problems.append(Problem(str(path), "no such file", "Reads must be there.", "Correct the path."))
    if problems:
        raise ReadsError(problems)
    assert program is not None
    assert genome.bowtie2_index is not None
    folder.mkdir(parents=True, exist_ok=True)
    mates = [str(Path(path).resolve()) for path in library.reads]
    named = ["-U", mates[0]] if len(mates) == 1 else ["-1", mates[0], "-2", mates[1]]
    threads = str(os.cpu_count() or 1)
    command = [program, "--very-sensitive", "--reorder", "-p", threads, "-x", str(Path(genome.bowtie2_index).resolve())]
    command += named
    target = folder / f"{library.id}.bam"
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        made, log = Path(scratch) / "aligned.bam", Path(scratch) / "log"
        # piped, so that neither the SAM nor a path that changes between runs is written
        with open(log, "wb") as told, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=told) as aligner:
            packer = subprocess.run(
                [sys.executable, "-P", "-c", _PACK, "-b", "--no-PG", "-o", str(made), "-"],
                stdin=aligner.stdout,
                capture_output=True,
                text=True,
                check=False,
            )
        words = log.read_text(errors="replace")
        if aligner.returncode != 0 or packer.returncode != 0:
            lines = [line for line in words.splitlines() if "rror" in line]
            complaint = " ".join(lines or words.splitlines()[-3:])[:600]
            raise ReadsError(
                Problem(
                    ", ".join(mates),
                    f"bowtie2 stopped: {complaint}"
                    if aligner.returncode
                    else f"htslib stopped: {packer.stderr[-300:]}",
                    "Whole FASTQ files and their index are needed.",
                    "Check the files and the index.",
                )
            )
        os.replace(_told_without(threads, made), target)
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout.split("\n")[0]
    given = [int(line.split()[0]) for line in words.splitlines() if "reads; of these" in line]
    return AlignmentSource(
        target,
        "bam",
        f"bowtie2 {version.rsplit(' ', 1)[-1]}",
        shlex.join(command).replace(f" -p {threads} ", " "),
        given[0] if given else None,
    )


def _told_without(threads: str, bam: Path) -> Path:
    """The BAM without the number of threads in its header, so that equal reads give equal bytes."""
    import pysam

    header, told = bam.with_name("header.sam"), bam.with_name("told.bam")
    text = str(pysam.view("-H", "--no-PG", str(bam)))
    header.write_text(text.replace(f" -p {threads} ", " "))
    pysam.reheader("-P", str(header), str(bam), save_stdout=str(told))
    return told
