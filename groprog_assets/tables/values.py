"""Names for the values that assets pass to each other and that are not tables."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

Document = dict[str, Any]
"""An object that can be written as JSON: a summary, an evaluation, a record."""
Arrays = dict[str, "NDArray[Any]"]
"""Arrays by name, as `.npz` holds them; each function says the shapes."""
Value = Any
"""What an asset may be: a table, arrays, a document, or a `Blob`, `StoredFile`, `Bundle` or NamedTuple of `store.artifacts`."""
Values = Mapping[str, Value]
"""Values by asset or by member."""


class ReadsBySequence(Mapping[tuple[str, str], "tuple[NDArray[Any], NDArray[Any]]"]):
    """(chromosome, strand) -> (place (p,) rising, count (p,)) of a table of reads that is not held whole."""

    @property
    @abstractmethod
    def reads(self) -> int:
        """The sum of all counts."""


Progress = Callable[[str], object]
"""Called with a line of text for the person who waits."""
