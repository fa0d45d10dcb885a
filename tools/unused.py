"""Checks that the crate has no unused dependency and no unused public item.

A source must name each dependency of `Cargo.toml`. Something other than its definition, a re-export or a unit test must name
each `pub` item of `src/`. The search is textual: an unused item counts as used if a used item has the same name.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from dependency_rule import strip
from workspace import ROOT

ALLOWED: dict[str, str] = {}
"""Unused items that are allowed, each with the reason."""

NORMAL = ("src", "build.rs")
"""Where the crates of `[dependencies]` are used."""

EVERYWHERE = (*NORMAL, "tests", "benches", "examples")
"""Where the crates of `[dev-dependencies]` and the items of `src/` are used."""

ITEM = re.compile(
    r"(?P<test>#\[cfg\(test\)\]\s*)?\bpub(?:\([^)]*\))?\s+"
    r"(?:(?:const|async|unsafe)\s+)*(?P<kind>fn|const|static|struct|enum|union|trait|type)\s+(?P<name>\w+)"
)
REEXPORT = re.compile(r"\bpub(?:\([^)]*\))?\s+use\b[^;]*;")


def main() -> int:
    """Prints the unused dependencies and items; exits 1 if there is one."""
    found = [*unused_crates(ROOT), *unused_items(ROOT, ALLOWED)]
    for line in found:
        print(line)
    print(f"{len(found)} crates and items without a use")
    return 1 if found else 0


def unused_crates(root: Path) -> list[str]:
    """A line for each dependency that no source names."""
    lines = []
    for section, name in dependencies(read(root / "Cargo.toml")):
        if section == "dependencies":
            code = "\n".join(strip(read(path)) for path in rust_files(root, NORMAL) if not is_test(path))
        else:
            code = "\n".join(without_comments(path) for path in rust_files(root, EVERYWHERE))
        crate = name.replace("-", "_")
        if not re.search(rf"(?<![\w:]){crate}::|\b(?:use|extern crate) {crate}\b", code):
            lines.append(f"Cargo.toml: no source names the crate {name} of [{section}]")
    return lines


def unused_items(root: Path, allowed: dict[str, str]) -> list[str]:
    """A line for each public item that only its definition names, and for each needless entry of `allowed`."""
    defined: dict[str, list[str]] = {}
    names: Counter[str] = Counter()
    for path in rust_files(root, EVERYWHERE):
        place = path.relative_to(root)
        if place.parts[0] != "src":
            names.update(words(without_comments(path)))
        elif not is_test(path):
            code = REEXPORT.sub("", strip(read(path)))
            names.update(words(code))
            for item in ITEM.finditer(code):
                if not item["test"]:
                    defined.setdefault(item["name"], []).append(f"{place}: nothing uses the {item['kind']} {item['name']}")
    for path in documents(root):
        for snippet in re.findall(r"^```rust\n(.*?)^```", read(path), re.M | re.S):
            names.update(words(snippet))
    unused = {name: lines for name, lines in defined.items() if names[name] <= len(lines)}
    needless = [f"tools/unused.py: {name} needs no entry in ALLOWED" for name in sorted(allowed.keys() - unused.keys())]
    return sorted(line for name, lines in unused.items() if name not in allowed for line in lines) + needless


def dependencies(manifest: str) -> Iterator[tuple[str, str]]:
    """Section and name of each dependency."""
    section = ""
    for line in manifest.splitlines():
        if header := re.match(r"\[(.+)\]", line):
            section = header[1]
        elif (name := re.match(r"([\w-]+)\s*=", line)) and section.endswith("dependencies"):
            yield section, name[1]


def rust_files(root: Path, places: tuple[str, ...]) -> Iterator[Path]:
    """The Rust files at these paths, sorted by name."""
    for place in places:
        path = root / place
        yield from sorted(path.rglob("*.rs")) if path.is_dir() else [path] if path.exists() else []


def documents(root: Path) -> Iterator[Path]:
    """The pages whose snippets use the crate."""
    yield from sorted((root / "docs").rglob("*.md"))
    yield from sorted(root.glob("README.md"))


def is_test(path: Path) -> bool:
    """True if a file of `src/` is compiled for tests only."""
    if "tests" in path.with_suffix("").parts:
        return True
    declared = rf"#\[cfg\(test\)\]\s*(?:pub(?:\([^)]*\))?\s+)?mod {path.stem};"
    parents = (path.parent / "mod.rs", path.parent.with_suffix(".rs"), path.parent / "lib.rs")
    return any(re.search(declared, read(parent)) for parent in parents if parent.exists())


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def without_comments(path: Path) -> str:
    return re.sub(r"//[^\n]*", "", read(path))


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


if __name__ == "__main__":
    sys.exit(main())
