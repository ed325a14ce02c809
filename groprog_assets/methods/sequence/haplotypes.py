"""What the two haplotypes of a sample do to the transcription of genes: all its phased SNVs at once. Tables in, tables out."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.errors import AnnotationError, Notice, Problem
from groprog_assets.methods.sequence.alleles import placed_alleles
from groprog_assets.methods.sequence.variants import Scorer
from groprog_assets.methods.sequence.vcf import VariantFile
from groprog_assets.wording import count_of
from groprog_kernels.bases import reverse_complement

UNPHASED, PHASE_SETS = "UNPHASED", "PHASE_SETS"
_SNV = 1


class _Carried(NamedTuple):
    """One SNV of a gene's window: its column, the base in the gene's direction; per sample the alleles that carry it, its phase
    set."""

    column: int
    base: int
    alleles: NDArray[np.int8]
    phased: NDArray[np.bool_]
    sets: list[bytes]


def haplotype_effects(file: VariantFile, scorer: Scorer, aliases: Mapping[str, frozenset[str]]) -> pd.DataFrame:
    """Table `haplotype_effects`: a row a gene, sample and task, for samples that carry an ALT in the gene's window.

    `first` and `second` are the effects of the two haplotypes, each with all its SNVs, against the reference window; `mean` is
    their mean. A haploid genotype is both. A sample with two or more heterozygous SNVs of a window has no effect and
    the error UNPHASED where they are not phased, PHASE_SETS where they are of different phase sets (PS): which of them lie on one
    haplotype is told within a set alone, and those without PS are one set. A homozygous SNV is on both haplotypes, whatever its
    set. A list of phase sets (PSL) counts before PS, and is another set wherever it differs. A Notice counts both errors.
    Insertions, deletions and genotypes that are missing count as reference; `left_out` counts the first, and a Notice the ALTs
    that are not on the reference. Raises AnnotationError for a file without genotypes, and as `placed_alleles` does for one of
    another assembly. Source: VCF 4.2, section 1.4.2 (PS); VCF 4.4, section 1.6.2 (PSL).
    """
    samples = _samples(file)
    carried: dict[int, list[_Carried]] = {}
    left_out: dict[int, int] = {}
    without: Counter[str] = Counter()
    alts = 0
    for row, chrom, found in placed_alleles(file, scorer.genome, scorer.names, aliases, scorer.width):
        genotypes = _genotypes(file.lines[row.line], len(samples))
        for number, allele in enumerate(found, start=1):
            alts += 1
            if isinstance(allele, str):
                without[allele.split(":")[0]] += 1
                continue
            alleles = (genotypes.alleles == number).astype(np.int8)
            if not alleles.any():
                continue
            for gene in scorer.near(chrom, allele).tolist():
                if len(allele.ref) != _SNV or len(allele.alt) != _SNV:
                    left_out[gene] = left_out.get(gene, 0) + 1
                    continue
                plus = scorer.genes["strand"].iloc[gene] == "+"
                base = int(allele.alt[0] if plus else reverse_complement(allele.alt)[0])
                offset = int(scorer.offset(np.array([gene]), np.array([allele.start]))[0])
                column = offset + scorer.layout.tss[0]
                carried.setdefault(gene, []).append(_Carried(column, base, alleles, genotypes.phased, genotypes.sets))
    if without:
        why = ", ".join(f"{count:,} {name}" for name, count in sorted(without.items()))
        value = f"no haplotype has {without.total():,} of {count_of(alts, 'ALT')} ({why})"
        rule = "Where an ALT cannot be placed on the reference, its carriers count as having the reference."
        warnings.warn(Notice(Problem(str(file.path), value, rule, "Nothing, or correct them.")), stacklevel=2)
    table = _table(carried, left_out, samples, scorer)
    each = table.drop_duplicates(["gene", "sample"])["error"]
    unclear = each[each != ""].value_counts().sort_index()
    if len(unclear):
        why = ", ".join(f"{count:,} {name}" for name, count in unclear.items())
        value = f"no effect for {unclear.sum():,} of {count_of(len(each), 'window')} with ALTs of a sample ({why})"
        rule = "Which SNVs lie on one haplotype is told by phased genotypes of one phase set (PS) alone."
        warnings.warn(Notice(Problem(str(file.path), value, rule, "Nothing, or phase them.")), stacklevel=2)
    return table


class _Genotypes(NamedTuple):
    """alleles (s, 2): number of the allele on each haplotype, 0 for reference or missing; phased (s,); sets: of each sample the
    phase set (PS, or the list PSL of its alleles), b"" for none."""

    alleles: NDArray[np.int64]
    phased: NDArray[np.bool_]
    sets: list[bytes]


def _samples(file: VariantFile) -> list[str]:
    header = next((line for line in file.lines if line.startswith(b"#CHROM\t")), b"")
    names = header.decode("latin-1").rstrip("\r\n").split("\t")[9:]
    if not names:
        rule = "Haplotypes are read from the genotypes (GT) of a VCF's samples."
        raise AnnotationError(Problem(str(file.path), "no samples", rule, "Give a VCF with genotypes."))
    return names


def _genotypes(line: bytes, samples: int) -> _Genotypes:
    """The genotypes of one line; a line without GT has none but the reference."""
    fields = line.rstrip(b"\r\n").split(b"\t")[8:]
    alleles, phased, sets = np.zeros((samples, 2), np.int64), np.ones(samples, bool), [b""] * samples
    keys = fields[0].split(b":") if fields else []
    if b"GT" not in keys:
        return _Genotypes(alleles, phased, sets)
    place, ofs = keys.index(b"GT"), [keys.index(key) for key in (b"PSL", b"PS") if key in keys]
    for sample, text in enumerate(fields[1 : samples + 1]):
        parts = text.split(b":")
        held = (parts[place] if place < len(parts) else b".").lstrip(b"|/")  # VCF 4.4 may begin with the first's phase
        numbers = [int(one) if one.isdigit() else 0 for one in held.replace(b"|", b"/").split(b"/")][:2]
        alleles[sample] = numbers if len(numbers) == 2 else numbers * 2
        phased[sample] = b"/" not in held
        told = [parts[of] for of in ofs if of < len(parts) and parts[of].strip(b".,")]
        sets[sample] = told[0] if told else b""
    return _Genotypes(alleles, phased, sets)


def _table(
    carried: Mapping[int, list[_Carried]], left_out: Mapping[int, int], samples: list[str], scorer: Scorer
) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    windows: dict[tuple[int, bytes], int] = {}
    held: list[NDArray[np.uint8]] = []
    owner: list[int] = []

    def window(gene: int, sample: int, haplotype: int) -> int:
        changed = scorer.codes[gene].copy()
        for one in carried[gene]:
            if one.alleles[sample, haplotype]:
                changed[one.column] = one.base
        key = gene, changed.tobytes()
        if key not in windows:
            windows[key] = len(held)
            held.append(changed)
            owner.append(gene)
        return windows[key]

    places: list[tuple[int, int]] = []
    for gene, own in sorted(carried.items()):
        for sample, name in enumerate(samples):
            each = [one for one in own if one.alleles[sample].any()]
            if not each:
                continue
            open_ones = [one for one in each if one.alleles[sample].sum() == 1]
            error = ""
            if len(open_ones) > 1 and not all(one.phased[sample] for one in open_ones):
                error = UNPHASED
            elif len({one.sets[sample] for one in open_ones}) > 1:
                error = PHASE_SETS
            places.append((-1, -1) if error else (window(gene, sample, 0), window(gene, sample, 1)))
            rows.append(
                {
                    "gene": scorer.genes["gene"].iloc[gene],
                    "sample": name,
                    "variants": len(each),
                    "left_out": left_out.get(gene, 0),
                    "error": error,
                }
            )
    tasks = scorer.model.tasks
    effect = scorer.effects(np.array(owner, np.int64), np.array(held)) if held else np.empty((0, len(tasks)))
    effect = np.vstack([effect, np.full(len(tasks), np.nan)])
    first, second = (effect[[place[side] for place in places]] for side in (0, 1))
    table = pd.DataFrame(rows, columns=["gene", "sample", "variants", "left_out", "error"])
    long = table.loc[table.index.repeat(len(tasks))].reset_index(drop=True)
    return long.assign(
        task=np.tile(tasks, len(table)), first=first.ravel(), second=second.ravel(), mean=(first + second).ravel() / 2
    )
