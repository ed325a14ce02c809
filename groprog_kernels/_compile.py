"""The compile decorator of all Numba kernels, with the reasons for its flags.

* `nogil`: kernels run in parallel threads, one chromosome or fold each.
* `cache`: a fresh process reads the machine code from disk instead of compiling it again; where neither the package's folder nor
  the user's home may be written, it is compiled in each process.
* `error_model="numpy"`: a division by zero gives inf or nan, as in the references.
* fastmath stays off: it would let the compiler drop the NaN, tie and summation-order rules that the references define.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numba


def kernel(function: Callable[..., Any] | None = None, *, parallel: bool = False, inline: bool = False) -> Any:
    """Compile a loop over arrays; `parallel` allows `numba.prange`, `inline` is for small functions called in a loop."""

    def compile_one(loop: Callable[..., Any]) -> Any:
        compiled = numba.njit(
            nogil=True,
            error_model="numpy",
            parallel=parallel,
            inline="always" if inline else "never",
        )(loop)
        if hasattr(compiled, "enable_caching"):  # with the JIT off it is the plain function
            with contextlib.suppress(RuntimeError):  # numba's error when it finds no folder for its cache
                compiled.enable_caching()
        return compiled

    return compile_one(function) if function is not None else compile_one
