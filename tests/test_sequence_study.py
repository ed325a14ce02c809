"""A study with a sequence half: reads and genome to metrics, report and results; bad input; its model without the study."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from groprog_assets.cli.main import main
from groprog_assets.export.results_folder import export_results
from groprog_assets.store.readings import load_asset
from groprog_assets.store.workspace import SEQUENCE_ASSETS, Workspace
from groprog_kernels.bases import decode
from tests.test_without_cohort import without_cohort
from tests.trained_study import copied, run, without_drawing

SECTION = {"windows": {"tss": [500, 300], "tts": None}, "parameters": {"bootstrap_samples": 100}}


def with_sequence(path: Path, section: dict | None = None) -> Path:
    document = yaml.safe_load(path.read_text())
    document["sequence"] = SECTION if section is None else section
    path.write_text(yaml.safe_dump(document))
    return path


@pytest.fixture(scope="module")
def made(written: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """study.yaml of one with a sequence half and without patients, run whole and exported."""
    path = with_sequence(without_cohort(copied(written, tmp_path_factory.mktemp("sequence") / "study")))
    annotation = path.parent / yaml.safe_load(path.read_text())["genome"]["annotation"]
    rows = annotation.read_text().splitlines(keepends=True)
    annotation.write_text("".join(rows + [row.replace("\texon\t", "\tCDS\t") for row in rows if "\texon\t" in row]))
    with pytest.MonkeyPatch.context() as patch:
        without_drawing(patch)
        run(path)
    export_results(Workspace(path))
    return path


def test_the_group_is_made_and_kept(made: Path):
    names = {asset for asset, _, _ in Workspace(made).derivations.pointers()}
    unasked = {"sequence_profile", "sequence_descriptors", "sequence_side", "sequence_cell_types"}
    assert set(SEQUENCE_ASSETS) - unasked <= names, "nobody asked for these four"
    assert "sequence_side" not in names
    assert not run(made).total(), "a second run keeps all"


def test_metrics_are_those_of_the_predictions(made: Path):
    workspace = Workspace(made)
    evaluation, model = load_asset(workspace, "sequence_evaluation"), load_asset(workspace, "sequence_model")
    held = evaluation.metrics[evaluation.metrics["rung"] == "ridge_kmer"].iloc[0]
    rows = model.predictions
    rows = rows[
        (rows["task"] == held["task"]) & (rows["view"] == held["view"]) & (rows["rung"] == "ridge_kmer")
    ].dropna()
    r = [np.corrcoef(part["target"], part["predicted"])[0, 1] for _, part in rows.groupby("fold")]
    assert held["pearson"] == pytest.approx(np.mean(r))
    assert held["inflation"] == pytest.approx(held["random_split"] - held["pearson"])
    assert held["lower"] <= held["pearson"] <= held["upper"]


def test_every_gene_is_predicted_by_a_model_that_never_saw_its_chromosome(made: Path):
    workspace = Workspace(made)
    splits, model = load_asset(workspace, "sequence_splits"), load_asset(workspace, "sequence_model")
    windows = load_asset(workspace, "sequence_windows").set_index("gene")
    chrom = splits.table["gene"].map(windows["chrom"])
    assert chrom.groupby(splits.table["fold"]).nunique().max() == 1
    folds = model.predictions.drop_duplicates("gene").set_index("gene")["fold"]
    assert (folds.reindex(splits.table["gene"]).to_numpy() == splits.table["fold"].to_numpy()).all()


def test_the_report_and_the_results_hold_it(made: Path):
    results = Workspace(made).results
    page = (results / "report.html").read_text()
    assert "From sequence to transcription" in page
    assert "never stand in training and test" in page
    names = {
        path.relative_to(results / "sequence").as_posix()
        for path in (results / "sequence").rglob("*")
        if path.is_file()
    }
    assert {"metrics.tsv", "predictions.tsv", "splits.tsv", "words.tsv", "evaluation.json", "model/card.json"} <= names
    card = json.loads((results / "sequence" / "model" / "card.json").read_text())
    assert card["folds"] == 2
    assert "differences between people" in card["warning"]
    metrics = pd.read_csv(results / "sequence" / "metrics.tsv", sep="\t")
    told = (results / "sequence" / "model" / "card.md").read_text()
    for row in metrics[metrics["champion"]].to_dict("records"):
        inside = card["held_out_interval"][row["view"]][row["task"]]
        assert inside == pytest.approx([row["lower"], row["upper"]], abs=1e-6)
        assert f"| {row['task']} | {row['view']} |" in told
    assert "differences between people" in told


def test_contributions_and_motifs_are_made_and_exported(made: Path):
    results = Workspace(made).results / "sequence"
    sums = pd.read_csv(results / "contributions.tsv", sep="\t")
    assert (sums["gap"].abs() < 1e-4).all()
    tasks = set(sums["task"])
    assert {path.stem for path in (results / "contributions").iterdir()} == tasks
    assert (results / "motifs.meme").read_text().startswith("MEME version 4")
    assert (results / "seqlets.bed").is_file()
    assert "same_sign" in pd.read_csv(results / "motifs.tsv", sep="\t").columns


def test_chosen_genes_are_explained(made: Path, tmp_path: Path):
    windows = load_asset(Workspace(made), "sequence_windows")
    names = windows.loc[windows["used"], "gene"].head(2).tolist()
    arguments = ["sequence", "explain", str(made), "--genes", ",".join(names), "-o", str(tmp_path / "o"), "--modisco"]
    said = CliRunner().invoke(main, arguments)
    assert said.exit_code == 0, said.output
    bases = pd.read_csv(tmp_path / "o" / "contributions.tsv", sep="\t")
    sums = pd.read_csv(tmp_path / "o" / "sums.tsv", sep="\t").set_index(["gene", "task"])["sum"]
    assert set(bases["gene"]) == set(names)
    task = bases.columns[-1]
    for name in names:
        assert bases.loc[bases["gene"] == name, task].sum() == pytest.approx(sums[name, task], abs=1e-3)
        assert (tmp_path / "o" / f"{name}.svg").is_file()
    with np.load(tmp_path / "o" / "sequences.npz") as sequences, np.load(tmp_path / "o" / f"{task}.npz") as arrays:
        observed = (sequences["arr_0"] * arrays["arr_0"]).sum(axis=(1, 2))
        assert sequences["arr_0"].shape == arrays["arr_0"].shape == (2, 4, 550)
        assert np.isfinite(observed).all()
    said = CliRunner().invoke(main, ["sequence", "explain", str(made), "--genes", "nobody", "-o", str(tmp_path / "p")])
    assert said.exit_code == 2
    assert "no such gene" in said.output
    assert not (tmp_path / "p").exists()


def test_the_model_predicts_without_the_study_what_the_study_predicts(made: Path, tmp_path: Path):
    workspace = Workspace(made)
    alone = shutil.copytree(workspace.results / "sequence" / "model", tmp_path / "model")
    windows = load_asset(workspace, "sequence_windows")
    genes = windows[windows["used"]].head(5)
    regions = tmp_path / "regions.bed"
    plus = genes["strand"] == "+"
    start, end = np.where(plus, genes["tss"], genes["tss"] - 9), np.where(plus, genes["tss"] + 10, genes["tss"] + 1)
    rows = zip(genes["chrom"], start, end, genes["gene"], genes["strand"], strict=True)
    regions.write_text("".join(f"{c}\t{s}\t{e}\t{g}\t0\t{t}\n" for c, s, e, g, t in rows))
    said = CliRunner().invoke(main, ["sequence", "predict", str(made), str(regions), "-o", str(tmp_path / "a.tsv")])
    assert said.exit_code == 0, said.output
    from groprog_assets.methods.sequence.study_model import genome_of
    from groprog_assets.methods.sequence.windows import Layout, gene_codes

    reference = load_asset(workspace, "reference_sequence")
    genome = genome_of(workspace.study.genome.fasta, reference, workspace)
    codes = gene_codes(genes, genome, reference["names"], Layout((500, 300)))
    fasta = tmp_path / "windows.fa"
    fasta.write_text("".join(f">{g}\n{decode(row)}\n" for g, row in zip(genes["gene"], codes, strict=True)))
    said = CliRunner().invoke(main, ["sequence", "predict", str(alone), str(fasta), "-o", str(tmp_path / "b.tsv")])
    assert said.exit_code == 0, said.output
    first, second = (pd.read_csv(tmp_path / name, sep="\t") for name in ("a.tsv", "b.tsv"))
    assert first["name"].tolist() == second["name"].tolist() == genes["gene"].tolist()
    assert first["reason"].isna().all(), "every one has a value"
    tasks = list(second.columns[1:-1])
    assert np.allclose(first[tasks], second[tasks])


def test_what_cannot_be_predicted_is_said(made: Path, tmp_path: Path):
    folder = Workspace(made).results / "sequence" / "model"
    short = tmp_path / "short.fa"
    short.write_text(">a\nACGT\n")
    said = CliRunner().invoke(main, ["sequence", "predict", str(folder), str(short)])
    assert said.exit_code == 2
    assert "a window of 800 bases" in said.output
    regions = tmp_path / "regions.bed"
    regions.write_text("nowhere\t5\t9\tg\t0\t+\nchr1\t5\t9\nchr1\t5\t999999999\tg\t0\t-\n")
    said = CliRunner().invoke(main, ["sequence", "predict", str(made), str(regions)])
    assert said.exit_code == 2
    for part in ("chromosome nowhere", "needs six columns", "chr1:5-999999999, it ends at"):
        assert part in said.output, said.output
    spoilt = shutil.copytree(folder, tmp_path / "spoilt")
    (spoilt / "promoter" / "final.safetensors").write_bytes(b"no")
    said = CliRunner().invoke(main, ["sequence", "predict", str(spoilt), str(short)])
    assert said.exit_code == 2
    assert "Copy the whole folder" in said.output


def test_a_study_judged_on_itself_from_outside_agrees_with_more_than_its_held_out_r(made: Path, tmp_path: Path):
    out = tmp_path / "t.tsv"
    said = CliRunner().invoke(main, ["sequence", "evaluate", str(made), "--external", str(made), "-o", str(out)])
    assert said.exit_code == 0, said.output
    assert (pd.read_csv(out, sep="\t")["pearson"].abs() <= 1).all()
    said = CliRunner().invoke(main, ["sequence", "evaluate", str(made), "--external", str(made), "--task", "x=y"])
    assert said.exit_code == 2
    assert "no task 'x'" in said.output


def changes_around(made: Path, vcf: Path, offsets: tuple[int, ...]) -> Path:
    """A VCF of changes of one base, that many bp to the right of the first gene's TSS."""
    from groprog_assets.methods.sequence.study_model import genome_of

    workspace = Workspace(made)
    reference, windows = load_asset(workspace, "reference_sequence"), load_asset(workspace, "sequence_windows")
    genome = genome_of(workspace.study.genome.fasta, reference, workspace)
    gene = windows[windows["used"]].iloc[0]
    chromosome = genome.chromosome(reference["names"][gene["chrom"]])
    rows = []
    for position in (int(gene["tss"]) + offset for offset in offsets):
        base = decode(chromosome[position : position + 1])
        rows.append(f"{gene['chrom']}\t{position + 1}\trs1\t{base}\t{'A' if base != 'A' else 'C'}\t.\t.\t.\n")
    vcf.write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "".join(rows))
    return vcf


def test_variants_of_a_study_are_scored_and_written(made: Path, tmp_path: Path):
    gene = load_asset(Workspace(made), "sequence_windows").query("used").iloc[0]
    vcf = changes_around(made, tmp_path / "v.vcf", (-20, 20))
    out, table = tmp_path / "o.vcf", tmp_path / "o.tsv"
    arguments = ["sequence", "variants", str(made), str(vcf), "-o", str(out), "--table", str(table)]
    said = CliRunner().invoke(main, arguments)
    assert said.exit_code == 0, said.output
    assert "2 variants; 2 ALTs with an effect" in " ".join(said.output.split())
    plain = tmp_path / "v.tsv"
    plain.write_text("".join("\t".join(row.split("\t")[:5]) + "\n" for row in vcf.read_text().splitlines()[2:]))
    said = CliRunner().invoke(main, ["sequence", "variants", str(made), str(plain), "-o", str(tmp_path / "none.tsv")])
    assert said.exit_code == 2, "a table has no place for effects"
    assert "--table FILE" in said.output
    assert f"GPGENE={gene['gene']}" in out.read_text()
    effects = pd.read_csv(table, sep="\t")
    assert set(effects["gene"]) >= {gene["gene"]}
    assert set(zip(effects["offset"] > 0, effects["coding"] == 1, strict=True)) == {(False, False), (True, True)}
    assert effects["sd"].notna().all()
    assert effects["jsd"].isna().all(), "the study has no profile net"
    assert "GPJSD" not in out.read_text()
    document = yaml.safe_load(made.read_text())
    own = made.parent / "v.vcf"
    shutil.copy(vcf, own)
    made.write_text(yaml.safe_dump({**document, "sequence": {**document["sequence"], "variants": ["v.vcf"]}}))
    try:
        run(made, "variant_effects")
        scored = load_asset(Workspace(made), "variant_effects")
        assert "v.vcf" in scored.files
        assert set(scored.table["coding"]) == {0.0, 1.0}
    finally:
        made.write_text(yaml.safe_dump(document))


def test_a_promoter_is_designed_and_judged_by_a_model_that_did_not_search(made: Path, tmp_path: Path):
    workspace = Workspace(made)
    windows, model = load_asset(workspace, "sequence_windows"), load_asset(workspace, "sequence_model")
    gene, task = windows.loc[windows["used"], "gene"].iloc[0], model.summary["card"]["tasks"][0]
    out = tmp_path / "d.fa"
    arguments = ["sequence", "design", str(made), "--gene", gene, "--task", task, "--edits", "3", "-o", str(out)]
    said = CliRunner().invoke(main, arguments)
    assert said.exit_code == 0, said.output
    assert "not validated by experiment" in said.output
    assert "not validated by experiment" in out.read_text()
    rows = out.with_suffix(".tsv").read_text().splitlines()
    assert rows[0] == "# outlook: not validated by experiment"
    held_out = model.predictions.set_index(["gene", "task", "view", "rung"])["predicted"]
    own = held_out[gene, task, "promoter", model.summary["views"]["promoter"]["champion"]]
    assert f"_original judged={own:.3f}" in out.read_text().split("\n")[0], "judged by the model of the gene's own fold"
    before, after = out.read_text().split("\n")[1:4:2]
    assert sum(a != b for a, b in zip(before, after, strict=True)) == max(len(rows) - 2, 0) <= 3
    said = CliRunner().invoke(main, ["sequence", "design", str(made), "--gene", "x", "--task", "y", "-o", str(out)])
    assert said.exit_code == 2
    assert "no window that is used" in said.output


def test_haplotypes_and_reporter_assays_from_the_command_line(made: Path, tmp_path: Path):
    workspace = Workspace(made)
    reference, windows = load_asset(workspace, "reference_sequence"), load_asset(workspace, "sequence_windows")
    from groprog_assets.methods.sequence.study_model import genome_of

    genome = genome_of(workspace.study.genome.fasta, reference, workspace)
    gene = windows[windows["used"]].iloc[0]
    position = int(gene["tss"]) - 20
    base = decode(genome.chromosome(reference["names"][gene["chrom"]])[position : position + 1])
    vcf, out = tmp_path / "v.vcf", tmp_path / "h.tsv"
    vcf.write_text(
        "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tone\n"
        f"{gene['chrom']}\t{position + 1}\trs1\t{base}\t{'A' if base != 'A' else 'C'}\t.\t.\t.\tGT\t0|1\n"
    )
    said = CliRunner().invoke(main, ["sequence", "variants", str(made), str(vcf), "-o", str(out), "--haplotypes"])
    assert said.exit_code == 0, said.output
    table = pd.read_csv(out, sep="\t")
    assert gene["gene"] in set(table["gene"])
    assert np.allclose(table["first"], 0)
    random = np.random.default_rng(0)
    sequences = ["".join(random.choice(list("ACGT"), 100)) for _ in range(24)]
    pairs = tmp_path / "pairs.tsv"
    rows = zip(sequences[:12], sequences[12:], random.normal(size=12), strict=True)
    pairs.write_text("ref\talt\teffect\n" + "".join(f"{a}\t{b}\t{value:.3f}\n" for a, b, value in rows))
    model = workspace.results / "sequence" / "model"
    said = CliRunner().invoke(main, ["sequence", "reporter-check", str(model), str(pairs)])
    assert said.exit_code == 0, said.output
    assert "12 pairs" in said.output
    pairs.write_text("ref\talt\teffect\nACGU\tACG\tx\n")
    said = CliRunner().invoke(main, ["sequence", "reporter-check", str(model), str(pairs)])
    assert said.exit_code == 2
    for part in ("effect 'x'", "3 to 4 bases", "'U' in ref, row 1", "1 pair"):
        assert part in said.output


def test_motifs_are_tested_against_sites_again_when_the_sites_change(made: Path):
    text, bed = made.read_text(), made.parent / "sites.bed"
    bed.write_text("chr1\t5\t400000\n")
    document = yaml.safe_load(text)
    made.write_text(yaml.safe_dump({**document, "sequence": {**document["sequence"], "sites": ["sites.bed"]}}))
    try:
        assert run(made, "sequence_motifs")["sequence_motifs"] == 1
        found = load_asset(Workspace(made), "sequence_motifs")
        assert set(found.sites["motif"]) == set(found.motifs["motif"])
        assert run(made, "sequence_motifs")["sequence_motifs"] == 0
        bed.write_text("chr1\t5\t9\n")
        assert run(made, "sequence_motifs")["sequence_motifs"] == 1
    finally:
        made.write_text(text)


def checked(path: Path) -> str:
    result = CliRunner().invoke(main, ["study", "check", str(path)])
    assert "Traceback" not in result.output
    return result.output


def test_vectors_of_another_model_are_checked_and_become_descriptors(made: Path, tmp_path: Path):
    path = Path(shutil.copytree(made.parent, tmp_path / "study") / made.name)
    genes = load_asset(Workspace(path), "sequence_windows")["gene"].tolist()
    values = np.random.default_rng(0).normal(size=(len(genes), 12)).astype(np.float32)
    np.savez(path.parent / "lm.npz", gene=[f"{gene}.2" for gene in genes], values=values)
    np.savez(path.parent / "few.npz", gene=genes[:9], values=values[:9])
    entry = {"name": "lm", "tables": ["lm.npz"], "components": 6}
    more = {"name": "few", "tables": ["few.npz"], "components": 6}
    said = checked(with_sequence(path, {**SECTION, "pretrained": [entry, more]}))
    assert f"0 of {len(genes)} ids are known" in said
    assert "9 genes of few.npz known" in said
    assert "With 6 axes, 12 genes or more are needed" in said
    assert "has a name of its own" in checked(with_sequence(path, {**SECTION, "pretrained": [entry, entry]}))
    np.savez(path.parent / "lm.npz", gene=genes[1:], values=values[1:])
    said = checked(with_sequence(path, {**SECTION, "pretrained": [entry]}))
    assert "genes of the annotation have a vector" in said
    assert "no problems" in said
    run(path, "sequence_descriptors")
    table = load_asset(Workspace(path), "sequence_descriptors").set_index("gene")
    assert table.columns.tolist() == [
        "sequence_missing",
        *(f"sequence_pretrained_lm_{number}" for number in range(1, 7)),
        "sequence_pretrained_lm_missing",
    ]
    assert table.loc[genes[0], "sequence_pretrained_lm_missing"] == 1
    assert not table["sequence_missing"].any(), "this study's own vectors are not asked for"
    fasta = tmp_path / "w.fa"
    said = CliRunner().invoke(main, ["sequence", "windows", str(path), "-o", str(fasta)])
    assert said.exit_code == 0, said.output
    heads, bases = fasta.read_text().split("\n")[:-1:2], fasta.read_text().split("\n")[1::2]
    hashes = [head.split("sha256=")[1] for head in heads]
    assert hashes == [hashlib.sha256(text.encode()).hexdigest() for text in bases]
    np.savez(path.parent / "lm.npz", window=list(dict.fromkeys(hashes)), values=values[: len(set(hashes))])
    assert "vectors of windows by the sha256" in checked(path)
    run(path, "sequence_descriptors")
    table = load_asset(Workspace(path), "sequence_descriptors").set_index("gene")
    named = [head[1:].split()[0] for head in heads]
    assert table.loc[named, "sequence_pretrained_lm_1"].std() == pytest.approx(1, abs=0.05)


def test_a_net_stands_on_the_ladder_of_a_study(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    nets = {"width": 8, "blocks": 1, "epochs": 1}
    parameters = {"bootstrap_samples": 100, "nets": {**nets, "fragments": 2, "fragment_width": 520}}
    own = {**SECTION, "models": ["cnn", "cnn_bilstm"], "views": ["promoter"], "parameters": parameters}
    path = with_sequence(shutil.copytree(made.parent, tmp_path / "study") / made.name, own)
    genes = load_asset(Workspace(made), "sequence_windows").query("used")
    first, last = genes.iloc[0], genes.iloc[-1]
    loop = [first["chrom"], first["tss"], first["tss"] + 1, last["chrom"], last["tss"], last["tss"] + 1, "loop", 7]
    (path.parent / "loops.bedpe").write_text("\t".join(map(str, loop)) + "\n")
    parameters["nets"] |= {"profile_width": 4, "profile_layers": 2, "profile_output": 60, "profile_counts": 5}
    parameters["nets"]["shared_trunk"] = True
    types = [
        {"name": "a", "tasks": ["body.control"], "channels": ["H3K4me3"]},
        {"name": "b", "tasks": ["body.treated"], "channels": ["H3K27ac"]},
    ]
    vcf = changes_around(made, path.parent / "near.vcf", (-70, -20, 70))
    more = {"contacts": "loops.bedpe", "profile": True, "variants": ["near.vcf"], "cell_types": types}
    with_sequence(path, {**own, **more})
    assert "loops" not in checked(path)
    without_drawing(monkeypatch)
    run(path, "+sequence_evaluation or +sequence_profile or +variant_effects or +sequence_cell_types")
    workspace = Workspace(path)
    scored = load_asset(workspace, "variant_effects")
    own_rows = scored.table[scored.table["gene"] == first["gene"]]
    assert (own_rows["jsd"] > 0).all()
    assert np.isfinite(own_rows["tss_shift"]).all()
    downstream = 70 if first["strand"] == "+" else -70
    assert own_rows.loc[own_rows["task"] == "", "position"].tolist() == [int(first["tss"]) + downstream + 1]
    told = tmp_path / "told.vcf"
    said = CliRunner().invoke(main, ["sequence", "variants", str(path), str(vcf), "-o", str(told)])
    assert said.exit_code == 0, said.output
    assert told.read_bytes() == scored.files["near.vcf"].content
    assert b";GPJSD=" in told.read_bytes()
    metrics, model = load_asset(workspace, "sequence_evaluation").metrics, load_asset(workspace, "sequence_model")
    assert set(metrics["rung"]) == {"mean", "gc", "cnn", "cnn_bilstm"}
    assert np.isfinite(metrics.loc[metrics["rung"] == "cnn", "inflation"]).all()
    assert not model.predictions["predicted"].isna().any()
    links = model.links
    assert set(links["rung"]) == {"cnn_bilstm"}
    assert {first["gene"], last["gene"]} <= set(links["gene"]), "the loop joins both, each is the other's fragment"
    assert np.allclose(links.groupby("gene")["attention"].sum(), 1, atol=1e-5)
    export_results(workspace)
    assert len(pd.read_csv(workspace.results / "sequence" / "links.tsv", sep="\t")) == len(links)
    assert (workspace.results / "sequence" / "links.bedpe").read_text().startswith("#chrom1\t")
    profile = load_asset(workspace, "sequence_profile")
    assert {"profile", "mean profile"} <= set(profile.metrics["predicted_by"])
    assert profile.metrics["jsd"].between(0, 1).all()
    assert np.allclose(profile.predicted["profile"].sum(axis=(1, 2)), 1, atol=1e-4)
    assert set(profile.genes["gene"]) <= set(model.predictions["gene"])
    trunks = profile.summary["trunks"]
    assert len(trunks) == len(set(model.predictions["fold"]))
    assert all(np.isfinite(t["profile_shared"]) for t in trunks)
    known = [t for t in trunks if t["values_alone"] is not None]
    assert all(not t["shared"] for t in trunks if t not in known), "too few validation genes for an r"
    assert all(t["profile_shared"] >= t["profile_alone"] for t in known if t["shared"])
    assert set(profile.summary["values_r"]) == set(model.predictions["task"])
    types = load_asset(workspace, "sequence_cell_types")
    assert types.table[["cell_type", "task"]].to_numpy().tolist() == [["a", "body.control"], ["b", "body.treated"]]
    assert types.table["genes"].gt(0).all()
    assert np.isfinite(types.table["gain"]).all()
    assert np.isfinite(types.predicted["adversarial"]).all(), "every gene by nets without its chromosome"
    assert types.summary["view"] == "promoter"


def test_columns_and_tracks_beside_the_bases_are_read_and_asked_for(made: Path, tmp_path: Path):
    path = shutil.copytree(made.parent, tmp_path / "study") / made.name
    genes = load_asset(Workspace(made), "sequence_windows").query("used").reset_index(drop=True)
    targets = load_asset(Workspace(made), "sequence_targets")["values"]
    task = targets.columns[1]
    table = path.parent / "half.tsv"
    columns = pd.DataFrame({"gene": genes["gene"], "hours": targets[task].round(3)})
    columns.iloc[:-2].to_csv(table, sep="\t", index=False)
    marks = [mark["name"] for mark in yaml.safe_load(path.read_text())["marks"]]
    own = {**SECTION, "models": ["ridge_kmer"], "views": ["promoter"], "side": "half.tsv", "channels": marks[:1]}
    with_sequence(path, own)
    output = checked(path)
    assert "no problems" in output
    assert "ids are genes of the annotation" in output
    run(path, "+sequence_evaluation or +variant_effects or +sequence_motifs")
    workspace = Workspace(path)
    side, model = load_asset(workspace, "sequence_side"), load_asset(workspace, "sequence_model")
    assert side.inputs["columns"].shape == (len(genes), 2), "hours, and whether it is missing"
    assert side.inputs["tracks"].shape == (len(genes), 1, 800)
    metrics = load_asset(workspace, "sequence_evaluation").metrics.set_index(["rung", "task"])
    assert metrics.loc[("ridge_kmer", task), "pearson"] > 0.7, "the column is the target"
    card = model.summary["card"]["side"]
    assert card["columns"][0]["name"] == "hours"
    assert card["channels"][0]["name"] == marks[0]
    assert run(path, "sequence_side or sequence_model").total() == 0
    columns.assign(hours=1.5).to_csv(table, sep="\t", index=False)
    again = run(path, "sequence_side or sequence_model")
    assert (again["sequence_side"], again["sequence_model"]) == (1, 1)
    columns.to_csv(table, sep="\t", index=False)
    run(path, "sequence_side or sequence_model")
    export_results(Workspace(path))
    gene = genes.iloc[0]
    bed, out = tmp_path / "r.bed", tmp_path / "o.tsv"
    end = gene["tss"] + 1
    bed.write_text(f"{gene['chrom']}\t{gene['tss']}\t{end}\t{gene['gene']}\t0\t{gene['strand']}\n")
    said = CliRunner().invoke(main, ["sequence", "predict", str(path), str(bed), "-o", str(out)])
    assert said.exit_code == 0, said.output
    first = pd.read_csv(out, sep="\t")[task].iloc[0]
    other = tmp_path / "other.tsv"
    other.write_text(f"name\thours\n{gene['gene']}\t99\n")
    said = CliRunner().invoke(main, ["sequence", "predict", str(path), str(bed), "--side", str(other), "-o", str(out)])
    assert said.exit_code == 0, said.output
    assert pd.read_csv(out, sep="\t")[task].iloc[0] > first + 1
    other.write_text(f"name\tdays\n{gene['gene']}\t99\n")
    said = CliRunner().invoke(main, ["sequence", "predict", str(path), str(bed), "--side", str(other)])
    assert said.exit_code == 2
    assert "no column 'hours'" in said.output
    fasta = tmp_path / "w.fa"
    fasta.write_text(">a\n" + "A" * 800 + "\n")
    folder = Workspace(path).results / "sequence" / "model"
    said = CliRunner().invoke(main, ["sequence", "predict", str(folder), str(fasta)])
    assert said.exit_code == 2
    assert f"it reads {marks[0]}" in said.output
    assert "Side columns" in (folder / "card.md").read_text()


def test_a_table_of_two_protocols_is_fitted_less_their_offsets(made: Path, tmp_path: Path):
    path = shutil.copytree(made.parent, tmp_path / "study") / made.name
    values = load_asset(Workspace(made), "sequence_targets")["values"]
    other = values.index % 2
    given = pd.DataFrame({"gene": values["gene"], "a": values.iloc[:, 1] + 8 * other, "kit": np.where(other, "x", "y")})
    given.to_csv(path.parent / "t.tsv", sep="\t", index=False)
    with_sequence(path, {**SECTION, "targets": {"table": "t.tsv", "columns": ["a"], "batch": "kit"}})
    run(path, "sequence_targets or sequence_model or sequence_evaluation or sequence_motifs")
    offsets = load_asset(Workspace(path), "sequence_evaluation").summary["batch"]["offsets"]["a"]
    assert offsets["x"] - offsets["y"] == pytest.approx(8, abs=2)
