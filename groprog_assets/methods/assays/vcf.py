"""Variants and genotypes of a VCF or BCF, one variant row an alternate allele.

Source: VCF 4.3 and 4.4 specification, samtools.github.io/hts-specs. The file itself is read by htslib (pysam).
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from groprog_assets.errors import AssayError, Problem
from groprog_assets.methods.annotation.chromosome_names import assembly_of as assembly_of_accession
from groprog_assets.methods.assays.assay_table import SparseAssay
from groprog_assets.methods.assays.columns import collector
from groprog_assets.methods.assays.variant_rows import (
    BASES,
    BUILDS,
    Genotype,
    OtherBases,
    Reference,
    VariantRows,
    chromosome,
    dosage,
    genome_build,
    genotype_table,
    kind_of,
    placed,
    require_build,
    seen_from,
)
from groprog_assets.methods.sequence.genome_codes import is_plain_gzip
from groprog_assets.study.annotation_files import ProblemCollector, some
from groprog_assets.study.assemblies import assembly_of
from groprog_assets.study.child_process import command, how_it_ended
from groprog_assets.study.chrom_sizes import read_chrom_sizes
from groprog_assets.study.files import open_regular
from groprog_assets.study.omics_assays import AssaySource
from groprog_assets.study.text_files import open_unpacked
from groprog_assets.study.text_tables import count_of
from groprog_assets.wording import shell_command, shell_word
from groprog_kernels.records import told_mark

SYMBOLIC = {
    "DEL": "sym_del",
    "DUP": "sym_dup",
    "INV": "sym_inv",
    "INS": "sym_ins",
    "CNV": "cnv",
    "BND": "bnd",
    "TRA": "bnd",
}
"""Symbolic alleles by the first part of their name."""
COPY_NUMBER = re.compile(r"CN\d+")
NO_VARIANT = {"*": "spanning_deletions", "<*>": "blocks_without_variant", "<NON_REF>": "blocks_without_variant"}
"""Alleles that say what was looked at, and no variant: by their text, the name under which they are counted."""
_BREAKEND = re.compile(r"[\[\]]|^\.[A-Za-z]+$|^[A-Za-z]+\.$")


class Change(NamedTuple):
    """A variant of an alternate allele, 0-based."""

    start: int
    end: int
    ref: str
    alt: str
    kind: str


def read_vcf(path: Path, source: AssaySource) -> SparseAssay:
    """Variants and genotypes of all samples.

    Alleles are trimmed, with `source.fasta` moved to the left too, and a REF that is not what stands there is refused. A symbolic
    allele reaches from the base after POS to END; breakends stand as written. `*`, `<NON_REF>` and records without an ALT make no
    variant and are counted. A genotype is a row where it has the variant or an unknown allele; genotypes without either are
    counted. filter: [] where none was applied. profiled: the samples of the header. The build is that of the contigs' lengths or
    names, else the study's. Raises AssayError for a file that htslib cannot read, one without samples, contigs of another length
    than in `source.chrom_sizes`, and another build than the study's.
    """
    import pysam

    _require_blocks(path)
    _probe(path)
    before = pysam.set_verbosity(0)
    problems = collector(path)
    try:
        with pysam.VariantFile(str(path)) as file:
            reading = _Reading(path, source, file.header, problems)
            for record in file:
                reading.read(record)
    except (OSError, ValueError, EOFError, UnicodeDecodeError, IndexError, KeyError, OverflowError) as error:
        raise AssayError(_unreadable(path, str(error))) from None
    finally:
        pysam.set_verbosity(before)
    problems.raise_any()
    lines = _record_lines(path)
    if lines is not None and lines != reading.counts["records"]:
        value = f"{reading.counts['records']:,} of {count_of(lines, 'record')} can be read"
        raise AssayError(_unreadable(path, value))
    return SparseAssay(
        profiled=tuple(reading.samples),
        variants=reading.variants.table(),
        genotypes=genotype_table(reading.genotypes),
        counts=dict(reading.counts),
        notices=tuple(reading.notices()),
        said={"genome_build": reading.variants.build},
    )


def _require_blocks(path: Path) -> None:
    """AssayError for a file under plain gzip or with a byte-order mark, which pysam does not read, and for what is no file."""
    try:
        with open_regular(path) as file:
            plain = is_plain_gzip(file.read(18))
    except OSError as error:
        raise AssayError(_unreadable(path, str(error))) from None
    if plain:
        rule = "A compressed VCF is in blocks (bgzip), so that programs can look things up in it."
        blocks = path.with_name(f"blocks_{path.name}")
        remedy = f"{shell_command('gunzip', '-c', path)} | bgzip > {shell_word(blocks)}"
        raise AssayError(Problem(str(path), "compressed by gzip", rule, remedy))
    start = b""
    with (
        contextlib.suppress(OSError, EOFError, zlib.error),
        open_unpacked(path) as file,
    ):  # damaged blocks are told by the probe
        start = file.read(3)
    if told_mark(start):
        rule = "A VCF begins with ##fileformat."
        raise AssayError(Problem(str(path), "a byte-order mark before it", rule, "Save it as UTF-8 without the mark."))


def _probe(path: Path) -> None:
    """Let a process of its own read the file first: a damaged one may end its parser."""
    program = command("groprog_assets.methods.sequence.bcf_process", str(path))
    ended = subprocess.run(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    if ended.returncode < 0:
        raise AssayError(_unreadable(path, how_it_ended(ended.returncode)))


def _unreadable(path: Path, value: str) -> Problem:
    rule = "A VCF or BCF is read by htslib, from its header to its last record."
    return Problem(str(path), value, rule, "Check it with bcftools view, or copy it again.")


def _record_lines(path: Path) -> int | None:
    """Records of a VCF as text, so that none is lost when its parser stops early; None of a BCF."""
    with open_unpacked(path) as file:
        if file.read(3) == b"BCF":
            return None
        file.seek(0)
        return sum(1 for line in file if line.strip() and not line.startswith(b"#"))


class _Reading:
    """The records of a file, one after the other."""

    def __init__(self, path: Path, source: AssaySource, header: Any, problems: ProblemCollector):
        self.path, self.problems = path, problems
        self.samples = [str(name) for name in header.samples]
        if not self.samples:
            rule = "An assay has samples; a file of sites alone has none."
            raise AssayError(Problem(str(path), "no sample", rule, "Give the file with the genotypes."))
        lengths = {str(name): int(contig.length or 0) for name, contig in header.contigs.items()}
        self.strange = _contigs(path, source, lengths)
        self.variants = VariantRows(require_build(source.genome_build, _build(header, lengths), str(path)))
        self.reference = Reference(source.fasta) if source.fasta is not None else None
        self.genotypes: list[Genotype] = []
        names = "records spanning_deletions blocks_without_variant without_alt reference_genotypes"
        self.counts: Counter[str] = Counter(dict.fromkeys([*names.split(), "moved_left", "off_reference"], 0))
        self.unknown: Counter[str] = Counter()
        self.left_contigs: Counter[str] = Counter()

    def read(self, record: Any) -> None:
        """One record: its variants, and their genotypes."""
        self.counts["records"] += 1
        contig = str(record.chrom)
        if contig in self.strange:
            self.left_contigs[contig] += 1
        chrom = chromosome(contig)
        alts = record.alts or ()
        self.counts["without_alt"] += not alts
        found: dict[int, int] = {}
        for number, alt in enumerate(alts, 1):
            change = self._change(record, chrom, str(alt))
            if change is not None:
                found[number] = self.variants.add(chrom, *change, number)
        if not found:
            return
        filters = tuple(str(name) for name in record.filter)
        for sample, call in record.samples.items():
            self._genotypes(str(sample), call, found, filters)

    def _change(self, record: Any, chrom: str, alt: str) -> Change | None:
        """The variant that an alternate allele is; None, counted, where it is none."""
        if alt in NO_VARIANT:
            self.counts[NO_VARIANT[alt]] += 1
            return None
        if alt.startswith("<"):
            name = alt.strip("<>").split(":")[0].upper()
            kind = "cnv" if COPY_NUMBER.fullmatch(name) else SYMBOLIC.get(name)
            if kind is None:
                self.unknown[alt] += 1
                return None
            place = record.start + 1
            return Change(place, max(int(record.stop), place), "", alt, kind)
        if _BREAKEND.search(alt):
            return Change(record.start, record.start + len(record.ref), record.ref, alt, "bnd")
        if not (BASES.fullmatch(alt) and BASES.fullmatch(record.ref)):
            self.unknown[alt[:20] if not BASES.fullmatch(alt) else record.ref[:20]] += 1
            return None
        found = placed(self.reference, chrom, record.start, record.ref, alt, self.counts)
        if isinstance(found, OtherBases):
            rule = f"REF is what stands there in {found.fasta}."
            value = f"{record.ref[:20]!r} at {record.chrom}:{record.pos}, there stands {found.there[:20]!r}"
            self.problems.add(", REF", value, rule, "Is it the FASTA of the file's build?")
            return None
        start, ref, new = found
        if ref == new:
            self.counts["alt_equal_to_ref"] += 1
            return None
        return Change(start, start + len(ref), ref, new, kind_of(ref, new))

    def _genotypes(self, sample: str, call: Any, found: Mapping[int, int], filters: tuple[str, ...]) -> None:
        if "GT" not in call:
            self.counts["calls_without_genotype"] += 1
            return
        given = call.allele_indices or (None,)
        depth, quality, phase = call.get("DP"), call.get("GQ"), call.get("PS")
        reads = call.get("AD")
        for number, ix in found.items():
            alleles = seen_from(number, given)
            if 1 not in alleles and None not in alleles:
                self.counts["reference_genotypes"] += 1
                continue
            with_alt = reads[number] if isinstance(reads, tuple) and len(reads) > number else None
            self.genotypes.append(
                Genotype(
                    sample,
                    ix,
                    alleles,
                    dosage(alleles),
                    bool(call.phased) and len(alleles) > 1,
                    phase if isinstance(phase, int) else None,
                    depth if isinstance(depth, int) else None,
                    with_alt,
                    float(quality) if isinstance(quality, int | float) else None,
                    filters,
                )
            )

    def notices(self) -> Iterator[Problem]:
        """What is worth knowing of the file as a whole."""
        told = {
            "without_alt": ("record", "A record without an ALT says that the place was looked at; it is no variant."),
            "spanning_deletions": ("allele", "* is a deletion that is a variant of another record."),
            "blocks_without_variant": ("allele", "<NON_REF> says that the place was looked at; it is no variant."),
            "off_reference": ("allele", "Their chromosome is not in the FASTA: they are trimmed, not moved."),
            "alt_equal_to_ref": ("allele", "ALT is REF: it is no variant."),
            "calls_without_genotype": ("call", "FORMAT has no GT: of such a sample nothing is known there."),
        }
        for name, (noun, rule) in told.items():
            if self.counts[name]:
                yield Problem(str(self.path), f"{name}: {count_of(self.counts[name], noun)}", rule, "Nothing.")
        if self.unknown:
            rule = f"Read are bases, breakends, and {', '.join(f'<{name}>' for name in SYMBOLIC)}."
            shown = some([f"{alt} ({count})" for alt, count in self.unknown.most_common()], 5)
            yield Problem(str(self.path), f"alleles of other kinds: {shown}", rule, "They are no variants here.")
        if self.left_contigs:
            rule = "Chromosomes are those of chrom_sizes, under any of their names."
            shown = some([f"{name} ({count})" for name, count in self.left_contigs.most_common()], 5)
            yield Problem(str(self.path), f"records of other sequences: {shown}", rule, "They keep their names.")


def _contigs(path: Path, source: AssaySource, lengths: Mapping[str, int]) -> set[str]:
    """Contigs that are none of the study's; AssayError where one has another length there."""
    if source.chrom_sizes is None:
        return set()
    sizes = {chromosome(name): size for name, size in read_chrom_sizes(source.chrom_sizes).items()}
    other = {
        name: (length, sizes[chromosome(name)])
        for name, length in lengths.items()
        if length and sizes.get(chromosome(name), length) != length
    }
    if other:
        name, (length, size) = next(iter(other.items()))
        value = f"{name}: {length:,} bp, {size:,} in {source.chrom_sizes.name}; {count_of(len(other), 'such contig')}"
        rule = "The contigs are those of the study's genome."
        raise AssayError(Problem(str(path), value, rule, "Lift the variants over to the study's build."))
    return {name for name in lengths if chromosome(name) not in sizes}


def _build(header: Any, lengths: Mapping[str, int]) -> str:
    """The build that the contigs are of, by length, by accession, or by what the header says of them; "" where nothing tells."""
    by_length = BUILDS.get(assembly_of({name: length for name, length in lengths.items() if length}), "")
    accessions = {assembly_of_accession(name) for name in lengths} - {""}
    stated = {genome_build(str(record.get("assembly", ""))) for record in header.records if record.key == "contig"}
    stated -= {""}
    return by_length or (accessions.pop() if len(accessions) == 1 else "") or (stated.pop() if len(stated) == 1 else "")
