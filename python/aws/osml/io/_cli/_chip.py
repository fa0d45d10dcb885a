"""`osml-io chip`: a part of an image as a file of its own."""

from __future__ import annotations

import argparse

from ._arguments import CODING, PART, add_coding, add_part, add_threads, chosen
from ._batch import Job, run_all


def parser(of: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Adds the arguments."""
    of.add_argument("source", metavar="SRC", help="path, or - for standard input")
    of.add_argument("target", metavar="DST", help="path, or - for standard output")
    add_part(of, needs_window=True)
    add_coding(of)
    add_threads(of)
    of.set_defaults(jobs=1)
    return of


def run(arguments: argparse.Namespace, _: argparse.ArgumentParser) -> int:
    """Writes the part."""
    return run_all([Job(arguments.source, arguments.target)], chosen(arguments, *CODING, *PART), arguments)
