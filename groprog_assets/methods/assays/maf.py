"""Somatic mutations of a MAF (Mutation Annotation Format) as variants, genotypes and effects; every class is kept.

Source: GDC, File Format: MAF; cBioPortal, File Formats, Mutation Data. The gene x patient matrix of a cohort is read by
`methods.cohort.mutation_annotation`.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from groprog_assets.errors import AssayError, Problem
from groprog_assets.methods.assays.assay_table import SparseAssay
from groprog_assets.methods.assays.columns import Cells, collector, read_cells, read_header
from groprog_assets.methods.assays.dense import trimmed_notice
from groprog_assets.methods.assays.variant_rows import (
    BASES,
    EFFECT_COLUMNS,
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
    typed,
)
from groprog_assets.study.annotation_files import ProblemCollector, coordinate
from groprog_assets.study.files import CASE_LIST, listed_samples
from groprog_assets.study.omics_assays import AssaySource
from groprog_assets.study.text_tables import count_of

NEEDED = ("Chromosome", "Start_Position", "Reference_Allele", "Tumor_Seq_Allele2", "Tumor_Sample_Barcode")
FURTHER = (
    *("End_Position", "Tumor_Seq_Allele1", "NCBI_Build", "Hugo_Symbol", "Entrez_Gene_Id", "Variant_Classification"),
    *("Transcript_ID", "HGVSc", "HGVSp", "HGVSp_Short", "t_depth", "t_alt_count", "t_ref_count", "FILTER"),
    *("Mutation_Status",),
)
NO_ALLELE = frozenset({"", "NA", "na", "nan", "NaN", ".", "Unknown"})
"""Cells of an allele that say nothing; - is the empty allele."""
WILD_TYPE = "wildtype"
SO = {
    "Frame_Shift_Del": "frameshift_variant",
    "Frame_Shift_Ins": "frameshift_variant",
    "In_Frame_Del": "inframe_deletion",
    "In_Frame_Ins": "inframe_insertion",
    "Missense_Mutation": "missense_variant",
    "Nonsense_Mutation": "stop_gained",
    "Nonstop_Mutation": "stop_lost",
    "Translation_Start_Site": "start_lost",
    "Silent": "synonymous_variant",
    "Splice_Site": "splice_site_variant",
    "Splice_Region": "splice_region_variant",
    "Intron": "intron_variant",
    "IGR": "intergenic_variant",
    "3'UTR": "3_prime_UTR_variant",
    "5'UTR": "5_prime_UTR_variant",
    "3'Flank": "downstream_gene_variant",
    "5'Flank": "upstream_gene_variant",
    "RNA": "non_coding_transcript_variant",
    "lincRNA": "non_coding_transcript_variant",
}
"""Classes of MAF as terms of the Sequence Ontology; another class stays as it stands. Source: vcf2maf, from the other side."""


class Alternatives(NamedTuple):
    """ref, the alleles that differ from it (one or two, "" = deleted), and the genotype as 0, 1, 2, None."""

    ref: str
    alts: tuple[str, ...]
    alleles: tuple[int | None, ...]


def read_maf_assay(path: Path, source: AssaySource) -> SparseAssay:
    """Variants, the samples that have them, and what the file says of their effect.

    Coordinates become 0-based; an insertion is an empty interval between its neighbours. Of Tumor_Seq_Allele1 and 2 those that
    differ from the reference are variants: two rows where both do and differ. With `source.fasta` indels are moved to the left,
    and a reference allele that is not what stands there is refused. profiled: the samples of the case list beside the file, and
    those with a row. Raises AssayError for mixed builds, positions that are none, alleles of other letters, an end that does not
    fit the reference allele.
    """
    header = read_header(path)
    folded = {name.casefold(): name for name in header.columns}
    held = {name: folded[name.casefold()] for name in (*NEEDED, *FURTHER) if name.casefold() in folded}
    absent = [name for name in NEEDED if name not in held]
    if absent:
        rule = f"A MAF has the columns {', '.join(NEEDED)}."
        remedy = "Write them with vcf2maf or maftools; a table of genes x samples is format: matrix."
        raise AssayError(Problem(header.where, f"no column {', '.join(absent)}", rule, remedy))
    problems = collector(header.path)
    found = read_cells(header, list(held.values()), [], problems)
    found = found._replace(text=found.text.set_axis(list(held), axis=1))
    build = _build(found, source)
    reading = _Reading(found, VariantRows(build), Reference(source.fasta) if source.fasta else None, problems)
    for row, cells in enumerate(found.text.to_dict("records")):
        reading.read(int(found.lines[row]), {str(name): str(cell) for name, cell in cells.items()})
    problems.raise_any()
    listed = listed_samples(header.path)
    samples = list(dict.fromkeys([*listed, *reading.samples]))
    notices = trimmed_notice(found) + reading.notices(header.path, listed, samples)
    return SparseAssay(
        profiled=tuple(samples),
        variants=reading.variants.table(),
        genotypes=genotype_table(list(reading.genotypes.values())),
        effects=typed(list(dict.fromkeys(reading.effects)), EFFECT_COLUMNS),
        counts=reading.counts,
        notices=tuple(notices),
        said={"genome_build": build},
    )


def _build(found: Cells, source: AssaySource) -> str:
    """The one build of all rows; AssayError for a name that is no build, or several."""
    if "NCBI_Build" not in found.text:
        return require_build(source.genome_build, "", str(found.path))
    names = found.text["NCBI_Build"].drop_duplicates()
    builds = {name: genome_build(name) for name in names if name}
    first = {name: found.lines[row] for row, name in zip(names.index, names, strict=True)}
    unknown = [name for name, build in builds.items() if not build]
    if unknown:
        where = f"{found.path}:{first[unknown[0]]}, column NCBI_Build"
        rule = "Builds read are GRCh37 (37, hg19) and GRCh38 (38, hg38)."
        raise AssayError(Problem(where, repr(unknown[0]), rule, "Lift the file over, or correct the name."))
    if len(set(builds.values())) > 1:
        one, other = (next(name for name in builds if builds[name] == build) for build in sorted(set(builds.values())))
        where = f"{found.path}:{first[other]}, column NCBI_Build"
        rule = "The rows of a file are of one build: positions of two are not comparable."
        raise AssayError(Problem(where, f"{other!r}, {one!r} on line {first[one]}", rule, "Lift one part over."))
    return require_build(source.genome_build, next(iter(builds.values()), ""), f"{found.path}, column NCBI_Build")


class _Reading:
    """The rows of a file, one after the other."""

    def __init__(self, found: Cells, variants: VariantRows, reference: Reference | None, problems: ProblemCollector):
        self.path, self.variants, self.reference, self.problems = found.path, variants, reference, problems
        self.samples: dict[str, None] = {}
        self.genotypes: dict[tuple[str, int], Genotype] = {}
        self.effects: list[tuple[object, ...]] = []
        self.counts = {"rows": len(found.text), "repeated_calls": 0, "wild_type_rows": 0, "no_alternative": 0}
        self.counts |= {"two_alternatives": 0, "moved_left": 0, "off_reference": 0}

    def read(self, line: int, row: dict[str, str]) -> None:
        """One row of the file."""
        sample = row["Tumor_Sample_Barcode"]
        if not sample:
            self._add(line, "Tumor_Sample_Barcode", "''", "A row names its sample.", "Name it, or remove the row.")
            return
        self.samples[sample] = None
        if row.get("Mutation_Status", "").replace("-", "").replace(" ", "").casefold() == WILD_TYPE:
            self.counts["wild_type_rows"] += 1
            return
        start = self._start(line, row)
        if start is None:
            return
        alternatives = self._alternatives(line, row)
        if alternatives is None:
            return
        self.counts["two_alternatives"] += len(alternatives.alts) == 2
        for number, alt in enumerate(alternatives.alts, 1):
            self._call(line, row, start, alternatives, number, alt)

    def _start(self, line: int, row: dict[str, str]) -> int | None:
        """0-based start of the reference allele, of an insertion the place between its neighbours."""
        start = coordinate(row["Start_Position"])
        if start is None or start < 1:
            rule = "A position is a whole number of 1 or more."
            self._add(line, "Start_Position", repr(row["Start_Position"]), rule, "Correct it.")
            return None
        ref = row["Reference_Allele"]
        end = row.get("End_Position", "")
        if ref == "-":
            return start
        if end and ref not in NO_ALLELE and coordinate(end) != start + len(ref) - 1:
            value = f"{end!r} for {ref[:20]} at {start}"
            rule = "The end is the position of the last base of the reference allele."
            self._add(line, "End_Position", value, rule, "Correct position or allele; positions are 1-based.")
            return None
        return start - 1

    def _alternatives(self, line: int, row: dict[str, str]) -> Alternatives | None:
        """What differs from the reference allele; None, counted or with a problem, where nothing does."""
        ref = row["Reference_Allele"]
        given = [row.get("Tumor_Seq_Allele1", ""), row["Tumor_Seq_Allele2"]]
        known = [None if allele in NO_ALLELE else allele.replace("-", "").upper() for allele in given]
        bare = ref.replace("-", "").upper()
        for column, allele in zip(("Reference_Allele", "Tumor_Seq_Allele1", "Tumor_Seq_Allele2"), [bare, *known]):
            if allele is not None and not BASES.fullmatch(allele):
                rule = "An allele has the letters A, C, G, T, N, or is -."
                self._add(line, column, repr(row[column]), rule, "Correct it.")
                return None
        if ref in NO_ALLELE:
            rule = "A row names the reference allele; - for an insertion."
            self._add(line, "Reference_Allele", repr(ref), rule, "Correct it.")
            return None
        alts = tuple(dict.fromkeys(allele for allele in reversed(known) if allele is not None and allele != bare))
        if not alts:
            self.counts["no_alternative"] += 1
            return None
        numbers = {bare: 0, **{alt: k for k, alt in enumerate(alts, 1)}}
        return Alternatives(bare, alts, tuple(None if allele is None else numbers[allele] for allele in known))

    def _call(self, line: int, row: dict[str, str], start: int, found: Alternatives, number: int, alt: str) -> None:
        chrom = chromosome(row["Chromosome"], numbered=True)
        stood = placed(self.reference, chrom, start, found.ref, alt, self.counts)
        if isinstance(stood, OtherBases):
            rule = f"The reference allele is what stands there in {stood.fasta}."
            value = f"{found.ref[:20]!r} at {chrom}:{start + 1}, there stands {stood.there[:20]!r}"
            self._add(line, "Reference_Allele", value, rule, "Is it the FASTA of the file's build?")
            return
        place, removed, added = stood
        kind = kind_of(removed, added)
        ix = self.variants.add(chrom, place, place + len(removed), removed, added, kind, number)
        alleles = seen_from(number, found.alleles)
        status = row.get("FILTER", "")
        called = Genotype(
            row["Tumor_Sample_Barcode"],
            ix,
            alleles,
            dosage(alleles),
            depth=_depth(row),
            alt_depth=_whole(row.get("t_alt_count", "")),
            filter=() if status in ("", ".") else tuple(status.replace(",", ";").split(";")),
        )
        self.counts["repeated_calls"] += (called.sample, ix) in self.genotypes
        self.genotypes.setdefault((called.sample, ix), called)
        self.effects.append(_effect(ix, row))

    def notices(self, path: Path, listed: list[str], samples: list[str]) -> list[Problem]:
        """What is worth knowing of the file as a whole."""
        found = []
        if not listed:
            rule = f"Profiled are the samples of {'/'.join(CASE_LIST)} beside the file and those with a row."
            value = f"{count_of(len(samples), 'sample')} with a row, no list of those without one"
            found.append(Problem(str(path), value, rule, "Add the list, if other samples were sequenced too."))
        told = {
            "no_alternative": "Both tumour alleles are the reference or unknown: the row is no variant.",
            "wild_type_rows": "Mutation_Status Wildtype says that there is no mutation.",
            "repeated_calls": "A variant counts once a sample; the first row is kept.",
            "off_reference": "Their chromosome is not in the FASTA: they are trimmed, not moved.",
        }
        for name, rule in told.items():
            if self.counts[name]:
                found.append(Problem(str(path), count_of(self.counts[name], "row"), rule, "Nothing, if that is so."))
        return found

    def _add(self, line: int, column: str, value: str, rule: str, remedy: str) -> None:
        self.problems.add(f":{line}, column {column}", value, rule, remedy)


def _effect(ix: int, row: dict[str, str]) -> tuple[object, ...]:
    entrez, symbol = row.get("Entrez_Gene_Id", ""), row.get("Hugo_Symbol", "")
    named = "" if symbol in ("", "Unknown", ".") else symbol
    gene = f"NCBIGene:{entrez}" if entrez.isdecimal() and int(entrez) else f"symbol:{named}" if named else ""
    classed = row.get("Variant_Classification", "")
    protein = row.get("HGVSp", "") or row.get("HGVSp_Short", "")
    return (
        ix,
        gene,
        named,
        row.get("Transcript_ID", ""),
        SO.get(classed, classed),
        row.get("HGVSc", ""),
        protein,
        "",
        "MAF",
    )


def _depth(row: dict[str, str]) -> int | None:
    """Reads at the place: t_depth, else those of both alleles."""
    depth = _whole(row.get("t_depth", ""))
    parts = _whole(row.get("t_ref_count", "")), _whole(row.get("t_alt_count", ""))
    return depth if depth is not None or None in parts else sum(part for part in parts if part is not None)


def _whole(cell: str) -> int | None:
    return int(cell) if cell.isdecimal() and len(cell) < 10 else None
