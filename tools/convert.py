"""Converts an image into NITF, GeoTIFF, PNG and a JPEG quick-look, cuts a chip, and reports the time of each. The second half
of `./demo`."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from aws.osml.io import (
    IO,
    BufferedImageAssetProvider,
    BufferedMetadataProvider,
    Error,
    ImageInfo,
    OptionError,
    PixelType,
    iminfo,
    imread,
    imsave,
)
from aws.osml.io.nitf import chip, georeference, ichipb

GLOBE = {
    "GeoModelType": "Geographic",
    "GeoRasterType": "PixelIsArea",
    "GeoGeographicCRS": "4326",
}
GEO_TAGS = ("33550", "33922", "34264", "34735", "34736", "34737")
"""The tags of a TIFF that hold its georeference (OGC 19-008r4, clause 7)."""
ENDINGS = (".ntf", ".tif", ".png", "-chip.ntf", "-quick-look.jpg")
NAME = 40
"""Characters of the first column."""
QUICK_LOOK = 1350
"""The maximum of pixels on the longer side of the quick-look."""
CHIP = 1024
"""The maximum of pixels on a side of the chip."""


def main() -> int:
    """Reads the image, writes it in each format, reads the files back, and compares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("image", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--global", dest="whole_globe", action="store_true", help="the image covers the globe")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)

    seconds, pixels = timed(lambda: imread(arguments.image))
    bands, rows, columns = pixels.shape
    print(f"\n{arguments.image.name}: {columns} × {rows} pixels, {bands} bands, {pixels.dtype}")
    print("Time is that of the whole call: opening, coding, and for a file that is written, the wait for the disk.")
    print(f"Speed is the size of the pixels in memory by that time, on {os.cpu_count()} cores.\n")
    print(f"{'step':<{NAME}}{'file':>11}{'time':>12}{'pixels':>13}")
    print(f"{'read':<{NAME}}{size(arguments.image)}{speed(pixels.nbytes, seconds)}")

    paths = results(arguments.image, arguments.out)
    targets: dict[str, dict[str, Any]] = {".ntf": nitf_coding(pixels), ".tif": {}, ".png": {}}
    if arguments.whole_globe:
        edges = [(-180, 90), (180, 90), (180, -90), (-180, -90)]
        targets[".ntf"] |= georeference(columns, rows, corners=edges, crs=4326)
        targets[".tif"] |= globe(columns, rows)
    else:
        info = iminfo(arguments.image)
        targets[".ntf"] |= nitf_place(info)
        targets[".tif"] |= tiff_place(info)
    written = [suffix for suffix, extra in targets.items() if converted(paths[suffix], pixels, extra)]
    if ".ntf" in written:
        cut(paths[".ntf"], paths["-chip.ntf"], pixels)
    if pixels.dtype == np.uint8 and bands in (1, 3, 4):
        quick_look(paths["-quick-look.jpg"], pixels)
    print(f"\nthe files are in {shown(arguments.out)}")
    return 0 if written else 1


def results(image: Path, out: Path) -> dict[str, Path]:
    """The files to write, by their endings. In the folder of the image, their names differ from its name and its neighbours'."""
    stem = image.stem
    while True:
        paths = {ending: out / (stem + ending) for ending in ENDINGS}
        taken = stem == image.stem and out.samefile(image.parent)
        if not taken and not any(path.exists() and path.samefile(image) for path in paths.values()):
            return paths
        stem += "-demo"


def converted(path: Path, pixels: np.ndarray, metadata: dict[str, Any]) -> bool:
    """Writes the pixels with a progress bar, reads them back, and compares; False if the format cannot hold them."""
    try:
        seconds, _ = timed(lambda: write(path, pixels, metadata))
    except Error as error:
        print(f"{path.name:<{NAME}}not written: {error}")
        return False
    print(f"{'write ' + path.name:<{NAME}}{size(path)}{speed(pixels.nbytes, seconds)}")
    seconds, again = timed(lambda: imread(path))
    same = "same pixels" if np.array_equal(again, pixels) else "DIFFERENT PIXELS"
    print(f"{'read  ' + path.name:<{NAME}}{size(path)}{speed(pixels.nbytes, seconds)}  {same}")
    if same != "same pixels":
        sys.exit(1)
    return True


def write(path: Path, pixels: np.ndarray, metadata: dict[str, Any]) -> None:
    """The long form of `imsave`, which also reports its progress."""
    bands, rows, columns = pixels.shape
    provider = BufferedImageAssetProvider.create(
        key="image:0",
        num_columns=columns,
        num_rows=rows,
        num_bands=bands,
        pixel_type=PixelType.from_numpy_dtype(pixels.dtype),
        metadata=BufferedMetadataProvider(metadata),
    )
    provider.set_full_image(pixels)
    with IO.open(path, "w", progress=progress_bar(path.name)) as writer:
        writer.add_asset("image:0", provider, title=path.stem, roles=["data"])


def cut(source: Path, target: Path, pixels: np.ndarray) -> None:
    """Writes the middle of a NITF as a chip, which records its position in the source; only its blocks are read."""
    _, rows, columns = pixels.shape
    width, height = min(CHIP, columns), min(CHIP, rows)
    x, y = (columns - width) // 2, (rows - height) // 2

    def copy() -> None:
        with IO.open(source) as reader, IO.open(target, "w") as writer:
            writer.metadata = reader.metadata
            writer.add_asset("image:0", chip(reader.get_asset("image:0"), (x, y, width, height)), roles=["data"])

    seconds, _ = timed(copy)
    part = pixels[:, y : y + height, x : x + width]
    print(f"{'chip  ' + target.name:<{NAME}}{size(target)}{speed(part.nbytes, seconds)}")
    row, column = ichipb(iminfo(target).metadata).to_full(0, 0)
    if (row, column) != (y, x) or not np.array_equal(imread(target), part):
        sys.exit("DIFFERENT PIXELS")


def quick_look(path: Path, pixels: np.ndarray) -> None:
    """A small JPEG of an 8-bit image: the mean of each square of pixels."""
    _, rows, columns = pixels.shape
    step = max(1, -(-max(rows, columns) // QUICK_LOOK))
    cut = pixels[:3, : rows // step * step, : columns // step * step]
    squares = cut.reshape(cut.shape[0], rows // step, step, columns // step, step)
    small = squares.mean(axis=(2, 4)).round().astype(np.uint8)
    seconds, _ = timed(lambda: imsave(path, small, quality=85))
    print(f"{'write ' + path.name:<{NAME}}{size(path)}{speed(small.nbytes, seconds)}")


def nitf_coding(pixels: np.ndarray) -> dict[str, Any]:
    """Lossless JPEG 2000 for integers, in blocks of 1024 × 1024 or of the whole of a smaller image."""
    _, rows, columns = pixels.shape
    code = "C8" if pixels.dtype.kind in "iu" and pixels.itemsize <= 2 else "NC"
    return {"IC": code, "NPPBH": min(1024, columns), "NPPBV": min(1024, rows)}


def nitf_place(info: ImageInfo) -> dict[str, Any]:
    """The georeference of the image in NITF, if NITF can express it."""
    if info.crs is None or info.transform is None:
        return {}
    try:
        return georeference(info.width, info.height, transform=info.transform, crs=info.crs)
    except OptionError as error:
        print(f"{'':<{NAME}}the NITF is without a georeference: {error}")
        return {}


def tiff_place(info: ImageInfo) -> dict[str, Any]:
    """The georeference of the image in GeoTIFF: the tags of a TIFF, or names for the system of a NITF."""
    if info.format == "tiff":
        return {key: value for key, value in info.metadata.items() if key in GEO_TAGS}
    if info.crs is None or info.transform is None:
        return {}
    code = info.crs.removeprefix("EPSG:")
    model, name = ("Geographic", "GeoGeographicCRS") if code == "4326" else ("Projected", "GeoProjectedCRS")
    return {"GeoModelType": model, name: code, "GeoTransform": list(info.transform)}


def globe(columns: int, rows: int) -> dict[str, str]:
    """The georeference of an image from 180° W 90° N to 180° E 90° S."""
    return GLOBE | {
        "GeoPixelScale": f"[{360 / columns!r}, {180 / rows!r}, 0.0]",
        "GeoTiepoints": "[0, 0, 0, -180.0, 90.0, 0.0]",
    }


def progress_bar(name: str) -> Callable[[int, int], bool]:
    """A callback for `IO.open` that draws a bar, on terminals only."""

    def report(done: int, total: int) -> bool:
        if sys.stderr.isatty():
            width = max(10, min(40, shutil.get_terminal_size().columns - 40))
            filled = width * done // max(total, 1)
            bar = "█" * filled + "░" * (width - filled)
            end = "\r\033[K" if done == total else ""
            sys.stderr.write(f"\r{name:<24}{bar} {done}/{total}{end}")
            sys.stderr.flush()
        return True

    return report


def timed(action: Callable[[], object]) -> tuple[float, object]:
    """The duration of the action in seconds, and its result."""
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, result


def size(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:8.2f} MB"


def speed(count: int, seconds: float) -> str:
    return f"{seconds * 1e3:9.0f} ms{count / 1e6 / seconds:8.0f} MB/s"


def shown(path: Path) -> str:
    """A path relative to the current folder if it is below it."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


if __name__ == "__main__":
    sys.exit(main())
