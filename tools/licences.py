"""Checks the licence of every crate that a build may contain against the list in `deny.toml`.

Understands SPDX expressions: AND, OR (also written `/`), WITH, parentheses. A crate passes if one of the alternatives in its
expression has only listed licences.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys

from workspace import ROOT, environment

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def main() -> int:
    """Prints the crates that are not allowed; exits 1 if there is one."""
    allowed = set(tomllib.loads((ROOT / "deny.toml").read_text())["licenses"]["allow"])
    metadata = ["cargo", "metadata", "--format-version", "1", "--all-features", "--locked"]
    packages = json.loads(subprocess.run(metadata, check=True, capture_output=True, cwd=ROOT, env=environment()).stdout)
    refused = violations(packages["packages"], allowed)
    for line in refused:
        print(line)
    print(f"{len(packages['packages'])} crates, {len(refused)} with a licence that deny.toml does not allow")
    return 1 if refused else 0


def violations(packages: list[dict[str, str | None]], allowed: set[str]) -> list[str]:
    """A line for each crate whose licence expression the allowed licences do not satisfy."""
    return [
        f"{package['name']} {package['version']}: {package['license'] or 'no licence expression'}"
        for package in packages
        if not is_allowed(package["license"] or "", allowed)
    ]


def is_allowed(expression: str, allowed: set[str]) -> bool:
    """True if the allowed licences satisfy the SPDX expression."""
    tokens = re.findall(r"[()]|[^\s()/]+|/", expression)
    if not tokens:
        return False
    value, rest = alternatives(tokens, allowed)
    if rest:
        raise ValueError(f"licence expression {expression!r} does not end at {rest[0]!r}")
    return value


def alternatives(tokens: list[str], allowed: set[str]) -> tuple[bool, list[str]]:
    """A OR B OR …; AND binds tighter."""
    value, rest = conjunction(tokens, allowed)
    while rest and rest[0] in ("OR", "/"):
        other, rest = conjunction(rest[1:], allowed)
        value = value or other
    return value, rest


def conjunction(tokens: list[str], allowed: set[str]) -> tuple[bool, list[str]]:
    """A AND B AND …"""
    value, rest = licence(tokens, allowed)
    while rest and rest[0] == "AND":
        other, rest = licence(rest[1:], allowed)
        value = value and other
    return value, rest


def licence(tokens: list[str], allowed: set[str]) -> tuple[bool, list[str]]:
    """A licence, one WITH an exception, or an expression in parentheses."""
    if not tokens:
        raise ValueError("licence expression ends early")
    if tokens[0] == "(":
        value, rest = alternatives(tokens[1:], allowed)
        if rest[:1] != [")"]:
            raise ValueError("licence expression has an open parenthesis")
        return value, rest[1:]
    if tokens[1:2] == ["WITH"]:
        return " ".join(tokens[:3]) in allowed, tokens[3:]
    return tokens[0] in allowed, tokens[1:]


if __name__ == "__main__":
    sys.exit(main())
