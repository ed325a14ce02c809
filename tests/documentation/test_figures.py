"""docs/figures.md and its images: every caption has its image and the reverse, and the images are small."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from groprog_assets.documentation.figures import IMAGES, LARGEST_IMAGE, PARTS, caption_of, small_png, write_images
from groprog_assets.report.sections import CAPTIONS
from tests.architecture.sources import ROOT

PAGE = ROOT / "docs" / "figures.md"


def test_every_caption_of_the_report_has_its_place_on_the_page():
    placed = [name for _, names in PARTS for name in names if not name.endswith("_")]
    assert sorted(placed) == sorted(CAPTIONS), "each once"


def test_every_caption_has_its_image_and_every_image_its_caption():
    text = PAGE.read_text()
    shown = re.findall(r"^### (\w+)\n\n!\[([^]]+)\]\(images/figures/(\w+)\.png\)\n\n(.+)$", text, re.MULTILINE)
    assert {name for name, *_ in shown} == {path.stem for path in IMAGES.iterdir()}
    assert len(shown) == text.count("![") == text.count("\n### ")
    for name, alt, image, caption in shown:
        assert image == name
        assert (caption, alt) == caption_of(name)
    without = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    assert without == set(CAPTIONS) - {name for name, *_ in shown}


def test_images_are_small_and_of_few_colours():
    for path in IMAGES.iterdir():
        assert path.stat().st_size <= LARGEST_IMAGE, path.name
        with Image.open(path) as image:
            assert image.mode == "P"
            assert image.width <= 1_200


def drawn(folder: Path, name: str, pixels: np.ndarray) -> Path:
    path = folder / "figures" / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def test_copies_replace_those_of_before_and_keep_the_picture(tmp_path: Path):
    pixels = np.zeros((500, 2_400, 3), dtype=np.uint8)
    pixels[:, :1_200] = (200, 30, 30)
    drawn(tmp_path, "ma_plot", pixels)
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "gone.png").write_bytes(b"x")
    assert [path.name for path in write_images(tmp_path, folder)] == ["ma_plot.png"]
    assert [path.name for path in folder.iterdir()] == ["ma_plot.png"]
    with Image.open(folder / "ma_plot.png") as image:
        assert image.size == (1_200, 250)
        assert image.convert("RGB").getpixel((100, 100)) == (200, 30, 30)
        assert image.convert("RGB").getpixel((1_100, 100)) == (0, 0, 0)


def test_without_figures_nothing_is_removed(tmp_path: Path):
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "ma_plot.png").write_bytes(b"x")
    with pytest.raises(FileNotFoundError, match="run the study first"):
        write_images(tmp_path, folder)
    assert (folder / "ma_plot.png").exists()


def test_what_cannot_be_made_small_is_refused():
    noise = np.random.default_rng(1).integers(0, 256, (1_200, 1_200, 3), dtype=np.uint8)
    held = BytesIO()
    Image.fromarray(noise).save(held, "PNG")
    with pytest.raises(ValueError, match="over 150,000 bytes"):
        small_png(held.getvalue())
