"""Effects of variants on the transcription of genes, by models that never saw the gene's chromosome. Tables in, tables out.

The effect is the prediction with the ALT less that with the REF, in the unit of the task. The TSS stays where it is: bases that
an insertion or a deletion shifts are taken from the far side.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.errors import AnnotationError, GroProgError, Problem
from groprog_assets.methods.annotation.coding import Coding, touches
from groprog_assets.methods.sequence.alleles import Allele, placed_alleles
from groprog_assets.methods.sequence.gene_windows import GeneWindows
from groprog_assets.methods.sequence.genome_codes import GenomeCodes
from groprog_assets.methods.sequence.ladder import Ladder
from groprog_assets.methods.sequence.ladder import ladder as plain_ladder
from groprog_assets.methods.sequence.profile_effects import ProfileNets, ProfileScorer
from groprog_assets.methods.sequence.published_model import WARNING, PublishedModel, unpacked
from groprog_assets.methods.sequence.reference import read_aliases
from groprog_assets.methods.sequence.side import SideInputs, StudySide
from groprog_assets.methods.sequence.vcf import VariantFile, annotated, read_variants
from groprog_assets.methods.sequence.windows import unknown_bases, view_layout
from groprog_assets.tables import conform

SPANS_TSS, UNKNOWN_BASES = "SPANS_TSS", "UNKNOWN_BASES"
RANDOM_VARIANTS = 1000
BIN = 100
LEAST_MEMBERS = 2
"""Models whose predictions have a standard deviation."""
_BLOCK = 2048


class Scorer(GeneWindows):
    """The genes of a study, their windows and the model that scores variants near them.

    genes: `sequence_windows` that are used, with a column `fold`; names: chromosome -> name in the FASTA; side: what the model
    reads beside the bases, of the same genes, of which a variant changes nothing; coding: coding sequence by chromosome, where
    the annotation has any; profiles: what tells the profile of reads around the start of the same genes, where the study has it.
    """

    def __init__(
        self,
        model: PublishedModel,
        genes: pd.DataFrame,
        genome: GenomeCodes,
        names: Mapping[str, str],
        side: SideInputs | None = None,
        coding: Coding | None = None,
        profiles: ProfileScorer | None = None,
    ):
        self.side, self.coding, self.profiles = side, coding, profiles
        self.view = "promoter" if "promoter" in model.predictors else next(iter(model.predictors))
        self.model = model
        super().__init__(genes, genome, names, view_layout(model.layout, self.view, model.parameters))

    @cached_property
    def _reference(self) -> NDArray[np.float64]:
        """(genes, T) prediction of each gene's own window."""
        return self._predict(self.codes, np.arange(len(self.genes)))

    @cached_property
    def _reference_members(self) -> NDArray[np.float64]:
        """(m, genes, T) predictions of each gene's own window by every model."""
        return self._members(self.codes, np.arange(len(self.genes)))

    def _members(self, windows: NDArray[np.uint8], rows: NDArray[np.int64]) -> NDArray[np.float64]:
        return self.model.members(windows, self.view, None if self.side is None else self.side.rows(rows))

    def effects(self, rows: NDArray[np.int64], windows: NDArray[np.uint8]) -> NDArray[np.float64]:
        """(n, T) prediction of each window less that of its gene's own window, by the models that held the gene out."""
        return self._predict(windows, rows) - self._reference[rows]

    def deviation(self, rows: NDArray[np.int64], windows: NDArray[np.uint8]) -> NDArray[np.float64]:
        """(n, T) standard deviation of the effect over the models of all folds, and all seeds of a net; nan for a single one."""
        members = self._members(windows, rows)
        if len(members) < LEAST_MEMBERS:
            return np.full(members.shape[1:], np.nan)
        found: NDArray[np.float64] = np.std(members - self._reference_members[:, rows], axis=0)
        return found

    def codes_protein(self, chrom: str, allele: Allele) -> float:
        """1 where the allele touches the coding sequence of a gene, else 0; nan where the annotation has no coding sequence."""
        return (
            float("nan") if self.coding is None else float(touches(self.coding, chrom, allele.start, len(allele.ref)))
        )

    def z(self, effect: NDArray[np.float64], offset: NDArray[np.int64]) -> NDArray[np.float64]:
        """(n, T) effects over the spread of random single-base changes at the same distance from the TSS."""
        spread = self._spread[self._bin(offset)]
        return np.divide(effect, spread, out=np.full(effect.shape, np.nan), where=spread > 0)

    def _bin(self, offset: NDArray[np.int64]) -> NDArray[np.int64]:
        count = -(-sum(self.layout.tss) // BIN)
        return np.clip((offset + self.layout.tss[0]) // BIN, 0, count - 1)

    def predict(self, windows: NDArray[np.uint8], rows: NDArray[np.int64], part: str) -> NDArray[np.float64]:
        """(n, T) predictions by one part of the model of windows of the genes `rows` (n,)."""
        return self.model.predict(windows, self.view, part, None if self.side is None else self.side.rows(rows))

    def _predict(self, windows: NDArray[np.uint8], rows: NDArray[np.int64]) -> NDArray[np.float64]:
        fold = self.genes["fold"].to_numpy()[rows]
        out = np.empty((len(rows), len(self.model.tasks)))
        for f in np.unique(fold):
            here = fold == f
            out[here] = self.predict(windows[here], rows[here], f"fold{f}")
        return out

    @cached_property
    def _spread(self) -> NDArray[np.float64]:
        """(bins, T) SD of the effect of single-base changes at random places of random genes."""
        random = np.random.default_rng(self.model.parameters.seed)
        spread = []
        width = sum(self.layout.tss)
        for first in range(0, width, BIN):
            rows = random.integers(0, len(self.genes), RANDOM_VARIANTS)
            columns = random.integers(first, min(first + BIN, width), RANDOM_VARIANTS)
            windows = self.codes[rows].copy()
            place = np.arange(RANDOM_VARIANTS)
            held = windows[place, columns]
            known = held < 4
            windows[place[known], columns[known]] = (held[known] + random.integers(1, 4, int(known.sum()))) % 4
            spread.append(self.effects(rows, windows).std(axis=0))
        return np.array(spread)


def variant_effects(file: VariantFile, scorer: Scorer, aliases: Mapping[str, frozenset[str]]) -> pd.DataFrame:
    """Table `variant_effects`: a row a variant, ALT, gene and task; one row for variants without a score or a gene.

    Raises AnnotationError as `placed_alleles` does for a file of another assembly.
    """
    plain: list[tuple] = []
    pairs: list[_Pair] = []
    for row, chrom, alleles in placed_alleles(file, scorer.genome, scorer.names, aliases, scorer.width):
        for number, (alt, allele) in enumerate(zip(row.alts, alleles, strict=True)):
            at = (row.line, number, row.chrom, row.position, row.ref, alt)
            if isinstance(allele, str):
                plain.append((*at, allele))
                continue
            found = _windows(scorer, chrom, allele)
            if not found:
                plain.append((*at, ""))
            for gene, windows in found.items():
                if isinstance(windows, str):
                    plain.append((*at, windows))
                else:
                    pairs.append(_Pair(at, gene, allele.start, scorer.codes_protein(chrom, allele), *windows))
    return conform(_table(plain, pairs, scorer), "variant_effects")


_Window = NDArray[np.uint8] | None


class _Pair(NamedTuple):
    """An allele and a gene: the columns of its line; the gene's row; the allele's first base; whether it touches coding sequence;
    the gene's window with the allele for the model and for the profile nets, None where theirs does not hold the allele or has
    too many unknown bases; why the model has no effect."""

    at: tuple
    gene: int
    start: int
    coding: float
    window: _Window
    profile: _Window
    error: str


def _windows(scorer: Scorer, chrom: str, allele: Allele) -> dict[int, tuple[_Window, _Window, str] | str]:
    """{row of a gene whose window the allele touches: the window of the model, that of the profile nets, why there is none of
    the model}; the reason alone where there is neither: an insertion or deletion spans the TSS, or a deletion draws so many
    unknown bases into the window that a run would not use it."""
    found: dict[int, tuple[_Window, _Window, str] | str] = {}
    profiles = scorer.profiles
    own, wide = (set() if each is None else set(each.near(chrom, allele).tolist()) for each in (scorer, profiles))
    for gene in sorted(own | wide):
        made = [
            _filled(scorer, windows, gene, allele) if windows is not None and gene in near else ""
            for windows, near in ((scorer, own), (profiles, wide))
        ]
        window, profile = (None if isinstance(each, str) else each for each in made)
        reasons = [each if isinstance(each, str) else "" for each in made]
        if window is None and profile is None:
            found[gene] = reasons[0] or reasons[1]
        else:
            found[gene] = window, profile, reasons[0]
    return found


def _filled(scorer: Scorer, windows: GeneWindows, gene: int, allele: Allele) -> NDArray[np.uint8] | str:
    """The gene's window with the allele, or why it has none."""
    made = windows.alternative(gene, allele)
    if made is None:
        return SPANS_TSS
    deletes = len(allele.ref) > len(allele.alt)
    if deletes and unknown_bases(made[None], windows.whole, scorer.model.parameters)[1][0]:
        return UNKNOWN_BASES
    return made


def _table(plain: Sequence[tuple], pairs: Sequence[_Pair], scorer: Scorer) -> pd.DataFrame:
    first = ["line", "alt_number", "chrom", "position", "ref", "alt"]
    tasks = scorer.model.tasks
    rows = np.array([pair.gene for pair in pairs], np.int64)
    start = np.array([pair.start for pair in pairs], np.int64)
    covered = np.array([pair.window is not None for pair in pairs], bool)
    effect, deviation = (np.full((len(pairs), len(tasks)), np.nan) for _ in range(2))
    for part in _blocks(covered):
        changed = np.array([pairs[at].window for at in part])
        effect[part] = scorer.effects(rows[part], changed)
        deviation[part] = scorer.deviation(rows[part], changed)
    jsd, shift = (np.full(len(pairs), np.nan) for _ in range(2))
    if scorer.profiles is not None:
        for part in _blocks(np.array([pair.profile is not None for pair in pairs], bool)):
            found = scorer.profiles.effects(rows[part], np.array([pairs[at].profile for at in part]))
            jsd[part], shift[part] = found
    offset = scorer.offset(rows, start) if len(pairs) else np.empty(0, np.int64)
    z = scorer.z(effect, offset) if len(pairs) else effect
    scored = pd.DataFrame([pair.at for pair in pairs], columns=first)
    length = (scorer.genes["tts"] - scorer.genes["tss"]).abs().to_numpy() + 1
    scored = scored.assign(
        gene=scorer.genes["gene"].to_numpy()[rows],
        offset=offset,
        transcribed=(offset >= 0) & (offset < length[rows]) if len(pairs) else np.empty(0, bool),
        coding=np.array([pair.coding for pair in pairs], np.float64),
        jsd=jsd,
        tss_shift=shift,
        error=[pair.error for pair in pairs],
    )
    of_tasks = scored[covered]
    long = of_tasks.loc[of_tasks.index.repeat(len(tasks))].assign(
        task=np.tile(tasks, len(of_tasks)),
        effect=effect[covered].ravel(),
        sd=deviation[covered].ravel(),
        z=z[covered].ravel(),
    )
    missing = dict.fromkeys(("effect", "sd", "z"), np.nan)
    rest = pd.DataFrame([item[:6] for item in plain], columns=first).assign(
        gene="", offset=0, transcribed=False, error=[item[6] for item in plain], task=""
    )
    rest = rest.assign(**dict.fromkeys(("coding", "jsd", "tss_shift"), np.nan), **missing)
    parts = [each for each in (long, scored[~covered].assign(task="", **missing), rest) if len(each)] or [rest]
    joined = pd.concat(parts, ignore_index=True)
    return joined.sort_values(["line", "alt_number", "gene"], kind="stable").assign(view=scorer.view)


def _blocks(held: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """The places that are held, in parts of as many as are predicted at a time."""
    places = np.flatnonzero(held)
    return [places[at : at + _BLOCK] for at in range(0, len(places), _BLOCK)]


def annotated_variants(file: VariantFile, effects: pd.DataFrame, scorer: Scorer) -> bytes:
    """The variant file with INFO fields: genes, distance from the TSS, effect and z by task, and why a variant has none."""
    keys = {task: re.sub(r"[^0-9A-Za-z_.]", "_", task) for task in scorer.model.tasks}
    header = [
        f'##groprog=<ID=sequence,View={scorer.view},Model={scorer.model.card["champions"][scorer.view]},Description="{WARNING}">',
        '##INFO=<ID=GPGENE,Number=A,Type=String,Description="Genes whose window holds the variant, separated by |">',
        '##INFO=<ID=GPPOS,Number=A,Type=String,Description="bp downstream of the TSS of each gene, separated by |">',
        '##INFO=<ID=GPTX,Number=A,Type=String,Description="1 inside the transcript of each gene">',
        '##INFO=<ID=GPCDS,Number=A,Type=String,Description="1 if it touches coding sequence, of this gene or another">',
        '##INFO=<ID=GPERR,Number=A,Type=String,Description="Why the variant has no score">',
    ]
    oracle = {task: found for task, found in scorer.model.oracle(scorer.view).items() if found is not None}
    for task, found in oracle.items():
        size = "rank only" if found["rank_only"] else "size and rank"
        header.append(
            f'##groprog=<ID=oracle,Task="{task}",Word={found["word"]},Genes={found["genes"]},'
            f'Association={found["association"]:.3g},Effect={found["effect"]:.3g},Control={found["control"]:.3g},Use="{size}">'
        )
    for task, key in keys.items():
        use = "; rank only" if task in oracle and oracle[task]["rank_only"] else ""
        header.append(
            f'##INFO=<ID=GPD_{key},Number=A,Type=String,Description="Effect on {task}, ALT less REF, by gene, '
            f'separated by |{use}">'
        )
        header.append(
            f'##INFO=<ID=GPZ_{key},Number=A,Type=String,Description="The same over the SD of random changes there">'
        )
        header.append(
            f'##INFO=<ID=GPSD_{key},Number=A,Type=String,Description="SD of the effect over the models of all folds and seeds">'
        )
    if scorer.profiles is not None:
        header += [
            '##INFO=<ID=GPJSD,Number=A,Type=String,Description="Change of the predicted profile of reads around the TSS of each '
            'gene, 0 to 1: square root of the Jensen-Shannon divergence, base 2">',
            '##INFO=<ID=GPSHIFT,Number=A,Type=String,Description="bp by which the expected TSS of each gene moves downstream">',
        ]
    return annotated(file, header, _info(effects, keys))


def _info(effects: pd.DataFrame, keys: Mapping[str, str]) -> dict[int, list[tuple[str, str]]]:
    """{line: its INFO fields}: a value an ALT, `.` for none, genes separated by |."""
    names = ["GPGENE", "GPPOS", "GPTX", "GPCDS"]
    names += [*(f"GP{kind}_{key}" for key in keys.values() for kind in ("D", "Z", "SD")), "GPJSD", "GPSHIFT", "GPERR"]
    lines: dict[int, dict[int, tuple[dict[str, dict[str, str]], list[str]]]] = {}
    for row in effects.to_dict("records"):
        genes, errors = lines.setdefault(row["line"], {}).setdefault(row["alt_number"], ({}, []))
        if row["gene"]:
            own = genes.setdefault(row["gene"], {"GPGENE": row["gene"]})
            own |= {
                "GPPOS": str(row["offset"]),
                "GPTX": "1" if row["transcribed"] else "0",
                "GPCDS": _number(row["coding"], ".0f"),
                "GPJSD": _number(row["jsd"], ".3g"),
                "GPSHIFT": _number(row["tss_shift"], ".3g"),
            }
            if row["task"]:
                key = keys[row["task"]]
                own |= {f"GPD_{key}": f"{row['effect']:.4g}", f"GPZ_{key}": f"{row['z']:.3g}"}
                own[f"GPSD_{key}"] = _number(row["sd"], ".3g")
        if row["error"] and row["error"] not in errors:
            errors.append(row["error"])
    found = {}
    for line, alts in lines.items():
        values = {
            name: [_by_gene([own.get(name, ".") for own in alts[alt][0].values()]) for alt in sorted(alts)]
            for name in names
        }
        values["GPERR"] = [_by_gene(alts[alt][1]) for alt in sorted(alts)]
        found[line] = [(name, ",".join(each)) for name, each in values.items() if any(value != "." for value in each)]
    return found


def _by_gene(values: Sequence[str]) -> str:
    return "|".join(values) if any(value != "." for value in values) else "."


def _number(value: float, written: str) -> str:
    return "." if np.isnan(value) else format(value, written)


class ScoredFiles(NamedTuple):
    """table: `variant_effects`; files: {name: the VCF with INFO fields}; variants: how many were read."""

    table: pd.DataFrame
    files: dict[str, bytes]
    variants: int


def study_scorer(
    files: Mapping[str, bytes],
    windows: pd.DataFrame,
    splits: pd.DataFrame,
    genome: GenomeCodes,
    names: Mapping[str, str],
    ladder: Ladder = plain_ladder,
    side: StudySide | None = None,
    coding: Coding | None = None,
    profiles: ProfileNets | None = None,
) -> Scorer:
    """The scorer of a study: files of its model, `sequence_windows`, `sequence_splits`, reference, its names; what makes the
    model's rungs; what it reads beside the bases; coding sequence by chromosome; its profile nets."""
    genes = windows[windows["used"]].merge(splits[["gene", "fold"]], on="gene", validate="one_to_one")
    by_base = None if profiles is None else ProfileScorer(profiles, genes, genome, names)
    return Scorer(unpacked(files, ladder), genes, genome, names, None if side is None else side.inputs, coding, by_base)


def scored_files(paths: Sequence[Path], scorer: Scorer, aliases: Path | None) -> ScoredFiles:
    """Effects of the variants of several files. The lines of a file follow those of the one before.

    Raises AnnotationError as `read_variants` and `variant_effects` do, with the problems of all files.
    """
    known = read_aliases(aliases)
    tables: list[pd.DataFrame] = []
    texts: dict[str, bytes] = {}
    problems: list[Problem] = []
    count = before = 0
    for path in paths:
        try:
            file = read_variants(path)
            effects = variant_effects(file, scorer, known)
        except GroProgError as error:
            problems += error.problems
            continue
        name = path.name.removesuffix(".gz")
        texts[name if name not in texts else f"{len(texts)}_{name}"] = annotated_variants(file, effects, scorer)
        tables.append(effects.assign(line=effects["line"] + before))
        count, before = count + len(file.rows), before + len(file.lines)
    if problems:
        raise AnnotationError(problems)
    table = pd.concat(tables, ignore_index=True) if tables else _table([], [], scorer)
    return ScoredFiles(conform(table, "variant_effects"), texts, count)
