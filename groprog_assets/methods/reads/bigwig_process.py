"""The program that reads a bigWig through libBigWig, for `bigwig_track`: requests on stdin, arrays on stdout.

A request is a line of JSON. An answer is a line of JSON, {"arrays": [[dtype, size], …]} or {"error": text}, then their bytes.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import pyBigWig

from groprog_assets.study.child_process import limit_memory


def answer(track: Any, request: dict[str, Any]) -> list[np.ndarray]:
    """`intervals`: starts, ends, values within one stretch; `values`: one value a base; `means`: one mean a window."""
    if request["do"] == "intervals":
        found = track.intervals(request["chrom"], request["start"], request["end"]) or ()
        if not found:
            return [np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64)]
        return [np.array(column) for column in zip(*found)]
    if request["do"] == "values":
        return [track.values(request["chrom"], request["start"], request["end"], numpy=True)]
    means = np.empty(len(request["chrom"]))
    for w, (name, left, right) in enumerate(zip(request["chrom"], request["start"], request["end"], strict=True)):
        means[w] = np.nan_to_num(track.values(name, left, right, numpy=True)).mean(dtype=np.float64)
    return [means]


def main() -> None:
    limit_memory()
    track, problem = None, ""
    try:
        track = pyBigWig.open(sys.argv[1])
        problem = "" if track is not None and track.isBigWig() else "not a bigWig"
    except (RuntimeError, OSError) as error:
        problem = str(error) or "not a bigWig"
    for line in sys.stdin:
        held: list[bytes] = []
        try:
            if problem:
                raise RuntimeError(problem)
            arrays = answer(track, json.loads(line))
            head: dict[str, Any] = {"arrays": [[array.dtype.str, array.size] for array in arrays]}
            held = [array.tobytes() for array in arrays]
        except Exception as error:
            head = {"error": str(error) or type(error).__name__}
        sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + b"".join(held))
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
