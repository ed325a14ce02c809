"""The code location loads, is light, and says of every asset what the UI shows."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from groprog_assets.definitions import build_definitions, defs
from groprog_assets.graph.specification import LIBRARY_ASSETS, SPECIFICATIONS, Specification
from groprog_assets.store.code_version import closure
from groprog_assets.store.workspace import SECTIONS
from groprog_assets.study.parameters import Parameters
from groprog_assets.tables import TABLES

ROOT = Path(__file__).resolve().parents[1]
DECLARATIONS = ROOT / "groprog_assets" / "tables"
PROMISED = {
    "patient_assays",
    "raw_reads",
    "read_quality",
    "alignments",
    "filtered_alignments",
    "coverage",
    "chromatin_signal",
    "transcript_hmm",
    "transcripts",
    "repaired_transcripts",
    "transcript_density",
    "initiation_regions",
    "differential_initiation",
    "gene_models",
    "genes",
    "ontology",
    "tss_profile",
    "gene_signal",
    "pausing",
    "transcript_counts",
    "library_sizes",
    "library_similarity",
    "gene_differential",
    "differential_transcription",
    "enrichment",
    "loci",
    "local_tracks",
    "gene_features",
    "normalized_features",
    "clinical_records",
    "patient_expression",
    "cohort",
    "source_cohorts",
    "encoded_tensors",
    "risk_model",
    "risk_scores",
    "baselines",
    "evaluation",
    "champion",
    "figures",
    "nascent_figures",
    "ablation",
    "transfer_gain",
    "related_work",
    "external_validation",
    "patient_features",
    "locus_pages",
    "report",
    "lineage_snapshot",
    "reference_sequence",
    "sequence_windows",
    "sequence_targets",
    "sequence_splits",
    "sequence_model",
    "sequence_evaluation",
    "sequence_attributions",
    "sequence_motifs",
    "sequence_embedding",
    "sequence_descriptors",
    "sequence_profile",
    "sequence_side",
    "sequence_cell_types",
    "omics_sources",
    "consents",
    "subjects",
    "phenotypes",
    "diagnoses",
    "reference_terms",
    "reference_annotations",
    "reference_xrefs",
    "reference_diseases",
    "ranking_index",
    "disease_ranking",
    "case_studies",
    "omics_catalog",
    "omics_report",
    "samples",
    "assay_raw",
    "assay_normalised",
    "assay_corrected",
    "assay_filled",
    *("factors", "fused_network", "strata", "biomarkers", "pathway_scores", "reversal", "gene_sets", "out_of_range"),
    "variant_effects",
}


def test_every_promised_asset_exists():
    assert set(SPECIFICATIONS) == PROMISED
    assert {key.to_user_string() for key in defs.resolve_asset_graph().get_all_asset_keys()} == PROMISED


def test_every_job_resolves_and_covers_the_graph():
    covered = set()
    for name in ("annotation_job", "library_job", "study_job", "cohort_job"):
        job = defs.resolve_job_def(name)
        covered |= {key.to_user_string() for key in job.asset_layer.executable_asset_keys}
    assert covered == PROMISED
    cohort = {key.to_user_string() for key in defs.resolve_job_def("cohort_job").asset_layer.executable_asset_keys}
    assert {"cohort", "risk_model", "champion", "report"} <= cohort
    assert not cohort & {*LIBRARY_ASSETS, "pausing", "gene_features", "transcript_hmm"}


@pytest.mark.parametrize("name", sorted(PROMISED))
def test_an_asset_has_a_description_group_owner_and_kind(name: str):
    (asset,) = [item for item in defs.resolve_all_asset_specs() if item.key.to_user_string() == name]
    assert len(asset.description.split()) > 5
    assert asset.group_name != "default"
    assert asset.owners
    assert asset.kinds
    assert asset.code_version


def tables_of(given: Specification) -> set[str]:
    return {given.tables} - {""} if isinstance(given.tables, str) else set(given.tables.values())


def test_a_table_stands_in_the_file_of_a_group_that_fills_it():
    for group in {given.group for given in SPECIFICATIONS.values()} & {path.stem for path in DECLARATIONS.glob("*.py")}:
        filled = set().union(*(tables_of(given) for given in SPECIFICATIONS.values() if given.group == group))
        declared = {table.name for table in import_module(f"groprog_assets.tables.{group}").DECLARED}
        assert declared <= filled, f"not of tables/{group}.py: {declared - filled}"


@pytest.mark.parametrize("name", sorted(PROMISED))
def test_what_an_asset_declares_exists(name: str):
    given = SPECIFICATIONS[name]
    assert tables_of(given) <= set(TABLES)
    assert all(section.partition(".")[0] in (*SECTIONS, "parameters") for section in given.sections)
    assert given.partitioned == (name in LIBRARY_ASSETS)


def groups_read(paths: list[Path]) -> dict[str, str]:
    """{parameter group: a file that reads it} by `parameters.<group>` in the syntax trees."""
    found = {}
    for path in paths:
        if path.suffix == ".py":
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Attribute) and node.attr in Parameters.model_fields:
                    held = node.value
                    if "parameters" in (getattr(held, "id", ""), getattr(held, "attr", "")):
                        found[node.attr] = path.name
    return found


@pytest.mark.parametrize("name", sorted(PROMISED))
def test_every_parameter_group_its_methods_read_is_declared(name: str):
    """An asset that hands the whole object on answers for all its closure reads; another only for its own file."""
    given = SPECIFICATIONS[name]
    own = ROOT / f"{given.module.replace('.', '/')}.py"
    whole = "as_parameters()" in own.read_text()
    read = groups_read(closure(given.module) if whole else [own])
    declared = {section.partition(".")[2] for section in given.sections if section.startswith("parameters.")}
    assert {group: file for group, file in read.items() if group not in declared} == {}


def test_loading_imports_nothing_heavy():
    code = (
        "import json, sys, groprog_assets.definitions, groprog_assets.cli.main;"
        "print(json.dumps([m for m in ('torch','pydeseq2','lifelines','matplotlib','captum','scipy','pandas','numba')"
        " if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_an_import_for_annotations_alone_is_no_part_of_the_code_version():
    names = {path.name for path in closure("groprog_assets.prognosis.model_columns")}
    assert "inputs.py" in names
    assert "training.py" not in names


def test_the_code_version_sees_the_kernel_and_not_the_platform():
    names = {path.name for path in closure("groprog_assets.assets.transcription.transcript_hmm")}
    assert {"transcript_hmm.py", "hmm.py", "hmm_cython.pyx"} <= names
    assert not names & {"artifacts.py", "workspace.py", "columns.py", "parameters.py", "cli.py"}


def test_a_comment_does_not_change_the_code_version(tmp_path: Path):
    from groprog_assets.store.code_version import _source_digest

    plain, commented, other = tmp_path / "a.py", tmp_path / "b.py", tmp_path / "c.py"
    plain.write_text('def f(x):\n    """Doc."""\n    return x + 1\n')
    commented.write_text("# why\ndef f( x ):\n    return x + 1  # here\n")
    other.write_text("def f(x):\n    return x + 2\n")
    assert _source_digest(plain) == _source_digest(commented)
    assert _source_digest(plain) != _source_digest(other)


def test_the_study_can_be_given():
    assert build_definitions(study_path="/x/study.yaml").resources["study"].path == "/x/study.yaml"


def test_the_instance_settings_are_quiet_and_the_workspace_names_the_code():
    settings = yaml.safe_load((ROOT / "dagster.yaml").read_text())
    assert settings["telemetry"] == {"enabled": False}
    assert settings["nux"] == {"enabled": False}
    assert settings["run_monitoring"]["enabled"]
    (limit,) = settings["concurrency"]["runs"]["tag_concurrency_limits"]
    for name in ("study_job", "cohort_job"):
        assert defs.resolve_job_def(name).tags[limit["key"]] == limit["value"], "two would point at each other's values"
    assert limit["limit"] == 1
    workspace = yaml.safe_load((ROOT / "workspace.yaml").read_text())
    assert workspace["load_from"][0]["python_module"]["module_name"] == "groprog_assets.definitions"
