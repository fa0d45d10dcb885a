"""The compared ways to write and read. Each write returns the size of its file."""

from __future__ import annotations

import concurrent.futures
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

CPUS = os.cpu_count() or 1
LEVEL = "CompressionLevel"
"""The metadata key for the level of Deflate of our TIFF writer."""


def chunky(pixels: np.ndarray) -> np.ndarray:
    """(rows, columns, bands) in one piece, or (rows, columns) for one band, as the other libraries require."""
    return np.ascontiguousarray(pixels.transpose(1, 2, 0)) if pixels.shape[0] > 1 else pixels[0]


def ours(path: Path, pixels: np.ndarray, **options: object) -> Callable[[], int]:
    """`imsave`."""
    from aws.osml.io import imsave

    def action() -> int:
        imsave(path, pixels, **options)
        return path.stat().st_size

    return action


def tifffile_write(path: Path, pixels: np.ndarray, **options: object) -> Callable[[], int]:
    """`tifffile.imwrite`, with as many threads as there are processors."""
    import tifffile

    data = chunky(pixels)
    settings: dict[str, object] = {"maxworkers": CPUS, "metadata": None, "software": False}
    settings["photometric"] = "rgb" if pixels.shape[0] == 3 else "minisblack"
    if pixels.shape[0] > 1:
        settings["planarconfig"] = "contig"

    def action() -> int:
        tifffile.imwrite(path, data, **(settings | options))
        return path.stat().st_size

    return action


def imagecodecs_deflate(pixels: np.ndarray, level: int) -> Callable[[], int]:
    """Predictor and libdeflate of imagecodecs on tiles of 256², in a pool of threads, without a file."""
    import imagecodecs

    data = chunky(pixels)
    data = data[:, :, None] if data.ndim == 2 else data
    places = [(y, x) for y in range(0, data.shape[0], 256) for x in range(0, data.shape[1], 256)]
    floats = pixels.dtype.kind == "f"

    def encode(place: tuple[int, int]) -> int:
        y, x = place
        tile = np.ascontiguousarray(data[y : y + 256, x : x + 256])
        predicted = (
            imagecodecs.floatpred_encode(tile[:, :, 0], axis=-1) if floats else imagecodecs.delta_encode(tile, axis=1)
        )
        return len(imagecodecs.deflate_encode(predicted, level, raw=False))

    pool = concurrent.futures.ThreadPoolExecutor(CPUS)
    return lambda: sum(pool.map(encode, places))


def gdal_write(path: Path, pixels: np.ndarray, driver: str, **options: object) -> Callable[[], int]:
    """GDAL through rasterio, with the driver's defaults except for the options."""
    import rasterio

    bands, rows, columns = pixels.shape
    profile = {"driver": driver, "width": columns, "height": rows, "count": bands, "dtype": pixels.dtype.name, **options}

    def action() -> int:
        with rasterio.open(path, "w", **profile) as file:
            file.write(pixels)
        return path.stat().st_size

    return action


def gdal_copy(path: Path, pixels: np.ndarray, driver: str, **options: object) -> Callable[[], int]:
    """GDAL through rasterio, for drivers that compress only copies: a copy of a dataset in memory."""
    import rasterio
    import rasterio.shutil

    bands, rows, columns = pixels.shape
    source = rasterio.MemoryFile()
    with source.open(driver="GTiff", width=columns, height=rows, count=bands, dtype=pixels.dtype.name) as made:
        made.write(pixels)

    def action() -> int:
        with source.open() as file:
            rasterio.shutil.copy(file, path, driver=driver, **options)
        return path.stat().st_size

    return action


def openjpeg_write(pixels: np.ndarray, tile: int) -> Callable[[], int]:
    """OpenJPEG of imagecodecs: each tile as a lossless codestream of its own, one thread, without a file."""
    import imagecodecs

    data = chunky(pixels)
    places = [(y, x) for y in range(0, data.shape[0], tile) for x in range(0, data.shape[1], tile)]
    tiles = [np.ascontiguousarray(data[y : y + tile, x : x + tile]) for y, x in places]
    options = {"codecformat": "j2k", "reversible": True, "level": 0, "numthreads": 1, "mct": pixels.shape[0] == 3}
    return lambda: sum(len(imagecodecs.jpeg2k_encode(tile, **options)) for tile in tiles)


def glymur_read(path: Path, windows: list[tuple[int, int, int, int]] | None = None, step: int = 1) -> Callable[[], None]:
    """OpenJPEG through glymur: the whole image or windows of it, reduced by `step`, all processors."""
    import glymur

    def action() -> None:
        glymur.set_option("lib.num_threads", CPUS)
        file = glymur.Jp2k(path)
        if windows is None:
            file[::step, ::step]
        for x, y, width, height in windows or []:
            file[y : y + height, x : x + width]

    return action


def gdal_read(
    path: Path, windows: list[tuple[int, int, int, int]] | None = None, **options: object
) -> Callable[[], None]:
    """GDAL through rasterio: the whole image, or windows of it, all processors."""
    import rasterio
    from rasterio.windows import Window

    def action() -> None:
        # rasterio passes the number to GDAL as bytes, unlike the environment variable, whose small numbers are megabytes.
        with rasterio.Env(GDAL_CACHEMAX=64 << 20), rasterio.open(path, num_threads="ALL_CPUS", **options) as file:
            if windows is None:
                file.read()
            for window in windows or []:
                file.read(window=Window(*window))

    return action


def tifffile_read(path: Path) -> Callable[[], None]:
    """`tifffile.imread`, all processors."""
    import tifffile

    def action() -> None:
        tifffile.imread(path, maxworkers=CPUS)

    return action


def our_read(
    path: Path, windows: list[tuple[int, int, int, int]] | None = None, cache_bytes: int | None = None, **options: object
) -> Callable[[], None]:
    """`imread`, or windows of an open image."""
    from aws.osml.io import IO, imread

    def action() -> None:
        if windows is None:
            imread(path, **options)
            return
        with IO.open(path, cache_bytes=cache_bytes) as reader:
            image = reader.get_asset("image:0")
            for window in windows:
                image.read(window=window, **options)

    return action


def pillow_write(path: Path, pixels: np.ndarray, **options: object) -> Callable[[], int]:
    """`PIL.Image.save`."""
    from PIL import Image

    data = chunky(pixels)

    def action() -> int:
        Image.fromarray(data).save(path, **options)
        return path.stat().st_size

    return action


def pillow_read(path: Path) -> Callable[[], None]:
    """`PIL.Image.open`, to an array."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None

    def action() -> None:
        with Image.open(path) as image:
            np.asarray(image)

    return action


def vips_write(path: Path, pixels: np.ndarray, **options: object) -> Callable[[], int]:
    """libvips."""
    import pyvips

    # Without it, libvips would take 16-bit samples for 8-bit samples out of range.
    interpretation = {("uint8", 1): "b-w", ("uint16", 1): "grey16", ("uint16", 3): "rgb16"}.get(
        (pixels.dtype.name, pixels.shape[0]), "srgb"
    )
    image = pyvips.Image.new_from_array(chunky(pixels)).copy(interpretation=interpretation)

    def action() -> int:
        image.write_to_file(str(path), **options)
        return path.stat().st_size

    return action

