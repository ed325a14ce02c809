"""What an asset of this project promises: it reads what it declared, computes once, and records what it read."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from groprog_assets.checks.verdict import Verdict
from groprog_assets.errors import ArtifactError, StudyError
from groprog_assets.graph.derive import derive
from groprog_assets.graph.io_managers import read_input
from groprog_assets.graph.materialized import materialized
from groprog_assets.graph.specification import Specification
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.derivations import Derivations, checked_name, memo_key
from groprog_assets.store.readings import read_asset
from groprog_assets.store.workspace import StudyView, Workspace, open_workspace
from groprog_assets.study.parameters import Parameters

CALLS: list[str] = []


def specification(
    function, inputs=(), sections=(), files=(), tables="", module="groprog_assets.assets.features.pausing"
):
    arguments = function.__code__.co_varnames[: function.__code__.co_argcount]
    return Specification(
        function.__name__, function, module, "g", tables, sections, files, (), None, False, tuple(inputs), arguments
    )


def funnel(study):
    CALLS.append("funnel")
    lowest = study.parameters.quality.minimum_mean_quality
    table = pd.DataFrame({"step": ["all"], "removed": [0], "remaining": [int(lowest)], "reason": [study.name]})
    return materialized(table, verdicts=[Verdict("sound", True, "fine")], reads=1)


def after(funnel, study):
    CALLS.append("after")
    return materialized(Bundle(note={"rows": len(funnel)}))


MADE = specification(
    funnel, sections=("name", "parameters.quality"), files=("genome.chrom_sizes",), tables="filter_funnel"
)


def make(workspace: Workspace, given: Specification = MADE, readings=None):
    digest, record, reused = derive(workspace, given, "", readings or {}, lambda text: None)
    workspace.derivations.point(given.name, "", digest)
    return digest, record, reused


def with_parameters(workspace: Workspace, text: str) -> Workspace:
    import yaml

    document = yaml.safe_load(workspace.path.read_text())
    document.setdefault("parameters", {}).update(yaml.safe_load(text))
    workspace.path.write_text(yaml.safe_dump(document))
    return Workspace(workspace.path)


def test_equal_circumstances_are_computed_once(workspace: Workspace):
    CALLS.clear()
    first, record, reused = make(workspace)
    again, _, reused_again = make(workspace)
    assert (reused, reused_again) == (False, True)
    assert first == again
    assert CALLS == ["funnel"]
    assert record["headline"] == {"dagster/row_count": 1, "reads": 1}
    assert [verdict["name"] for verdict in record["verdicts"]] == ["schema", "sound"]


def test_a_declared_parameter_or_file_changes_the_value_and_an_undeclared_one_does_not(workspace: Workspace):
    first = make(workspace)[1]
    other = make(with_parameters(workspace, "pausing: {body_end: 4000}"))
    assert other[2], "pausing is not read by this asset"
    changed = make(with_parameters(workspace, "quality: {minimum_mean_quality: 20}"))
    assert not changed[2]
    assert changed[1]["output"]["sha256"] != first["output"]["sha256"]
    assert changed[1]["overrides"]["quality.minimum_mean_quality"]["default"] == 30.0
    sizes = workspace.study.genome.chrom_sizes
    sizes.write_text(sizes.read_text() + "chrExtra\t10\n")
    assert not make(Workspace(workspace.path))[2]


def test_a_lost_or_altered_value_is_computed_again(workspace: Workspace):
    _, record, _ = make(workspace)
    workspace.store.path(record["output"]["sha256"]).write_bytes(b"altered")
    _, mended, reused = make(workspace)
    assert not reused
    assert mended["output"] == record["output"]
    assert make(workspace)[2]


def test_reading_what_was_not_declared_is_refused(workspace: Workspace):
    def funnel(study):
        return materialized({"contrast": study.contrast.treatment})

    with pytest.raises(StudyError, match="reads contrast of the study without declaring it"):
        make(workspace, specification(funnel, sections=("name",)))


def test_a_value_of_before_is_given_where_nothing_but_the_inputs_changed(workspace: Workspace):
    seen = []

    def counted(funnel, study, earlier):
        now = int(funnel["remaining"].iloc[0])
        seen.append(
            None if earlier is None else (earlier.value["now"], int(earlier.inputs["funnel"]["remaining"].iloc[0]))
        )
        return materialized({"now": now, "name": study.name})

    given = specification(counted, inputs=("funnel",), sections=("name",), files=("genome.chrom_sizes",))

    def run(place: Workspace) -> None:
        make(place)
        make(place, given, {"funnel": read_asset(place, "funnel")})

    run(workspace)
    other = with_parameters(workspace, "quality: {minimum_mean_quality: 20}")
    run(other)
    assert seen == [None, (30, 30)]
    sizes = workspace.study.genome.chrom_sizes
    sizes.write_text(sizes.read_text() + "chrExtra\t10\n")  # both read it
    run(Workspace(workspace.path))
    assert seen[2:] == [None]
    record = workspace.derivations.current_record("counted")
    assert record is not None
    workspace.store.path(record["output"]["sha256"]).write_bytes(b"altered")
    run(with_parameters(workspace, "quality: {minimum_mean_quality: 25}"))
    assert seen[3:] == [None]


def test_the_parameters_as_one_object_hold_back_what_was_not_declared(workspace: Workspace):
    view = StudyView({"parameters.quality": workspace.study.parameters.quality}, "some_asset")
    parameters = view.as_parameters()
    assert parameters.quality == workspace.study.parameters.quality
    with pytest.raises(StudyError, match=r"some_asset reads parameters\.linear_path"):
        _ = parameters.linear_path
    assert Parameters.model_validate(parameters.model_dump(mode="json")).linear_path == Parameters().linear_path


def test_the_derivation_names_what_was_read(workspace: Workspace):
    digest, record, _ = make(workspace)
    second = specification(after, inputs=("funnel",), sections=("name",))
    _, downstream, _ = make(workspace, second, {"funnel": read_asset(workspace, "funnel")})
    edge = downstream["inputs"][0]
    assert (edge["asset"], edge["derivation"], edge["sha256"]) == ("funnel", digest, record["output"]["sha256"])
    (file,) = record["files"]
    assert (file["role"], file["path"]) == ("genome.chrom_sizes", "genome/chrom.sizes")
    assert record["study"] == {"name": workspace.study.name}


def test_a_moved_study_is_the_same_study(workspace: Workspace, tmp_path: Path):
    first = make(workspace)[0]
    moved = workspace.folder.rename(tmp_path / "moved")
    digest, _, reused = make(Workspace(moved / "study.yaml"))
    assert reused
    assert digest == first


def test_a_missing_input_is_named_with_its_command(workspace: Workspace):
    with pytest.raises(ArtifactError, match=r"pausing: missing\. .*groprog run .*--select \+pausing"):
        read_asset(workspace, "pausing")


@pytest.mark.parametrize("name", ["../x", "", ".hidden", "a/b", "x" * 65, "a b"])
def test_names_that_are_no_names(name: str):
    with pytest.raises(ArtifactError):
        checked_name(name)


def test_an_altered_derivation_is_found(workspace: Workspace):
    digest, _, _ = make(workspace)
    path = workspace.derivations.root / "records" / digest[:2] / f"{digest}.json"
    record = json.loads(path.read_bytes())
    record["seed"] = 7
    path.write_text(json.dumps(record))
    with pytest.raises(ArtifactError, match="was altered"):
        workspace.derivations.read(digest)
    assert not make(workspace)[2], "an altered record is no memory"


def test_the_memo_key_leaves_the_outcome_out():
    record = {
        "asset": "a",
        "inputs": [{"sha256": "x", "derivation": "1"}],
        "output": {},
        "headline": {},
        "kernels": "k",
    }
    other = {**record, "inputs": [{"sha256": "x", "derivation": "2"}], "output": {"sha256": "y"}, "kernels": "l"}
    assert memo_key(record) == memo_key(other)
    assert memo_key(record) != memo_key({**record, "asset": "b"})


def test_pointers_are_whole_and_ordered(tmp_path: Path):
    records = Derivations(tmp_path)
    records.point("b", "lib_2", "2" * 64)
    records.point("b", "lib_1", "1" * 64)
    records.point("a", "", "0" * 64)
    assert list(records.pointers()) == [("a", "", "0" * 64), ("b", "lib_1", "1" * 64), ("b", "lib_2", "2" * 64)]


def test_libraries_that_failed_a_blocking_check_are_left_out(workspace: Workspace):
    ids = [library.id for library in workspace.study.libraries]
    for place, name in enumerate(ids):
        verdict = {
            "name": "strandedness",
            "passed": place != 1,
            "blocking": True,
            "description": "flipped",
            "values": {},
        }
        digest = workspace.derivations.write({"asset": "coverage", "partition": name, "verdicts": [verdict]})
        workspace.derivations.point("coverage", name, digest)
    kept, left_out = workspace.eligible_libraries(("coverage",))
    assert [library.id for library in kept] == [ids[0], *ids[2:]]
    assert left_out == [{"library": ids[1], "reason": "strandedness: flipped"}]
    with pytest.raises(ArtifactError, match=f"raw_reads of {ids[0]}"):
        workspace.eligible_libraries(("raw_reads", "coverage"), ("raw_reads",))


def test_a_value_that_failed_a_blocking_check_is_handed_to_nobody(workspace: Workspace):
    """However a run is asked for: every input is read through this one function."""

    def judged(study):
        return materialized(
            {"a": 1}, verdicts=[Verdict("no_leakage", False, "pfs gives the outcome away", blocking=True)]
        )

    make(workspace, specification(judged))
    with pytest.raises(ArtifactError, match="no_leakage: pfs gives the outcome away"):
        read_input(workspace, "judged", "")
    assert read_asset(workspace, "judged").value() == {"a": 1}, "a person may look at it"


def test_a_changed_study_file_is_read_again(workspace: Workspace):
    before = open_workspace(workspace.path)
    assert open_workspace(workspace.path) is before
    with_parameters(workspace, "quality: {minimum_mean_quality: 21}")
    assert open_workspace(workspace.path).study.parameters.quality.minimum_mean_quality == 21
