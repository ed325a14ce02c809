"""Problems of the sequence half that can be found before a run: FASTA, aliases, targets and families against the annotation.

The readers are those of the run. Nothing is written. No Dagster.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from groprog_assets.errors import AnnotationError, GroProgError, Notice, Problem
from groprog_assets.study.schema import Study
from groprog_assets.study.sequence_study import NETS, TRAINED, PretrainedVectors, SideTable, TargetTable
from groprog_assets.study.text_tables import count_of
from groprog_assets.wording import shell_command

if TYPE_CHECKING:
    from groprog_assets.methods.sequence.genome_codes import FastaRecord
    from groprog_assets.methods.sequence.vcf import VariantFile

Value = TypeVar("Value")
FEW_GENES = 200
"""Genes below which the folds are too small to compare models."""


def sequence_problems(study: Study, sizes: Mapping[str, int]) -> list[Problem]:
    """Every problem of the files that `sequence` and `genome.fasta` name; Notices on what the run leaves out or does differently.

    sizes: chromosome -> bp. A study without `sequence` has none.
    """
    if study.sequence is None:
        return []
    if study.genome.fasta is None:
        rule, remedy = "Without a FASTA the study has no sequence half.", "Give genome.fasta: plain, bgzip or .2bit."
        _notice("sequence", "genome.fasta is not given", rule, remedy)
        return []
    from groprog_assets.methods.annotation.gene_models import annotation_file
    from groprog_assets.methods.sequence.fragments import read_contacts
    from groprog_assets.methods.sequence.gene_tables import gene_ids
    from groprog_assets.methods.sequence.genome_codes import inspect_fasta
    from groprog_assets.methods.sequence.meme import read_meme
    from groprog_assets.methods.sequence.motif_sites import read_sites
    from groprog_assets.methods.sequence.reference import read_aliases
    from groprog_assets.methods.sequence.side import read_side_table
    from groprog_assets.methods.sequence.splits import read_families
    from groprog_assets.methods.sequence.targets import read_target_table
    from groprog_assets.methods.sequence.vcf import read_variants

    problems: list[Problem] = []

    def gathered(check: Callable[[], Value]) -> Value | None:
        try:
            return check()
        except GroProgError as error:
            problems.extend(error.problems)
            return None

    section, fasta = study.sequence, study.genome.fasta
    inspected = gathered(lambda: inspect_fasta(fasta))
    if inspected is not None:
        problems += inspected[1]
    aliases = gathered(lambda: read_aliases(section.aliases))
    families = gathered(lambda: read_families(section.families))
    given = section.targets
    valued = None
    named: list[tuple[TargetTable | SideTable, str]] = []
    if given is not None:
        valued = gathered(lambda: read_target_table(given).dropna(how="all").index)
        named.append((given, "sequence.targets.id"))
    beside = section.side
    if beside is not None:
        gathered(lambda: read_side_table(beside))
        named.append((beside, "sequence.side.id"))
    if section.contacts is not None and aliases is not None:
        path, known = section.contacts, aliases
        contacts = gathered(lambda: read_contacts(path, sizes, known))
        if contacts is not None and contacts.left_out:
            value = f"{count_of(contacts.left_out, 'contact is', 'contacts are')} on other chromosomes"
            rule = "What is not on a chromosome of the study is left out."
            _notice(str(path), value, rule, "Nothing, or name aliases in sequence.aliases.")
    for path in section.sites if aliases is not None else []:
        known = aliases or {}
        sites = gathered(lambda path=path, known=known: read_sites(path, sizes, known))  # type: ignore[misc]
        if sites is not None and sites.left_out:
            value = f"{count_of(sites.left_out, 'site is', 'sites are')} on other chromosomes"
            rule = "What is not on a chromosome of the study is left out."
            _notice(str(path), value, rule, "Nothing, or name aliases in sequence.aliases.")
    for path in section.motifs:
        gathered(lambda path=path: read_meme(path))  # type: ignore[misc]
    for path in section.variants:
        variants = gathered(lambda path=path: read_variants(path))  # type: ignore[misc]
        if variants is not None and aliases is not None:
            problems += variant_problems(variants, sizes, aliases)
    try:
        annotated = annotation_file(
            study.genome.annotation, sizes, study.parameters.annotation.maximum_intron
        ).transcripts
    except AnnotationError:
        return problems  # told by the check of the annotation
    if inspected is not None and inspected[0] and aliases is not None:
        chromosomes = dict.fromkeys(annotated["chrom"])
        problems += _fasta(fasta, inspected[0], {name: sizes[name] for name in chromosomes}, aliases)
        if len(chromosomes) == 1:
            rule = "The folds are then blocks of it with gaps between; sequence shared between the blocks may flatter the models."
            _notice("sequence", "one chromosome", rule, "Nothing, or give more chromosomes.")
    if section.cell_types and not section.cell_types[0].channels:
        rule = "Their windows are alike, so that an adversarial head finds nothing that tells them apart."
        _notice("sequence.cell_types", "no channels", rule, "Nothing, or name the marks of each cell type.")
    _idle_settings(study)
    genes = set(annotated["gene"])
    count = len(genes if valued is None else genes & set(valued))
    told = count_of(
        count, "gene" if valued is None else "gene with a value", "genes" if valued is None else "genes with a value"
    )
    trained = [name for name in section.models if name in TRAINED]
    if count < FEW_GENES and trained:
        rule = f"With fewer than {FEW_GENES} genes the ladder ends with ridge: {', '.join(trained)} would fit them by heart."
        remedy = f"Remove {', '.join(trained)} from sequence.models."
        problems.append(Problem("sequence.models", told, rule, remedy))
    # a profile is learnt from reads: of every gene, whatever the table of targets holds
    nets = {"cell_types": (bool(section.cell_types), count, told)}
    nets["profile"] = (section.profile, len(genes), count_of(len(genes), "gene"))
    for name, (asked, number, seen) in nets.items():
        if asked and number < FEW_GENES:
            rule = f"With fewer than {FEW_GENES} genes nets would fit them by heart."
            problems.append(Problem(f"sequence.{name}", seen, rule, f"Remove sequence.{name}."))
    if count < FEW_GENES:
        rule = f"With fewer than {FEW_GENES} genes no model can be told from another."
        _notice("sequence", told, rule, "Nothing; do not rely on the choice of the model.")
    for each, field in named:
        with contextlib.suppress(GroProgError):  # that it cannot be read was told above
            if ids := gene_ids(Path(each.table), each.id):
                problems += _overlap(str(each.table), field, ids, genes)
    for entry in section.pretrained:
        problems += _pretrained(entry, genes)
    if families is not None and section.families is not None:
        problems += _overlap(str(section.families), "the first column", list(families), genes)
    return problems


def _idle_settings(study: Study) -> None:
    """Notices on numbers of nets that the study gives and no net of it would read."""
    section = study.sequence
    assert section is not None
    nets = section.parameters.nets
    given = {name for name in nets.model_fields_set if getattr(nets, name) != type(nets).model_fields[name].default}
    fitted = any(name in NETS for name in section.models)
    place, remedy = "sequence.parameters.nets", "Nothing, or name a net in sequence.models, such as cnn."
    if given and not section.fits_nets:
        rule = "The study fits no net, so that these change nothing."
        _notice(place, ", ".join(sorted(given)), rule, remedy)
        return
    if nets.shared_trunk and not section.profile:
        rule = "A trunk is shared by the profile and the values, and this study learns no profile."
        _notice(place, "shared_trunk", rule, "Nothing, or set sequence.profile: true.")
    if nets.promoter_alone and "locus" not in section.views:
        rule = "It limits nets of the view locus, which this study has not."
        _notice(place, "promoter_alone", rule, "Nothing, or add locus to sequence.views.")
    if nets.trials and not fitted:
        rule = "A search tries settings of the nets of sequence.models, and it names none."
        _notice(place, "trials", rule, remedy)


def variant_problems(
    file: VariantFile, sizes: Mapping[str, int], aliases: Mapping[str, frozenset[str]]
) -> list[Problem]:
    """Variants against the study's chromosomes; their REF is compared with the FASTA in the run."""
    from groprog_assets.methods.sequence.alleles import contig_problems, none_on_chromosomes
    from groprog_assets.methods.sequence.reference import study_chromosomes

    problems = contig_problems(file, sizes, aliases)
    of = study_chromosomes((row.chrom for row in file.rows), sizes, aliases)
    beyond = [row for row in file.rows if row.chrom in of and row.position > sizes[of[row.chrom]] + 1]
    if file.rows and not of:
        problems.append(none_on_chromosomes(file, sizes))
    if beyond and not problems:
        rule = "Such variants have no effect. Was the file made on another assembly?"
        value = f"{count_of(len(beyond), 'variant')} beyond the end of a chromosome ({beyond[0].chrom}:{beyond[0].position:,})"
        _notice(str(file.path), value, rule, "Lift them over to the study's assembly, or nothing.")
    return problems


def _fasta(
    fasta: Path, records: list[FastaRecord], sizes: Mapping[str, int], aliases: Mapping[str, frozenset[str]]
) -> list[Problem]:
    """The FASTA against the chromosomes that carry genes. Sequences that share a name are not compared."""
    from groprog_assets.methods.sequence.reference import matched, missing_told

    named = [record.name for record in records]
    again = {name for name in named if named.count(name) > 1}
    records, sizes = (
        [record for record in records if record.name not in again],
        {name: size for name, size in sizes.items() if name not in again},
    )
    if not records or not sizes:
        return []
    names, missing, problems = matched(fasta, records, sizes, aliases)
    if missing and names:
        told = missing_told(missing, records, names)
        _notice(told.where, told.value, told.rule, told.remedy)
    bases, iupac = sum(record.length for record in records), sum(record.iupac for record in records)
    if iupac:
        rule = "IUPAC letters other than A, C, G, T are read as unknown bases."
        _notice(str(fasta), f"{iupac:,} of {bases:,} letters are IUPAC codes", rule, "Nothing, if they are meant.")
    index = fasta.with_name(f"{fasta.name}.fai")
    if index.is_file() and _stale(index, fasta, records):
        rule = "The index is not used: the sequence half reads the FASTA itself. CRAM and other programs would read wrong bases."
        remedy = f"Make it again: `{shell_command('samtools', 'faidx', fasta)}`."
        _notice(str(index), "older than the FASTA, or of another file", rule, remedy)
    return problems


def _stale(index: Path, fasta: Path, records: list[FastaRecord]) -> bool:
    """Whether an index is older than its FASTA, or states other names or lengths."""
    rows = [line.split("\t")[:2] for line in index.read_text(errors="replace").splitlines()]
    stated = [(row[0], row[1]) for row in rows if len(row) == 2]
    return index.stat().st_mtime < fasta.stat().st_mtime or stated != [(r.name, str(r.length)) for r in records]


def _overlap(where: str, column: str, ids: list[str], genes: set[str]) -> list[Problem]:
    """A problem where no id of a table is a gene; a Notice of how many are."""
    shared = sum(name in genes for name in ids)
    if not shared:
        value = f"0 of {len(ids)} ids are genes: {', '.join(ids[:3])} against {', '.join(sorted(genes)[:3])}"
        rule = "The table names genes as the annotation does."
        return [Problem(where, value, rule, f"Name them alike, or take another column as {column}.")]
    _notice(where, f"{shared:,} of {len(ids):,} ids are genes of the annotation", "", "")
    return []


def _pretrained(entry: PretrainedVectors, genes: set[str]) -> list[Problem]:
    """Problems of the tables of vectors from another model, and Notices of how many genes have one."""
    from groprog_assets.methods.sequence.pretrained import read_entry, unmatched

    try:
        tables = read_entry(entry)
    except GroProgError as error:
        return error.problems
    where = f"sequence.pretrained, {entry.name}"
    if any(table.of_windows for table in tables):
        rule = "They are compared in the run, when the genes' starts are known."
        _notice(where, "vectors of windows by the sha256 of their sequence", rule, "Nothing.")
        return []
    problems = unmatched(entry, tables, genes)
    if not problems:
        held = genes.intersection(*[set(table.ids) for table in tables])
        _notice(where, f"{len(held):,} of {len(genes):,} genes of the annotation have a vector", "", "")
    return problems


def _notice(where: str, value: str, rule: str, remedy: str) -> None:
    warnings.warn(Notice(Problem(where, value, rule, remedy)), stacklevel=3)
