"""Predictions for a user's own sequences and regions: a value, or the reason why there is none."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import ArtifactError, ModelError, Notice
from groprog_assets.export import sequence as export
from groprog_assets.methods.sequence.genome_codes import open_genome
from groprog_assets.methods.sequence.published_model import PublishedModel
from groprog_assets.methods.sequence.windows import Layout, window_table
from groprog_assets.store.artifacts import digest_file
from groprog_assets.study.sequence_parameters import SequenceParameters
from tests.methods.sequence.planted import write_fasta

LAYOUT = Layout((60, 40))
TEXT = "".join(np.random.default_rng(3).choice(list("ACGT"), 1000))
UNKNOWN = "too many unknown bases"


class Counting:
    """Predicts the number of A and of C."""

    def predict(self, codes, side):
        return np.column_stack([(codes == base).sum(axis=1) for base in (0, 1)]).astype(float)

    def arrays(self):
        return {}


def model(layout: Layout = LAYOUT) -> PublishedModel:
    card = {
        "tasks": ["a", "c"],
        "windows": {"tss": list(layout.tss), "tts": layout.tts and list(layout.tts)},
        "parameters": SequenceParameters().model_dump(mode="json"),
        "champions": {"locus": "mean"},
    }
    return PublishedModel(card, {"locus": {"final": Counting(), "fold0": Counting(), "fold1": Counting()}})


def predicted(folder: Path, sequences: dict[str, str], layout: Layout = LAYOUT, uncertainty: bool = False):
    fasta = write_fasta(folder / "own.fa", sequences)
    scratch = Path(tempfile.mkdtemp(dir=folder))
    return export.predict_sequences(model(layout), fasta, "locus", scratch, uncertainty=uncertainty)


def test_a_sequence_of_unknown_bases_has_no_value_and_the_reason(tmp_path: Path):
    known = TEXT[:100]
    given = {
        "known": known,
        "low": known.lower(),
        "none": "N" * 100,
        "at_limit": "N" * 10 + known[10:],
        "above": "N" * 11 + known[11:],
        "iupac": "RYKMSWBDHVN" + known[11:],
    }
    with pytest.warns(Notice, match="no value for 3 of 6 sequences") as said:
        table = predicted(tmp_path, given, uncertainty=True).set_index("name")
    assert "10 %" in str(said[0].message)
    assert table["reason"].to_dict() == {
        **dict.fromkeys(["known", "low", "at_limit"], ""),
        **dict.fromkeys(["none", "above", "iupac"], UNKNOWN),
    }
    values = table[["a", "c", "a.sd", "c.sd"]]
    assert (values.isna().all(axis=1) == (table["reason"] == UNKNOWN)).all()
    assert not values.loc[table["reason"] == ""].isna().any(axis=None)
    assert table.loc["known", "a"] == table.loc["low", "a"] == known.count("A")


def test_columns_between_the_two_windows_hold_no_bases_and_do_not_count(tmp_path: Path):
    layout = Layout((60, 40), (20, 20))
    known, rest = TEXT[:100] + "N" * 8, "N" * 14 + TEXT[:26]
    assert predicted(tmp_path, {"w": known + rest}, layout)["reason"].tolist() == [""], "14 of 140 bases are 10 %"
    with pytest.raises(
        ModelError, match=r"w has bases between its windows.*then 8 N, 20 bases before the transcript's end"
    ):
        predicted(tmp_path, {"w": TEXT[:108] + rest}, layout)


def test_a_reference_that_was_changed_since_the_run_is_refused(tmp_path: Path):
    fasta = write_fasta(tmp_path / "g.fa", {"c": TEXT})
    workspace = SimpleNamespace(
        study=SimpleNamespace(genome=SimpleNamespace(fasta=fasta)),
        resolve=lambda path: path,
        file_digest=lambda path: (digest_file(path), 0),
        state=tmp_path / "state",
        command="groprog run",
    )
    reference = {"sha256": digest_file(fasta)}
    assert export.study_genome(workspace, reference).lengths == {"c": len(TEXT)}
    write_fasta(fasta, {"c": TEXT[::-1]})
    with pytest.raises(ArtifactError, match="changed since"):
        export.study_genome(workspace, reference)


@pytest.fixture
def regions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Predicts the regions of the lines of a BED on a chromosome `c` of 1,000 bases."""
    genome = open_genome(write_fasta(tmp_path / "g.fa", {"c": TEXT}), tmp_path, "s")
    monkeypatch.setattr(export, "read_asset", lambda *_: SimpleNamespace(value=lambda: {"names": {"c": "c"}}))
    monkeypatch.setattr(export, "study_genome", lambda *_: genome)
    workspace = SimpleNamespace(study=SimpleNamespace(sequence=None, marks=[]))

    def predict(*lines: str) -> pd.DataFrame:
        (tmp_path / "r.bed").write_text("".join(f"{line}\n" for line in lines))
        return export.predict_regions(workspace, model(), tmp_path / "r.bed", "locus")

    predict.genome = genome
    return predict


def test_a_region_whose_window_leaves_the_chromosome_is_left_out_as_a_gene_there_would_be(regions):
    starts = [(49, "+"), (50, "+"), (970, "+"), (971, "+"), (39, "-"), (29, "-"), (28, "-"), (949, "-"), (950, "-")]
    with pytest.warns(Notice, match="no value for 4 of 9 regions"):
        table = regions(*(f"c\t{tss}\t{tss + 1}\t{strand}{tss}\t0\t{strand}" for tss, strand in starts))
    genes = pd.DataFrame(
        [(f"{strand}{tss}", "c", strand, tss, tss, 0) for tss, strand in starts],
        columns=["gene", "chrom", "strand", "tss", "tts", "tss_reads"],
    )
    trained = window_table(genes, regions.genome, {"c": "c"}, LAYOUT, SequenceParameters())
    assert table["reason"].tolist() == trained["reason"].tolist()
    assert set(table["reason"]) == {"", UNKNOWN}
    assert (table["a"].isna() == (table["reason"] != "")).all()
