"""Converts an image into GeoTIFF, PNG and a JPEG quick-look, and says how long each took. The second half of `./demo`."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from aws.osml.io import IO, BufferedImageAssetProvider, BufferedMetadataProvider, Error, PixelType, imread, imsave

GLOBE = {
    "GeoModelType": "Geographic",
    "GeoRasterType": "PixelIsArea",
    "GeoGeographicCRS": "4326",
}
QUICK_LOOK = 1350
"""Pixels of the longer side of the quick-look, at most."""


def main() -> int:
    """Reads the image, writes it three times, reads what was written, and compares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("image", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--global", dest="whole_globe", action="store_true", help="the image covers the globe")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)

    seconds, pixels = timed(lambda: imread(arguments.image))
    bands, rows, columns = pixels.shape
    print(f"\n{arguments.image.name}: {columns} × {rows} pixels, {bands} bands, {pixels.dtype}")
    print(f"{'read':<28}{size(arguments.image)}{speed(pixels.nbytes, seconds)}\n")

    base = arguments.out / arguments.image.stem
    metadata = globe(columns, rows) if arguments.whole_globe else {}
    failed = [
        suffix
        for suffix, extra in ((".tif", metadata), (".png", {}))
        if not converted(base.with_suffix(suffix), pixels, extra)
    ]
    if pixels.dtype == np.uint8 and bands in (1, 3, 4):
        quick_look(base.with_name(base.name + "-quick-look.jpg"), pixels)
    print(f"\nthe files are in {shown(arguments.out)}")
    return 1 if len(failed) == 2 else 0


def converted(path: Path, pixels: np.ndarray, metadata: dict[str, str]) -> bool:
    """Writes the pixels with a progress bar, reads them back, and compares; false where the format cannot hold them."""
    try:
        seconds, _ = timed(lambda: write(path, pixels, metadata))
    except Error as error:
        print(f"{path.name:<28}not written: {error}")
        return False
    print(f"{'write ' + path.name:<28}{size(path)}{speed(pixels.nbytes, seconds)}")
    seconds, again = timed(lambda: imread(path))
    same = "same pixels" if np.array_equal(again, pixels) else "DIFFERENT PIXELS"
    print(f"{'read  ' + path.name:<28}{size(path)}{speed(pixels.nbytes, seconds)}  {same}")
    if same != "same pixels":
        sys.exit(1)
    return True


def write(path: Path, pixels: np.ndarray, metadata: dict[str, str]) -> None:
    """The long form of `imsave`, which also tells how far it is."""
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


def quick_look(path: Path, pixels: np.ndarray) -> None:
    """A small JPEG of an 8-bit image: the mean of each square of pixels."""
    _, rows, columns = pixels.shape
    step = max(1, -(-max(rows, columns) // QUICK_LOOK))
    cut = pixels[:3, : rows // step * step, : columns // step * step]
    squares = cut.reshape(cut.shape[0], rows // step, step, columns // step, step)
    small = squares.mean(axis=(2, 4)).round().astype(np.uint8)
    seconds, _ = timed(lambda: imsave(path, small, quality=85))
    print(f"{'write ' + path.name:<28}{size(path)}{speed(small.nbytes, seconds)}")


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
    """Seconds the action took, and its result."""
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, result


def size(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:8.2f} MB"


def speed(count: int, seconds: float) -> str:
    return f"{seconds * 1e3:9.0f} ms{count / 1e6 / seconds:8.0f} MB/s"


def shown(path: Path) -> str:
    """A path as a reader of the terminal would write it."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


if __name__ == "__main__":
    sys.exit(main())
