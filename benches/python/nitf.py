"""The cells of NITF: writing, reading, headers and chips without compression, against GDAL and against our own interleave B."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import ways
from harness import Cell, Contender
from inputs import Inputs

BLOCK = 1024
QUALITY = 85
# Without "tiled", rasterio leaves the block size to GDAL.
GDAL = {"IC": "NC", "tiled": True, "blockxsize": BLOCK, "blockysize": BLOCK}
TRES = 50


def nitf_cells(inputs: Inputs, folder: Path) -> Iterator[Callable[[], Cell]]:
    """Every cell of NITF, made lazily."""
    yield from writes(inputs, folder)
    yield from reads(inputs, folder)
    yield from jpeg(inputs, folder)
    yield lambda: headers(folder)
    yield lambda: chips(inputs, folder)


def writes(inputs: Inputs, folder: Path) -> Iterator[Callable[[], Cell]]:
    """IC NC in every interleave."""
    ours, theirs = folder / "ours.ntf", folder / "theirs.ntf"

    def against_gdal(name: str, pixels: np.ndarray) -> Cell:
        own = write(ours, pixels, "B")
        other = ways.gdal_write(theirs, pixels, "NITF", **GDAL)
        settings = f"IC NC, IMODE B, blocks {BLOCK}², from (bands, rows, columns)"
        others = [Contender("GDAL", other, at_least=1.3, size_limit=1.001)]
        return Cell("NITF write", name, settings, pixels.nbytes / 1e6, "MB", own, others)

    def against_b(mode: str) -> Cell:
        pixels = inputs.rgb
        own, other = write(ours, pixels, mode), write(folder / "b.ntf", pixels, "B")
        settings = f"IC NC, blocks {BLOCK}², from (bands, rows, columns)"
        others = [Contender("ours, IMODE B", other, at_least=0.8)]
        return Cell("NITF write", f"IMODE {mode}, RGB 8-bit", settings, pixels.nbytes / 1e6, "MB", own, others)

    yield lambda: against_gdal("RGB 8-bit", inputs.rgb)
    yield lambda: against_gdal("pan 16-bit 8192²", wide_pan(inputs))
    yield lambda: against_gdal("8 bands 16-bit", inputs.bands8)
    for mode in "PRS":
        yield lambda mode=mode: against_b(mode)


def reads(inputs: Inputs, folder: Path) -> Iterator[Callable[[], Cell]]:
    """Whole images and windows of files that GDAL wrote, and of interleaves that GDAL reads too."""

    def file(name: str, pixels: np.ndarray) -> Path:
        path = folder / f"read-{name.replace(' ', '-')}.ntf"
        if not path.exists():
            ways.gdal_write(path, pixels, "NITF", **GDAL)()
        return path

    def whole(name: str, pixels: np.ndarray, path: Path, settings: str) -> Cell:
        others = [Contender("GDAL", ways.gdal_read(path), at_least=1.3)]
        return Cell("NITF read", f"whole, {name}", settings, pixels.nbytes / 1e6, "MB", ways.our_read(path), others)

    def windows(name: str, pixels: np.ndarray, path: Path, settings: str) -> Cell:
        places = window_places(pixels.shape)
        others = [Contender("GDAL", ways.gdal_read(path, places), at_least=1.3)]
        own = ways.our_read(path, places)
        return Cell("NITF read", f"windows, {name}", settings, len(places), "windows", own, others)

    by_gdal = f"IC NC, IMODE B, blocks {BLOCK}², written by GDAL"
    of_512 = f"40 windows of 512² at odd places, one file opened once; {by_gdal}"
    for name, kind in KINDS.items():
        yield lambda name=name, kind=kind: whole(name, kind(inputs), file(name, kind(inputs)), by_gdal)
        yield lambda name=name, kind=kind: windows(name, kind(inputs), file(name, kind(inputs)), of_512)

    def interleaved(mode: str, make: Callable[..., Cell], settings: str) -> Cell:
        path = folder / f"read-{mode}.ntf"
        write(path, inputs.rgb, mode)()
        return make(f"IMODE {mode}, RGB 8-bit", inputs.rgb, path, settings)

    for mode in "PRS":
        yield lambda mode=mode: interleaved(mode, whole, f"IC NC, blocks {BLOCK}², written by us")
        yield lambda mode=mode: interleaved(mode, windows, f"40 windows of 512², IC NC, blocks {BLOCK}², written by us")


def jpeg(inputs: Inputs, folder: Path) -> Iterator[Callable[[], Cell]]:
    """IC C3 at quality 85. GDAL compresses only copies, so it copies from memory."""
    ours, theirs = folder / "ours-jpeg.ntf", folder / "theirs-jpeg.ntf"

    options = {"compression": "jpeg", "quality": QUALITY, "block_size": (BLOCK, BLOCK)}
    of_gdal = {"IC": "C3", "BLOCKSIZE": BLOCK, "QUALITY": QUALITY, "NUM_THREADS": "ALL_CPUS"}

    def written(name: str, pixels: np.ndarray) -> Cell:
        others = [Contender("GDAL", ways.gdal_copy(theirs, pixels, "NITF", **of_gdal), at_least=4)]
        settings = f"IC C3, quality {QUALITY}, blocks {BLOCK}², all threads"
        return Cell("NITF write", f"JPEG, {name}", settings, pixels.nbytes / 1e6, "MB", ways.ours(ours, pixels, **options), others)

    def beside_jpg(pixels: np.ndarray) -> Cell:
        own = ways.ours(ours, pixels, threads=1, **options)
        others = [Contender("our .jpg", ways.ours(folder / "ours.jpg", pixels, quality=QUALITY, threads=1), at_least=0.9)]
        settings = f"IC C3, quality {QUALITY}, blocks {BLOCK}², one thread"
        return Cell("NITF write", "JPEG, RGB 8-bit, one thread", settings, pixels.nbytes / 1e6, "MB", own, others)

    def read(name: str, pixels: np.ndarray, windows: bool) -> Cell:
        ways.gdal_copy(theirs, pixels, "NITF", **of_gdal)()
        places = window_places(pixels.shape) if windows else None
        settings, amount, unit = f"IC C3, blocks {BLOCK}², written by GDAL", pixels.nbytes / 1e6, "MB"
        if places is not None:
            settings, amount, unit = f"40 windows of 512² at odd places, one file opened once; {settings}", len(places), "windows"
        others = [Contender("GDAL", ways.gdal_read(theirs, places), at_least=1)]
        return Cell("NITF read", f"{'windows' if windows else 'whole'}, JPEG, {name}", settings, amount, unit, ways.our_read(theirs, places), others)

    yield lambda: beside_jpg(inputs.rgb)
    for name, kind in {"RGB 8-bit": lambda: inputs.rgb, "grey 8-bit": lambda: inputs.rgb[:1]}.items():
        yield lambda name=name, kind=kind: written(name, kind())
        yield lambda name=name, kind=kind: read(name, kind(), False)
        yield lambda name=name, kind=kind: read(name, kind(), True)


def headers(folder: Path) -> Cell:
    """`iminfo` of a file with fifty TREs; at most 0.3 ms is at least 3 333 a second."""
    from aws.osml.io import iminfo

    path, count = folder / "tres.ntf", 200
    path.write_bytes(with_tres())

    def own() -> None:
        for _ in range(count):
            iminfo(path)

    def gdal() -> None:
        import rasterio

        for _ in range(count):
            with rasterio.open(path) as file:
                file.tags()

    def wait() -> None:
        """Not a library: the allowed time."""
        import time

        time.sleep(count * 0.3e-3)

    others = [Contender("0.3 ms each", wait, at_least=1), Contender("GDAL", gdal)]
    return Cell("NITF headers", f"iminfo, {TRES} TREs", "256² of 8 bits, GDAL: open and tags", count, "files", own, others)


def chips(inputs: Inputs, folder: Path) -> Cell:
    """Many small files."""
    from aws.osml.io import imsave

    count = max(8, 400 // inputs.scale**2)
    side = inputs.rgb.shape[1]
    places = [(i * 256 % (side - 255), i * 977 % (side - 255)) for i in range(count)]
    arrays = [np.ascontiguousarray(inputs.rgb[:, y : y + 256, x : x + 256]) for y, x in places]
    writes = [ways.gdal_write(folder / f"theirs-{i}.ntf", array, "NITF", IC="NC") for i, array in enumerate(arrays)]

    def own() -> None:
        for i, array in enumerate(arrays):
            imsave(folder / f"ours-{i}.ntf", array, compression="NC")

    def gdal() -> None:
        for action in writes:
            action()

    others = [Contender("GDAL", gdal, at_least=2)]
    return Cell("many files", "chips 256² RGB, NTF", "IC NC, one block", count, "files", own, others)


def write(path: Path, pixels: np.ndarray, mode: str) -> Callable[[], int]:
    """`imsave` without compression."""
    return ways.ours(path, pixels, compression="NC", block_size=(BLOCK, BLOCK), metadata={"IMODE": mode})


def wide_pan(inputs: Inputs) -> np.ndarray:
    """16-bit panchromatic, 8192²: the other panchromatic image, extended by its mirror image."""
    side = 8192 // inputs.scale
    pan = inputs.pan[0]
    down = np.concatenate([pan, pan[::-1]])[:side]
    return np.ascontiguousarray(np.concatenate([down, down[:, ::-1]], axis=1)[None, :, :side])


def with_tres() -> bytes:
    """A file of one image with fifty TREs: an RPC00B as other software writes it, and records of points."""
    from aws.osml.io import BufferedMetadataProvider, imsave

    metadata = BufferedMetadataProvider()
    for number in range(TRES):
        points = "".join(f"{7 + n:+015.9f}{3 + n:+015.9f}" for n in range(number % 7 + 4))
        metadata.append("BNDPLB", f"{number % 7 + 4:04}{points}".encode())
    stream = io.BytesIO()
    imsave(stream, np.zeros((1, 256, 256), np.uint8), format="nitf", compression="NC", metadata=metadata)
    return stream.getvalue()


def window_places(shape: tuple[int, ...]) -> list[tuple[int, int, int, int]]:
    """Positions of windows of 512² all over the image, none on a block's edge."""
    side = min(512, *shape[1:])
    rows, columns = (max(1, length - side) for length in shape[1:])
    return [(i * 1237 % columns, i * 2741 % rows, side, side) for i in range(40)]


KINDS: dict[str, Callable[[Inputs], np.ndarray]] = {
    "RGB 8-bit": lambda inputs: inputs.rgb,
    "pan 16-bit": lambda inputs: inputs.pan,
    "8 bands 16-bit": lambda inputs: inputs.bands8,
}
