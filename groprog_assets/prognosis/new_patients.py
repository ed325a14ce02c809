"""The files of new patients, and their assays as the model in use takes them. Nothing is fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from groprog_assets.errors import CohortError, Problem
from groprog_assets.study.schema import Study

if TYPE_CHECKING:
    from groprog_assets.methods.integration.patient_assays import PatientAssays
    from groprog_assets.model.risk_model import RiskModel


class NewPatients(NamedTuple):
    """The files of new patients. patients: the clinical table. expression: genes x patients, of a model in signature mode.

    libraries: their own nascent libraries, of a model in matched mode (see `patient_libraries`). matrices: {name of a matrix of
    the study: file}; assays: {name of an assay of the study: file}; samples: whose the samples of the assays are, and of which
    batch.
    """

    patients: Path
    expression: Path | None = None
    libraries: Path | None = None
    matrices: Mapping[str, Path] = {}
    assays: Mapping[str, Path] = {}
    samples: Path | None = None

    def paths(self) -> list[tuple[str, Path]]:
        """(role, path) of each file that is given; links resolved."""
        given = {name: getattr(self, name) for name in ("patients", "expression", "libraries", "samples")}
        given |= {f"matrix {name}": path for name, path in self.matrices.items()}
        given |= {f"assay {name}": path for name, path in self.assays.items()}
        return [(role, path.resolve()) for role, path in given.items() if path is not None]

    def digests(self) -> list[dict[str, str]]:
        """Rows of role, file (its name) and sha256 of each file that is given."""
        from groprog_assets.methods.assays.formats import source_digest

        return [{"role": role, "file": path.name, "sha256": source_digest(path)} for role, path in self.paths()]


class AssaysRead(NamedTuple):
    """read: the assays of the patients, or nothing where no file is given. notices: what was read and does not count."""

    read: tuple[PatientAssays, ...]
    notices: tuple[str, ...]


def read_assays_of(given: NewPatients, study: Study, model: RiskModel, patients: Sequence[str]) -> AssaysRead:
    """The assay files of `given` for `patients`, in their order, read as the study's own and with the constants of the model.

    Raises CohortError with every problem (see `read_new_assays`), and for assays of a model that reads none.
    """
    from groprog_assets.methods.assays.formats import reading_aids
    from groprog_assets.methods.integration.new_patient_assays import OPTION, SAMPLES, read_new_assays
    from groprog_assets.model.assay_encoder import AssayEncoder

    if not given.assays:
        if given.samples is not None:
            rule = "A sample table says whose the samples of the assays are."
            raise CohortError(
                Problem(SAMPLES, given.samples.name, rule, f"Give {OPTION} NAME FILE too, or leave it out.")
            )
        return AssaysRead((), ())
    encoder = next((held for held in model.encoders.matrices if isinstance(held, AssayEncoder)), None)
    if encoder is None or study.omics is None:
        rule = "The model reads no assay: cohort.omics names none, or none varied between the training patients."
        raise CohortError([Problem(OPTION, name, rule, "Score without it.") for name in given.assays])
    aids = reading_aids(study.parameters.assay_reading, study.omics.genes)
    asked = (patients, study.omics.assays, encoder.fitted, study.parameters.cohort.minimum_shared_genes)
    found = read_new_assays(given.assays, given.samples, *asked, aids)
    return AssaysRead((found.assays,), found.notices)
