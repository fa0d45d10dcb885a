"""Windows of one open file that touch the same blocks again and again, against GDAL with a cache of the same size."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import ways
from harness import Cell, Contender
from inputs import Inputs

COUNT, SIDE = 100, 512
TIFF = {"tiled": True, "blockxsize": 256, "blockysize": 256, "interleave": "pixel"}
TIFFS: dict[str, dict[str, object]] = {
    "none": {},
    "deflate": {"compress": "DEFLATE", "predictor": 2},
    "lzw": {"compress": "LZW", "predictor": 2},
    "jpeg": {"compress": "JPEG", "photometric": "YCBCR"},
}


def window_cells(inputs: Inputs, folder: Path) -> Iterator[Callable[[], Cell]]:
    """TIFF and NITF that GDAL wrote; then windows that touch each block once, against ours without the cache."""

    def tiff(name: str) -> Path:
        return written(folder / f"again-{name}.tif", lambda path: ways.gdal_write(path, inputs.rgb, "GTiff", **TIFF, **TIFFS[name]))

    def nitf(name: str) -> Path:
        options = {"IC": name, "BLOCKSIZE": 1024} | ({"QUALITY": 75} if name == "C3" else {})
        make = ways.gdal_copy if name == "C3" else ways.gdal_write
        return written(folder / f"again-{name}.ntf", lambda path: make(path, inputs.rgb, "NITF", **options))

    for name in TIFFS:
        yield lambda name=name: again(f"TIFF {name}, tiles 256²", tiff(name), inputs.rgb)
    for name in ("NC", "C3"):
        yield lambda name=name: again(f"NITF {name}, blocks 1024²", nitf(name), inputs.rgb)
    for name in TIFFS:
        yield lambda name=name: once(f"TIFF {name}, tiles 256²", tiff(name), inputs.rgb)
    yield lambda: once("NITF NC, blocks 1024²", nitf("NC"), inputs.rgb)


def again(name: str, path: Path, pixels: np.ndarray) -> Cell:
    """Windows at random places. On average they touch a tile fourteen times."""
    places = random_places(pixels.shape)
    settings = f"{COUNT} windows of {SIDE}² at random places, one file opened once"
    others = [Contender("GDAL", ways.gdal_read(path, places), at_least=1.2)]
    return Cell("repeated windows", f"{name}, RGB 8-bit", settings, COUNT, "windows", ways.our_read(path, places), others)


def random_places(shape: tuple[int, ...]) -> list[tuple[int, int, int, int]]:
    """Positions of windows."""
    rows, columns = (length - SIDE for length in shape[1:])
    random = np.random.default_rng(7)
    return [(int(x), int(y), SIDE, SIDE) for x, y in random.integers(0, (max(columns, 1), max(rows, 1)), (COUNT, 2))]


def once(name: str, path: Path, pixels: np.ndarray) -> Cell:
    """Windows side by side."""
    rows, columns = pixels.shape[1:]
    places = [(x, y, SIDE, SIDE) for y, x in itertools.product(range(0, rows - SIDE + 1, SIDE), range(0, columns - SIDE + 1, SIDE))]
    settings = f"{len(places)} windows of {SIDE}² side by side"
    others = [Contender("ours, cache_bytes=0", ways.our_read(path, places, cache_bytes=0), at_least=0.95)]
    return Cell("repeated windows", f"once: {name}, RGB 8-bit", settings, len(places), "windows", ways.our_read(path, places), others)


def written(path: Path, make: Callable[[Path], Callable[[], object]]) -> Path:
    if not path.exists():
        make(path)()
    return path
