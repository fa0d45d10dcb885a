"""`osml-io view`: a small picture of an image, stretched to 8 bits."""

from __future__ import annotations

import argparse
import os

from ._arguments import STREAM, add_part, add_threads, chosen, source, target

FORMATS = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg"}


def parser(of: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Adds the arguments."""
    of.add_argument("source", metavar="SRC", help="path, or - for standard input")
    of.add_argument("target", metavar="DST", help="path of a PNG or JPEG, or - for standard output")
    of.add_argument("--size", metavar="N", type=int, default=1024, help="most pixels of a side (1024)")
    of.add_argument(
        "--stretch", choices=("percentile", "minmax", "none"), default="percentile", help="how values become 0 to 255"
    )
    of.add_argument(
        "--percentiles", metavar="LOW,HIGH", type=_percentiles, default=(2.0, 98.0), help="values for black and white (2,98)"
    )
    of.add_argument("--format", choices=("png", "jpeg"), help="by default the extension decides; png for -")
    of.add_argument("--quality", metavar="Q", type=float, help="quality of a JPEG, 1 to 100")
    add_part(of)
    add_threads(of)
    return of


def run(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Writes the picture."""
    extension = os.path.splitext(arguments.target)[1].lower()
    format = arguments.format or ("png" if arguments.target == STREAM else FORMATS.get(extension))
    if format is None:
        parser.error(f"got {arguments.target!r}, expected a name that ends with .png or .jpg")
    if arguments.size < 1:
        parser.error(f"argument --size: got {arguments.size}, expected 1 or more")
    from .._convenience import imsave
    from .._io import IO
    from .._picture import picture

    with IO.open(source(arguments.source), "r", threads=arguments.threads) as reader:
        part = chosen(arguments, "window", "bands", "resolution_level")
        image = reader._image(arguments.asset)
        pixels = picture(image, arguments.size, arguments.stretch, arguments.percentiles, **part)
    imsave(target(arguments.target), pixels, format=format, quality=arguments.quality)
    return 0


def _percentiles(text: str) -> tuple[float, float]:
    try:
        low, high = map(float, text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"got {text!r}, expected LOW,HIGH") from None
    if not 0 <= low < high <= 100:
        raise argparse.ArgumentTypeError(f"got {text!r}, expected two numbers from 0 to 100 in ascending order")
    return low, high
