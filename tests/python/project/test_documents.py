"""The documents are correct: their code runs and their links have targets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import snippets
from workspace import ROOT

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", snippets.pages(), ids=name)
def test_the_code_of_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert snippets.run_page(page) > 0


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_of_a_page_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    local = [link.split("#")[0] for link in links if not re.match(r"https?:|#|mailto:", link)]
    assert [link for link in local if not (page.parent / link).exists()] == []
