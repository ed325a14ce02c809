"""Exports for other programs: MultiQC renders them, coordinates are each format's own, no name can break a line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import pandas as pd
import pytest
from click.testing import CliRunner

from groprog_assets.cli.main import main
from groprog_assets.export import unit_files
from groprog_assets.export.multiqc import documents

MULTIQC = os.environ.get("GROPROG_MULTIQC") or shutil.which("multiqc")


class Filtered(NamedTuple):
    funnel: pd.DataFrame
    summary: dict


class Density(NamedTuple):
    profile: pd.DataFrame
    summary: dict


class Summed(NamedTuple):
    summary: dict


def values():
    funnel = pd.DataFrame(
        {"step": ["all", "unmapped", "not_unique"], "removed": [0, 10, 30], "remaining": [100, 90, 60], "reason": ""}
    )
    strand = {"declared": "auto", "inferred": "forward", "sense_fraction": 0.98, "reads": 40, "status": "ok"}
    quality = pd.DataFrame({"mate": 1, "cycle": range(1, 13), "mean_quality": [38.5 - i for i in range(12)]})
    profile = pd.DataFrame({"position": range(-1000, 2000), "density": 0.5})
    return {
        "filtered_alignments": {"a": Filtered(funnel, {"strandedness": strand}), "b": Filtered(funnel, {})},
        "read_quality": {"a": quality, "b": pd.concat([quality, quality.assign(mate=2)])},
        "transcripts": pd.DataFrame({"name": ["u"] * 7}),
        "transcript_density": Density(profile, {"tp": 0.7, "tua": 0.6, "error_rate": 0.1, "merged": 2}),
        "pausing": Summed({"conditions": {"mock": {"genes": 5, "median_log10_pausing_index": 0.4, "high": None}}}),
        "differential_transcription": Summed({"up": 3, "down": 1, "analysis": "exploratory"}),
    }


def units():
    return pd.DataFrame(
        {
            "chrom": ["chr2", "chr1", "odd contig;1"],
            "start": [100, 0, 5],
            "end": [250, 50, 55],
            "strand": ["+", "-", "+"],
            "name": ["chr2_100+", 'a"b;c', "odd contig;1_5+"],
            "score": [999.6, float("nan"), 2000.0],
            "posterior": [0.9996, 0.5, 1.0],
            "count": [12, 3, 4],
            "status": ["", "broken", "combined"],
        }
    )


GENES_OF = {"chr2_100+": "A;B", "odd contig;1_5+": "HLA-A*01=x,y"}


def lines(text):
    return [line.split("\t") for line in text.splitlines() if not line.startswith("#")]


def test_bed_is_zero_based_and_has_no_blank_inside_a_column():
    table = unit_files.unit_table(units(), GENES_OF)
    for text, columns in ((unit_files.bed9(table), 9), (unit_files.bed6_plus(table), 10)):
        assert all(len(line.split()) == columns for line in text.splitlines())
    first, second, _ = lines(unit_files.bed9(table))
    assert first[:6] == ["chr1", "0", "50", 'a"b;c', "0", "-"]
    assert second[:6] == ["chr2", "100", "250", "chr2_100+", "1000", "+"]
    assert second[6:8] == second[1:3]
    assert [row[9] for row in lines(unit_files.bed6_plus(table))] == [".", "A,B", "HLA-A*01=x,y"]
    assert [row[8] for row in lines(unit_files.bed6_plus(table))] == ["broken", "called", "combined"]


def test_gtf_is_one_based_and_every_attribute_closes():
    rows = lines(unit_files.gtf(unit_files.unit_table(units(), GENES_OF)))
    assert [row[2] for row in rows] == ["gene", "transcript", "exon"] * 3
    assert rows[0][3:5] == ["1", "50"]
    for row in rows:
        assert len(row) == 9
        parts = row[8].rstrip(";").split("; ")
        for part in parts:
            key, value = part.split(" ", 1)
            assert key.isidentifier()
            assert value[0] == value[-1] == '"'
            assert '"' not in value[1:-1]
            assert ";" not in value[1:-1]


def test_gff3_escapes_what_the_format_reserves():
    text = unit_files.gff3(unit_files.unit_table(units(), GENES_OF))
    assert text.startswith("##gff-version 3\n")
    rows = lines(text)
    assert rows[2][0] == "odd_contig%3B1"
    fields = dict(part.split("=") for part in rows[2][8].split(";"))
    assert unquote(fields["gene"]) == "HLA-A*01=x,y"
    assert unquote(dict(part.split("=") for part in rows[0][8].split(";"))["ID"]) == 'a"b;c'


def test_gtf_is_read_back_by_the_house_parser(tmp_path: Path):
    from groprog_assets.methods.annotation.gene_models import read_annotation

    place = tmp_path / "units.gtf"
    place.write_text(unit_files.gtf(unit_files.unit_table(units().iloc[:2], GENES_OF)))
    models = read_annotation(place, {"chr1": 1000, "chr2": 1000})
    assert models[["chrom", "start", "end", "strand"]].values.tolist() == [
        ["chr1", 0, 50, "-"],
        ["chr2", 100, 250, "+"],
    ]


def test_called_units_without_a_status_and_none_at_all():
    table = unit_files.unit_table(units().drop(columns="status"), {})
    assert set(table["status"]) == {"called"}
    empty = unit_files.unit_table(units().iloc[:0], {})
    assert unit_files.bed9(empty) == unit_files.gtf(empty) == ""


def test_multiqc_documents_hold_what_the_assets_say():
    made = documents("s", values())
    assert all(name.endswith("_mqc.json") for name in made)
    assert made["groprog_general_mqc.json"]["data"]["a"]["groprog_used"] == 60
    assert made["groprog_filter_funnel_mqc.json"]["data"]["a"] == {"used": 60, "unmapped": 10, "not unique": 30}
    assert set(made["groprog_read_quality_mqc.json"]["data"]) == {"a", "b mate 1", "b mate 2"}
    assert list(made["groprog_strandedness_mqc.json"]["data"]) == ["a"]
    assert made["groprog_units_mqc.json"]["data"]["s"]["units"] == 7
    assert "high" not in made["groprog_pausing_mqc.json"]["data"]["mock"]


def test_what_is_not_made_has_no_section():
    assert documents("s", {}) == {}
    assert list(documents("s", {"transcripts": pd.DataFrame({"name": ["u"]})})) == ["groprog_units_mqc.json"]


@pytest.mark.skipif(MULTIQC is None, reason="multiqc is not on PATH (nor named by GROPROG_MULTIQC)")
def test_multiqc_renders_every_section(tmp_path: Path):
    made = documents("s", values())
    for name, document in made.items():
        (tmp_path / name).write_text(json.dumps(document))
    command = [str(MULTIQC), str(tmp_path), "-o", str(tmp_path / "out"), "--strict", "--no-version-check", "--no-ai"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout + done.stderr
    for document in made.values():
        assert document["id"] in said
    page = (tmp_path / "out" / "multiqc_report.html").read_text()
    assert "Filter funnel" in page
    plots = json.loads((tmp_path / "out/multiqc_data/multiqc_data.json").read_text())["report_plot_data"]
    curves = plots["groprog_mean_quality_by_cycle_plot"]["datasets"][0]["lines"]
    assert [curve["name"] for curve in curves] == ["a", "b mate 1", "b mate 2"]
    assert all([place for place, _ in curve["pairs"]] == list(range(1, 13)) for curve in curves), "cycles in order"


@pytest.mark.parametrize("form", ["multiqc", "bed", "gtf", "gff3"])
def test_a_study_without_results_is_told_to_run(form: str, study: Path):
    done = CliRunner().invoke(main, ["export", str(study), "--format", form])
    assert done.exit_code == 2
    assert "groprog run" in done.output
