"""The project's own checks find the violations that they look for."""

from __future__ import annotations

import subprocess
import textwrap
from pathlib import Path

import pytest

import circles
import dependency_rule
import licences
import snippets
import unused


def source(folder: Path, **files: str) -> Path:
    for name, code in files.items():
        path = folder / (name.replace("__", "/") + ".rs")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)
    return folder


def test_the_crate_keeps_the_dependency_rule() -> None:
    assert dependency_rule.violations(dependency_rule.ROOT / "src") == []


@pytest.mark.parametrize(
    ("name", "code", "expected"),
    [
        ("image__pixels", "use crate::codec::Codec;", "image uses codec"),
        ("codec__raw", "use crate::{error::Error, format::{Format, tiff}, io::Sink};", "codec uses format"),
        ("io__sink", "fn f() { crate::image::g() }", "io uses image"),
        ("metadata", "use crate::asset::AssetInfo;", "metadata uses asset"),
        ("format__tiff__ifd", "use crate::format::png::Chunk;", "format tiff uses format png"),
        ("format__tiff__ifd", "use super::super::png::Chunk;", "format tiff uses format png"),
        ("format__tiff__mod", "use super::png::Chunk;", "format tiff uses format png"),
        ("dataset", "use pyo3::prelude::*;", "Python outside of src/python"),
        ("novelty__mod", "", "has no place in the dependency rule"),
    ],
)
def test_a_use_against_the_rule_is_found(tmp_path: Path, name: str, code: str, expected: str) -> None:
    found = dependency_rule.violations(source(tmp_path, **{name: code, "format__png__mod": ""}))
    assert len(found) == 1
    assert expected in found[0]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("format__tiff__ifd", "use crate::{codec::by_name, error::Result};\n// crate::python is only mentioned"),
        ("image__pixels", "use crate::simd;\n#[cfg(test)]\nmod tests {\n    use crate::codec::Codec;\n}"),
        ("image__pixels__tests", "use crate::codec::Codec;"),
        ("python__mod", "use crate::dataset::DatasetReader; use pyo3::prelude::*;"),
        ("asset", "use crate::metadata::Metadata;"),
    ],
)
def test_a_use_that_is_allowed_is_not_found(tmp_path: Path, name: str, code: str) -> None:
    assert dependency_rule.violations(source(tmp_path, **{name: code})) == []


def test_files_of_the_crate_do_not_use_each_other_in_a_circle() -> None:
    assert circles.circles(circles.ROOT / "src") == []


def test_a_circle_is_found_also_through_a_name_that_a_module_passes_on(tmp_path: Path) -> None:
    code = {"io__mod": "mod a; mod b; pub use b::B;", "io__a": "use super::{B as Other, c::C};", "io__b": "fn f() { crate::io::a::g() }"}
    assert circles.circles(source(tmp_path, **code)) == [["io/b.rs", "io/a.rs"]]


@pytest.mark.parametrize("code", ["use super::B;\nuse super::c::C;", "#[cfg(test)]\nmod tests {\n    use super::super::b::B;\n}", "// super::b::B"])
def test_parents_and_tests_make_no_circle(tmp_path: Path, code: str) -> None:
    files = {"io__mod": "mod a; mod b; pub struct B; use a::A;", "io__a": code, "io__b": "use super::a::A;"}
    assert circles.circles(source(tmp_path, **files)) == []


def test_everything_in_the_crate_has_a_use() -> None:
    assert unused.unused_crates(unused.ROOT) == []
    assert unused.unused_items(unused.ROOT, unused.ALLOWED) == []


def test_a_crate_that_no_source_names_is_found(tmp_path: Path) -> None:
    manifest = """
        [package]
        name = "toy"

        [dependencies]
        in-use = "1"
        only-mentioned = "1"
        only-tested = "1"

        [dev-dependencies]
        only-tested-too = "1"
        forgotten = { version = "1" }
    """
    (tmp_path / "Cargo.toml").write_text(textwrap.dedent(manifest))
    source(
        tmp_path,
        src__lib="use in_use::Thing; // only_mentioned::thing\nfn f(thing: crate::only_mentioned::Thing) {}",
        src__lib__tests="use only_tested::Thing;",
        src__codec="fn f() {}\n#[cfg(test)]\nmod tests {\n    use only_tested_too::Thing;\n}",
    )
    assert unused.unused_crates(tmp_path) == [
        "Cargo.toml: no source names the crate only-mentioned of [dependencies]",
        "Cargo.toml: no source names the crate only-tested of [dependencies]",
        "Cargo.toml: no source names the crate forgotten of [dev-dependencies]",
    ]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("pub fn planted() {}", "the fn planted"),
        ("pub(crate) const PLANTED: u8 = 1; // PLANTED", "the const PLANTED"),
        ("pub(in super::super) struct Planted;\npub use codec::Planted;", "the struct Planted"),
        ("pub const unsafe fn planted() {}\n#[cfg(test)]\nmod tests {\n    fn f() { planted() }\n}", "the fn planted"),
    ],
)
def test_an_item_that_nothing_names_is_found(tmp_path: Path, code: str, expected: str) -> None:
    source(tmp_path, src__codec__mod=code, src__codec__tests="fn f() { planted(); Planted; PLANTED }")
    assert unused.unused_items(tmp_path, {}) == [f"src/codec/mod.rs: nothing uses {expected}"]


@pytest.mark.parametrize(
    ("code", "user"),
    [
        ("pub fn planted() {}", "src__image"),
        ("pub fn planted() {}", "tests__rust__reading"),
        ("pub fn planted() {}", "benches__codec"),
        ("fn planted() {}", "src__codec__tests"),
        ("#[cfg(test)]\npub(crate) fn planted() {}", "src__codec__tests"),
        ("#[cfg(test)]\nmod planted;", "src__codec__tests"),
    ],
)
def test_an_item_with_a_use_is_not_found(tmp_path: Path, code: str, user: str) -> None:
    source(tmp_path, src__codec__mod=code, src__codec__planted="pub(crate) fn for_tests() {}" if "mod" in code else "")
    source(tmp_path, **{user: "fn f() { planted() }"})
    assert unused.unused_items(tmp_path, {}) == []


def test_an_exception_needs_an_item_without_a_use(tmp_path: Path) -> None:
    source(tmp_path, src__codec="pub fn planted() {}")
    assert unused.unused_items(tmp_path, {"planted": "a reason"}) == []
    assert unused.unused_items(tmp_path, {"planted": "a reason", "gone": "a reason"}) == [
        "tools/unused.py: gone needs no entry in ALLOWED"
    ]


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("MIT/Apache-2.0", True),
        ("(MIT OR GPL-3.0-only) AND IJG", True),
        ("MIT AND (GPL-3.0-only OR AGPL-3.0-only)", False),
        ("GPL-3.0-only OR MIT AND IJG", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", False),
        ("", False),
    ],
)
def test_licence_expressions_are_evaluated(expression: str, allowed: bool) -> None:
    known = {"MIT", "Apache-2.0", "IJG", "Apache-2.0 WITH LLVM-exception"}
    assert licences.is_allowed(expression, known) is allowed


def test_a_crate_without_a_licence_is_refused() -> None:
    packages = [{"name": "a", "version": "1", "license": None}, {"name": "b", "version": "2", "license": "MIT"}]
    assert licences.violations(packages, {"MIT"}) == ["a 1: no licence expression"]


def test_snippets_are_the_blocks_of_one_language() -> None:
    text = "# Page\n```python\nfirst = 1\n```\n```rust\nlet first = 1;\n```\n```python\nthird = first\n```\n"
    found = snippets.blocks(text, "python")
    assert [(block.line, block.code) for block in found] == [(3, "first = 1\n"), (9, "third = first\n")]


def test_shell_commands_that_are_excused_are_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page.md"
    page.write_text("```sh\n./demo    # minutes\n\ntouch made   # here\n```\n")
    monkeypatch.chdir(tmp_path)
    assert snippets.run_commands(page, tmp_path) == ["touch made"]
    assert (tmp_path / "made").exists()


@pytest.mark.parametrize("command", ["false", "false | cat", "osml-io-of-another-name"])
def test_a_shell_command_that_fails_is_found(tmp_path: Path, command: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"```sh\n{command}\n```\n")
    with pytest.raises(subprocess.CalledProcessError):
        snippets.run_commands(page, tmp_path)
