"""The program that writes an h5mu file with mudata, for `omics_assays`: a folder with the request as argument, and the file.

anndata 0.12 cannot write the text columns of pandas 3; the option that this program sets makes it possible, and holds here alone.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd


def main() -> None:
    pd.set_option("future.infer_string", False)
    import anndata
    import mudata

    folder, place = Path(sys.argv[1]), Path(sys.argv[2])
    mudata.set_options(pull_on_update=False)
    modalities = {}
    for number, one in enumerate(json.loads((folder / "request.json").read_text())):
        names = pd.Index([f"{one['assay']}:{name}" for name in one["var"]["source_id"]], dtype=object)
        var = pd.DataFrame(
            {name: pd.Series(cells, dtype=object).to_numpy() for name, cells in one["var"].items()}, index=names
        )
        obs = pd.DataFrame(
            {"subject_id": np.array(one["subjects"], dtype=object)}, index=pd.Index(one["samples"], dtype=object)
        )
        held = anndata.AnnData(np.load(folder / f"{number}.npy"), obs=obs, var=var)
        held.uns["assay"] = one["about"]
        modalities[one["assay"]] = held
    mudata.MuData(modalities).write(place)


if __name__ == "__main__":
    main()
