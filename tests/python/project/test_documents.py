"""The documents are correct: their code runs and their links have targets."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from aws.osml.io import imsave

import snippets
from workspace import ROOT

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", snippets.pages("python"), ids=name)
def test_the_code_of_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert snippets.run_page(page) > 0


@pytest.mark.skipif(shutil.which("bash") is None, reason="the blocks are for a Unix shell")
@pytest.mark.parametrize("page", snippets.pages("sh"), ids=name)
def test_the_shell_commands_of_a_page_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 2600, 1600), dtype=np.uint8)
    for file in ("scene.ntf", "other.ntf", "third.tif"):
        imsave(tmp_path / file, pixels, compression="none")
    monkeypatch.chdir(tmp_path)
    run = snippets.run_commands(page, Path(sys.executable).parent)
    assert run or not any(snippets.is_run(command) for command in snippets.commands(page))


def test_commands_that_are_not_run_are_in_the_pages() -> None:
    commands = [command for page in snippets.pages("sh") for command in snippets.commands(page)]
    assert [beginning for beginning in snippets.NOT_RUN if not any(line.startswith(beginning) for line in commands)] == []


def test_every_block_of_code_is_in_a_language_that_is_run() -> None:
    """The tests of the crate run the Rust blocks of the README; diagrams are texts."""
    found = {(word, name(page)) for page in PAGES for word in re.findall(r"^ *```(\S+)$", page.read_text(encoding="utf-8"), re.M)}
    assert {pair for pair in found if pair[0] not in ("python", "sh", "text")} == {("rust", "README.md")}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_of_a_page_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    local = [link.split("#")[0] for link in links if not re.match(r"https?:|#|mailto:", link)]
    assert [link for link in local if not (page.parent / link).exists()] == []
