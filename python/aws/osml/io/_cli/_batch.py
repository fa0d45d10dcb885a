"""Conversions of one file or of many, some of them at the same time."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import Any

from .._convert import ConversionReport, convert
from .._progress import Bar, is_terminal
from ._arguments import source, target
from ._messages import error_line, set_source


@dataclass(frozen=True)
class Job:
    """A file to convert."""

    source: str
    target: str
    refused: str | None = None
    """Why it cannot be converted, if that is known beforehand."""


def run_all(jobs: list[Job], options: dict[str, Any], arguments: argparse.Namespace) -> int:
    """Converts the files. Returns the exit code: 1 if one failed."""
    count = min(arguments.jobs, len(jobs))
    if count > 1 and "threads" not in options:
        options = {**options, "threads": max(1, (os.cpu_count() or 1) // count)}
    shows = not arguments.quiet and is_terminal(sys.stderr)
    if len(jobs) == 1:
        with Bar(sys.stderr) as bar:
            return 0 if _run(jobs[0], options, arguments, bar if shows else None) else 1
    stop = Event()

    def run(job: Job) -> bool:
        return _run(job, options, arguments, lambda _done, _total: not stop.is_set())

    with Bar(sys.stderr) as bar:
        failed = done = 0
        for is_good in _in_parallel(run, jobs, count, stop):
            done += 1
            failed += not is_good
            if shows:
                bar(done, len(jobs))
    return 1 if failed else 0


def _in_parallel(run: Callable[[Job], bool], jobs: list[Job], count: int, stop: Event) -> Any:
    """The results of the jobs. At Ctrl-C those that run are cancelled."""
    if count == 1:
        yield from map(run, jobs)
        return
    from concurrent.futures import ThreadPoolExecutor, as_completed

    with ThreadPoolExecutor(count) as pool:
        try:
            for future in as_completed([pool.submit(run, job) for job in jobs]):
                yield future.result()
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise


def _run(job: Job, options: dict[str, Any], arguments: argparse.Namespace, progress: Any) -> bool:
    """Converts a file. Returns False, after a line on standard error, if it fails."""
    set_source(job.source)
    try:
        if job.refused is not None:
            raise ValueError(job.refused)
        report = convert(source(job.source), target(job.target), progress=progress, **options)
    except Exception as error:
        if arguments.traceback:
            raise
        error_line(error, job.source)
        return False
    if getattr(arguments, "report", False):
        print(_line(job, report), flush=True)
    return True


def _line(job: Job, report: ConversionReport) -> str:
    copied = f", {report.copied_blocks} copied" if report.copied_blocks else ""
    return (
        f"{job.source} → {job.target}: {report.source_format} to {report.format}, {report.blocks} blocks{copied}, "
        f"{report.bytes_in} to {report.bytes_out} bytes, {report.seconds:.2f} s"
    )
