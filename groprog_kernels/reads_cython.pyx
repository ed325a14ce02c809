# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False, embedsignature=False
"""BAM records to positions. Trusts its arrays; answers with codes."""

from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memchr

import numpy as np

# outcome of a record; the public module names them in this order
cdef enum:
    KEPT, UNMAPPED, SECONDARY, QUALITY_FAIL, OTHER_MATE, NOT_UNIQUE, CONTIG_ABSENT, SPIKE_IN, OUT_OF_RANGE, MASKED, \
        DUPLICATE, OUTCOMES

cdef enum:
    DONE, FULL, MALFORMED, NO_MEMORY

cdef enum:
    FIVE_PRIME, THREE_PRIME, COVERAGE

cdef enum:
    BY_MAPQ, BY_HITS, BY_TIE, BY_TIE_OR_ALTERNATIVE, BY_NOTHING

# CIGAR operations as bits of their codes: M D N = X lie on the reference, M I S = X on the read, M = X on both
cdef enum:
    ON_REFERENCE = 0b110001101
    ON_QUERY = 0b110010011

cdef enum:
    KEEP_DUPLICATES, BY_POSITION, BY_UMI

cdef enum:
    SHORTEST_UMI = 3  # bases; a read's own name rarely ends in as many after a separator

OUTCOME_COUNT = OUTCOMES
STATUS_FULL = FULL
STATUS_MALFORMED = MALFORMED
STATUS_NO_MEMORY = NO_MEMORY


cdef inline uint16_t u16(const uint8_t* p) noexcept nogil:
    return (<const uint16_t*> p)[0]


cdef inline int32_t i32(const uint8_t* p) noexcept nogil:
    return (<const int32_t*> p)[0]


cdef inline uint32_t u32(const uint8_t* p) noexcept nogil:
    return (<const uint32_t*> p)[0]


cdef struct Tags:
    bint good
    bint has_hits, has_score, has_second, has_alternative, has_best
    int64_t hits, score, second, best
    const uint8_t* umi
    int64_t umi_size
    const uint8_t* cigar
    int64_t cigar_count


cdef inline int64_t integer_tag(const uint8_t* p, uint8_t kind) noexcept nogil:
    if kind == 99:  # c
        return (<const int8_t*> p)[0]
    if kind == 67 or kind == 65:  # C, A
        return p[0]
    if kind == 115:  # s
        return (<const int16_t*> p)[0]
    if kind == 83:  # S
        return u16(p)
    if kind == 105:  # i
        return i32(p)
    return u32(p)


cdef inline int64_t kind_size(uint8_t kind) noexcept nogil:
    if kind == 65 or kind == 99 or kind == 67:
        return 1
    if kind == 115 or kind == 83:
        return 2
    if kind == 105 or kind == 73 or kind == 102:
        return 4
    return 0


cdef Tags read_tags(const uint8_t* p, const uint8_t* end) noexcept nogil:
    cdef Tags tags
    cdef uint8_t a, b, kind
    cdef int64_t size
    cdef const uint8_t* stop
    tags.good = True
    tags.has_hits = tags.has_score = tags.has_second = tags.has_alternative = tags.has_best = False
    tags.hits = tags.score = tags.second = tags.best = 0
    tags.umi = NULL
    tags.umi_size = 0
    tags.cigar = NULL
    tags.cigar_count = 0
    while p < end:
        if end - p < 4:
            tags.good = False
            break
        a = p[0]
        b = p[1]
        kind = p[2]
        p += 3
        size = kind_size(kind)
        if size:
            if end - p < size:
                tags.good = False
                break
            if kind != 102:
                if a == 78 and b == 72:  # NH
                    tags.has_hits = True
                    tags.hits = integer_tag(p, kind)
                elif a == 65 and b == 83:  # AS
                    tags.has_score = True
                    tags.score = integer_tag(p, kind)
                elif a == 88 and b == 83 and kind != 65:  # XS:i; XS:A is a splice strand
                    tags.has_second = True
                    tags.second = integer_tag(p, kind)
                elif a == 88 and b == 48:  # X0: best hits, by bwa aln
                    tags.has_best = True
                    tags.best = integer_tag(p, kind)
        elif kind == 90 or kind == 72:  # Z, H
            stop = <const uint8_t*> memchr(p, 0, end - p)
            if stop == NULL:
                tags.good = False
                break
            size = stop - p + 1
            if a == 82 and b == 88:  # RX
                tags.umi = p
                tags.umi_size = size - 1
            elif a == 88 and b == 65:  # XA
                tags.has_alternative = True
        elif kind == 66:  # B
            if end - p < 5 or kind_size(p[0]) == 0:
                tags.good = False
                break
            size = 5 + kind_size(p[0]) * <int64_t> u32(p + 1)
            if end - p < size:
                tags.good = False
                break
            if a == 67 and b == 71 and p[0] == 73:  # CG: a CIGAR too long for its field
                tags.cigar = p + 5
                tags.cigar_count = u32(p + 1)
        else:
            tags.good = False
            break
        p += size
    return tags


cdef inline int64_t umi_in_name(const uint8_t* name, int64_t* size) noexcept nogil:
    """Where the UMI begins that ends the read's name, its length in size[0]; -1 where the name ends in none."""
    cdef int64_t end = size[0], at = end, start
    cdef uint8_t c
    while at > 0:
        c = name[at - 1]
        # A C G N T, and + - _ between two UMIs
        if c == 65 or c == 67 or c == 71 or c == 78 or c == 84 or c == 43 or c == 45 or c == 95:
            at -= 1
        else:
            break
    start = at
    if at == 0 or name[at - 1] != 58:  # not after ':' (fastp, bcl2fastq): after the first '_' (umi_tools)
        while start < end and name[start] != 95:
            start += 1
    while start < end and (name[start] == 95 or name[start] == 43 or name[start] == 45):
        start += 1
    size[0] = end - start
    return start if size[0] >= SHORTEST_UMI else -1


cdef inline uint64_t mix(uint64_t x) noexcept nogil:
    x ^= x >> 30
    x *= 0xBF58476D1CE4E5B9ULL
    x ^= x >> 27
    x *= 0x94D049BB133111EBULL
    return x ^ (x >> 31)


cdef class RecordParser:
    """Rules and counters of one file; `parse` walks records and writes what they mean into the caller's buffers.

    starts, ends: (2, n) keys, a row a strand, so that a sorted file gives sorted rows; written (2,): keys in each."""

    cdef const int32_t[::1] chrom_of_contig
    cdef const int64_t[::1] chrom_length, mask_offset, mask_start, mask_end, window_offset
    cdef int32_t contigs
    cdef int read_end, rule, duplicates
    cdef int32_t minimum_mapq
    cdef bint reverse
    cdef int64_t bin_size
    cdef uint16_t[::1] windows
    cdef uint64_t[:, ::1] starts, ends
    cdef uint64_t* seen
    cdef uint64_t seen_size, seen_count
    cdef public object written
    cdef int64_t[::1] filled
    cdef public object outcomes, absent, example
    cdef int64_t[::1] outcome, contig_reads, first_outside
    cdef public int64_t bases, shortest, longest, unknown_quality, marked_duplicates, paired, spliced, without_umi

    def __init__(self, chrom_of_contig, chrom_length, mask_offset, mask_start, mask_end, int read_end, int rule,
                 int minimum_mapq, int duplicates, bint reverse, starts, ends, windows, window_offset, int64_t bin_size):
        self.chrom_of_contig = chrom_of_contig
        self.contigs = len(chrom_of_contig)
        self.chrom_length = chrom_length
        self.mask_offset = mask_offset
        self.mask_start = mask_start
        self.mask_end = mask_end
        self.read_end = read_end
        self.rule = rule
        self.minimum_mapq = minimum_mapq
        self.duplicates = duplicates
        self.reverse = reverse
        self.starts = starts
        self.ends = ends
        self.windows = windows
        self.window_offset = window_offset
        self.bin_size = bin_size
        self.written = np.zeros(2, np.int64)
        self.filled = self.written
        self.outcomes = np.zeros(OUTCOMES, np.int64)
        self.absent = np.zeros(max(self.contigs, 1), np.int64)
        self.example = np.full(2, -1, np.int64)
        self.outcome = self.outcomes
        self.contig_reads = self.absent
        self.first_outside = self.example
        self.shortest = -1
        self.seen_size = 1 << 16 if duplicates != KEEP_DUPLICATES else 0
        if self.seen_size:
            self.seen = <uint64_t*> calloc(self.seen_size, 16)
            if self.seen == NULL:
                raise MemoryError

    def __dealloc__(self):
        free(self.seen)

    cdef int new_key(self, uint64_t key, uint64_t extra) noexcept nogil:
        """1 when (key, extra) was not seen before, 0 when it was, -1 without memory."""
        cdef uint64_t slot, i, mask
        cdef uint64_t* grown
        if self.seen_count * 3 > self.seen_size * 2:
            grown = <uint64_t*> calloc(self.seen_size * 2, 16)
            if grown == NULL:
                return -1
            mask = self.seen_size * 2 - 1
            for i in range(self.seen_size):
                if self.seen[2 * i]:
                    slot = mix(self.seen[2 * i] ^ mix(self.seen[2 * i + 1])) & mask
                    while grown[2 * slot]:
                        slot = (slot + 1) & mask
                    grown[2 * slot] = self.seen[2 * i]
                    grown[2 * slot + 1] = self.seen[2 * i + 1]
            free(self.seen)
            self.seen = grown
            self.seen_size *= 2
        mask = self.seen_size - 1
        key += 1  # 0 marks an empty slot
        slot = mix(key ^ mix(extra)) & mask
        while self.seen[2 * slot]:
            if self.seen[2 * slot] == key and self.seen[2 * slot + 1] == extra:
                return 0
            slot = (slot + 1) & mask
        self.seen[2 * slot] = key
        self.seen[2 * slot + 1] = extra
        self.seen_count += 1
        return 1

    cdef bint masked(self, int32_t chrom, int64_t start, int64_t end) noexcept nogil:
        cdef int64_t low = self.mask_offset[chrom], high = self.mask_offset[chrom + 1], middle
        cdef int64_t last = high
        while low < high:
            middle = (low + high) >> 1
            if self.mask_end[middle] > start:
                high = middle
            else:
                low = middle + 1
        return low < last and self.mask_start[low] < end

    cdef void interval(self, bint strand, uint64_t key, int64_t start, int64_t end) noexcept nogil:
        self.starts[strand, self.filled[strand]] = key | <uint64_t> start
        self.ends[strand, self.filled[strand]] = key | <uint64_t> end
        self.filled[strand] += 1

    def parse(self, const uint8_t[::1] data, int64_t start, int64_t end):
        """Records of data[start:end]; returns (status, offset of the first byte not consumed)."""
        cdef int status = DONE
        cdef int64_t at = start
        cdef const uint8_t* base
        if end <= start:
            return status, at
        base = &data[0]
        with nogil:
            status = self.parse_all(base, &at, end)
        return status, at

    cdef int parse_all(self, const uint8_t* base, int64_t* cursor, int64_t end) noexcept nogil:
        cdef int64_t at = cursor[0], size, variable, cigar_count, room, capacity = self.starts.shape[1]
        cdef const uint8_t* p
        cdef int outcome
        while end - at >= 4:
            size = i32(base + at)
            if size < 32 or size > (1 << 29):
                cursor[0] = at
                return MALFORMED
            if at + 4 + size > end:
                break
            p = base + at + 4
            cigar_count = u16(p + 12)
            if i32(p + 16) < 0:
                cursor[0] = at
                return MALFORMED
            variable = 32 + <int64_t> p[8] + 4 * cigar_count + (<int64_t> i32(p + 16) + 1) / 2 + i32(p + 16)
            if variable > size or p[8] == 0 or i32(p) >= self.contigs or i32(p) < -1:
                cursor[0] = at
                return MALFORMED
            # in coverage mode a record writes at most one interval per CIGAR operation, of 4 bytes each
            room = capacity - (size / 4 if self.read_end == COVERAGE else 1)
            if self.filled[0] > room or self.filled[1] > room:
                cursor[0] = at
                return FULL if self.filled[0] or self.filled[1] else NO_MEMORY
            outcome = self.record(p, size, variable)
            if outcome < 0:
                cursor[0] = at
                return MALFORMED if outcome == -1 else NO_MEMORY
            self.outcome[outcome] += 1
            at += 4 + size
        cursor[0] = at
        return DONE

    cdef int record(self, const uint8_t* p, int64_t size, int64_t variable) noexcept nogil:
        """The outcome of one record, -1 when it is malformed, -2 without memory."""
        cdef int32_t contig = i32(p), chrom
        cdef int64_t position = i32(p + 4), reference, query, length, i, at, point, low, high, umi_size
        cdef uint16_t flag = u16(p + 14)
        cdef uint8_t mapq = p[9]
        cdef bint is_reverse = (flag >> 4) & 1, strand, paired = (flag & 1) != 0
        cdef const uint8_t* cigar = p + 32 + p[8]
        cdef int64_t cigar_count = u16(p + 12)
        cdef uint32_t operation, operations = 0
        cdef uint64_t key, extra
        cdef Tags tags
        cdef bint have_tags = False
        cdef int fresh
        if flag & 4 or contig < 0 or position < 0:
            return UNMAPPED
        if flag & 0x900:
            return SECONDARY
        if flag & 0x200:
            return QUALITY_FAIL
        if paired:
            # a fragment is counted once: by its first mate, or by the second where the far end is asked for
            if (flag & 0x80) != 0 if self.read_end != THREE_PRIME else (flag & 0x80) == 0:
                return OTHER_MATE
        if self.rule != BY_NOTHING:
            if self.rule == BY_MAPQ:
                if mapq < self.minimum_mapq:
                    return NOT_UNIQUE
            else:
                tags = read_tags(p + variable, p + size)
                if not tags.good:
                    return -1
                have_tags = True
                if self.rule == BY_HITS:
                    if tags.hits != 1 if tags.has_hits else mapq < self.minimum_mapq:
                        return NOT_UNIQUE
                elif mapq < self.minimum_mapq:
                    return NOT_UNIQUE
                elif tags.has_score and tags.has_second:
                    if tags.second >= tags.score:
                        return NOT_UNIQUE
                elif self.rule == BY_TIE_OR_ALTERNATIVE:
                    # XA also lists worse hits, so it decides only where no score and no count of best hits does
                    if tags.best != 1 if tags.has_best else tags.has_alternative:
                        return NOT_UNIQUE
        chrom = self.chrom_of_contig[contig]
        if chrom < 0:
            self.contig_reads[contig] += 1
            return CONTIG_ABSENT if chrom == -1 else SPIKE_IN
        if cigar_count == 2 and (u32(cigar) & 15) == 4 and (u32(cigar + 4) & 15) == 3 and not have_tags:
            tags = read_tags(p + variable, p + size)
            if not tags.good:
                return -1
            have_tags = True
        if cigar_count == 2 and have_tags and tags.cigar != NULL:
            cigar = tags.cigar
            cigar_count = tags.cigar_count
        reference = query = 0
        for i in range(cigar_count):
            operation = u32(cigar + 4 * i)
            length = operation >> 4
            operation &= 15
            operations |= <uint32_t> 1 << operation
            reference += length & -<int64_t> (ON_REFERENCE >> operation & 1)
            query += length & -<int64_t> (ON_QUERY >> operation & 1)
        if query == 0:
            query = i32(p + 16)
        if reference == 0:
            reference = 1
        if position + reference > self.chrom_length[chrom]:
            if self.first_outside[0] < 0:
                self.first_outside[0] = contig
                self.first_outside[1] = position + reference
            return OUT_OF_RANGE
        # the sequenced 5' end, on the strand the read lies on
        point = position + (reference - 1) * is_reverse  # without a branch: strands come in no order
        strand = is_reverse != self.reverse
        if self.read_end == THREE_PRIME:
            if paired:
                strand = not strand
            else:
                point = position if is_reverse else position + reference - 1
        if self.read_end == COVERAGE:
            low = position
            high = position + reference
        else:
            low = point
            high = point + 1
        if self.mask_offset[chrom + 1] > self.mask_offset[chrom] and self.masked(chrom, low, high):
            return MASKED
        key = (<uint64_t> (2 * chrom + strand)) << 32
        if self.duplicates != KEEP_DUPLICATES:
            if flag & 0x400 and self.duplicates == BY_POSITION:
                return DUPLICATE
            extra = 0
            if paired:
                extra = mix(<uint64_t> (<int64_t> i32(p + 28)) ^ ((<uint64_t> i32(p + 24)) << 32))
            if self.duplicates == BY_UMI:
                if not have_tags:
                    tags = read_tags(p + variable, p + size)
                    if not tags.good:
                        return -1
                if tags.umi == NULL:
                    umi_size = p[8] - 1
                    at = umi_in_name(p + 32, &umi_size)
                    tags.umi = p + 32 + at if at >= 0 else NULL
                    tags.umi_size = umi_size
                if tags.umi == NULL:
                    self.without_umi += 1
                else:
                    extra ^= 0xCBF29CE484222325ULL
                    for i in range(tags.umi_size):
                        extra = (extra ^ tags.umi[i]) * 0x100000001B3ULL
            fresh = self.new_key(
                (key | (position + reference - 1 if is_reverse else position)) ^ (<uint64_t> is_reverse << 63), extra
            )
            if fresh < 0:
                return -2
            if not fresh:
                return DUPLICATE
        if self.read_end != COVERAGE:
            if self.bin_size:
                i = <uint32_t> point / <uint32_t> self.bin_size  # both below 2^31; the narrow division is the fast one
                if i < self.window_offset[2 * chrom + 1] - self.window_offset[2 * chrom]:
                    at = self.window_offset[2 * chrom + strand] + i
                    self.windows[at] += 1
                    if self.windows[at] == 0:  # 65,536 reads, carried by the caller
                        self.starts[strand, self.filled[strand]] = key | <uint64_t> i
                        self.filled[strand] += 1
            else:
                self.starts[strand, self.filled[strand]] = key | <uint64_t> point
                self.filled[strand] += 1
        else:
            at = position
            if cigar_count == 0:
                self.interval(strand, key, at, at + 1)
            for i in range(cigar_count):
                operation = u32(cigar + 4 * i)
                length = operation >> 4
                operation &= 15
                if ON_REFERENCE & ON_QUERY & (1 << operation):
                    if length:
                        self.interval(strand, key, at, at + length)
                    at += length
                elif operation == 2 or operation == 3:
                    at += length
        self.bases += query
        if self.shortest < 0 or query < self.shortest:
            self.shortest = query
        if query > self.longest:
            self.longest = query
        if mapq == 255:
            self.unknown_quality += 1
        if flag & 0x400:
            self.marked_duplicates += 1
        if paired:
            self.paired += 1
        self.spliced += operations >> 3 & 1
        return KEPT
