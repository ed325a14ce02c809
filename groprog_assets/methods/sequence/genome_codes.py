"""Reader of the genome's FASTA or .2bit: codes of all chromosomes in one memory-mapped file. Files in, arrays out.

An index (.fai) is never read, so an old one cannot give wrong bases. Plain text or bgzip; the whole file is streamed.
"""

from __future__ import annotations

import json
import mmap
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from groprog_assets.errors import AnnotationError, Problem, why_unreadable
from groprog_assets.methods.sequence.two_bit import ORDER, read_two_bit
from groprog_assets.study.text_files import open_unpacked, past_mark
from groprog_assets.wording import count_of, shell_command, shell_word
from groprog_kernels.bases import EncodedText, encode_text

Row = TypeVar("Row")
RELEASE_EVERY = 64
"""Places of the genome that are read before its pages are given back: each maps up to 2 MB around it."""
_CHUNK = 1 << 23


class FastaRecord(NamedTuple):
    """One sequence: name, length in bp, and how many letters are lower case, unknown (code 4) and IUPAC codes."""

    name: str
    length: int
    lower: int
    unknown: int
    iupac: int


Sink = Callable[[NDArray[np.uint8], NDArray[np.bool_]], object]
"""What takes a file piece by piece: codes (b,), and whether each letter is in lower case (b,)."""


class GenomeCodes(NamedTuple):
    """codes (b,) uint8 of all sequences end to end, memory-mapped; records: in the order of the file; mask: the soft mask, a bit
    a base, the first of each byte the highest, memory-mapped; None where no letter is in lower case."""

    codes: NDArray[np.uint8]
    records: tuple[FastaRecord, ...]
    mask: NDArray[np.uint8] | None = None

    def _span(self, name: str) -> tuple[int, int]:
        start = 0
        for record in self.records:
            if record.name == name:
                return start, start + record.length
            start += record.length
        raise KeyError(name)

    def chromosome(self, name: str) -> NDArray[np.uint8]:
        """Codes (c,) of one sequence, a view; KeyError for another name."""
        start, end = self._span(name)
        return self.codes[start:end]

    def soft_masked(self, name: str, start: int, end: int) -> NDArray[np.bool_]:
        """(end - start,) whether each base of [start, end) of a sequence is in lower case in the FASTA, which models never read.

        Positions outside the sequence are not. KeyError for another name.
        """
        out = np.zeros(end - start, bool)
        first, last = self._span(name)
        low, high = max(start, 0), min(end, last - first)
        if self.mask is not None and low < high:
            byte = (first + low) // 8
            bits = np.unpackbits(self.mask[byte : (first + high + 7) // 8])
            begun = first + low - 8 * byte
            out[low - start : high - start] = bits[begun : begun + high - low]
        return out

    def release(self) -> None:
        """Give the mapped pages back to the operating system, which reads them again where they are asked for.

        It maps the neighbourhood of each base that is read, so windows of many genes would otherwise hold the whole file.
        Codes that are not mapped from a file stay as they are.
        """
        for mapped in (self.codes, self.mask):
            held = None if mapped is None else mapped.base
            held = held.obj if isinstance(held, memoryview) else held
            if isinstance(held, mmap.mmap):
                held.madvise(mmap.MADV_DONTNEED)

    def releasing(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows of a long file, one after another, such as variants: the pages that their reader asked for are given back
        after each RELEASE_EVERY of them, and after the last."""
        for number, row in enumerate(rows, start=1):
            yield row
            if number % RELEASE_EVERY == 0:
                self.release()
        self.release()

    @property
    def lengths(self) -> dict[str, int]:
        """Name -> bp, in the order of the file."""
        return {record.name: record.length for record in self.records}


def open_genome(path: Path, folder: Path, sha256: str) -> GenomeCodes:
    """The codes of a FASTA, from `folder` where they were written before under the file's sha256, else written there now.

    A file of b bases takes b bytes there, and b / 8 for a soft mask. Raises AnnotationError as `read_fasta` does.
    """
    place, listing, bits = (folder / f"{sha256}{end}" for end in (".npy", ".json", ".mask.npy"))
    held = _listed(listing) if place.is_file() else ()
    if not held or (_masked(held) and not bits.is_file()):
        folder.mkdir(parents=True, exist_ok=True)
        partial, own = (folder / f".{sha256}.{os.getpid()}.{end}" for end in ("part", "mask"))
        try:
            with open(partial, "wb") as stream, open(own, "wb") as mask:
                room = _header(stream, 0), _header(mask, 0)
                packing = _Bits(mask)

                def sink(codes: NDArray[np.uint8], masked: NDArray[np.bool_]) -> None:
                    codes.tofile(stream)
                    packing.add(masked)

                held = tuple(read_fasta(path, sink))
                packing.end()
                bases = sum(record.length for record in held)
                stream.seek(0)
                mask.seek(0)
                if (_header(stream, bases), _header(mask, -(-bases // 8))) != room:
                    raise AnnotationError(f"{path}: too many bases for one array")
            os.replace(partial, place)
            if _masked(held):
                os.replace(own, bits)
        finally:
            partial.unlink(missing_ok=True)
            own.unlink(missing_ok=True)
        written = folder / f".{sha256}.{os.getpid()}.json"
        written.write_text(json.dumps([list(record) for record in held]))
        os.replace(written, listing)
    bases = sum(record.length for record in held)
    return GenomeCodes(_mapped(place, bases), held, _mapped(bits, -(-bases // 8)) if _masked(held) else None)


def _listed(listing: Path) -> tuple[FastaRecord, ...]:
    return tuple(FastaRecord(*row) for row in json.loads(listing.read_text())) if listing.is_file() else ()


def _masked(records: Iterable[FastaRecord]) -> bool:
    return any(record.lower for record in records)


class _Bits:
    """Writes a bit a base, piece by piece."""

    def __init__(self, stream: IO[bytes]):
        self._stream, self._rest = stream, np.empty(0, bool)

    def add(self, masked: NDArray[np.bool_]) -> None:
        every = np.concatenate([self._rest, masked])
        whole = len(every) // 8 * 8
        self._stream.write(np.packbits(every[:whole]).tobytes())
        self._rest = every[whole:]

    def end(self) -> None:
        self._stream.write(np.packbits(self._rest).tobytes())


def _mapped(place: Path, bases: int) -> NDArray[np.uint8]:
    """The codes without a copy; only the pages of windows that are asked for are read."""
    if not bases:
        return np.empty(0, np.uint8)
    with open(place, "rb") as stream:
        held = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    held.madvise(mmap.MADV_RANDOM)
    return np.frombuffer(held, np.uint8, bases, len(held) - bases)


def _header(stream: IO[bytes], bases: int) -> int:
    np.lib.format.write_array_header_1_0(stream, {"descr": "|u1", "fortran_order": False, "shape": (bases,)})
    return stream.tell()


def read_fasta(path: Path, sink: Sink | None = None) -> list[FastaRecord]:
    """The sequences of a FASTA, or of a .2bit file, in its order; codes and soft mask are handed to `sink` piece by piece.

    Raises AnnotationError with every problem: unreadable, no sequence, plain gzip, a name that is missing or stands twice,
    lines of unequal length within a sequence (no index can be made of them), letters that are no nucleotide of DNA.
    """
    records, problems = inspect_fasta(path, sink)
    if problems:
        raise AnnotationError(problems)
    return records


def inspect_fasta(path: Path, sink: Sink | None = None) -> tuple[list[FastaRecord], list[Problem]]:
    """As `read_fasta`; problems of sequences that can still be told apart come with the records, so that names and lengths can be
    compared too. Raises AnnotationError for a file that cannot be read as a FASTA."""
    if _first_bytes(path)[:4] in ORDER:
        return [FastaRecord(*record, iupac=0) for record in read_two_bit(path, sink)], []
    problems: list[Problem] = []
    records: list[_Record] = []
    try:
        with _opened(path) as stream:
            for kind, text in _pieces(stream):
                if kind == ">":
                    records.append(
                        _Record(text[1:].split(None, 1)[0].decode("utf-8", "replace") if text[1:].split() else "")
                    )
                elif not records:
                    if text.strip():
                        value = text.strip()[:40].decode("utf-8", "replace")
                        raise AnnotationError(
                            _problem(path, value, "A FASTA begins with a line `>name`.", "Check the file.")
                        )
                else:
                    encoded = encode_text(text)
                    records[-1].add(encoded, text)
                    if sink is not None:
                        sink(encoded.codes, encoded.masked)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        rule = "The FASTA must be readable: plain text or bgzip."
        raise AnnotationError(
            _problem(path, f"cannot be read: {why_unreadable(error)}", rule, "Check or copy it again.")
        ) from error
    if not records:
        problems.append(_problem(path, "no sequence", "A FASTA holds at least one sequence.", "Check the file."))
    names = [record.name for record in records]
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        rule = "Each name stands once; readers differ in which of two they take."
        problems.append(
            _problem(path, f"{name or 'an empty name'} stands {names.count(name)} times", rule, "Rename or remove one.")
        )
    ragged = [record.name for record in records if record.ragged]
    if ragged:
        rule = "All lines of a sequence but its last are equally long, else no index finds its bases."
        value = f"lines of unequal length in {', '.join(ragged[:3])}"
        problems.append(_problem(path, value, rule, "Wrap it again, for example with `seqkit seq -w 60`."))
    if rna := [record for record in records if record.uracil]:
        rule = "A sequence is of DNA: a U would be read as an unknown base."
        value = f"{count_of(sum(r.uracil for r in rna), 'base')} U in {', '.join(r.name for r in rna[:3])}"
        problems.append(_problem(path, value, rule, "Write T for U, for example with `seqkit seq --rna2dna`."))
    strange = [record for record in records if record.strange]
    if strange:
        letters = ", ".join(f"{chr(record.first_strange)!r} in {record.name}" for record in strange[:3])
        rule = "A genome holds the letters A, C, G, T, N and IUPAC codes."
        problems.append(
            _problem(
                path, f"{count_of(sum(r.strange for r in strange), 'other letter')} ({letters})", rule, "Mend the file."
            )
        )
    return [FastaRecord(r.name, r.length, r.lower, r.unknown, r.iupac) for r in records], problems


def is_plain_gzip(start: bytes) -> bool:
    """Whether the first bytes of a file (18 or more) are those of gzip without the blocks of bgzip."""
    return start[:2] == b"\x1f\x8b" and not (len(start) >= 14 and start[3] & 4 and start[12:14] == b"BC")


class _Record:
    """What is counted of one sequence while it is read."""

    def __init__(self, name: str):
        self.name = name
        self.length = self.lower = self.unknown = self.iupac = self.strange = self.uracil = 0
        self.first_strange = -1
        self.width = -1
        self.short = self.ragged = False

    def add(self, found: EncodedText, text: bytes) -> None:
        self.length += len(found.codes)
        self.lower += found.lower
        self.unknown += found.unknown
        self.iupac += found.iupac
        self.strange += found.strange
        self.uracil += text.count(b"U") + text.count(b"u")
        if self.first_strange < 0:
            self.first_strange = found.first_strange
        ends = np.flatnonzero(np.frombuffer(text, np.uint8) == 10)
        lengths = np.diff(ends, prepend=-1) - 1
        if ends.size == 0 or ends[-1] != len(text) - 1:
            lengths = np.append(lengths, len(text) - (ends[-1] + 1 if ends.size else 0))
        if not len(lengths):
            return
        if self.width < 0:
            self.width = int(lengths[0])
        filled = lengths > 0
        full = lengths == self.width
        after_short = np.logical_or.accumulate(np.r_[self.short, ~full[:-1]])
        self.ragged |= bool((filled & after_short).any() or (lengths > self.width).any())
        self.short = bool(after_short[-1] or not full[-1])


def _first_bytes(path: Path) -> bytes:
    """The first 18 bytes; none of a file that cannot be read, of which its reader tells."""
    try:
        with open(path, "rb") as raw:
            return raw.read(18)
    except OSError:
        return b""


def _opened(path: Path) -> IO[bytes]:
    start = _first_bytes(path)
    if is_plain_gzip(start):
        rule = "A compressed genome is compressed by bgzip, so that single regions can be read from it."
        raise AnnotationError(
            _problem(
                path,
                "plain gzip",
                rule,
                f"bgzip it: `{shell_command('gunzip', '-c', path)} | bgzip > {shell_word(path.with_suffix('.bgz'))}`, and name"
                " that file.",
            )
        )
    return past_mark(open_unpacked(path))


def _pieces(stream: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    """(">", header line) and ("", whole lines of bases) in the order of the file; at most _CHUNK bytes and a line are held."""
    rest = b""
    while True:
        chunk = stream.read(_CHUNK)
        block = rest + chunk
        if chunk:
            cut = block.rfind(b"\n") + 1
            block, rest = block[:cut], block[cut:]
        at = 0
        while at < len(block):
            header = at if block[at : at + 1] == b">" else block.find(b"\n>", at) + 1
            if header == 0 and block[at : at + 1] != b">":
                yield "", block[at:]
                break
            if header > at:
                yield "", block[at:header]
            end = block.find(b"\n", header)
            end = len(block) if end < 0 else end + 1
            yield ">", block[header:end]
            at = end
        if not chunk:
            return


def _problem(path: Path, value: str, rule: str, remedy: str) -> Problem:
    return Problem(str(path), value, rule, remedy)
