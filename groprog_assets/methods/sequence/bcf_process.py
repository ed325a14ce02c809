"""The program that reads a BCF through htslib, for `vcf`: a path as its argument, the same variants as VCF text on stdout."""

from __future__ import annotations

import sys

import pysam

from groprog_assets.study.child_process import limit_memory


def main() -> None:
    limit_memory()
    try:
        with pysam.VariantFile(sys.argv[1]) as file:
            sys.stdout.write(str(file.header))
            for record in file:
                sys.stdout.write(str(record))
    except (OSError, ValueError, UnicodeDecodeError) as error:
        sys.exit(str(error) or type(error).__name__)


if __name__ == "__main__":
    main()
