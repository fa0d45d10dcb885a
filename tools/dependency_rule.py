"""Checks that modules of the crate use only modules of lower layers.

    python → dataset → format → asset, metadata, pipeline → codestream → codec → image → io, schema, simd → error, limits

Formats do not use each other, codecs do not depend on files or formats, and only `src/python/` uses PyO3.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from workspace import ROOT

LAYERS = [
    ["python"],
    ["dataset"],
    ["format"],
    ["asset", "metadata", "pipeline"],
    ["codestream"],
    ["codec"],
    ["image"],
    ["io", "schema", "simd"],
    ["error", "limits"],
]
"""Each module may use the modules of later lines."""

WITHIN = {"asset": {"metadata"}, "limits": {"error"}}
"""The modules of its own line that a module may use."""

NOT_BELOW = {"asset": {"codec", "codestream"}, "metadata": {"codec", "codestream"}}
"""The modules of lower lines that a module must not use."""


def main() -> int:
    """Prints the uses against the rule; exits 1 if there is one."""
    found = violations(ROOT / "src")
    for line in found:
        print(line)
    print(f"{len(found)} uses against the dependency rule")
    return 1 if found else 0


def violations(source: Path) -> list[str]:
    """A line for each use against the rule in the Rust files below `source`."""
    lines = []
    for path in sorted(source.rglob("*.rs")):
        place = path.relative_to(source)
        module = place.parts[0].removesuffix(".rs")
        if module == "lib" or "tests" in place.with_suffix("").parts:
            continue
        code = strip(path.read_text(encoding="utf-8"))
        if module not in allowed_uses():
            lines.append(f"{place}: module {module} has no place in the dependency rule")
            continue
        for used in sorted(uses(code, "crate") - allowed_uses()[module] - {module}):
            if used in allowed_uses():
                lines.append(f"{place}: {module} uses {used}")
        if module == "format" and len(place.parts) > 2:
            own = place.parts[1]
            others = {folder.name for folder in (source / "format").iterdir() if folder.is_dir()} - {own}
            parent = "super" if place.name == "mod.rs" and len(place.parts) == 3 else "super::super"
            for used in sorted((uses(code, "format") | uses(code, parent)) & others):
                lines.append(f"{place}: format {own} uses format {used}")
        if module != "python" and re.search(r"\b(?:pyo3|numpy)::", code):
            lines.append(f"{place}: Python outside of src/python")
    return lines


def allowed_uses() -> dict[str, set[str]]:
    """The modules that each module may use."""
    allowed = {}
    for position, layer in enumerate(LAYERS):
        below = {module for later in LAYERS[position + 1 :] for module in later}
        for module in layer:
            allowed[module] = (below | WITHIN.get(module, set())) - NOT_BELOW.get(module, set())
    return allowed


def uses(code: str, parent: str) -> set[str]:
    """The first names of paths below `parent`: `parent::name` and `parent::{name, name::…}`."""
    names = set(re.findall(rf"\b{parent}::(\w+)", code))
    for group in re.finditer(rf"\b{parent}::\{{", code):
        depth, start = 1, group.end()
        for position in range(group.end(), len(code)):
            character = code[position]
            depth += (character == "{") - (character == "}")
            if depth == 0 or (depth == 1 and character == ","):
                names.update(re.findall(r"^\s*(\w+)", code[start:position]))
                start = position + 1
            if depth == 0:
                break
    return names


def strip(code: str) -> str:
    """The code without comments, and without in-file tests, which may use anything."""
    code = re.sub(r"//[^\n]*", "", code)
    tests = re.search(r"^#\[cfg\(test\)\]\s*mod\s+\w+\s*\{", code, re.M)
    return code[: tests.start()] if tests else code


if __name__ == "__main__":
    sys.exit(main())
