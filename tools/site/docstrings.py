"""Documents compiled classes: signatures come from the stubs, and texts from the docstrings of the installed package.

The stubs have one line for each name, `help()` has all: the prose stands beside the Rust code. The extension for griffe puts the
docstring of the compiled object in place of the line.
"""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import griffe

COMPILED = "aws.osml.io._io"


class CompiledDocstrings(griffe.Extension):
    """Replaces the docstrings of the module `_io`."""

    def on_package(self, *, pkg: griffe.Module, **_rest: Any) -> None:
        """Replaces those of a package that has the module."""
        try:
            stub = pkg[COMPILED.removeprefix(pkg.path + ".")]
        except KeyError:
            return
        document(stub, importlib.import_module(COMPILED))


def document(stub: griffe.Module | griffe.Class, compiled: Any) -> None:
    """Replaces the docstrings of the members that both have. A function with several signatures has an entry by the last one."""
    for name, variants in stub.overloads.items():
        if name not in stub.members and variants:
            stub.set_member(name, variants[-1])
            variants[-1].overloads = variants[:-1]
    for name, member in stub.members.items():
        if member.is_alias or name not in vars(compiled):
            continue
        text = inspect.getdoc(getattr(compiled, name))
        if text and name[0] != "_":
            member.docstring = griffe.Docstring(text, parent=member)
        if isinstance(member, griffe.Class):
            document(member, getattr(compiled, name))
