"""A code version covers every module that decides a value."""

from __future__ import annotations

from groprog_assets.store.code_version import ROOT, closure, is_platform
from tests.architecture.sources import imports, is_own, module_name, python_files

MOVES_OR_SHOWS = (
    "errors",
    "graph",
    "store",
    "compute.compute_pool",
    "intake.permitted_subjects",
    "intake.withdrawals",
    "lineage.logged_questions",
    "prognosis.standing_model",
    "report.plots",
    "study.child_process",
)
"""What a module that decides values may import and leave out of its version: it moves, stores or shows values, says
to whom they may be shown today, whether the log of questions is whole, or starts the program that reads them."""
RECORDED = (
    "tables",
    "study.schema",
    "study.assay_parameters",
    "study.descriptor_parameters",
    "study.integration_parameters",
    "study.measurement_parameters",
    "study.omics_integration",
    "study.sequence_net_parameters",
    "study.parameters",
    "study.model_parameters",
    "study.experiment_parameters",
    "study.initiation_parameters",
    "study.omics_assays",
    "study.omics_parameters",
    "study.omics_study",
    "study.sequence_parameters",
    "study.sequence_study",
)
"""What a derivation records by itself, as values: the study's sections and parameters, the declared columns."""


def test_what_decides_a_value_is_left_out_of_no_code_version():
    excused = tuple(f"groprog_assets.{name}" for name in (*MOVES_OR_SHOWS, *RECORDED))
    left_out = {
        f"{found.module} (imported by {module_name(path)})"
        for path in python_files()
        if not is_platform(module_name(path))
        for found in imports(path)
        if is_own(found.module) and is_platform(found.module)
        if not any(found.module == name or found.module.startswith(f"{name}.") for name in excused)
    }
    assert not left_out, "add these to SCIENCE_IN_PLATFORM_ROOMS, or say above why they decide no value"


def test_the_versions_cover_the_assays_and_the_rule_of_promotion():
    reads = {str(path.relative_to(ROOT)) for path in closure("groprog_assets.assets.alignments.filtered_alignments")}
    assert {"groprog_assets/study/assays.py", "groprog_assets/methods/reads/strandedness.py"} <= reads
    decision = {str(path.relative_to(ROOT)) for path in closure("groprog_assets.assets.model.champion")}
    assert "groprog_assets/methods/evaluation/promotion.py" in decision
