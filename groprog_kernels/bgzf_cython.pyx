# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""BGZF blocks: where they lie, and their bytes. Trusts its arrays; answers with codes."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uintptr_t

ctypedef void* (*allocate_t)() noexcept nogil
ctypedef void (*release_t)(void*) noexcept nogil
ctypedef int (*decompress_t)(void*, const void*, size_t, void*, size_t, size_t*) noexcept nogil
ctypedef uint32_t (*checksum_t)(uint32_t, const void*, size_t) noexcept nogil


cdef inline uint16_t u16(const uint8_t* p) noexcept nogil:
    return (<const uint16_t*> p)[0]


cdef inline uint32_t u32(const uint8_t* p) noexcept nogil:
    return (<const uint32_t*> p)[0]


def scan_blocks(const uint8_t[::1] data, int64_t size, int64_t room,
                int64_t[::1] payload, int64_t[::1] payload_size, int64_t[::1] inflated_size, uint32_t[::1] checksum):
    """Whole BGZF blocks at the start of data[:size] whose inflated bytes fit into `room`.

    Returns (blocks, bytes consumed, inflated bytes, good); `good` is False where a block header should stand and does not.
    """
    cdef int64_t at = 0, count = 0, total = 0, end, extra, extra_end, block, isize
    cdef const uint8_t* p = &data[0]
    cdef bint good = True
    with nogil:
        while count < payload.shape[0] and size - at >= 18:
            if p[at] != 31 or p[at + 1] != 139 or p[at + 2] != 8 or not (p[at + 3] & 4):
                good = False
                break
            extra = at + 12
            extra_end = extra + u16(p + at + 10)
            if extra_end > size:
                break
            block = -1
            while extra + 4 <= extra_end:
                if p[extra] == 66 and p[extra + 1] == 67 and u16(p + extra + 2) == 2 and extra + 6 <= extra_end:
                    block = <int64_t> u16(p + extra + 4) + 1
                    break
                extra += 4 + u16(p + extra + 2)
            if block < extra_end - at + 8:
                good = False
                break
            end = at + block
            if end > size:
                break
            isize = u32(p + end - 4)
            if isize > 65536:
                good = False
                break
            if total + isize > room:
                break
            payload[count] = extra_end
            payload_size[count] = end - 8 - extra_end
            inflated_size[count] = isize
            checksum[count] = u32(p + end - 8)
            count += 1
            total += isize
            at = end
    return count, at, total, good


def inflate_blocks(uintptr_t allocate, uintptr_t release, uintptr_t decompress, uintptr_t crc,
                   const uint8_t[::1] data, int64_t blocks,
                   const int64_t[::1] payload, const int64_t[::1] payload_size, const int64_t[::1] inflated_size,
                   const uint32_t[::1] checksum, uint8_t[::1] out, int64_t out_start):
    """Inflate and check every block into out[out_start:]; the index of the first bad block, or -1. Releases the GIL."""
    cdef void* inflater
    cdef int64_t i, at = out_start, bad = -1
    cdef size_t written = 0
    cdef uint8_t nothing = 0
    cdef uint8_t* target
    with nogil:
        inflater = (<allocate_t> allocate)()
        for i in range(blocks):
            target = &out[at] if inflated_size[i] > 0 else &nothing
            if inflater == NULL or (<decompress_t> decompress)(
                inflater, &data[payload[i]], <size_t> payload_size[i], target, <size_t> inflated_size[i], &written
            ) != 0 or <int64_t> written != inflated_size[i] or (
                (<checksum_t> crc)(0, target, <size_t> inflated_size[i]) != checksum[i]
            ):
                bad = i
                break
            at += inflated_size[i]
        if inflater != NULL:
            (<release_t> release)(inflater)
    return bad
