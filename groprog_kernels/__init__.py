"""Fast kernels for nascent transcription and survival analysis: arrays in, arrays out.

Each noun has three neighbours: `<noun>.py` (public: checks at the door), `<noun>_numba.py` or `<noun>_cython.pyx`
(the loop) and `<noun>_reference.py` (the definition the loop must equal). Usable without the rest of GroProg.
"""
