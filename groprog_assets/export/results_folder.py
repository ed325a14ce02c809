"""The results folder: one file for each result, in the formats of the field. Each file is replaced as a whole.

Only files named in the folder's own manifest are ever removed, so anything else a person keeps there stays. No Dagster.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from groprog_assets.errors import ArtifactError
from groprog_assets.export.initiation_files import initiation_files
from groprog_assets.export.report_page import exported_page
from groprog_assets.export.tab_separated import tab_separated
from groprog_assets.lineage import ledger
from groprog_assets.lineage.present import COPY, HEAD, MANIFEST, listed
from groprog_assets.prognosis.standing_model import read_standing
from groprog_assets.store.artifacts import (
    Blob,
    canonical_json,
    digest_bytes,
    digest_file,
    digest_value,
    let_go,
    write_atomically,
)
from groprog_assets.store.code_version import project_digest
from groprog_assets.store.half_written import remove_remains
from groprog_assets.store.readings import load_asset, read_asset
from groprog_assets.store.workspace import Workspace
from groprog_assets.tables.values import Value

if TYPE_CHECKING:
    import pandas as pd

NOTE = "exported.json"
"""In the study's state: of what the results folder was written last."""
TRACKS_AHEAD = 2
"""Libraries whose bigWigs may lie in the study's state at a time, until they are copied into the results folder."""
NAME_PATIENTS = ("external_scores.tsv", "risk_scores.tsv")
"""The files with a row for each patient."""


def export_results(workspace: Workspace) -> list[str]:
    """Write everything that is made into the results folder; the names, in order. What a killed export left is removed."""
    folder = workspace.results
    remove_remains(folder)
    before = listed_files(folder)
    made = _made(workspace)
    if _is_exported(workspace, made, before):
        publish_ledger(workspace)
        return sorted(before)
    written: dict[str, str] = {}
    for name, content in _files(workspace):
        digest = digest_file(content) if isinstance(content, Path) else digest_bytes(content)
        written[name] = digest
        target = folder / name
        if name not in before:  # listed before it is written, so that a killed export leaves nothing unlisted
            before[name] = ""
            _list(folder, before)
        if not target.is_file() or digest_file(target) != digest:
            write_atomically(target, content)
    for name in sorted(set(before) - set(written)):
        target = (folder / name).resolve()
        if target.is_relative_to(folder.resolve()):
            target.unlink(missing_ok=True)
    _list(folder, written)
    publish_ledger(workspace)
    note = {"made": made, "manifest": digest_file(folder / MANIFEST)}
    write_atomically(workspace.state / NOTE, canonical_json(note))
    return sorted(written)


def _made(workspace: Workspace) -> str:
    """The digest of all that decides the exported files: current values, study, code."""
    values = sorted([*pointer] for pointer in workspace.derivations.pointers())
    return digest_value([values, workspace.study.model_dump(mode="json"), project_digest()])


def _is_exported(workspace: Workspace, made: str, listed: dict[str, str]) -> bool:
    """Whether the last export was of the same values, and every file it listed still has its bytes."""
    folder = workspace.results
    try:
        note = json.loads((workspace.state / NOTE).read_bytes())
        same = note == {"made": made, "manifest": digest_file(folder / MANIFEST)}
        return same and all(digest_file(folder / name) == digest for name, digest in listed.items())
    except (OSError, ValueError):
        return False


def publish_ledger(workspace: Workspace) -> None:
    """The copy of the ledger and its head in the results folder; nothing where there is no ledger."""
    if workspace.ledger_path.is_file():
        ledger.publish(workspace.ledger_path, workspace.results / COPY)
        head = ledger.read_head(workspace.ledger_path)
        if head:
            write_atomically(workspace.results / HEAD, canonical_json(head))


def _list(folder: Path, names: dict[str, str]) -> None:
    write_atomically(folder / MANIFEST, json.dumps(names, indent=1, sort_keys=True).encode())


def listed_files(folder: Path) -> dict[str, str]:
    """{file: SHA-256 of its bytes} of the manifest, "" for one that was not written to its end; empty without such a list."""
    try:
        return dict(listed((folder / MANIFEST).read_bytes()))
    except OSError:
        return {}


def _files(workspace: Workspace) -> Iterator[tuple[str, bytes | Path]]:
    """Every file: its name, and its bytes, or where they are many a file of them, which stands until the next is asked for."""
    report = load_asset(workspace, "report")
    if report is not None:
        yield "report.html", exported_page(report.content, workspace)
    figures = load_asset(workspace, "figures") or load_asset(workspace, "nascent_figures")
    for kind, images in (figures or {}).items():
        for name, image in images.items():
            yield f"figures/{name}.{kind}", image.content
    yield from _genomics(workspace)
    yield from _prognosis(workspace)
    yield from _sequence(workspace)
    yield from _omics(workspace)
    yield from _cases(workspace)
    snapshot = load_asset(workspace, "lineage_snapshot")
    if snapshot is not None:
        yield "lineage.json", _json(snapshot)


def _genomics(workspace: Workspace) -> Iterator[tuple[str, bytes | Path]]:
    models = load_asset(workspace, "gene_models")
    quality = []
    for library in workspace.study.libraries:
        table = load_asset(workspace, "read_quality", library.id)
        if table is not None:
            quality.append(table.assign(library=library.id))
    with _tracks_in_writing(workspace, None if models is None else models.chrom_sizes) as tracks:
        yield from _genomic_tables(workspace, quality)
        yield from tracks()


def _genomic_tables(workspace: Workspace, quality: list[pd.DataFrame]) -> Iterator[tuple[str, bytes]]:
    import pandas as pd

    if quality:
        yield "read_quality.tsv", tab_separated(pd.concat(quality, ignore_index=True))
    units, counts = load_asset(workspace, "transcripts"), load_asset(workspace, "transcript_counts")
    if units is not None:
        yield "transcripts/all.bed", _bed(units)
        yield "transcripts/all.tsv", tab_separated(units)
        yield "transcripts/grohmm.bed", _bed(_as_grohmm(units))
        if counts is not None:
            yield "transcripts/counts.tsv", _count_matrix(counts)
            for condition in sorted({library.condition for library in workspace.study.libraries}):
                ids = {library.id for library in workspace.study.libraries if library.condition == condition}
                seen = counts.loc[counts["library"].isin(ids) & (counts["count"] > 0), "transcript"]
                yield f"transcripts/{condition}.bed", _bed(units[units["name"].astype(object).isin(set(seen))])
    repaired = load_asset(workspace, "repaired_transcripts")
    if repaired is not None:
        yield "transcripts/repaired.bed", _bed(repaired.table)
        yield "transcripts/repaired.tsv", tab_separated(repaired.table)
        yield "transcripts/repaired_counts.tsv", _count_matrix(repaired.counts)
    yield from initiation_files(
        load_asset(workspace, "initiation_regions"), load_asset(workspace, "differential_initiation")
    )
    density = load_asset(workspace, "transcript_density")
    if density is not None:
        yield "transcript_density.json", _json(density.summary)
    for asset, name in (
        ("pausing", "pausing"),
        ("differential_transcription", "differential"),
        ("gene_differential", "gene_differential"),
        ("enrichment", "enrichment"),
    ):
        bundle = load_asset(workspace, asset)
        if bundle is not None:
            yield f"{name}.tsv", tab_separated(bundle.table)
    alike = load_asset(workspace, "library_similarity")
    if alike is not None:
        yield "transcripts/stabilized.tsv", _count_matrix(alike.stabilized, "signal")
        yield "library_components.tsv", tab_separated(alike.table)
        yield "library_correlation.tsv", tab_separated(alike.correlation)
    loci = load_asset(workspace, "loci")
    if loci is not None:
        for name, rows in loci.table.groupby("locus", sort=True):
            yield f"loci/{name}.tsv", tab_separated(rows)
        for name, rows in loci.tracks.groupby("locus", sort=True):
            yield f"loci/{name}.tracks.tsv", tab_separated(rows)
    for name, page in (load_asset(workspace, "locus_pages") or {}).items():
        yield f"loci/{name}.html", page.content
    features = _stored(workspace, "gene_features")
    if features is not None:
        yield "features.parquet", features


@contextmanager
def _tracks_in_writing(
    workspace: Workspace, chrom_sizes: dict[str, int] | None
) -> Iterator[Callable[[], Iterator[tuple[str, bytes | Path]]]]:
    """Inside, stranded bigWigs of every library are written in threads, into the study's state: raw, reads per million, and by
    spike-in where every library has such reads. The function gives their names and files, each once it is written."""
    place = workspace.state / f".export.{os.getpid()}.part"
    with ThreadPoolExecutor(1, "tracks") as beside:
        ids = [] if chrom_sizes is None else [library.id for library in workspace.study.libraries]
        spiked = {}
        for name in ids:
            filtered = _unread(workspace, "filtered_alignments", name)
            if filtered is not None:
                spiked[name] = int(filtered.member("summary").value()["spike_in_reads"])
        from groprog_assets.methods.reads.coverage import spike_in_scales

        scales = spike_in_scales(spiked)
        waiting = deque(spiked)
        pending = deque[Future[tuple[list[Path], int, dict[str, float]]]]()

        def begin(most: int) -> None:
            while waiting and len(pending) < most:
                given = (chrom_sizes or {}, scales, place)
                pending.append(beside.submit(_tracks_of, workspace, waiting.popleft(), *given))

        def written() -> Iterator[tuple[str, bytes | Path]]:
            rows = []
            for name in spiked:
                begin(TRACKS_AHEAD)
                paths, reads, kinds = pending.popleft().result()
                for path in paths:
                    yield f"coverage/{path.name}", path
                    path.unlink()
                factors = f"{kinds['.rpm']:.10g}\t{kinds.get('.spike_in', 'NA')}"
                rows.append(f"{name}\t{reads}\t{spiked[name]}\t{factors}\n")
            if rows:
                head = "library\treads\tspike_in_reads\trpm_scale\tspike_in_scale\n"
                yield "coverage/scales.tsv", (head + "".join(rows)).encode()

        begin(TRACKS_AHEAD)
        try:
            yield written
        finally:
            beside.shutdown(cancel_futures=True)
            shutil.rmtree(place, ignore_errors=True)


def _tracks_of(
    workspace: Workspace, name: str, chrom_sizes: dict[str, int], scales: dict[str, float], folder: Path
) -> tuple[list[Path], int, dict[str, float]]:
    """The bigWigs of one library, a strand in each of two threads; its reads, and the factor of each kind."""
    from groprog_assets.methods.reads.coverage import write_bigwigs
    from groprog_assets.methods.reads.positions import STRANDS, total_reads

    positions = _unread(workspace, "filtered_alignments", name).member("positions").in_sequences()
    let_go()  # of the tables of the run few are read again
    reads = total_reads(positions.value())
    kinds = {"": 1.0, ".rpm": 1e6 / reads if reads else 1.0}
    if name in scales:
        kinds[".spike_in"] = scales[name]

    def write(strand: str) -> list[Path]:
        return write_bigwigs(positions.value(), chrom_sizes, folder / name, kinds, [strand])

    with ThreadPoolExecutor(min(2, len(os.sched_getaffinity(0)))) as threads:
        return [path for paths in threads.map(write, STRANDS) for path in paths], reads, kinds


def _sequence(workspace: Workspace) -> Iterator[tuple[str, bytes]]:
    """The sequence half: metrics, predictions, targets, folds, words, the model's files, contributions, motifs."""
    evaluation, model = load_asset(workspace, "sequence_evaluation"), load_asset(workspace, "sequence_model")
    targets, splits = load_asset(workspace, "sequence_targets"), load_asset(workspace, "sequence_splits")
    windows, profile = load_asset(workspace, "sequence_windows"), load_asset(workspace, "sequence_profile")
    if windows is not None:
        yield "sequence/windows.tsv", tab_separated(windows)
    if targets is not None:
        yield "sequence/targets.tsv", tab_separated(targets["values"])
        yield "sequence/tasks.tsv", tab_separated(targets.tasks)
    if splits is not None:
        yield "sequence/splits.tsv", tab_separated(splits.table)
    if model is not None:
        from groprog_assets.methods.sequence.links import link_bedpe
        from groprog_assets.report.sequence_card import sequence_card

        yield "sequence/predictions.tsv", tab_separated(model.predictions)
        if "links" in model and len(model.links):
            yield "sequence/links.tsv", tab_separated(model.links)
            yield "sequence/links.bedpe", link_bedpe(model.links)
        for name, blob in model.files.items():
            yield f"sequence/model/{name}", _content(blob)
        metrics = None if evaluation is None else evaluation.metrics
        by_base = None if profile is None else profile.metrics
        yield "sequence/model/card.md", sequence_card(model.summary["card"], metrics, by_base).encode()
    scored = load_asset(workspace, "variant_effects")
    if scored is not None and len(scored.files):
        yield "sequence/variants.tsv", tab_separated(scored.table)
        for name, blob in scored.files.items():
            yield f"sequence/variants/{name}", _content(blob)
    if profile is not None:
        yield "sequence/profile.tsv", tab_separated(profile.metrics)
        yield "sequence/profile_genes.tsv", tab_separated(profile.genes)
    types = load_asset(workspace, "sequence_cell_types")
    if types is not None:
        yield "sequence/cell_types.tsv", tab_separated(types.table)
    explained, motifs = load_asset(workspace, "sequence_attributions"), load_asset(workspace, "sequence_motifs")
    if explained is not None:
        from groprog_assets.methods.sequence.explanations import track_name

        yield "sequence/contributions.tsv", tab_separated(explained.table)
        for task, blob in explained.tracks.items():
            yield f"sequence/contributions/{track_name(task)}.bw", _content(blob)
    if motifs is not None:
        from groprog_assets.methods.sequence.study_motifs import seqlet_bed

        yield "sequence/motifs.tsv", tab_separated(motifs.motifs)
        yield "sequence/motifs.meme", _content(motifs.meme)
        yield "sequence/seqlets.bed", seqlet_bed(motifs.seqlets)
        if "sites" in motifs and len(motifs.sites):
            yield "sequence/motif_sites.tsv", tab_separated(motifs.sites)
    vectors = load_asset(workspace, "sequence_embedding")
    if vectors is not None:
        yield "sequence/embedding.tsv", tab_separated(vectors.table)
    if evaluation is not None:
        yield "sequence/metrics.tsv", tab_separated(evaluation.metrics)
        yield "sequence/words.tsv", tab_separated(evaluation.words)
        if "windows" in evaluation:
            yield "sequence/window_ablation.tsv", tab_separated(evaluation.windows)
        yield "sequence/evaluation.json", _json(evaluation.summary)


def _prognosis(workspace: Workspace) -> Iterator[tuple[str, bytes]]:
    scores = load_asset(workspace, "risk_scores")
    if scores is not None:
        yield "risk_scores.tsv", tab_separated(scores)
    patients = _of_champion(workspace, "cohort")
    if patients is not None and "funnel" in patients:
        yield "patient_funnel.tsv", tab_separated(patients.funnel)
    evaluation = _of_champion(workspace, "evaluation")
    if evaluation is not None:
        yield "evaluation.json", _json(evaluation)
    ablation, elsewhere = load_asset(workspace, "ablation"), load_asset(workspace, "external_validation")
    if ablation is not None and ablation["parts"]:
        yield "ablation.json", _json(ablation)
    gained = load_asset(workspace, "transfer_gain")
    if gained is not None and gained["gains"]:
        yield "transfer_gain.json", _json(gained)
    related = load_asset(workspace, "related_work")
    if related is not None and related.document["rows"]:
        yield "related_work.json", _json(related.document)
    if elsewhere is not None and elsewhere.cohorts:
        yield "external_validation.json", _json(elsewhere.cohorts)
        yield "external_scores.tsv", tab_separated(elsewhere.scores)
    model = _of_champion(workspace, "risk_model")
    if model is not None:
        from groprog_assets.report.model_card import described_model, model_card

        for name, blob in model.files.items():
            yield f"model/{name}", _content(blob)
        yield "model/card.md", model_card({"Model": described_model(model.summary)}).encode()


_INTEGRATION = {
    "factors": {"table": "factor_scores", "weights": "factor_weights", "variance": "factor_variance"},
    "fused_network": {"table": "network_neighbours"},
    "strata": {"table": "subject_strata", "numbers": "stratum_numbers", "outcomes": "stratum_survival"},
    "biomarkers": {
        **{"table": "biomarkers", "folds": "panel_folds"},
        **{"targets": "target_candidates", "sets": "ranked_sets"},
    },
    "pathway_scores": {"table": "pathway_scores", "sets": "scored_sets"},
    "reversal": {"table": "drug_reversal"},
}
"""By asset its tables, and the files of the results that hold them."""


def _omics(workspace: Workspace) -> Iterator[tuple[str, bytes]]:
    """Under pseudonyms: the report of the omics half, ranked diseases with the part of each finding, accuracy."""
    report = load_asset(workspace, "omics_report")
    if report is not None:
        yield "omics/report.html", report.content
    ranking = load_asset(workspace, "disease_ranking")
    if ranking is not None:
        yield "omics/ranking_accuracy.tsv", tab_separated(ranking.accuracy)
        yield "omics/diagnosed_ranks.tsv", tab_separated(ranking.diagnosed)
        yield "omics/disease_ranks.tsv", tab_separated(ranking.table)
        joined = ranking.ratios["sources"].str.join(";")
        yield "omics/finding_ratios.tsv", tab_separated(ranking.ratios.assign(sources=joined))
    for asset, members in _INTEGRATION.items():
        value = load_asset(workspace, asset)
        if value is not None:
            yield from (
                (f"omics/{file}.tsv", tab_separated(getattr(value, member))) for member, file in members.items()
            )
    raw, corrected = load_asset(workspace, "assay_raw"), load_asset(workspace, "assay_corrected")
    if raw is not None:
        yield "omics/assays.tsv", tab_separated(raw.table)
    if corrected is not None:
        joined = corrected.effects["covariates"].str.join(";")
        yield "omics/batch_effects.tsv", tab_separated(corrected.effects.assign(covariates=joined))
    found = {name: load_asset(workspace, name) for name in ("subjects", "phenotypes", "diagnoses")}
    for name, value in found.items():
        if value is not None:
            frame = value if hasattr(value, "columns") else value.table
            lists = {column: frame[column].str.join(";") for column in frame.columns if column == "modifiers"}
            yield f"omics/{name}.tsv", tab_separated(frame.assign(**lists))


def _cases(workspace: Workspace) -> Iterator[tuple[str, bytes]]:
    """A page a case study, and the ranks and ratios behind it."""
    made, omics = load_asset(workspace, "case_studies"), workspace.study.omics
    terms, subjects = load_asset(workspace, "reference_terms"), load_asset(workspace, "subjects")
    if made is None or terms is None or subjects is None or omics is None or not omics.cases:
        return
    from groprog_assets.report.case_page import RESEARCH, render_case

    names = dict(terms.terms[["term_id", "name"]].itertuples(index=False, name=None))
    footer = f"{RESEARCH} HPO {terms.summary['version']}."
    for case in omics.cases:
        own = made.table.loc[made.table["case_name"] == case.name, "subject_id"]
        variants = subjects.variants[subjects.variants["subject_id"].isin(own)]
        yield f"omics/cases/{case.name}.html", render_case(case, made, names, variants, footer)
    yield "omics/cases/ranks.tsv", tab_separated(made.table)
    yield "omics/cases/ratios.tsv", tab_separated(made.ratios.assign(sources=made.ratios["sources"].str.join(";")))


def _of_champion(workspace: Workspace, asset: str) -> Value:
    """The value behind the model in use; before any decision the newest; None when there is none."""
    if not workspace.has(asset) or workspace.derivations.current("champion") is None:
        return load_asset(workspace, asset)
    try:
        return read_standing(workspace, asset).value()
    except ArtifactError:
        return None


def _unread(workspace: Workspace, asset: str, partition: str) -> Value:
    """The current value of an asset where it lies, or None when it was never made or the study has none."""
    if not workspace.has(asset) or workspace.derivations.current(asset, partition) is None:
        return None
    return read_asset(workspace, asset, partition).stored


def _stored(workspace: Workspace, asset: str) -> bytes | None:
    record = workspace.derivations.current_record(asset)
    return None if record is None else workspace.store.get_bytes(record["output"]["sha256"], asset)


def _content(blob: Blob) -> bytes:
    return blob.content


def _json(value: Value) -> bytes:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False).encode()


def _as_grohmm(units: pd.DataFrame) -> Value:
    """The units at the coordinates groHMM 1.41 exports to BED: its 1-based start less one, its end."""
    return units.assign(start=units["grohmm_start"] - 1, end=units["grohmm_end"])


def _count_matrix(counts: pd.DataFrame, values: str = "count") -> bytes:
    """Units x libraries, in the order of the table: what DESeq2 and edgeR read."""
    wide = counts.pivot(index="transcript", columns="library", values=values)
    return tab_separated(wide.loc[counts["transcript"].unique(), counts["library"].unique()].reset_index())


def _bed(units: pd.DataFrame) -> bytes:
    columns = units[["chrom", "start", "end", "name", "score", "strand"]].copy()
    columns["score"] = columns["score"].round().clip(0, 1000).astype(int)
    return tab_separated(columns, missing="", header=False)
