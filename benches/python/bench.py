"""Compares the speed, file sizes and memory of osml-io with those of other libraries, and prints a table in Markdown.

    python benches/python/bench.py                 everything, some twenty minutes
    python benches/python/bench.py --only PNG      the cells with this word in their names
    python benches/python/bench.py --quick         small inputs and two rounds, to see that everything runs
    python benches/python/bench.py --update        also writes the table into docs/design/performance.md

Needs the package installed (release build) and what `requirements.txt` beside this file lists; a library that is missing is
named in the output, and the rest is compared. Every cell runs ours and the others' in turn, so that the ratios hold on a
machine that has other work too.
"""

from __future__ import annotations

import argparse
import logging
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import report
from cells import all_cells
from harness import Result, measure
from inputs import Inputs

PAGE = Path(__file__).resolve().parents[2] / "docs" / "design" / "performance.md"
GROWTH_LIMIT = 64.0
FORMATS = ("tiff", "png", "jpeg", "nitf", "nitf masked")


def main() -> int:
    """Runs the cells and prints the table; exits 1 if a target is missed (not with `--quick`)."""
    arguments = parse()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    rounds = arguments.rounds or (2 if arguments.quick else 7)
    folder = Path(tempfile.mkdtemp(prefix="osml-io-bench-", dir=arguments.dir))
    try:
        inputs = Inputs(scale=8 if arguments.quick else 1)
        results, broken = compare(inputs, folder, rounds, arguments.only)
        side = 4096 if arguments.quick else 40_000
        growths = memory(folder, side) if wanted("memory", arguments.only) else []
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    text = report.markdown(results, growths, broken, rounds)
    print(text)
    if arguments.update:
        report.update(PAGE, text)
    missed = [
        f"{result.cell.group}: {result.cell.name}: {line}" for result in results for line in result.missed()
    ]
    missed += [f"{one.name}: memory" for one in growths if one.megabytes is None or one.megabytes > one.limit]
    missed += broken
    for line in missed:
        print(f"missed: {line}")
    return 1 if missed and not arguments.quick else 0


def compare(inputs: Inputs, folder: Path, rounds: int, words: list[str]) -> tuple[list[Result], list[str]]:
    """Runs the cells whose names contain one of the words; returns the results, and a line for each cell that cannot run."""
    results, broken = [], []
    for make in all_cells(inputs, folder):
        name = "a cell"
        try:
            cell = make()
            name = f"{cell.group}: {cell.name}"
            if not wanted(name, words):
                continue
            result = measure(cell, rounds)
        except Exception as error:  # noqa: BLE001 - a cell that cannot run is reported, the others still run
            broken.append(f"{name}: {type(error).__name__}: {error}")
            say(f"cannot run: {broken[-1]}")
            continue
        line = ", ".join(f"{one.ratio:.2f} × {one.contender.name}" for one in result.comparisons)
        say(f"{cell.group}: {cell.name}: {report.speed(result.speed, cell.unit)}; {line}")
        for text in result.missing:
            say(f"    not compared: {text}")
        results.append(result)
    return results, broken


def memory(folder: Path, side: int) -> list[report.Growth]:
    """Growth of the peak memory for a lazy image of `side`² pixels of 8 bits, and for windows of the file it made."""
    growths = []
    for name in FORMATS:
        for mode in ("write", "read"):
            script = Path(__file__).resolve().parent / "memory.py"
            command = [sys.executable, str(script), mode, name, str(side), str(folder / f"lazy.{name.replace(' ', '-')}")]
            start = time.monotonic()
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            seconds = time.monotonic() - start
            label = f"{name} {'lazy write' if mode == 'write' else 'windowed read'}, {side}² of 8 bits"
            if done.returncode == 0:
                growth = report.Growth(label, int(done.stdout) / 1e6, seconds, GROWTH_LIMIT)
            else:
                why = done.stderr.strip().splitlines()[-1:] or ["it was ended by a signal"]
                growth = report.Growth(label, None, seconds, GROWTH_LIMIT, why[0])
            say(f"memory: {label}: {growth.missing or f'{growth.megabytes:.1f} MB'}, {seconds:.0f} s")
            growths.append(growth)
        (folder / f"lazy.{name.replace(' ', '-')}").unlink(missing_ok=True)
    return growths


def wanted(name: str, words: list[str]) -> bool:
    return not words or any(word.lower() in name.lower() for word in words)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="cells with one of these words in their names")
    parser.add_argument("--rounds", type=int, help="interleaved rounds of each cell (default 7)")
    parser.add_argument("--quick", action="store_true", help="small inputs, two rounds: a smoke test")
    parser.add_argument("--update", action="store_true", help="write the table into docs/design/performance.md")
    default = "/dev/shm" if Path("/dev/shm").is_dir() else None
    parser.add_argument("--dir", default=default, help="where the files are written (default: memory, where there is such a place)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
