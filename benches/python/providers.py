"""Python providers that wait for each block, called by several threads against one."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator

import numpy as np
from aws.osml.io import IO
from harness import Cell, Contender
from inputs import Inputs

SIDE, WAIT = 256, 0.005
THREADS = (2, 4, 8, 16)
OVERHEAD = 1.2


def provider_cells(inputs: Inputs) -> Iterator[Callable[[], Cell]]:
    """N threads take at most 1.2 / N of the time of one."""
    side = max(1024, 4096 // inputs.scale)
    for threads in THREADS:
        yield lambda threads=threads: waiting(threads, side)


def waiting(threads: int, side: int) -> Cell:
    """A provider that waits 5 ms for each block of 256²."""
    blocks = (side // SIDE) ** 2
    others = [Contender("one thread", written(1, side), at_least=threads / OVERHEAD)]
    settings = f"{blocks} blocks of {SIDE}², each after {WAIT * 1000:g} ms"
    return Cell("waiting providers", f"provider_threads={threads}", settings, blocks, "blocks", written(threads, side), others)


def written(threads: int, side: int) -> Callable[[], int]:
    """Writes a TIFF to memory."""

    def write() -> int:
        stream = io.BytesIO()
        with IO.open(stream, "w", "tiff", provider_threads=threads) as writer:
            writer.add_asset("image:0", Waiting(side))
        return len(stream.getvalue())

    return write


class Waiting:
    """An image that waits before it returns a block."""

    key = title = description = "waiting"
    num_bands = num_resolution_levels = 1
    num_bits_per_pixel = actual_bits_per_pixel = 8
    num_pixels_per_block_horizontal = num_pixels_per_block_vertical = SIDE
    pixel_value_type, pad_pixel_value = "uint8", 0

    def __init__(self, side: int) -> None:
        self.num_rows = self.num_columns = side

    def get_block(self, row: int, column: int, level: int) -> np.ndarray:
        """A block of zeros."""
        time.sleep(WAIT)
        return np.zeros((1, SIDE, SIDE), np.uint8)
