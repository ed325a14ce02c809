"""The errors a user can meet. Each names the value, the rule and the remedy; the command line prints them without a traceback.

Standard library only.
"""

from __future__ import annotations

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Sequence
from dataclasses import dataclass
from gzip import BadGzipFile
from zlib import error as DeflateError


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input.

    `where` names the file, line, column or field; `value` what stands there; `rule` what should; `remedy` what to do next.
    """

    where: str
    value: str
    rule: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.where}: {self.value}. {self.rule} {self.remedy}".strip()


def why_unreadable(error: Exception) -> str:
    """Why a file could not be read, in words: what the system says, or what is wrong with its bytes."""
    if isinstance(error, UnicodeDecodeError):
        if error.start == 0 and error.object[:2] in (BOM_UTF16_LE, BOM_UTF16_BE):
            return "it is text in UTF-16, to be saved as UTF-8"
        return f"byte {error.start + 1} is no {error.encoding.upper()} text"
    if isinstance(error, EOFError):
        return "it ends before its data do: was it cut short?"
    if isinstance(error, BadGzipFile | DeflateError):
        return f"its compressed data are damaged: {error}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    if isinstance(error, KeyError):
        return f"it has no {error.args[0]}" if error.args else "a field is missing"
    return str(error) or type(error).__name__


class Notice(UserWarning):
    """Something a run does that the user may not expect: legal, and said by `groprog study check` and by the run."""

    def __init__(self, problem: Problem):
        self.problem = problem
        super().__init__(str(problem))


class GroProgError(Exception):
    """A problem the user can mend. Carries every problem found, not only the first."""

    def __init__(self, problems: str | Problem | Sequence[Problem]):
        if isinstance(problems, Problem):
            problems = [problems]
        self.problems: list[Problem] = [] if isinstance(problems, str) else list(problems)
        text = problems if isinstance(problems, str) else "\n".join(str(problem) for problem in problems)
        super().__init__(text)


class StudyError(GroProgError):
    """The study file, or a path it names, breaks a rule."""


class ReadsError(GroProgError):
    """A read or alignment file cannot be used."""


class AnnotationError(GroProgError):
    """Genes, chromosome sizes, masks or an ontology cannot be used."""


class CohortError(GroProgError):
    """The clinical table or the expression matrix cannot be used."""


class TextTableError(CohortError):
    """A text table cannot be read: no text, no header, or rows that do not fit it."""


class AssayError(CohortError):
    """A file of an assay cannot be used: what it holds is not what the study file says, or not of its format."""


class ModelError(GroProgError):
    """A model cannot be trained, loaded or applied to these patients."""


class TableError(GroProgError):
    """A table does not hold the columns `tables/` declares for it."""


class ArtifactError(GroProgError):
    """A stored artifact is missing, or its bytes are not what its digest says."""


class UnreachableError(ArtifactError):
    """A store cannot be reached now: whether it holds a value is not known."""


class ComputeError(GroProgError):
    """The workers cannot be reached, are gone, or run other code."""


class LedgerError(GroProgError):
    """The lineage ledger is missing, from a newer version, or altered."""
