import numpy as np

from groprog_kernels._compile import kernel


@kernel
def encode_text(letters, code, kind, codes, masked):
    # m = letters, b = bases; (m,), (256,), (256,), (m,), (m,) -> (), (), (), (), (), ()
    size = lower = unknown = iupac = strange = 0
    first = -1
    for m in range(letters.shape[0]):
        letter = letters[m]
        what = kind[letter]
        if what == 0:
            continue
        base = code[letter]
        codes[size] = base
        masked[size] = letter >= 97
        lower += masked[size]
        size += 1
        unknown += base == 4
        iupac += what == 2
        if what == 3:
            strange += 1
            if first < 0:
                first = int(letter)
    return size, lower, unknown, iupac, strange, first


@kernel
def one_hot(codes, out):
    # n = windows, p = positions; (n, p), (n, 4, p)
    for n in range(codes.shape[0]):
        part = codes[n]
        for b in range(4):
            row = out[n, b]
            base = np.uint8(b)
            for p in range(row.shape[0]):
                row[p] = np.int8(part[p] == base)
