"""Runs the Python blocks of the Markdown pages.

The blocks of a page run in order in one namespace, so a later block may use the results of an earlier one. A comment
`<!-- not run: why -->` above a block excludes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from workspace import ROOT


@dataclass(frozen=True)
class Block:
    """A code block of a page."""

    line: int
    code: str


def pages() -> list[Path]:
    """The pages that have Python blocks: the README and everything below `docs/`."""
    found = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [page for page in found if python_blocks(page.read_text(encoding="utf-8"))]


def python_blocks(text: str) -> list[Block]:
    """The Python blocks of a page, each with the number of its first line."""
    blocks = []
    for found in re.finditer(r"^```python\n(.*?)^```$", text, re.M | re.S):
        before = text[: found.start()].rstrip().rsplit("\n", 1)[-1]
        if not before.startswith("<!-- not run:"):
            blocks.append(Block(text.count("\n", 0, found.start(1)) + 1, found.group(1)))
    return blocks


def run_page(page: Path) -> int:
    """Runs the blocks of a page in the current folder and returns their number. An error shows the page and its line."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    blocks = python_blocks(page.read_text(encoding="utf-8"))
    for block in blocks:
        # Blank lines in front make the line numbers of a traceback those of the page.
        exec(compile("\n" * (block.line - 1) + block.code, str(page), "exec"), namespace)
    return len(blocks)
