"""`osml-io cog`: a Cloud Optimized GeoTIFF."""

from __future__ import annotations

import argparse

from ._arguments import add_threads, block_size, chosen, numbers, source, target
from ._batch import Job, run_all

MAKING = ("overviews", "resampling")


def parser(of: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Adds the arguments."""
    of.add_argument("source", metavar="SRC", help="path, or - for standard input")
    of.add_argument("target", metavar="DST", help="path, or - for standard output")
    of.add_argument("--compression", metavar="NAME", help="such as deflate, zstd or jpeg")
    of.add_argument("--block-size", metavar="W,H", type=block_size, help="size of tiles; one number for squares")
    of.add_argument("--quality", metavar="Q", type=float, help="quality of lossy compression")
    of.add_argument("--overviews", metavar="2,4,…", type=numbers, help="make overviews anew, reduced by these factors")
    of.add_argument("--resampling", metavar="NAME", help="make overviews anew: nearest, average, bilinear, cubic …")
    add_threads(of)
    of.set_defaults(jobs=1)
    return of


def run(arguments: argparse.Namespace, _: argparse.ArgumentParser) -> int:
    """Writes the file. Overviews of the source are kept if nothing else is asked for."""
    settings = chosen(arguments, "compression", "block_size", "quality", "threads")
    making = chosen(arguments, *MAKING)
    if not making:
        options = {**settings, "format": "tiff", "cog": True}
        return run_all([Job(arguments.source, arguments.target)], options, arguments)
    from ..tiff import write_cog

    write_cog(target(arguments.target), source(arguments.source), **settings, **making)
    return 0
