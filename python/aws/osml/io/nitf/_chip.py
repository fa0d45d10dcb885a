"""Chips: parts of an image, read only when they are written, with metadata that record their position in it."""

from __future__ import annotations

import warnings
from typing import Any

from .._errors import MetadataWarning
from .._io import Chip, _nitf_chip
from .._typing import WindowLike


def chip(image: Any, window: WindowLike, *, level: int = 0, block_size: int | tuple[int, int] | None = None) -> Chip:
    """Part of an image as a separate image, ready to be written. Pixels are read only when its blocks are requested.

    The chip has all metadata of the image, including unknown and repeated TREs, adjusted to the chip:

    - ICHIPB maps the chip to the full image. It is composed with an ICHIPB of the image: a chip of a chip refers to the first
      image. Models such as RPC00B stay unchanged and apply through ICHIPB.
    - IGEOLO (in its original form), BLOCKA, GEOLOB and MAPLOB are recomputed for the chip. A field that cannot be recomputed is
      left out with a `MetadataWarning`.
    - Sizes, blocks and IMAG are the chip's; IALVL and ILOC do not attach it to another image.

    Args:
        image: An image of a reader, which must stay open until the chip is written; or another chip, or an image in memory.
        window: (x, y, width, height) in pixels of `level`, clipped to the image; or a pair of slices (rows, columns); or a
            `Window` of rasterio.
        level: The resolution level; each level halves the one before. A level that the image does not store is computed from
            averages of 2ⁿ × 2ⁿ pixels, rounded half up, ignoring nodata pixels. For an image with a colour table, single
            pixels are taken instead.
        block_size: (width, height) of blocks, 1 to 8192, or one number for squares; by default that of the image.

    Raises:
        OptionError: A `ValueError`, for a window outside of the image, a wrong level or block size.
    """
    found, notes = _nitf_chip(image, window, level, block_size)
    for note in notes:
        warnings.warn(note, MetadataWarning, stacklevel=2)
    return found
