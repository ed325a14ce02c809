"""Writer of bigWig files with one value per base, and reader of the names and lengths in any bigWig's header.

Arrays in, a file out. Compression is libdeflate's, which takes half the time of zlib's.

Layout as in Kent et al. 2010, doi:10.1093/bioinformatics/btq351, version 4: header, zoom headers, total summary, tree of
chromosome names, sections of (base, value), their index, and for each zoom level its summaries and their index.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from deflate import zlib_compress
from numpy.typing import NDArray

from groprog_assets.study.files import open_regular
from groprog_assets.study.text_tables import count_of

MAGIC, TREE_MAGIC, INDEX_MAGIC = 0x888FFC26, 0x78CA8C91, 0x2468ACE0
SECTION = 4096
"""Bases per compressed section; a browser decompresses whole sections."""
RECORDS = 1024
"""Summaries per compressed section of a zoom level."""
FAN = 256
"""Entries per tree node."""
REDUCTIONS = tuple(4096 * 4**level for level in range(6))
"""bp that one summary of a zoom level covers; below the first a browser reads the bases themselves. Summaries of 1,024 bp take
more bytes than the bases of a library of 20 million reads."""

_POINT = np.dtype([("start", "<u4"), ("value", "<f4")])
_SUMMARY = np.dtype(
    [("chrom", "<u4"), ("start", "<u4"), ("end", "<u4"), ("covered", "<u4"), ("lowest", "<f4"), ("highest", "<f4"),
     ("total", "<f4"), ("squares", "<f4")]
)  # fmt: skip
_LEAF = np.dtype(
    [("chrom", "<u4"), ("start", "<u4"), ("last_chrom", "<u4"), ("end", "<u4"), ("offset", "<u8"), ("size", "<u8")]
)
_BRANCH = np.dtype([("chrom", "<u4"), ("start", "<u4"), ("last_chrom", "<u4"), ("end", "<u4"), ("offset", "<u8")])


class _Bins(NamedTuple):
    """Summaries of one chromosome: bin number, bases with a value, lowest and highest value before any factor, and for each file
    sum and sum of squares of what it holds; all (b,)."""

    bin: NDArray[np.signedinteger]
    covered: NDArray[np.int64]
    lowest: NDArray
    highest: NDArray
    sums: tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...]


class _Part(NamedTuple):
    """One section before compression, and the bases it spans."""

    chrom: int
    start: int
    end: int
    content: bytes


class FormatError(ValueError):
    """A file that is no whole bigWig."""


MOST_NAMES = 10_000_000
"""Chromosomes that a header may name; no assembly has as many contigs."""


def read_lengths(path: Path) -> dict[str, int]:
    """Chromosome -> bp, from the header and the tree of names of a bigWig of either byte order, in the order of the tree.

    FormatError: another format, a file without its signature at both ends, a tree that leads out of the file, into itself, or
    names a chromosome twice or without a length.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        start = file.read(64)
        order = next((mark for mark in "<>" if start[:4] == struct.pack(f"{mark}I", MAGIC)), "")
        if not order:
            raise FormatError("the file does not begin as a bigWig")
        file.seek(max(size - 4, 0))
        if file.read(4) != start[:4]:
            raise FormatError("the file is cut off: a bigWig ends with its signature")

        def take(at: int, form: str, count: int = 1) -> list[tuple[Any, ...]]:
            length = struct.calcsize(f"{order}{form}")
            if at < 0 or at + length * count > size:
                raise FormatError("its tree of names leads out of the file")
            file.seek(at)
            return list(struct.iter_unpack(f"{order}{form}", file.read(length * count)))

        if len(start) < 64:
            raise FormatError("the file ends within its header")
        root = struct.unpack_from(f"{order}Q", start, 8)[0]
        magic, _, key, value, names, _ = take(root, "IIIIQQ")[0]
        if magic != TREE_MAGIC or value != 8 or not 0 < key < 1 << 16 or names > MOST_NAMES:
            raise FormatError("it has no tree of chromosome names")
        lengths: dict[str, int] = {}
        waiting, met = [root + 32], 0
        while waiting:
            at = waiting.pop()
            leaf, _, count = take(at, "BBH")[0]
            met += 1 + count
            if met > 2 * names + 1_000:
                raise FormatError("its tree of names leads into itself")
            if not leaf:
                waiting += [child for _, child in reversed(take(at + 4, f"{key}sQ", count))]
                continue
            for name, _, length in take(at + 4, f"{key}sII", count):
                text = name.rstrip(b"\0").decode(errors="replace")
                if text in lengths or not text or not 0 < length < 1 << 31:
                    raise FormatError(f"its tree of names is damaged at {text!r}")
                lengths[text] = length
    if len(lengths) != names:
        raise FormatError(f"its header announces {count_of(names, 'chromosome')} and names {len(lengths):,}")
    return lengths


def write_points(
    paths: Mapping[Path, float], chrom_sizes: Mapping[str, int], points: Mapping[str, tuple[NDArray, NDArray]]
) -> None:
    """BigWigs of single bases: value * factor at each position, nothing elsewhere; equal arrays give equal bytes.

    paths: file -> its factor; their bases are asked for once. chrom_sizes: chromosome -> bp; all are named in each file.
    points: chromosome -> position (p,) 0-based, rising strictly, within the chromosome; value (p,). Chromosomes without points
    are left out of `points` or empty; each is asked for once, in order of names. Values are stored as float32, sums of zoom
    levels are computed in float64. The arrays are not checked.
    """
    names = sorted(chrom_sizes)
    with ExitStack() as opened:
        tracks = [
            _Track(opened.enter_context(open(path, "wb")), factor, names, chrom_sizes) for path, factor in paths.items()
        ]
        bins, nothing = {}, (np.empty(0, np.int32), np.empty(0, np.int32))
        for rank, name in enumerate(names):
            position, value = points.get(name, nothing)
            if not len(position):
                continue
            number = position // REDUCTIONS[0]
            first = _firsts(number)
            extremes = np.minimum.reduceat(value, first), np.maximum.reduceat(value, first)
            sums = []
            items = np.empty(len(position), _POINT)
            items["start"] = position
            for track in tracks:
                stored = track.stored(value)
                items["value"] = stored
                track.write_sections(track.leaves, _sections(rank, items))
                exact = stored.astype(np.float64)
                sums.append((np.add.reduceat(exact, first), np.add.reduceat(exact * exact, first)))
            bins[rank] = _Bins(number[first], np.diff(first, append=len(number)), *extremes, tuple(sums))
        for track in tracks:
            track.write_index()
        wholes = [_sum_of(track, kind, list(bins.values())) for kind, track in enumerate(tracks)]
        for reduction in REDUCTIONS:
            if reduction != REDUCTIONS[0]:
                bins = {rank: _joined(item) for rank, item in bins.items()}
            for kind, track in enumerate(tracks):
                track.write_zoom(reduction, bins, kind)
        for track, whole in zip(tracks, wholes, strict=True):
            track.write_head(whole)


class _Track:
    """One file in writing: its parts are called for in the order of the layout, the head last."""

    def __init__(self, file: IO[bytes], factor: float, names: list[str], chrom_sizes: Mapping[str, int]):
        self._file, self._factor, self._names, self._sizes = file, factor, names, chrom_sizes
        self.leaves: list[tuple[int, ...]] = []
        self._largest, self._zooms = 0, list[tuple[int, int, int, int]]()
        file.write(bytes(64 + 24 * len(REDUCTIONS) + 40))
        self._tree_at = file.tell()
        file.write(_name_tree(names, chrom_sizes, self._tree_at))
        self._data_at = self._index_at = file.tell()
        file.write(bytes(8))

    def stored(self, value: NDArray) -> NDArray[np.float32]:
        """The values (p,) as the file holds them."""
        return (value * self._factor).astype(np.float32)

    def extremes(self, item: _Bins) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Lowest and highest of each bin as the file holds them: a factor keeps the order of values, or turns it."""
        ends = self.stored(item.lowest), self.stored(item.highest)
        return ends if self._factor >= 0 else ends[::-1]

    def write_sections(self, leaves: list[tuple[int, ...]], parts: Iterator[_Part]) -> None:
        """The sections compressed in order of `parts`; their leaves are added."""
        at = self._file.tell()
        for part in parts:
            packed = zlib_compress(part.content, 1)
            leaves.append((part.chrom, part.start, part.chrom, part.end, at, len(packed)))
            self._largest = max(self._largest, len(part.content))
            self._file.write(packed)
            at += len(packed)

    def write_index(self) -> None:
        """The index of the bases."""
        self._index_at = self._file.tell()
        self._file.write(_index(self.leaves, self._index_at, SECTION))

    def write_zoom(self, reduction: int, bins: Mapping[int, _Bins], kind: int) -> None:
        """A zoom level and its index; kind: which of the sums are the file's."""
        zoom_at = self._file.tell()
        self._file.write(struct.pack("<I", sum(len(item.bin) for item in bins.values())))
        summaries: list[tuple[int, ...]] = []
        for rank, item in bins.items():
            records = np.empty(len(item.bin), _SUMMARY)
            records["chrom"] = rank
            records["start"] = item.bin * reduction
            records["end"] = np.minimum((item.bin + 1) * reduction, self._sizes[self._names[rank]])
            records["covered"] = item.covered
            records["lowest"], records["highest"] = self.extremes(item)
            records["total"], records["squares"] = item.sums[kind]
            self.write_sections(summaries, _summaries(rank, records))
        index_at = self._file.tell()
        self._zooms.append((reduction, 0, zoom_at, index_at))
        self._file.write(_index(summaries, index_at, RECORDS))

    def write_head(self, whole: tuple[int, float, float, float, float]) -> None:
        """The signature at the end, then the header, which says where the parts lie."""
        levels = len(self._zooms)
        self._file.write(struct.pack("<I", MAGIC))
        self._file.seek(0)
        places = (self._tree_at, self._data_at, self._index_at)
        head = (MAGIC, 4, levels, *places, 0, 0, 0, 64 + 24 * levels, self._largest, 0)
        self._file.write(struct.pack("<IHHQQQHHQQIQ", *head))
        for zoom in self._zooms:
            self._file.write(struct.pack("<IIQQ", *zoom))
        self._file.write(struct.pack("<Qdddd", *whole))
        self._file.seek(self._data_at)
        self._file.write(struct.pack("<Q", len(self.leaves)))


def _sections(rank: int, items: NDArray) -> Iterator[_Part]:
    for at in range(0, len(items), SECTION):
        part = items[at : at + SECTION]
        start, end = int(part["start"][0]), int(part["start"][-1]) + 1
        head = struct.pack("<IIIIIBBH", rank, start, end, 0, 1, 2, 0, len(part))
        yield _Part(rank, start, end, head + part.tobytes())


def _summaries(rank: int, records: NDArray) -> Iterator[_Part]:
    for at in range(0, len(records), RECORDS):
        part = records[at : at + RECORDS]
        yield _Part(rank, int(part["start"][0]), int(part["end"][-1]), part.tobytes())


def _joined(bins: _Bins) -> _Bins:
    """Bins joined into those of four times their size."""
    number = bins.bin // 4
    first = _firsts(number)
    return _Bins(
        number[first],
        np.add.reduceat(bins.covered, first),
        np.minimum.reduceat(bins.lowest, first),
        np.maximum.reduceat(bins.highest, first),
        tuple((np.add.reduceat(total, first), np.add.reduceat(squares, first)) for total, squares in bins.sums),
    )


def _firsts(number: NDArray) -> NDArray[np.int64]:
    """Where each run of equal numbers begins."""
    return np.concatenate([[0], np.flatnonzero(number[1:] != number[:-1]) + 1])


def _sum_of(track: _Track, kind: int, bins: list[_Bins]) -> tuple[int, float, float, float, float]:
    """Bases covered, lowest, highest, sum and sum of squares of all chromosomes; zeros where there is none."""
    if not bins:
        return 0, 0.0, 0.0, 0.0, 0.0
    ends = [track.extremes(item) for item in bins]
    return (
        sum(int(item.covered.sum()) for item in bins),
        min(float(lowest.min()) for lowest, _ in ends),
        max(float(highest.max()) for _, highest in ends),
        sum(float(item.sums[kind][0].sum()) for item in bins),
        sum(float(item.sums[kind][1].sum()) for item in bins),
    )


def _name_tree(names: list[str], chrom_sizes: Mapping[str, int], offset: int) -> bytes:
    """The B+ tree of names (sorted) to rank and length, that begins at `offset` of the file."""
    width = max(len(name.encode()) for name in names)
    keys = [name.encode().ljust(width, b"\0") for name in names]
    items = [key + struct.pack("<II", rank, chrom_sizes[name]) for rank, (key, name) in enumerate(zip(keys, names))]
    levels = _levels(len(items))
    head = struct.pack("<IIIIQQ", TREE_MAGIC, min(FAN, max(len(items), 1)), width, 8, len(items), 0)
    at = offset + len(head)
    content = b""
    for depth, nodes in enumerate(levels):
        leaf = depth == len(levels) - 1
        below = at + sum(4 + count * (width + 8) for _, count in nodes)
        for first, count in nodes:
            content += struct.pack("<BBH", leaf, 0, count)
            if leaf:
                content += b"".join(items[first : first + count])
                continue
            for child in range(first, first + count):
                content += keys[_first_item(levels, depth + 1, child)] + struct.pack("<Q", below)
                below += 4 + levels[depth + 1][child][1] * (width + 8)
        at += sum(4 + count * (width + 8) for _, count in nodes)
    return head + content


def _index(found: list[tuple[int, ...]], offset: int, per_section: int) -> bytes:
    """The R-tree over the leaves of sections in order, that begins at `offset` of the file."""
    leaves = np.array(found, _LEAF)
    if not len(leaves):
        head = struct.pack("<IIQIIIIQII", INDEX_MAGIC, FAN, 0, 0, 0, 0, 0, offset, per_section, 0)
        return head + struct.pack("<BBH", 1, 0, 0)
    ends = (int(leaves["chrom"][0]), int(leaves["start"][0]), int(leaves["last_chrom"][-1]), int(leaves["end"][-1]))
    head = struct.pack("<IIQIIIIQII", INDEX_MAGIC, FAN, len(leaves), *ends, offset, per_section, 0)
    levels = _levels(len(leaves))
    at = offset + len(head)
    content = []
    for depth, nodes in enumerate(levels):
        leaf = depth == len(levels) - 1
        size = _LEAF.itemsize if leaf else _BRANCH.itemsize
        at += sum(4 + count * size for _, count in nodes)
        below = at
        child_size = _LEAF.itemsize if depth + 2 == len(levels) else _BRANCH.itemsize
        for first, count in nodes:
            content.append(struct.pack("<BBH", leaf, 0, count))
            if leaf:
                content.append(leaves[first : first + count].tobytes())
                continue
            branch = np.empty(count, _BRANCH)
            for place, child in enumerate(range(first, first + count)):
                low = _first_item(levels, depth + 1, child)
                high = _first_item(levels, depth + 1, child + 1) - 1
                branch[place] = (
                    *(leaves[name][low] for name in ("chrom", "start")),
                    leaves["last_chrom"][high],
                    # sections of a chromosome rise, so its last section ends last
                    leaves["end"][high],
                    below,
                )
                below += 4 + levels[depth + 1][child][1] * child_size
            content.append(branch.tobytes())
    return head + b"".join(content)


def _levels(items: int) -> list[list[tuple[int, int]]]:
    """Nodes of a tree from the root down, each (its first child or item, how many)."""
    levels: list[list[tuple[int, int]]] = []
    while True:
        nodes = [(first, min(FAN, items - first)) for first in range(0, max(items, 1), FAN)]
        levels.insert(0, nodes)
        if len(nodes) == 1:
            return levels
        items = len(nodes)


def _first_item(levels: list[list[tuple[int, int]]], depth: int, node: int) -> int:
    """The first item below a node; for the node after the last, the number of items."""
    if node >= len(levels[depth]):
        return sum(count for _, count in levels[-1])
    while depth < len(levels) - 1:
        node = levels[depth][node][0]
        depth += 1
    return levels[depth][node][0]
