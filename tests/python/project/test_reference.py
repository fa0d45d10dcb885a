"""Every public name is on a page of the reference, and every page is in the navigation of the site."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from workspace import ROOT

MODULES = ("aws.osml.io", "aws.osml.io.nitf", "aws.osml.io.tiff", "aws.osml.io.crs", "aws.osml.io.jbp.utils")
PAGES = sorted((ROOT / "docs").rglob("*.md"))
REFERENCE = "\n".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs" / "reference").glob("*.md"))
LISTED = set(re.findall(r"^::: (\S+)$", REFERENCE, re.M))


def public_names() -> list[str]:
    names = [f"{module}.{name}" for module in MODULES for name in importlib.import_module(module).__all__]
    return [name for name in names if not name.endswith(".__version__")]


def members(owner: type) -> Iterator[str]:
    """The public methods and properties that the class itself has. Texts below slots are in the source alone."""
    for name, value in vars(owner).items():
        is_member = inspect.isroutine(value) or inspect.isdatadescriptor(value)
        if name[0] != "_" and is_member and not (inspect.ismemberdescriptor(value) and "__slots__" in vars(owner)):
            yield name


def test_every_public_name_is_on_a_page_of_the_reference() -> None:
    assert set(public_names()) - LISTED == set()


@pytest.mark.parametrize("name", public_names())
def test_every_public_name_and_its_members_have_a_docstring(name: str) -> None:
    module, _, last = name.rpartition(".")
    value = getattr(importlib.import_module(module), last)
    assert value.__doc__
    if isinstance(value, type):
        assert [member for member in members(value) if not inspect.getdoc(getattr(value, member))] == []


@pytest.mark.parametrize("name", [name for name in public_names() if name.rpartition(".")[2][0].islower()])
def test_every_argument_of_a_public_function_is_described(name: str) -> None:
    module, _, last = name.rpartition(".")
    function = getattr(importlib.import_module(module), last)
    names = [parameter.name for parameter in inspect.signature(function).parameters.values()]
    # A function of one argument may describe it in its sentence, or refer to a function with the same arguments.
    text = function.__doc__ or ""
    missing = [word for word in names if not re.search(rf"\b{word}\b", text)]
    assert missing == [] or len(names) == 1, missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_page_is_in_the_navigation(page: Path) -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").split("\nnav:\n")[1]
    assert re.search(rf": {re.escape(str(page.relative_to(ROOT / 'docs')))}$", navigation, re.M)
