"""The common part of the project's commands: locations, virtual environments, and the wheel."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

Run = Callable[..., object]
"""Runs a command given as a list, with the keyword `env` for additional variables; raises if the command fails."""


def target_dir() -> Path:
    """The folder of all build results: `CARGO_TARGET_DIR`, or else `target/`."""
    return (ROOT / os.environ.get("CARGO_TARGET_DIR", "target")).resolve()


def environment(extra: dict[str, str] | None = None) -> dict[str, str]:
    """The environment variables of a command: without the caller's Python settings, and with the common target folder."""
    kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}}
    return kept | {"CARGO_TARGET_DIR": str(target_dir()), "PYO3_PYTHON": base_python()} | (extra or {})


def base_python() -> str:
    """The base interpreter, even if this program runs in a virtual environment. A common interpreter for all steps avoids
    building twice."""
    return str(Path(getattr(sys, "_base_executable", None) or sys.executable))


def plain_run(command: Sequence[object], *, env: dict[str, str] | None = None, cwd: Path = ROOT) -> None:
    """Runs a command; its output goes to that of this program."""
    subprocess.run([str(part) for part in command], check=True, cwd=cwd, env=environment(env))


def make_venv(path: Path, requirements: Iterable[Path], run: Run, *, clean: bool = False) -> Path:
    """A virtual environment with the packages of the requirement files; returns its Python.

    An environment that was completed with the same files is reused, unless `clean`.
    """
    files = list(requirements)
    stamp = path / "complete"
    key = digest(files) + " " + sys.version
    python = path / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not clean and stamp.is_file() and stamp.read_text() == key and python.exists():
        return python
    shutil.rmtree(path, ignore_errors=True)
    venv.create(path, with_pip=True, symlinks=os.name != "nt")
    if files:
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run(install + [part for file in files for part in ("-r", file)])
    stamp.write_text(key)
    return python


def tools_python(run: Run) -> Path:
    """The Python of the environment with maturin."""
    return make_venv(target_dir() / "venv" / "tools", [ROOT / "tools" / "requirements.txt"], run)


def build_wheel(run: Run, *, profile: str) -> Path:
    """Builds the wheel with the given cargo profile and returns its path."""
    tools = tools_python(run)
    out = target_dir() / "wheels" / profile
    shutil.rmtree(out, ignore_errors=True)
    # A separate folder: maturin and `cargo test` build with different settings and would invalidate each other's results.
    extra = {"CARGO_TARGET_DIR": str(target_dir() / "extension")}
    run(
        [tools, "-m", "maturin", "build", "--locked", "--profile", profile, "--out", out, "--interpreter", base_python()],
        env=extra,
    )
    (wheel,) = out.glob("*.whl")
    (out / "sources").write_text(sources_digest())
    return wheel


def current_wheel(run: Run) -> Path:
    """A wheel of the current sources with any profile; built if there is none."""
    sources = sources_digest()
    for profile in ("release", "dev"):
        folder = target_dir() / "wheels" / profile
        if (folder / "sources").is_file() and (folder / "sources").read_text() == sources:
            return next(folder.glob("*.whl"))
    return build_wheel(run, profile="dev")


def install_wheel(python: Path, wheel: Path, run: Run) -> None:
    """Installs the wheel and replaces an earlier one; fetches only missing dependencies."""
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, wheel])
    run([*pip, "--force-reinstall", "--no-deps", wheel])


def sources_digest() -> str:
    """A digest of all sources of the wheel."""
    files = [ROOT / name for name in ("Cargo.toml", "Cargo.lock", "pyproject.toml", "README.md")]
    files += [path for folder in ("src", "python") for path in (ROOT / folder).rglob("*") if path.suffix in SOURCES]
    return digest(files)


def digest(files: Iterable[Path]) -> str:
    """A digest of the files' names and contents."""
    state = hashlib.sha256()
    for path in sorted(files):
        state.update(f"{path.name}\0".encode())
        state.update(path.read_bytes())
    return state.hexdigest()


SOURCES = {".rs", ".py", ".pyi", ".txt", ".typed"}
