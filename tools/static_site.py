"""Builds the static site: the pages of `docs/`, the reference that the docstrings make, and the documentation of the crate.

`mkdocs.yml` has the structure and the settings, `tools/site/` what the generator needs. A warning is an error.
"""

from __future__ import annotations

import shutil

import workspace

SITE = workspace.ROOT / "target" / "site"
"""As in `mkdocs.yml`."""
CRATE = "osml_io/index.html"


def build(run: workspace.Run) -> None:
    """Builds the site into `target/site`."""
    requirements = workspace.ROOT / "tools" / "site" / "requirements.txt"
    python = workspace.make_venv(workspace.target_dir() / "venv" / "site", [requirements], run)
    workspace.install_wheel(python, workspace.current_wheel(run), run)
    shutil.rmtree(SITE, ignore_errors=True)
    run([python, "-m", "zensical", "build", "--strict", "--clean"])
    run(["cargo", "doc", "--locked", "--no-deps", "--lib"], env={"RUSTDOCFLAGS": "-D warnings"})
    shutil.copytree(workspace.target_dir() / "doc", SITE / "rust")
    page = (SITE / "reference" / "rust.html").read_text(encoding="utf-8")
    if f"../rust/{CRATE}" not in page or not (SITE / "rust" / CRATE).is_file():
        raise FileNotFoundError(f"the page of the Rust API does not lead to rust/{CRATE}")
