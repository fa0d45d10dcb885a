"""Chips: parts of an image, read only when they are written, with metadata that record their position in it."""

from __future__ import annotations

import warnings
from operator import index
from typing import Any

from .._convenience import Window, _clipped
from .._errors import MetadataWarning, OptionError, OutOfRangeError
from .._io import BufferedMetadataProvider, Chip, _nitf_make_chip

# The block size if the image's own is unsuitable: one block for the whole image, or blocks larger than NITF allows.
_BLOCK, _LARGEST_BLOCK = 1024, 8192

_LAST_LEVEL = 14


def chip(image: Any, window: Window, *, level: int = 0, block_size: tuple[int, int] | None = None) -> Chip:
    """Part of an image as a separate image, ready to be written. Pixels are read only when its blocks are requested.

    The chip has all metadata of the image, including unknown and repeated TREs, adjusted to the chip:

    - ICHIPB maps the chip to the full image. It is composed with an ICHIPB of the image: a chip of a chip refers to the first
      image. Models such as RPC00B stay unchanged and apply through ICHIPB.
    - IGEOLO (in its original form), BLOCKA, GEOLOB and MAPLOB are recomputed for the chip. A field that cannot be recomputed is
      left out with a `MetadataWarning`.
    - Sizes, blocks and IMAG are the chip's; IALVL and ILOC do not attach it to another image.

    Args:
        image: An image of a reader, which must stay open until the chip is written; or another chip, or an image in memory.
        window: (x, y, width, height) in pixels of `level`, clipped to the image.
        level: The resolution level; each level halves the one before. A level that the image does not store is computed from
            averages of 2ⁿ × 2ⁿ pixels, rounded half up, ignoring nodata pixels. For an image with a colour table, single
            pixels are taken instead.
        block_size: (width, height) of blocks, 1 to 8192; by default that of the image.

    Raises:
        OptionError: A `ValueError`, for a window outside of the image, a wrong level or block size.
    """
    level = _level(level)
    shape = (image.num_bands, -(-image.num_rows >> level), -(-image.num_columns >> level))
    if 0 < level < image.num_resolution_levels:
        shape = image.level_shape(level)
    inside = _clipped(window, shape)
    metadata = BufferedMetadataProvider(getattr(image, "metadata", None))
    found = Chip(image, metadata, inside, level, _block_size(block_size, image, inside))
    for note in _nitf_make_chip(found):
        warnings.warn(note, MetadataWarning, stacklevel=2)
    return found


def _level(level: Any) -> int:
    try:
        found = index(level)
    except TypeError:
        found = -1
    if not 0 <= found <= _LAST_LEVEL:
        raise OutOfRangeError(f"level: got {level!r}, expected an integer from 0 to {_LAST_LEVEL}")
    return found


def _block_size(size: Any, image: Any, window: Window) -> tuple[int, int]:
    if size is None:
        sides = (image.num_pixels_per_block_horizontal, image.num_pixels_per_block_vertical)
        wholes = (image.num_columns, image.num_rows)
        # The block size of a one-block image follows from the image and was not chosen.
        given = [_BLOCK if side in (0, whole) or side > _LARGEST_BLOCK else side for side, whole in zip(sides, wholes)]
    else:
        try:
            given = [index(side) for side in size]
        except TypeError:
            given = []
        if len(given) != 2 or not all(1 <= side <= _LARGEST_BLOCK for side in given):
            raise OptionError(f"block_size: got {size!r}, expected (width, height), each from 1 to {_LARGEST_BLOCK}")
    return (min(given[0], window[2]), min(given[1], window[3]))
