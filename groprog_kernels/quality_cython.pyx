# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""FASTQ bytes or BAM records to a tally of base qualities. Trusts its arrays; answers with codes."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t
from libc.string cimport memchr

cdef enum:
    DONE, NO_HEADER, NO_PLUS, UNEQUAL, OUT_OF_RANGE, TOO_LONG, MALFORMED

STATUS_NO_HEADER = NO_HEADER
STATUS_NO_PLUS = NO_PLUS
STATUS_UNEQUAL = UNEQUAL
STATUS_OUT_OF_RANGE = OUT_OF_RANGE
STATUS_TOO_LONG = TOO_LONG
STATUS_MALFORMED = MALFORMED


def tally_fastq(const uint8_t[::1] data, int64_t start, int64_t end, int64_t[:, ::1] tally):
    """Whole records of data[start:end] into tally (cycle, byte); returns (status, offset not consumed, records).

    A record is four lines. It stops before a record that is cut off, broken or longer than the tally.
    """
    cdef int64_t at = start, records = 0, length, i
    cdef int status = DONE
    cdef const uint8_t* p
    cdef const uint8_t* stop
    cdef const uint8_t* line
    cdef const uint8_t* sequence
    cdef const uint8_t* plus
    cdef const uint8_t* quality
    cdef const uint8_t* tail
    cdef uint8_t worst
    if end <= start:
        return status, at, records
    cdef const uint8_t* base = &data[0]
    with nogil:
        stop = base + end
        while at < end:
            p = base + at
            if p[0] != 64:  # @
                status = NO_HEADER
                break
            line = <const uint8_t*> memchr(p, 10, stop - p)
            if line == NULL:
                break
            sequence = line + 1
            line = <const uint8_t*> memchr(sequence, 10, stop - sequence)
            if line == NULL:
                break
            length = line - sequence
            if length and sequence[length - 1] == 13:
                length -= 1
            plus = line + 1
            if plus < stop and plus[0] != 43:
                status = NO_PLUS
                break
            line = <const uint8_t*> memchr(plus, 10, stop - plus)
            if line == NULL:
                break
            quality = line + 1
            tail = <const uint8_t*> memchr(quality, 10, stop - quality)
            if tail == NULL:
                break
            i = tail - quality
            if i and quality[i - 1] == 13:
                i -= 1
            if i != length:
                status = UNEQUAL
                break
            if length > tally.shape[0]:
                status = TOO_LONG
                break
            worst = 0
            for i in range(length):
                worst |= <uint8_t> (quality[i] < 33) | <uint8_t> (quality[i] > 126)
            if worst:
                status = OUT_OF_RANGE
                break
            for i in range(length):
                tally[i, quality[i]] += 1
            records += 1
            at = tail + 1 - base
    return status, at, records


def tally_qualities(const uint8_t[::1] data, int64_t start, int64_t end, int64_t[:, :, ::1] tally, int64_t[::1] counts):
    """Base qualities of primary records of data[start:end] into tally (mate, cycle, quality).

    counts: [records tallied, records without qualities, longest read met]; a read longer than the tally stops the walk
    so that the caller can widen it. Returns (status, offset of the first byte not consumed).
    """
    cdef int64_t at = start, size, variable, length, i, step, qualities = tally.shape[2]
    cdef const uint8_t* p
    cdef const uint8_t* quality
    cdef int64_t* cycle
    cdef uint8_t worst
    cdef uint16_t flag
    cdef int status = DONE
    if end <= start:
        return status, at
    cdef const uint8_t* base = &data[0]
    with nogil:
        while end - at >= 4:
            size = (<const int32_t*> (base + at))[0]
            if size < 32 or size > (1 << 29):
                status = MALFORMED
                break
            if at + 4 + size > end:
                break
            p = base + at + 4
            length = (<const int32_t*> (p + 16))[0]
            if length < 0:
                status = MALFORMED
                break
            variable = 32 + <int64_t> p[8] + 4 * <int64_t> (<const uint16_t*> (p + 12))[0] + (length + 1) / 2
            if variable + length > size:
                status = MALFORMED
                break
            flag = (<const uint16_t*> (p + 14))[0]
            if not flag & 0x900:
                quality = p + variable
                if length == 0 or quality[0] == 255:
                    counts[1] += 1
                else:
                    if length > tally.shape[1]:
                        counts[2] = length
                        status = TOO_LONG
                        break
                    worst = 0
                    for i in range(length):
                        worst = quality[i] if quality[i] > worst else worst
                    if worst > 93:
                        status = MALFORMED
                        break
                    cycle = &tally[1 if flag & 0x80 else 0, 0, 0]
                    # strands come in no order, so the way through the bytes is a number, not a branch
                    step = 1 - 2 * <int64_t> (flag >> 4 & 1)
                    quality += (length - 1) * (flag >> 4 & 1)
                    for i in range(length):
                        cycle[quality[i * step]] += 1
                        cycle += qualities
                    counts[0] += 1
            at += 4 + size
    return status, at
