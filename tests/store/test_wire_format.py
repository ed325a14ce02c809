"""The wire format: what is packed is unpacked, equal values are equal bytes, a stored value travels by its digest alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groprog_assets.errors import ArtifactError
from groprog_assets.store.artifacts import Blob, Bundle, Store
from groprog_assets.store.object_storage import open_store
from groprog_assets.store.wire_format import Stored, opened, pack, unpack

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(min_size=1), JSON, max_size=5))
def test_documents_come_back_as_they_were(values):
    found = unpack(pack(values))
    assert repr(found) == repr(values), "order and all"
    assert pack(found) == pack(values)


def test_tables_keep_order_of_categories_and_dtypes():
    chroms = pd.CategoricalDtype(["chr2", "chr10", "chrM"])
    table = pd.DataFrame(
        {
            "chrom": pd.Categorical(["chr10", "chr2"], dtype=chroms),
            "position": np.array([3, 1], np.int32),
            "name": pd.Series(["é", None], dtype="str"),
            "value": [np.nan, -0.0],
        }
    )
    found = unpack(pack({"table": table}))["table"]
    pd.testing.assert_frame_equal(found, table)
    assert np.signbit(found["value"].iloc[1])
    empty = unpack(pack({"table": table.iloc[:0]}))["table"]
    pd.testing.assert_frame_equal(empty, table.iloc[:0])


def test_arrays_blobs_bundles_and_bits():
    values = {
        "array": np.array([[1.5, np.nan, -0.0]]),
        "arrays": {"b": np.arange(3, dtype=np.int8), "a": np.array(["x", "yy"])},
        "bundle": Bundle(inner=Bundle(blob=Blob(b"\0\1", ".bin")), rows={"n": 1}),
        "bytes": b"raw",
    }
    found = unpack(pack(values))
    assert found["array"].tobytes() == values["array"].tobytes()
    assert list(found["arrays"]) == ["b", "a"], "columns keep their order"
    assert found["arrays"]["b"].dtype == np.int8
    assert found["arrays"]["a"].tolist() == ["x", "yy"]
    assert found["bundle"].inner.blob == Blob(b"\0\1", ".bin")
    assert found["bytes"] == b"raw"


def test_a_stored_value_travels_by_its_digest_and_is_verified_where_it_is_read(tmp_path: Path):
    store = Store(tmp_path / "store")
    reference = store.put({"values": np.arange(100_000.0)})
    message = pack({"given": Stored(store, reference, "cohort", "make it again")})
    assert len(message) < 1000
    np.testing.assert_array_equal(unpack(message)["given"]["values"], np.arange(100_000.0))
    store.path(reference.sha256).write_bytes(b"altered")
    with pytest.raises(ArtifactError, match=r"cohort.*make it again"):
        unpack(message)


def test_a_machine_that_sees_another_store_is_told_to_mount_it(tmp_path: Path):
    store = Store(tmp_path / "store")
    message = pack({"given": Stored(store, store.put({"a": 1}), "cohort", "make it again")})
    (tmp_path / "store").rename(tmp_path / "elsewhere")
    with pytest.raises(ArtifactError, match=r"as seen from .*Every worker must see.*Mount it") as seen:
        unpack(message)
    assert "make it again" not in str(seen.value)
    (tmp_path / "store").symlink_to(tmp_path / "elsewhere")
    assert unpack(message)["given"] == {"a": 1}


def test_what_lies_in_this_process_alone_travels_whole():
    store = open_store("memory://messages/whole")
    reference = store.put(Bundle(table=pd.DataFrame({"a": [1]}), note={"k": 1}))
    stored = Stored(store, reference, "value")
    message = pack({"given": stored})
    assert b"memory" not in message
    assert unpack(message)["given"].note == opened({"given": stored})["given"].note == {"k": 1}


@pytest.mark.parametrize("damage", [lambda p: p[:-1], lambda p: p + b"x", lambda p: b"", lambda p: b"\0" * 8 + p])
def test_what_is_no_message_is_refused(damage):
    with pytest.raises(ArtifactError, match="message"):
        unpack(damage(pack({"a": [1, 2, 3]})))
