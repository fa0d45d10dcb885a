"""Conversion: against reading and writing alone, undecoded copies against the decoding way, and the command line as processes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from harness import Cell, Contender, seconds
from inputs import Inputs

from aws.osml.io import convert, imread, imsave

CHIPS, CHIP = 1000, 256
INFO_LIMIT = 0.15
COMMAND = [sys.executable, "-m", "aws.osml.io"]


def conversion_cells(inputs: Inputs, folder: Path) -> Iterator[Callable[[], Cell]]:
    """Every cell of conversion."""
    targets = {"COG": ("c.tif", {"cog": True}), "C8": ("c.ntf", {"compression": "C8"}), "CD": ("c.ntf", {"compression": "CD"})}
    for name, (target, settings) in targets.items():
        yield lambda name=name, target=target, settings=settings: streaming(inputs, folder, name, target, settings)
    yield lambda: undecoded(inputs, folder, "JP2 to NITF C8", "u.jp2", "u.ntf", {}, {"compression": "C8"})
    source = {"overviews": "auto", "block_size": 512}
    yield lambda: undecoded(inputs, folder, "TIFF with overviews to COG", "u.tif", "v.tif", source, {"cog": True})
    yield lambda: chips(inputs, folder)
    yield lambda: info(inputs, folder)


def megabytes(pixels: np.ndarray) -> float:
    return pixels.nbytes / 1e6


def streaming(inputs: Inputs, folder: Path, name: str, target: str, settings: dict[str, object]) -> Cell:
    """An uncompressed NITF to another coding; the bound is the slower of reading alone and writing alone."""
    pixels, source = inputs.rgb, folder / "s.ntf"
    imsave(source, pixels, compression="NC")

    def read() -> None:
        imread(source)

    def write() -> int:
        imsave(folder / f"w{target}", pixels, **settings)  # type: ignore[arg-type]
        return (folder / f"w{target}").stat().st_size

    write()
    slower = write if seconds(write) > seconds(read) else read
    return Cell(
        "convert",
        f"NITF NC to {name}, RGB 8-bit",
        "blocks of 1024² to those of the target by default; the bound is the slower of imread and imsave alone",
        megabytes(pixels),
        "MB",
        lambda: convert(source, folder / target, **settings).bytes_out,  # type: ignore[arg-type]
        [Contender(f"{'writing' if slower is write else 'reading'} alone", slower, at_least=1)],
    )


def undecoded(
    inputs: Inputs, folder: Path, name: str, source: str, target: str, made: dict[str, object], settings: dict[str, object]
) -> Cell:
    """A copy of stored blocks, against decoding and encoding them."""
    pixels, path = inputs.rgb, folder / source
    imsave(path, pixels, **made)  # type: ignore[arg-type]

    def ours() -> int:
        report = convert(path, folder / target, cog=bool(settings.get("cog")))
        assert report.copied_blocks == report.blocks
        return report.bytes_out

    def decoding() -> int:
        imsave(folder / f"d{target}", imread(path), **settings)  # type: ignore[arg-type]
        return (folder / f"d{target}").stat().st_size

    return Cell(
        "convert",
        f"{name}, undecoded",
        "stored blocks are copied; the decoding way is imsave of imread",
        megabytes(pixels),
        "MB",
        ours,
        [Contender("the decoding way", decoding, at_least=10)],
    )


def chips(inputs: Inputs, folder: Path) -> Cell:
    """Many small files in one call, against a process of GDAL for each."""
    sources, out = folder / "chips", folder / "chips-out"
    sources.mkdir(exist_ok=True)
    side = inputs.rgb.shape[1] - CHIP
    paths = [str(sources / f"{number}.tif") for number in range(CHIPS)]
    for number, path in enumerate(paths):
        at = number * 37 % side
        imsave(path, inputs.rgb[:, at : at + CHIP, at : at + CHIP], durable=False)

    def ours() -> None:
        subprocess.run([*COMMAND, "convert", *paths, "--to", str(out), "--compression", "lzw", "--jobs", "2", "-q"], check=True)

    def gdal() -> None:
        out.mkdir(exist_ok=True)
        for path in paths:
            command = ["gdal_translate", "-q", "-co", "COMPRESS=LZW", "-co", "TILED=YES", path, str(out / Path(path).name)]
            subprocess.run(command, check=True)

    others = [
        Contender("a loop of gdal_translate", gdal, at_least=10),
        Contender("GDAL in one process (rasterio)", lambda: rasterio_loop(paths, out)),
    ]
    return Cell("convert", f"{CHIPS} chips of {CHIP}² in one call", "TIFF with Deflate to TIFF with LZW, --jobs 2", CHIPS, "files", ours, others)


def rasterio_loop(paths: list[str], out: Path) -> None:
    """Copies each file in this process."""
    import rasterio.shutil

    out.mkdir(exist_ok=True)
    for path in paths:
        rasterio.shutil.copy(path, str(out / Path(path).name), driver="GTiff", compress="LZW", tiled=True)


def info(inputs: Inputs, folder: Path) -> Cell:
    """The whole process that describes a small file."""
    path = folder / "small.tif"
    imsave(path, inputs.rgb[:, :100, :100])
    return Cell(
        "convert",
        "osml-io info of a small file",
        "the whole process",
        1,
        "files",
        lambda: subprocess.run([*COMMAND, "info", str(path)], check=True, capture_output=True) and None,
        [Contender(f"the limit of {INFO_LIMIT} s", lambda: time.sleep(INFO_LIMIT), at_least=1)],
    )
