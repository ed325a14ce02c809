"""The definition of a BGZF stream: gzip members, each stating its size in the extra field BC, the last one empty."""

from __future__ import annotations

import struct
import zlib


def inflate(data):
    """All inflated bytes; ValueError where a member is cut off, altered, or the last one is not empty."""
    out, at, last = [], 0, None
    while at < len(data):
        if len(data) - at < 18 or data[at : at + 4] != b"\x1f\x8b\x08\x04" or data[at + 12 : at + 16] != b"BC\x02\x00":
            raise ValueError("no block")
        size = struct.unpack_from("<H", data, at + 16)[0] + 1
        if len(data) - at < size:
            raise ValueError("cut off")
        checksum, length = struct.unpack_from("<II", data, at + size - 8)
        try:
            last = zlib.decompress(data[at + 18 : at + size - 8], -15)
        except zlib.error as error:
            raise ValueError("altered") from error
        if len(last) != length or zlib.crc32(last) != checksum:
            raise ValueError("altered")
        out.append(last)
        at += size
    if last != b"":
        raise ValueError("no end-of-file marker")
    return b"".join(out)
