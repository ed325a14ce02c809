"""The workspace of a study: store, derivations, file digests, and the view that each asset has of the study.

The state of a study lives beside its file, in `.groprog/`. An asset sees the study through a view that holds the sections it
declared and raises on any other, so that what is recorded as read is what can be read. No Dagster.
"""

from __future__ import annotations

import os
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

from pydantic import PrivateAttr

from groprog_assets.errors import ArtifactError, Problem, StudyError
from groprog_assets.store.artifacts import (
    Store,
    canonical_json,
    digest_bytes,
    digest_file,
    digest_value,
    write_atomically,
)
from groprog_assets.store.claims import Claims
from groprog_assets.store.derivations import Derivations, passed, told_barriers
from groprog_assets.store.object_storage import STORE_VARIABLE, open_store
from groprog_assets.store.signatures import Unsealed
from groprog_assets.store.snapshots import Snapshots
from groprog_assets.store.withdrawn import without_withdrawn
from groprog_assets.study.omics_study import Omics
from groprog_assets.study.parameters import Parameters
from groprog_assets.study.schema import Library, Study
from groprog_assets.tables.values import Document, Value, Values
from groprog_assets.wording import shell_command

STUDY_VARIABLE = "GROPROG_STUDY"
OF_PATIENTS = "of_patients"
"""Stands among the gates of an asset that sees the patients' own libraries (matched mode) instead of the experiment's."""
WITH_CONTROLS = "with_controls"
"""Stands among the gates of an asset that sees the -TAP and input controls beside the experiment's libraries."""
COHORT_ASSETS = (
    "clinical_records",
    "patient_assays",
    "patient_expression",
    "cohort",
    "source_cohorts",
    "encoded_tensors",
    "risk_model",
    "risk_scores",
    "baselines",
    "evaluation",
    "champion",
    "ablation",
    "transfer_gain",
    "related_work",
    "external_validation",
)
"""The assets of the groups cohort and model: a study without a cohort has none of them."""
SEQUENCE_ASSETS = (
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
    "variant_effects",
)
"""The assets of the group sequence: a study without `sequence`, or without a FASTA, has none of them."""
PHENOTYPE_ASSETS = (
    "omics_sources",
    "phenotypes",
    "diagnoses",
    "reference_terms",
    "reference_annotations",
    "reference_xrefs",
    "ranking_index",
    "disease_ranking",
    "case_studies",
)
"""The assets of findings and diagnoses: a study without `omics.phenopackets` has none of them."""
ASSAY_ASSETS = ("samples", "assay_raw", "assay_normalised", "assay_corrected", "assay_filled", "out_of_range")
"""The assets of measurements: a study without `omics.assays` has none of them."""
JOINED_ASSETS = ("factors", "fused_network", "strata")
"""The assets of what all assays say together: a study without `omics.assays` has none of them."""
ASKED_ASSETS = ("gene_sets", "biomarkers", "pathway_scores", "reversal")
"""The assets of questions: without groups or survival, gene sets, drug signatures a study has none of them."""
OMICS_ASSETS = (
    "reference_diseases",
    "consents",
    "subjects",
    *PHENOTYPE_ASSETS,
    *ASSAY_ASSETS,
    *JOINED_ASSETS,
    *ASKED_ASSETS,
    "omics_catalog",
    "omics_report",
)
"""The assets of the group omics: a study without `omics` has none of them."""
DESCRIBED = "normalized_features"
"""The asset of what libraries say of the genes; without libraries it says nothing of none, and a cohort's model reads that."""
WITHOUT_LIBRARIES = (*OMICS_ASSETS, *COHORT_ASSETS, DESCRIBED)
"""The assets that a study without libraries may have."""
SECTIONS = [
    "name",
    "title",
    "genome",
    "libraries",
    "library",
    "contrast",
    "loci",
    "marks",
    "ontology",
    "signature_target",
    "compare_with_paper",
    "cohort",
    "validation",
    "sequence",
    "omics",
    "results",
]
PACKAGES = [
    "numpy",
    "pandas",
    "scipy",
    "pyarrow",
    "numba",
    "llvmlite",
    "pysam",
    "pybigwig",
    "torch",
    "safetensors",
    "fastobo",
    "pydeseq2",
    "xgboost-cpu",
    "matplotlib",
    "jinja2",
]


def absent_assets(study: Study) -> dict[str, str]:
    """{asset that this study does not have: why}."""
    found: dict[str, str] = {}
    if study.cohort is None:
        found |= dict.fromkeys(COHORT_ASSETS, "it names no cohort")
        if not study.libraries:
            found[DESCRIBED] = "it names neither libraries nor a cohort"
    elif not study.cohort.omics:
        found["patient_assays"] = "it names no cohort.omics"
    if not study.has_sequence:
        found |= dict.fromkeys(SEQUENCE_ASSETS, "it names no sequence section, or no genome.fasta")
    elif study.sequence is not None:
        if study.sequence.side is None and not study.sequence.channels:
            found["sequence_side"] = "neither sequence.side nor sequence.channels is asked for"
        if not study.sequence.cell_types:
            found["sequence_cell_types"] = "sequence.cell_types is not asked for"
        if not study.sequence.profile:
            found["sequence_profile"] = "sequence.profile is not asked for"
        if not study.parameters.descriptors.sequence and not study.sequence.pretrained:
            found["sequence_descriptors"] = (
                "neither parameters.descriptors.sequence nor sequence.pretrained is asked for"
            )
    if study.omics is None:
        found |= dict.fromkeys(OMICS_ASSETS, "it names no omics")
        return found
    if not study.omics.phenopackets:
        found |= dict.fromkeys(PHENOTYPE_ASSETS, "it names no phenopackets")
    if study.omics.mondo is None:
        found["reference_diseases"] = "it names no omics.mondo"
    if not study.omics.assays:
        return found | dict.fromkeys((*ASSAY_ASSETS, *JOINED_ASSETS, *ASKED_ASSETS), "it names no assays")
    return found | _unasked(study.omics)


def _unasked(omics: Omics) -> dict[str, str]:
    compared = omics.groups is not None or omics.survival is not None
    named = (omics.gene_sets, omics.drug_signatures, omics.drug_targets)
    asked = {
        "gene_sets": (any(named), "it names no omics.gene_sets, drug_signatures or drug_targets"),
        "biomarkers": (compared, "it names neither omics.groups nor omics.survival"),
        "pathway_scores": (omics.gene_sets is not None, "it names no omics.gene_sets"),
        "reversal": (compared and omics.drug_signatures is not None, "it names no omics.drug_signatures"),
    }
    return {asset: why for asset, (has, why) in asked.items() if not has}


class StudyView:
    """What an asset may read of the study: `study.genome`, `study.parameters.pausing`, … as declared, nothing else."""

    def __init__(self, values: Values, asset: str):
        self._values = values
        self._asset = asset

    def __getattr__(self, name: str) -> Value:
        values, asset = self.__dict__["_values"], self.__dict__["_asset"]
        if name in values:
            return values[name]
        groups = {key.partition(".")[2]: item for key, item in values.items() if key.partition(".")[0] == name}
        if groups or name == "parameters":
            return StudyView(groups, asset)
        raise StudyError(f"asset {asset} reads {name} of the study without declaring it")

    def as_parameters(self) -> Parameters:
        """The parameters as one object; to read a group that was not declared is a StudyError, as on the view itself."""
        groups = {name.partition(".")[2]: item for name, item in self._values.items() if name.startswith("parameters.")}
        declared = DeclaredParameters(**groups)
        declared._asset, declared._declared = self._asset, frozenset(groups)
        return declared


class DeclaredParameters(Parameters):
    """Parameters of which only some groups may be read; written out, the others stand as published.

    Until the groups are stated all may be read: rules between groups are checked while the object is made.
    """

    _asset: str = PrivateAttr(default="")
    _declared: frozenset[str] = PrivateAttr(default=frozenset(Parameters.model_fields))

    def __getattribute__(self, name: str) -> Value:
        if name in Parameters.model_fields and name not in self._declared:
            raise StudyError(f"asset {self._asset} reads parameters.{name} of the study without declaring it")
        return super().__getattribute__(name)


class Workspace:
    """One study and its state on disk.

    withdrawn_libraries: identifiers of libraries that the study file names and the study leaves out, as their patients have
    withdrawn.
    """

    def __init__(self, study_path: Path):
        from groprog_assets.study.check import load_study

        self.path = Path(os.path.realpath(study_path))
        self.folder = self.path.parent
        self.state = self.folder / ".groprog"
        self.snapshots = Snapshots(self.state, self.folder)
        given = self.snapshots.apply(load_study(self.path))
        self.study, self.withdrawn_libraries = without_withdrawn(given, self.snapshots.root, self.state)
        address = os.environ.get(STORE_VARIABLE, "") or str(self.study.compute.store or self.state / "store")
        self.store: Store = open_store(address, self.state / "cache")
        self.unsealed = Unsealed(self.state)
        self.derivations = Derivations(self.state / "derivations", self.store)
        self.claims = Claims(self.store, self.state, self.derivations.named_digests)
        self.store.claim = self.claims.claim

    @property
    def home(self) -> Path:
        """The Dagster home of this study."""
        return self.state / "dagster"

    @property
    def ledger_path(self) -> Path:
        return self.state / "ledger" / "lineage.duckdb"

    @property
    def results(self) -> Path:
        return self.resolve(self.study.results)

    @property
    def command(self) -> str:
        return shell_command("groprog", "run", self.path)

    def making(self, asset: str) -> str:
        """The command that makes an asset and what it is made from, where that was never made either."""
        return shell_command("groprog", "run", self.path, "--select", f"+{asset}")

    def resolve(self, path: Path) -> Path:
        return path if path.is_absolute() else self.folder / path

    def has(self, asset: str) -> bool:
        """Whether this study has the asset; what an earlier cohort left is no part of a study without one."""
        return (asset in WITHOUT_LIBRARIES or bool(self.study.libraries)) and asset not in absent_assets(self.study)

    def library(self, partition: str) -> Library:
        for library in self.study.libraries:
            if library.id == partition:
                return library
        raise StudyError(
            Problem(
                "library", partition, "It must stand in the study file.", f"Add it to {self.path} or choose another."
            )
        )

    def eligible_libraries(
        self, gates: tuple[str, ...], needed: tuple[str, ...] = ()
    ) -> tuple[list[Library], list[dict[str, str]]]:
        """The libraries whose latest blocking checks passed in every asset of `gates`, and who is left out and why.

        Those of the experiment, or with OF_PATIENTS among the gates those of the patients: neither is taken for the other. -TAP
        and input controls are among them only with WITH_CONTROLS among the gates. A library without a value of an asset that is
        `needed` is an error: leaving it out silently would change the study.
        """
        kept, left_out, problems = [], [], []
        owned = set(self.study.nascent_libraries.values())
        controls = set() if WITH_CONTROLS in gates else self.study.control_libraries
        for library in self.study.libraries:
            if (library.id in owned) != (OF_PATIENTS in gates) or library.id in controls:
                continue
            reasons = []
            for asset in gates:
                if asset in (OF_PATIENTS, WITH_CONTROLS):
                    continue
                record = self.derivations.current_record(asset, library.id)
                if record is None:
                    if asset in needed:
                        rule = "Every library of the study must be made first."
                        problems.append(Problem(f"{asset} of {library.id}", "missing", rule, f"Run `{self.command}`."))
                    continue
                reasons += told_barriers(record)
                if not passed(record):
                    break
            if reasons:
                left_out.append({"library": library.id, "reason": "; ".join(reasons)})
            else:
                kept.append(library)
        if problems:
            raise ArtifactError(problems)
        return kept, left_out

    def section(self, name: str, partition: str, libraries: list[Library] | None) -> Value:
        """The value of a declared section ("genome", "library", "libraries", "parameters.pausing"), or of one field of it
        ("cohort.nascent_libraries"); None where the study has no such section."""
        if name == "library":
            return self.library(partition)
        if name == "libraries":
            return self.study.libraries if libraries is None else libraries
        head, _, group = name.partition(".")
        if head == "parameters":
            return getattr(self.study.parameters, group)
        if head not in SECTIONS:
            raise StudyError(f"the study has no section {name}")
        section = getattr(self.study, head)
        return getattr(section, group) if group and section is not None else section

    def describe(self, value: Value) -> Value:
        """A section as JSON, its paths relative to the study file, so that a moved study is the same study."""
        if hasattr(value, "model_fields_set"):
            return {name: self.describe(getattr(value, name)) for name in type(value).model_fields}
        if isinstance(value, Path):
            return Path(os.path.relpath(self.resolve(value), self.folder)).as_posix()
        if isinstance(value, list | tuple):
            return [self.describe(item) for item in value]
        if isinstance(value, dict):
            return {str(key): self.describe(item) for key, item in value.items()}
        return value

    def source_files(self, names: tuple[str, ...], partition: str) -> list[Document]:
        """[{role, library, path, bytes, sha256}] of the files behind the dotted names ("genome.annotation", "marks.bigwig")."""
        found = []
        for name in names:
            for path in self._paths(name, partition):
                for file in _files_in(path):
                    sha256, size = self.file_digest(file)
                    shown = Path(os.path.relpath(file, self.folder)).as_posix()
                    found.append({"role": name, "library": partition, "path": shown, "bytes": size, "sha256": sha256})
        return found

    def file_digest(self, path: Path) -> tuple[str, int]:
        """(sha256, bytes) of a source file; the digest is kept while path, size and modification time stay the same."""
        try:
            status = path.stat()
        except OSError as error:
            rule = "Every file of the study must be readable."
            raise StudyError(Problem(str(path), error.strerror or "unreadable", rule, "Mend the path.")) from None
        key = digest_value([str(path), status.st_size, status.st_mtime_ns])
        memory = self.state / "files" / key[:2] / key
        try:
            return memory.read_text(), status.st_size
        except OSError:
            sha256 = digest_file(path)
            write_atomically(memory, sha256.encode())
            return sha256, status.st_size

    def environment(self) -> str:
        """The digest of the environment; what it says lies in `environments/<digest>.json`."""
        content = environment_content()
        digest = digest_bytes(content)
        path = self.state / "environments" / f"{digest}.json"
        if not path.is_file():
            write_atomically(path, content)
        return digest

    def _paths(self, name: str, partition: str) -> list[Path]:
        head, *rest = name.split(".")
        values: list[Any] = [self.section(head, partition, None)]
        for attribute in rest:
            flat: list[Any] = []
            for value in values:
                flat += value if isinstance(value, list) else [value]
            values = [getattr(value, attribute) for value in flat if value is not None]
        paths: list[Path] = []
        for value in values:
            paths += value if isinstance(value, list) else [value] if value is not None else []
        return [self.resolve(path) for path in paths]


def _files_in(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(item for item in path.iterdir() if item.is_file() and not item.name.startswith("."))
    if path.exists():
        return [path]
    beside = sorted(path.parent.glob(f"{path.name}.*"))  # an index given by its prefix
    return beside or [path]


@lru_cache(maxsize=1)
def environment_content() -> bytes:
    """Versions of Python, the machine and the packages that can change a number, as canonical JSON."""
    import platform

    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return canonical_json(
        {
            "python": platform.python_version(),
            "machine": platform.machine(),
            "system": platform.system(),
            "packages": versions,
        }
    )


_OPEN: dict[str, tuple[tuple[int, ...], Workspace]] = {}


def open_workspace(path: str | Path | None = None) -> Workspace:
    """The workspace of a study file (or of the variable GROPROG_STUDY), read again when it or what the inbox added changed."""
    named = str(path or os.environ.get(STUDY_VARIABLE, ""))
    if not named:
        remedy = "Start with `groprog run STUDY` or `groprog dev STUDY`."
        raise StudyError(Problem(STUDY_VARIABLE, "not set", "It names the study file.", remedy))
    place = Path(os.path.realpath(named))
    pointer = place.parent / ".groprog" / "inbox" / "current.json"
    try:
        changed = (place.stat().st_mtime_ns, pointer.stat().st_mtime_ns if pointer.is_file() else 0)
    except OSError as error:
        from groprog_assets.study.check import absent_study

        raise StudyError(absent_study(place, error)) from None
    known = _OPEN.get(str(place))
    if known is None or known[0] != changed:
        known = (changed, Workspace(place))
        _OPEN[str(place)] = known
    return known[1]
