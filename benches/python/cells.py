"""The comparisons: the timed actions, the other libraries, and the ratios that ours must reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import ways
from conversions import conversion_cells
from harness import Cell, Contender
from inputs import Inputs
from j2k import j2k_cells
from nitf import nitf_cells
from providers import provider_cells
from windows import window_cells

TILES = {"tile": (256, 256)}
WINDOW = 512


def all_cells(inputs: Inputs, folder: Path) -> Iterator[Callable[[], Cell]]:
    """Every cell, made lazily: making a cell may write the files that it reads."""
    yield from tiff_writes(inputs, folder)
    yield from other_writes(inputs, folder)
    yield from tiff_reads(inputs, folder)
    yield from other_reads(inputs, folder)
    yield from chips(inputs, folder)
    yield from nitf_cells(inputs, folder)
    yield from j2k_cells(inputs, folder)
    yield from window_cells(inputs, folder)
    yield from conversion_cells(inputs, folder)
    yield from two_threads(inputs, folder)
    yield from provider_cells(inputs)


def tiff_writes(inputs: Inputs, folder: Path) -> Iterator[Callable[[], Cell]]:
    """Uncompressed, Deflate at level 6 and at our default, LZW, COG."""
    ours, theirs = folder / "ours.tif", folder / "theirs.tif"

    def uncompressed() -> Cell:
        pixels = inputs.rgb
        return Cell(
            "TIFF write",
            "uncompressed, RGB 8-bit",
            "ours: tiles 256² from (bands, rows, columns); tifffile: one strip from (rows, columns, bands)",
            megabytes(pixels),
            "MB",
            ways.ours(ours, pixels, compression="none"),
            [
                Contender("tifffile", ways.tifffile_write(theirs, pixels), at_least=1),
                Contender("tifffile, tiles", ways.tifffile_write(theirs, pixels, **TILES)),
            ],
        )

    yield uncompressed
    for name, kind in KINDS.items():
        yield lambda name=name, kind=kind: deflate(name, kind(inputs), ours, theirs, level=6)
    for name, kind in (KINDS | {"thematic 8-bit": classes, "gradient 8-bit": smooth}).items():
        yield lambda name=name, kind=kind: deflate(name, kind(inputs), ours, theirs, level=None)

    def lzw(name: str, pixels: np.ndarray) -> Cell:
        options = {"compression": "lzw", "predictor": True, **TILES}
        return Cell(
            "TIFF write",
            f"LZW, {name}",
            "predictor 2, tiles 256²",
            megabytes(pixels),
            "MB",
            ways.ours(ours, pixels, compression="lzw"),
            [Contender("tifffile", ways.tifffile_write(theirs, pixels, **options), at_least=1, size_limit=1.001)],
        )

    yield lambda: lzw("RGB 8-bit", inputs.rgb)
    yield lambda: lzw("pan 16-bit", inputs.pan)
    yield lambda: cog(folder, "RGB 8-bit", inputs.rgb)
    yield lambda: cog(folder, "pan 16-bit", inputs.pan)


def deflate(name: str, pixels: np.ndarray, ours: Path, theirs: Path, level: int | None) -> Cell:
    """Deflate against level 6 of the others; the ratio is for our default level."""
    floats = pixels.dtype.kind == "f"
    metadata = {} if level is None else {ways.LEVEL: level}
    faster = 1.0 if level else 5.0 if name.startswith("RGB") else 2.5
    allowed = 1.0 if level or name in ("thematic 8-bit", "gradient 8-bit") else 1.03
    options = {"compression": "zlib", "compressionargs": {"level": 6}, "predictor": True, **TILES}
    gdal = {"compress": "DEFLATE", "predictor": 3 if floats else 2, "zlevel": 6, "num_threads": "ALL_CPUS"}
    gdal |= {"tiled": True, "blockxsize": 256, "blockysize": 256, "interleave": "pixel"}
    return Cell(
        "TIFF write",
        f"Deflate {'level 6' if level else 'by default'}, {name}",
        f"predictor {3 if floats else 2}, tiles 256²; the others at level 6, all threads; imagecodecs writes no file",
        megabytes(pixels),
        "MB",
        ways.ours(ours, pixels, compression="deflate", metadata=metadata),
        [
            Contender("tifffile", ways.tifffile_write(theirs, pixels, **options), faster, allowed),
            Contender("imagecodecs", ways.imagecodecs_deflate(pixels, 6), faster, max(allowed, 1.001)),
            Contender("GDAL", ways.gdal_write(theirs, pixels, "GTiff", **gdal)),
        ],
    )


def cog(folder: Path, name: str, pixels: np.ndarray) -> Cell:
    """A COG with overviews. GDAL makes one only of a dataset, which lies in memory."""
    gdal = {"COMPRESS": "DEFLATE", "LEVEL": 6, "PREDICTOR": "YES", "NUM_THREADS": "ALL_CPUS", "BLOCKSIZE": 512}
    other = ways.gdal_copy(folder / "theirs.tif", pixels, "COG", OVERVIEW_RESAMPLING="AVERAGE", **gdal)
    return Cell(
        "TIFF write",
        f"COG, Deflate, averages, {name}",
        "predictor 2, tiles 512², overviews 2 4 8; GDAL at level 6, all threads",
        megabytes(pixels),
        "MB",
        ways.ours(folder / "ours.tif", pixels, cog=True),
        [Contender("GDAL", other, at_least=5, size_limit=1.03)],
    )


def other_writes(inputs: Inputs, folder: Path) -> Iterator[Callable[[], Cell]]:
    """PNG and JPEG."""
    ours, theirs = folder / "ours.png", folder / "theirs.png"

    def png(name: str, pixels: np.ndarray) -> Cell:
        return Cell(
            "PNG write",
            name,
            "every library's default level",
            megabytes(pixels),
            "MB",
            ways.ours(ours, pixels),
            [
                Contender("GDAL", ways.gdal_write(theirs, pixels, "PNG"), at_least=20, size_limit=1),
                Contender("Pillow", ways.pillow_write(theirs, pixels), at_least=20),
                Contender("libvips", ways.vips_write(theirs, pixels), at_least=5),
            ],
        )

    def jpeg() -> Cell:
        pixels = inputs.rgb
        return Cell(
            "JPEG write",
            "RGB 8-bit",
            "quality 85, 4:2:0",
            megabytes(pixels),
            "MB",
            ways.ours(folder / "ours.jpg", pixels, quality=85),
            [
                Contender("Pillow", ways.pillow_write(folder / "theirs.jpg", pixels, quality=85), at_least=2),
                Contender("libvips", ways.vips_write(folder / "theirs.jpg", pixels, Q=85)),
            ],
        )

    yield lambda: png("RGB 8-bit", inputs.rgb)
    yield lambda: png("grey 16-bit", inputs.pan)
    yield jpeg


def tiff_reads(inputs: Inputs, folder: Path) -> Iterator[Callable[[], Cell]]:
    """Whole images and windows of files that GDAL wrote."""
    for compression in ("none", "deflate", "lzw", "jpeg"):

        def file(compression: str = compression) -> tuple[Path, np.ndarray]:
            path, pixels = folder / f"read-{compression}.tif", inputs.rgb
            options = {"tiled": True, "blockxsize": 256, "blockysize": 256, "interleave": "pixel"}
            if compression != "none":
                options["compress"] = compression.upper()
            options |= {"photometric": "YCBCR"} if compression == "jpeg" else {}
            options |= {"predictor": 2} if compression in ("deflate", "lzw") else {}
            if not path.exists():
                ways.gdal_write(path, pixels, "GTiff", num_threads="ALL_CPUS", **options)()
            return path, pixels

        def whole(compression: str = compression, file: Callable[[], tuple[Path, np.ndarray]] = file) -> Cell:
            path, pixels = file()
            others = [
                Contender("GDAL", ways.gdal_read(path), at_least=1),
                Contender("tifffile", ways.tifffile_read(path), at_least=1),
            ]
            settings = "tiles 256² written by GDAL, all threads"
            own = ways.our_read(path)
            return Cell("TIFF read", f"whole, {compression}, RGB 8-bit", settings, megabytes(pixels), "MB", own, others)

        def windows(compression: str = compression, file: Callable[[], tuple[Path, np.ndarray]] = file) -> Cell:
            path, pixels = file()
            places = window_places(pixels.shape[2])
            others = [Contender("GDAL", ways.gdal_read(path, places), at_least=1)]
            settings = f"{len(places)} windows of 512² at odd places, one file opened once"
            own = ways.our_read(path, places)
            return Cell("TIFF read", f"windows, {compression}, RGB 8-bit", settings, len(places), "windows", own, others)

        yield whole
        yield windows


def other_reads(inputs: Inputs, folder: Path) -> Iterator[Callable[[], Cell]]:
    """PNG and JPEG, of files that Pillow wrote; for information."""
    for suffix, options in ((".png", {"compress_level": 6}), (".jpg", {"quality": 85})):

        def whole(suffix: str = suffix, options: dict[str, int] = options) -> Cell:
            path, pixels = folder / f"read{suffix}", inputs.rgb
            ways.pillow_write(path, pixels, **options)()
            others = [Contender("GDAL", ways.gdal_read(path)), Contender("Pillow", ways.pillow_read(path))]
            name = f"whole, {suffix[1:].upper()}, RGB 8-bit"
            own = ways.our_read(path)
            return Cell("PNG and JPEG read", name, "written by Pillow", megabytes(pixels), "MB", own, others)

        yield whole


def chips(inputs: Inputs, folder: Path) -> Iterator[Callable[[], Cell]]:
    """Many small files."""
    count = max(8, 400 // inputs.scale**2)

    def cell(suffix: str, peer: str, peer_write: Callable[[Path, np.ndarray], object], settings: str) -> Cell:
        from aws.osml.io import imsave

        side = inputs.rgb.shape[1]
        places = [(i * 256 % (side - 255), i * 977 % (side - 255)) for i in range(count)]
        arrays = [np.ascontiguousarray(inputs.rgb[:, y : y + 256, x : x + 256]) for y, x in places]
        turned = [ways.chunky(array) for array in arrays]

        def ours() -> None:
            for i, array in enumerate(arrays):
                imsave(folder / f"chip-{i}{suffix}", array)

        def theirs() -> None:
            for i, array in enumerate(turned):
                peer_write(folder / f"chip-{i}{suffix}", array)

        name = f"chips 256² RGB, {suffix[1:].upper()}"
        return Cell("many files", name, settings, count, "files", ours, [Contender(peer, theirs, at_least=2)])

    def tiff() -> Cell:
        import tifffile

        def write(path: Path, array: np.ndarray) -> None:
            tifffile.imwrite(path, array, photometric="rgb", compression="zlib", predictor=True, **TILES)

        return cell(".tif", "tifffile", write, "Deflate, predictor 2, one tile")

    def png() -> Cell:
        from PIL import Image

        return cell(".png", "Pillow", lambda path, array: Image.fromarray(array).save(path), "every library's default")

    yield tiff
    yield png


def two_threads(inputs: Inputs, folder: Path) -> Iterator[Callable[[], Cell]]:
    """Two threads against one, only ours."""

    def cell(name: str, pixels: np.ndarray, action: Callable[[int], Callable[[], object]]) -> Cell:
        others = [Contender("one thread", action(1), at_least=1.85)]
        return Cell("two threads", name, "2 threads over 1", megabytes(pixels), "MB", action(2), others)

    def write(name: str, path: str, pixels: np.ndarray, **options: object) -> Cell:
        return cell(name, pixels, lambda n: ways.ours(folder / path, pixels, threads=n, **options))

    level6 = {"compression": "deflate", "metadata": {ways.LEVEL: 6}}
    yield lambda: write("TIFF Deflate by default, RGB 8-bit", "two.tif", inputs.rgb)
    yield lambda: write("TIFF Deflate level 6, pan 16-bit", "two.tif", inputs.pan, **level6)
    yield lambda: write("TIFF LZW, RGB 8-bit", "two.tif", inputs.rgb, compression="lzw")
    yield lambda: write("PNG, RGB 8-bit", "two.png", inputs.rgb)
    yield lambda: write("JPEG quality 85, RGB 8-bit", "two.jpg", inputs.rgb, quality=85)

    def read() -> Cell:
        path, pixels = folder / "two-read.tif", inputs.rgb
        ways.ours(path, pixels)()
        return cell("TIFF Deflate read, RGB 8-bit", pixels, lambda n: ways.our_read(path, threads=n))

    yield read


def window_places(side: int) -> list[tuple[int, int, int, int]]:
    """Positions of windows all over the image, none on a tile's edge."""
    free = max(1, side - WINDOW)
    edge = min(WINDOW, side)
    return [(i * 1237 % free, i * 2741 % free, edge, edge) for i in range(40)]


def megabytes(pixels: np.ndarray) -> float:
    return pixels.nbytes / 1e6


def classes(inputs: Inputs) -> np.ndarray:
    return inputs.classes


def smooth(inputs: Inputs) -> np.ndarray:
    return inputs.smooth


KINDS: dict[str, Callable[[Inputs], np.ndarray]] = {
    "RGB 8-bit": lambda inputs: inputs.rgb,
    "pan 16-bit": lambda inputs: inputs.pan,
    "8 bands 16-bit": lambda inputs: inputs.bands8,
    "DEM float32": lambda inputs: inputs.dem,
}
