"""Variant files as text: VCF or a table of five columns in, the same bytes with further INFO fields out.

Nothing but the INFO column is written anew, so that what other programs put there stays as it was. Bytes in, bytes out.
"""

from __future__ import annotations

import re
import subprocess
import warnings
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from groprog_assets.errors import AnnotationError, Notice, Problem, why_unreadable
from groprog_assets.study import child_process
from groprog_assets.study.text_files import open_unpacked, past_mark
from groprog_assets.wording import count_of

BCF_SECONDS = 3600
"""Seconds after which the reader of a BCF is taken to hang."""
COLUMNS = ("chrom", "pos", "id", "ref", "alt")


class VariantRow(NamedTuple):
    """One line: its number in the file from 0, the chromosome as written, the position (1-based), id, REF and the ALTs."""

    line: int
    chrom: str
    position: int
    name: str
    ref: str
    alts: tuple[str, ...]


class VariantFile(NamedTuple):
    """lines: the file's lines with their line ends; rows: its variants; vcf: whether INFO fields can be added."""

    path: Path
    lines: list[bytes]
    rows: list[VariantRow]
    vcf: bool


def read_variants(path: Path) -> VariantFile:
    """A VCF, plain or gzip, a BCF, or a table with the columns chrom, pos, id, ref, alt (its first line may name them).

    Raises AnnotationError with every problem: unreadable, no header in a file named .vcf, too few columns, a position
    that is no whole number of 1 or more. POS 0 of a VCF is the telomere (VCF 4.2, section 1.4.1); a Notice counts such lines.
    """
    try:
        with open_unpacked(path) as stream:
            text = past_mark(stream).read()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise AnnotationError(
            _problem(path, "", f"cannot be read: {why_unreadable(error)}", "Copy it again.")
        ) from error
    if text[:3] == b"BCF":
        text = _text_of_bcf(path)
    lines = text.splitlines(keepends=True)
    vcf = any(line.startswith(b"#CHROM\t") for line in lines[:100_000])
    problems: list[Problem] = []
    if not vcf and ".vcf" in path.name.lower():
        problems.append(
            _problem(path, "", "no line #CHROM", "A VCF has its header; take it from the program that wrote the file.")
        )
    rows, telomeres = [], []
    for number, line in enumerate(lines):
        fields = line.rstrip(b"\r\n").split(b"\t")
        if line.startswith(b"#") or not line.strip():
            continue
        if not vcf and number == 0 and fields[0].decode("latin-1").lower() in ("chrom", "chromosome", "chr"):
            continue
        if len(fields) < (8 if vcf else 5) or not fields[1].isdigit() or int(fields[1]) < 1 - vcf:
            if len(problems) < 5:
                value = line[:60].decode("latin-1").rstrip()
                wanted = (
                    "Eight columns, POS a whole number of 1 or more, or 0 for the telomere."
                    if vcf
                    else "chrom, pos, id, ref, alt, separated by tabs."
                )
                problems.append(_problem(path, f", line {number + 1}", value, wanted))
            continue
        chrom, position, name, ref, alts = (field.decode("latin-1") for field in fields[:5])
        if not int(position):
            telomeres.append(number + 1)
        rows.append(VariantRow(number, chrom, int(position), name, ref, tuple(alts.split(","))))
    if problems:
        raise AnnotationError(problems)
    if telomeres:
        value = f"POS 0 in {count_of(len(telomeres), 'line')} ({', '.join(map(str, telomeres[:5]))})"
        rule = "It is the telomere, where no base is: such a line has no effect."
        warnings.warn(Notice(Problem(str(path), value, rule, "Nothing, if it is meant.")), stacklevel=2)
    return VariantFile(path, lines, rows, vcf)


QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*"')
"""A value of a header line that may hold what looks like other keys (VCF 4.4, section 1.4)."""


def contigs(file: VariantFile) -> list[tuple[str, int]]:
    """(name, bp) of each line ##contig of the header that tells a length."""
    header = [QUOTED.sub(b'""', line) for line in file.lines if line.startswith(b"##contig=<")]
    found = [(re.search(rb"[<,]ID=([^,>]+)", line), re.search(rb"[<,]length=(\d+)", line)) for line in header]
    return [(name[1].decode("latin-1"), int(length[1])) for name, length in found if name and length]


def _text_of_bcf(path: Path) -> bytes:
    """A BCF as the VCF text that htslib makes of it, in a child process. Raises AnnotationError for a damaged file."""
    command = child_process.command("groprog_assets.methods.sequence.bcf_process", str(path))
    try:
        made = subprocess.run(command, capture_output=True, timeout=BCF_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise AnnotationError(_problem(path, "", child_process.how_it_ended(None), "Copy it again.")) from None
    if made.returncode:
        last = made.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        told = (
            f"cannot be read: {last[0]}"
            if made.returncode == 1 and last
            else child_process.how_it_ended(made.returncode)
        )
        raise AnnotationError(_problem(path, "", told, "Copy it again, or write it as text: bcftools view FILE -Oz."))
    return made.stdout


def annotated(file: VariantFile, header: Sequence[str], info: Mapping[int, Sequence[tuple[str, str]]]) -> bytes:
    """The file's bytes with `header` lines before #CHROM and the fields of `info` {line: [(key, value)]} behind each INFO.

    A field of that name that stands there already is kept and the new one left out. A file that is no VCF comes back as it was.
    """
    if not file.vcf:
        return b"".join(file.lines)
    out = []
    for number, line in enumerate(file.lines):
        if line.startswith(b"#CHROM\t"):
            end = b"\r\n" if line.endswith(b"\r\n") else b"\n"
            out += [text.encode() + end for text in header]
        added = info.get(number)
        if added:
            fields = line.split(b"\t", 8)
            body = fields[7].rstrip(b"\r\n")
            end = fields[7][len(body) :]
            held = {item.split(b"=")[0] for item in body.split(b";")}
            new = b";".join(f"{key}={value}".encode() for key, value in added if key.encode() not in held)
            fields[7] = (new if body in (b".", b"") else body.removesuffix(b";") + b";" + new if new else body) + end
            line = b"\t".join(fields)
        out.append(line)
    return b"".join(out)


def _problem(path: Path, where: str, value: str, remedy: str) -> Problem:
    return Problem(f"{path}{where}", value, "Variants come as VCF or as a table of chrom, pos, id, ref, alt.", remedy)
