"""Finds circles of uses between files of the crate.

A file may use its parent module and its children, because a module is one unit; other files must not use each other in a circle.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from dependency_rule import strip
from workspace import ROOT

Module = tuple[str, ...]


def main() -> int:
    """Prints the circles; exits 1 if there is one."""
    found = circles(ROOT / "src")
    for files in found:
        print(" → ".join(files))
    print(f"{len(found)} circles between files")
    return 1 if found else 0


def circles(source: Path) -> list[list[str]]:
    """The files of each circle, by their path below `source`."""
    files = {module_of(path.relative_to(source)): path for path in sorted(source.rglob("*.rs")) if "tests" not in path.stem}
    code = {module: strip(path.read_text(encoding="utf-8")) for module, path in files.items()}
    names = {module: reexports(text) for module, text in code.items()}
    edges = {module: {used for path in paths(text) if (used := resolve(module, path, files, names)) is not None} for module, text in code.items()}
    for module, used in edges.items():
        used -= {other for other in used if other == module[: len(other)] or module == other[: len(module)]}
    return [[str(files[module].relative_to(source)) for module in circle] for circle in components(edges) if len(circle) > 1]


def module_of(path: Path) -> Module:
    """The module that a file defines."""
    parts = path.with_suffix("").parts
    return parts[:-1] if parts[-1] in ("mod", "lib") else parts


def paths(code: str) -> set[Module]:
    """The paths that a file names, from `crate` or `super` on."""
    found = set()
    for use in re.finditer(r"\buse\s+((?:crate|super|self|\w+)\s*::[^;]*);", code):
        found |= {path for path in expand(use.group(1)) if path[0] in ("crate", "super")}
    found |= {tuple(path.split("::")) for path in re.findall(r"\b((?:crate|super)(?:::\w+)+)", code)}
    return found


def reexports(code: str) -> dict[str, Module]:
    """The names that a module takes from its children, each with its path below the module."""
    found = {}
    for use in re.finditer(r"\bpub(?:\([^)]*\))?\s+use\s+([^;]+);", code):
        for path in expand(use.group(1)):
            if path[0] not in ("crate", "super"):
                found[path[-1]] = path[1:] if path[0] == "self" else path
    return found


def expand(tree: str) -> list[Module]:
    """The paths of a use tree: `a::{b, c::d}` is a::b and a::c::d."""
    tree = re.sub(r"\s+as\s+\w+", "", tree).strip()
    head, brace, rest = tree.partition("{")
    start = tuple(part for part in re.split(r"\s*::\s*", head.strip()) if part)
    if not brace:
        return [start]
    parts, depth, item = [], 1, ""
    for character in rest:
        depth += (character == "{") - (character == "}")
        if depth == 0 or (depth == 1 and character == ","):
            parts.append(item)
            item = ""
        else:
            item += character
        if depth == 0:
            break
    return [start + path for part in parts if part.strip() for path in expand(part)]


def resolve(module: Module, path: Module, files: dict[Module, Path], names: dict[Module, dict[str, Module]]) -> Module | None:
    """The module in whose file the path ends; `None` if it leads out of the crate."""
    at = () if path[0] == "crate" else module
    rest = list(path[1:] if path[0] == "crate" else path)
    while rest and rest[0] == "super":
        at, rest = at[:-1], rest[1:]
    while rest:
        name, rest = rest[0], rest[1:]
        if name == "self":
            continue
        if (*at, name) in files:
            at = (*at, name)
        elif name in names.get(at, {}):
            rest = [*names[at][name], *rest]
            names = {**names, at: {key: value for key, value in names[at].items() if key != name}}
        else:
            break
    return at if at in files else None


def components(edges: dict[Module, set[Module]]) -> list[list[Module]]:
    """The strongly connected components (Tarjan)."""
    index: dict[Module, int] = {}
    low: dict[Module, int] = {}
    stack: list[Module] = []
    found: list[list[Module]] = []

    def visit(node: Module) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(edges.get(node, ())):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            component = []
            while not component or component[-1] != node:
                component.append(stack.pop())
            found.append(component)

    sys.setrecursionlimit(10_000)
    for node in sorted(edges):
        if node not in index:
            visit(node)
    return found


if __name__ == "__main__":
    sys.exit(main())
