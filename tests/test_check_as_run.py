"""What `groprog study check` reads, the run reads through the same functions: both say the same."""

from __future__ import annotations

from pathlib import Path

from tests.test_bad_input import change, groprog


def test_study_check_and_the_run_say_alike_how_the_expression_is_read(study: Path) -> None:
    path = study.parent / "cohort" / "expression.tsv"
    header, *rows = path.read_text().splitlines(keepends=True)
    gene, *patients = header.rstrip("\n").split("\t")
    patients[:3] = [f"{name}-06" for name in patients[:3]]
    rows[0] = "1-Mar\t" + rows[0].partition("\t")[2]
    path.write_text("\t".join([gene, *patients]) + "\n" + "".join(rows))
    checked = groprog("study", "check", study)
    assert checked.exit_code == 0, checked.output
    result = groprog("run", study, "--select", "clinical_records or patient_expression")
    assert result.exit_code == 0, result.output
    known = len(patients)
    for output in (checked.output, result.output):
        assert (
            f"{known} of 60 patients have expression: {known - 3} by their identifier, 3 by their identifier with a"
            in output
        )
        assert "1 symbol made a date by a spreadsheet: '1-Mar': MARCH1 (now MARCHF1)" in output
    assert result.output.count("1 symbol made a date") == 1
    assert f"patients {known}" in result.output


def test_r_s_header_is_read_as_r_does_and_said(study: Path) -> None:
    path = study.parent / "cohort" / "expression.tsv"
    path.write_text(path.read_text().partition("\t")[2])
    checked = groprog("study", "check", study)
    assert checked.exit_code == 0, checked.output
    assert "The first cells are read as gene symbols" in checked.output


def test_an_external_cohort_is_read_whole(study: Path) -> None:
    """What its tables hold is found before a model is trained for them."""
    (study.parent / "other.tsv").write_text(
        (study.parent / "cohort" / "clinical.tsv").read_text().replace("SIM-", "EXT-")
    )
    lines = (study.parent / "cohort" / "expression.tsv").read_text().replace("SIM-", "EXT-").splitlines(keepends=True)
    (study.parent / "other_expression.tsv").write_text("".join(lines[:-1]) + lines[-1].rpartition("\t")[0] + "\thigh\n")

    def named(document: dict) -> None:
        cohort = document["cohort"]
        other = {"name": "other", "clinical": "other.tsv", "endpoint": cohort["endpoint"]}
        document["validation"] = [{**other, "expression": {**cohort["expression"], "path": "other_expression.tsv"}}]

    change(study.parent, named)
    checked = groprog("study", "check", study)
    assert checked.exit_code == 2, checked.output
    assert "other_expression.tsv:" in checked.output
    assert "'high'" in checked.output
    clinical = (study.parent / "other.tsv").read_text()
    (study.parent / "other.tsv").write_text(clinical.replace("\n", "\tmore\n", 2).replace("\tmore", "", 1))
    assert "other.tsv:2: row 'EXT-" in groprog("study", "check", study).output
