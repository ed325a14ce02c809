"""The interactive page of a locus: whole in itself, safe with any text, one y-range, drawn by a browser where there is one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from groprog_assets.figures.locus_page import IGV_VERSION, TEMPLATES, locus_page
from tests.methods.nascent import genes

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SIZES = {"chr1": 50_000}
HOSTILE = "</script><script>alert(1)</script>"
GENES = genes(
    [("NEAR", "chr1", 2_000, 4_000, "+"), (HOSTILE, "chr1", 5_000, 6_000, "-"), ("FAR", "chr1", 40_000, 41_000, "+")]
)


def frames(reliable=True, reason="lower in figure 7"):
    table = pd.DataFrame(
        {
            "locus": "RUNX1",
            "chrom": "chr1",
            "start": 2_000,
            "end": 8_000,
            "condition": ["oe", "mock"] * 2,
            "strand": ["+", "+", "-", "-"],
            "count": [1, 0, 9, 37],
            "signal": [0.1, 0.0, 2.0, 1234.5],
            "log2_fold_change": [np.nan, np.nan, 2.0, 2.0],
            "reliable": reliable,
            "reason": reason,
        }
    )
    edges = np.arange(0, 10_000, 100)
    tracks = [
        pd.DataFrame(
            {"locus": "RUNX1", "condition": c, "strand": s, "start": edges, "end": edges + 100, "signal": signal}
        )
        for c, s, signal in (
            ("oe", "+", np.repeat([0.0, 3.0], 50)),
            ("oe", "-", np.repeat([8.0, 0.0], 50)),
            ("mock", "+", 1.0),
            ("mock", "-", 0.0),
            ("H3K27ac", ".", np.where(edges < 500, np.nan, 2.0)),
        )
    ]
    tracks = pd.concat(tracks, ignore_index=True)
    return table, tracks, tracks[(tracks["strand"] != ".") & (tracks["signal"] > 0)]


def page(**how):
    return locus_page("RUNX1", *frames(**how), GENES, SIZES, ("mock", "oe"), "sim").decode()


def session(text):
    return json.loads(re.search(r'id="session">(.*?)</script>', text, re.S)[1])


class Addresses(HTMLParser):
    """Every attribute that a browser would fetch from, and how often a script opens."""

    def __init__(self):
        super().__init__()
        self.found, self.scripts = [], 0

    def handle_starttag(self, tag, attrs):
        self.scripts += tag == "script"
        self.found += [value for name, value in attrs if name in ("src", "href", "srcset", "data", "action")]


def test_the_page_names_nothing_to_fetch_and_forbids_it():
    text = page()
    reader = Addresses()
    reader.feed(text)
    assert reader.found == []
    assert reader.scripts == 3
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert session(text)["loadDefaultGenomes"] is False


def test_text_from_the_study_cannot_end_the_script():
    text = page(reason=HOSTILE)
    assert HOSTILE not in text
    assert [item["name"] for item in session(text)["tracks"][-1]["features"]] == ["NEAR", HOSTILE]


def test_every_condition_has_both_strands_and_one_y_range():
    control, treatment, mark, annotation = session(page())["tracks"]
    assert [control["name"], treatment["name"], mark["name"], annotation["name"]] == ["mock", "oe", "H3K27ac", "Genes"]
    for track in (control, treatment):
        assert track["type"] == "merged"
        assert [part["name"][-1] for part in track["tracks"]] == ["+", "-"]
        assert [part["windowFunction"] for part in track["tracks"]] == ["max", "min"], (
            "peaks keep their height zoomed out"
        )
        for part in (track, *track["tracks"]):
            assert (part["min"], part["max"], part["autoscale"]) == (-8.64, 8.64, False)


def test_the_table_gives_no_fold_change_of_few_reads():
    table, tracks, fine = frames()
    told = table.assign(log2_fold_change=[1.42, 1.42, 2.0, 2.0])
    text = locus_page("RUNX1", told, tracks, fine, GENES, SIZES, ("mock", "oe")).decode()
    assert "+2.00" in text
    assert "+1.42" not in text


def test_libraries_units_and_exons_are_tracks_of_their_own():
    libraries = pd.DataFrame(
        [
            ("RUNX1", "oe_1", "oe", "+", 5_000, 5_100, 2.0),
            ("RUNX1", "oe_2", "oe", "-", 0, 100, 4.0),
            ("RUNX1", "mock_1", "mock", "+", 0, 100, 1.0),
            ("OTHER", "oe_1", "oe", "+", 0, 100, 99.0),
        ],
        columns=["locus", "library", "condition", "strand", "start", "end", "signal"],
    )
    units = pd.DataFrame(
        [("chr1", 1_900, 4_200, "u1", "+"), ("chr1", 50_000, 60_000, "far", "+"), ("chr2", 1_900, 4_200, "other", "+")],
        columns=["chrom", "start", "end", "name", "strand"],
    )
    annotated = pd.DataFrame(
        {
            "chrom": "chr1",
            "start": [2_000, 40_000, 6_000],
            "end": [4_000, 41_000, 7_000],
            "strand": ["+", "+", "-"],
            "transcript": ["T1", "T2", "T3"],
            "exons": [[(2_000, 2_300), (3_500, 4_000)], [(40_000, 41_000)], []],
        }
    )
    given = (*frames(), GENES, SIZES, ("mock", "oe"), "sim", None, libraries, units, annotated)
    tracks = {track["name"]: track for track in session(locus_page("RUNX1", *given).decode())["tracks"]}
    names = ["mock", "mock_1", "oe", "oe_1", "oe_2", "H3K27ac", "Transcription units", "Genes", "Transcripts, exons"]
    assert list(tracks) == names
    assert tracks["oe_2"]["tracks"][1]["features"] == [{"chr": "chr1", "start": 0, "end": 100, "value": -4.0}]
    assert {tracks[name]["max"] for name in ("mock_1", "oe_1", "oe_2")} == {4.32}, "of this locus alone"
    assert [unit["name"] for unit in tracks["Transcription units"]["features"]] == ["u1"]
    transcript, without = tracks["Transcripts, exons"]["features"]
    assert (without["name"], "exons" in without) == ("T3", False), "one box where no exon is known"
    assert transcript["exons"] == [{"start": 2_000, "end": 2_300}, {"start": 3_500, "end": 4_000}]


def test_windows_are_kept_as_steps_minus_below_zero():
    _, treatment, mark, _ = session(page())["tracks"]
    plus, minus = (part["features"] for part in treatment["tracks"])
    assert plus == [{"chr": "chr1", "start": 5_000, "end": 10_000, "value": 3.0}]
    assert minus == [{"chr": "chr1", "start": 0, "end": 5_000, "value": -8.0}]
    assert mark["features"] == [{"chr": "chr1", "start": 500, "end": 10_000, "value": 2.0}]


def test_strands_are_shown_as_finely_as_given_within_the_extent_of_the_figure():
    table, tracks, fine = frames()
    base = fine.iloc[:1].assign(condition="oe", strand="-", start=7_031, end=7_032, signal=4.0)
    text = locus_page("RUNX1", table, tracks, base, GENES, SIZES, ("mock", "oe")).decode()
    held = session(text)
    assert held["locus"] == "chr1:1-10000"
    control, treatment, *_ = held["tracks"]
    assert [part["features"] for part in control["tracks"]] == [[], []]
    assert treatment["tracks"][1]["features"] == [{"chr": "chr1", "start": 7_031, "end": 7_032, "value": -4.0}]
    assert "per million in each base" in text
    assert "per million in each window of 100 bp" in page()


def test_an_unreliable_locus_says_so():
    assert "Not reliable" in page(reliable=False)
    assert "Not reliable" not in page()


def test_a_locus_without_tracks_still_has_a_page():
    table, tracks, fine = frames()
    none = tracks.iloc[:0]
    text = locus_page("RUNX1", table, none, none, GENES, SIZES, ("mock", "oe")).decode()
    assert session(text)["locus"] == "chr1:2001-8000"
    with pytest.raises(KeyError):
        locus_page("absent", table, tracks, fine, GENES, SIZES, ("mock", "oe"))


def test_the_program_has_its_licence_and_is_the_stated_version():
    assert "MIT" in (TEMPLATES / "igv" / "LICENSE").read_text()
    assert f'"{IGV_VERSION}"' in (TEMPLATES / "igv" / "igv.min.js").read_text()


@pytest.mark.skipif(BROWSER is None, reason="no chromium on PATH")
def test_a_browser_draws_it(tmp_path):
    place = tmp_path / "RUNX1.html"
    place.write_text(page())
    flags = "--headless --no-sandbox --disable-gpu --disable-background-networking --disable-sync --no-first-run"
    wait = ("--virtual-time-budget=15000", "--dump-dom")
    done = subprocess.run(
        [BROWSER, *flags.split(), f"--user-data-dir={tmp_path / 'profile'}", *wait, place.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert 'data-drawn="yes"' in done.stdout
    assert done.stdout.count("igv-track-label") >= 4
