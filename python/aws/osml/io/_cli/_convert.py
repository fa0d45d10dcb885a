"""`osml-io convert`: one file, or several into a folder."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from .._io import _extension
from ._arguments import CODING, PART, STREAM, add_coding, add_part, add_threads, chosen
from ._batch import Job, run_all


def parser(of: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Adds the arguments."""
    of.usage = f"{of.prog} [options] SRC DST\n       {of.prog} [options] SRC … --to DIR"
    of.add_argument("paths", metavar="SRC … DST", nargs="+", help="files; - is standard input or output")
    of.add_argument("--to", metavar="DIR", help="folder of the targets, which have the names of their sources")
    of.add_argument("--jobs", metavar="N", type=int, default=1, help="files that are converted at the same time")
    add_coding(of)
    add_part(of)
    of.add_argument("--cog", action="store_true", help="write Cloud Optimized GeoTIFFs")
    of.add_argument("--report", action="store_true", help="print what was written")
    add_threads(of)
    return of


def run(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Converts; a file that fails is reported by name and does not stop the others."""
    if arguments.jobs < 1:
        parser.error(f"argument --jobs: got {arguments.jobs}, expected 1 or more")
    options = chosen(arguments, *CODING, *PART) | {"cog": arguments.cog}
    if arguments.to is None and len(arguments.paths) == 2 and not os.path.isdir(arguments.paths[1]):
        jobs = [Job(*arguments.paths)]
    else:
        jobs = _jobs(arguments, parser)
    return run_all(jobs, options, arguments)


def _jobs(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> list[Job]:
    """A job for each source, with a target of the same name in the folder."""
    sources, folder = arguments.paths, arguments.to
    if folder is None:
        *sources, folder = arguments.paths
        if not sources or not os.path.isdir(folder):
            parser.error("expected SRC and DST, or several SRC and --to DIR")
    if STREAM in sources:
        parser.error("standard input has no name for a target in a folder: expected - with a DST")
    os.makedirs(folder, exist_ok=True)
    format = arguments.format or ("tiff" if arguments.cog else None)
    extension = None if format is None else f".{_extension(format)}"
    jobs: list[Job] = []
    taken: dict[str, str] = {}
    for source in sources:
        name = os.path.basename(source) if extension is None else f"{Path(source).stem}{extension}"
        target = os.path.join(folder, name)
        reason = None
        if target in taken:
            reason = f"its target {target} is that of {taken[target]}"
        elif os.path.realpath(target) == os.path.realpath(source):
            reason = "its target would be the file itself"
        taken.setdefault(target, source)
        jobs.append(Job(source, target, reason))
    return jobs
