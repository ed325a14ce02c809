"""Peak memory of one 20 M-read library through the graph, stage by stage, each in a process of its own.

    python -m benchmarks.library_memory [--reads N] [--folder F]

The library is the control of `benchmarks.two_libraries`, made once. A process runs every stage on a few thousand reads, so that
what imports and compiled code take is there before, and notes its resident memory; it resets the kernel's high-water mark (VmHWM)
and runs one stage on the whole library. Printed: the mark above that note. Limit: 300 MB at 20 million reads. Needs `../shared`.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from benchmarks import two_libraries
from groprog_assets.methods.features.gene_signal import gene_signal
from groprog_assets.methods.initiation.initiation_regions import initiation_regions
from groprog_assets.methods.reads.bigwig import write_bigwigs
from groprog_assets.methods.reads.coverage import bin_sequences
from groprog_assets.methods.reads.filtered_alignments import filter_alignments
from groprog_assets.methods.reads.positions import sequences_in_pieces
from groprog_assets.methods.transcription.transcript_hmm import pooled_sequences
from groprog_assets.store.artifacts import Bundle, Reference, Store
from groprog_assets.store.wire_format import Stored
from groprog_assets.study.initiation_parameters import InitiationParameters
from groprog_assets.study.parameters import FilteringParameters, PausingParameters
from groprog_assets.study.schema import Genome, Library

FEW_READS, BIN_SIZE, LIMIT_MB = 20_000, 50, 300.0
TABLES = {"positions": "positions", "bases": "positions", "funnel": "filter_funnel"}


class OneLibrary:
    """Stages of one library: each reads what those before it stored, and stores what the asset of its name stores."""

    def __init__(self, bam: Path, folder: Path):
        self._library = Library.model_validate({"id": "one", "condition": "one", "assay": "gro-seq", "alignments": bam})
        genes = two_libraries.genes()
        self._models = genes.assign(transcript=genes["gene"])
        first, last = genes["start"], genes["end"] - 1
        plus = genes["strand"] == "+"
        self._genes = genes.assign(tss=first.where(plus, last), tts=last.where(plus, first))
        self._store, self._folder = Store(folder / "store"), folder

    def _stored(self, name: str) -> Stored:
        told = json.loads((self._folder / f"{name}.json").read_text())
        return Stored(self._store, Reference(**told), name)

    def _put(self, name: str, value: object, tables: str | dict[str, str]) -> None:
        reference = self._store.put(value, tables)
        self._store.read_back(reference, name)
        (self._folder / f"{name}.json").write_text(json.dumps(reference.as_json()))

    def _positions(self) -> dict[str, pd.DataFrame]:
        return {"one": self._stored("filtered_alignments").member("positions").value()}

    def filtered_alignments(self) -> None:
        """From the BAM to stored positions, read back as a check."""
        masks = pd.DataFrame({"chrom": [], "start": [], "end": []})
        genome = Genome.model_construct(fasta=None, spike_in_prefix=None)
        given = (two_libraries.CHROMS, masks, self._models, FilteringParameters(), genome)
        assert self._library.alignments is not None
        found = filter_alignments(self._library.alignments, self._library, *given)
        self._put("filtered_alignments", Bundle(found._asdict()), TABLES)

    def coverage(self) -> None:
        """Reads in windows, from pieces of the stored positions; read back as a check."""
        pieces = self._stored("filtered_alignments").member("positions").pieces()
        table = bin_sequences(sequences_in_pieces(pieces), two_libraries.CHROMS, BIN_SIZE)
        self._put("coverage", table, "coverage")

    def unit_model_input(self) -> None:
        """Run lengths of all windows, as the unit model reads them."""
        pooled_sequences({"one": self._stored("coverage").value()}, two_libraries.CHROMS, BIN_SIZE)

    def gene_signal(self) -> None:
        """Reads at promoters and bodies of all genes."""
        gene_signal(self._positions(), [self._library], self._genes, PausingParameters())

    def initiation_regions(self) -> None:
        """Regions called on this library alone, and its reads in them."""
        given = (two_libraries.CHROMS, self._models, InitiationParameters())
        initiation_regions(self._positions(), [self._library], *given)

    def tracks(self) -> None:
        """The pair of bigWig files."""
        write_bigwigs(self._positions()["one"], two_libraries.CHROMS, self._folder / "one")


STAGES: dict[str, Callable[[OneLibrary], None]] = {
    name: stage for name, stage in vars(OneLibrary).items() if not name.startswith("_")
}


def _memory(name: str) -> float:
    found = re.search(rf"{name}:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1e3


def one_stage(stage: str, few: Path, bam: Path, folder: Path) -> None:
    """Print the peak in MB above what libraries and compiled code take, and CPU seconds."""
    with tempfile.TemporaryDirectory() as place:
        small = OneLibrary(few, Path(place))
        for call in STAGES.values():
            call(small)
    library = OneLibrary(bam, folder)
    before, began = _memory("VmRSS"), time.process_time()
    Path("/proc/self/clear_refs").write_text("5")
    STAGES[stage](library)
    print(_memory("VmHWM") - before, before, time.process_time() - began)


def main() -> None:
    """Make the files, run each stage in a child, print its peak; fail where the limit is missed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--reads", type=int, default=20_000_000)
    options.add_argument("--folder", type=Path, default=Path("/tmp/groprog_two_libraries"))
    options.add_argument("--stage", choices=STAGES, help="run one stage in this process")
    chosen = options.parse_args()
    few, bam = (chosen.folder / f"control_{reads}.bam" for reads in (FEW_READS, chosen.reads))
    place = chosen.folder / "one_library"
    if chosen.stage:
        one_stage(chosen.stage, few, bam, place)
        return
    place.mkdir(parents=True, exist_ok=True)
    for reads in (FEW_READS, chosen.reads):
        two_libraries.make(chosen.folder, reads)
    peaks = []
    for stage in STAGES:
        command = [sys.executable, "-m", "benchmarks.library_memory", "--stage", stage, "--reads", str(chosen.reads)]
        child = subprocess.run(
            [*command, "--folder", str(chosen.folder)], stdout=subprocess.PIPE, text=True, check=True
        )
        peak, before, seconds = map(float, child.stdout.split())
        peaks.append(peak)
        print(f"{stage:22}{peak:6.0f} MB above {before:.0f} MB{seconds:8.1f} CPU s", flush=True)
    print(f"{chosen.reads:,} reads: at most {max(peaks):.0f} MB in a stage (limit {LIMIT_MB:.0f})")
    assert max(peaks) <= LIMIT_MB


if __name__ == "__main__":
    main()
