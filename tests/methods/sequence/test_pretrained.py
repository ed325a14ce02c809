"""Vectors of other models: what is read and refused; tables of several folds agree once rotated, and carry what was planted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from groprog_assets.errors import AnnotationError, Notice
from groprog_assets.methods.sequence import pretrained as method
from groprog_assets.study.sequence_study import PretrainedVectors
from groprog_kernels.bases import decode

GENES = [f"g{number:03}" for number in range(120)]


def entry(*tables: Path, components: int = 4) -> PretrainedVectors:
    return PretrainedVectors(name="lm", tables=list(tables), components=components)


def npz(path: Path, genes: list[str], values: np.ndarray, name: str = "gene") -> Path:
    np.savez(path, **{name: np.array(genes), "values": values})
    return path


def rotation(size: int, seed: int) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))[0]


@pytest.fixture
def planted() -> tuple[np.ndarray, np.ndarray]:
    """(hidden (120, 4) of falling spread, the same in 20 dimensions with noise)."""
    random = np.random.default_rng(0)
    hidden = random.normal(size=(120, 4)) * [4, 3, 2, 1]
    return hidden, hidden @ rotation(20, 1)[:4] + random.normal(0, 0.05, (120, 20))


def explained(axes: np.ndarray, hidden: np.ndarray) -> float:
    """The least share of a hidden column's variance that the axes explain."""
    design = np.column_stack([np.ones(len(axes)), axes])
    rest = hidden - design @ np.linalg.lstsq(design, hidden, rcond=None)[0]
    return float((1 - rest.var(axis=0) / hidden.var(axis=0)).min())


def test_the_three_formats_hold_the_same(tmp_path: Path, planted):
    values = planted[1].astype(np.float32)
    rows = ["gene\t" + "\t".join(f"d{number}" for number in range(20))]
    rows += [name + "\t" + "\t".join(f"{value:.9g}" for value in row) for name, row in zip(GENES, values, strict=True)]
    (tmp_path / "v.tsv").write_text("\n".join(rows) + "\n")
    npz(tmp_path / "v.npz", GENES, values)
    save_file({name: row.copy() for name, row in zip(GENES, values, strict=True)}, tmp_path / "v.safetensors")
    for name in ("v.tsv", "v.npz", "v.safetensors"):
        held = method.read_vectors(tmp_path / name)
        assert held.ids == GENES, name
        np.testing.assert_allclose(held.values, values, rtol=1e-6)


def test_what_is_no_vector_is_refused_with_all_problems(tmp_path: Path):
    text = tmp_path / "v.tsv"
    text.write_text("gene\ta\tb\ng1\t1\tx\ng2\t2\ty\n")
    with pytest.raises(AnnotationError, match="'x' in column b"):
        method.read_vectors(text)
    text.write_text("gene\ta\tb\ng1\t1\tNA\ng1\t2\tinf\n")
    with pytest.raises(AnnotationError) as refused:
        method.read_vectors(text)
    assert len(refused.value.problems) == 2
    assert "2 vectors with missing or infinite values, such as g1, number 2" in str(refused.value)
    assert "g1 stands twice" in str(refused.value)
    text.write_text("gene\n")
    with pytest.raises(AnnotationError, match="no vector"):
        method.read_vectors(text)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"values": np.ones((2, 3))}, "holds `gene`"),
        ({"gene": np.array(["a", "b"]), "values": np.ones((3, 3))}, "2 ids, values of shape"),
        ({"gene": np.array(["a", "b"]), "values": np.array([["x"], ["y"]])}, "Values are numbers"),
        ({"gene": np.array(["a", None], object), "values": np.ones((2, 3))}, "no objects"),
    ],
)
def test_an_archive_of_other_arrays_is_refused(tmp_path: Path, arrays: dict, said: str):
    np.savez(tmp_path / "v.npz", **arrays)
    with pytest.raises(AnnotationError, match=said):
        method.read_vectors(tmp_path / "v.npz")


def test_damaged_files_are_refused(tmp_path: Path):
    for name in ("v.npz", "v.safetensors"):
        (tmp_path / name).write_bytes(b"PK\x03\x04 not one")
        with pytest.raises(AnnotationError, match="cannot be read"):
            method.read_vectors(tmp_path / name)
    save_file({"a": np.ones(3, np.float32), "b": np.ones(4, np.float32)}, tmp_path / "v.safetensors")
    with pytest.raises(AnnotationError, match=r"shapes \(3,\), \(4,\)"):
        method.read_vectors(tmp_path / "v.safetensors")


def test_ids_that_match_no_gene_and_too_few_are_told(tmp_path: Path, planted):
    strange = entry(npz(tmp_path / "a.npz", [f"{name}.1" for name in GENES], planted[1]))
    (problem,) = method.unmatched(strange, method.read_entry(strange), GENES)
    assert "0 of 120 ids are known: g000.1, g001.1, g002.1 against g000, g001, g002" in problem.value
    few = entry(npz(tmp_path / "b.npz", GENES[:7], planted[1][:7]))
    (problem,) = method.unmatched(few, method.read_entry(few), GENES)
    assert problem.value == "7 genes of b.npz known"
    assert "With 4 axes, 8 genes or more are needed" in problem.rule
    assert not method.unmatched(few.model_copy(update={"components": 3}), method.read_entry(few), GENES)
    halves = entry(
        npz(tmp_path / "c.npz", GENES[:63], planted[1][:63]), npz(tmp_path / "d.npz", GENES[60:], planted[1][60:])
    )
    (problem,) = method.unmatched(halves, method.read_entry(halves), GENES)
    assert problem.value == "3 genes in both c.npz and d.npz"


def test_tables_of_several_lengths_are_told(tmp_path: Path, planted):
    both = entry(npz(tmp_path / "a.npz", GENES, planted[1]), npz(tmp_path / "b.npz", GENES, planted[1][:, :9]))
    with pytest.raises(AnnotationError, match="vectors of 9 and 20 numbers"):
        method.read_entry(both)


def test_a_rotation_is_found_again():
    random = np.random.default_rng(0)
    moving = random.normal(size=(50, 5))
    moving -= moving.mean(axis=0)
    turn = rotation(5, 3)
    found, fit = method.procrustes(moving, 2.5 * moving @ turn)
    np.testing.assert_allclose(found, turn, atol=1e-9)
    assert fit == pytest.approx(1)
    from scipy.linalg import orthogonal_procrustes

    other = random.normal(size=(50, 5))
    np.testing.assert_allclose(method.procrustes(moving, other)[0], orthogonal_procrustes(moving, other)[0], atol=1e-9)


@pytest.mark.parametrize("width", [20, 200])
def test_folds_of_one_model_agree_once_rotated_and_not_before(planted, width: int):
    hidden, random = planted[0], np.random.default_rng(5)
    tables = [
        (hidden @ rotation(width, seed)[:4] * size + random.normal(0, 0.05, (120, width)) + seed, known)
        for seed, size, known in ((1, 1.0, np.arange(120) < 90), (2, 7.0, np.arange(120) >= 30))
    ]
    made = method.common_axes(tables, 4)
    assert made.known.all()
    assert made.agreement[0] > 0.99
    assert explained(made.scores, hidden) > 0.98
    np.testing.assert_allclose(made.scores.std(axis=0), 1)
    # Without the rotation the halves that only one table holds lie on other axes than the rest.
    plain = np.zeros((120, width))
    for values, known in tables:
        held = values[known] - values[known].mean(axis=0)
        plain[known] += held / np.linalg.norm(held)
    axes = np.linalg.svd(plain - plain.mean(axis=0))[0][:, :4]
    assert explained(axes, hidden) < 0.9


def test_a_gene_without_a_vector_has_the_mean_and_says_so(tmp_path: Path, planted):
    given = entry(npz(tmp_path / "a.npz", GENES[5:], planted[1][5:]))
    table = method.pretrained_descriptors([given], [*GENES, "other"], {})
    assert list(table.columns) == [
        *(f"sequence_pretrained_lm_{number}" for number in range(1, 5)),
        "sequence_pretrained_lm_missing",
    ]
    missing = table["sequence_pretrained_lm_missing"] == 1
    assert missing.to_numpy().nonzero()[0].tolist() == [0, 1, 2, 3, 4, 120]
    assert (table[missing].iloc[:, :4] == 0).all(axis=None)
    assert explained(table.iloc[5:120, :4].to_numpy(), planted[0][5:]) > 0.98


def test_windows_are_known_by_the_hash_of_their_sequence(tmp_path: Path, planted):
    codes = np.random.default_rng(0).integers(0, 5, (120, 30)).astype(np.uint8)
    codes[1] = codes[0]
    windows = method.window_hashes(GENES, codes)
    import hashlib

    assert windows["g007"] == hashlib.sha256(decode(codes[7]).encode()).hexdigest()
    ids = list(dict.fromkeys(windows.values()))
    given = entry(npz(tmp_path / "a.npz", ids, planted[1][1:], "window"))
    table = method.pretrained_descriptors([given], GENES, windows)
    assert "sequence_pretrained_lm_missing" not in table
    assert (table.iloc[0] == table.iloc[1]).all(), "genes with one window share its vector"
    assert explained(table.iloc[2:].to_numpy(), planted[0][2:]) > 0.98


def test_tables_of_two_models_in_one_entry_are_told(tmp_path: Path, planted):
    noise = np.random.default_rng(9).normal(size=(120, 20))
    both = entry(npz(tmp_path / "a.npz", GENES, planted[1]), npz(tmp_path / "b.npz", GENES, noise))
    with pytest.warns(Notice, match="hardly agrees with"):
        method.pretrained_descriptors([both], GENES, {})
