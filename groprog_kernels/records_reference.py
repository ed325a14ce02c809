"""The definition of a BAM's inflated bytes: a header, then records that state their size. Source: SAM 1.6, 4.2."""

from __future__ import annotations

import struct


def split(data):
    """(header text, {contig: length}, [bytes of each record without its size]) of inflated BAM bytes."""
    assert data[:4] == b"BAM\1"
    size = struct.unpack_from("<i", data, 4)[0]
    text, at = data[8 : 8 + size].rstrip(b"\0").decode(), 8 + size
    contigs, lengths = struct.unpack_from("<i", data, at)[0], {}
    at += 4
    for _ in range(contigs):
        size = struct.unpack_from("<i", data, at)[0]
        lengths[data[at + 4 : at + 3 + size].decode()] = struct.unpack_from("<i", data, at + 4 + size)[0]
        at += 8 + size
    records = []
    while at < len(data):
        size = struct.unpack_from("<i", data, at)[0]
        records.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return text, lengths, records
