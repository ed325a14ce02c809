"""Facts about a study's files from their first and last bytes.

Standard library only, so that `groprog study check` answers at once.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

CBIOPORTAL_FILE = "data_clinical_patient.txt"
SAMPLE_FILE = "data_clinical_sample.txt"
BGZF_MAGIC = b"\x1f\x8b\x08\x04"
BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def clinical_path(path: Path) -> Path:
    """The table itself: `path`, or the patient file of a cBioPortal study folder."""
    return path / CBIOPORTAL_FILE if path.is_dir() else path


CBIOPORTAL_MATRICES = {
    "mutations": ("data_mutations.txt", "data_mutations_extended.txt", "data_mutations_mskcc.txt"),
    "copy_number": ("data_cna.txt", "data_CNA.txt"),
    "z_score": (
        *("data_mrna_seq_v2_rsem_zscores_ref_all_samples.txt", "data_mrna_seq_v2_rsem_zscores_ref_diploid_samples.txt"),
        *("data_mrna_seq_rpkm_zscores_ref_all_samples.txt", "data_mrna_seq_fpkm_zscores_ref_all_samples.txt"),
        *("data_mrna_seq_tpm_zscores_ref_all_samples.txt", "data_RNA_Seq_v2_mRNA_median_Zscores.txt"),
    ),
    "linear": (
        *("data_mrna_seq_v2_rsem.txt", "data_mrna_seq_tpm.txt", "data_mrna_seq_fpkm.txt", "data_mrna_seq_rpkm.txt"),
        "data_RNA_Seq_v2_expression_median.txt",
    ),
    "counts": ("data_mrna_seq_read_counts.txt", "data_mrna_seq_expression_read_counts.txt"),
}
"""By kind of matrix or scale of expression: how cBioPortal names the file in a study folder, the first that is there counts.
Source: docs.cbioportal.org/file-formats and the folders of cBioPortal's datahub."""


def cbioportal_file(path: Path, kind: str) -> Path:
    """The table itself: `path`, or the file of this kind in a cBioPortal study folder, plain or gzip; its first name where none
    is there, so that a message can name it. A folder for a kind without such a name stays as it is."""
    names = CBIOPORTAL_MATRICES.get(kind, ())
    if not path.is_dir() or not names:
        return path
    written = [path / f"{name}{suffix}" for name in names for suffix in ("", ".gz")]
    return next((file for file in written if file.is_file()), written[0])


CASE_LIST = ("case_lists", "cases_sequenced.txt")
"""cBioPortal's list of the samples that were sequenced, in the folder of the MAF."""


def case_list(mutations: Path) -> Path | None:
    """cBioPortal's list of sequenced samples beside a MAF; None if absent."""
    file = mutations.parent.joinpath(*CASE_LIST)
    return file if file.is_file() else None


def listed_samples(mutations: Path) -> list[str]:
    """Identifiers of the case list beside a MAF, each once; empty where there is none."""
    place = case_list(mutations)
    if place is None:
        return []
    for line in place.read_text(encoding="utf-8", errors="replace").splitlines():
        name, colon, held = line.partition(":")
        if colon and name.strip() == "case_list_ids":
            return list(dict.fromkeys(held.split()))
    return []


def sample_table(clinical: Path, beside: Iterable[Path]) -> Path | None:
    """cBioPortal's table of whose each sample is: in a folder of `beside` (those of the matrices), else in or beside the clinical
    table; None if absent, or without a matrix."""
    folders = [*beside]
    if folders:
        folders.append(clinical if clinical.is_dir() else clinical.parent)
    return next((folder / SAMPLE_FILE for folder in folders if (folder / SAMPLE_FILE).is_file()), None)


OTHER_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
"""What a path can be that is no regular file. Opening a pipe waits for its writer, and a device may have no end."""


def other_kind(path: Path) -> str:
    """What `path` is instead of a regular file, links followed: "a pipe", "a device", …; "" for a regular or missing file."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return ""
    return next((name for is_kind, name in OTHER_KINDS if is_kind(mode)), "")


def open_regular(path: Path) -> BinaryIO:
    """`path` opened for reading bytes, without waiting. OSError, as `open` raises it, also for what is no regular file."""
    if kind := other_kind(path):
        raise OSError(errno.EINVAL, f"{kind}, no regular file", str(path))
    try:
        return open(path, "rb")
    except ValueError as error:  # a name with a zero byte
        raise OSError(errno.EINVAL, str(error), str(path)) from None


def bam_problem(path: Path) -> str:
    """Why a BAM cannot be whole: no BGZF header, or no end-of-file block (truncated). Empty when neither."""
    with open_regular(path) as file:
        if file.read(4) != BGZF_MAGIC:
            return "it does not begin as a BAM does"
        file.seek(0, 2)
        if file.tell() < len(BGZF_END):
            return "it is shorter than an empty BAM"
        file.seek(-len(BGZF_END), 2)
        if file.read() != BGZF_END:
            return "its end-of-file block is missing: the file is truncated"
    return ""
