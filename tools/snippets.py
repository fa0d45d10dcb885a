"""Runs the Python blocks and the shell blocks of the Markdown pages.

The Python blocks of a page run in order in one namespace, so a later block may use the results of an earlier one. The shell blocks of
a page run in order in one folder. `NOT_RUN` lists the commands that are left out.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from workspace import ROOT

NOT_RUN = {
    "./demo": "builds the package for minutes; tests/python/project/test_demo.py tests what follows the build",
    "./check": "runs these tests itself",
    "pip install .": "compiles the package for minutes; the step `wheel` of `./check` builds and installs the same",
    "python -m venv bench && bench/bin/pip install .": "as `pip install .`",
    "RUSTFLAGS=-Zsanitizer=address": "needs a nightly toolchain, and compiles the crate for minutes",
    "bench/bin/python benches/python/bench.py": "measures for an hour",
}
"""How the shell commands begin that the tests do not run, and why."""


@dataclass(frozen=True)
class Block:
    """A code block of a page."""

    line: int
    code: str


def pages(language: str) -> list[Path]:
    """The pages that have blocks in the language: of the README and everything below `docs/`."""
    found = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [page for page in found if blocks(page.read_text(encoding="utf-8"), language)]


def blocks(text: str, language: str) -> list[Block]:
    """The blocks of a page in a language, each with the number of its first line."""
    found = re.finditer(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)
    return [Block(text.count("\n", 0, match.start(1)) + 1, match.group(1)) for match in found]


def run_page(page: Path) -> int:
    """Runs the Python blocks of a page in the current folder and returns their number. An error shows the page and its line."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    found = blocks(page.read_text(encoding="utf-8"), "python")
    for block in found:
        # Blank lines in front make the line numbers of a traceback those of the page.
        exec(compile("\n" * (block.line - 1) + block.code, str(page), "exec"), namespace)
    return len(found)


def commands(page: Path) -> list[str]:
    """The lines of the shell blocks of a page, without comments. A line that ends with a backslash continues."""
    text = "".join(block.code for block in blocks(page.read_text(encoding="utf-8"), "sh"))
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [line for line in (re.sub(r"(^|\s+)#.*", "", line) for line in lines) if line]


def is_run(command: str) -> bool:
    """True if the tests run the command."""
    return not any(command.startswith(beginning) for beginning in NOT_RUN)


def run_commands(page: Path, programs: Path) -> list[str]:
    """Runs the shell commands of a page in the current folder, and returns them. `programs` has `python` and `osml-io`.

    Raises `CalledProcessError` if a command, or a part of a pipeline, fails.
    """
    run = [command for command in commands(page) if is_run(command)]
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    script = "\n".join(["set -euo pipefail", *run])
    subprocess.run(["bash", "-c", script], check=True, env=os.environ | {"PATH": path})
    return run
