"""A cBioPortal study folder: its meta files, case lists and gene panels, and which of its files are assays.

Source: docs.cbioportal.org, File Formats.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from groprog_assets.errors import AssayError, Problem
from groprog_assets.methods.assays.columns import collector, read_cells, read_header
from groprog_assets.methods.assays.variant_rows import genome_build
from groprog_assets.study.annotation_files import some
from groprog_assets.study.text_files import open_text, reading

META = "meta_"
NOT_PROFILED = frozenset({"", "NA", "na", "null"})
"""Cells of the panel matrix of a sample that was not looked at."""


class Kind(NamedTuple):
    """What a kind of profile is. form: matrix, long, maf, seg, sv, fusion, generic; said: fields of the assay; derived: computed
    from another profile."""

    form: str
    said: dict[str, str]
    derived: bool = False


def _kind(form: str, omics: str, scale: str = "", unit: str = "", derived: bool = False, ids: str = "") -> Kind:
    said = {"omics": omics, "scale": scale, "unit": unit, "id_system": ids}
    return Kind(form, {name: value for name, value in said.items() if value}, derived)


KINDS = {
    ("MUTATION_EXTENDED", "MAF"): _kind("maf", "genome"),
    ("MUTATION_UNCALLED", "MAF"): _kind("maf", "genome"),
    ("COPY_NUMBER_ALTERATION", "DISCRETE"): _kind("matrix", "genome", "ordinal"),
    ("COPY_NUMBER_ALTERATION", "DISCRETE_LONG"): _kind("long", "genome", "ordinal"),
    ("COPY_NUMBER_ALTERATION", "CONTINUOUS"): _kind("matrix", "genome"),
    ("COPY_NUMBER_ALTERATION", "LOG2-VALUE"): _kind("matrix", "genome", "log2", "ratio"),
    ("COPY_NUMBER_ALTERATION", "SEG"): _kind("seg", "genome", "log2", "ratio"),
    ("MRNA_EXPRESSION", "CONTINUOUS"): _kind("matrix", "transcriptome"),
    ("MRNA_EXPRESSION", "Z-SCORE"): _kind("matrix", "transcriptome", "zscore", derived=True),
    ("MRNA_EXPRESSION", "DISCRETE"): _kind("matrix", "transcriptome", "ordinal", derived=True),
    ("METHYLATION", "CONTINUOUS"): _kind("matrix", "epigenome", "beta"),
    ("PROTEIN_LEVEL", "LOG2-VALUE"): _kind("matrix", "proteome", "log2", "level"),
    ("PROTEIN_LEVEL", "CONTINUOUS"): _kind("matrix", "proteome"),
    ("PROTEIN_LEVEL", "Z-SCORE"): _kind("matrix", "proteome", "zscore", derived=True),
    ("STRUCTURAL_VARIANT", "SV"): _kind("sv", "genome"),
    ("FUSION", "FUSION"): _kind("fusion", "genome", "ordinal"),
    ("GENESET_SCORE", "GSVA-SCORE"): _kind("matrix", "transcriptome", "zscore", ids="gene set"),
    ("GENERIC_ASSAY", "LIMIT-VALUE"): _kind("generic", "", ids="entity"),
    ("GENERIC_ASSAY", "BINARY"): _kind("generic", "", "ordinal", ids="entity"),
}
"""Kinds of profiles that are assays. Without a scale here the study file states it."""
NO_ASSAY = {
    "CANCER_TYPE": "a list of cancer types",
    "CLINICAL": "records of patients and samples: name the folder as cohort.clinical",
    "GENE_PANEL_MATRIX": "which sample was looked at with which panel; used for the other profiles",
    "GISTIC_GENES_AMP": "a result on the whole cohort, without values of samples",
    "GISTIC_GENES_DEL": "a result on the whole cohort, without values of samples",
    "MUTSIG": "a result on the whole cohort, without values of samples",
    "RESOURCE": "links to further documents",
}
"""Known kinds that are no assay, and what they are."""
NO_VALUES = {
    ("GENESET_SCORE", "P-VALUE"): "p-values of the scores, not measurements",
    ("GENERIC_ASSAY", "CATEGORICAL"): "words, not measurements",
}


class Profile(NamedTuple):
    """A meta file and what it says. name: its stable_id, else the name of the meta file without meta_."""

    meta: Path
    name: str
    kind: Kind
    data: Path
    fields: dict[str, str]
    what: tuple[str, str]


class StudyFolder(NamedTuple):
    """profiles: assays, by name; case_lists: samples by the last part of the stable id (sequenced, cna, …); panels: genes by
    panel; matrix: {profile: {sample: panel, "" = not looked at}}; build: GRCh37, GRCh38 or ""; notices: what else is there."""

    path: Path
    profiles: dict[str, Profile]
    case_lists: dict[str, list[str]]
    panels: dict[str, frozenset[str]]
    matrix: dict[str, dict[str, str]]
    build: str
    notices: list[Problem]

    def covered(self, profile: Profile, samples: list[str]) -> dict[str, frozenset[str] | None]:
        """{sample that was looked at: the genes of its panel, None = every gene}; of `samples` where no matrix and no field
        gene_panel says otherwise. Raises AssayError for a panel whose genes are not in the folder."""
        column = self.matrix.get(profile.name)
        whole = profile.fields.get("gene_panel", "")
        named = dict.fromkeys(samples, whole) if column is None else {s: p for s, p in column.items() if p}
        listed = [] if column is not None else samples
        found: dict[str, frozenset[str] | None] = dict.fromkeys(listed)
        for sample, panel in named.items():
            if panel in ("", "WES", "WXS", "WGS"):
                found[sample] = None
            elif panel in self.panels:
                found[sample] = self.panels[panel]
            else:
                rule = "A panel of the matrix lists its genes in a file of the folder: stable_id, gene_list."
                remedy = "Add the file of the gene panel."
                raise AssayError(Problem(str(self.path), f"panel {panel!r} of sample {sample}", rule, remedy))
        return found


def read_study_folder(path: Path) -> StudyFolder:
    """What the folder holds. Raises AssayError for no folder, a folder without meta files, a meta file without a kind, and a data
    file that is not there; profiles of unknown kinds and files that no meta file names are said in `notices`."""
    if not path.is_dir():
        rule = "A cBioPortal study is a folder of meta_ and data_ files."
        raise AssayError(Problem(str(path), "no folder", rule, "Name the folder itself."))
    metas = {file: _fields(file) for file in sorted(path.glob(f"{META}*")) if file.is_file()}
    if not metas:
        rule = "A cBioPortal study has meta files, which say what its data files are."
        raise AssayError(Problem(str(path), "no file meta_*", rule, "Is it the right folder?"))
    notices: list[Problem] = []
    problems: list[Problem] = []
    profiles: dict[str, Profile] = {}
    matrix: dict[str, dict[str, str]] = {}
    named: set[str] = set()
    build = ""
    for file, fields in metas.items():
        alteration = fields.get("genetic_alteration_type", "").upper()
        datatype = fields.get("datatype", "").upper()
        data = path / fields.get("data_filename", "")
        named |= {fields.get(key, "") for key in ("data_filename", "pd_annotations_filename")}
        if not alteration:
            build = build or genome_build(fields.get("reference_genome", ""))
            if "resource_type" in fields:
                notices.append(_other(file, f"resource {fields['resource_type']}", NO_ASSAY["RESOURCE"]))
            elif "type_of_cancer" not in fields and "cancer_study_identifier" not in fields:
                rule = "A meta file says genetic_alteration_type and datatype."
                problems.append(Problem(str(file), "no genetic_alteration_type", rule, "Add them."))
            continue
        if not data.is_file():
            rule = "A meta file names its data file in data_filename."
            value = fields.get("data_filename", "") or "no data_filename"
            problems.append(Problem(str(file), f"{value}: not there", rule, "Correct the name, or add the file."))
            continue
        what = (alteration, datatype)
        if alteration == "GENE_PANEL_MATRIX":
            matrix = _panel_matrix(data)
        elif what in KINDS:
            name = fields.get("stable_id", "") or file.stem.removeprefix(META)
            if name in profiles:
                rule = "Two profiles have two stable ids."
                problems.append(Problem(str(file), f"stable_id {name} again", rule, "Give it another."))
            profiles[name] = Profile(file, name, KINDS[what], data, fields, what)
        else:
            known = NO_ASSAY.get(alteration, "") or NO_VALUES.get(what, "")
            if known:
                notices.append(_other(file, f"{alteration}, {datatype}", known))
            else:
                rule = "Not a kind of profile that is known here: it is not read."
                value = f"genetic_alteration_type {alteration}, datatype {datatype}"
                notices.append(
                    Problem(str(file), value, rule, "Correct the words, or give the data as another format.")
                )
    if problems:
        raise AssayError(problems)
    panels = dict(_panels(path))
    lists = dict(_case_lists(path))
    loose = [
        f.name for f in sorted(path.iterdir()) if f.name.startswith("data_") and f.name not in named and not _panel(f)
    ]
    if loose:
        rule = "Only files that a meta file names are read."
        notices.append(Problem(str(path), f"named by no meta file: {some(loose, 5)}", rule, "Write their meta files."))
    return StudyFolder(path, profiles, lists, panels, matrix, build, notices)


def _other(file: Path, value: str, known: str) -> Problem:
    return Problem(str(file), value, f"No assay: {known}.", "Nothing.")


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """(key, value) of the lines `key: value`."""
    with reading(path), open_text(path) as file:
        for line in file:
            key, colon, value = line.rstrip("\r\n").partition(":")
            if colon and key.strip():
                yield key.strip(), value.strip()


def _fields(path: Path) -> dict[str, str]:
    return dict(_lines(path))


def _panel(path: Path) -> bool:
    """Whether a file lists the genes of a panel."""
    name = path.name.lower()
    return path.is_file() and "gene_panel" in name and not name.startswith(META) and "matrix" not in name


def _panels(path: Path) -> Iterator[tuple[str, frozenset[str]]]:
    """(panel, its genes) of the files of gene panels in the folder."""
    for file in sorted(path.iterdir()):
        if _panel(file):
            fields = _fields(file)
            if "stable_id" in fields and "gene_list" in fields:
                yield fields["stable_id"], frozenset(fields["gene_list"].split())


def _case_lists(path: Path) -> Iterator[tuple[str, list[str]]]:
    """(last part of the stable id, samples) of the case lists."""
    for file in sorted((path / "case_lists").glob("*.txt")):
        fields = _fields(file)
        study, name = fields.get("cancer_study_identifier", ""), fields.get("stable_id", "")
        yield name.removeprefix(f"{study}_"), list(dict.fromkeys(fields.get("case_list_ids", "").split()))


def _panel_matrix(path: Path) -> dict[str, dict[str, str]]:
    """{profile: {sample: panel}} of the panel matrix."""
    header = read_header(path)
    key = next((name for name in header.columns if name.upper() == "SAMPLE_ID"), "")
    if not key:
        rule = "A panel matrix has a column SAMPLE_ID and a column a profile."
        raise AssayError(Problem(header.where, "no column SAMPLE_ID", rule, "Add it."))
    profiles = [name for name in header.columns if name != key]
    found = read_cells(header, header.columns, [], collector(path))
    samples = found.text[key].tolist()
    return {
        profile: {
            sample: "" if panel in NOT_PROFILED else panel
            for sample, panel in zip(samples, found.text[profile].tolist(), strict=True)
        }
        for profile in profiles
    }


def chosen_profiles(folder: StudyFolder, member: str) -> tuple[dict[str, Profile], list[Problem]]:
    """The profiles to read: the one named `member` (its stable id, or its data file), else all of them without those that are
    derived from a profile that is there too. Raises AssayError for another name and for a folder without an assay."""
    if member:
        found = {n: p for n, p in folder.profiles.items() if member in (n, p.data.name, p.meta.name)}
        if not found:
            rule = f"The profiles of the folder are {some(folder.profiles, 12)}."
            raise AssayError(Problem(str(folder.path), f"no profile {member!r}", rule, "Name one of them in member."))
        return found, []
    if not folder.profiles:
        rule = "A folder that is read as assays has a profile with values of samples."
        none = Problem(str(folder.path), "no assay", rule, "Is it the right folder?")
        raise AssayError([none, *folder.notices])
    values = {profile.what[0] for profile in folder.profiles.values() if not profile.kind.derived}
    left_out = {n: p for n, p in folder.profiles.items() if p.kind.derived and p.what[0] in values}
    notices = [
        _other(profile.meta, f"{profile.what[1]} of {profile.what[0]}", "derived from values that are there; not read")
        for profile in left_out.values()
    ]
    return {name: profile for name, profile in folder.profiles.items() if name not in left_out}, notices


def sequenced(folder: StudyFolder, profile: Profile) -> list[str]:
    """Samples of the case list that goes with a profile; empty where there is none."""
    names: Mapping[str, tuple[str, ...]] = {
        "MUTATION_EXTENDED": ("sequenced",),
        "MUTATION_UNCALLED": ("sequenced",),
        "STRUCTURAL_VARIANT": ("sv", "sequenced"),
        "FUSION": ("sv", "sequenced"),
        "COPY_NUMBER_ALTERATION": ("cna",),
    }
    for name in names.get(profile.what[0], ()):
        if name in folder.case_lists:
            return folder.case_lists[name]
    return []
