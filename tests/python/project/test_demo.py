"""The demo keeps what an image has, and never writes over a file that is not its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from aws.osml.io import iminfo, imread, imsave

ROOT = Path(__file__).resolve().parents[3]
PLACE = (300000.0, 10.0, 0.0, 4500000.0, 0.0, -10.0)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "scene.v2.tif"
    path.parent.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (3, 90, 80), dtype=np.uint8)
    imsave(path, pixels, crs=32618, transform=PLACE)
    return path


def converted(image: Path, out: Path) -> str:
    command = [sys.executable, ROOT / "tools" / "convert.py", image, out]
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True).stdout


def test_the_demo_keeps_the_georeference_of_a_geotiff(photo: Path, tmp_path: Path) -> None:
    text = converted(photo, tmp_path / "out")
    for suffix in (".tif", ".ntf", "-chip.ntf"):
        info = iminfo(tmp_path / "out" / f"scene.v2{suffix}")
        assert (info.crs, info.transform) == ("EPSG:32618", pytest.approx(PLACE, abs=1))
    assert iminfo(tmp_path / "out" / "scene.v2.ntf").compression == "C8"
    assert "file" in text and "time" in text and "Speed is the size of the pixels in memory" in text


def test_the_demo_does_not_write_over_files_in_the_folder_of_the_image(photo: Path, tmp_path: Path) -> None:
    neighbour = photo.with_name("scene.v2.ntf")
    neighbour.write_bytes(b"mine")
    before = photo.read_bytes()
    for out in (photo.parent, photo.parent / ".." / "in"):
        converted(photo, out)
        assert photo.read_bytes() == before and neighbour.read_bytes() == b"mine"
    assert np.array_equal(imread(photo.with_name("scene.v2-demo.tif")), imread(photo))
    link = tmp_path / "out" / "scene.v2.tif"
    link.parent.mkdir()
    link.symlink_to(photo)
    converted(photo, link.parent)
    assert photo.read_bytes() == before
