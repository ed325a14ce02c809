"""What is predicted: log2 densities and fold changes of genes, from libraries or a user's table. Tables in and out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.errors import AnnotationError, Problem
from groprog_assets.methods.cohort.clinical_tables import missing_cells, read_table
from groprog_assets.methods.reads.window_counts import (
    OPPOSITE,
    StrandedIndex,
    count_stranded,
    stranded_index,
    tss_window,
)
from groprog_assets.methods.sequence.batches import Batches
from groprog_assets.methods.sequence.gene_tables import gene_columns
from groprog_assets.study.annotation_files import some
from groprog_assets.study.schema import Contrast, Library
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_assets.study.sequence_study import Sequence as Section
from groprog_assets.study.sequence_study import TargetTable
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables import conform

TSS_WINDOW = (0, 250)
BODY_WINDOW = (250, 2250)
ANTISENSE_WINDOW = (-300, 0)
"""bp from the TSS; the body ends with the gene where that is earlier; divergent transcription is read on the other strand."""
MINIMUM_BODY = 100
"""Bases of a body below which its density is missing."""
LARGEST_LOG2 = 64
"""Above any logarithm of counts, TPM or intensities; values above it were never taken as logarithms."""
MINIMUM_BATCH = 10
"""Genes of a batch below which its offset says more of these genes than of the batch."""
PROTOCOL_COLUMNS = ("batch", "protocol", "platform", "technology", "assay", "library_prep", "kit")
"""Names of columns that tell that a table joins values of several protocols."""


class Targets(NamedTuple):
    """values: `gene` and a column a kept task, missing where not defined; tasks: table `sequence_tasks`, dropped ones among
    them; batches: of the genes of a table with several, in the order of values."""

    values: pd.DataFrame
    tasks: pd.DataFrame
    batches: Batches | None = None


def density_counts(index: StrandedIndex, genes: pd.DataFrame) -> dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """{`body`, `tss`, `antisense`: (reads (g,), bases (g,))} of genes with chrom, strand, tss, tts in one library's positions."""
    chrom, strand, tss = (genes[name].to_numpy() for name in ("chrom", "strand", "tss"))
    length = np.abs(genes["tts"].to_numpy() - tss) + 1
    found = {}
    for name, (first, last), side in (
        ("body", BODY_WINDOW, strand),
        ("tss", TSS_WINDOW, strand),
        ("antisense", ANTISENSE_WINDOW, np.array([OPPOSITE[s] for s in strand], object)),
    ):
        width = np.full(len(genes), last - first)
        start, end = tss_window(tss, strand, first, last)
        if name == "body":
            width = np.clip(np.minimum(length, last) - first, 0, None)
            start = np.where(strand == "+", start, tss - first - width + 1)
            end = np.where(strand == "+", start + width, tss - first + 1)
        found[name] = count_stranded(index, chrom, side, start, end), width
    return found


def log_density(count: NDArray, width: NDArray, size: float) -> NDArray[np.float64]:
    """log2((count + 0.5) per kilobase and million reads): (g,); missing where the window has fewer than MINIMUM_BODY bases.

    count (g,) reads, width (g,) bp, size in reads.
    """
    with np.errstate(divide="ignore"):
        density = np.log2((count + 0.5) / np.maximum(width, 1) * 1e3 / size * 1e6)
    return np.where(width >= MINIMUM_BODY, density, np.nan)


def nascent_targets(
    positions: Mapping[str, pd.DataFrame],
    libraries: Sequence[Library],
    contrast: Contrast,
    sizes: Mapping[str, float],
    genes: pd.DataFrame,
    shrunken: Mapping[str, float],
    parameters: SequenceParameters,
) -> Targets:
    """Body, TSS and divergent antisense density of each condition, and their change between the contrast's conditions.

    positions, sizes: by library id, replicates of a condition are pooled. `log2fc.body` and `log2fc.tss` are differences of
    densities, treatment less control; `log2fc.shrunken` is {gene: change} of the study's own test. The first task is the body
    of the control. A task whose first two replicates agree with r below `minimum_ceiling` is dropped.
    """
    counts: dict[str, list[tuple[dict[str, tuple[NDArray, NDArray]], float]]] = {}
    conditions = list(
        dict.fromkeys((contrast.control, contrast.treatment, *(library.condition for library in libraries)))
    )
    for library in libraries:
        found = density_counts(stranded_index(positions[library.id]), genes)
        counts.setdefault(library.condition, []).append((found, sizes[library.id]))
    tasks: dict[str, NDArray] = {}
    replicates: dict[str, list[NDArray]] = {}
    for kind in ("body", "tss", "antisense"):
        for condition in conditions:
            held = counts.get(condition, [])
            if not held:
                continue
            width = held[0][0][kind][1]
            pooled = np.sum([found[kind][0] for found, _ in held], axis=0)
            name = f"{kind}.{condition}"
            tasks[name] = log_density(pooled, width, sum(size for _, size in held))
            replicates[name] = [log_density(found[kind][0], width, size) for found, size in held]
    for kind in ("body", "tss"):
        pair = [f"{kind}.{condition}" for condition in (contrast.treatment, contrast.control)]
        tasks[f"log2fc.{kind}"] = tasks[pair[0]] - tasks[pair[1]]
        replicates[f"log2fc.{kind}"] = [a - b for a, b in zip(*(replicates[name] for name in pair), strict=False)]
    change = genes["gene"].map(shrunken).to_numpy(float)
    if np.isfinite(change).any():
        tasks["log2fc.shrunken"], replicates["log2fc.shrunken"] = change, []
    units = {name: "log2" if name.startswith("log2fc") else "log2 reads per kilobase and million" for name in tasks}
    return _kept(genes, tasks, units, replicates, parameters)


def _kept(
    genes: pd.DataFrame,
    tasks: Mapping[str, NDArray],
    units: Mapping[str, str],
    replicates: Mapping[str, Sequence[NDArray]],
    parameters: SequenceParameters,
) -> Targets:
    rows = []
    for name, values in tasks.items():
        held = replicates.get(name, [])
        ceiling = pearson(held[0], held[1]) if len(held) > 1 else np.nan
        note = "" if len(held) > 1 else "no replicates, so no ceiling"
        if np.isfinite(values).sum() < 3 or np.nanmax(values) == np.nanmin(values):
            note = "dropped: the same value in every gene"
        elif ceiling < parameters.minimum_ceiling:
            note = f"dropped: replicates agree with r {ceiling:.2f}"
        rows.append((name, units[name], int(np.isfinite(values).sum()), ceiling, not note.startswith("dropped"), note))
    table = pd.DataFrame(rows, columns=["task", "unit", "genes", "replicate_r", "kept", "note"])
    kept = {name: tasks[name] for name in table.loc[table["kept"], "task"]}
    frame = pd.DataFrame({"gene": genes["gene"].to_numpy(), **kept})
    return Targets(conform(frame, "sequence_targets"), conform(table, "sequence_tasks"))


def pearson(first: NDArray, second: NDArray) -> float:
    """Pearson r of two arrays (n,) over the places where both have a value; 0 where one of them does not vary."""
    both = np.isfinite(first) & np.isfinite(second)
    a, b = first[both] - first[both].mean() if both.any() else first[both], second[both]
    b = b - b.mean() if both.any() else b
    scale = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if scale > 0 else 0.0


def study_targets(
    section: Section,
    positions: Mapping[str, pd.DataFrame],
    libraries: Sequence[Library],
    contrast: Contrast,
    sizes: Mapping[str, float],
    genes: pd.DataFrame,
    differential: pd.DataFrame,
) -> Targets:
    """The targets that the study's section names: `nascent_targets` with the changes of `gene_differential`, or
    `table_targets`."""
    if section.targets is not None:
        return table_targets(section.targets, genes, section.parameters)
    shrunken = dict(zip(differential["gene"], differential["shrunken_log2_fold_change"], strict=True))
    return nascent_targets(positions, libraries, contrast, sizes, genes, shrunken, section.parameters)


def table_targets(given: TargetTable, genes: pd.DataFrame, parameters: SequenceParameters) -> Targets:
    """Targets of a user's table: a row a gene, named by the column `id`; genes in the order of `genes`.

    log2 values are taken as they are; counts become log2 of (count + 0.5) per million of their column, tpm and fpkm log2 of
    (value + 1). Genes that the table lacks are missing. The values keep the level of their batch: its offset is fitted on the
    training genes of each fold. Raises AnnotationError: missing columns, no name in common, a name twice, text or negative
    values, values of several protocols without a `batch`, a batch of too few genes.
    """
    read = read_target_table(given)
    matched = read.reindex(genes["gene"])
    if not matched.index.isin(read.index).any():
        rule = "The table names the genes of the study."
        value = (
            f"0 of {len(read)} ids are genes: {', '.join(read.index[:3])} against {', '.join(genes['gene'].iloc[:3])}"
        )
        raise AnnotationError(Problem(str(given.table), value, rule, "Name another column as sequence.targets.id."))
    units = dict.fromkeys(given.columns, "log2")
    made = _kept(genes, {name: matched[name].to_numpy(float) for name in given.columns}, units, {}, parameters)
    if given.batch is None:
        return made
    label = pd.Series(_labels(given), index=read.index).reindex(genes["gene"])
    names = sorted(set(label.dropna()))
    of_gene = [names.index(each) if isinstance(each, str) else -1 for each in label]
    return made._replace(batches=Batches(given.batch, names, of_gene))


def read_target_table(given: TargetTable) -> pd.DataFrame:
    """The columns of a user's table as log2 values, indexed by gene; missing where a cell is empty or NA. Raises as
    `table_targets`."""
    table, problems = gene_columns(Path(given.table), given.id, given.columns, "sequence.targets")
    for column in given.columns:
        lowest = table[column].min()
        highest = table[column].max()
        if given.unit == "log2" and highest > LARGEST_LOG2:
            rule = f"No logarithm to the base 2 is above {LARGEST_LOG2}."
            remedy = "Say `unit: tpm`, `fpkm` or `counts`, as the values are."
            problems.append(Problem(str(given.table), f"{highest:g} in column {column}", rule, remedy))
        if given.unit != "log2" and lowest < 0:
            rule = f"Values in {given.unit} are not negative."
            remedy = "Say `unit: log2` where they are logarithms."
            problems.append(Problem(str(given.table), f"{lowest:g} in column {column}", rule, remedy))
    if len(table) > 2 and (table.nunique() < 2).all():
        rule = "What is predicted differs between genes."
        value = f"the same value in every row of {', '.join(given.columns)}"
        problems.append(Problem(str(given.table), value, rule, "Name another column in sequence.targets.columns."))
    problems += _batch_problems(given, table.notna().any(axis=1).to_numpy())
    if problems:
        raise AnnotationError(problems)
    found = {column: _as_log2(table[column].to_numpy(float), given.unit) for column in given.columns}
    return pd.DataFrame(found, index=table.index)


def _labels(given: TargetTable) -> NDArray[np.object_]:
    """(n,) batch of each row of a table, None where the cell is empty or NA."""
    text = read_table(Path(given.table)).cells[given.batch].str.strip()
    return text.astype(object).mask(missing_cells(text), None).to_numpy(object)


def spelling(name: str) -> str:
    """A name without what tells no batches apart: capitals and further spaces."""
    return " ".join(name.casefold().split())


def _batch_problems(given: TargetTable, valued: NDArray[np.bool_]) -> list[Problem]:
    """Problems of the protocols that a table's values come from; valued (n,): rows with a value."""
    where, cells = str(given.table), read_table(Path(given.table)).cells
    if given.batch is None:
        joined = [
            name
            for name in cells.columns
            if name.strip().lower() in PROTOCOL_COLUMNS
            and name not in given.columns
            and cells[name][valued].map(spelling).nunique() > 1
        ]
        rule = f"Values in {given.unit} of several protocols have no common level."
        otherwise = "it is no protocol, or the values were brought to one level already"
        return [
            Problem(
                where,
                f"column {name} names {some(dict.fromkeys(cells[name][valued]))}",
                rule,
                f"Say `batch: {name}` in sequence.targets: each then has an offset. Remove the column if {otherwise}.",
            )
            for name in joined
        ]
    if given.batch not in cells.columns:
        remedy = f"There are: {', '.join(map(str, cells.columns[:12]))}."
        return [
            Problem(where, f"no column {given.batch!r}", "sequence.targets.batch names a column of the table.", remedy)
        ]
    label, problems = pd.Series(_labels(given)), []
    lacking = int((label.isna() & valued).sum())
    if lacking:
        value = f"{count_of(lacking, 'gene')} without a cell in column {given.batch}"
        rule = "A gene with a value has a batch."
        problems.append(Problem(where, value, rule, "Fill the cell, or leave the gene's values empty."))
    count = label[valued].value_counts()
    for _, alike in count.groupby(count.index.map(spelling), sort=True):
        if len(alike) > 1:
            rule = "A batch has one name, else it would have several offsets."
            value = f"{', '.join(sorted(alike.index))} in column {given.batch}"
            problems.append(Problem(where, value, rule, "Write it alike in every row."))
    for name in sorted(count.index[count < MINIMUM_BATCH]):
        rule = f"The offset of a batch is fitted on {MINIMUM_BATCH} genes or more."
        remedy = "Leave these genes' values empty, or name their batch as another of one protocol."
        problems.append(Problem(where, f"{count_of(int(count[name]), 'gene')} of {given.batch} {name}", rule, remedy))
    return problems


def _as_log2(values: NDArray[np.float64], unit: str) -> NDArray[np.float64]:
    if unit == "log2":
        return values
    if unit == "counts":
        return np.log2((values + 0.5) / np.nansum(values) * 1e6)
    return np.log2(values + 1)
