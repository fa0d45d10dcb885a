"""`aws` and `aws.osml` are namespaces that other distributions share: they never hold an `__init__.py`."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

from workspace import ROOT


def test_the_source_tree_leaves_the_namespaces_open() -> None:
    found = {str(path.relative_to(ROOT / "python")) for path in (ROOT / "python").rglob("__init__.py")}
    assert "aws/osml/io/__init__.py" in found
    assert not found & {"aws/__init__.py", "aws/osml/__init__.py"}


def test_the_installed_wheel_leaves_the_namespaces_open() -> None:
    files = {str(path) for path in importlib.metadata.files("osml-io") or []}
    assert {"aws/osml/io/__init__.py", "aws/osml/io/py.typed", "aws/osml/io/_io.pyi"} <= files
    assert not files & {"aws/__init__.py", "aws/osml/__init__.py"}


def test_another_distribution_below_the_namespace_is_importable(tmp_path: Path) -> None:
    other = tmp_path / "aws" / "osml" / "neighbour"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("NAME = 'neighbour'\n")
    code = f"""
import sys
sys.path.append({str(tmp_path)!r})
import aws.osml.io
from aws.osml.neighbour import NAME
print(NAME, aws.osml.io.__name__)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "neighbour aws.osml.io\n", "")
