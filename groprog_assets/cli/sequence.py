"""`groprog sequence …`: predictions from sequence, another study's genes, and what a split of pairs is worth."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Literal

import click

from groprog_assets.cli.answering import OUT, readable
from groprog_assets.cli.arguments import needed_argument
from groprog_assets.cli.study_place import study_argument, study_file
from groprog_assets.cli.written_paths import WRITTEN, refuse_writing
from groprog_assets.errors import Problem, StudyError
from groprog_assets.study.text_tables import count_of

PATH = click.Path(path_type=Path)
MODEL = needed_argument("model", "a study, or the folder sequence/model of a results folder", "my-study", type=PATH)
OUTPUT = click.option("--output", "-o", type=WRITTEN, default=None, help="File to write; else the terminal.")


def _model_place(model: Path) -> Path:
    """The study file, where `model` is a study's folder; else `model` itself."""
    named = study_file(model)
    return named if named.is_file() else model


@click.group("sequence")
def sequence_group() -> None:
    """From genome sequence to nascent transcription."""


@sequence_group.command("predict")
@MODEL
@needed_argument("sequences", "a FASTA of windows, or a BED of regions", "windows.fa", type=PATH)
@click.option("--view", default="promoter", show_default=True, help="promoter or locus, as the model was made.")
@click.option(
    "--side",
    type=PATH,
    default=None,
    help="Table of the side columns that the model reads; its first column has the names.",
)
@click.option("--uncertainty", is_flag=True, help="Also <task>.sd: how far the models of the folds differ.")
@OUTPUT
@readable
def predict(model: Path, sequences: Path, view: str, side: Path | None, uncertainty: bool, output: Path | None) -> None:
    """Predict every task for SEQUENCES: a FASTA of windows, or a BED whose regions begin at a TSS (then MODEL is a study).

    MODEL is a study (its file or folder), or the folder sequence/model of a results folder, which needs no study. Where too many
    bases of a window are unknown, its values are NA and the column reason says so.
    """
    from groprog_assets.export.sequence import predict_regions, predict_sequences, sequence_model
    from groprog_assets.store.workspace import open_workspace
    from groprog_assets.study.bed import is_bed

    model = _model_place(model)
    held = sequence_model(model)
    if is_bed(sequences):
        if model.is_dir():
            rule, remedy = "Regions need the study's reference.", "Name the study file, or give the windows as FASTA."
            raise StudyError(Problem(str(model), "a folder of a model", rule, remedy))
        table = predict_regions(open_workspace(model), held, sequences, view, side, uncertainty)
    else:
        with tempfile.TemporaryDirectory() as scratch:
            table = predict_sequences(held, sequences, view, Path(scratch), side, uncertainty)
    _write(table.to_csv(sep="\t", index=False, float_format="%.6g", na_rep="NA"), output)


@sequence_group.command("windows")
@study_argument
@click.option("--soft-mask", is_flag=True, help="Bases that the study's FASTA has in lower case (repeats) are so here.")
@OUTPUT
@readable
def windows(study: Path, soft_mask: bool, output: Path | None) -> None:
    """The windows of a study's genes as FASTA, each with the sha256 of its sequence: what another model computes vectors from.

    `sequence.pretrained` takes a table of such vectors, by gene or by that sha256.
    """
    from groprog_assets.export.sequence import windows_fasta
    from groprog_assets.store.workspace import open_workspace

    _write(windows_fasta(open_workspace(study), soft_mask), output)


@sequence_group.command("evaluate")
@MODEL
@click.option("--external", type=PATH, required=True, help="Study file of another study, which has been run.")
@click.option("--task", "tasks", multiple=True, metavar="OURS=THEIRS", help="Tasks to compare; else those of one name.")
@OUTPUT
@readable
def evaluate(model: Path, external: Path, tasks: tuple[str, ...], output: Path | None) -> None:
    """Judge the finished model on the genes of another study; nothing is fitted to them."""
    from groprog_assets.export.sequence import evaluate_elsewhere

    halves = [item.partition("=") for item in tasks]
    pairs = {ours: theirs or ours for ours, _, theirs in halves}
    table = evaluate_elsewhere(_model_place(model), study_file(external), pairs)
    _write(table.to_csv(sep="\t", index=False, float_format="%.4g"), output)


@sequence_group.command("variants")
@study_argument
@needed_argument("variants", "a VCF, a BCF, or a table of chrom, pos, id, ref, alt", "variants.vcf", type=PATH)
@click.option(
    "--output",
    "-o",
    type=WRITTEN,
    required=True,
    help="VCF to write, compressed where it ends in .gz; TSV with --haplotypes.",
)
@click.option("--table", type=WRITTEN, default=None, help="TSV to write: a row a variant, gene and task.")
@click.option("--haplotypes", is_flag=True, help="Write a TSV: all SNVs of each haplotype of each sample at once.")
@readable
def variants(study: Path, variants: Path, output: Path, table: Path | None, haplotypes: bool) -> None:
    """Effect of each of VARIANTS (VCF, BCF, or a table of chrom, pos, id, ref, alt) on the transcription of the genes near it.

    Scored by models that never saw the gene's chromosome. A table has no INFO column: its effects are written with --table.
    """
    import gzip

    from groprog_assets.export.sequence import score_variants, told_variants
    from groprog_assets.store.artifacts import write_atomically

    if haplotypes:
        from groprog_assets.export.sequence_design import score_haplotypes

        found = score_haplotypes(study, variants)
        _write(found.to_csv(sep="\t", index=False, float_format="%.6g", na_rep="NA"), output)
        return
    made = score_variants(study, variants, table is not None)
    (content,) = made.files.values()
    write_atomically(output, gzip.compress(content, mtime=0) if output.suffix == ".gz" else content)
    OUT.print(f"{output}: {count_of(made.variants, 'variant')}; {told_variants(made.table)}", markup=False)
    if table is not None:
        _write(made.table.to_csv(sep="\t", index=False, float_format="%.6g"), table)


@sequence_group.command("explain")
@study_argument
@click.option("--genes", default="", help="Names separated by commas; else every gene that is used.")
@click.option("--output", "-o", type=WRITTEN, required=True, help="Folder to write.")
@click.option("--modisco", is_flag=True, help="Also the arrays that TF-MoDISco takes: sequences.npz and <task>.npz.")
@click.option(
    "--method",
    type=click.Choice(["contributions", "mutagenesis", "saliency"]),
    default="contributions",
    show_default=True,
    help="What the values of bases are. Single changes (mutagenesis, any model) and gradients (saliency, nets) have no sum.",
)
@readable
def explain(
    study: Path, genes: str, output: Path, modisco: bool, method: Literal["contributions", "mutagenesis", "saliency"]
) -> None:
    """What each base around the starts of GENES adds to their predictions, by models that never saw their chromosome.

    Writes contributions.tsv (a row a base), <task>.bw (mean over the genes), sums.tsv (sum against prediction), <gene>.svg.
    """
    from groprog_assets.export.sequence_explain import explained_genes
    from groprog_assets.store.artifacts import write_atomically

    files = explained_genes(study, [name.strip() for name in genes.split(",") if name.strip()], modisco, method)
    output.mkdir(parents=True, exist_ok=True)
    for name, content in sorted(files.items()):
        write_atomically(output / name, content)
        OUT.print(f"{output / name}", markup=False)


@sequence_group.command("reporter-check")
@MODEL
@needed_argument("pairs", "a table of ref, alt and effect", "pairs.tsv", type=PATH)
@click.option("--task", default="", help="What is predicted; else the model's first task.")
@click.option("--view", default="promoter", show_default=True, help="promoter or locus, as the model was made.")
@click.option("--end", default=30, show_default=True, help="bp upstream of the TSS where a shorter sequence ends.")
@OUTPUT
@readable
def reporter_check(model: Path, pairs: Path, task: str, view: str, end: int, output: Path | None) -> None:
    """How far predicted effects agree with those that a reporter assay measured for PAIRS (ref, alt, effect).

    MODEL is a study, or the folder sequence/model of a results folder.
    """
    from groprog_assets.export.sequence_design import check_reporter_assay

    found = check_reporter_assay(_model_place(model), pairs, task, view, end)
    held = found.agreement
    OUT.print(f"{count_of(held.pairs, 'pair')}, {found.task}", markup=False)
    OUT.print(f"r {held.r:.3f} [{held.r_interval.lower:.3f}, {held.r_interval.upper:.3f}]", markup=False)
    signs = held.signs_interval
    OUT.print(f"same sign {held.signs:.1%} [{signs.lower:.1%}, {signs.upper:.1%}]", markup=False)
    if output is not None:
        _write(found.table.to_csv(sep="\t", index=False, float_format="%.6g"), output)


@sequence_group.command("design")
@study_argument
@click.option("--gene", required=True, help="The gene whose promoter is changed.")
@click.option("--task", required=True, help="The prediction to move.")
@click.option("--lower", is_flag=True, help="Lower it; else raise it.")
@click.option("--edits", default=10, show_default=True, type=click.IntRange(1, 100), help="Substitutions at most.")
@click.option("--output", "-o", type=WRITTEN, required=True, help="FASTA to write; the edits beside it as .tsv.")
@readable
def design(study: Path, gene: str, task: str, lower: bool, edits: int, output: Path) -> None:
    """A promoter with few substitutions that moves one prediction: an outlook, not validated by experiment.

    The models that search are not those that judge the result.
    """
    from groprog_assets.export.sequence_design import OUTLOOK, design_promoter
    from groprog_assets.store.artifacts import write_atomically

    table = output.with_suffix(".tsv")
    refuse_writing([("--output", output), ("the edits beside --output", table)], [], study)
    made = design_promoter(study, gene, task, lower, edits)
    write_atomically(output, made.fasta)
    write_atomically(table, f"# {OUTLOOK}\n{made.edits.to_csv(sep=chr(9), index=False, float_format='%.4g')}".encode())
    OUT.print(f"{output}, {table}: {count_of(len(made.edits), 'edit')}", markup=False)
    OUT.print(f"{task} by a model that did not search: {made.before:.2f} before, {made.after:.2f} after", markup=False)
    OUT.print(OUTLOOK, markup=False)


@sequence_group.command("leak-check")
@needed_argument("pairs", "a table of gene, promoter, distal and target", "pairs.tsv", type=PATH)
@click.option("--output", "-o", type=WRITTEN, default=None, help="TSV to write; a figure of it beside it as .svg.")
@readable
def leak_check(pairs: Path, output: Path | None) -> None:
    """What a split of PAIRS (gene, promoter, distal, target; optionally chrom, split) is worth: one learner, three splits.

    A column `split` (train, test) is judged beside them.
    """
    from groprog_assets.export.sequence import leak_check as check

    if output is not None:
        places = [("--output", output), ("the figure beside --output", output.with_suffix(".svg"))]
        refuse_writing(places, [("PAIRS", pairs.resolve())], None)
    found = check(pairs)
    evidence, inside = found.evidence, found.evidence.inflation_inside
    OUT.print(f"{count_of(found.pairs, 'pair')} of {found.genes:,} genes", markup=False)
    OUT.print(
        "r of one learner on the test pairs of each split, with the share of them whose gene, promoter also trains:"
    )
    for row in found.table.itertuples(index=False):
        told = f"{row.r:.3f} [{row.lower:.3f}, {row.upper:.3f}]"
        shares = f"{row.genes_in_training:.1%}, {row.promoters_in_training:.1%}"
        OUT.print(f"  {row.split:<34} {told:<23} {shares}", markup=False)
    OUT.print(
        f"inflation of the random split: {evidence.inflation:.3f} [{inside.lower:.3f}, {inside.upper:.3f}]",
        markup=False,
    )
    if found.split_told:
        OUT.print(found.split_told, markup=False)
    if output is not None:
        from groprog_assets.figures.sequence import splits_of_pairs
        from groprog_assets.figures.style import figure_bytes
        from groprog_assets.store.artifacts import write_atomically

        _write(found.table.to_csv(sep="\t", index=False, float_format="%.4g"), output)
        picture = output.with_suffix(".svg")
        write_atomically(picture, figure_bytes(splits_of_pairs(found.table), "svg"))
        OUT.print(f"{picture}", markup=False)


def _write(text: str, output: Path | None) -> None:
    from groprog_assets.store.artifacts import write_atomically

    if output is None:
        click.echo(text, nl=False)
    else:
        write_atomically(output, text.encode())
        OUT.print(f"{output}", markup=False)
