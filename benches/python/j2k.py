"""The cells of JPEG 2000: tiles of 1024², lossless and by rate, whole images, windows, levels and chips."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import ways
from harness import Cell, Contender
from inputs import Inputs
from windows import COUNT, SIDE, random_places

TILE = 1024
RATE = 2.0
# The driver writes a lossless 5-3 stream in tiles, with as many threads as there are processors.
GDAL = {"QUALITY": 100, "REVERSIBLE": "YES", "BLOCKXSIZE": TILE, "BLOCKYSIZE": TILE, "NUM_THREADS": "ALL_CPUS"}


def j2k_cells(inputs: Inputs, folder: Path) -> Iterator[Callable[[], Cell]]:
    """Every cell of JPEG 2000, made lazily."""
    kinds: dict[str, Callable[[], np.ndarray]] = {
        "RGB 8-bit": lambda: inputs.rgb,
        "pan 16-bit": lambda: inputs.pan,
        "8 bands 16-bit": lambda: inputs.bands8,
    }
    for suffix in ("jp2", "ntf"):
        for name, kind in kinds.items():
            yield lambda suffix=suffix, name=name, kind=kind: lossless(suffix, name, kind(), folder)
    for name in ("RGB 8-bit", "pan 16-bit"):
        yield lambda name=name: lossy(name, kinds[name](), folder)
        for suffix in ("jp2", "ntf"):
            for action in (whole, windows, level):
                yield lambda suffix=suffix, name=name, action=action: action(suffix, name, kinds[name](), folder)
    yield lambda: chips(inputs, folder)


def lossless(suffix: str, name: str, pixels: np.ndarray, folder: Path) -> Cell:
    """5-3, every bit. OpenJPEG alone codes the same tiles with one thread and writes no file."""
    others = [
        Contender("OpenJPEG, one thread", ways.openjpeg_write(pixels, TILE), at_least=1.9, size_limit=1.001),
        Contender("GDAL", ways.gdal_copy(folder / "theirs.jp2", pixels, "JP2OpenJPEG", **GDAL), at_least=1),
    ]
    own = ways.ours(folder / f"ours.{suffix}", pixels)
    group = "JPEG 2000 write"
    settings = f"5-3, lossless, tiles {TILE}²{', IC C8' if suffix == 'ntf' else ''}"
    return Cell(group, f"{suffix}, {name}", settings, pixels.nbytes / 1e6, "MB", own, others)


def lossy(name: str, pixels: np.ndarray, folder: Path) -> Cell:
    """9-7 at two bits per pixel and band."""
    bits = 8 * pixels.itemsize
    gdal = {**GDAL, "REVERSIBLE": "NO", "QUALITY": 100 * RATE / bits}
    others = [Contender("GDAL", ways.gdal_copy(folder / "theirs.jp2", pixels, "JP2OpenJPEG", **gdal), at_least=1.2)]
    own = ways.ours(folder / "ours.ntf", pixels, compression="C8", quality=RATE)
    settings = f"9-7, {RATE:g} bits per pixel and band, tiles {TILE}²"
    return Cell("JPEG 2000 write", f"ntf, {name}, by rate", settings, pixels.nbytes / 1e6, "MB", own, others)


def written(suffix: str, name: str, pixels: np.ndarray, folder: Path) -> Path:
    """The lossless file that is read: JP2 by GDAL, or NITF C8 by us, as GDAL writes no lossless one."""
    path = folder / f"read-{name.split()[0]}.{suffix}"
    if not path.exists():
        write = ways.ours(path, pixels) if suffix == "ntf" else ways.gdal_copy(path, pixels, "JP2OpenJPEG", **GDAL)
        write()
    return path


def readers(path: Path, gdal: Callable[[], None], glymur: dict[str, object]) -> list[Contender]:
    """GDAL, and glymur for the files that it reads."""
    others = [Contender("GDAL", gdal, at_least=1.1)]
    if path.suffix == ".jp2":
        others.append(Contender("glymur", ways.glymur_read(path, **glymur), at_least=1.1))
    return others


def settings_of(path: Path) -> str:
    return f"5-3, tiles {TILE}² written by GDAL" if path.suffix == ".jp2" else f"IC C8, 5-3, tiles {TILE}² written by us"


def whole(suffix: str, name: str, pixels: np.ndarray, folder: Path) -> Cell:
    path = written(suffix, name, pixels, folder)
    others = readers(path, ways.gdal_read(path), {})
    return Cell("JPEG 2000 read", f"{suffix}, whole, {name}", settings_of(path), pixels.nbytes / 1e6, "MB", ways.our_read(path), others)


def windows(suffix: str, name: str, pixels: np.ndarray, folder: Path) -> Cell:
    path, places = written(suffix, name, pixels, folder), random_places(pixels.shape)
    others = readers(path, ways.gdal_read(path, places), {"windows": places})
    settings = f"{COUNT} windows of {SIDE}² at random places, one file opened once; {settings_of(path)}"
    own = ways.our_read(path, places)
    return Cell("JPEG 2000 read", f"{suffix}, windows, {name}", settings, COUNT, "windows", own, others)


def level(suffix: str, name: str, pixels: np.ndarray, folder: Path) -> Cell:
    path = written(suffix, name, pixels, folder)
    others = readers(path, ways.gdal_read(path, overview_level=1), {"step": 4})
    settings = f"a quarter of the sides; {settings_of(path)}"
    own = ways.our_read(path, resolution_level=2)
    return Cell("JPEG 2000 read", f"{suffix}, resolution level 2, {name}", settings, pixels.nbytes / 16e6, "MB", own, others)


def chips(inputs: Inputs, folder: Path) -> Cell:
    """Many small files."""
    count = max(8, 200 // inputs.scale**2)
    side = inputs.rgb.shape[1]
    places = [(i * 256 % (side - 255), i * 977 % (side - 255)) for i in range(count)]
    arrays = [np.ascontiguousarray(inputs.rgb[:, y : y + 256, x : x + 256]) for y, x in places]
    own = [ways.ours(folder / f"ours-{i}.ntf", array) for i, array in enumerate(arrays)]
    gdal = {"IC": "C8", "QUALITY": 100}
    others = [
        Contender("GDAL", each([ways.gdal_copy(folder / f"theirs-{i}.ntf", array, "NITF", **gdal) for i, array in enumerate(arrays)]), at_least=1.5),
        Contender("OpenJPEG, one thread", each([ways.openjpeg_write(array, TILE) for array in arrays]), at_least=1.5),
    ]
    settings = "IC C8, lossless, one tile; OpenJPEG writes no files"
    return Cell("many files", "chips 256² RGB, NTF C8", settings, count, "files", each(own), others)


def each(actions: list[Callable[[], int]]) -> Callable[[], int]:
    return lambda: sum(action() for action in actions)
