"""The map of the specification's statements to their tests names only tests that exist."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

from workspace import ROOT

PAGE = ROOT / "docs" / "design" / "spec-coverage.md"
TESTS = ROOT / "tests" / "python"
ROWS = [
    (number, line)
    for number, line in enumerate(PAGE.read_text(encoding="utf-8").splitlines(), 1)
    if line.startswith("|") and not line.startswith(("| statement", "| ---"))
]
NAMED = sorted({name for _, line in ROWS for name in re.findall(r"`([\w/]+\.py::\w+)`", line)})


@functools.cache
def functions(path: Path) -> frozenset[str]:
    """The test functions of a file, also those in classes."""
    return frozenset(node.name for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("name", NAMED)
def test_a_test_that_is_named_exists(name: str) -> None:
    file, function = name.split("::")
    assert (TESTS / file).is_file(), f"{PAGE.name} names {file}, which is not there"
    assert function in functions(TESTS / file), f"{PAGE.name} names {function}, which {file} does not have"


@pytest.mark.parametrize(("number", "line"), ROWS, ids=[f"line {number}" for number, _ in ROWS])
def test_every_statement_has_a_proof(number: int, line: str) -> None:
    statement, proof = re.fullmatch(r"\| (.+) \| (.+) \|", line).groups()
    parts = [part.strip() for part in proof.split(", ")]
    assert statement and parts, f"line {number}"
    for part in parts:
        assert re.fullmatch(r"`[\w/]+\.py::test_\w+`", part), f"line {number}: {part!r} is not a proof"


def test_all_sections_of_the_specification_are_there() -> None:
    found = re.findall(r"^## (.+)$", PAGE.read_text(encoding="utf-8"), re.M)
    assert len(found) == len(set(found)) >= 12
    for section in ("The Simple Path", "Choosing the Output Format", "Metadata Controls Encoding", "Basic Write Workflow", "Copy-and-Modify Workflow",
                    "Custom Python Image Providers", "Asset Roles and COG Writing", "Writing Multi-File R-Set Pyramids",
                    "Example: NITF Chip with TRE Preservation"):
        assert section in found
