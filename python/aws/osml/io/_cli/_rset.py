"""`osml-io rset`: a file and its reduced resolutions."""

from __future__ import annotations

import argparse
import sys

from ._arguments import add_coding, add_threads, chosen, source


def parser(of: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Adds the arguments."""
    of.add_argument("source", metavar="SRC", help="path, or - for standard input")
    of.add_argument("base", metavar="BASE", help="path of the base; the levels are BASE.r1, BASE.r2 …")
    of.add_argument("--levels", metavar="N", type=int, help="levels beside the base; by default down to 256 pixels")
    of.add_argument("--resampling", metavar="NAME", help="nearest, average, bilinear, cubic …")
    add_coding(of)
    add_threads(of)
    return of


def run(arguments: argparse.Namespace, _: argparse.ArgumentParser) -> int:
    """Writes the files."""
    from .._io import IO
    from .._progress import Bar, is_terminal
    from .._rset import write_rset

    names = ("levels", "resampling", "format", "compression", "block_size", "quality", "metadata", "threads")
    shows = not arguments.quiet and is_terminal(sys.stderr)
    with IO.open(source(arguments.source), "r") as reader, Bar(sys.stderr) as bar:
        write_rset(arguments.base, reader, progress=bar if shows else None, **chosen(arguments, *names))
    return 0
