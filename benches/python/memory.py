"""Peak memory of a write or a windowed read, measured in a separate process.

`python memory.py write|read FORMAT SIZE PATH` prints how far the resident set grew above what the process had after it had
written and read a small file of the same format, in bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

BLOCK = 256


class Lazy:
    """An image of one 8-bit band that is generated block by block: noise on a gradient."""

    key, title, description = "image:0", "", ""
    num_bands, num_bits_per_pixel, actual_bits_per_pixel = 1, 8, 8
    num_pixels_per_block_horizontal = num_pixels_per_block_vertical = BLOCK
    num_resolution_levels, pad_pixel_value, pixel_value_type = 1, 0, "uint8"

    def __init__(self, side: int) -> None:
        self.num_rows = self.num_columns = side
        self._noise = np.random.default_rng(1).integers(0, 16, (1, BLOCK, BLOCK), dtype=np.uint8)

    def get_block(self, row: int, column: int, resolution_level: int = 0, bands: object = None) -> np.ndarray:
        return self._noise + np.uint8((row * 3 + column * 5) % 230)


def write(path: Path, name: str, side: int) -> None:
    """Writes the lazy image."""
    from aws.osml.io import IO

    provider = Lazy(side)
    provider.metadata = {"IC": "NM" if "masked" in name else "NC"} if name.startswith("nitf") else {}
    with IO.open(path, "w", name.split()[0]) as writer:
        writer.add_asset("image:0", provider)


def read(path: Path, name: str, side: int) -> None:
    """Reads windows of 512² along the diagonal, from the top to the last row."""
    from aws.osml.io import IO

    with IO.open(path, "r", name.split()[0]) as reader:
        image = reader.get_asset("image:0")
        for place in range(0, side - 511, max(1, (side - 512) // 8)):
            image.read(window=(place, place, 512, 512))


def growth(mode: str, name: str, side: int, path: Path) -> int:
    """The growth of the peak over the earlier resident set, in bytes."""
    small = path.with_name(path.name + ".small")
    write(small, name, 64)
    read(small, name, 64)
    small.unlink()
    Path("/proc/self/clear_refs").write_text("5")
    before = status("VmRSS")
    (write if mode == "write" else read)(path, name, side)
    return status("VmHWM") - before


def status(field: str) -> int:
    """A field of the process's status, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise LookupError(field)


if __name__ == "__main__":
    print(growth(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])))
