"""The compiled kernels; everything else stands in pyproject.toml."""

import platform
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup

# NumPy's own wheels need x86-64-v2, which has the instruction that counts bits.
COUNT_BITS = ["-mpopcnt"] if platform.machine() in ("x86_64", "AMD64") else []

extensions = [
    Extension(
        f"groprog_kernels.{source.stem}",
        [str(source)],
        include_dirs=[numpy.get_include()],
        define_macros=[("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION")],
        extra_compile_args=["-O3", "-fno-math-errno", *COUNT_BITS],
    )
    for source in sorted(Path("groprog_kernels").glob("*_cython.pyx"))
]

setup(ext_modules=cythonize(extensions, language_level=3, build_dir="build/cython"))
